// What a playground caught instead of sending it.
import { byId, h, fill, bytes } from "./dom.js";
import { get, Problem } from "./api.js";
import { inert, Frame } from "./frame.js";
import { since, titles } from "./format.js";
import { act } from "./act.js";

let playground = true; // until the server says that it catches nothing
let answered = false;
export const isPlayground = () => answered && playground;
let caughtChannel = "";
let caughtKey = null;

export async function showCaught() {
  if (!playground) return;
  let items;
  try {
    ({ items } = await get(caughtChannel === "events" ? "/v1/caught/events?limit=50" : caughtChannel ? "/v1/caught?limit=200" : "/v1/caught?limit=50"));
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 404) throw error;
    playground = false;
    return;
  }
  answered = true;
  byId("caught").hidden = false;
  const shown = items.filter((m) => !m.channel || !caughtChannel || m.channel === caughtChannel).slice(0, 50);
  const key = caughtChannel + shown.map((m) => m.id).join();
  if (key === caughtKey) return;
  caughtKey = key;
  if (shown.length === 0) {
    fill(byId("caughtList"), h("p", { class: "empty" }, "Nothing yet."));
    return;
  }
  const focused = document.activeElement?.dataset?.caught;
  fill(byId("caughtList"), h("ul", { class: "list" }, shown.map((m) => h("li", {}, h("button", { type: "button", class: "caught", "data-caught": m.id, onclick: () => (m.type ? openEvent(m) : openCaught(m)) },
    m.type ? [h("span", { class: "tag-channel" }, "Event"), h("span", { class: "caught-to" }, m.type), h("span", { class: "caught-about" }, m.stream ?? "")]
      : [h("span", { class: "tag-channel" }, titles[m.channel]), h("span", { class: "caught-to" }, m.to.join(", ")), h("span", { class: "caught-about" }, m.subject || m.text || "")],
    h("span", { class: "caught-at" }, since(m.at)))))));
  if (focused) byId("caughtList").querySelector(`[data-caught="${CSS.escape(focused)}"]`)?.focus();
}

for (const [value, title] of [["", "All"], ...Object.entries(titles), ["events", "Events"]]) {
  byId("caughtChannels").append(h("button", {
    type: "button", "aria-pressed": String(value === caughtChannel),
    onclick: (event) => {
      caughtChannel = value;
      for (const b of byId("caughtChannels").children) b.setAttribute("aria-pressed", String(b === event.currentTarget));
      act(showCaught);
    },
  }, title));
}

async function openCaught(m) {
  await act(async () => {
    const full = await get(`/v1/caught/${encodeURIComponent(m.id)}`);
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const mail = new Frame("The email");
    if (full.html) mail.show(inert(full.html, { dark }).doc);
    openFacts(full.subject || titles[full.channel], [["From", full.from], ["To", full.to.join(", ")], ["At", new Date(full.at).toLocaleString()],
      ["Attached", (full.attachments ?? []).map((a) => `${a.name} (${bytes(a.size)})`).join(", ")]],
    full.html ? mail.element : h("pre", { class: "caught-text", tabindex: "0" }, full.text));
  });
}

// openEvent shows what an endpoint would have been told.
function openEvent(e) {
  openFacts(e.type, [["Id", e.event], ["Stream", e.stream], ["Sequence", e.sequence && String(e.sequence)], ["At", new Date(e.at).toLocaleString()]],
    h("pre", { class: "caught-text", tabindex: "0" }, JSON.stringify(e.data, null, 2)));
}

// openFacts shows something with what is known of it. Facts without a value are left out.
function openFacts(title, facts, content) {
  const dialog = h("dialog", { class: "dialog wide", "aria-labelledby": "caughtSubject" },
    h("div", { class: "caught-head" },
      h("h2", { id: "caughtSubject" }, title),
      h("button", { type: "button", class: "ghost", onclick: () => dialog.close() }, "Close")),
    h("dl", { class: "caught-facts" }, facts.filter(([, v]) => v).map(([k, v]) => h("div", {}, h("dt", {}, k), h("dd", {}, v)))),
    content);
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.showModal();
}
