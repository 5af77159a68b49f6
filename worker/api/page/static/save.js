// Saving a shortcut into its file: first what changes is shown, and what is wrong with it.
import { byId, h, fill, count, later } from "./dom.js";
import { call, get } from "./api.js";
import { drafts } from "./drafts.js";
import { shownDiff } from "./diff.js";
import { yaml } from "./yaml.js";
import { sure } from "./act.js";
import { known, state, edited } from "./state.js";
import { begin, choose, copyYAML, freshName, keepDraft, refresh } from "./library.js";

const pathOf = (name) => `/v1/shortcuts/${encodeURIComponent(name)}`;

// stored is the name that the shortcut has in the folder; "" for one that is in none.
const stored = () => (state.version ? JSON.parse(state.original).name : "");

// put saves, or only tries to. A file that is not the one that was edited is not touched.
function put(shortcut, version, dryRun) {
  const was = stored();
  return call("PUT", `${pathOf(was || shortcut.name)}${dryRun ? "?dryRun=true" : ""}`, { shortcut }, { headers: was ? { "If-Match": `"${version}"` } : { "If-None-Match": "*" } });
}

// saveDialog shows what saving comes to, and saves. rename puts the focus on the name.
export async function saveDialog({ rename = false } = {}) {
  keepDraft();
  const draftName = state.shortcut.name;
  const shortcut = structuredClone(state.shortcut);
  let { version } = state;
  const name = h("input", { id: "saveName", required: true, maxlength: "128", value: shortcut.name, autocomplete: "off", spellcheck: "false" });
  const file = h("p", { class: "save-file" });
  const what = h("div", { class: "save-what" });
  const said = h("div", { class: "save-said", role: "status" });
  const save = h("button", { class: "primary", type: "submit", id: "saveNow", disabled: true }, "Save");
  const dialog = h("dialog", { class: "dialog wide save", "aria-labelledby": "saveTitle" }, h("form", { onsubmit: (event) => { event.preventDefault(); store(); } },
    h("h2", { id: "saveTitle" }, stored() ? "Save" : "Save as a new shortcut"),
    h("label", { for: "saveName" }, "Name"), name, file, what, said,
    h("div", { class: "actions" }, h("button", { type: "button", class: "ghost", onclick: () => dialog.close() }, "Cancel"), save)));

  let run = 0;
  async function look() {
    const mine = ++run;
    shortcut.name = name.value.trim();
    save.disabled = true;
    if (!shortcut.name) return;
    try {
      const change = await put(shortcut, version, true);
      if (mine === run) show(change);
    } catch (error) {
      if (mine === run) await refused(error);
    }
  }

  function show(change, note = "") {
    file.textContent = change.was && change.was !== change.file ? `${change.was} → ${change.file}` : change.file + (change.before ? "" : " (new)");
    fill(what, shownDiff(change.before ?? "", change.after ?? ""));
    const errors = change.findings.filter((f) => f.severity === "error");
    const others = change.findings.filter((f) => f.severity !== "error");
    fill(said, note && h("p", { class: "error-text" }, note), list(errors, "error", "keep it from being saved"), list(others, "warning", "people would notice"));
    save.disabled = errors.length > 0 || change.before === change.after && !change.was;
  }

  async function refused(error) {
    if (error.code !== "changed_meanwhile" || !stored()) {
      fill(what);
      file.textContent = "";
      fill(said, h("p", { class: "error-text" }, error.message));
      return;
    }
    const now = await get(pathOf(stored())).catch(() => null);
    if (!now || now.version === version) {
      fill(said, h("p", { class: "error-text" }, error.message));
      return;
    }
    version = now.version;
    try {
      show(await put(shortcut, version, true), "Its file has changed since you began. Saving puts your text in the place of what is struck out here.");
    } catch (again) {
      fill(said, h("p", { class: "error-text" }, again.message));
    }
  }

  async function store() {
    save.disabled = true;
    try {
      const done = await put(shortcut, version, false);
      drafts.drop(draftName);
      dialog.close();
      begin(shortcut, { version: done.version });
      tell(`Saved in ${done.file}.`);
      await refresh();
    } catch (error) {
      save.disabled = false;
      await refused(error);
    }
  }

  name.addEventListener("input", later(250, look));
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.showModal();
  if (rename || !stored()) name.select();
  await look();
  if (!rename && stored() && dialog.open && name.value === shortcut.name && !save.disabled) save.focus(); // one key saves
}

