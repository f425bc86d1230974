// A line chart in SVG: lines, bands, points and event marks over training steps. For the keyboard and screen readers its
// cursor is a slider. The legend shows the values at the cursor and never covers the curves.

import { fill, h, oncePerFrame, s, setAttribute, setText } from "./dom.js";
import { count, figure, nothing } from "./format.js";
import { domainOf, lastNotAbove, linearScale, linearTicks, logScale, logTicks, nearest } from "./scales.js";
import { plainTable, tableDetails } from "./table.js";

const margin = { top: 18, right: 10, bottom: 24, left: 52 };

/**
 * series: [{name, color: 0…7, x: [], y: [], low?: [], high?: [], look: "line" | "faint" | "points", dash?}]
  * `format` formats a value, `ticks` a value on the axis. A group (chart-group.js) shares cursor, range and events.
 */
export class LineChart {
  constructor({ title, format, ticks = (value) => figure(value), isLog = false, note = "", height = 220 }) {
    Object.assign(this, { title, format, ticks, isLog, height, series: [], group: null, width: 0 });
    this.legend = h("ul", { class: "legend" });
    this.svg = s("svg", { "aria-hidden": "true", focusable: "false", height });
    this.plot = h("div", { class: "plot", role: "slider", tabindex: "0", "aria-label": `${title}: cursor over training steps`, "aria-valuemin": 0, "aria-valuemax": 0, "aria-valuenow": 0, "aria-valuetext": "no steps yet" }, this.svg);
    this.plot.style.setProperty("min-height", `${height}px`);
    this.table = tableDetails(`${title} as a table`, () => this.makeTable());
    this.element = h(
      "figure", { class: "chart" }, h("figcaption", {}, h("h3", {}, title), note && h("span", { class: "quiet" }, note)), this.legend, this.plot, this.table.element);
    this.draw = oncePerFrame(() => this.render());
    new ResizeObserver(([entry]) => {
      this.width = Math.round(entry.contentRect.width);
      this.draw();
    }).observe(this.plot);
  }

  set(series) {
    this.series = series;
    this.draw();
  }

  setLog(isLog) {
    this.isLog = isLog;
    this.draw();
  }

  // MARK: Drawing

  render() {
    if (!this.width || !this.group) return;
    const { width, height } = this;
    const range = this.group.range();
    const inside = this.series.map((one) => visible(one, range));
    const known = domainOf(inside.flatMap((one) => one.y), this.isLog);
    const domain = known ?? [0.1, 1];
    const x = linearScale(range, [margin.left, width - margin.right]);
    const y = (this.isLog ? logScale : linearScale)(domain, [height - margin.bottom, margin.top]);
    this.x = x;
    this.y = y;
    const clip = `clip-${this.title.replace(/\W+/g, "-")}`;
    const drawn = inside.map((one) => this.drawSeries(one, x, y));
    setAttribute(this.svg, "width", width);
    setAttribute(this.svg, "viewBox", `0 0 ${width} ${height}`);
    this.cursorLayer = s("g", { class: "cursor" });
    this.selection = s("rect", { class: "selection", y: margin.top, height: height - margin.top - margin.bottom, width: 0 });
    fill(
      this.svg,
      s("clipPath", { id: clip }, s("rect", { x: margin.left - 4, y: margin.top - 4, width: Math.max(0, width - margin.left - margin.right + 8), height: height - margin.top - margin.bottom + 8 })),
      this.drawAxes(range, domain, known !== null, x, y), this.drawEvents(x), s("g", { "clip-path": `url(#${clip})` }, drawn, this.selection), this.cursorLayer);
    this.makeLegend();
    this.showCursor();
    this.table.refresh();
  }

