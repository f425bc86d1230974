// The topology of a run: coordinator on top, workers with their columns in a row, stores below, bytes on the links.

import { fill, h, oncePerFrame, s, setAttribute } from "./dom.js";
import { bytes, processName, ranges } from "./format.js";

const node = { height: 62, low: 32, gap: 84, least: 96, most: 168 };
const rows = { coordinator: 8, worker: 118 };

/** The depth of an arc below the workers that links two that are not neighbours. It grows with their distance. */
const depth = (distance) => 20 + 26 * (distance - 1);

export class Topology {
  constructor() {
    this.svg = s("svg", { role: "img", class: "topology" });
    this.element = h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Topology" }, this.svg);
    this.draw = oncePerFrame(() => this.render());
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.element);
  }

  set(state) {
    const mark = JSON.stringify([state.processes.map((one) => [processName(one), one.host, one.phase, one.columns]), state.exchange, state.links]);
    if (mark === this.mark) return;
    this.mark = mark;
    this.state = state;
    this.draw();
  }

  close() {
    this.observer.disconnect();
  }

  render() {
    const { state } = this;
    const space = this.element.clientWidth;
    if (!state || !space) return;
    const workers = state.processes.filter((one) => one.role === "worker");
    const stores = state.processes.filter((one) => one.role === "store");
    const columns = Math.max(workers.length, stores.length, 1);
    const nodeWidth = Math.max(node.least, Math.min(node.most, (space - 8 - (columns - 1) * node.gap) / columns));
    const width = Math.max(space, columns * nodeWidth + (columns - 1) * node.gap + 8);
    const farthest = Math.max(1, ...state.exchange.map((link) => Math.abs(link.from - link.to)));
    const storeTop = rows.worker + node.height + (farthest > 1 ? depth(farthest) + 18 : 0) + 66;
    const height = storeTop + node.height + 8;
    const row = (list, top) => list.map((one, index) => ({ ...one, x: width / 2 + (index - (list.length - 1) / 2) * (nodeWidth + node.gap), y: top + node.height - heightOf(one), w: nodeWidth }));
    const nodes = [...row([state.processes.find((one) => one.role === "coordinator") ?? { role: "coordinator", rank: 0 }], rows.coordinator), ...row(workers, rows.worker), ...row(stores, storeTop)];
    const at = new Map(nodes.map((one) => [processName(one), one]));
    setAttribute(this.svg, "width", width);
    setAttribute(this.svg, "height", height);
    setAttribute(this.svg, "viewBox", `0 0 ${width} ${height}`);
    setAttribute(this.svg, "aria-label", describe(state, workers, stores));
    // Labels are drawn last, so that no line crosses them.
    this.labels = [];
    fill(this.svg, this.control(at), this.storeLinks(at, state.links), this.exchangeLinks(at, state.exchange), nodes.map(drawNode), this.labels);
  }

  /** Draws the links of grants and reports. They are thin, because they carry little. */
  control(at) {
    const from = at.get("coordinator");
    return s("g", { class: "control" }, [...at.values()].filter((one) => one.role === "worker").map((to) => s("path", { d: `M${from.x} ${rows.coordinator + node.height}C${from.x} ${rows.coordinator + node.height + 30} ${to.x} ${to.y - 30} ${to.x} ${to.y}` })));
  }

  /** Draws the links for gradients and values: those that the server reports, or else a plain line to every store. */
  storeLinks(at, links) {
    const all = [...at.values()];
    const known = (links ?? []).filter((link) => at.has(link.from) && at.has(link.to));
    return s("g", { class: "to-store" }, all.filter((one) => one.role === "worker").flatMap((worker) => all.filter((one) => one.role === "store").map((store) => {
      const carried = known.filter((link) => [link.from, link.to].includes(processName(worker)) && [link.from, link.to].includes(processName(store)));
      if (known.length > 0 && carried.length === 0) return null;
      const total = carried.reduce((sum, link) => sum + link.bytes, 0);
      const [top, bottom] = [worker.y + node.height, store.y];
      const path = s("path", { d: `M${worker.x} ${top}C${worker.x} ${top + 40} ${store.x} ${bottom - 40} ${store.x} ${bottom}` });
      if (total > 0) this.labels.push(label((worker.x + store.x) / 2, (top + bottom) / 2 + 14, bytes(total)));
      return path;
    })));
  }

  exchangeLinks(at, exchange) {
    return s("g", { class: "exchange" }, exchange.map((link) => {
      const from = at.get(`worker ${link.from}`);
      const to = at.get(`worker ${link.to}`);
      if (!from || !to) return null;
      const side = to.x > from.x ? 1 : -1;
      if (Math.abs(link.from - link.to) === 1) {
        // One arrow for each direction, with its bytes above or below.
        const y = from.y + node.height / 2 + (side > 0 ? -11 : 11);
        const [x1, x2] = [from.x + (side * from.w) / 2, to.x - (side * to.w) / 2];
        this.labels.push(label((x1 + x2) / 2, y + (side > 0 ? -7 : 17), bytes(link.bytes)));
        return [s("path", { d: `M${x1} ${y}H${x2 - side * 7}` }), arrow(x2, y, side)];
      }
      if (side < 0) return null; // Drawn together with the other direction.
      const back = exchange.find((one) => one.from === link.to && one.to === link.from);
      const y = from.y + node.height;
      const bow = depth(Math.abs(link.from - link.to));
      this.labels.push(label((from.x + to.x) / 2, y + bow + 4, `${bytes(link.bytes)} → ${back ? `← ${bytes(back.bytes)}` : ""}`));
      return s("path", { d: `M${from.x + 14} ${y}C${from.x + 14} ${y + bow * 1.33} ${to.x - 14} ${y + bow * 1.33} ${to.x - 14} ${y}` });
    }));
  }
}

