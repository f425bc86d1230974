// The buttons that control a run. They are enabled only with the token, and while the run is active.

import { announce, h, setText } from "./dom.js";
import { api } from "./api.js";
import { askForToken, session, whenSessionChanges } from "./session.js";

export class RunControls {
  constructor(model) {
    this.model = model;
    this.checkpoint = h("button", { type: "button", id: "checkpoint", disabled: true, onclick: () => this.ask("checkpoint") }, "Checkpoint");
    this.stop = h("button", { type: "button", id: "stop", class: "danger", disabled: true, onclick: () => this.confirmStop() }, "Stop");
    this.hint = h("button", { type: "button", class: "link", onclick: () => askForToken() }, "needs the token");
    this.answer = h("span", { class: "quiet small", role: "status" });
    this.element = h("div", { class: "run-controls", role: "group", "aria-label": "Control of the run" }, this.answer, this.hint, this.checkpoint, this.stop);
    this.ends = [whenSessionChanges(() => this.update()), model.on(["events"], () => this.lookForCheckpoint())];
  }

  close() {
    this.ends.forEach((end) => end());
  }

  update() {
    const { isRunning } = this.model;
    const isUsable = isRunning && session.canControl;
    this.checkpoint.disabled = !isUsable || this.isBusy;
    this.stop.disabled = !isUsable || this.isBusy || this.isStopping;
    this.hint.hidden = !isRunning || session.canControl;
    this.element.hidden = !isRunning;
  }

  async ask(what) {
    this.isBusy = true;
    this.update();
    try {
      await api[what](this.model.name);
      const text = what === "stop" ? "Stopping after a checkpoint …" : "A checkpoint has been requested.";
      if (what === "stop") this.isStopping = true;
      else this.waitsAfter = this.model.events.length;
      setText(this.answer, text);
    } catch (error) {
      setText(this.answer, error.message);
      announce(error.message, { urgent: true });
    }
    this.isBusy = false;
    this.update();
  }

  /** Reports when the requested checkpoint has been written. */
  lookForCheckpoint() {
    const written = this.waitsAfter === undefined ? null : this.model.events.slice(this.waitsAfter).find((event) => event.kind === "checkpoint");
    if (!written) return;
    this.waitsAfter = undefined;
    setText(this.answer, `Written: ${written.message}.`);
  }

  confirmStop() {
    const dialog = h(
      "dialog", { "aria-labelledby": "stop-title", "aria-describedby": "stop-text" },
      h("form", { method: "dialog" },
        h("h2", { id: "stop-title" }, "Stop this run?"),
        h("p", { id: "stop-text" }, `${this.model.name} writes a checkpoint and ends. `, h("code", {}, `colonnade train --resume`), " continues it from there later."),
        h("div", { class: "buttons" }, h("button", { value: "no", autofocus: true }, "Keep it running"), h("button", { value: "stop", class: "danger", id: "confirm-stop" }, "Stop the run"))));
    dialog.addEventListener("close", () => {
      dialog.remove();
      if (dialog.returnValue === "stop") this.ask("stop");
      this.stop.focus();
    });
    document.body.append(dialog);
    dialog.showModal();
  }
}
