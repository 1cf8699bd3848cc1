// The contours in space: turned by hand; one picture, red and cyan, or two side by side.

import { surfacesOf } from "./server.js";
import { button } from "./texts.js";

const MODES = { mono: "3-D", anaglyph: "Red–cyan", side: "Side by side" };
// Eyes at this share of the distance to the patient; more tires, less is flat.
const EYES = 0.035;
const THROUGH = { body: 0.16, bone: 0.45 };

const VERTEX = `attribute vec3 point; attribute vec3 normal; uniform mat4 shown; uniform mat4 turned;
varying vec3 facing; void main() { facing = (turned * vec4(normal, 0.0)).xyz; gl_Position = shown * vec4(point, 1.0); }`;
const FRAGMENT = `precision mediump float; varying vec3 facing; uniform vec4 tint; uniform float gray;
void main() { float light = 0.35 + 0.65 * abs(normalize(facing).z);
vec3 lit = tint.rgb * light; float plain = dot(lit, vec3(0.3, 0.59, 0.11));
gl_FragColor = vec4(mix(lit, vec3(plain), gray), tint.a); }`;

export class Space {
  constructor(view, figure) {
    this.view = view;
    this.canvas = figure.querySelector("canvas");
    this.mode = "mono";
    this.turn = [0.35, 0.1];
    this.far = 2.4;
    this.gl = this.canvas.getContext("webgl", { antialias: true, preserveDrawingBuffer: true });
    const place = figure.querySelector(".corner");
    if (!this.gl) {
      place.append("This browser shows no 3-D view.");
      return;
    }
    this.program = program(this.gl);
    this.buttons = Object.entries(MODES).map(([mode, text]) => button(text, mode === this.mode, () => this.show(mode), { "data-mode": mode }));
    place.append(...this.buttons);
    let from = null;
    this.canvas.addEventListener("pointerdown", (event) => { from = [event.clientX, event.clientY]; this.canvas.setPointerCapture(event.pointerId); });
    this.canvas.addEventListener("pointermove", (event) => {
      if (!from) return;
      this.turn = [this.turn[0] + (event.clientX - from[0]) / 150, Math.min(1.5, Math.max(-1.5, this.turn[1] + (event.clientY - from[1]) / 150))];
      from = [event.clientX, event.clientY];
      this.draw();
    });
    this.canvas.addEventListener("pointerup", () => { from = null; });
    this.canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.far = Math.min(8, Math.max(1.1, this.far * (event.deltaY < 0 ? 0.9 : 1.1)));
      this.draw();
    }, { passive: false });
    new ResizeObserver(() => this.draw()).observe(figure);
  }

  show(mode) {
    this.mode = mode;
    for (const one of this.buttons) one.setAttribute("aria-pressed", String(one.dataset.mode === mode));
    this.draw();
  }

  // Surfaces of a set, asked for anew when its contours changed.
  async load(set, place, revision) {
    const name = `${this.view.id} ${set} ${place} ${revision}`;
    if (!this.gl || name === this.name) return;
    this.name = name;
    try {
      const found = parsed(await surfacesOf(this.view.id, { set, place }));
      if (name !== this.name) return;
      this.put(found);
    } catch {
      this.name = ""; // asked again with the next state
    }
  }

  clear() { this.name = ""; this.surfaces = []; this.draw(); }

  put(found) {
    const { gl } = this;
    for (const one of this.surfaces ?? []) for (const buffer of one.buffers) gl.deleteBuffer(buffer);
    const low = [Infinity, Infinity, Infinity], high = [-Infinity, -Infinity, -Infinity];
    for (const one of found) for (let n = 0; n < one.points.length; n++) {
      low[n % 3] = Math.min(low[n % 3], one.points[n]);
      high[n % 3] = Math.max(high[n % 3], one.points[n]);
    }
    this.center = low.map((v, n) => (v + high[n]) / 2);
    this.size = Math.hypot(...low.map((v, n) => high[n] - v)) / 2 || 1;
    this.wide = gl.getExtension("OES_element_index_uint");
    this.surfaces = found.map((one) => ({
      key: one.key, count: one.triangles.length,
      buffers: [buffer(gl, gl.ARRAY_BUFFER, one.points), buffer(gl, gl.ARRAY_BUFFER, one.normals), buffer(gl, gl.ELEMENT_ARRAY_BUFFER, one.triangles)],
    }));
    this.canvas.dataset.surfaces = String(this.surfaces.length);
    this.draw();
  }

  draw() {
    if (!this.gl || this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => { this.waiting = false; this.drawNow(); });
  }

  drawNow() {
    const { gl, canvas } = this;
    const ratio = window.devicePixelRatio || 1;
    canvas.width = Math.round(canvas.clientWidth * ratio);
    canvas.height = Math.round(canvas.clientHeight * ratio);
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.colorMask(true, true, true, true);
    gl.clearColor(0.02, 0.03, 0.04, 1);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    canvas.dataset.mode = this.mode;
    if (!this.surfaces?.length || !canvas.width) return;
    gl.useProgram(this.program);
    gl.enable(gl.DEPTH_TEST);
    const eye = (EYES * this.far * this.size) / 1;
    if (this.mode === "mono") this.eye(0, [0, 0, canvas.width, canvas.height], 0);
    else if (this.mode === "side") {
      const half = Math.floor(canvas.width / 2);
      this.eye(-eye, [0, 0, half, canvas.height], 0);
      this.eye(eye, [half, 0, half, canvas.height], 0);
    } else {
      const whole = [0, 0, canvas.width, canvas.height];
      gl.colorMask(true, false, false, true);
      this.eye(-eye, whole, 0.75);
      gl.colorMask(false, true, true, true);
      gl.clear(gl.DEPTH_BUFFER_BIT);
      this.eye(eye, whole, 0.75);
      gl.colorMask(true, true, true, true);
    }
  }

  eye(aside, [x, y, width, height], gray) {
    const { gl } = this;
    gl.viewport(x, y, width, height);
    const far = this.far * this.size;
    const turned = turnedBy(this.turn);
    const placed = multiply(moved(-aside, 0, -far), multiply(turned, moved(...this.center.map((v) => -v))));
    // Both eyes look through the same frame at the patient's middle, so that nothing is keystoned.
    const near = far * 0.1, half = near * 0.42 * Math.max(1, height / width), wide = (half * width) / height, shift = (-aside * near) / far;
    const shown = multiply(frustum(-wide + shift, wide + shift, -half, half, near, far * 6), placed);
    gl.uniformMatrix4fv(gl.getUniformLocation(this.program, "shown"), false, shown);
    gl.uniformMatrix4fv(gl.getUniformLocation(this.program, "turned"), false, turned);
    gl.uniform1f(gl.getUniformLocation(this.program, "gray"), gray);
    const seen = this.surfaces.filter((one) => !this.view.hidden.has(one.key) && this.view.structure(one.key));
    gl.disable(gl.BLEND);
    gl.depthMask(true);
    for (const one of seen.filter((s) => !(s.key in THROUGH))) this.surface(one, 1);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA);
    gl.depthMask(false);
    for (const key of ["bone", "body"]) for (const one of seen.filter((s) => s.key === key)) this.surface(one, THROUGH[key]);
    gl.depthMask(true);
  }

  surface(one, alpha) {
    const { gl } = this;
    const { rgb } = this.view.structure(one.key);
    gl.uniform4f(gl.getUniformLocation(this.program, "tint"), ...rgb.map((v) => v / 255), alpha);
    for (const [n, name] of ["point", "normal"].entries()) {
      const place = gl.getAttribLocation(this.program, name);
      gl.bindBuffer(gl.ARRAY_BUFFER, one.buffers[n]);
      gl.enableVertexAttribArray(place);
      gl.vertexAttribPointer(place, 3, gl.FLOAT, false, 0, 0);
    }
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, one.buffers[2]);
    gl.drawElements(gl.TRIANGLES, one.count, gl.UNSIGNED_INT, 0);
  }
}

