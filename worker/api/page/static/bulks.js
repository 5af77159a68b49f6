// The newest bulks, each with a look at who got nothing.
import { byId, h, fill } from "./dom.js";
import { get } from "./api.js";
import { act } from "./act.js";
import { titles } from "./format.js";
import { BulkView, moves, pathOf } from "./bulkview.js";
import { download } from "./recipients.js";

const rows = new Map();

function row(id) {
  const link = h("a", { href: `/ui/bulk?id=${encodeURIComponent(id)}` });
  const r = { link, more: h("div", { class: "bulk-more", hidden: true }) };
  r.view = new BulkView({ name: h("h3", { class: "bulk-name" }, link), more: (bulk) => (failures(bulk) > 0 ? [["why", () => whyButton(r)]] : []) });
  r.element = h("article", { class: "bulk", "data-id": id, "aria-label": `Bulk ${id}` }, r.view.head, r.view.about, r.view.track, r.view.foot, r.more);
  return r;
}

const failures = (bulk) => bulk.failed + bulk.suppressed + bulk.skipped + bulk.unknown;

function whyButton(r) {
  const toggle = h("button", { type: "button", class: "small", "aria-expanded": String(!r.more.hidden) }, "Who got nothing");
  toggle.addEventListener("click", async () => {
    r.more.hidden = !r.more.hidden;
    toggle.setAttribute("aria-expanded", String(!r.more.hidden));
    if (r.more.hidden) return;
    fill(r.more, h("p", { class: "soft" }, "Looking…"));
    await act(() => listWhy(r));
  });
  return toggle;
}

async function listWhy(r) {
  const { id } = r.view.bulk;
  const found = [];
  for (const state of ["failed", "unknown", "skipped", "suppressed"]) {
    let cursor = "";
    do {
      const page = await get(pathOf(id, `/recipients?state=${state}&limit=50${cursor && `&cursor=${encodeURIComponent(cursor)}`}`));
      found.push(...page.items);
      cursor = page.next ?? "";
    } while (cursor && found.length < 50);
  }
  fill(r.more, h("div", { class: "table", tabindex: "0", role: "region", "aria-label": "Who got nothing" }, h("table", {},
    h("thead", {}, h("tr", {}, ["Recipient", "Channel", "State", "Reason"].map((t) => h("th", { scope: "col" }, t)))),
    h("tbody", {}, found.slice(0, 50).map((x) => h("tr", {}, h("td", {}, x.to), h("td", {}, titles[x.channel] ?? x.channel), h("td", {}, x.state), h("td", {}, x.reason ? `${x.reason.text}` : "")))))),
  h("p", {}, h("button", { type: "button", class: "link", onclick: () => download(id) }, "Download everyone as CSV")));
}

// showBulks reports whether one of them moves.
export async function showBulks() {
  const { items } = await get("/v1/bulks?limit=50");
  const list = byId("bulkList");
  if (items.length === 0) {
    if (!list.querySelector(".empty")) fill(list, h("p", { class: "empty" }, "No bulks yet. ", h("code", {}, "herald bulk send"), " or ", h("code", {}, "POST /v1/bulks"), " makes one."));
    return false;
  }
  list.querySelector(".empty")?.remove();
  let moving = false;
  items.forEach((bulk, i) => {
    if (!rows.has(bulk.id)) rows.set(bulk.id, row(bulk.id));
    const r = rows.get(bulk.id);
    const before = r.view.bulk;
    r.link.textContent = bulk.shortcut || "Text of its own";
    if (r.view.show(bulk) || moves(bulk)) moving = true;
    if (!r.more.hidden && before && failures(before) !== failures(bulk)) act(() => listWhy(r));
    if (list.children[i] !== r.element) list.insertBefore(r.element, list.children[i] ?? null);
  });
  for (const [id, r] of rows) {
    if (items.some((b) => b.id === id)) continue;
    r.element.remove();
    rows.delete(id);
  }
  return moving;
}
