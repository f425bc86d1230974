// The list of runs, newest first, and which of them to compare.

import { h, setAttribute, setText } from "./dom.js";
import { api } from "./api.js";
import { clockTime, count, elapsed, figure, loss, nothing, percent, secondsBetween } from "./format.js";
import { progressBar, stateBadge, stepsText } from "./state.js";
import { openStream } from "./stream.js";
import { DataTable } from "./table.js";

/** The preset that a run's network is. A network from a file has no name, so its layers are counted. */
const networkOf = (run) => run.preset ?? `${count((run.network ?? "").split(" ").filter(Boolean).length)} layers`;

export class RunsPage {
  title = "Runs – Colonnade";

  constructor() {
    this.runs = [];
    this.chosen = new Set();
    this.filter = h("input", { type: "search", oninput: () => this.update() });
    this.compare = h("a", { class: "button", role: "link" }, "Compare");
    this.summary = h("p", { class: "quiet" });
    this.table = new DataTable({
      caption: "Runs, newest first", key: (run) => run.name, empty: "No runs here. `colonnade train` makes one.",
      columns: [
        { title: "compare", class: "tick", value: (run) => [run.name, this.chosen.has(run.name)], render: ([name, isOn]) => this.tick(name, isOn) },
        { title: "run", header: true, value: (run) => run.name, render: (name) => h("a", { href: `#/run/${encodeURIComponent(name)}` }, name) },
        { title: "state", value: (run) => [run.state, run.reason], render: ([state, reason]) => [stateBadge(state), reason ? h("div", { class: "quiet small" }, reason) : null] },
        { title: "step", class: "number", value: (run) => [run.step, run.steps], render: ([step, steps]) => [h("div", {}, stepsText(step, steps)), progressBar(step, steps, "trained")] },
        { title: "epoch", class: "number", value: (run) => count(run.epoch) },
        { title: "loss", class: "number", value: (run) => loss(run.loss) },
        { title: "error", class: "number", value: (run) => percent(run.top1_error, 2) },
        { title: "best error", class: "number", value: (run) => percent(run.best_top1_error, 2) },
        { title: "images/s", class: "number", value: (run) => figure(run.images_per_second) },
        { title: "workers", class: "number", value: (run) => count(run.workers) },
        { title: "network", value: networkOf },
        { title: "data set", value: (run) => run.dataset ?? "", render: (path) => h("span", { title: path }, path.split("/").filter(Boolean).at(-1) ?? nothing) },
        { title: "started", class: "number", value: (run) => clockTime(run.started) },
        { title: "took", class: "number", value: (run) => elapsed(secondsBetween(run.started, run.ended ?? run.updated)) },
      ],
    });
    this.element = h(
      "div", { class: "page" }, h("h1", { tabindex: "-1" }, "Runs"),
      h("div", { class: "controls" }, h("label", { class: "field" }, h("span", {}, "Filter"), this.filter), this.compare, this.summary),
      this.table.element);
  }

  async open() {
    this.runs = await api.runs();
    this.update();
    if (this.isClosed) return;
    this.stream = openStream(api.runsStream(), { runs: (runs) => { this.runs = runs; this.update(); } });
  }

  close() {
    this.isClosed = true;
    this.stream?.close();
  }

  tick(name, isOn) {
    const input = h("input", { type: "checkbox", "aria-label": `compare ${name}` });
    input.checked = isOn;
    input.addEventListener("change", () => {
      if (input.checked) this.chosen.add(name);
      else this.chosen.delete(name);
      this.updateCompare();
    });
    return input;
  }

  update() {
    const wanted = this.filter.value.trim().toLowerCase();
    const shown = this.runs.filter((run) => `${run.name} ${networkOf(run)} ${run.dataset} ${run.state}`.toLowerCase().includes(wanted));
    this.table.set(shown);
    const running = this.runs.filter((run) => run.state === "running").length;
    setText(this.summary, `${count(shown.length)} of ${count(this.runs.length)} runs; ${count(running)} running`);
    this.updateCompare();
  }

  updateCompare() {
    const names = [...this.chosen];
    const isReady = names.length >= 2;
    setText(this.compare, isReady ? `Compare ${names.length} runs` : "Compare: tick two runs");
    // A link without an address is not focusable, which is right while there is nothing to compare.
    setAttribute(this.compare, "href", isReady ? `#/compare/${names.map(encodeURIComponent).join(",")}` : null);
    setAttribute(this.compare, "aria-disabled", isReady ? null : "true");
  }
}
