// The chart of a traced step: a lane for each process, coloured by kind, with zoom, tooltips and arrows. For the keyboard
// it is a slider over spans: left and right move along a lane, up and down between lanes.

import { fill, h, oncePerFrame, s, setAttribute } from "./dom.js";
import { nanoseconds } from "./format.js";
import { linearScale, linearTicks } from "./scales.js";
import { kinds } from "./timeline-data.js";

const lane = { label: 17, bar: 26, gap: 14 };
const top = 26;
const margin = 8;

export class TimelineView {
  constructor() {
    this.svg = s("svg", { "aria-hidden": "true", focusable: "false" });
    this.tip = h("div", { class: "tip", "aria-hidden": "true", hidden: true });
    this.plot = h("div", { class: "plot timeline", role: "slider", tabindex: "0", "aria-label": "Timeline: cursor over spans", "aria-valuemin": 0, "aria-valuemax": 0, "aria-valuenow": 0, "aria-valuetext": "nothing chosen" }, this.svg, this.tip);
    const button = (text, label, action) => h("button", { type: "button", "aria-label": label, onclick: action }, text);
    this.buttons = h("div", { class: "group", role: "group", "aria-label": "Zoom" }, button("+", "zoom in", () => this.zoom(0.5)), button("−", "zoom out", () => this.zoom(2)), button("←", "earlier", () => this.pan(-0.25)), button("→", "later", () => this.pan(0.25)), button("Whole step", "the whole step", () => this.fit()));
    this.draw = oncePerFrame(() => this.render());
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.plot);
    this.listen();
  }

  set(data) {
    this.data = data;
    this.chosen = null;
    this.hovered = null;
    this.window = [0, data.end];
    setAttribute(this.plot, "aria-valuetext", `step ${data.step}: ${data.lanes.length} processes, ${nanoseconds(data.end)}. Arrow keys move between spans.`);
    this.draw();
  }

  close() {
    this.observer.disconnect();
  }

  // MARK: Visible range

  fit() {
    this.window = [0, this.data.end];
    this.draw();
  }

  zoom(factor, about = null) {
    const [from, to] = this.window;
    const middle = about ?? (this.chosen ? Math.min(to, Math.max(from, this.chosen.start + this.chosen.duration / 2)) : (from + to) / 2);
    // Below a microsecond there are no further details.
    const length = Math.min(this.data.end, Math.max(1000, (to - from) * factor));
    const start = middle - ((middle - from) / (to - from)) * length;
    this.showRange(start, length);
  }

  pan(share) {
    const [from, to] = this.window;
    this.showRange(from + share * (to - from), to - from);
  }

  showRange(start, length) {
    const from = Math.max(0, Math.min(this.data.end - length, start));
    this.window = [from, from + length];
    this.draw();
  }

  // MARK: Drawing

  render() {
    const width = this.plot.clientWidth;
    if (!this.data || !width) return;
    const { lanes, arrows } = this.data;
    const height = top + lanes.length * (lane.label + lane.bar + lane.gap);
    const x = linearScale(this.window, [margin, width - margin]);
    this.x = x;
    setAttribute(this.svg, "width", width);
    setAttribute(this.svg, "height", height);
    setAttribute(this.svg, "viewBox", `0 0 ${width} ${height}`);
    const [from, to] = this.window;
    const ticks = linearTicks(this.window, width / 100);
    this.shapes = new Map();
    fill(
      this.svg,
      s("clipPath", { id: "timeline-clip" }, s("rect", { x: margin, y: 0, width: width - 2 * margin, height })),
      s("g", { class: "axes" }, ticks.map((tick) => [s("line", { x1: x(tick), x2: x(tick), y1: top - 6, y2: height }), s("text", { x: x(tick), y: 12, "text-anchor": x(tick) > width - 36 ? "end" : x(tick) < 36 ? "start" : "middle" }, axisTime(tick, to - from))])),
      lanes.map((one, index) => s("g", {}, s("text", { class: "lane-name", x: margin, y: barTop(index) - 5 }, one.name), s("rect", { class: "lane", x: margin, y: barTop(index), width: width - 2 * margin, height: lane.bar }))),
      s("g", { "clip-path": "url(#timeline-clip)" },
        lanes.flatMap((one) => one.spans).filter((span) => span.end >= from && span.start <= to).map((span) => this.drawSpan(span, x)),
        arrows.filter((arrow) => arrow.to.end >= from && arrow.from.start <= to).map((arrow) => this.drawArrow(arrow, x))));
    this.mark();
  }

  drawSpan(span, x) {
    const left = x(span.start);
    const width = Math.max(0.7, x(span.end) - left);
    const rect = s("rect", { x: left.toFixed(2), y: barTop(span.lane), width: width.toFixed(2), height: lane.bar });
    const visibleLeft = Math.max(left, margin);
    const visibleWidth = Math.min(left + width, this.plot.clientWidth - margin) - visibleLeft;
    const letters = Math.floor((visibleWidth - 6) / 6.4);
    const text = letters >= 4 ? s("text", { x: visibleLeft + 4, y: barTop(span.lane) + 17 }, span.name.length > letters ? `${span.name.slice(0, letters - 1)}…` : span.name) : null;
    const group = s("g", { class: `span k-${span.kind}` }, rect, text);
    this.shapes.set(span, group);
    group.span = span;
    return group;
  }

  drawArrow({ from, to }, x) {
    const isDown = to.lane > from.lane;
    const [x1, x2] = [x(from.start), x(to.end)];
    const y1 = barTop(from.lane) + (isDown ? lane.bar : 0);
    const y2 = barTop(to.lane) + (isDown ? 0 : lane.bar);
    const tip = isDown ? -5 : 5;
    return s("g", { class: `arrow${from === this.shown() || to === this.shown() ? " on" : ""}` }, s("path", { d: `M${x1.toFixed(1)} ${y1}L${x2.toFixed(1)} ${y2}` }), s("path", { class: "head", d: `M${x2.toFixed(1)} ${y2}l-3 ${tip}h6z` }));
  }

  shown() {
    return this.hovered ?? this.chosen;
  }

  /** Highlights the span under the pointer or the keyboard's cursor, and describes it in the tooltip. */
  mark() {
    const span = this.shown();
    for (const [one, group] of this.shapes ?? []) group.classList.toggle("on", one === span);
    this.tip.hidden = !span || !this.shapes?.has(span);
    if (this.tip.hidden) return;
    const other = span.endedBy ? `ended by ${this.data.lanes[span.endedBy.lane].name}` : span.ends ? `ends the wait of ${this.data.lanes[span.ends.lane].name}` : null;
    fill(this.tip, h("strong", {}, span.name), h("span", {}, `${this.data.lanes[span.lane].name}: ${kinds[span.kind]}`), h("span", {}, `${nanoseconds(span.duration)}, from ${nanoseconds(span.start)}`), other && h("span", {}, other));
    const width = this.plot.clientWidth;
    const left = Math.max(0, Math.min(width - this.tip.offsetWidth - 4, this.x(Math.max(span.start, this.window[0]))));
    this.tip.style.setProperty("left", `${left}px`);
    this.tip.style.setProperty("top", `${barTop(span.lane) + lane.bar + 4}px`);
  }

  // MARK: Pointer and keyboard

  listen() {
    const { plot } = this;
    const fingers = new Map();
    const timeAt = (clientX) => this.x.invert(clientX - plot.getBoundingClientRect().left);
    plot.addEventListener("pointerdown", (event) => {
      fingers.set(event.pointerId, event.clientX);
      plot.setPointerCapture(event.pointerId);
      // After capturing, the plot is the target of all events, so the pressed span must be found here.
      const span = event.target.closest?.(".span")?.span;
      if (span) this.choose(span);
    });
    plot.addEventListener("pointermove", (event) => {
      if (!this.data || !this.x) return;
      const before = fingers.get(event.pointerId);
      if (before === undefined) {
        const span = event.target.closest?.(".span")?.span ?? null;
        if (span !== this.hovered) {
          this.hovered = span;
          this.draw();
        }
        return;
      }
      const others = [...fingers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
      if (others.length > 0) this.zoom(Math.abs(before - others[0]) / Math.max(8, Math.abs(event.clientX - others[0])), timeAt(others[0]));
      else this.showRange(this.window[0] + timeAt(before) - timeAt(event.clientX), this.window[1] - this.window[0]);
      fingers.set(event.pointerId, event.clientX);
    });
    for (const name of ["pointerup", "pointercancel"]) plot.addEventListener(name, (event) => fingers.delete(event.pointerId));
    plot.addEventListener("pointerleave", () => {
      this.hovered = null;
      this.draw();
    });
    plot.addEventListener("wheel", (event) => {
      // Without a modifier key the wheel scrolls the page as usual.
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      this.zoom(event.deltaY > 0 ? 1.25 : 0.8, timeAt(event.clientX));
    }, { passive: false });
    const keys = {
      ArrowRight: () => this.step(1), ArrowLeft: () => this.step(-1), ArrowDown: () => this.change(1), ArrowUp: () => this.change(-1), Home: () => this.step(-Infinity), End: () => this.step(Infinity),
      "+": () => this.zoom(0.5), "=": () => this.zoom(0.5), "-": () => this.zoom(2), 0: () => this.fit(), Escape: () => this.choose(null), Enter: () => this.follow(),
    };
    plot.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key] || !this.data) return;
      event.preventDefault();
      keys[event.key]();
    });
  }

  step(by) {
    const spans = this.data.lanes[this.chosen?.lane ?? 0]?.spans ?? [];
    const index = this.chosen ? spans.indexOf(this.chosen) + by : by > 0 && by < Infinity ? 0 : by;
    if (spans.length) this.choose(spans[Math.max(0, Math.min(spans.length - 1, index))]);
  }

  /** Chooses the span of the neighbouring lane at the same time. */
  change(by) {
    const at = this.chosen ? this.chosen.start : this.window[0];
    const next = Math.max(0, Math.min(this.data.lanes.length - 1, (this.chosen?.lane ?? -1) + by));
    const { spans } = this.data.lanes[next];
    const found = spans.findLast((span) => span.start <= at) ?? spans[0];
    if (found) this.choose(found);
  }

  /** Moves from a transfer to the wait that it ends, or back. */
  follow() {
    const other = this.chosen?.ends ?? this.chosen?.endedBy;
    if (other) this.choose(other);
  }

  choose(span) {
    this.chosen = span;
    if (span) {
      const [from, to] = this.window;
      if (span.start > to || span.end < from) this.showRange(span.start - (to - from) / 2, to - from);
      const { spans, name } = this.data.lanes[span.lane];
      setAttribute(this.plot, "aria-valuemax", spans.length);
      setAttribute(this.plot, "aria-valuenow", spans.indexOf(span) + 1);
      setAttribute(this.plot, "aria-valuetext", `${name}: ${span.name}, ${kinds[span.kind]}, ${nanoseconds(span.duration)} from ${nanoseconds(span.start)}${span.endedBy || span.ends ? "; Enter follows the transfer" : ""}`);
    }
    this.draw();
  }
}

/** Formats times on the axis, all with the same unit. */
function axisTime(value, length) {
  if (value === 0) return "0";
  return length < 200_000 ? `${Number((value / 1e3).toFixed(3))} µs` : `${Number((value / 1e6).toFixed(3))} ms`;
}

const barTop = (index) => top + lane.label + index * (lane.label + lane.bar + lane.gap);
