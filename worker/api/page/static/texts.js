// The texts of a shortcut in their editors.
import { byId } from "./dom.js";
import { channels } from "./channels.js";
import { Editor } from "./editor.js";
import { template } from "./highlight.js";
import { offers } from "./complete.js";
import { known, state, edited, form, override, format, textOf } from "./state.js";

// changed is told of every edit; whoever renders sets it.
let changed = () => {};
export function whenChanged(f) { changed = f; }

const complete = offers(() => ({
  fields: [...state.paths.map(({ path, value }) => ({ kind: "field", label: path, about: value })),
    ...known.fields.filter((f) => !f.path.includes("<") && !state.paths.some((p) => p.path === f.path)).map((f) => ({ kind: "field", label: f.path, about: f.name }))],
  helpers: known.helpers.map((e) => ({ kind: "helper", label: e.name, about: e.signature.replace(/^#/, ""), insert: `${e.name} `, block: e.signature.startsWith("#") || e.examples.some((x) => x.template.includes(`{{#${e.name}`)), blockOnly: e.signature.startsWith("#") })),
  snippets: known.snippets.map((s) => ({ kind: "snippet", label: s.name, about: textOf(s) })),
  languages: known.languages,
}));

export const subject = new Editor({ id: "subject", line: true, highlight: (t) => template(t, "text"), complete, change: (t) => edit("subject", t) });
export const preheader = new Editor({ id: "preheader", line: true, highlight: (t) => template(t, "text"), complete, change: (t) => edit("preheader", t) });
export const message = new Editor({ id: "message", rows: 12, blocks: true, highlight: (t) => template(t, format()), complete, change: (t) => edit("message", t) });
byId("subjectEditor").append(subject.element);
byId("preheaderEditor").append(preheader.element);
byId("messageEditor").append(message.element);

function edit(part, text) {
  const o = override();
  if (o[part] !== undefined) o[part] = text;
  else state.shortcut[part] = text;
  changed();
}

export function showDraft() {
  byId("draft").hidden = !edited();
  byId("draftText").textContent = state.newer ? "Edited here, and meanwhile its file has changed." : state.crowded ? "This browser has no room to keep these edits: copy the YAML." : known.samples.editable ? "Edited; kept in this browser until it is saved." : "Kept in this browser only. Copy the YAML to save it.";
  byId("differ").hidden = !state.newer;
  byId("save").hidden = !known.samples.editable;
  byId("save").classList.toggle("primary", edited());
  byId("name").textContent = state.shortcut.name;
  const about = known.shortcuts.find((s) => s.name === state.shortcut.name);
  byId("about").textContent = about ? [about.category, about.subcategory].filter(Boolean).join(" · ") : "Not in the templates' folder";
}

// show fills the editors with the texts of the channel.
export function show() {
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
