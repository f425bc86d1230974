// The comparison of several runs: curves, the settings that differ, and figures.

import { checkbox, fill, h, setText } from "./dom.js";
import { api } from "./api.js";
import { ChartGroup } from "./chart-group.js";
import { figure, fixed, loss, nothing, percent } from "./format.js";
import { LineChart } from "./line-chart.js";
import { smoothed } from "./scales.js";
import { stateBadge } from "./state.js";
import { DataTable } from "./table.js";

const points = 400;
/** Milliseconds between two fetches while a run is active. */
const pause = 5000;
/** Runs are distinguished by dashes as well as by colour. */
const dashes = [undefined, "7 3", "2 3", "9 3 2 3", "4 2", "1 3", "12 4", "6 2 1 2"];

export class ComparePage {
  title = "Compare – Colonnade";

  constructor(names) {
    this.names = names;
    this.smoothing = 0.9;
    this.curves = [];
    this.group = new ChartGroup({ zoomed: () => this.fetchCurves().catch(() => {}) });
    this.loss = this.group.add(new LineChart({ title: "Loss", note: "training, smoothed", format: loss, height: 280 }));
    this.error = this.group.add(new LineChart({ title: "Validation error", note: "top-1", format: (value) => percent(value, 1), ticks: (value) => `${figure(100 * value)} %`, height: 280 }));
    this.rate = this.group.add(new LineChart({ title: "Learning rate", format: (value) => figure(value, 3), isLog: true, height: 180 }));
    this.speed = this.group.add(new LineChart({ title: "Images per second", note: "smoothed", format: (value) => figure(value, 4), height: 180 }));
    this.slider = h("input", { type: "range", min: 0, max: 0.99, step: 0.01, value: this.smoothing });
    const shown = h("output", {}, fixed(this.smoothing, 2));
    this.slider.addEventListener("input", () => {
      this.smoothing = Number(this.slider.value);
      setText(shown, fixed(this.smoothing, 2));
      this.draw();
    });
    this.list = h("ul", { class: "choose-runs" });
    this.chosen = new Set(names);
    this.showButton = h("button", { type: "button", onclick: () => { location.hash = `#/compare/${[...this.chosen].map(encodeURIComponent).join(",")}`; } });
    this.body = h("div", { class: "page", hidden: true });
    this.hint = h("p", { class: "quiet" }, "Choose two or more runs.");
    this.controls = h("div", { class: "controls" }, h("label", { class: "field" }, h("span", {}, "Smoothing"), this.slider, shown), checkbox("Logarithmic loss", false, (isOn) => this.loss.setLog(isOn)));
    this.element = h(
      "div", { class: "page" }, h("h1", { tabindex: "-1" }, "Compare runs"),
      h("details", { class: "data", open: names.length < 2 }, h("summary", {}, "Runs to compare"), this.list, this.showButton), this.hint, this.body);
  }

  async open() {
    this.runs = await api.runs();
    fill(this.list, this.runs.map((run) => h("li", {}, checkbox(run.name, this.chosen.has(run.name), (isOn) => this.choose(run.name, isOn)), " ", stateBadge(run.state))));
    this.updateShow();
    if (this.names.length < 2) return;
    this.title = `${this.names.join(", ")} – Compare – Colonnade`;
    const comparison = await api.compare(this.names);
    this.hint.hidden = true;
    this.body.hidden = false;
    fill(this.body, h("h2", {}, "Curves"), this.controls, this.group.caption, h("div", { class: "charts" }, this.group.charts.map((chart) => chart.element)), h("h2", {}, "Settings that differ"), this.table("Settings that differ", comparison, comparison.settings, "These runs have the same settings."), h("h2", {}, "Figures"), this.figures(comparison));
    await this.fetchCurves();
    this.poll();
  }

  close() {
    this.isClosed = true;
    clearTimeout(this.timer);
  }

  choose(name, isOn) {
    if (isOn) this.chosen.add(name);
    else this.chosen.delete(name);
    this.updateShow();
  }

  updateShow() {
    setText(this.showButton, this.chosen.size < 2 ? "Compare: select two runs" : `Compare ${this.chosen.size} runs`);
    this.showButton.disabled = this.chosen.size < 2;
  }

  table(caption, { runs }, rows, empty) {
    const table = new DataTable({
      caption, key: (row) => row.name, empty,
      columns: [{ title: "name", header: true, value: (row) => row.name }, ...runs.map((run, index) => ({ title: run, class: "words", value: (row) => row.values[index] ?? nothing }))],
    });
    table.set(rows);
    return table.element;
  }

  figures(comparison) {
    return this.table("Figures", comparison, comparison.figures, "There are no figures yet.");
  }

  poll() {
    if (this.isClosed || !this.names.some((name) => this.runs.find((run) => run.name === name)?.state === "running")) return;
    this.timer = setTimeout(async () => {
      try {
        this.runs = await api.runs();
        await this.fetchCurves();
      } catch { /* the next fetch may succeed */ }
      this.poll();
    }, pause);
  }

  async fetchCurves() {
    const [from, to] = this.group.zoom ?? [1, null];
    this.curves = await Promise.all(this.names.map((name) => api.metrics(name, { points, from, to })));
    if (!this.isClosed) this.draw();
  }

  draw() {
    const series = (look, of) => this.curves.map((curve, index) => ({ name: this.names[index], color: index, dash: dashes[index % dashes.length], look, ...of(curve) }));
    const { smoothing } = this;
    this.group.extent = [1, Math.max(2, ...this.curves.map((curve) => curve.last))];
    this.loss.set(series("line", ({ steps }) => ({ x: steps.step, y: smoothed(steps.loss, smoothing) })));
    this.error.set(series("points", ({ validations }) => ({ x: validations.map((one) => one.step), y: validations.map((one) => one.top1_error) })));
    this.rate.set(series("line", ({ steps }) => ({ x: steps.step, y: steps.learning_rate })));
    this.speed.set(series("line", ({ steps }) => ({ x: steps.step, y: smoothed(steps.images_per_second, smoothing) })));
  }
}
