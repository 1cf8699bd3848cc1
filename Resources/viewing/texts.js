// Words, numbers and small parts of the page. Text is always set as text, never as markup.

export const STUDY_STATES = {
  waiting: "Waiting", working: "In work", review: "Ready, needs review", approved: "Approved",
  parked: "Parked",
};
export const MARKS = {
  automatic: ["to review", "state-review"], edited: ["edited", "state-working"],
  approved: ["approved", "state-approved"], rejected: ["rejected", "state-rejected"],
};
export const PRESETS = {
  "Soft tissue": [400, 40], Brain: [80, 40], Lung: [1500, -600], Bone: [1800, 500], Wide: [2500, 200],
};
export const METHODS = {
  average: "Average", weighted: "Weighted average", larger: "Larger value", smaller: "Smaller value",
  pca: "Principal components", modulation: "Modulation", pyramid: "Pyramid", wavelet: "Wavelet",
};

export const rounded = (value, digits = 1) => Number(value).toFixed(digits);

export function made(tag, values = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(values)) {
    if (name === "class") node.className = value;
    else if (name === "text") node.textContent = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

export function button(text, pressed, onclick, more = {}) {
  return made("button", { type: "button", text, "aria-pressed": pressed === null ? null : String(pressed), onclick, ...more });
}

export const color = (rgb, alpha = 1) => `rgba(${rgb.join(",")},${alpha})`;

// When it was, for a person: the day is told, the second is not.
export function moment(iso) {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? "" : date.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

// Contents are replaced only when they differ, so that nothing jumps below a pointer.
export function renew(place, signature, build) {
  if (place.dataset.signature === signature) return;
  if (place.contains(document.activeElement) && document.activeElement.matches("input, select")) return;
  place.dataset.signature = signature;
  place.replaceChildren(...build());
}
