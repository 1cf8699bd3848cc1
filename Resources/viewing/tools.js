// What mouse and keys do on the slice views: scroll, window, zoom, position, draw, move.

const CLICK_PX = 4;

export class Tools {
  constructor(view, slices, doing) {
    this.view = view;
    this.slices = slices;
    this.doing = doing;
    for (const one of slices.views) this.connect(one);
  }

  connect(one) {
    const { canvas } = one;
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      if (event.ctrlKey) this.zoom(event.deltaY < 0 ? 1.15 : 1 / 1.15);
      else if (event.altKey && this.drawing()) this.doing.radius(this.view.radius * (event.deltaY < 0 ? 1.15 : 1 / 1.15));
      else this.scroll(Math.sign(event.deltaY));
    }, { passive: false });
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    canvas.addEventListener("dblclick", () => { if (!this.drawing()) this.enlarge(one.figure); });
    canvas.addEventListener("pointerdown", (event) => this.down(one, event));
    canvas.addEventListener("pointermove", (event) => this.move(one, event));
    canvas.addEventListener("pointerup", (event) => this.up(one, event));
    canvas.addEventListener("pointercancel", () => { this.drag = null; one.trail = null; });
    canvas.addEventListener("pointerleave", () => { one.brush = null; this.slices.draw(); });
    canvas.addEventListener("keydown", (event) => this.key(event));
  }

  drawing() { return this.view.tool === "draw" || this.view.tool === "erase"; }

  scroll(step) {
    const { view } = this;
    if (!view.facts) return;
    const number = "ijk".indexOf(view.axis);
    const last = this.slices.plane().count - 1;
    view.position[number] = Math.min(last, Math.max(0, view.position[number] + step));
    this.slices.draw();
  }

  zoom(factor) {
    this.slices.zoom = Math.min(20, Math.max(0.5, this.slices.zoom * factor));
    if (this.slices.zoom <= 1) this.slices.pan = [0, 0];
    this.slices.draw();
  }

  enlarge(figure) {
    const views = document.getElementById("views");
    const one = views.classList.contains("one");
    for (const other of views.children) other.classList.toggle("large", !one && other === figure);
    views.classList.toggle("one", !one);
    this.slices.draw();
    this.doing.resized();
  }

  at(event) { return [event.offsetX, event.offsetY]; }

  down(one, event) {
    if (!this.view.facts) return;
    one.canvas.focus();
    one.canvas.setPointerCapture(event.pointerId);
    const start = this.at(event);
    let what = "window";
    if (event.button === 1 || event.shiftKey) what = "pan";
    else if (event.button === 0 && this.drawing()) what = "stroke";
    else if (event.button === 0 && this.view.tool === "move") what = "move";
    this.drag = { what, one, start, last: start, far: false, points: [] };
    if (what === "stroke") { one.trail = [start]; this.drag.points.push(this.slices.indexAt(one, ...start)); this.slices.draw(); }
  }

  move(one, event) {
    const now = this.at(event);
    if (this.drawing()) { one.brush = now; this.slices.draw(); }
    const drag = this.drag;
    if (!drag || drag.one !== one) return;
    const [dx, dy] = [now[0] - drag.last[0], now[1] - drag.last[1]];
    drag.far ||= Math.hypot(now[0] - drag.start[0], now[1] - drag.start[1]) > CLICK_PX;
    if (drag.what === "stroke") {
      one.trail.push(now);
      drag.points.push(this.slices.indexAt(one, ...now));
    } else if (drag.far && drag.what === "pan") {
      this.slices.pan = [this.slices.pan[0] + dx / one.perMm, this.slices.pan[1] + dy / one.perMm];
    } else if (drag.far && drag.what === "window") {
      this.changeWindow(one, dx, dy);
    } else if (drag.what === "move") {
      this.moveImage(one, drag.last, now);
    }
    drag.last = now;
    this.slices.draw();
  }

  up(one, event) {
    const drag = this.drag;
    this.drag = null;
    if (!drag) return;
    if (drag.what === "stroke") this.finishStroke(one, drag);
    else if (!drag.far && drag.what === "window" && event.button === 0) this.go(one, drag.start);
  }

  // Every view follows to the place that was clicked at.
  go(one, place) {
    const { facts } = this.view;
    const sizes = "ijk".split("").map((axis) => facts.planes.find((p) => p.axis === axis).count);
    const found = this.slices.indexAt(one, ...place).map((value, n) => Math.min(sizes[n] - 1, Math.max(0, Math.round(value))));
    this.view.position = found;
    this.slices.draw();
  }

  changeWindow(one, dx, dy) {
    const [image] = this.slices.images(one.kind).at(-1) ?? [];
    const slice = image && this.slices.before(one, image);
    if (!slice) return;
    const shown = this.slices.windowOf(image, slice);
    const speed = Math.max(shown.width, slice.step * 4) / 300;
    shown.width = Math.max(slice.step, shown.width + dx * speed);
    shown.center += dy * speed;
  }

  // The second image follows the pointer: the translation of the offset changes.
  moveImage(one, from, to) {
    const { view } = this;
    const [a, b] = [this.slices.indexAt(one, ...from), this.slices.indexAt(one, ...to)];
    const matrix = view.facts.lps_from_index;
    const step = [0, 1, 2].map((row) => [0, 1, 2].reduce((sum, n) => sum + matrix[row][n] * (b[n] - a[n]), 0));
    const turn = rotation(view.offset.rotation_deg);
    const translation = view.offset.translation_mm.map((value, row) => value - turn[row].reduce((sum, v, n) => sum + v * step[n], 0));
    this.doing.offset({ ...view.offset, translation_mm: translation.map((v) => Math.round(v * 10) / 10 === v ? v : Number(v.toFixed(2))) });
  }

  async finishStroke(one, drag) {
    const { view } = this;
    const number = "ijk".indexOf(view.axis);
    const inPlane = [0, 1, 2].filter((n) => n !== number);
    const step = Math.max(1, Math.ceil(drag.points.length / 1500));
    const points = drag.points.filter((_, n) => n % step === 0 || n === drag.points.length - 1);
    await this.doing.stroke({
      structure: view.chosen, mode: view.tool, axis: view.axis, index: view.position[number],
      points: points.map((p) => inPlane.map((n) => p[n])), radius_mm: view.radius,
    });
    one.trail = null;
    this.slices.draw();
  }

  key(event) {
    const steps = { ArrowUp: -1, ArrowDown: 1, PageUp: -5, PageDown: 5 };
    if (event.key in steps) this.scroll(steps[event.key]);
    else if (event.key === "+" || event.key === "-") this.zoom(event.key === "+" ? 1.15 : 1 / 1.15);
    else if (event.key === "z" && event.ctrlKey) this.doing.undo();
    else if (event.key === "Home") { this.slices.home(); this.slices.draw(); }
    else return;
    event.preventDefault();
  }
}

// Turns about x first, then y, then z, as the offset does.
export function rotation(degrees) {
  const [[sx, cx], [sy, cy], [sz, cz]] = degrees.map((d) => [Math.sin((d * Math.PI) / 180), Math.cos((d * Math.PI) / 180)]);
  return [
    [cz * cy, cz * sy * sx - sz * cx, cz * sy * cx + sz * sx],
    [sz * cy, sz * sy * sx + cz * cx, sz * sy * cx - cz * sx],
    [-sy, cy * sx, cy * cx],
  ];
}
