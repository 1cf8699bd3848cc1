// The page: one opened study, what is chosen, and the state that the server tells every second.

import * as server from "./server.js";
import { showDeformation, showFusion, showHead, showIndicators, showRegistration, showStructures, showStudies } from "./panels.js";
import { SliceViews } from "./slices.js";
import { Space } from "./stereo.js";
import { PRESETS, button, made, renew } from "./texts.js";
import { Tools } from "./tools.js";

const POLL_MS = 1200;
const SETS = { own: "Own", first: "First", second: "Second", target: "Target" };
const TOOLS = { look: "Look", draw: "Draw", erase: "Erase", move: "Move" };
const TOOL_HELP = {
  look: "Click: position in all views. Drag: window. Wheel: slices. Ctrl + wheel: zoom. Shift + drag: shift.",
  draw: "Draw on the chosen structure. Alt + wheel: radius.", erase: "Erase from the chosen structure. Alt + wheel: radius.",
  move: "Drag the second image onto the first one; then compute anew.",
};
// Steps of this person that the server was asked for; what was asked before one is old after it.
let steps = 0;
let line = Promise.resolve();
const who = document.getElementById("who");
let studies = [];

const view = {
  id: "", facts: null, state: null, axis: "k", position: [0, 0, 0], place: "", contours: "own", tool: "look",
  chosen: "", hidden: new Set(), radius: 6, offset: null, edited: false,
  rigidOn: true, fieldOn: true, contoursOn: true,
  pair() { return this.facts?.pairs.find((one) => one.place === this.place); },
  structure(key) { return this.facts?.structures.find((one) => one.key === key); },
  by() { return who.value.trim(); },
  secondImage() {
    if (this.edited) return this.rigidOn ? "rigid" : "unregistered";
    if (!this.rigidOn) return "unregistered";
    return this.fieldOn || !this.pair()?.has_field ? "second" : "rigid";
  },
  // The fused image shows the second one as it was computed; of edited numbers it knows nothing.
  fusedFits(second) { return this.pair().has_fused && !this.edited && second === this.pair().fused_with; },
  has(set) { return set === "first" ? this.facts.structures.length > 0 : !!this.pair()?.[`${set}_contours`]; },
  // Contours of a view, dashed where another image's lie on top.
  sets(kind) {
    if (this.contours !== "own") return this.has(this.contours) ? [[this.contours, this.contours === "second"]] : [];
    const first = this.has("first") ? [["first", false]] : [], second = this.has("second") ? [["second", true]] : [];
    if (kind === "first") return first;
    if (kind === "second") return second.length ? second : first;
    return [...first, ...second];
  },
  reviewedSet() {
    const set = this.contours === "own" ? "first" : this.contours;
    return set === "first" ? { set, place: "", key: "first", title: "On the first image" }
      : { set, place: this.place, key: `${set} ${this.place}`, title: set === "second" ? `On the second image (${this.place})` : `Target (${this.place})` };
  },
  // The draft of the set that is reviewed and drawn on; null until the server has told of it.
  draft() { return this.state?.draft?.set === this.reviewedSet().key ? this.state.draft : null; },
  titleOf(kind) {
    const second = this.pair()?.mode ?? "–";
    const how = { second: this.pair()?.has_field ? "non-rigid" : "rigid", rigid: this.edited ? "rigid, edited" : "rigid", unregistered: "not registered" };
    if (kind === "first") return `First · ${this.facts.modality}`;
    if (!this.pair()) return kind === "second" ? "Second" : "Superposed";
    const shown = this.secondImage();
    if (kind === "second") return `Second · ${second} · ${how[shown]}`;
    return `Superposed · ${this.fusedFits(shown) ? "fused" : "overlay"}`;
  },
};

