// The linked slice views: gray levels windowed here, contours, letters, scale, position.

import { outlinesOf, sliceOf } from "./server.js";
import { color, rounded } from "./texts.js";

const KEPT = 400;
const DASH = [7, 5];

// What was asked of the server, kept; one question of a kind at a time, the latest first.
export class Kept {
  constructor(ask, changed) {
    this.ask = ask;
    this.changed = changed;
    this.found = new Map();
    this.asked = new Set();
  }

  get(key, values) {
    if (this.found.has(key)) return this.found.get(key);
    if (!this.asked.has(key)) {
      this.asked.add(key);
      this.ask(values).then(
        (value) => { this.put(key, value); this.changed(); },
        (error) => { if (error.status === 400) this.put(key, null); else if (error.status) console.warn(error.message); },
      ).finally(() => this.asked.delete(key));
    }
    return undefined;
  }

  put(key, value) {
    this.found.set(key, value);
    if (this.found.size > KEPT) this.found.delete(this.found.keys().next().value);
  }
}

export class SliceViews {
  constructor(view, figures, changed) {
    this.view = view;
    this.slices = new Kept((values) => sliceOf(view.id, values), () => this.draw());
    this.lines = new Kept((values) => outlinesOf(view.id, values), () => this.draw());
    this.windows = {};
    this.zoom = 1;
    this.pan = [0, 0];
    this.changed = changed;
    this.views = figures.map((figure) => ({
      kind: figure.dataset.view, figure, canvas: figure.querySelector("canvas"),
      gray: document.createElement("canvas"), last: {}, lines: {},
    }));
    new ResizeObserver(() => this.draw()).observe(figures[0]);
  }

  plane() { return this.view.facts.planes.find((one) => one.axis === this.view.axis); }
  index() { return this.view.position["ijk".indexOf(this.view.axis)]; }

  home() { this.zoom = 1; this.pan = [0, 0]; }

  // Images of a view from below to above, with their share of the picture.
  images(kind) {
    const { view } = this;
    const pair = view.pair();
    const second = view.secondImage();
    if (kind === "first" || !pair) return kind === "first" ? [["first", 1]] : [];
    if (kind === "second") return [[second, 1]];
    return view.fusedFits(second) ? [["fused", 1]] : [["first", 1], [second, 0.45]];
  }

  values(image, index) {
    const { view } = this;
    const place = image === "first" ? "" : view.place;
    const values = { image, place, axis: view.axis, index };
    if (image === "rigid") values.offset = JSON.stringify(view.offset);
    return values;
  }

  slice(image, index) {
    const values = this.values(image, index);
    return this.slices.get(this.view.facts.stamp + JSON.stringify(values), values);
  }

  outlines(set, index) {
    const { view } = this;
    const exact = view.tool === "draw" || view.tool === "erase" ? 1 : 0;
    const values = { set, place: set === "first" ? "" : view.place, axis: view.axis, index, exact };
    const revision = view.state?.revisions[set === "first" ? set : `${set} ${view.place}`] ?? "";
    return this.lines.get(view.facts.stamp + revision + JSON.stringify(values), values);
  }

  // Of which study, pair and plane: what was drawn last of another one is no stand-in.
  named(image) { return `${this.view.id} ${this.view.place} ${this.view.axis} ${image}`; }
  before(one, image) { return one.last[this.named(image)]; }

  windowOf(image, slice) {
    const kind = image === "rigid" || image === "unregistered" ? "second" : image;
    const name = kind === "first" ? kind : `${kind} ${this.view.place}`;
    return (this.windows[name] ??= { ...slice.window });
  }

