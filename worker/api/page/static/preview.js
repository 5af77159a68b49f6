// The preview page: what is written on the left is what the customer gets on the right.
import { byId, h, fill, changes, bytes, count, later, arrows } from "./dom.js";
import { call, get, tokenButton } from "./api.js";
import { channels } from "./channels.js";
import { Editor } from "./editor.js";
import { template, json } from "./highlight.js";
import { offers } from "./complete.js";
import { Picker } from "./picker.js";
import { CSVPane, paths, zones } from "./recipient.js";
import { explained, where } from "./explain.js";
import { yaml } from "./yaml.js";
import { drafts } from "./drafts.js";
import { jsonFault } from "./jsonfault.js";
import { sendTest } from "./sendtest.js";
import * as views from "./views.js";

const shown = { email: "page", phone: false, dark: matchMedia("(prefers-color-scheme: dark)").matches, explain: false };

// known is what the server has; state is what is being looked at.
const known = { shortcuts: [], categories: [], snippets: [], helpers: [], fields: [], languages: [], samples: { layouts: [], layout: "", attachments: [] } };
const state = { shortcut: blank(""), original: JSON.stringify(blank("")), channel: "email", locale: "", timezone: "", context: "{}", result: null, paths: [] };

function blank(name = "untitled") {
  return { name, subject: "", message: "" };
}

const edited = () => JSON.stringify(state.shortcut) !== state.original;

// Editors.

// form is what the channel's content consists of: html, text or markdown.
const form = () => channels[state.channel].form;

// override is what the channel says instead of the shortcut's own texts.
const override = () => state.shortcut.channels?.[state.channel] ?? {};