const slices = new SliceViews(view, [...document.querySelectorAll("figure:not([data-view=space])")], () => {});
const space = new Space(view, document.querySelector("[data-view=space]"));
const doing = {
  undo: () => drawing("undo"),
  save: () => drawing("save", {}, "The drawing is saved; what was drawn on waits for a review."),
  discard: () => drawing("discard"),
  stroke: (values) => drawing("draw", values),
  radius(value) { view.radius = Math.min(40, Math.max(1, value)); document.getElementById("radius").value = view.radius; show(); },
  resized() { space.draw(); },
  choose(key) { view.chosen = key; show(); },
  hide(key) { if (!view.hidden.delete(key)) view.hidden.add(key); show(); space.draw(); },
  review(set, marks, verdict) {
    const seen = Object.fromEntries(marks.map((mark) => [mark.structure, [mark.state, mark.sha256, mark.reviewer]]));
    return act("review", { set: set.set, place: set.place, verdict, structures: marks.map((mark) => mark.structure), seen });
  },
  answer: (answer) => act("answer", { place: view.place, answer }, "The answer is saved."),
  number(kind, n, text) {
    const value = Number(text);
    if (text === "" || !Number.isFinite(value)) return show();
    const offset = structuredClone(view.offset);
    offset[kind][n] = value;
    return doing.offset(offset);
  },
  offset(offset) { view.offset = offset; view.edited = JSON.stringify(offset) !== JSON.stringify(view.pair().offset); show(); },
  reset() { doing.offset(structuredClone(view.pair().offset)); },
  pair(place) { setPair(place); view.edited = false; show(); refresh().catch(() => {}); },
  register: () => act("register", { place: view.place, offset: view.offset, seen: view.facts.stamp }),
  fuse: (method) => method && act("fuse", { place: view.place, method, seen: view.facts.stamp }),
  cancel: () => act("cancel", {}),
};
const tools = new Tools(view, slices, doing);

function tell(text, kind = "") {
  const notice = document.getElementById("notice");
  notice.hidden = !text;
  notice.className = kind;
  notice.querySelector("span").textContent = text;
  notice.dataset.kind = kind;
}

// Steps of drawing one after the other: each on what the one before it left.
function drawing(action, values = {}, done = "") {
  line = line.then(() => act(action, { ...values, seen: view.draft()?.revision ?? "" }, done));
  return line;
}

// An action, told as refused with its reason; the state that came with it is shown either way.
async function act(action, values, done = "") {
  const { id } = view;
  steps++;
  try {
    const state = await server.act(id, action, { ...values, by: view.by(), drawn: view.reviewedSet().key });
    steps++;
    if (view.id !== id) return;
    if (done) tell(done, "good"); else if (action !== "cancel") tell("");
    await take(state);
    // The list tells the state of every study, too, and must not wait for the next look.
    await refresh().catch(() => {});
  } catch (error) {
    steps++;
    tell(error.message, "bad");
    if (view.id === id) await refresh().catch(() => {});
  }
}

async function open(id) {
  try {
    const facts = await server.openStudy(id);
    Object.assign(view, { id, facts, state: null, edited: false, hidden: new Set(), tool: "look", contours: "own" });
    slices.windows = {};
    slices.home();
    space.clear();
    const sizes = "ijk".split("").map((axis) => facts.planes.find((one) => one.axis === axis).count);
    view.position = facts.middle ?? sizes.map((size) => Math.floor(size / 2));
    view.chosen = facts.structures.at(-1)?.key ?? "";
    setPair(facts.pairs[0]?.place ?? "");
    location.hash = id;
    tell("");
    show();
    await refresh();
  } catch (error) {
    tell(error.message, "bad");
  }
}

function setPair(place) {
  view.place = place;
  view.offset = view.pair() ? structuredClone(view.pair().offset) : null;
  // What registration refuses is shown only when somebody asks for it.
  view.fieldOn = view.pair()?.field?.state !== "not";
}

async function refresh() {
  const { id } = view;
  const before = steps;
  const list = await server.listStudies();
  const state = id ? await server.stateOf(id, view.reviewedSet().key) : null;
  studies = list;
  if (document.getElementById("notice").dataset.kind === "away") tell("The server is back.", "good");
  if (state && view.id === id && before === steps) await take(state);
  else show();
}

// A new state; what was written meanwhile, by whomever, is read again.
async function take(state) {
  const before = view.state;
  view.state = state;
  if (view.facts && state.stamp !== view.facts.stamp) {
    const { id } = view;
    const facts = await server.openStudy(id);
    if (view.id !== id) return;
    view.facts = facts;
    if (!view.edited || before?.computation?.state === "running") { view.edited = false; setPair(view.pair() ? view.place : facts.pairs[0]?.place ?? ""); }
  }
  show();
}