  drawAxes(range, domain, isKnown, x, y) {
    const { width, height } = this;
    const rows = !isKnown ? [] : this.isLog ? logTicks(domain, 5) : linearTicks(domain, height / 48);
    const columns = linearTicks(range, Math.max(2, width / 110), true).filter((tick) => tick >= range[0] && tick <= range[1]);
    return s(
      "g", { class: "axes" },
      rows.map((tick) => [
        s("line", { x1: margin.left, x2: width - margin.right, y1: y(tick), y2: y(tick) }),
        s("text", { x: margin.left - 8, y: y(tick), dy: "0.32em", "text-anchor": "end" }, this.ticks(tick)),
      ]),
      isKnown ? null : s("text", { x: (margin.left + width) / 2, y: height / 2, "text-anchor": "middle" }, "no data yet"),
      columns.map((tick) => {
        const position = x(tick);
        const anchor = position > width - 40 ? "end" : position < margin.left + 12 ? "start" : "middle";
        return s("text", { x: position, y: height - 8, "text-anchor": anchor }, count(tick));
      }));
  }

  drawSeries(one, x, y) {
    const color = `s${one.color % 8}`;
    const path = pathOf(one.x, one.y, x, y, this.isLog);
    if (one.look === "points") {
      const points = one.x.map((step, index) => (usable(one.y[index], this.isLog) ? s("circle", { cx: x(step).toFixed(1), cy: y(one.y[index]).toFixed(1), r: one.x.length > 100 ? 1.5 : one.x.length > 40 ? 2 : 3 }) : null));
      return s("g", { class: `points ${color}` }, s("path", { d: path, "stroke-dasharray": one.dash ?? null }), points);
    }
    const band = one.low && one.high ? s("path", { class: "band", d: bandOf(one, x, y, this.isLog) }) : null;
    const drawable = [...one.y.keys()].filter((index) => usable(one.y[index], this.isLog));
    // A line through a single point would be invisible.
    const line = drawable.length === 1 ? s("circle", { cx: x(one.x[drawable[0]]), cy: y(one.y[drawable[0]]), r: 2.5 }) : s("path", { class: "line", d: path, "stroke-dasharray": one.dash ?? null });
    return s("g", { class: `${one.look} ${color}` }, band, line);
  }

  drawEvents(x) {
    const bottom = this.height - margin.bottom;
    // Events are merged by pixel into one path per level, because there may be thousands. A failure hides a note at its pixel.
    const pixels = { minor: new Set(), note: new Set(), bad: new Set() };
    for (const event of this.group.visibleEvents()) pixels[event.level].add(Math.round(x(event.at)));
    for (const pixel of pixels.bad) pixels.note.delete(pixel);
    const path = (level, draw) => [...pixels[level]].map(draw).join("");
    const flags = (level) => s("g", { class: level }, s("path", { class: "rule", d: path(level, (pixel) => `M${pixel} ${margin.top - 6}V${bottom}`) }), s("path", { class: "flag", d: path(level, (pixel) => `M${pixel} ${margin.top - 4}l-4.5 -8h9z`) }));
    return s("g", { class: "events" }, s("path", { class: "minor", d: path("minor", (pixel) => `M${pixel} ${bottom}v-5`) }), flags("note"), flags("bad"));
  }

  // MARK: The cursor and the legend

  makeLegend() {
    this.readings = this.series.map(() => h("span", { class: "value" }));
    this.at = h("span", { class: "value" });
    fill(
      this.legend, h("li", { class: "at" }, "step ", this.at),
      this.series.map((one, index) => h("li", { class: `s${one.color % 8}` }, swatch(one), one.name, " ", this.readings[index])));
  }