function list(findings, kind, words) {
  if (findings.length === 0) return null;
  return [h("h3", {}, `${count(findings.length, kind)} ${findings.length === 1 ? words.replace("keep", "keeps") : words}`), h("ul", { class: "save-findings" }, findings.slice(0, 20).map((f) => h("li", { class: kind === "error" ? "error-text" : "" }, h("span", { class: "soft" }, `${f.file}${f.line ? `:${f.line}` : ""}`), " ", f.message)))];
}

// tell says for a moment what was done.
function tell(words) {
  byId("told").textContent = words;
  clearTimeout(tell.timer);
  tell.timer = setTimeout(() => { byId("told").textContent = ""; }, 6000);
}

// duplicate begins a new shortcut that says the same.
export function duplicate() {
  keepDraft();
  const name = freshName(`${state.shortcut.name.slice(0, 110)}-copy`);
  begin({ ...structuredClone(state.shortcut), name }, { original: JSON.stringify({ name }) });
}

// remove deletes the shortcut's file, after asking.
export async function remove() {
  const name = stored();
  if (!name) {
    if (!(await sure(`Drop the draft ${state.shortcut.name}?`, "It is kept in this browser only, and can't be brought back.", "Drop it"))) return;
    drafts.drop(state.shortcut.name);
  } else {
    if (!(await sure(`Delete ${name}?`, "Its file is removed from the templates' folder. Messages that name it are refused from then on.", "Delete it"))) return;
    try {
      await call("DELETE", pathOf(name), undefined, { headers: { "If-Match": `"${state.version}"` } });
    } catch (error) {
      tell(error.message);
      return;
    }
    drafts.drop(state.shortcut.name);
    tell(`${name} is deleted.`);
  }
  state.shortcut = JSON.parse(state.original); // nothing is kept of it
  const next = known.shortcuts.find((s) => s.name !== name);
  if (next) await choose(next.name);
  await refresh();
}

// differDialog shows what is edited here beside the file as it is now.
export function differDialog() {
  const dialog = h("dialog", { class: "dialog wide save", "aria-labelledby": "differTitle" }, h("form", { method: "dialog" },
    h("h2", { id: "differTitle" }, "The file as it is now, and your edits"), shownDiff(yaml(JSON.parse(state.newer?.original ?? state.original)), yaml(state.shortcut)),
    h("div", { class: "actions" }, h("button", { class: "primary" }, "Close"))));
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.showModal();
}

// download gives the shortcut as a file.
export function download() {
  const address = URL.createObjectURL(new Blob([yaml(state.shortcut)], { type: "application/yaml" }));
  h("a", { href: address, download: `${state.shortcut.name.replace(/[^\w.-]+/g, "-")}.yaml` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

byId("save").addEventListener("click", () => saveDialog());
byId("differ").addEventListener("click", differDialog);
addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "s" || event.shiftKey || event.altKey || !known.samples.editable) return;
  event.preventDefault();
  if (!document.querySelector("dialog[open]")) saveDialog();
});

// The menu of what is done less often.

const menu = byId("menu");
for (const [id, words, act, when] of [
  ["duplicate", "Duplicate", duplicate], ["rename", "Rename…", () => saveDialog({ rename: true }), () => known.samples.editable && stored()],
  ["copy", "Copy YAML", copyYAML], ["download", "Download YAML", download],
  ["remove", "Delete…", remove, () => known.samples.editable || !stored()],
]) {
  const item = h("button", { type: "button", class: "menu-item", role: "menuitem", id });
  item.textContent = words;
  item.addEventListener("click", () => {
    if (id !== "copy") menu.hidePopover(); // which says whether it could
    act(item);
  });
  menu.append(item);
  menu.addEventListener("beforetoggle", () => { item.hidden = when ? !when() : false; });
}
menu.addEventListener("toggle", (event) => {
  const open = event.newState === "open";
  byId("more").setAttribute("aria-expanded", String(open));
  if (!open) return;
  const box = byId("more").getBoundingClientRect();
  Object.assign(menu.style, { top: `${box.bottom + 6}px`, left: `${Math.max(8, Math.min(box.right - menu.offsetWidth, innerWidth - menu.offsetWidth - 8))}px` });
  menu.querySelector("button:not([hidden])").focus();
});
menu.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (event.key === "Tab") menu.hidePopover();
  if (!step) return;
  event.preventDefault();
  const items = [...menu.querySelectorAll("button:not([hidden])")];
  items[(items.indexOf(document.activeElement) + step + items.length) % items.length].focus();
});
