// The operations page: how the channels go, the bulks and how to steer them, what was given up on, and in a playground
// what was caught.
import { byId, h, fill, count, bytes } from "./dom.js";
import { call, get, post, Problem, tokenButton } from "./api.js";
import { inert, Frame } from "./frame.js";
import { channels } from "./channels.js";

const titles = Object.fromEntries(Object.entries(channels).map(([name, { title }]) => [name, title]));
const number = (n) => n.toLocaleString("en");
const perSecond = (n) => (n > 0 && n < 10 ? n.toFixed(1).replace(/\.0$/, "") : number(Math.round(n)));

// ago says how long something is past.
function ago(time) {
  const seconds = Math.max(0, (Date.now() - new Date(time)) / 1000);
  if (seconds < 5) return "just now";
  for (const [size, name] of [[86400, "d"], [3600, "h"], [60, "min"]]) if (seconds >= size) return `${Math.floor(seconds / size)} ${name} ago`;
  return `${Math.floor(seconds)} s ago`;
}

// since is a text that says how long something is past, and goes on saying so: look brings it up to date.
const since = (at) => h("span", { "data-at": at }, ago(at));

// set writes a text only where it changed, so that selections and screen readers are left in peace.
function set(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// Lanes.

const lanes = new Map();

function lane(channel) {
  const speed = h("strong", { class: "lane-speed" });
  const hour = h("span", { class: "lane-hour" });
  const limit = h("span", { class: "lane-limit" });
  const bars = h("div", { class: "bars", "aria-hidden": "true" });
  const element = h("div", { class: "lane", role: "group", "aria-label": titles[channel] }, h("h2", {}, titles[channel]), h("div", {}, speed, h("span", { class: "soft" }, " a second")), bars, hour, limit);
  byId("lanes").append(element);
  return { speed, hour, limit, bars };
}

async function showLanes() {
  const { items } = await get("/v1/lanes");
  for (const item of items) {
    if (!lanes.has(item.channel)) lanes.set(item.channel, lane(item.channel));
    const l = lanes.get(item.channel);
    set(l.speed, perSecond(item.perSecond));
    set(l.hour, `${number(item.sent)} sent, ${number(item.failed)} failed in the last hour`);
    l.hour.classList.toggle("bad", item.failed > item.sent);
    const slowed = item.inForce > 0 && (item.limit === 0 || item.inForce < item.limit);
    set(l.limit, slowed ? `Slowed to ${perSecond(item.inForce)} a second: the other side is busy` : item.limit > 0 ? `At most ${perSecond(item.limit)} a second` : "No limit");
    l.limit.classList.toggle("warn", slowed);
    const minutes = Array.from({ length: 60 }, (_, i) => item.minutes[item.minutes.length - 60 + i] ?? { sent: 0, failed: 0 });
    const most = Math.max(1, ...minutes.map((m) => m.sent + m.failed));
    while (l.bars.children.length < 60) l.bars.append(h("i", {}, h("b", {})));
    minutes.forEach((m, i) => {
      const bar = l.bars.children[i];
      bar.style.height = `${m.sent + m.failed > 0 ? Math.max(6, ((m.sent + m.failed) / most) * 100) : 0}%`;
      bar.firstChild.style.height = `${(m.failed / Math.max(1, m.sent + m.failed)) * 100}%`;
    });
  }
}

// Bulks.

const rows = new Map();
const states = { loading: "Loading", ready: "Ready", scheduled: "Scheduled", running: "Running", completed: "Completed", paused: "Paused", cancelled: "Cancelled" };
const kinds = [["sent", "sent"], ["done", "done"], ["failed", "failed"], ["suppressed", "suppressed"], ["skipped", "skipped"], ["unknown", "unknown"], ["pending", "to go"]];
let moving = false;

function row(id) {
  const r = {
    name: h("h3", { class: "bulk-name" }), about: h("span", { class: "bulk-about" }), state: h("span", { class: "pill" }),
    track: h("div", { class: "track", role: "progressbar", "aria-label": "Done", "aria-valuemin": "0" }, kinds.map(([kind]) => h("span", { class: `k-${kind}` }))),
    numbers: h("dl", { class: "bulk-numbers" }), actions: h("div", { class: "bulk-actions" }), more: h("div", { class: "bulk-more", hidden: true }),
  };
  r.counts = Object.fromEntries(kinds.map(([kind, title]) => {
    const dd = h("dd");
    const div = h("div", { class: `n-${kind}` }, h("dt", {}, title), dd);
    r.numbers.append(div);
    return [kind, { div, dd }];
  }));
  r.element = h("article", { class: "bulk", "data-id": id, "aria-label": `Bulk ${id}` },
    h("div", { class: "bulk-head" }, r.name, r.state, h("span", { class: "space" }), r.actions),
    r.about, r.track, r.numbers, r.more);
  return r;
}

function showBulk(r, bulk) {
  set(r.name, bulk.shortcut || "Text of its own");
  set(r.about, [bulk.id, bulk.channels.map((c) => titles[c] ?? c).join(" + "), bulk.startedAt ? `started ${ago(bulk.startedAt)}` : `made ${ago(bulk.createdAt)}`,
    bulk.rate > 0 && `at most ${perSecond(bulk.rate)} a second`, bulk.canary && `canary ${bulk.canary}`].filter(Boolean).join(" · "));
  set(r.state, states[bulk.state] ?? bulk.state);
  r.state.className = `pill s-${bulk.state}`;
  const done = bulk.planned - bulk.pending;
  r.track.setAttribute("aria-valuemax", String(bulk.planned));
  r.track.setAttribute("aria-valuenow", String(done));
  r.track.setAttribute("aria-valuetext", `${number(done)} of ${number(bulk.planned)}`);
  kinds.forEach(([kind], i) => {
    r.track.children[i].style.width = `${bulk.planned > 0 ? (bulk[kind] / bulk.planned) * 100 : 0}%`;
    set(r.counts[kind].dd, number(bulk[kind]));
    r.counts[kind].div.hidden = bulk[kind] === 0 && kind !== "sent";
  });
  if (r.was && r.was !== bulk.state && bulk.state === "completed") set(byId("state"), `The bulk ${bulk.id} is complete: ${number(bulk.sent)} sent, ${number(bulk.failed)} failed.`);
  r.was = bulk.state;
  const failures = bulk.failed + bulk.suppressed + bulk.skipped + bulk.unknown;
  if (!r.more.hidden && r.failures !== failures) act(() => listWhy(bulk.id, r));
  r.failures = failures;
  const wanted = [bulk.state === "ready" && "start", bulk.state === "running" && "pause", bulk.state === "scheduled" && "pause", bulk.state === "paused" && "resume",
    ["running", "paused", "scheduled", "ready"].includes(bulk.state) && "cancel", failures > 0 && "why"].filter(Boolean);
  if (r.wanted === wanted.join()) return;
  r.wanted = wanted.join();
  const had = r.actions.contains(document.activeElement);
  fill(r.actions, wanted.map((what) => button(what, bulk.id, r)));
  if (had) (r.actions.querySelector("button") ?? byId("bulks")).focus();
}

function button(what, id, r) {
  if (what === "why") {
    return h("button", { type: "button", class: "small", "aria-expanded": String(!r.more.hidden), onclick: (event) => why(id, r, event.currentTarget) }, "Who got nothing");
  }
  const title = { start: "Start", pause: "Pause", resume: "Resume", cancel: "Cancel" }[what];
  return h("button", {
    type: "button", class: what === "cancel" ? "small danger" : "small", "data-do": what,
    onclick: async () => {
      if (what === "cancel" && !(await sure("End this bulk for good?", "Whoever is still to go gets nothing.", "End the bulk"))) return;
      await act(async () => { showBulk(r, await post(`/v1/bulks/${encodeURIComponent(id)}/${what}`)); });
    },
  }, title);
}

// why lists who got nothing, and for which reason.
async function why(id, r, toggle) {
  r.more.hidden = !r.more.hidden;
  toggle.setAttribute("aria-expanded", String(!r.more.hidden));
  if (r.more.hidden) return;
  fill(r.more, h("p", { class: "soft" }, "Looking…"));
  await act(() => listWhy(id, r));
}

async function listWhy(id, r) {
  const found = [];
  for (const state of ["failed", "unknown", "skipped", "suppressed"]) {
    let cursor = "";
    do {
      const page = await get(`/v1/bulks/${encodeURIComponent(id)}/recipients?state=${state}&limit=50${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
      found.push(...page.items);
      cursor = page.next ?? "";
    } while (cursor && found.length < 50);
  }
  fill(r.more, h("div", { class: "table", tabindex: "0", role: "region", "aria-label": "Who got nothing" }, h("table", {},
    h("thead", {}, h("tr", {}, ["Recipient", "Channel", "State", "Reason"].map((t) => h("th", { scope: "col" }, t)))),
    h("tbody", {}, found.slice(0, 50).map((x) => h("tr", {}, h("td", {}, x.to), h("td", {}, titles[x.channel] ?? x.channel), h("td", {}, x.state), h("td", {}, x.reason ? `${x.reason.text}` : "")))))),
  h("p", {}, h("button", { type: "button", class: "link", onclick: () => download(id) }, "Download everyone as CSV")));
}

async function download(id) {
  await act(async () => {
    const csv = await get(`/v1/bulks/${encodeURIComponent(id)}/recipients.csv`, { text: true });
    const address = URL.createObjectURL(new Blob([csv], { type: "text/csv" }));
    h("a", { href: address, download: `${id}.csv` }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
  });
}

async function showBulks() {
  const { items } = await get("/v1/bulks?limit=50");
  const list = byId("bulkList");
  moving = items.some((b) => ["running", "loading", "scheduled"].includes(b.state));
  if (items.length === 0) {
    if (!list.querySelector(".empty")) fill(list, h("p", { class: "empty" }, "No bulks yet. ", h("code", {}, "herald bulk send"), " or ", h("code", {}, "POST /v1/bulks"), " makes one."));
    return;
  }
  list.querySelector(".empty")?.remove();
  items.forEach((bulk, i) => {
    if (!rows.has(bulk.id)) rows.set(bulk.id, row(bulk.id));
    const r = rows.get(bulk.id);
    showBulk(r, bulk);
    if (list.children[i] !== r.element) list.insertBefore(r.element, list.children[i] ?? null);
  });
  for (const [id, r] of rows) {
    if (items.some((b) => b.id === id)) continue;
    r.element.remove();
    rows.delete(id);
  }
}

const sampleShortcut = "order-issue-before-arrival";

// offerSample shows the button where the templates are those that the sample audience was made for.
async function offerSample() {
  const [samples, { shortcuts }] = await Promise.all([get("/v1/samples"), get("/v1/shortcuts")]);
  byId("sample").hidden = !samples.audience || !shortcuts.some((s) => s.name === sampleShortcut);
}

// The sample bulk, as a service would send it: define, store the audience, start.
byId("sample").addEventListener("click", async (event) => {
  const start = event.currentTarget;
  start.disabled = true;
  await act(async () => {
    const { id } = await post("/v1/bulks", {
      rate: 100, // slow enough to be watched, paused and resumed
      messages: [{ channel: "email", from: "Fernhill Cabins <stay@fernhill.example>", shortcut: sampleShortcut }],
    });
    const audience = await get("/v1/samples/audience?rows=10000", { text: true });
    await call("PUT", `/v1/bulks/${id}/recipients`, audience, { headers: { "Content-Type": "text/csv" } });
    await post(`/v1/bulks/${id}/start`);
    set(byId("state"), "The sample bulk is on its way.");
    moving = true;
    await showBulks();
  });
  start.disabled = false;
  look();
});

// Dead letters.

let deadKey = null;

async function showDead() {
  const { items, counts, next } = await get("/v1/dead?limit=50");
  const key = JSON.stringify([items.map((d) => d.id), counts]);
  if (key === deadKey) return;
  deadKey = key;
  if (items.length === 0) {
    fill(byId("deadList"), h("p", { class: "empty" }, "None. That is how it should be."));
    return;
  }
  fill(byId("deadList"), h("ul", { class: "list" }, items.map((d) => h("li", { class: "dead" },
    h("div", { class: "dead-text" }, h("b", {}, d.kind), h("span", {}, d.reason), h("span", { class: "soft" }, `${[d.owner, count(d.attempts, "try").replace("trys", "tries")].filter(Boolean).join(" · ")} · `, since(d.at))),
    h("div", { class: "bulk-actions" },
      h("button", { type: "button", class: "small", "aria-label": `Try again: ${d.kind}`, onclick: () => act(async () => { await post(`/v1/dead/${encodeURIComponent(d.id)}/retry`); await showDead(); }) }, "Try again"),
      h("button", {
        type: "button", class: "small danger", "aria-label": `Drop: ${d.kind}`,
        onclick: async () => {
          if (await sure("Drop this letter?", "Its work is never done.", "Drop it")) await act(async () => { await call("DELETE", `/v1/dead/${encodeURIComponent(d.id)}`); await showDead(); });
        },
      }, "Drop"))))),
  next && h("p", { class: "panel-note" }, `The newest 50 of ${number(Object.values(counts).reduce((a, b) => a + b, 0))}.`));
}

// What a playground caught.

let playground = true;
let caughtChannel = "";
let caughtKey = null;

async function showCaught() {
  if (!playground) return;
  let items;
  try {
    ({ items } = await get(caughtChannel === "events" ? "/v1/caught/events?limit=50" : "/v1/caught?limit=200"));
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 404) throw error;
    playground = false;
    return;
  }
  if (byId("caught").hidden) {
    byId("caught").hidden = false;
    await offerSample();
  }
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

// sure asks before what can't be undone.
function sure(question, more, yes) {
  const dialog = h("dialog", { class: "dialog", "aria-labelledby": "sureTitle" }, h("form", { method: "dialog" },
    h("h2", { id: "sureTitle" }, question), h("p", {}, more),
    h("div", { class: "actions" }, h("button", { value: "no", class: "ghost" }, "Keep it"), h("button", { value: "yes", class: "danger" }, yes))));
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => {
    dialog.remove();
    resolve(dialog.returnValue === "yes");
  }));
}

// act runs something that may fail, and says so.
async function act(f) {
  try {
    await f();
    trouble("action", "");
  } catch (error) {
    trouble("action", error.message);
  }
}

// troubles are what failed last: of an action until the next one, of looking until that works again.
const troubles = { action: "", look: "" };

function trouble(of, text) {
  troubles[of] = text;
  const all = Object.values(troubles).filter(Boolean).join("\n");
  byId("trouble").hidden = all === "";
  set(byId("trouble"), all);
}

let timer = 0;

// look brings everything up to date, and again soon while something moves.
async function look() {
  clearTimeout(timer);
  if (!document.hidden) {
    const results = await Promise.allSettled([showLanes(), showBulks(), showDead(), showCaught()]);
    const failed = results.filter((r) => r.status === "rejected" && r.reason.status !== 404);
    for (const e of document.querySelectorAll("[data-at]")) set(e, ago(e.dataset.at));
    trouble("look", failed.length > 0 ? failed[0].reason.message : "");
  }
  timer = setTimeout(look, moving ? 700 : 2500);
}
document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
tokenButton(byId("token"));
look();
