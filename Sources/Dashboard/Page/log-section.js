// The merged log of all processes: equal lines of several processes are one line, and the first failure is shown on top.

import { checkbox, choice, fill, h, setText, throttled } from "./dom.js";
import { clockTime, count, duration, processRanges } from "./format.js";
import { DataTable } from "./table.js";

const most = 1000;

export class LogSection {
  constructor(model) {
    this.model = model;
    this.level = "info";
    this.process = "";
    this.isNewestFirst = true;
    this.words = h("input", { type: "search", oninput: () => this.refresh() });
    this.processes = choice("Process", [["", "all"]], "", (value) => { this.process = value; this.update(); });
    this.first = h("div", { class: "first-failure", hidden: true });
    this.note = h("p", { class: "quiet small" });
    this.table = new DataTable({
      caption: "Log of all processes", look: "lines", key: (line) => line.number, empty: "No such lines.",
      columns: [
        { title: "time", class: "number", value: (line) => [line.time, line.uncertainty], render: ([time, uncertainty]) => h("time", { datetime: time, title: `${time} ± ${duration(uncertainty)}` }, clockTime(time)) },
        { title: "processes", value: (line) => line.ranks, render: (ranks) => [processRanges(ranks), ranks.length > 1 ? h("span", { class: "quiet" }, ` ×${ranks.length}`) : null] },
        { title: "level", value: (line) => line.level, render: (level) => h("span", { class: `kind ${level === "error" ? "bad" : level === "warning" ? "note" : "minor"}` }, level) },
        { title: "message", class: "words mono", header: true, value: (line) => line.message },
      ],
    });
    this.element = h(
      "div", {}, this.first,
      h("div", { class: "controls" },
        choice("Level", [["info", "all"], ["warning", "warnings and errors"], ["error", "errors"]], "info", (value) => { this.level = value; this.update(); }), this.processes,
        h("label", { class: "field" }, h("span", {}, "Contains"), this.words), checkbox("Newest first", true, (isOn) => { this.isNewestFirst = isOn; this.update(); })),
      this.table.element, this.note);
    this.refresh = throttled(300, () => this.update());
  }

  async open() {
    this.end = this.model.on(["log"], () => this.refresh());
    await this.model.openLog();
    this.update();
  }

  close() {
    this.model.wantsLog = false;
    this.end?.();
    this.refresh.cancel();
  }

  update() {
    const { lines, first, firstFailure } = this.model.log;
    this.first.hidden = !firstFailure;
    if (firstFailure) {
      fill(
        this.first, h("h3", {}, "First failure"),
        h("p", {}, h("time", { datetime: firstFailure.time }, clockTime(firstFailure.time)), " ", h("strong", {}, processRanges(firstFailure.ranks)), h("span", { class: "quiet" }, ` clock ± ${duration(firstFailure.uncertainty)}`)),
        h("p", { class: "mono" }, firstFailure.message));
    }
    this.updateProcesses(lines);
    const levels = { info: ["info", "warning", "error"], warning: ["warning", "error"], error: ["error"] }[this.level];
    const words = this.words.value.trim().toLowerCase();
    const wanted = lines.map((line, index) => ({ ...line, number: first + index })).filter((line) => levels.includes(line.level) && (!this.process || line.ranks.includes(this.process)) && line.message.toLowerCase().includes(words));
    const shown = wanted.slice(-most);
    this.table.set(this.isNewestFirst ? shown.reverse() : shown);
    setText(this.note, wanted.length > most ? `The newest ${count(most)} of ${count(wanted.length)} lines; narrow the filter to see others.` : `${count(wanted.length)} lines`);
  }

  updateProcesses(lines) {
    const names = [...new Set(lines.flatMap((line) => line.ranks))].sort((one, other) => one.localeCompare(other, "en", { numeric: true }));
    if (names.join() === this.names) return;
    this.names = names.join();
    fill(this.processes.select, h("option", { value: "" }, "all"), names.map((name) => h("option", { value: name }, name)));
    this.processes.select.value = this.process;
  }
}