function showBars() {
  const facts = view.facts;
  renew(document.getElementById("planes"), JSON.stringify([view.id, view.axis]), () => facts.planes.map((plane) => button(plane.name, plane.axis === view.axis, () => { view.axis = plane.axis; show(); }, { "data-axis": plane.axis })));
  renew(document.getElementById("sets"), JSON.stringify([view.id, view.contours, view.place, facts.stamp]), () => Object.entries(SETS).map(([set, text]) => button(text, set === view.contours, () => { view.contours = set; steps++; show(); refresh().catch(() => {}); }, { "data-set": set, disabled: set !== "own" && !view.has(set), title: set === "own" ? "Each image with its own contours" : view.has(set) ? `The ${set} contours in all views` : `There are no ${set} contours` })));
  const drawable = view.draft() !== null && view.by() !== "";
  const can = { look: true, draw: drawable, erase: drawable, move: !!view.pair() };
  renew(document.getElementById("tools"), JSON.stringify([view.tool, can]), () => Object.entries(TOOLS).map(([tool, text]) => button(text, tool === view.tool, () => { view.tool = tool; show(); }, { "data-tool": tool, title: TOOL_HELP[tool], disabled: !can[tool] })));
  const drawing = view.tool === "draw" || view.tool === "erase";
  document.getElementById("radius-box").hidden = !drawing;
  document.getElementById("radius-told").textContent = `${view.radius.toFixed(1)} mm`;
  const draft = view.draft();
  document.getElementById("draft").hidden = !draft?.strokes;
  document.getElementById("drawing").hidden = !drawing && !draft?.strokes;
  document.getElementById("undo").title = draft?.by ? `Last stroke by ${draft.by}` : "";
  const preset = document.getElementById("preset");
  document.getElementById("preset-box").hidden = facts.modality !== "CT";
  renew(preset, "made", () => [made("option", { value: "", text: "as chosen" }), ...Object.keys(PRESETS).map((name) => made("option", { value: name, text: name }))]);
}

function show() {
  showStudies(studies, view, open);
  showHead(view, studies);
  if (!view.facts) return;
  showBars();
  showIndicators(view, (name) => {
    if (name === "contours") view.contoursOn = !view.contoursOn;
    else if (name === "rigid") view.rigidOn = !view.rigidOn;
    else { view.fieldOn = !(view.fieldOn && view.rigidOn); if (view.fieldOn) view.rigidOn = true; }
    show();
  });
  showStructures(view, doing);
  showRegistration(view, doing);
  showFusion(view, doing);
  showDeformation(view, doing);
  slices.draw();
  const set = view.contours === "own" ? "first" : view.contours;
  if (view.state && view.has(set)) space.load(set, set === "first" ? "" : view.place, `${view.facts.stamp} ${view.state.revisions[set === "first" ? set : `${set} ${view.place}`] ?? ""}`);
}

for (const name of ["undo", "save", "discard"]) document.getElementById(name).addEventListener("click", () => doing[name]());
document.getElementById("radius").addEventListener("input", (event) => doing.radius(Number(event.target.value)));
document.getElementById("preset").addEventListener("change", (event) => {
  const chosen = PRESETS[event.target.value];
  if (!chosen) return;
  const images = view.pair()?.mode === "CT" ? ["first", `second ${view.place}`] : ["first"];
  for (const name of images) slices.windows[name] = { width: chosen[0], center: chosen[1] };
  slices.draw();
});
document.querySelector("#notice button").addEventListener("click", () => tell(""));
who.value = localStorage.getItem("medimage-who") ?? "";
who.addEventListener("input", () => { localStorage.setItem("medimage-who", view.by()); show(); });
window.addEventListener("hashchange", () => { const id = location.hash.slice(1); if (id && id !== view.id) open(id); });

async function poll() {
  try {
    await refresh();
  } catch (error) {
    tell(error.message, error.status === 0 ? "away" : "bad");
  }
  setTimeout(poll, POLL_MS);
}

const wanted = location.hash.slice(1);
if (wanted) await open(wanted);
poll();
window.medimage = { view, slices, space, tools };
