// The current activity of every process, how workers spend their time, and the traffic between them.

import { h } from "./dom.js";
import { bytes, count, duration, nothing, percent, processName } from "./format.js";
import { columnChip, shareBar, shares } from "./state.js";
import { DataTable } from "./table.js";
import { Topology } from "./topology.js";

const phaseWords = {
  computing: "computing", awaiting_slab: "waiting for another worker", awaiting_value: "waiting for the store", awaiting_grant: "waiting for the next step",
  awaiting_pictures: "waiting for images", sending: "sending", preparing: "preparing", holding: "paused", idle: "idle", updating: "updating",
};

/** Seconds of silence beyond which the value is highlighted. */
const silence = 3;
/** The factor over an instruction's usual duration beyond which the value is highlighted. */
const slow = 4;

export class WorkersSection {
  constructor(model) {
    this.model = model;
    this.table = new DataTable({
      caption: "Processes of the run", key: (process) => processName(process), empty: "The run has no processes now.",
      columns: [
        { title: "process", header: true, value: (process) => [processName(process), process.columns], class: "name", render: ([name, columns]) => [name, columns?.length ? h("span", { class: "chips" }, columns.map(columnChip)) : null] },
        { title: "host", class: "host", value: (process) => [process.host, process.process, process.clock?.uncertainty], render: ([host, id, uncertainty]) => [host ?? nothing, h("div", { class: "quiet small" }, [id ? `process ${id}` : null, uncertainty ? `clock ±\u00a0${duration(uncertainty)}` : null].filter(Boolean).join(", "))] },
        { title: "state", class: "phase-cell", value: (process) => [process.phase, process.instruction], render: ([phase, instruction]) => [h("span", { class: `phase ${phase ?? ""}` }, phaseWords[phase] ?? phase ?? nothing), instruction ? h("div", { class: "quiet small" }, instruction) : null] },
        { title: "step", class: "number", value: (process) => count(process.step) },
        { title: "for", class: "number", value: (process) => [process.for_seconds, process.usual_seconds], render: ([now, usual]) => h("span", { class: usual > 0 && now > slow * usual && now > 1 ? "bad-text" : "" }, duration(now), usual ? h("div", { class: "quiet small" }, `usually ${duration(usual)}`) : null) },
        { title: "silent", class: "number", value: (process) => process.silent_seconds, render: (value) => h("span", { class: value > silence ? "bad-text" : "" }, duration(value)) },
        { title: "share of time", class: "wide-cell", value: (process) => process.share ?? null, render: (share) => (share ? shareBar(share) : nothing) },
        ...shares.map(({ key, text }) => ({ title: key, class: "number", value: (process) => percent(process.share?.[key], 1), text })),
        { title: "memory", class: "number", value: (process) => bytes(process.bytes) },
      ],
    });
    const legend = h("ul", { class: "legend" }, shares.map(({ kind, text }) => h("li", { class: `k-${kind}` }, h("span", { class: "block", "aria-hidden": "true" }), text)));
    this.note = h("p", { class: "quiet", hidden: true }, "The run has ended. Shares are of the whole run.");
    this.topology = new Topology();
    this.exchange = new DataTable({
      caption: "Bytes that workers send each other in a training step", key: (row) => row.key, empty: "Workers send each other nothing.",
      columns: [
        { title: "from", header: true, value: (row) => row.from }, { title: "to", value: (row) => row.to }, { title: "content", class: "words", value: (row) => row.what },
        { title: "per step", class: "number", value: (row) => bytes(row.bytes) }, { title: "per second", class: "number", value: (row) => (row.rate ? `${bytes(row.rate)}/s` : nothing) },
      ],
    });
    this.element = h(
      "div", {}, this.note, this.table.element, legend, h("h3", {}, "Topology"), this.topology.element, h("h3", {}, "Links"), this.exchange.element);
  }

  async open() {
    this.end = this.model.on(["status", "record"], () => this.update());
    this.update();
  }

  close() {
    this.end?.();
    this.topology.close();
  }

  update() {
    const processes = processesOf(this.model);
    this.note.hidden = this.model.isRunning;
    this.table.set(processes);
    this.topology.set({ processes, exchange: this.model.exchange, links: this.model.links });
    this.exchange.set(linkRows(this.model));
  }
}

const order = { coordinator: 0, worker: 1, store: 2 };

/** Returns the processes from the status of an active run; otherwise from the record, with shares of the whole run. */
export function processesOf({ status, record, isRunning }) {
  const live = isRunning ? status?.processes : null;
  const processes = live?.length ? live : (record?.processes ?? []).map((process) => ended(process, record, isRunning));
  return [...processes].sort((one, other) => (order[one.role] ?? 3) - (order[other.role] ?? 3) || one.rank - other.rank);
}

function ended(process, record, isRunning) {
  const work = (record.work ?? []).find((one) => one.role === process.role && one.rank === process.rank);
  const share = work && work.seconds > 0 && process.role === "worker"
    ? { exchanging: work.exchange_wait / work.seconds, waiting: work.store_wait / work.seconds, loading: work.data_wait / work.seconds } : null;
  if (share) share.computing = Math.max(0, 1 - share.exchanging - share.waiting - share.loading);
  return {
    ...process, phase: isRunning ? null : "ended", share, bytes: work?.peak_bytes,
    // The workers of a replica have all columns between them, so a worker's columns do not follow from its rank alone.
    columns: process.role === "worker" ? record.plan?.columns?.[process.rank] : undefined,
  };
}

function linkRows({ exchange, links, status, record }) {
  const batch = record?.configuration?.recipe?.batch;
  const steps = status?.images_per_second && batch ? status.images_per_second / batch : null;
  const rate = (amount) => (steps ? amount * steps : null);
  const slabs = exchange.map((link) => ({
    key: `${link.from} ${link.to}`, from: `worker ${link.from}`, to: `worker ${link.to}`, bytes: link.bytes, rate: rate(link.bytes),
    what: (link.slabs ?? []).map((slab) => `${slab.layer} ${slab.direction === "backward" ? "gradient" : "activations"} ${bytes(slab.bytes)}`).join(", ") || nothing,
  }));
  const others = (links ?? []).map((link, index) => ({ key: `link ${index}`, from: link.from, to: link.to, what: link.what ?? nothing, bytes: link.bytes, rate: rate(link.bytes) }));
  return [...slabs, ...others];
}