const complete = offers(() => ({
  fields: [...state.paths.map(({ path, value }) => ({ kind: "field", label: path, about: value })),
    ...known.fields.filter((f) => !f.path.includes("<") && !state.paths.some((p) => p.path === f.path)).map((f) => ({ kind: "field", label: f.path, about: f.name }))],
  helpers: known.helpers.map((e) => ({ kind: "helper", label: e.name, about: e.signature.replace(/^#/, ""), insert: `${e.name} `, block: e.signature.startsWith("#") || e.examples.some((x) => x.template.includes(`{{#${e.name}`)), blockOnly: e.signature.startsWith("#") })),
  snippets: known.snippets.map((s) => ({ kind: "snippet", label: s.name, about: textOf(s) })),
  languages: known.languages,
}));

// textOf is a snippet in the language that is shown.
function textOf(snippet) {
  const locale = state.locale.toLowerCase();
  return (snippet.texts[locale] ?? snippet.texts[locale.split("-")[0]] ?? snippet.texts[snippet.source] ?? "").replace(/\s+/g, " ").slice(0, 90);
}

const format = () => override().format || (override().message !== undefined && form() === "text" ? "text" : state.shortcut.format || "markdown");
const subject = new Editor({ id: "subject", line: true, highlight: (t) => template(t, "text"), complete, change: (t) => edit("subject", t) });
const preheader = new Editor({ id: "preheader", line: true, highlight: (t) => template(t, "text"), complete, change: (t) => edit("preheader", t) });
const message = new Editor({ id: "message", rows: 12, blocks: true, highlight: (t) => template(t, format()), complete, change: (t) => edit("message", t) });
const context = new Editor({ id: "context", rows: 8, highlight: json, change: (t) => { state.context = t; contextChanged(); } });
byId("subjectEditor").append(subject.element);
byId("preheaderEditor").append(preheader.element);
byId("messageEditor").append(message.element);
byId("contextEditor").append(context.element);

// path is the key in the shortcut's file of a text that the channel shows.
const path = (part) => (override()[part] !== undefined ? `channels.${state.channel}.${part}` : part);

function edit(part, text) {
  const o = override();
  if (o[part] !== undefined) o[part] = text;
  else state.shortcut[part] = text;
  changed();
}

// changed renders again, at once: the server answers faster than anyone types.
function changed() {
  showDraft();
  keep();
  render();
}

function showDraft() {
  byId("draft").hidden = !edited();
  byId("draftText").textContent = state.newer ? "Edited here, and meanwhile its file has changed." : crowded ? "This browser has no room to keep these edits: copy the YAML." : "Kept in this browser only. Copy the YAML to save it.";
  byId("name").textContent = state.shortcut.name;
  const about = known.shortcuts.find((s) => s.name === state.shortcut.name);
  byId("about").textContent = about ? [about.category, about.subcategory].filter(Boolean).join(" · ") : "Not in the templates' folder";
}

// show fills the editors with the texts of the channel.
function show() {
  const s = state.shortcut;
  const email = form() === "html";
  byId("subjectField").hidden = byId("preheaderField").hidden = !email;
  byId("layoutField").hidden = !email;
  subject.set(override().subject ?? s.subject ?? "");
  preheader.set(override().preheader ?? s.preheader ?? "");
  const own = override().message !== undefined;
  byId("scope").textContent = own ? `only for ${channels[state.channel].title}` : "for all channels";
  byId("scopeSwitch").textContent = own ? "Use the text of all channels" : `Write another for ${channels[state.channel].title}`;
  message.set(override().message ?? s.message ?? "");
  message.drawn = [];
  message.draw();
  byId("format").value = format();
  byId("layout").value = override().emailTemplate ?? s.emailTemplate ?? "";
  showDraft();
}

// left are the texts of single channels that were given up for the common one: whoever switches back has them again.
const left = new Map();

byId("scopeSwitch").addEventListener("click", () => {
  const own = override();
  if (own.message !== undefined) {
    left.set(`${state.shortcut.name}/${state.channel}`, { message: own.message, ...(own.format && { format: own.format }) });
    delete own.message;
    delete own.format;
    if (Object.keys(own).length === 0) delete state.shortcut.channels[state.channel];
    if (Object.keys(state.shortcut.channels).length === 0) delete state.shortcut.channels;
  } else {
    state.shortcut.channels ??= {};
    state.shortcut.channels[state.channel] = { ...own, message: state.shortcut.message ?? "", ...left.get(`${state.shortcut.name}/${state.channel}`) };
  }
  show();
  changed();
});

byId("format").addEventListener("change", (event) => {
  const target = override().message !== undefined ? override() : state.shortcut;
  target.format = event.target.value;
  message.drawn = [];
  message.draw();
  changed();
});

byId("layout").addEventListener("change", (event) => {
  const target = override().emailTemplate !== undefined ? override() : state.shortcut;
  if (event.target.value) target.emailTemplate = event.target.value;
  else delete target.emailTemplate;
  changed();
});

// Choosing a shortcut.

// ownDrafts are those that the templates' folder knows nothing of, with some words of their text.
function ownDrafts(typed = "") {
  const words = typed.toLowerCase().split(/\s+/);
  const items = drafts.names().filter((name) => !known.shortcuts.some((s) => s.name === name))
    .map((name) => ({ label: name, about: (drafts.get(name)?.shortcut.message ?? "").replace(/\s+/g, " ").slice(0, 90), value: name }))
    .filter(({ label, about }) => words.every((w) => `${label} ${about}`.toLowerCase().includes(w)));
  return items.length > 0 ? [{ title: "Drafts", items }] : [];
}

const byCategory = () => {
  const own = drafts.names();
  const groups = new Map();
  for (const s of known.shortcuts) {
    const title = s.category || "Other";
    if (!groups.has(title)) groups.set(title, []);
    groups.get(title).push({ label: s.title, about: own.includes(s.name) ? ["Edited here", s.description].filter(Boolean).join(" · ") : s.description, more: [s.subcategory, ...(s.tags ?? [])].join(" "), value: s.name });
  }
  const place = (title) => (known.categories.indexOf(title) + 1 || Infinity);
  return [...ownDrafts(), ...[...groups].sort(([a], [b]) => place(a) - place(b) || a.localeCompare(b)).map(([title, items]) => ({ title, items }))];
};
const search = async (text) => {
  const { shortcuts } = await get(`/v1/shortcuts?q=${encodeURIComponent(text.slice(0, 200))}`);
  return [...ownDrafts(text), { title: "Found", items: shortcuts.map((s) => ({ label: s.title, about: s.excerpt || s.description, value: s.name })) }];
};
const picker = new Picker(byId("pick"), { label: "Shortcuts", placeholder: "Search by name, tag or text", groups: byCategory, chosen: choose, search });

let crowded = false; // the browser has no room for a draft

const leave = () => { crowded = !drafts.keep(state); };

async function choose(name) {
  leave();
  const draft = drafts.get(name);
  if (draft) {
    begin(draft.shortcut, draft.original);
    return;
  }
  try {
    const { shortcut } = await get(`/v1/shortcuts/${encodeURIComponent(name)}`);
    begin(shortcut);
  } catch (error) {
    trouble(error);
  }
}

function begin(shortcut, original = JSON.stringify(shortcut)) {
  state.shortcut = shortcut;
  state.original = original;
  state.newer = null;
  show();
  changed();
}

// freshName is one that no shortcut and no draft has.
function freshName() {
  const taken = new Set([...drafts.names(), ...known.shortcuts.map((s) => s.name)]);
  for (let n = 1; ; n++) {
    const name = n === 1 ? blank().name : `${blank().name}-${n}`;
    if (!taken.has(name)) return name;
  }
}

// refresh looks what the templates' folder has now. Where the shortcut's file has changed, it is shown as it is now, unless
// it is edited here: then the page says so.
async function refresh() {
  try {
    const [shortcuts, snippets] = await Promise.all([get("/v1/shortcuts"), get("/v1/snippets")]);
    Object.assign(known, { shortcuts: shortcuts.shortcuts, categories: shortcuts.categories, snippets: snippets.snippets, languages: snippets.languages });
    languageTabs();
    const { name } = state.shortcut;
    if (!known.shortcuts.some((s) => s.name === name)) return;
    const { shortcut } = await get(`/v1/shortcuts/${encodeURIComponent(name)}`);
    const now = JSON.stringify(shortcut);
    if (now === (state.newer ?? state.original) || name !== state.shortcut.name) return;
    if (!edited()) begin(shortcut, now);
    else {
      state.newer = now;
      showDraft();
    }
  } catch (error) {
    trouble(error);
  }
}
addEventListener("focus", () => { if (known.shortcuts.length > 0) refresh(); });

byId("fresh").addEventListener("click", () => {
  leave();
  begin(blank(freshName()));
  (form() === "html" ? subject : message).area.focus();
});
byId("revert").addEventListener("click", () => begin(JSON.parse(state.newer ?? state.original)));
byId("copy").addEventListener("click", async (event) => {
  const button = event.currentTarget;
  button.textContent = await copied(yaml(state.shortcut)) ? "Copied" : "Not allowed";
  setTimeout(() => { button.textContent = "Copy YAML"; }, 1500);
});

// copied puts a text on the clipboard. Pages over http may do so only by a selection.
async function copied(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text).then(() => true, () => false);
  const area = h("textarea", { class: "hidden", "aria-hidden": "true", value: text });
  const focused = document.activeElement;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  focused?.focus();
  return done;
}

const insertions = () => [
  { title: "Fields", items: known.fields.filter((f) => !f.path.includes("<")).map((f) => ({ label: f.name, about: f.path, value: `{{${f.path}}}` })) },
  { title: "Of this recipient", items: state.paths.filter((p) => !known.fields.some((f) => f.path === p.path)).map((p) => ({ label: p.path, code: true, about: p.value, value: `{{${p.path}}}` })) },
  { title: "Snippets", items: known.snippets.map((s) => ({ label: s.name, code: true, about: textOf(s), more: s.description, value: `[[${s.name}]]` })) },
  { title: "Helpers", items: known.helpers.map((e) => ({ label: e.name, code: true, about: e.doc.split(". ")[0], value: e.examples[0]?.template ?? `{{${e.name}}}` })) },
];
new Picker(byId("insert"), {
  label: "Insert", placeholder: "Search fields, snippets and helpers", groups: insertions,
  chosen: (text) => message.replace(message.area.selectionStart, message.area.selectionEnd, text),
});

// The recipient.

const csv = new CSVPane(byId("csvPane"), {
  sample: () => known.samples.audience,
  changed: (one) => {
    // A row without a locale or zone of its own gets what a bulk gives it: the one that is chosen here.
    state.own ??= { locale: state.locale, timezone: state.timezone };
    state.csv = one;
    setLocale(one.locale || state.own.locale, false);
    byId("timezone").value = state.timezone = one.timezone || state.own.timezone;
    contextChanged();
  },
});

for (const [id, other] of [["fromJSON", "fromCSV"], ["fromCSV", "fromJSON"]]) {
  byId(id).addEventListener("click", () => {
    byId(id).setAttribute("aria-pressed", "true");
    byId(other).setAttribute("aria-pressed", "false");
    byId("jsonPane").hidden = id !== "fromJSON";
    byId("csvPane").hidden = id !== "fromCSV";
    if (id === "fromJSON") {
      state.csv = null;
      if (state.own) {
        setLocale(state.own.locale, false);
        byId("timezone").value = state.timezone = state.own.timezone;
        state.own = null;
      }
      contextChanged();
    } else if (csv.rows.length > 0) csv.again();
    else csv.start();
  });
}

function readPaths() {
  try {
    state.paths = paths(JSON.parse(state.csv?.context ?? state.context));
  } catch {
    // The server says where it is wrong.
  }
}

function contextChanged() {
  if (state.context.length > large) {
    contextRests();
    return;
  }
  readPaths();
  keep();
  render();
}

// large is a context that is not read at every key.
const large = 100_000;
const contextRests = later(400, () => {
  readPaths();
  keep();
  render();
});

byId("timezone").addEventListener("change", (event) => {
  state.timezone = event.target.value.trim();
  if (state.own) state.own.timezone = state.timezone;
  changed();
});

// Channels and languages.

function channelTabs() {
  fill(byId("channels"), Object.entries(channels).map(([name, { title }]) => h("button", {
    type: "button", role: "tab", id: `tab-${name}`, "aria-controls": "panel", "aria-selected": String(name === state.channel),
    tabindex: name === state.channel ? "0" : "-1", onclick: () => setChannel(name),
  }, title, h("span", { class: "badge", id: `badge-${name}`, hidden: true }))));
}
arrows(byId("channels"), "[role=tab]", (tab) => tab.click());

function setChannel(name) {
  state.channel = name;
  for (const tab of byId("channels").children) {
    const on = tab.id === `tab-${name}`;
    tab.setAttribute("aria-selected", String(on));
    tab.tabIndex = on ? 0 : -1;
  }
  byId("panel").setAttribute("aria-labelledby", `tab-${name}`);
  show();
  keep();
  showResult();
}

const languageNames = new Intl.DisplayNames(["en"], { type: "language", fallback: "code" });

function languageTabs() {
  const current = state.locale.toLowerCase();
  const list = known.languages.slice(0, 8);
  const chosen = list.includes(current) ? current : null;
  if (changes(byId("languages"), list)) {
    fill(byId("languages"), list.map((tag) => h("button", {
      type: "button", role: "radio", title: languageNames.of(tag), "aria-label": languageNames.of(tag), lang: tag, "data-tag": tag, onclick: () => setLocale(tag),
    }, tag)));
  }
  const focused = byId("languages").contains(document.activeElement);
  [...byId("languages").children].forEach((radio, i) => {
    radio.setAttribute("aria-checked", String(list[i] === chosen));
    radio.tabIndex = list[i] === chosen || !chosen && i === 0 ? 0 : -1;
  });
  byId("locale").value = chosen ? "" : state.locale;
  if (focused) byId("languages").querySelector("[tabindex='0']")?.focus();
}
arrows(byId("languages"), "[role=radio]", (radio) => radio.click());

function setLocale(tag, again = true) {
  state.locale = tag;
  languageTabs();
  if (!again) return;
  if (state.own) state.own.locale = tag;
  changed();
}
byId("locale").addEventListener("change", (event) => setLocale(event.target.value.trim() || known.languages[0] || "en"));

// Rendering.

let running = null;
let again = false;

// faultOf is what is wrong with a context; the same one is not read again.
let read = { data: "{}", fault: null };
function faultOf(data) {
  if (read.data !== data) read = { data, fault: jsonFault(data) };
  return read.fault;
}

// render asks for the preview; while one is on its way the next waits, and only the last is asked for.
async function render() {
  if (running) {
    again = true;
    return;
  }
  const data = state.csv?.context ?? (state.context.trim() || "{}");
  const fault = faultOf(data);
  if (fault) {
    contextFault(fault);
    return;
  }
  const body = `{"context":${data},` + JSON.stringify({
    inline: state.shortcut, locale: state.locale || undefined, timezone: state.timezone || undefined,
    source: form() === "html" && shown.email === "source", explain: shown.explain, lint: true,
  }).slice(1);
  const started = performance.now();
  running = call("POST", "/v1/render", body);
  try {
    state.result = await running;
    state.failed = null;
    byId("took").textContent = `Rendered in ${Math.max(1, Math.round(performance.now() - started))} ms`;
    showResult();
  } catch (error) {
    if (error.status === 429) later(500, render)(); // a token of few requests: the next one shows it
    else trouble(error);
  } finally {
    running = null;
    if (again) {
      again = false;
      render();
    }
  }
}

function contextFault(fault) {
  state.result = { ...(state.result ?? { contents: [] }), errors: [{ code: "context", path: "context", ...fault }] };
  showResult();
}

// trouble is what the server could not answer. One that is away is asked again until it is back.
function trouble(error) {
  if (error.status === 0) revive();
  state.result = { ...(state.result ?? { contents: [] }), errors: [{ code: error.code || "server", message: error.message }] };
  showResult();
}

const revive = later(2000, render);

// last keeps what was shown before an error, so that nothing flickers while someone types.
const last = {};

function showResult() {
  const result = state.result;
  if (!result) return;
  for (const content of result.contents) last[content.channel] = content;
  const mine = result.errors.filter((e) => !e.channel || e.channel === state.channel);
  const content = last[state.channel];
  const fresh = result.contents.find((c) => c.channel === state.channel);
  const notices = [...(fresh?.issues ?? []), ...warnings(result, fresh?.issues ?? [])];
  const told = settled(mine);
  showMarks(told, notices);
  showMistakes(told);
  showTools();
  byId("view").classList.toggle("stale", !fresh && told.length === mine.length);
  byId("stale").hidden = Boolean(fresh) || !content || told.length < mine.length;
  showView(content);
  showFiles(fresh);
  showIssues(fresh, notices.slice(fresh?.issues.length ?? 0));
  showBadges(result);
  announce(told.length > 0 ? `${count(told.length, "error")}: ${told[0].message}` : count(fresh?.issues.length ?? 0, "issue"));
}

// warnings are those in the texts that the channel shows, but for what this recipient notices already.
function warnings(result, issues) {
  const own = ["subject", "preheader", "message"].filter((part) => part === "message" || form() === "html").map(path);
  return (result.warnings ?? []).filter((w) => own.includes(w.path) && !issues.some((i) => i.path === w.path && i.line === w.line && Math.abs(i.column - w.column) <= 2));
}

// settled are the mistakes to tell. What is wrong only because someone is still writing it is none: a new mistake waits
// until they rest.
function settled(mistakes) {
  if (mistakes.length > 0 && byId("mistakes").childElementCount === 0 && performance.now() - typed < rest) {
    rested();
    return [];
  }
  return mistakes;
}
const rest = 700;
let typed = -rest;
const rested = later(rest, showResult);
addEventListener("input", () => { typed = performance.now(); }, true);

const announce = later(600, (text) => { byId("state").textContent = text; });

function showBadges(result) {
  for (const name of Object.keys(channels)) {
    const badge = byId(`badge-${name}`);
    const content = result.contents.find((c) => c.channel === name);
    const bad = Boolean(content?.verdict) || result.errors.some((e) => !e.channel || e.channel === name);
    const issues = content?.issues.length ?? 0;
    badge.hidden = !bad && issues === 0 && !(content?.sms?.segments.length > 1);
    badge.className = bad ? "badge bad" : issues > 0 ? "badge warn" : "badge";
    badge.textContent = bad ? "!" : issues > 0 ? issues : content?.sms?.segments.length ?? "";
    badge.title = bad ? "Can't be sent" : issues > 0 ? count(issues, "issue") : count(content?.sms?.segments.length ?? 0, "segment");
  }
}

const editors = { subject, preheader, message, context };

function showMarks(errors, issues) {
  const all = [...errors.map((e) => ({ ...e, level: "error" })), ...issues.map((i) => ({ ...i, level: "issue" }))];
  for (const [part, editor] of Object.entries(editors)) {
    const key = part === "context" ? "context" : path(part);
    editor.mark(all.filter((m) => m.path === key));
  }
}

// jump goes to the place of an error, an issue, or a piece, where it is in an editor.
function jump(place) {
  const own = place.path?.match(/^channels\.(\w+)\.(\w+)$/);
  if (own && own[1] !== state.channel) setChannel(own[1]);
  const part = own ? own[2] : place.path;
  if (part === "context" && state.csv) return;
  editors[part]?.jump(place.line || 1, place.column || 1);
}

function showMistakes(errors) {
  if (!changes(byId("mistakes"), errors)) return;
  fill(byId("mistakes"), errors.map((e) => h("div", { class: "mistake" },
    h("p", { class: "mistake-text" }, e.message),
    e.source && h("pre", { class: "mistake-source", "aria-label": "The line" }, caret(e)),
    h("p", { class: "mistake-foot" },
      editors[e.path?.split(".").at(-1)] ? h("button", { type: "button", class: "link", onclick: () => jump(e) }, `Go to ${where(e)}`) : h("span", { class: "soft" }, where(e)),
      (e.fix || e.suggestion) && editors[e.path?.split(".").at(-1)] && h("button", { type: "button", class: "small", onclick: () => mend(e) }, e.suggestion ? `Change to ${e.suggestion}` : "Mend")))));
}

// caret shows the line of a mistake with the place in it marked.
function caret(e) {
  const line = [...e.source];
  const at = e.source.startsWith("...") ? -1 : (e.column || 1) - 1;
  if (at < 0 || at >= line.length) return e.source;
  const rest = line.slice(at).join("");
  const piece = rest.match(/^\{\{[^}]*\}*|^\[\[[^\]]*\]*|^"[^"]*"|^[\w$@.\/-]+/)?.[0] ?? rest.slice(0, 1);
  return [line.slice(0, at).join(""), h("mark", { class: "m-error" }, piece), rest.slice(piece.length)];
}

// mend puts what was meant where the mistake is.
function mend(e) {
  jump(e);
  const editor = editors[e.path.split(".").at(-1)];
  if (e.fix) { // from the last edit to the first, so that places stay
    for (const f of [...e.fix].reverse()) editor.replace(editor.offset(f.line, f.column), editor.offset(f.endLine, f.endColumn), f.text);
    return;
  }
  const start = editor.offset(e.line, e.column);
  const name = editor.text.slice(start).match(/^(?:\{\{[#>]?\s*|\[\[|")?([\w.@$-]+)/);
  if (!name) return;
  const from = start + name[0].length - name[1].length;
  editor.replace(from, from + name[1].length, e.suggestion);
}

// toggle is a button that is on or off.
function toggle(label, on, press, more = {}) {
  return h("button", { type: "button", class: "toggle", "aria-pressed": String(on), onclick: press, ...more }, label);
}

function set(key, value, ask) {
  shown[key] = value;
  const focused = document.activeElement?.dataset?.key;
  showResult();
  if (focused) byId("tools").querySelector(`[data-key="${focused}"]`)?.focus();
  if (ask) render();
}

function showTools() {
  const email = form() === "html";
  const group = (label, key, entries, current) => h("div", { class: "segments", role: "group", "aria-label": label },
    entries.map(([value, title]) => h("button", { type: "button", "aria-pressed": String(current === value), "data-key": `${key}-${value}`, onclick: () => set(key, value, key === "email" && value === "source") }, title)));
  const signature = [state.channel, shown.email, shown.phone, shown.dark, shown.explain].join();
  if (byId("tools").dataset.signature === signature) return;
  byId("tools").dataset.signature = signature;
  fill(byId("tools"),
    email && !shown.explain && group("View", "email", [["page", "Email"], ["text", "Text"], ["source", "Source"]], shown.email),
    email && !shown.explain && shown.email === "page" && group("Width", "phone", [[false, "Wide"], [true, "Phone"]], shown.phone),
    email && !shown.explain && shown.email === "page" && toggle("Dark", shown.dark, () => set("dark", !shown.dark), { "data-key": "dark", id: "dark" }),
    toggle("Explain", shown.explain, () => set("explain", !shown.explain, true), { "data-key": "explain", id: "explain", title: "Show where every piece comes from" }),
    h("span", { class: "space" }),
    h("button", { type: "button", id: "test", "data-key": "test", onclick: test }, "Send a test…"));
}

let viewKey = "";
let mail = null; // stays while the email's page is shown

function showView(content) {
  if (!content) {
    fill(byId("view"), h("p", { class: "empty" }, "Nothing to show yet."));
    viewKey = "";
    return;
  }
  const key = JSON.stringify([state.channel, shown, content]);
  if (key === viewKey) return;
  viewKey = key;
  const view = byId("view");
  if (shown.explain) {
    fill(view, content.parts ? explained(content.parts, jump) : h("p", { class: "empty" }, "Rendering…"));
  } else if (form() === "html" && shown.email === "page") {
    if (!mail?.element.isConnected) fill(view, (mail = new views.Mail()).element);
    mail.show(content, shown);
  } else if (form() === "html") {
    fill(view, views.part(content, shown.email === "text" ? views.plain(content.text, "The text part") : views.plain(content.eml || "Rendering…", "The email's source")));
  } else if (form() === "text") fill(view, views.sms(content));
  else fill(view, views.rich(content), h("details", { class: "markdown" }, h("summary", {}, "Markdown as it is sent"), views.plain(content.text, "Markdown")));
}

function showFiles(content) {
  const files = content?.attachments;
  if (!files || files.list.length === 0) {
    fill(byId("files"));
    return;
  }
  const meter = (value, max, label) => h("div", { class: `meter${value > max ? " over" : ""}`, role: "meter", "aria-label": label, "aria-valuemin": "0", "aria-valuemax": String(max), "aria-valuenow": String(Math.min(value, max)), "aria-valuetext": `${bytes(value)} of ${bytes(max)}` },
    h("span", { style: { width: `${Math.min(100, Math.max(1, (value / max) * 100))}%` } }));
  fill(byId("files"),
    h("h2", {}, "Attachments"),
    h("ul", { class: "files" }, files.list.map((f) => h("li", {}, h("span", { class: "file-name" }, f.name), h("span", { class: "soft" }, `${bytes(f.size)} of ${bytes(f.max)}`), meter(f.size, f.max, f.name)))),
    files.list.length > 1 && h("div", { class: "files-total" }, h("span", {}, "Together"), h("span", { class: "soft" }, `${bytes(files.total)} of ${bytes(files.maxTotal)}`), meter(files.total, files.maxTotal, "All attachments")),
    files.problem && h("p", { class: "error-text", role: "alert" }, files.problem));
}

// fate says what would keep the message from being sent, as its status would say it.
function fate(content) {
  if (content?.verdict) return h("p", { class: "fate error-text" }, h("strong", {}, "Would not be sent: "), content.verdict.text || content.verdict.code);
  return content?.waits && h("p", { class: "fate soft" }, h("strong", {}, "Would wait: "), content.waits);
}

function showIssues(content, others) {
  const issues = content?.issues ?? [];
  if (!changes(byId("issues"), [issues, others, content?.verdict, content?.waits])) return;
  const list = (all) => h("ul", { class: "issues" }, all.map((i) => h("li", {},
    h("button", { type: "button", class: "issue-go", onclick: () => jump(i), disabled: !editors[i.path?.split(".").at(-1)] },
      h("span", { class: "issue-text" }, i.message, i.meant ? h("span", { class: "soft" }, ` Did you mean ${i.meant}?`) : ""),
      h("span", { class: "issue-place" }, where(i))),
    i.fix && editors[i.path?.split(".").at(-1)] && h("button", { type: "button", class: "small", onclick: () => mend(i) }, "Mend"),
    i.meant && editors[i.path?.split(".").at(-1)] && h("button", { type: "button", class: "small", onclick: () => mend({ ...i, suggestion: i.meant }) }, "Change"))));
  fill(byId("issues"),
    fate(content),
    issues.length > 0 && [h("h2", {}, count(issues.length, "issue"), h("span", { class: "soft" }, " this recipient would notice")), list(issues)],
    others.length > 0 && [h("h2", {}, count(others.length, "warning"), h("span", { class: "soft" }, " for other recipients")), list(others)]);
}

async function test() {
  await refresh(); // what is sent by its name is what is shown
  const content = state.result?.contents.find((c) => c.channel === state.channel);
  const own = edited() || !known.shortcuts.some((s) => s.name === state.shortcut.name);
  const s = state.shortcut;
  const texts = override();
  const email = form() === "html";
  sendTest({
    channel: state.channel, from: content?.from ?? "",
    note: own ? "Your edits are sent as they stand here, without preheader and attachments." : "",
    context: state.csv?.context ?? state.context,
    message: {
      ...(own ? {
        text: texts.message ?? s.message ?? "", format: format(),
        ...(email && { subject: texts.subject ?? s.subject ?? "", template: texts.emailTemplate ?? s.emailTemplate }),
      } : { shortcut: s.name }),
      locale: state.locale || undefined, timezone: state.timezone || undefined,
    },
  });
}

// Keeping, so that a reload loses nothing: edits in this browser, the sample recipient in this tab.

function keepNow() {
  if (!state.shortcut.name) return; // nothing is shown yet
  leave();
  if (crowded) showDraft();
  const { locale, timezone } = state.own ?? state;
  const kept = { name: state.shortcut.name, channel: state.channel, locale, timezone, context: state.context };
  try {
    sessionStorage.setItem("herald.preview", JSON.stringify(kept));
  } catch {
    sessionStorage.setItem("herald.preview", JSON.stringify({ ...kept, context: undefined })); // too large a recipient
  }
  history.replaceState(null, "", `#${encodeURIComponent(state.shortcut.name)}/${state.channel}${state.locale ? `/${state.locale}` : ""}`);
}
const keep = later(300, keepNow);
addEventListener("pagehide", keepNow);

// wanted is what the address names: shortcut, channel, locale.
function wanted() {
  try {
    return location.hash.slice(1).split("/").map(decodeURIComponent);
  } catch {
    return [];
  }
}

zones();
tokenButton(byId("token"));

async function start() {
  channelTabs();
  try {
    const [shortcuts, snippets, helpers, fields, samples] = await Promise.all(["shortcuts", "snippets", "helpers", "fields", "samples"].map((name) => get(`/v1/${name}`)));
    Object.assign(known, { shortcuts: shortcuts.shortcuts, categories: shortcuts.categories, snippets: snippets.snippets, languages: snippets.languages, helpers: helpers.helpers, fields: fields.fields, samples });
  } catch (error) {
    trouble(error);
    if (error.status === 0) setTimeout(start, 2000);
    return;
  }
  const { samples } = known;
  fill(byId("layout"), h("option", { value: "" }, samples.layout ? `${samples.layout} (default)` : "none (default)"),
    samples.layouts.filter((l) => l.name !== samples.layout).map((l) => h("option", { value: l.name, title: l.description }, l.name)), h("option", { value: "none" }, "none"));
  byId("timezone").placeholder = samples.timezone;
  const [name, channel, locale] = wanted();
  const kept = JSON.parse(sessionStorage.getItem("herald.preview") ?? "null");
  state.context = kept?.context ?? JSON.stringify(samples.context, null, 2);
  state.locale = locale || kept?.locale || known.languages.find((l) => samples.locale.toLowerCase().split("-")[0] === l) || samples.locale;
  state.timezone = byId("timezone").value = kept?.timezone ?? "";
  context.set(state.context);
  if (channels[channel]) state.channel = channel;
  else if (kept) state.channel = kept.channel;
  languageTabs();
  channelTabs();
  readPaths(); // the shortcut that is shown first renders, and nothing before it
  const wish = name || kept?.name || "order-issue-before-arrival";
  const first = drafts.get(wish)?.shortcut ?? known.shortcuts.find((s) => s.name === wish) ?? known.shortcuts[0];
  if (first) await choose(first.name);
  else begin(blank());
}

addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k" && !event.shiftKey && !event.altKey) {
    event.preventDefault();
    picker.open();
  }
});
addEventListener("hashchange", () => {
  const [name, channel] = wanted();
  if (channels[channel] && channel !== state.channel) setChannel(channel);
  if (name && name !== state.shortcut.name && known.shortcuts.some((s) => s.name === name)) choose(name);
});

start();
