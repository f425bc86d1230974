// The shared state of stacked charts: the range of steps, the cursor, and the events on their axis.

import { h, setText } from "./dom.js";
import { clockTime, count } from "./format.js";
import { nearest } from "./scales.js";

/** The distance in pixels within which the cursor counts as on an event. */
const reach = 5;
const hint = "Point at a chart, or focus it and use the arrow keys, to read its values and events.";

export class ChartGroup {
  constructor({ zoomed = () => {} } = {}) {
    Object.assign(this, { charts: [], extent: [1, 2], zoom: null, cursor: null, events: [], showsMinor: true, zoomed });
    this.caption = h("p", { class: "event-line", "aria-hidden": "true" }, hint);
  }

  add(chart) {
    chart.group = this;
    this.charts.push(chart);
    listen(this, chart);
    return chart;
  }

  range() {
    return this.zoom ?? this.extent;
  }

  /** Sets the range of all steps. */
  setExtent(first, last) {
    this.extent = [first, Math.max(last, first + 1)];
    this.draw();
  }

  /** Sets the events of `placeEvents`, ordered by their place on the axis. */
  setEvents(events) {
    this.events = events;
    this.draw();
  }

  draw() {
    for (const chart of this.charts) chart.draw();
  }

  setZoom(range) {
    if (range) {
      const [first, last] = this.extent;
      const from = Math.max(first, Math.round(range[0]));
      const to = Math.min(last, Math.max(from + 1, Math.round(range[1])));
      range = from <= first && to >= last ? null : [from, to];
    }
    this.zoom = range;
    if (range && this.cursor !== null && (this.cursor < range[0] || this.cursor > range[1])) this.cursor = null;
    this.draw();
    this.zoomed(range);
  }

  setCursor(step) {
    const [from, to] = this.range();
    this.cursor = step === null ? null : Math.min(to, Math.max(from, step));
    for (const chart of this.charts) chart.showCursor();
    const event = this.cursor === null ? null : this.eventAt(this.cursor);
    setText(this.caption, event ? `${event.step === null ? clockTime(event.time) : `step ${count(event.step)}`}: ${event.message}` : hint);
  }

  visibleEvents() {
    const [from, to] = this.range();
    return this.events.filter((event) => event.at >= from && event.at <= to && (this.showsMinor || event.level !== "minor"));
  }

  /** Returns the event under the cursor. Failures take precedence over notes, and notes over checkpoints. */
  eventAt(step) {
    const chart = this.charts[0];
    if (!chart?.x) return null;
    const order = { bad: 0, note: 1, minor: 2 };
    const near = this.visibleEvents().filter((event) => Math.abs(chart.x(event.at) - chart.x(step)) <= reach);
    return near.sort((one, other) => order[one.level] - order[other.level])[0] ?? null;
  }

  /** Returns the steps at which the cursor stops: those of the series with the most points. */
  stops(chart) {
    const [from, to] = this.range();
    const series = chart.series.reduce((most, one) => (one.x.length > (most?.x.length ?? 0) ? one : most), null);
    return (series?.x ?? []).filter((step) => step >= from && step <= to);
  }

  move(chart, by) {
    const stops = this.stops(chart);
    if (stops.length === 0) return;
    const index = this.cursor === null ? stops.length - 1 : nearest(stops, this.cursor);
    const isStart = this.cursor === null && by < 0;
    this.setCursor(stops[Math.min(stops.length - 1, Math.max(0, index + (isStart ? by + 1 : by)))]);
  }

  /** Scales the visible range around the cursor. */
  scale(factor) {
    const [from, to] = this.range();
    const middle = this.cursor ?? (from + to) / 2;
    this.setZoom([middle - (middle - from) * factor, middle + (to - middle) * factor]);
  }

  toEvent(direction) {
    const here = this.cursor ?? (direction > 0 ? -Infinity : Infinity);
    const events = this.visibleEvents().filter((event) => event.level !== "minor" && (direction > 0 ? event.at > here : event.at < here));
    const event = direction > 0 ? events[0] : events.at(-1);
    if (event) this.setCursor(event.at);
  }
}

function listen(group, chart) {
  const { plot } = chart;
  const stepOf = (event) => chart.x.invert(event.clientX - plot.getBoundingClientRect().left);
  let dragFrom = null;

  plot.addEventListener("pointermove", (event) => {
    if (!chart.x) return;
    group.setCursor(stepOf(event));
    if (dragFrom === null) return;
    const [one, other] = [chart.x(dragFrom), chart.x(group.cursor)].sort((a, b) => a - b);
    chart.selection.setAttribute("x", one);
    chart.selection.setAttribute("width", other - one);
  });
  plot.addEventListener("pointerdown", (event) => {
    if (!chart.x) return;
    group.setCursor(stepOf(event));
    // Touch moves the cursor and scrolls the page; only a mouse or pen selects a range.
    if (event.pointerType === "touch" || event.button !== 0) return;
    dragFrom = group.cursor;
    plot.setPointerCapture(event.pointerId);
  });
  plot.addEventListener("pointerup", () => {
    if (dragFrom === null) return;
    const [one, other] = [dragFrom, group.cursor].sort((a, b) => a - b);
    dragFrom = null;
    chart.selection.setAttribute("width", 0);
    if (chart.x(other) - chart.x(one) > 6) group.setZoom([one, other]);
  });
  plot.addEventListener("pointerleave", () => {
    if (dragFrom === null && document.activeElement !== plot) group.setCursor(null);
  });
  plot.addEventListener("dblclick", () => group.setZoom(null));
  plot.addEventListener("blur", () => group.setCursor(null));

  const tenth = () => Math.max(1, Math.round(group.stops(chart).length / 10));
  const keys = {
    ArrowLeft: () => group.move(chart, -1), ArrowDown: () => group.move(chart, -1), ArrowRight: () => group.move(chart, 1), ArrowUp: () => group.move(chart, 1),
    PageDown: () => group.move(chart, -tenth()), PageUp: () => group.move(chart, tenth()), Home: () => group.move(chart, -Infinity), End: () => group.move(chart, Infinity),
    "+": () => group.scale(0.5), "=": () => group.scale(0.5), "-": () => group.scale(2), 0: () => group.setZoom(null), e: () => group.toEvent(1), E: () => group.toEvent(-1), Escape: () => group.setCursor(null),
  };
  plot.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
}
