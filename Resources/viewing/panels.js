// The panels beside the views: studies, contours with their review, registration, fusion, question.

import { MARKS, METHODS, STUDY_STATES, button, color, made, moment, renew, rounded } from "./texts.js";

const AXES = [["R – L", 0], ["A – P", 1], ["F – H", 2]];
// Below it a field is the rigid offset: nothing was seen to bend.
const LEAST_SEEN_MM = 0.05;

export function showStudies(list, view, open) {
  const place = document.querySelector("#studies ul");
  renew(place, JSON.stringify([list, view.id]), () => list.length ? list.map((one) => {
    const state = made("b", { class: `state-${one.state}`, text: STUDY_STATES[one.state] ?? one.state });
    const parts = [made("span", { class: "id", text: one.id }), made("span", { class: "what" }, state)];
    const more = [one.kinds, moment(one.finished_utc)].filter(Boolean).join(" · ");
    if (more) parts.push(made("span", { class: "what", text: more }));
    if (one.reason) parts.push(made("span", { class: "what", text: one.reason }));
    return made("li", {}, made("button", { type: "button", "data-study": one.id, "aria-pressed": String(one.id === view.id), disabled: !one.opens, onclick: () => open(one.id) }, ...parts));
  }) : [made("li", { class: "told", text: "No study has arrived yet." })]);
}

export function showHead(view, list) {
  const listed = list.find((one) => one.id === view.id);
  document.getElementById("study-name").textContent = view.id || "No study opened";
  const place = document.getElementById("study-state");
  const marks = view.state?.review.first ?? [];
  const count = marks.filter((one) => one.state === "approved").length;
  let text = listed ? STUDY_STATES[listed.state] : "", kind = listed?.state ?? "";
  if (view.state?.computation?.state === "running") [text, kind] = ["Computing", "working"];
  else if (marks.length && count === marks.length) [text, kind] = ["Approved", "approved"];
  else if (marks.length) [text, kind] = [`Needs review · ${count} of ${marks.length} approved`, "review"];
  place.textContent = text;
  place.className = `state-${kind}`;
}

export function showIndicators(view, toggle) {
  const place = document.getElementById("indicators");
  const pair = view.pair();
  const parts = [];
  const one = (name, title, small, on, kind, enabled) => parts.push(made("button", {
    type: "button", class: `indicator ${kind}`, "data-indicator": name, "aria-pressed": String(on), disabled: !enabled, onclick: () => toggle(name),
  }, made("b", { text: title }), made("small", { text: small })));
  const verdict = (flag, fine) => !flag ? ["not made", "warn"] : flag.state === "satisfied" ? [fine, ""] : ["do not use", "bad"];
  const rigid = view.edited ? ["edited, not computed", "warn"] : pair?.by_a_person ? ["by a person", "warn"] : verdict(pair?.rigid, "usable");
  const field = !pair?.has_field ? ["not made", "warn"] : verdict(pair.field, "usable");
  one("rigid", "Rigid", pair ? rigid[0] : "no second image", view.rigidOn && !!pair, pair ? rigid[1] : "", !!pair);
  one("field", "Non-rigid", pair ? field[0] : "no second image", view.fieldOn && view.rigidOn && !!pair?.has_field && !view.edited, pair ? field[1] : "", !!pair?.has_field && !view.edited);
  const marks = view.state?.review.first ?? [];
  const waiting = marks.some((mark) => mark.state === "automatic" || mark.state === "edited");
  one("contours", "Contours", !marks.length ? "none" : waiting ? "automatic, to review" : "reviewed", view.contoursOn && marks.length > 0, waiting ? "warn" : "", marks.length > 0);
  renew(place, parts.map((p) => p.outerHTML).join(), () => parts);
}

