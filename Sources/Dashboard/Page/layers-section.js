// Norms of weights and of their updates, and the ratio of the two, per layer: training is healthy where it is near 1e-3.

import { choice, fill, h, s, throttled } from "./dom.js";
import { api } from "./api.js";
import { ChartGroup } from "./chart-group.js";
import { placeEvents } from "./events.js";
import { count, figure, scientific } from "./format.js";
import { LineChart } from "./line-chart.js";
import { DataTable } from "./table.js";

const dashes = [undefined, "6 3", "2 2", "8 3 2 3"];

export class LayersSection {
  constructor(model) {
    this.model = model;
    this.shown = "weight";
    this.group = new ChartGroup();
    const format = scientific;
    this.ratio = this.group.add(new LineChart({ title: "Update norm / weight norm", note: "logarithmic", format, isLog: true, height: 260 }));
    this.weight = this.group.add(new LineChart({ title: "Weight norm", note: "logarithmic", format, isLog: true, height: 220 }));
    this.updateNorm = this.group.add(new LineChart({ title: "Update norm", note: "logarithmic", format, isLog: true, height: 220 }));
    this.table = new DataTable({
      caption: "Norms of the last step that has them", key: (row) => row.name,
      columns: [
        { title: "tensor", header: true, value: (row) => row.name }, { title: "weight norm", class: "number", value: (row) => scientific(row.weight) },
        { title: "update norm", class: "number", value: (row) => scientific(row.update) }, { title: "ratio", class: "number", value: (row) => scientific(row.ratio) },
        { title: "ratio, 1e-6 to 1", class: "wide-cell", value: (row) => row.ratio, render: gauge },
      ],
    });
    this.empty = h("p", { class: "quiet", hidden: true }, "This run has no norms yet. They are recorded every few steps while a run lasts.");
    this.body = h(
      "div", {}, h("div", { class: "controls" }, choice("Tensors", [["weight", "weights"], ["bias", "biases"]], "weight", (value) => { this.shown = value; this.draw(); })),
      this.group.caption, this.ratio.element, h("div", { class: "charts" }, this.weight.element, this.updateNorm.element), this.table.element);
    this.element = h("div", {}, this.empty, this.body);
    this.refetch = throttled(5000, () => this.fetch().catch(() => {}));
  }

  async open() {
    this.end = this.model.on(["step", "again", "record"], () => this.refetch());
    await this.fetch();
  }

  close() {
    this.end?.();
    this.refetch.cancel();
  }

  async fetch() {
    this.norms = await api.norms(this.model.name);
    this.draw();
  }

  draw() {
    // One list of figures for each tensor, in the order of the steps.
    const { tensors, step, weight, update } = this.norms;
    const isEmpty = !step?.length;
    this.empty.hidden = !isEmpty;
    this.body.hidden = isEmpty;
    if (isEmpty) return;
    const ratioOf = (index) => weight[index].map((norm, at) => (norm > 0 && Number.isFinite(update[index][at]) && update[index][at] !== null ? update[index][at] / norm : null));
    const chosen = tensors.map((name, index) => ({ name, index })).filter(({ name }) => name.endsWith(`.${this.shown}`));
    const series = (values) => chosen.map(({ name, index }, place) => ({ name: name.replace(/\.\w+$/, ""), color: place % 8, dash: dashes[Math.floor(place / 8) % dashes.length], look: "line", x: step, y: values(index) }));
    this.group.extent = [step[0], Math.max(step[0] + 1, step.at(-1))];
    const { model } = this;
    this.group.events = placeEvents(model.events, { started: model.record?.started, now: model.isRunning ? new Date().toISOString() : model.record?.ended, step: step.at(-1) }).filter((event) => event.level !== "minor").sort((one, other) => one.at - other.at);
    this.ratio.set(series(ratioOf));
    this.weight.set(series((index) => weight[index]));
    this.updateNorm.set(series((index) => update[index]));
    this.table.set(tensors.map((name, index) => ({ name, weight: weight[index].at(-1), update: update[index].at(-1), ratio: ratioOf(index).at(-1) })));
    fill(this.table.table.caption, `Norms at step ${count(step.at(-1))}`);
  }
}

/** Where a ratio lies between 1e-6 and 1, with a line at 1e-3. */
function gauge(ratio) {
  if (!(ratio > 0)) return "–";
  const place = Math.max(0, Math.min(1, (Math.log10(ratio) + 6) / 6));
  return s(
    "svg", { class: "gauge", viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true", focusable: "false" },
    s("rect", { class: "track", x: 0, y: 4, width: 100, height: 2 }), s("rect", { class: "mark", x: 49.5, y: 0, width: 1, height: 10 }), s("rect", { class: "at", x: Math.max(0, 100 * place - 1.5), y: 1, width: 3, height: 8 }));
}
