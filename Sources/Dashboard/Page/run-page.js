// One run: its heading, figures and buttons, and below them the section that the address names.

import { announce, fill, h, setText, whileLoading } from "./dom.js";
import { clockTime, count, elapsed, figure, loss, percent, secondsBetween } from "./format.js";
import { levelOf } from "./events.js";
import { RunControls } from "./controls.js";
import { RunModel } from "./run-model.js";
import { progressBar, remaining, stateBadge, stepsText } from "./state.js";
import { CurvesSection } from "./curves-section.js";
import { WorkersSection } from "./workers-section.js";
import { LayersSection } from "./layers-section.js";
import { KernelsSection } from "./kernels-section.js";
import { TimelineSection } from "./timeline-section.js";
import { EventsSection } from "./events-section.js";
import { LogSection } from "./log-section.js";
import { SettingsSection } from "./settings-section.js";
import { api } from "./api.js";

const sections = [
  ["curves", "Curves", CurvesSection], ["workers", "Workers", WorkersSection], ["layers", "Layers", LayersSection], ["kernels", "Kernels", KernelsSection],
  ["timeline", "Timeline", TimelineSection], ["events", "Events", EventsSection], ["log", "Log", LogSection], ["settings", "Settings", SettingsSection],
];
/** Seconds for which a verdict stays in sight after the run has gone on. */
const lingering = 60;
const figures = ["step", "epoch", "loss", "error", "best error", "learning rate", "images/s", "workers", "time", "left"];

export class RunPage {
  constructor(name) {
    this.name = name;
    this.model = new RunModel(name);
    this.controls = new RunControls(this.model);
    this.state = h("span", { class: "run-state" });
    this.reason = h("p", { class: "error", hidden: true });
    this.verdict = h("div", { class: "verdict", hidden: true });
    this.values = new Map(figures.map((figure) => [figure, h("dd", {})]));
    this.progress = h("div", { class: "run-progress" });
    this.links = new Map(sections.map(([key, title]) => [key, h("a", { href: `#/run/${encodeURIComponent(name)}/${key}` }, title)]));
    this.place = h("section", { class: "section" });
    this.element = h(
      "div", { class: "page" },
      h("div", { class: "run-head" }, h("h1", { tabindex: "-1" }, name), this.state, this.controls.element), this.reason, this.verdict,
      h("dl", { class: "figures" }, figures.map((figure) => h("div", {}, h("dt", {}, figure), this.values.get(figure)))), this.progress,
      h("nav", { class: "sections", "aria-label": "Sections of the run" }, [...this.links.values()]), this.place);
  }

  async open() {
    this.model.on(["record", "status", "step", "events"], () => this.update());
    await this.model.open();
    // What had happened before is shown, but only what happens from here on is said aloud.
    this.seen = this.model.events.length;
  }

  close() {
    this.section?.close();
    this.controls.close();
    this.model.close();
  }

  show(key) {
    const [name, title, Section] = sections.find(([one]) => one === key) ?? sections[0];
    this.title = `${title} – ${this.name} – Colonnade`;
    if (this.shown === name) return;
    this.shown = name;
    this.section?.close();
    for (const [one, link] of this.links) {
      if (one === name) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    this.section = new Section(this.model);
    const heading = h("h2", { tabindex: "-1", id: "section-title", "data-focus": "" }, title);
    this.place.setAttribute("aria-labelledby", "section-title");
    const opened = this.section;
    const end = whileLoading(this.place, opened.element, heading);
    Promise.resolve(opened.open()).then(end, (error) => {
      if (opened === this.section) fill(this.place, heading, h("p", { class: "error", role: "alert" }, error.message));
    });
  }

  // MARK: Heading and figures

  update() {
    const { record, status, isRunning } = this.model;
    if (!record) return;
    // The stream tells each step; what came before it, and what is of the whole run, is in the server's summary.
    const summary = this.model.summary ?? {};
    const step = this.model.lastStep ?? summary;
    const state = record.state;
    if (this.stateShown !== state) {
      fill(this.state, stateBadge(state));
      if (this.stateShown) announce(`The run is ${state}.`, { urgent: state === "failed" });
      this.stateShown = state;
    }
    setText(this.reason, record.reason ?? "");
    this.reason.hidden = !record.reason;
    const workers = (status?.processes ?? []).filter((process) => process.role === "worker");
    const computing = workers.filter((worker) => worker.phase === "computing").length;
    // Of a run that has ended, the median: its last step may have been its slowest.
    const imagesPerSecond = isRunning ? status?.images_per_second ?? step.images_per_second : summary.images_per_second;
    const values = {
      step: stepsText(step.step ?? 0, record.steps), epoch: count(step.epoch), loss: loss(step.loss), error: percent(summary.top1_error, 2),
      "best error": percent(summary.best_top1_error, 2), "learning rate": figure(step.learning_rate, 3), "images/s": figure(imagesPerSecond),
      workers: isRunning && workers.length ? `${count(record.workers)}, ${computing} computing` : count(record.workers),
      time: elapsed(secondsBetween(record.started, record.ended ?? (isRunning ? new Date() : this.model.events.at(-1)?.time))),
      left: isRunning ? remaining({ step: step.step ?? 0, steps: record.steps, imagesPerSecond, batch: record.configuration?.recipe?.batch }) : "–",
    };
    for (const [figure, element] of this.values) setText(element, values[figure]);
    fill(this.progress, progressBar(step.step ?? 0, record.steps, "trained"));
    this.controls.update();
    this.updateVerdict();
  }

  /**
   * A verdict stands at the top until the run continues, and a while longer, as that may be a moment later. Whatever
   * became of it, it is said aloud when it comes.
   */
  updateVerdict() {
    const { events } = this.model;
    const index = events.findLastIndex((event) => event.kind === "verdict");
    const verdict = events[index];
    const end = events.slice(index + 1).find((event) => event.kind === "recovered" || event.kind === "finished");
    this.verdict.hidden = !verdict || (end && !(secondsBetween(end.time, new Date()) < lingering));
    this.verdict.classList.toggle("over", Boolean(end));
    if (verdict && (this.verdictShown !== index || this.verdictEnd !== end)) {
      fill(this.verdict, h("strong", {}, "Verdict"), h("span", { class: "quiet" }, clockTime(verdict.time)), h("span", {}, verdict.message), end && h("strong", {}, `The run ${end.message}.`));
      Object.assign(this, { verdictShown: index, verdictEnd: end });
    }
    if (this.seen === undefined) return;
    const news = events.slice(this.seen);
    this.seen = events.length;
    // What follows from a verdict is not said over it.
    const urgent = news.findLast((event) => event.kind === "verdict" || event.kind === "failed");
    const said = urgent ?? news.findLast((event) => levelOf(event.kind) === "bad" && event.kind !== "evicted");
    if (said) announce(said.message, { urgent: Boolean(urgent) });
  }
}
