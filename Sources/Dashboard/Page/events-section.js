// The events of a run, newest first, with a separate table of verdicts.

import { checkbox, h, throttled } from "./dom.js";
import { clockTime, count } from "./format.js";
import { isVerdict, levelOf, stepOf } from "./events.js";
import { DataTable } from "./table.js";

/** The largest number of rows, because more would be slow. Older events are in events.jsonl. */
const most = 500;

const columns = [
  { title: "time", class: "number", value: (event) => event.time, render: (time) => h("time", { datetime: time, title: time }, clockTime(time)) },
  { title: "step", class: "number", value: (event) => count(stepOf(event)) },
  { title: "kind", value: (event) => [event.kind, event.level], render: ([kind, level]) => h("span", { class: `kind ${level}` }, kind) },
  { title: "what happened", class: "words", header: true, value: (event) => event.message },
];

export class EventsSection {
  constructor(model) {
    this.model = model;
    this.shown = { bad: true, note: true, minor: true };
    const key = (event) => event.number;
    this.verdicts = new DataTable({ caption: "Verdicts, newest first", look: "lines", key, columns, empty: "No process has been found to block the run." });
    this.table = new DataTable({ caption: "Events, newest first", look: "lines", key, columns, empty: "No such events." });
    const level = (name, text) => checkbox(text, true, (isOn) => { this.shown[name] = isOn; this.update(); });
    this.note = h("p", { class: "quiet small" });
    this.element = h(
      "div", {}, h("h3", {}, "Verdicts"), this.verdicts.element, h("h3", {}, "All events"),
      h("div", { class: "controls" }, level("bad", "Failures and verdicts"), level("note", "Changes"), level("minor", "Routine")), this.table.element, this.note);
    this.refresh = throttled(1000, () => this.update());
  }

  async open() {
    this.end = this.model.on(["events", "record"], () => this.refresh());
    this.update();
  }

  close() {
    this.end?.();
    this.refresh.cancel();
  }

  update() {
    const events = this.model.events.map((event, number) => ({ ...event, number, level: levelOf(event.kind) })).reverse();
    this.verdicts.set(events.filter(isVerdict).slice(0, most));
    const wanted = events.filter((event) => this.shown[event.level]);
    this.table.set(wanted.slice(0, most));
    this.note.textContent = wanted.length > most ? `The newest ${count(most)} of ${count(wanted.length)}; all are in the run's events.jsonl.` : "";
  }
}