export function showStructures(view, doing) {
  const place = document.querySelector("#structures .body");
  const set = view.reviewedSet();
  const marks = view.state?.review[set.key] ?? [];
  const draft = view.draft();
  renew(place, JSON.stringify([view.id, set, marks, view.chosen, [...view.hidden], draft?.edited, view.by()]), () => {
    if (!marks.length) return [made("p", { class: "told", text: "This study has no contours to be reviewed." })];
    const rows = marks.map((mark) => structureRow(view, doing, set, mark, draft));
    const open = marks.filter((mark) => mark.state === "automatic" || mark.state === "edited").length;
    const named = view.by() !== "";
    return [
      made("p", { class: "told", text: `${set.title}: ${open ? `${open} of ${marks.length} wait for a review.` : "all are reviewed."}` }),
      ...rows,
      made("div", { class: "row" },
        button("Approve all", null, () => doing.review(set, marks, "approve"), { class: "primary", id: "approve-all", disabled: !named }),
        button("Reject all", null, () => doing.review(set, marks, "reject"), { id: "reject-all", disabled: !named })),
      ...(named ? [] : [made("p", { class: "told", text: "Enter your name at the top to review or draw." })]),
    ];
  });
}

function structureRow(view, doing, set, mark, draft) {
  const { key, name, rgb } = view.structure(mark.structure) ?? { key: mark.structure, name: mark.structure, rgb: [128, 128, 128] };
  const drawn = draft?.edited.includes(key);
  const [word, kind] = drawn ? ["not saved", "state-working"] : MARKS[mark.state];
  const who = [mark.reviewer && `${mark.reviewer}, ${moment(mark.when_utc)}`, mark.origin].filter(Boolean).join("; ");
  const swatch = made("button", { type: "button", class: "swatch", "aria-label": `Show ${name}`, "aria-pressed": String(!view.hidden.has(key)), onclick: () => doing.hide(key) });
  swatch.style.borderColor = color(rgb);
  swatch.style.background = view.hidden.has(key) ? "transparent" : color(rgb);
  const off = view.by() === "";
  return made("div", { class: "structure", "data-structure": key },
    swatch,
    made("button", { type: "button", class: "name", text: name, title: who || "made by a program", "aria-pressed": String(view.chosen === key), onclick: () => doing.choose(key) }),
    made("span", { class: `mark ${kind}`, text: word, title: who }),
    button("✓", null, () => doing.review(set, [mark], "approve"), { class: "verdict", "aria-label": `Approve ${name}`, disabled: off }),
    button("✗", null, () => doing.review(set, [mark], "reject"), { class: "verdict", "aria-label": `Reject ${name}`, disabled: off }));
}

export function showRegistration(view, doing) {
  const place = document.querySelector("#registration .body");
  const pair = view.pair();
  const job = view.state?.computation;
  const running = job?.state === "running";
  renew(place, JSON.stringify([view.id, view.facts?.stamp, pair, view.offset, view.edited, running, job?.number, job?.state, view.by() === ""]), () => {
    if (!pair) return [made("p", { class: "told", text: "No second image was registered." })];
    const choice = made("select", { id: "pair", "aria-label": "Second image", onchange: (event) => doing.pair(event.target.value) },
      ...view.facts.pairs.map((one) => made("option", { value: one.place, text: `Second image ${one.place.replace("-", ": ")}`, selected: one.place === pair.place })));
    const field = (kind, n) => made("input", { type: "number", step: "0.1", "data-number": `${kind}-${n}`, "aria-label": `${kind} ${AXES[n][0]}`, value: rounded(view.offset[kind][n], 2), disabled: running,
      onchange: (event) => doing.number(kind, n, event.target.value) });
    const parts = [made("div", { class: "row" }, choice),
      made("div", { class: "numbers" },
        made("span"), ...AXES.map(([text]) => made("span", { text })),
        made("span", { text: "mm" }), ...[0, 1, 2].map((n) => field("translation_mm", n)),
        made("span", { text: "degrees" }), ...[0, 1, 2].map((n) => field("rotation_deg", n)))];
    if (view.edited) parts.push(made("p", { class: "told", text: "The second image is shown with these numbers, rigidly. The non-rigid part follows when it is computed." }));
    parts.push(made("div", { class: "row" },
      button("Compute anew", null, doing.register, { class: "primary", id: "register", disabled: running || !view.edited || view.by() === "" }),
      button("Numbers as before", null, doing.reset, { id: "reset", disabled: running || !view.edited })));
    for (const flag of [pair.rigid, pair.field]) if (flag && flag.state !== "satisfied") parts.push(made("p", { class: "told bad", text: flag.text }));
    parts.push(made("div", { id: "progress" }));
    return parts;
  });
  showProgress(view, job, doing);
}

