// The preview page: what is written on the left is what the customer gets on the right.
import { byId, h, fill, changes, later, arrows } from "./dom.js";
import { get, tokenButton } from "./api.js";
import { channels } from "./channels.js";
import { Editor } from "./editor.js";
import { json } from "./highlight.js";
import { Picker } from "./picker.js";
import { CSVPane, paths, zones } from "./recipient.js";
import { drafts } from "./drafts.js";
import { sendTest } from "./sendtest.js";
import { known, state, blank, edited, form, override, format, textOf } from "./state.js";
import { show, showDraft, subject, preheader, message, whenChanged } from "./texts.js";
import { begin, choose, keepDraft, picker, refresh, connect as connectLibrary } from "./library.js";
import { render, trouble } from "./render.js";
import "./save.js";
import { showResult, connect as connectResult } from "./result.js";

// changed renders again, at once: the server answers faster than anyone types.
function changed() {
  showDraft();
  keep();
  render();
}

const context = new Editor({ id: "context", rows: 8, highlight: json, change: (t) => { state.context = t; contextChanged(); } });
byId("contextEditor").append(context.element);


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

let keptContext = null; // a large one is not stored again at each pause

function keepNow() {
  if (!state.shortcut.name) return; // nothing is shown yet
  keepDraft();
  if (state.crowded) showDraft();
  const { locale, timezone } = state.own ?? state;
  sessionStorage.setItem("herald.preview", JSON.stringify({ name: state.shortcut.name, channel: state.channel, locale, timezone }));
  if (keptContext !== state.context) {
    keptContext = state.context;
    try {
      sessionStorage.setItem("herald.context", state.context);
    } catch {
      sessionStorage.removeItem("herald.context"); // too large a recipient
    }
  }
  history.replaceState(null, "", `#${encodeURIComponent(state.shortcut.name)}/${state.channel}${state.locale ? `/${state.locale}` : ""}`);
}
const keep = later(300, keepNow);
addEventListener("pagehide", keepNow);
addEventListener("beforeunload", (event) => {
  keepNow();
  if (state.crowded && edited()) event.preventDefault(); // the browser asks: these edits are kept nowhere
});

// wanted is what the address names: shortcut, channel, locale.
function wanted() {
  try {
    return location.hash.slice(1).split("/").map(decodeURIComponent);
  } catch {
    return [];
  }
}

whenChanged(changed);
connectLibrary({ changed, languagesChanged: languageTabs });
connectResult({ editors: { subject, preheader, message, context }, setChannel, render, test });
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
  state.context = sessionStorage.getItem("herald.context") ?? JSON.stringify(samples.context, null, 2);
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