  showCursor() {
    if (!this.x) return;
    const range = this.group.range();
    const cursor = this.group.cursor;
    const step = cursor ?? range[1];
    const texts = this.series.map((one, index) => {
      const text = valueAt(one, step, this.format, cursor !== null);
      setText(this.readings[index], text);
      return text === nothing ? null : `${one.name} ${text}`;
    });
    setText(this.at, count(Math.round(step)));
    const { height } = this;
    fill(
      this.cursorLayer,
      cursor === null ? null : s("path", { d: `M${this.x(step).toFixed(1)} ${margin.top}V${height - margin.bottom}` }),
      cursor === null ? null : this.series.map((one) => {
        const index = indexAt(one, step, true);
        if (index < 0 || !usable(one.y[index], this.isLog)) return null;
        return s("circle", { class: `s${one.color % 8}`, cx: this.x(one.x[index]).toFixed(1), cy: this.y(one.y[index]).toFixed(1), r: 3.5 });
      }));
    const event = this.group.eventAt(step);
    setAttribute(this.plot, "aria-valuemin", Math.round(range[0]));
    setAttribute(this.plot, "aria-valuemax", Math.round(range[1]));
    setAttribute(this.plot, "aria-valuenow", Math.round(step));
    // While the chart has the focus, its text changes only with the cursor, or a screen reader would speak every new step.
    if (cursor !== null || document.activeElement !== this.plot) setAttribute(this.plot, "aria-valuetext", `step ${count(Math.round(step))}: ${texts.filter(Boolean).join(", ") || "no values"}${event ? `. ${event.message}` : ""}`);
  }

  makeTable() {
    const steps = [...new Set(this.series.flatMap((one) => one.x))].sort((one, other) => one - other);
    // Some hundred rows suffice; metrics.jsonl has all of them.
    const every = Math.max(1, Math.ceil(steps.length / 200));
    const rows = steps.filter((_, index) => index % every === 0 || index === steps.length - 1);
    return plainTable(
      this.title, ["step", ...this.series.map((one) => one.name)],
      rows.map((step) => [count(step), ...this.series.map((one) => valueAt(one, step, this.format, true))]));
  }

  plotArea() {
    return { left: margin.left, right: this.width - margin.right };
  }
}

function swatch(one) {
  const mark = [s("path", { d: "M0 5h16", "stroke-dasharray": one.dash ?? null }), one.look === "points" && s("circle", { cx: 8, cy: 5, r: 3 })];
  return s("svg", { class: `swatch ${one.look}`, width: 16, height: 10, "aria-hidden": "true", focusable: "false" }, mark);
}

const usable = (value, isLog) => value !== null && value !== undefined && Number.isFinite(value) && (!isLog || value > 0);

/** Returns the part of a series in a range, with one more point on either side so that lines reach the edge. */
function visible(one, [from, to]) {
  const first = Math.max(0, lastNotAbove(one.x, from));
  const last = Math.min(one.x.length, lastNotAbove(one.x, to) + 2);
  const cut = (values) => values?.slice(first, last);
  return { ...one, x: cut(one.x), y: cut(one.y), low: cut(one.low), high: cut(one.high) };
}

function pathOf(steps, values, x, y, isLog) {
  let path = "";
  let isPen = false;
  for (let index = 0; index < steps.length; index += 1) {
    if (!usable(values[index], isLog)) {
      isPen = false;
      continue;
    }
    path += `${isPen ? "L" : "M"}${x(steps[index]).toFixed(1)} ${y(values[index]).toFixed(1)}`;
    isPen = true;
  }
  return path;
}

function bandOf(one, x, y, isLog) {
  const good = [...one.x.keys()].filter((index) => usable(one.low[index], isLog) && usable(one.high[index], isLog));
  if (good.length < 2) return "";
  const point = (index, value) => `${x(one.x[index]).toFixed(1)} ${y(value).toFixed(1)}`;
  return `M${good.map((index) => point(index, one.high[index])).join("L")}L${good.reverse().map((index) => point(index, one.low[index])).join("L")}Z`;
}

/**
 * Returns the index of the entry nearest to a step, or for points of the last one before it. At a cursor, a line that ends
 * before it has no value.
 */
function indexAt(one, step, isCursor) {
  if (one.x.length === 0) return -1;
  if (one.look === "points") return lastNotAbove(one.x, step);
  const width = one.x.length > 1 ? one.x.at(-1) - one.x.at(-2) : 1;
  return isCursor && step > one.x.at(-1) + width ? -1 : nearest(one.x, step);
}

function valueAt(one, step, format, isCursor) {
  const index = indexAt(one, step, isCursor);
  const value = index < 0 ? null : one.y[index];
  return value === null || value === undefined ? nothing : format(value);
}