/** A node without details, such as the coordinator, is drawn low. */
const heightOf = (process) => (process.host || process.phase || process.columns?.length ? node.height : node.low);

const arrow = (x, y, side) => s("path", { class: "head", d: `M${x} ${y}l${-side * 8} -4v8z` });
const label = (x, y, text) => s("text", { class: "bytes", x, y, "text-anchor": "middle" }, text);

function drawNode(box) {
  const left = box.x - box.w / 2;
  const columns = box.columns ?? [];
  const each = (box.w - 16) / Math.max(1, columns.length);
  const longest = Math.floor((box.w - 14) / 6.3);
  const host = box.host && box.host.length > longest ? `${box.host.slice(0, longest - 1)}…` : box.host ?? "";
  return s(
    "g", { class: `node ${box.role}` },
    s("rect", { x: left, y: box.y, width: box.w, height: heightOf(box), rx: 4 }),
    s("text", { class: "name", x: box.x, y: box.y + 20, "text-anchor": "middle" }, processName(box)),
    s("text", { class: "host", x: box.x, y: box.y + 36, "text-anchor": "middle" }, host),
    columns.length === 0 && box.phase ? s("text", { class: "host", x: box.x, y: box.y + 53, "text-anchor": "middle" }, box.phase) : null,
    columns.map((column, index) => [
      s("rect", { class: `column s${column % 8}`, x: left + 8 + index * each, y: box.y + 43, width: Math.max(1, each - 2), height: 13, rx: 2 }),
      each > 12 ? s("text", { class: "on-column", x: left + 8 + index * each + (each - 2) / 2, y: box.y + 53.5, "text-anchor": "middle" }, each > 56 ? `column ${column}` : String(column)) : null,
    ]));
}

function describe(state, workers, stores) {
  const assigned = workers.map((worker) => `worker ${worker.rank} with column ${ranges(worker.columns ?? [])}`).join(", ");
  const sent = state.exchange.map((link) => `worker ${link.from} to worker ${link.to} ${bytes(link.bytes)}`).join(", ");
  return `A coordinator; ${assigned || "no workers"}; ${stores.length} store${stores.length === 1 ? "" : "s"}. In a step: ${sent || "no exchange"}. The table of links has the details.`;
}
