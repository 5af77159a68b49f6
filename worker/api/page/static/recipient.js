// The sample recipient: JSON, or a row of a CSV that is read in this browser and sent nowhere.
import { h, fill, byId } from "./dom.js";
import { get } from "./api.js";
import { parse, recipient } from "./csv.js";

const mostBytes = 20 << 20;

// CSVPane shows one row of an audience. changed({context, locale, timezone}) is told of every row.
export class CSVPane {
  constructor(element, { changed, sample }) {
    Object.assign(this, { element, changed, sample });
    this.rows = [];
    this.at = 0;
    this.start();
  }

  start(message = "") {
    const file = h("input", { type: "file", accept: ".csv,text/csv", class: "hidden", id: "csvFile", tabindex: "-1", "aria-hidden": "true" });
    file.addEventListener("change", () => this.read(file.files[0]));
    const drop = h("div", { class: "drop" },
      h("p", {}, "A row of your audience, as ", h("code", {}, "herald bulk send"), " reads it. The file stays in this browser."),
      h("div", { class: "actions" },
        h("button", { type: "button", onclick: () => file.click() }, "Choose a CSV…"), file,
        this.sample() && h("button", { type: "button", class: "ghost", id: "sampleCSV", onclick: () => this.load() }, "Use the sample audience")),
      message && h("p", { class: "error-text", role: "alert" }, message));
    drop.addEventListener("dragover", (event) => { event.preventDefault(); drop.classList.add("over"); });
    drop.addEventListener("dragleave", () => drop.classList.remove("over"));
    drop.addEventListener("drop", (event) => { event.preventDefault(); this.read(event.dataTransfer.files[0]); });
    fill(this.element, drop);
  }

  async load() {
    try {
      this.take(await get("/v1/samples/audience?rows=1000", { text: true }), "the sample audience");
    } catch (error) {
      this.start(error.message);
    }
  }

  async read(file) {
    if (!file) return;
    // What is beyond is not needed to look at rows.
    this.take(await file.slice(0, mostBytes).text(), file.name);
  }

  take(text, name) {
    const rows = parse(text);
    if (rows.length < 2) {
      this.start(`${name} has no rows below a header such as customer.email,customer.firstName.`);
      return;
    }
    [this.header, this.rows, this.name, this.at] = [rows[0], rows.slice(1), name, 0];
    this.show();
    this.use(0);
  }

  show() {
    this.number = h("input", { type: "number", id: "row", min: 1, max: this.rows.length, value: "1", "aria-label": `Row, of ${this.rows.length}` });
    this.number.addEventListener("input", () => { if (this.number.value) this.use(Number(this.number.value) - 1); });
    const search = h("input", { type: "search", placeholder: "Find a row", "aria-label": "Find a row" });
    search.addEventListener("input", () => this.find(search.value, this.at));
    search.addEventListener("keydown", (event) => { if (event.key === "Enter") this.find(search.value, this.at + 1); });
    this.table = h("div", { class: "cells", tabindex: "0", role: "region", "aria-label": "The row's fields" });
    fill(this.element,
      h("div", { class: "row-bar" },
        h("button", { type: "button", class: "small", "aria-label": "Row before", onclick: () => this.use(this.at - 1) }, "‹"), this.number,
        h("button", { type: "button", class: "small", id: "nextRow", "aria-label": "Next row", onclick: () => this.use(this.at + 1) }, "›"),
        h("span", { class: "soft" }, `of ${this.rows.length.toLocaleString("en")} · ${this.name}`), h("span", { class: "space" }), search,
        h("button", { type: "button", class: "link", onclick: () => this.start() }, "Other file")),
      this.table);
  }

  find(text, from) {
    const want = text.toLowerCase();
    if (!want) return;
    for (let i = 0; i < this.rows.length; i++) {
      const at = (from + i) % this.rows.length;
      if (this.rows[at].some((cell) => cell.toLowerCase().includes(want))) {
        this.use(at);
        return;
      }
    }
  }

  use(i) {
    this.at = Math.max(0, Math.min(i, this.rows.length - 1));
    if (document.activeElement !== this.number) this.number.value = this.at + 1;
    const row = this.rows[this.at];
    const one = recipient(this.header, row);
    fill(this.table,
      one.problems.length > 0 && h("p", { class: "error-text" }, `A bulk would refuse this row: ${one.problems.join("; ")}`),
      h("dl", {}, this.header.map((name, n) => (row[n] ? h("div", {}, h("dt", {}, name), h("dd", {}, row[n])) : null))));
    this.changed(one);
  }

  again() {
    if (this.rows.length > 0) this.use(this.at);
  }
}

// paths lists the fields that a context has, with their values, for completion.
export function paths(value, prefix = "", out = [], depth = 0) {
  if (depth > 6 || out.length > 400 || value === null || typeof value !== "object" || Array.isArray(value)) return out;
  for (const [key, v] of Object.entries(value)) {
    if (!/^[\w$-]+$/.test(key)) continue;
    const path = prefix ? `${prefix}.${key}` : key;
    if (v !== null && typeof v === "object") {
      if (Array.isArray(v)) out.push({ path, value: `list of ${v.length}` });
      paths(v, path, out, depth + 1);
    } else out.push({ path, value: String(v).slice(0, 60) });
  }
  return out;
}

// zones fills the list of time zones.
export function zones() {
  const list = byId("zones");
  for (const zone of Intl.supportedValuesOf?.("timeZone") ?? []) list.append(h("option", { value: zone }));
}
