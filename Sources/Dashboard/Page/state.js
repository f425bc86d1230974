// Elements that show a run's state, its progress and its shares of time.

import { h, s } from "./dom.js";
import { count, duration, nothing, percent } from "./format.js";

/** Creates a badge. It has the state's name besides its colour. */
export const stateBadge = (state) => h("span", { class: `state ${/^[a-z-]+$/.test(state) ? state : ""}` }, h("span", { class: "dot", "aria-hidden": "true" }), state ?? nothing);

export function progressBar(step, steps, label) {
  const share = steps > 0 ? Math.min(1, step / steps) : 0;
  return h(
    "span", { class: "progress", role: "img", "aria-label": `${label}: ${percent(share, 0)}` },
    h("span", { style: { width: `${(100 * share).toFixed(2)}%` } }));
}

export function stepsText(step, steps) {
  return `${count(step)} / ${count(steps)}`;
}

/** Estimates the remaining time from the speed of the last steps. */
export function remaining({ step, steps, imagesPerSecond, batch }) {
  if (!(imagesPerSecond > 0) || !(batch > 0) || !(steps > step)) return nothing;
  return duration(((steps - step) * batch) / imagesPerSecond);
}

/** The kinds of a worker's time, in the order of the bar. */
export const shares = [
  { key: "computing", kind: "compute", text: "computing" },
  { key: "exchanging", kind: "exchange_wait", text: "exchanging" },
  { key: "waiting", kind: "store_wait", text: "waiting for the store" },
  { key: "loading", kind: "data_wait", text: "loading images" },
];

/** Draws shares of time as one bar. It is an image with a label, because the table has the figures too. */
export function shareBar(share) {
  const label = shares.map(({ key, text }) => `${text} ${percent(share?.[key] ?? 0, 0)}`).join(", ");
  let left = 0;
  const parts = shares.map(({ key, kind }) => {
    const width = 100 * Math.max(0, Math.min(1, share?.[key] ?? 0));
    const rect = s("rect", { class: `k-${kind}`, x: left.toFixed(2), width: width.toFixed(2), height: 10 });
    left += width;
    return rect;
  });
  return s("svg", { class: "share", viewBox: "0 0 100 10", preserveAspectRatio: "none", role: "img", "aria-label": label }, parts);
}

export const columnChip = (column) => h("span", { class: `chip s${column % 8}` }, h("span", { class: "hidden" }, "column "), String(column));