  draw() {
    if (this.waiting || !this.view.facts) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      if (!this.view.facts) return;
      for (const one of this.views) this.drawOne(one);
      this.prefetch();
      this.changed();
    });
  }

  prefetch() {
    const plane = this.plane();
    if (this.slices.asked.size || this.lines.asked.size) return;
    for (const step of [1, -1, 2, -2]) {
      const index = this.index() + step;
      if (index < 0 || index >= plane.count) continue;
      for (const one of this.views) for (const [image] of this.images(one.kind)) this.slice(image, index);
      if (this.slices.asked.size) return;
    }
  }

  drawOne(one) {
    const plane = this.plane();
    const box = one.canvas.getBoundingClientRect();
    if (!box.width) return;
    const ratio = window.devicePixelRatio || 1;
    one.canvas.width = Math.round(box.width * ratio);
    one.canvas.height = Math.round(box.height * ratio);
    const context = one.canvas.getContext("2d");
    context.scale(ratio, ratio);
    context.fillStyle = "#000";
    context.fillRect(0, 0, box.width, box.height);
    this.place(one, plane, box);
    const shown = this.images(one.kind);
    let complete = shown.length > 0;
    for (const [image, share] of shown) {
      const slice = this.slice(image, this.index()) ?? this.before(one, image);
      if (!slice) { complete = false; continue; }
      if (!this.slices.found.has(this.view.facts.stamp + JSON.stringify(this.values(image, this.index())))) complete = false;
      one.last[this.named(image)] = slice;
      this.drawGray(context, one, plane, image, slice, share);
    }
    if (!shown.length) this.tell(context, box, "No registered image");
    if (this.view.contoursOn) for (const [set, dashed] of this.view.sets(one.kind)) this.drawLines(context, one, set, dashed);
    this.drawFrame(context, one, plane, box, shown);
    one.canvas.dataset.complete = String(complete);
  }

  // Where slice pixels lie on the screen: x = left + pixel × scale.
  place(one, plane, box) {
    const [sx, sy] = plane.spacing_mm;
    const [[left, right], [top, bottom]] = this.body(plane);
    const perMm = Math.min((box.width - 70) / ((right - left) * sx), (box.height - 56) / ((bottom - top) * sy)) * this.zoom;
    one.scale = [sx * perMm, sy * perMm];
    one.perMm = perMm;
    one.left = box.width / 2 - ((left + right) / 2) * one.scale[0] + this.pan[0] * perMm;
    one.top = box.height / 2 - ((top + bottom) / 2) * one.scale[1] + this.pan[1] * perMm;
  }

  // First and last pixel of the body across and down; the air around it is not worth the room.
  body(plane) {
    const [low, high] = this.view.facts.body_box;
    return [[plane.across, plane.columns], [plane.down, plane.rows]].map(([[number, mirrored], size]) =>
      mirrored ? [size - 1 - high[number], size - low[number]] : [low[number], high[number] + 1]);
  }

  drawGray(context, one, plane, image, slice, share) {
    if (slice.levels.length !== plane.columns * plane.rows) return;
    const { width, center } = this.windowOf(image, slice);
    const table = grayTable(slice, width, center);
    one.gray.width = plane.columns;
    one.gray.height = plane.rows;
    const target = one.gray.getContext("2d");
    const pixels = target.createImageData(plane.columns, plane.rows);
    const words = new Uint32Array(pixels.data.buffer);
    for (let n = 0; n < words.length; n++) words[n] = table[slice.levels[n]];
    target.putImageData(pixels, 0, 0);
    context.globalAlpha = share;
    context.imageSmoothingQuality = "high";
    context.drawImage(one.gray, one.left, one.top, plane.columns * one.scale[0], plane.rows * one.scale[1]);
    context.globalAlpha = 1;
  }

  drawLines(context, one, set, dashed) {
    const loops = this.outlines(set, this.index()) ?? one.lines[this.named(set)];
    if (!loops) return;
    one.lines[this.named(set)] = loops;
    context.lineJoin = "round";
    for (const [key, list] of Object.entries(loops)) {
      const structure = this.view.structure(key);
      if (!structure || this.view.hidden.has(key)) continue;
      context.beginPath();
      for (const loop of list) {
        for (let n = 0; n < loop.length; n += 2) {
          const x = one.left + loop[n] * one.scale[0], y = one.top + loop[n + 1] * one.scale[1];
          if (n) context.lineTo(x, y); else context.moveTo(x, y);
        }
        context.closePath();
      }
      const chosen = this.view.chosen === key;
      context.setLineDash([]);
      context.strokeStyle = "rgba(0,0,0,.65)";
      context.lineWidth = chosen ? 4.6 : 3.4;
      context.stroke();
      context.setLineDash(dashed ? DASH : []);
      context.strokeStyle = color(structure.rgb);
      context.lineWidth = chosen ? 2.8 : 1.7;
      context.stroke();
    }
    context.setLineDash([]);
  }

  drawFrame(context, one, plane, box, shown) {
    const at = this.screen(one, this.view.position);
    context.strokeStyle = "rgba(120,210,255,.55)";
    context.lineWidth = 1;
    context.beginPath();
    for (const [x0, y0, x1, y1] of [[0, at[1], at[0] - 9, at[1]], [at[0] + 9, at[1], box.width, at[1]], [at[0], 0, at[0], at[1] - 9], [at[0], at[1] + 9, at[0], box.height]]) {
      context.moveTo(x0, y0);
      context.lineTo(x1, y1);
    }
    context.stroke();
    if (one.brush) this.drawBrush(context, one);
    context.font = "600 15px system-ui, 'DejaVu Sans', sans-serif";
    const [left, right, top, bottom] = plane.letters;
    haloed(context, left, 8, box.height / 2, "left", "#ffe9a8");
    haloed(context, right, box.width - 8, box.height / 2, "right", "#ffe9a8");
    haloed(context, top, box.width / 2, 17, "center", "#ffe9a8");
    haloed(context, bottom, box.width / 2, box.height - 11, "center", "#ffe9a8");
    context.font = "600 14px system-ui, 'DejaVu Sans', sans-serif";
    haloed(context, this.view.titleOf(one.kind), 10, 20, "left", "#fff");
    context.font = "13px system-ui, 'DejaVu Sans', sans-serif";
    haloed(context, `${plane.name} ${this.index() + 1} / ${plane.count}`, 10, 39, "left", "#c5d3db");
    const [image] = shown.at(-1) ?? [];
    const slice = image && this.before(one, image);
    if (slice) {
      const { width, center } = this.windowOf(image, slice);
      const digits = width < 20 ? 2 : 0;
      haloed(context, `W ${rounded(width, digits)}  L ${rounded(center, digits)}`, box.width - 10, box.height - 12, "right", "#c5d3db");
    }
    this.drawScale(context, one, box);
  }

  drawBrush(context, one) {
    const radius = this.view.radius * one.perMm;
    context.strokeStyle = this.view.tool === "erase" ? "#ff9b93" : "#9be7ff";
    context.fillStyle = this.view.tool === "erase" ? "rgba(255,123,114,.25)" : "rgba(77,182,230,.3)";
    for (const [x, y] of one.trail ?? []) {
      context.beginPath();
      context.arc(x, y, radius, 0, 7);
      context.fill();
    }
    context.lineWidth = 1.5;
    context.beginPath();
    context.arc(...one.brush, radius, 0, 7);
    context.stroke();
  }

  drawScale(context, one, box) {
    if (!this.view.facts.spacing_known) return;
    const longest = box.width / 4 / one.perMm;
    const power = 10 ** Math.floor(Math.log10(longest));
    const length = [5, 2, 1].map((n) => n * power).find((mm) => mm <= longest);
    const y = box.height - 12, end = 12 + length * one.perMm;
    for (const [width, style] of [[4, "#000"], [2, "#fff"]]) {
      context.lineWidth = width;
      context.strokeStyle = style;
      context.beginPath();
      context.moveTo(12, y - 5); context.lineTo(12, y); context.lineTo(end, y); context.lineTo(end, y - 5);
      context.stroke();
    }
    haloed(context, length >= 10 ? `${length / 10} cm` : `${length} mm`, 16, y - 9, "left", "#fff");
  }

  tell(context, box, text) {
    context.font = "15px system-ui, sans-serif";
    haloed(context, text, box.width / 2, box.height / 2, "center", "#9fb0ba");
  }

  // Screen place of an index (i, j, k), and back.
  screen(one, position) {
    const plane = this.plane();
    const along = ([number, mirrored], size) => (mirrored ? size - 1 - position[number] : position[number]) + 0.5;
    return [one.left + along(plane.across, plane.columns) * one.scale[0], one.top + along(plane.down, plane.rows) * one.scale[1]];
  }

  indexAt(one, x, y) {
    const plane = this.plane();
    const position = [...this.view.position];
    for (const [at, start, scale, [number, mirrored], size] of [[x, one.left, one.scale[0], plane.across, plane.columns], [y, one.top, one.scale[1], plane.down, plane.rows]]) {
      const value = (at - start) / scale - 0.5;
      position[number] = mirrored ? size - 1 - value : value;
    }
    return position;
  }
}

const tables = new Map();
function grayTable(slice, width, center) {
  const key = `${slice.low} ${slice.step} ${width} ${center}`;
  if (tables.has(key)) return tables.get(key);
  const table = new Uint32Array(65536);
  for (let level = 0; level < 65536; level++) {
    const share = (slice.low + slice.step * level - center) / width + 0.5;
    const gray = share <= 0 ? 0 : share >= 1 ? 255 : Math.round(share * 255);
    table[level] = 0xff000000 | (gray * 0x010101);
  }
  if (tables.size > 12) tables.delete(tables.keys().next().value);
  tables.set(key, table);
  return table;
}

function haloed(context, text, x, y, align, style) {
  context.textAlign = align;
  context.lineWidth = 3;
  context.lineJoin = "round";
  context.strokeStyle = "rgba(0,0,0,.8)";
  context.strokeText(text, x, y);
  context.fillStyle = style;
  context.fillText(text, x, y);
}