function showProgress(view, job, doing) {
  const place = document.getElementById("progress");
  if (!place) return;
  const left = job?.seconds_left ? `, about ${Math.ceil(job.seconds_left)} s left` : "";
  renew(place, JSON.stringify(job), () => {
    if (!job) return [];
    if (job.state === "running") return [
      made("progress", { max: "1", value: String(job.share), "aria-label": job.what }),
      made("p", { class: "told", text: `${job.what} for ${job.by}: ${job.text || "starting"}${left}` }),
      button("Cancel", null, doing.cancel, { id: "cancel" })];
    return [made("p", { class: `told ${job.state === "done" ? "good" : job.state === "failed" ? "bad" : ""}`, text: `${job.what} ${job.state}. ${job.text}` })];
  });
}

export function showFusion(view, doing) {
  const place = document.querySelector("#fusion .body");
  const pair = view.pair();
  const running = view.state?.computation?.state === "running";
  renew(place, JSON.stringify([view.id, pair?.place, pair?.fusion, pair?.has_fused, running, view.by() === ""]), () => {
    if (!pair) return [made("p", { class: "told", text: "Nothing to be fused." })];
    const choice = made("select", { id: "method", "aria-label": "Method of fusion", disabled: running || view.by() === "", onchange: (event) => doing.fuse(event.target.value) },
      ...Object.entries(METHODS).map(([value, text]) => made("option", { value, text, selected: pair.has_fused && value === pair.fusion })));
    if (!pair.has_fused) choice.prepend(made("option", { value: "", text: "Overlay (not fused yet)", selected: true }));
    return [made("div", { class: "row" }, choice), made("p", { class: "told", text: pair.has_fused ? "The fused image is for looking, not for measuring." : "No fused image was made; the second image lies over the first one. Choose a method to make one." })];
  });
}

export function showDeformation(view, doing) {
  const found = view.state?.questions[view.place];
  const place = document.querySelector("#deformation .body");
  renew(place, JSON.stringify(found ?? view.id), () => {
    if (!found || found.degree_mm === null) return [made("p", { class: "told", text: found?.error ?? "Not measured between these images." })];
    const most = Math.max(found.degree_mm, found.threshold_mm) * 1.25;
    const over = found.degree_mm > found.threshold_mm;
    const value = made("div", { class: "value" }), limit = made("div", { class: "limit" }), told = made("small", { text: `threshold ${rounded(found.threshold_mm)} mm` });
    value.style.width = `${(100 * found.degree_mm) / most}%`;
    limit.style.left = told.style.left = `${(100 * found.threshold_mm) / most}%`;
    const gauge = made("div", { class: `gauge${over ? " over" : ""}`, role: "img", "aria-label": `${rounded(found.degree_mm)} mm of ${rounded(found.threshold_mm)} mm` }, value, limit, told);
    const moved = found.degree_mm < LEAST_SEEN_MM
      ? "No deformation was seen: nothing bent, or the voxels are too coarse for it."
      : `95 % of the body moved by less than ${rounded(found.degree_mm)} mm beyond the rigid offset.`;
    const parts = [made("p", { class: "told", text: moved }), gauge];
    const { decision } = found;
    if (decision?.answer) parts.push(made("p", { class: "told", id: "answered", text: `Answered: ${decision.answer === "modify" ? "modify the plan" : "keep the plan"} (${decision.answered_by}, ${moment(decision.answered_at)}).` }));
    return parts;
  });
  showQuestion(found?.decision, view.by() !== "", doing);
}

function showQuestion(decision, named, doing) {
  const place = document.getElementById("question");
  place.hidden = !decision || decision.answer !== null;
  if (place.hidden) return;
  renew(place, JSON.stringify([decision.exceeded, named]), () => {
    const worst = decision.exceeded[0];
    const what = worst ? ` ${worst.structure === "whole" ? "Body" : worst.structure.replace("_", " ")}: ${rounded(worst.degree, 1)}${worst.quantity === "p95_mm" ? " mm" : ""}, threshold ${rounded(worst.threshold, 1)}.` : "";
    return [
      made("span", { class: "told" }, made("strong", { text: decision.question }), what),
      button("Modify the plan", null, () => doing.answer("modify"), { id: "modify", disabled: !named }),
      button("Keep the plan", null, () => doing.answer("keep"), { id: "keep", disabled: !named })];
  });
}
