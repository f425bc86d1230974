// Curves of loss, error, learning rate and speed over the steps, with the run's events on the same axis.

import { checkbox, choice, h, setText, throttled } from "./dom.js";
import { api } from "./api.js";
import { ChartGroup } from "./chart-group.js";
import { placeEvents } from "./events.js";
import { count, figure, fixed, loss, percent } from "./format.js";
import { LineChart } from "./line-chart.js";
import { smoothed } from "./scales.js";

/** The number of points to fetch. The stream adds up to 100 more before the next fetch. */
const points = 700;
const tailLength = 100;
const recent = { all: null, "10000": 10000, "1000": 1000, "100": 100 };

export class CurvesSection {
  constructor(model) {
    this.model = model;
    this.smoothing = 0.8;
    this.span = "all";
    this.tail = [];
    this.group = new ChartGroup({ zoomed: () => this.zoomed() });
    this.loss = this.group.add(new LineChart({ title: "Loss", note: "cross-entropy", format: loss, height: 260 }));
    this.error = this.group.add(new LineChart({ title: "Validation error", format: (value) => percent(value, 1), ticks: (value) => `${figure(100 * value)} %`, height: 260 }));
    this.rate = this.group.add(new LineChart({ title: "Learning rate", format: (value) => figure(value, 3), isLog: true, height: 170 }));
    this.speed = this.group.add(new LineChart({ title: "Images per second", format: (value) => figure(value, 4), height: 170 }));
    this.refetch = throttled(1000, () => this.fetch().catch(() => {}));
    this.element = h("div", {}, this.makeControls(), this.group.caption, h("div", { class: "charts" }, this.group.charts.map((chart) => chart.element)), this.keys());
  }

  async open() {
    const { model } = this;
    this.ends = [model.on(["step"], () => this.step()), model.on(["again", "record"], () => this.refetch()), model.on(["events"], () => this.placeEvents())];
    await this.fetch();
  }

  close() {
    this.isClosed = true;
    this.refetch.cancel();
    this.ends?.forEach((end) => end());
  }

  makeControls() {
    const slider = h("input", { type: "range", min: 0, max: 0.99, step: 0.01 });
    slider.value = this.smoothing;
    const shown = h("output", {}, fixed(this.smoothing, 2));
    slider.addEventListener("input", () => {
      this.smoothing = Number(slider.value);
      setText(shown, fixed(this.smoothing, 2));
      this.draw();
    });
    this.range = choice("Steps", [["all", "all"], ["10000", "last 10,000"], ["1000", "last 1,000"], ["100", "last 100"]], "all", (value) => {
      this.span = value;
      if (value === "all") this.group.setZoom(null);
      else this.follow(true);
    });
    this.whole = h("button", { type: "button", hidden: true, onclick: () => { this.range.select.value = this.span = "all"; this.group.setZoom(null); } }, "Show all steps");
    return h(
      "div", { class: "controls" }, h("label", { class: "field" }, h("span", {}, "Smoothing"), slider, shown),
      checkbox("Logarithmic loss", false, (isOn) => this.loss.setLog(isOn)),
      checkbox("Checkpoints", true, (isOn) => { this.group.showsMinor = isOn; this.group.draw(); }), this.range, this.whole);
  }

  keys() {
    return h(
      "p", { class: "quiet small" }, "In a chart: ", h("kbd", {}, "←"), " ", h("kbd", {}, "→"), " move the cursor, ", h("kbd", {}, "e"), " ", h("kbd", {}, "E"), " to the next or previous event, ",
      h("kbd", {}, "+"), " ", h("kbd", {}, "−"), " zoom, ", h("kbd", {}, "0"), " all steps. With a mouse: drag to zoom, double-click for all steps.");
  }

  // MARK: Data

  async fetch() {
    // A range that follows the end of the run is open-ended.
    const [from, to] = recent[this.span] ? [Math.max(1, this.lastStep() - recent[this.span]), null] : this.group.zoom ?? [1, null];
    const asked = this.asked = {};
    const answer = await api.metrics(this.model.name, { points, from, to });
    if (this.isClosed || this.asked !== asked) return;
    this.metrics = answer;
    this.tail = this.tail.filter((step) => step.step > answer.last);
    this.placeEvents();
    this.draw();
  }

