// The first layer's kernels during training: a slider over the steps with checkpoints, and an image for each column.

import { fill, h, setText, throttled } from "./dom.js";
import { api } from "./api.js";
import { count, percent } from "./format.js";
import { columnChip } from "./state.js";
import { plainTable, tableDetails } from "./table.js";
import { colorShare, drawKernels, unpack } from "./kernel-images.js";

/** The milliseconds per step during playback. */
const pace = 350;

export class KernelsSection {
  constructor(model) {
    this.model = model;
    this.steps = [];
    this.cache = new Map();
    this.slider = h("input", { type: "range", min: 0, max: 0, step: 1, id: "kernel-step", oninput: () => this.choose() });
    this.shown = h("output", { for: "kernel-step" });
    this.play = h("button", { type: "button", onclick: () => this.toggle() }, "Play");
    this.columns = h("div", { class: "kernel-columns" });
    this.table = tableDetails("Share of colour in the kernels, as a table", () => this.makeTable());
    this.empty = h("p", { class: "quiet", hidden: true }, "There are no kernels yet. They appear with the first checkpoint.");
    this.body = h(
      "div", {}, h("div", { class: "controls" }, h("label", { class: "field grow", for: "kernel-step" }, h("span", {}, "Step"), this.slider), this.shown, this.play),
      h("p", { class: "quiet small" }, "Each kernel is scaled by its largest weight; zero is grey. Below each column is the share of the kernels’ variation that is between red, green and blue."), this.columns, this.table.element);
    this.element = h("div", {}, this.empty, this.body);
    this.refetch = throttled(5000, () => this.fetchSteps().catch(() => {}));
  }

  async open() {
    this.end = this.model.on(["events", "again"], () => this.refetch());
    await this.fetchSteps();
  }

  close() {
    this.isClosed = true;
    this.end?.();
    this.refetch.cancel();
    clearInterval(this.timer);
  }

  async fetchSteps() {
    // If the newest step is selected, the selection moves to the new newest step.
    const isAtEnd = this.steps.length === 0 || Number(this.slider.value) === this.steps.length - 1;
    const { steps } = await api.kernels(this.model.name);
    if (this.isClosed) return;
    this.steps = steps;
    this.empty.hidden = steps.length > 0;
    this.body.hidden = steps.length === 0;
    this.slider.max = Math.max(0, steps.length - 1);
    this.play.hidden = steps.length < 2;
    if (steps.length === 0) return;
    if (isAtEnd) this.slider.value = steps.length - 1;
    await this.choose();
  }

  async choose() {
    const step = this.steps[Number(this.slider.value)];
    if (step === undefined) return;
    this.slider.setAttribute("aria-valuetext", `step ${count(step)}`);
    setText(this.shown, `${count(step)}, ${Number(this.slider.value) + 1} of ${this.steps.length}`);
    this.wanted = step;
    try {
      if (!this.cache.has(step)) {
        const answer = unpack(await api.kernels(this.model.name, step));
        // Some dozens of steps are cached, so that moving the slider back and forth fetches each step only once.
        if (this.cache.size > 60) this.cache.delete(this.cache.keys().next().value);
        this.cache.set(step, answer);
      }
      if (this.wanted === step && !this.isClosed) this.draw(this.cache.get(step));
    } catch (error) {
      fill(this.columns, h("p", { class: "error", role: "alert" }, error.message));
    }
  }

  draw(kernels) {
    const { columns, count: number, size, step } = kernels;
    this.kernels = kernels;
    const each = number / columns;
    const isNew = this.figures?.length !== columns;
    if (isNew) {
      this.figures = Array.from({ length: columns }, (_, column) => {
        const canvas = h("canvas", { role: "img", class: "kernels" });
        const caption = h("span", { class: "quiet small" });
        return { canvas, caption, element: h("figure", { class: "kernel-column" }, h("h3", {}, "Column ", columnChip(column)), canvas, h("figcaption", {}, caption)) };
      });
      fill(this.columns, this.figures.map((one) => one.element));
    }
    this.figures.forEach(({ canvas, caption }, column) => {
      drawKernels(canvas, kernels, column * each, each);
      canvas.setAttribute("aria-label", `Column ${column}: ${each} kernels of ${size} by ${size} at step ${step}`);
      const shares = colorShares(kernels, column);
      setText(caption, `${each} kernels of ${size}×${size}; colour ${percent(shares.mean, 0)}; ${shares.colored} above one half`);
    });
    this.table.refresh();
  }

  makeTable() {
    const rows = Array.from({ length: this.kernels.columns }, (_, column) => {
      const shares = colorShares(this.kernels, column);
      return [`column ${column}`, String(shares.number), percent(shares.mean, 1), String(shares.colored)];
    });
    return plainTable(`Colour in the kernels at step ${count(this.kernels.step)}`, ["column", "kernels", "mean share of colour", "kernels above one half"], rows);
  }

  toggle() {
    if (this.timer) {
      clearInterval(this.timer);
      this.timer = null;
    } else {
      if (Number(this.slider.value) >= this.steps.length - 1) this.slider.value = 0;
      this.choose();
      this.timer = setInterval(() => {
        this.slider.value = Number(this.slider.value) + 1;
        this.choose();
        if (Number(this.slider.value) >= this.steps.length - 1) this.toggle();
      }, pace);
    }
    setText(this.play, this.timer ? "Pause" : "Play");
  }
}

function colorShares(kernels, column) {
  const number = kernels.count / kernels.columns;
  const shares = Array.from({ length: number }, (_, index) => colorShare(kernels, column * number + index));
  return { number, mean: shares.reduce((sum, one) => sum + one, 0) / number, colored: shares.filter((one) => one > 0.5).length };
}
