// The timeline of one traced step, and its sums by kind.

import { choice, fill, h, setText, throttled } from "./dom.js";
import { api } from "./api.js";
import { count, fixed, nanoseconds, nothing } from "./format.js";
import { DataTable, plainTable, tableDetails } from "./table.js";
import { arrange, kinds, sums } from "./timeline-data.js";
import { TimelineView } from "./timeline-view.js";

const milliseconds = (value) => (value > 0 ? fixed(value / 1e6, 2) : nothing);

export class TimelineSection {
  constructor(model) {
    this.model = model;
    this.steps = [];
    this.view = new TimelineView();
    this.choice = choice("Traced step", [], "", (value) => this.load(Number(value)).catch((error) => setText(this.facts, error.message)));
    this.facts = h("p", { class: "quiet" });
    this.empty = h("p", { class: "quiet", hidden: true }, "No step of this run has been traced yet. ", h("code", {}, "--trace-every 100"), " traces every hundredth.");
    this.sums = new DataTable({
      caption: "Milliseconds of the step by kind", key: (row) => row.name,
      columns: [
        { title: "process", header: true, value: (row) => row.name }, ...Object.entries(kinds).map(([kind, text]) => ({ title: text, class: "number", value: (row) => milliseconds(row[kind]) })),
        { title: "spans", class: "number", value: (row) => count(row.spans) },
      ],
    });
    this.spans = tableDetails("All spans as a table", () => this.makeTable());
    const legend = h("ul", { class: "legend" }, Object.entries(kinds).map(([kind, text]) => h("li", { class: `k-${kind}` }, h("span", { class: "block", "aria-hidden": "true" }), text)));
    this.body = h(
      "div", {}, h("div", { class: "controls" }, this.choice, this.view.buttons, this.facts), legend, this.view.plot,
      h("p", { class: "quiet small" }, "Arrows lead from a transfer to the wait that it ends. ", h("kbd", {}, "←"), " ", h("kbd", {}, "→"), " along a process, ", h("kbd", {}, "↑"), " ", h("kbd", {}, "↓"), " between processes, ", h("kbd", {}, "Enter"), " follows an arrow, ", h("kbd", {}, "+"), " ", h("kbd", {}, "−"), " ", h("kbd", {}, "0"), " zoom. With a mouse: drag to move, Ctrl and wheel to zoom."),
      h("h3", {}, "Milliseconds by kind"), this.sums.element, this.spans.element);
    this.element = h("div", {}, this.empty, this.body);
    this.refetch = throttled(5000, () => this.fetchSteps().catch(() => {}));
  }

  async open() {
    this.end = this.model.on(["step", "again", "record"], () => this.refetch());
    await this.fetchSteps();
  }

  close() {
    this.end?.();
    this.refetch.cancel();
    this.view.close();
  }

  async fetchSteps() {
    const { steps } = await api.timeline(this.model.name);
    this.empty.hidden = steps.length > 0;
    this.body.hidden = steps.length === 0;
    if (steps.join() === this.steps.join()) return;
    this.steps = steps;
    fill(this.choice.select, [...steps].reverse().map((step) => h("option", { value: step }, count(step))));
    // The selected step stays selected when others are traced.
    if (this.data) this.choice.select.value = this.data.step;
    else if (steps.length > 0) await this.load(steps.at(-1));
  }

  async load(step) {
    const data = arrange(await api.timeline(this.model.name, step));
    this.data = data;
    this.choice.select.value = step;
    this.view.set(data);
    const uncertainty = Math.max(0, ...data.lanes.map((lane) => lane.uncertainty));
    setText(this.facts, `${nanoseconds(data.end)}; ${count(data.arrows.length)} transfers; clocks agree within ${nanoseconds(uncertainty)}`);
    this.sums.set(data.lanes.map((lane) => ({ name: lane.name, spans: lane.spans.length, ...sums(lane) })));
    this.spans.refresh();
  }

  makeTable() {
    const rows = this.data.lanes.flatMap((lane) => lane.spans.map((span) => [lane.name, span.name, kinds[span.kind], fixed(span.start / 1e6, 3), fixed(span.duration / 1e6, 3)]));
    return plainTable(`Spans of step ${count(this.data.step)}`, ["process", "span", "kind", "from, ms", "for, ms"], rows);
  }
}
