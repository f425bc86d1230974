// A run as the server tells of it: fetched once, then kept up to date by its stream. Sections listen for what they show.

import { api } from "./api.js";
import { throttled } from "./dom.js";
import { openStream } from "./stream.js";

export class RunModel extends EventTarget {
  constructor(name) {
    super();
    Object.assign(this, { name, record: null, summary: null, status: null, layers: [], exchange: [], links: [], events: [], log: { lines: [], first: 0, digest: "", firstFailure: null }, lastStep: null, error: null });
    this.seen = { events: 0, log: 0 };
    this.fetching = {};
    this.wantsLog = false;
    // The stream tells that there is something; what it is, is fetched by number, so that nothing is missed or doubled.
    this.fetchEvents = throttled(300, () => this.more("events").catch(() => {}));
    this.fetchLog = throttled(700, () => this.more("log").catch(() => {}));
  }

  async open() {
    await this.refresh();
    await this.more("events");
    const handlers = {
      status: (status) => this.change("status", () => { this.status = status; }),
      record: (record) => {
        this.change("record", () => { Object.assign(this, { record, exchange: record.plan?.exchange ?? this.exchange }); });
        this.refresh().catch(() => {});
      },
      step: (step) => this.change("step", () => { this.lastStep = step; }),
      // The best of all validations is the server's to say.
      validation: () => this.refresh().catch(() => {}),
      event: () => this.fetchEvents(),
      log: () => this.wantsLog && this.fetchLog(),
    };
    if (this.isClosed) return;
    this.stream = openStream(api.runStream(this.name), handlers, (isAgain) => {
      if (!isAgain) return;
      this.refresh().catch(() => {});
      this.fetchEvents();
      if (this.wantsLog) this.fetchLog();
      this.change("again");
    });
  }

  close() {
    this.isClosed = true;
    this.stream?.close();
    this.fetchEvents.cancel();
    this.fetchLog.cancel();
  }

  async refresh() {
    const answer = await api.run(this.name);
    Object.assign(this, { record: answer.record, summary: answer.summary, layers: answer.layers ?? [], exchange: answer.exchange ?? [], links: answer.links ?? [] });
    if (answer.status) this.status = answer.status;
    this.change("record");
    this.change("status");
  }

  /** Fetches what is new of events or log; one after the other, or two answers would hold the same entries. */
  more(what) {
    const next = (this.fetching[what] ?? Promise.resolve()).catch(() => {}).then(() => this.fetchMore(what));
    this.fetching[what] = next;
    return next;
  }

  async fetchMore(what) {
    const after = this.seen[what];
    const answer = await api[what](this.name, after, this.log.digest);
    this.seen[what] = answer.next;
    if (what === "events") this.events = this.events.concat(answer.events);
    else {
      // A line that arrived late stands among earlier ones; then the server sends these again.
      const isContinued = answer.first === after;
      const lines = isContinued ? this.log.lines.concat(answer.lines) : answer.lines;
      this.log = { lines, first: isContinued ? this.log.first : answer.first, digest: answer.digest, firstFailure: answer.first_failure ?? null };
    }
    this.change(what);
  }

  /** The log is long and read in one section only: it is fetched from there on. */
  async openLog() {
    this.wantsLog = true;
    await this.more("log");
  }

  change(what, action = () => {}) {
    action();
    this.dispatchEvent(new Event(what));
  }

  /** Listens for several changes; returns what ends it. */
  on(names, action) {
    for (const name of names) this.addEventListener(name, action);
    return () => names.forEach((name) => this.removeEventListener(name, action));
  }

  get isRunning() {
    return this.record?.state === "running";
  }

  /** The network's classes: the outputs of its last layer. */
  get classes() {
    const last = this.record?.configuration?.network?.layers?.at(-1) ?? {};
    return last.inner_product?.outputs ?? null;
  }

  get step() {
    return this.lastStep?.step ?? this.status?.step ?? 0;
  }
}
