// Shortcuts: choosing one, a new one, and what the templates' folder has meanwhile.
import { byId, h } from "./dom.js";
import { get } from "./api.js";
import { Picker } from "./picker.js";
import { drafts } from "./drafts.js";
import { yaml } from "./yaml.js";
import { known, state, blank, edited, form } from "./state.js";
import { show, showDraft, subject, message } from "./texts.js";
import { trouble } from "./render.js";

// page is what choosing needs of the page around it: {changed(), languagesChanged()}.
let page;
export function connect(to) { page = to; }

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
export const picker = new Picker(byId("pick"), { label: "Shortcuts", placeholder: "Search by name, tag or text", groups: byCategory, chosen: choose, search });

// keepDraft keeps what is edited.
export function keepDraft() { state.crowded = !drafts.keep(state); }

// choose shows a shortcut: as it was left here, or as its file has it.
export async function choose(name) {
  keepDraft();
  const draft = drafts.get(name);
  if (draft) {
    begin(draft.shortcut, draft);
    if (known.shortcuts.some((s) => s.name === name)) await refreshOne();
    return;
  }
  wished = name;
  try {
    const { shortcut, version } = await get(`/v1/shortcuts/${encodeURIComponent(name)}`);
    if (wished === name) begin(shortcut, { version });
  } catch (error) {
    trouble(error);
  }
}
let wished = ""; // the last that was asked for: answers of others come too late

export function begin(shortcut, { original = JSON.stringify(shortcut), version = "" } = {}) {
  wished = "";
  Object.assign(state, { shortcut, original, version, newer: null });
  show();
  page.changed();
}

// freshName is one that no shortcut and no draft has.
export function freshName(base = blank().name) {
  const taken = new Set([...drafts.names(), ...known.shortcuts.map((s) => s.name)]);
  for (let n = 1; ; n++) {
    const name = n === 1 ? base : `${base}-${n}`;
    if (!taken.has(name)) return name;
  }
}

// refresh looks what the templates' folder has now.
export async function refresh() {
  try {
    const [shortcuts, snippets, samples] = await Promise.all([get("/v1/shortcuts"), get("/v1/snippets"), get("/v1/samples")]);
    Object.assign(known, { shortcuts: shortcuts.shortcuts, categories: shortcuts.categories, snippets: snippets.snippets, languages: snippets.languages, samples });
    page.languagesChanged();
    if (known.shortcuts.some((s) => s.name === state.shortcut.name)) await refreshOne();
    else showDraft();
  } catch (error) {
    trouble(error);
  }
}

// refreshOne shows the shortcut as its file has it now, unless it is edited here: then the page says so.
async function refreshOne() {
  const { name } = state.shortcut;
  const { shortcut, version } = await get(`/v1/shortcuts/${encodeURIComponent(name)}`);
  const now = JSON.stringify(shortcut);
  if (name !== state.shortcut.name) return;
  if (now === state.original) Object.assign(state, { version, newer: null });
  else if (!edited() || now === JSON.stringify(state.shortcut)) begin(shortcut, { version });
  else state.newer = { original: now, version };
  showDraft();
}
addEventListener("focus", () => { if (known.shortcuts.length > 0) refresh(); });

byId("fresh").addEventListener("click", () => {
  keepDraft();
  begin(blank(freshName()));
  (form() === "html" ? subject : message).area.focus();
});
byId("revert").addEventListener("click", () => {
  const { original, version } = state.newer ?? state;
  begin(JSON.parse(original), { version });
});

// copyYAML copies the shortcut as its file would be.
export async function copyYAML(button) {
  button.textContent = await copied(yaml(state.shortcut)) ? "Copied" : "Not allowed";
  setTimeout(() => { button.textContent = "Copy YAML"; }, 1500);
}

// copied puts a text on the clipboard. Pages over http may do so only by a selection.
async function copied(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text).then(() => true, () => false);
  const area = h("textarea", { class: "hidden", "aria-hidden": "true", value: text });
  const focused = document.activeElement;
  document.body.append(area);
  area.focus();
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  focused?.focus();
  return done;
}
