// Tables that are updated cell by cell, so that updates do not disturb focus, selection and screen readers.

import { h, setAttribute, setText } from "./dom.js";
import { nothing } from "./format.js";

/**
 * columns: [{title, value(row), render?(value, row), class?, header?}]. A cell is rendered again only if its value changed.
 * On narrow screens a row becomes a card of labelled cells ("cards") or a paragraph ("lines"). Roles are explicit, because
 * changing `display` would otherwise remove the table's semantics.
 */
export class DataTable {
  constructor({ caption, columns, key, look = "cards", empty = "Nothing yet." }) {
    this.columns = columns;
    this.key = key;
    this.rows = new Map();
    this.body = h("tbody", { role: "rowgroup" });
    this.empty = h("p", { class: "quiet" }, empty);
    const heads = columns.map((column) => h("th", { role: "columnheader", scope: "col", class: column.class }, column.title));
    this.table = h(
      "table", { role: "table", class: look }, h("caption", { class: "hidden" }, caption),
      h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, heads)), this.body);
    this.element = h("div", { class: "scroll", role: "region", "aria-label": caption, tabindex: "0" }, this.table, this.empty);
    this.set([]);
    // Only a region that scrolls is focusable, because it can then be scrolled by keyboard.
    this.observer = new ResizeObserver(() => {
      if (this.element.scrollWidth > this.element.clientWidth + 1 || this.element.scrollHeight > this.element.clientHeight + 1) this.element.tabIndex = 0;
      else this.element.removeAttribute("tabindex");
    });
    this.observer.observe(this.table);
    this.observer.observe(this.element);
  }

  set(rows) {
    const kept = new Map();
    let next = this.body.firstChild;
    for (const row of rows) {
      const key = String(this.key(row));
      const entry = this.rows.get(key) ?? this.make();
      kept.set(key, entry);
      this.update(entry, row);
      if (entry.element === next) next = next.nextSibling;
      else this.body.insertBefore(entry.element, next);
    }
    for (const [key, entry] of this.rows) if (kept.get(key) !== entry) entry.element.remove();
    this.rows = kept;
    this.table.hidden = rows.length === 0;
    this.empty.hidden = rows.length > 0;
  }

  make() {
    const cells = this.columns.map((column) => {
      const tag = column.header ? "th" : "td";
      return h(tag, { role: column.header ? "rowheader" : "cell", scope: column.header ? "row" : null, class: column.class, "data-label": column.title });
    });
    return { element: h("tr", { role: "row" }, cells), cells, marks: [] };
  }

  update(entry, row) {
    this.columns.forEach((column, index) => {
      const value = column.value(row);
      const mark = JSON.stringify(value) ?? "";
      if (entry.marks[index] === mark) return;
      entry.marks[index] = mark;
      const content = column.render ? column.render(value, row) : value;
      if (content instanceof Node || Array.isArray(content)) entry.cells[index].replaceChildren(...[content].flat(Infinity).filter((one) => one !== null && one !== undefined && one !== false));
      else setText(entry.cells[index], String(content ?? nothing));
      setAttribute(entry.cells[index], "data-empty", entry.cells[index].textContent === nothing ? "" : null);
    });
  }
}

/** A collapsible table of a chart's data. It is created when it is opened, and updated by `refresh` while it is open. */
export function tableDetails(title, make) {
  const container = h("div");
  const details = h("details", { class: "data" }, h("summary", {}, title), container);
  const refresh = () => {
    if (details.open) container.replaceChildren(make());
  };
  details.addEventListener("toggle", refresh);
  return { element: details, refresh };
}

/** Creates a table of text from headings and rows. */
export function plainTable(caption, heads, rows) {
  const body = rows.map((row) => h("tr", {}, row.map((cell, index) => (index === 0 ? h("th", { scope: "row" }, cell) : h("td", {}, cell)))));
  return h(
    "div", { class: "scroll tall", role: "region", "aria-label": caption, tabindex: "0" },
    h("table", { class: "plain" }, h("caption", { class: "hidden" }, caption), h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))), h("tbody", {}, body)));
}
