// Who is in a bulk, and what became of everyone: pages of a table, filtered by state and by what an address holds.
import { h, fill } from "./dom.js";
import { get } from "./api.js";
import { act } from "./act.js";
import { number, since, titles } from "./format.js";
import { kinds, pathOf } from "./bulkview.js";

const size = 100; // rows of a page

export class Recipients {
  constructor(id) {
    this.id = id;
    this.state = "";
    this.filters = h("div", { class: "segments", role: "group", "aria-label": "State" });
    this.search = h("input", { type: "search", id: "find", placeholder: "Find an address", "aria-label": "Find an address", autocomplete: "off", spellcheck: "false", maxlength: "100" });
    this.search.addEventListener("input", () => { clearTimeout(this.typing); this.typing = setTimeout(() => this.again(), 250); });
    this.rows = h("tbody");
    this.note = h("p", { class: "panel-note", role: "status" });
    this.more = h("button", { type: "button", class: "small", id: "moreRecipients", hidden: true, onclick: () => act(() => this.next()) }, "Show more");
    this.table = h("div", { class: "table tall", tabindex: "0", role: "region", "aria-label": "Table of recipients" }, h("table", {},
      h("thead", {}, h("tr", {}, ["Recipient", "Channel", "State", "Reason", "When"].map((t) => h("th", { scope: "col" }, t)))), this.rows));
    this.element = h("div", { class: "recipients" }, h("div", { class: "row-bar" }, this.filters, h("span", { class: "space" }), this.search), this.table, h("div", { class: "row-bar" }, this.note, h("span", { class: "space" }), this.more));
    this.run = 0;
  }

  // count shows how many there are of each state, and looks again where that changes what is listed.
  count(bulk) {
    const all = [["", "all", bulk.planned], ...kinds.map(([kind, title]) => [kind, title, bulk[kind]]).filter(([kind, , n]) => n > 0 || kind === this.state)];
    const key = all.map(([kind]) => kind).join();
    if (this.kinds !== key) {
      this.kinds = key;
      fill(this.filters, all.map(([kind, title]) => h("button", { type: "button", "data-state": kind, "aria-pressed": String(kind === this.state), onclick: () => this.choose(kind) }, `${title} `, h("b"))));
    }
    all.forEach(([, , n], i) => { this.filters.children[i].lastChild.textContent = number(n); });
    const now = JSON.stringify(kinds.map(([kind]) => bulk[kind]));
    if (this.counted === now) return;
    this.counted = now;
    this.soon ??= setTimeout(() => { // a list that changes all the time can't be read
      this.soon = null;
      if (!this.busy) act(() => this.again(true));
    }, this.rows.children.length > 0 ? 1500 : 0);
  }

  choose(state) {
    this.state = state;
    for (const b of this.filters.children) b.setAttribute("aria-pressed", String(b.dataset.state === state));
    act(() => this.again());
  }

  // again lists from the beginning. What is shown stays until there is something else to show.
  async again(quiet = false) {
    const run = ++this.run;
    const many = quiet ? Math.max(size, this.rows.children.length) : size;
    const { items, cursor } = await this.read("", Math.min(many, 1000), run);
    if (run !== this.run) return;
    this.cursor = cursor;
    fill(this.rows, items.map(line));
    this.tell();
  }

  async next() {
    const run = ++this.run;
    const { items, cursor } = await this.read(this.cursor, size, run);
    if (run !== this.run) return;
    this.cursor = cursor;
    this.rows.append(...items.map(line));
    this.tell();
  }

  // read reads until there are enough, or all were looked at: a page may hold few and still have a next one.
  async read(cursor, enough, run) {
    const items = [];
    this.busy = true;
    try {
      do {
        const query = new URLSearchParams({ limit: String(enough - items.length), ...(this.state && { state: this.state }), ...(this.search.value.trim() && { to: this.search.value.trim() }), ...(cursor && { cursor }) });
        const page = await get(pathOf(this.id, `/recipients?${query}`));
        items.push(...page.items);
        cursor = page.next ?? "";
      } while (cursor && items.length < enough && run === this.run);
    } finally {
      this.busy = false;
    }
    return { items, cursor };
  }

  tell() {
    const n = this.rows.children.length;
    this.more.hidden = !this.cursor;
    this.note.textContent = n === 0 ? "Nobody." : `${number(n)} ${this.cursor ? "of them, there are more" : n === 1 ? "message" : "messages"}`;
  }
}

// line is a message. What else is known of it is one click away.
function line(x) {
  const facts = [["Subject", x.subject], ["Answer", x.words], ["Provider's id", x.providerId], ["Attempts", x.attempts > 1 && String(x.attempts)], ["Message", x.id], ["Channel", titles[x.channel] ?? x.channel], ["When", x.at && new Date(x.at).toLocaleString()],
    ["Came back", x.feedback && [x.feedback.state.replace("_", " "), x.feedback.status, x.feedback.words].filter(Boolean).join(" · ")],
    ["Issues", (x.issues ?? []).map((i) => i.text).join("; ")]].filter(([, v]) => v);
  const why = x.reason?.text ?? x.waiting?.text ?? x.waiting?.code ?? "";
  return h("tr", {},
    h("td", {}, h("details", {}, h("summary", {}, x.to), h("dl", { class: "line-facts" }, facts.map(([k, v]) => h("div", {}, h("dt", {}, k), h("dd", {}, v)))))),
    h("td", {}, titles[x.channel] ?? x.channel), h("td", { class: `n-${x.state}` }, x.state === "pending" ? "to go" : x.feedback ? x.feedback.state.replace("_", " ") : x.state),
    h("td", {}, why), h("td", { class: "soft" }, x.at ? since(x.at) : ""));
}

// download gives the whole list, or that of one state, as a file.
export async function download(id, state = "") {
  await act(async () => {
    const csv = await get(pathOf(id, `/recipients.csv${state && `?state=${state}`}`), { text: true });
    const address = URL.createObjectURL(new Blob([csv], { type: "text/csv" }));
    h("a", { href: address, download: `${id}${state && `-${state}`}.csv` }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
  });
}