  step() {
    const step = this.model.lastStep;
    const last = this.tail.at(-1)?.step ?? this.metrics?.last ?? 0;
    // A run that went back to a checkpoint sends its steps again.
    if (step.step <= last) return this.refetch();
    this.tail.push(step);
    if (this.tail.length > tailLength || (this.metrics?.last ?? 0) < 20) this.refetch();
    this.follow();
    this.draw();
  }

  /** Moves the range to the end of the run, if only the last steps are shown. */
  follow(isFetch = false) {
    const length = recent[this.span];
    if (!length) return;
    const last = this.lastStep();
    this.group.zoom = [Math.max(1, last - length), Math.max(2, last)];
    this.whole.hidden = false;
    if (isFetch) this.refetch();
  }

  lastStep() {
    return Math.max(this.metrics?.last ?? 1, this.tail.at(-1)?.step ?? 1);
  }

  zoomed() {
    this.whole.hidden = !this.group.zoom;
    if (this.group.zoom) this.span = "all";
    if (this.group.zoom) this.range.select.value = "all";
    this.refetch();
  }

  placeEvents() {
    const { model } = this;
    const last = this.lastStep();
    const now = model.isRunning ? new Date().toISOString() : model.record?.ended ?? model.events.at(-1)?.time;
    this.group.setEvents(placeEvents(model.events, { started: model.record?.started, now, step: last }).sort((one, other) => one.at - other.at));
  }

  draw() {
    if (!this.metrics) return;
    const { steps, validations } = this.metrics;
    // A range chosen by zooming does not include the newest steps.
    const tail = this.group.zoom && !recent[this.span] ? [] : bucketed(this.tail, steps.step);
    const line = (key) => ({ x: steps.step.concat(tail.map((step) => step.step)), y: steps[key].concat(tail.map((step) => step[key])) });
    const loss = line("loss");
    const low = steps.loss_min.concat(tail.map((step) => step.low));
    const high = steps.loss_max.concat(tail.map((step) => step.high));
    const ofValidations = (key) => ({ x: validations.map((one) => one.step), y: validations.map((one) => one[key]) });
    this.group.extent = [1, Math.max(2, this.lastStep())];
    this.loss.set([
      { name: "training", color: 0, look: this.smoothing > 0 ? "faint" : "line", ...loss, low, high },
      ...(this.smoothing > 0 ? [{ name: "smoothed", color: 0, look: "line", x: loss.x, y: smoothed(loss.y, this.smoothing) }] : []),
      { name: "validation", color: 1, look: "points", ...ofValidations("loss") },
    ]);
    const errors = [{ name: "top-1", color: 1, look: "points", ...ofValidations("top1_error") }];
    // Of five classes or fewer, the right one is always among the five best.
    if (!(this.model.classes <= 5)) errors.push({ name: "top-5", color: 2, look: "points", ...ofValidations("top5_error") });
    this.error.set(errors);
    this.rate.set([{ name: "rate", color: 3, look: "line", ...line("learning_rate") }]);
    const speed = line("images_per_second");
    this.speed.set([
      { name: "images/s", color: 6, look: this.smoothing > 0 ? "faint" : "line", ...speed },
      ...(this.smoothing > 0 ? [{ name: "smoothed", color: 6, look: "line", x: speed.x, y: smoothed(speed.y, this.smoothing) }] : []),
    ]);
    this.element.dataset.points = String(loss.x.length);
    this.element.setAttribute("data-last", count(this.lastStep()));
  }
}

/** Groups single steps into buckets of the fetched width, so that the end of a curve is as smooth as the rest. */
function bucketed(tail, steps) {
  const width = steps.length > 1 ? Math.max(1, steps.at(-1) - steps.at(-2), steps[1] - steps[0]) : 1;
  const buckets = [];
  for (const step of tail) {
    const index = Math.floor(step.step / width);
    const last = buckets.at(-1);
    if (last?.index === index) last.steps.push(step);
    else buckets.push({ index, steps: [step] });
  }
  return buckets.map(({ steps: inside }) => {
    // A loss of NaN is null here, and does not count in the mean.
    const losses = inside.map((step) => step.loss).filter(Number.isFinite);
    const mean = (values) => (values.length ? values.reduce((sum, one) => sum + one, 0) / values.length : null);
    return {
      ...inside.at(-1), loss: mean(losses), images_per_second: mean(inside.map((step) => step.images_per_second).filter(Number.isFinite)),
      low: losses.length ? Math.min(...losses) : null, high: losses.length ? Math.max(...losses) : null,
    };
  });
}