function parsed(content) {
  const length = new DataView(content).getUint32(0, true);
  const table = JSON.parse(new TextDecoder().decode(new Uint8Array(content, 4, length)));
  let at = 4 + length;
  return table.map(({ key, points, triangles }) => {
    const one = { key, points: new Float32Array(content, at, points * 3), normals: new Float32Array(content, at + points * 12, points * 3), triangles: new Uint32Array(content, at + points * 24, triangles * 3) };
    at += points * 24 + triangles * 12;
    return one;
  });
}

function program(gl) {
  const made = gl.createProgram();
  for (const [kind, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(made, shader);
  }
  gl.linkProgram(made);
  return made;
}

function buffer(gl, kind, values) {
  const made = gl.createBuffer();
  gl.bindBuffer(kind, made);
  gl.bufferData(kind, values, gl.STATIC_DRAW);
  return made;
}

// Matrices are columns one after the other.
function multiply(a, b) {
  const c = new Float32Array(16);
  for (let column = 0; column < 4; column++) for (let row = 0; row < 4; row++) {
    let sum = 0;
    for (let n = 0; n < 4; n++) sum += a[n * 4 + row] * b[column * 4 + n];
    c[column * 4 + row] = sum;
  }
  return c;
}

const moved = (x, y, z) => new Float32Array([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, x, y, z, 1]);

// Patient axes (left, back, head) to the screen (right, up, toward the eye), then turned.
function turnedBy([about, up]) {
  const [sa, ca, su, cu] = [Math.sin(about), Math.cos(about), Math.sin(up), Math.cos(up)];
  const patient = new Float32Array([1, 0, 0, 0, 0, 0, -1, 0, 0, 1, 0, 0, 0, 0, 0, 1]);
  const around = new Float32Array([ca, 0, -sa, 0, 0, 1, 0, 0, sa, 0, ca, 0, 0, 0, 0, 1]);
  const tilt = new Float32Array([1, 0, 0, 0, 0, cu, su, 0, 0, -su, cu, 0, 0, 0, 0, 1]);
  return multiply(tilt, multiply(around, patient));
}

function frustum(left, right, bottom, top, near, far) {
  const [w, h, d] = [right - left, top - bottom, far - near];
  return new Float32Array([(2 * near) / w, 0, 0, 0, 0, (2 * near) / h, 0, 0, (right + left) / w, (top + bottom) / h, -(far + near) / d, -1, 0, 0, (-2 * far * near) / d, 0]);
}
