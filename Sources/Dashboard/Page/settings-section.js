// The settings of the run, its data and its versions.

import { h } from "./dom.js";
import { clockTime } from "./format.js";
import { DataTable } from "./table.js";

export class SettingsSection {
  constructor(model) {
    this.model = model;
    const columns = [{ title: "name", header: true, class: "mono", value: (row) => row.name }, { title: "value", class: "words mono", value: (row) => row.value }];
    const make = (caption) => new DataTable({ caption, look: "lines", key: (row) => row.name, columns });
    this.run = make("The run");
    this.recipe = make("Recipe");
    this.network = make("Network");
    this.element = h("div", {}, h("h3", {}, "Run"), this.run.element, h("h3", {}, "Recipe"), this.recipe.element, h("h3", {}, "Network"), this.network.element);
  }

  open() {
    this.end = this.model.on(["record"], () => this.update());
    this.update();
  }

  close() {
    this.end?.();
  }

  update() {
    const { record } = this.model;
    if (!record) return;
    const { network, recipe, ...others } = record.configuration ?? {};
    const facts = {
      started: clockTime(record.started), ended: record.ended ? clockTime(record.ended) : undefined, run: record.run, preset: record.preset, dataset: record.dataset, "dataset fingerprint": record.dataset_fingerprint,
      "images per epoch": record.images_per_epoch, steps: record.steps, workers: record.workers, "initialized from": record.initialized_from, ...record.versions, ...others,
    };
    this.run.set(flat(facts));
    this.recipe.set(flat(recipe ?? {}));
    this.network.set(flat(network ?? {}));
  }
}

/** Flattens nested settings into dotted names. A layer is identified by its name rather than its index. */
function flat(value, prefix = "") {
  if (value === null || value === undefined) return [];
  if (typeof value !== "object") return [{ name: prefix, value: String(value) }];
  if (Array.isArray(value)) {
    if (value.every((one) => typeof one !== "object")) return [{ name: prefix, value: value.length ? value.join(", ") : "none" }];
    return value.flatMap((one, index) => flat(one, `${prefix}.${(typeof one === "object" && one?.name) || index}`));
  }
  return Object.entries(value).flatMap(([key, one]) => flat(one, prefix ? `${prefix}.${key}` : key));
}
