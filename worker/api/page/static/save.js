// Shortcuts are saved into their files, renamed, copied and deleted.
import { byId, h } from "./dom.js";
import { call } from "./api.js";
import { drafts } from "./drafts.js";
import { shownDiff } from "./diff.js";
import { yaml } from "./yaml.js";
import { sure } from "./act.js";
import { known, state } from "./state.js";
import { begin, choose, copyYAML, freshName, keepDraft, refresh } from "./library.js";
import { pathOf, saveDialog } from "./savedialog.js";

// stored is the name that the shortcut has in the folder; "" for one that is in none.
const stored = () => (state.version ? JSON.parse(state.original).name : "");

function save(how) {
  keepDraft();
  const draftName = state.shortcut.name;
  return saveDialog({ kind: "shortcut", value: state.shortcut, was: stored(), version: state.version }, async (shortcut, { version, file }) => {
    drafts.drop(draftName);
    begin(shortcut, { version });
    tell(`Saved in ${file}.`);
    await refresh();
  }, how);
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
      await call("DELETE", pathOf("shortcut", name), undefined, { headers: { "If-Match": `"${state.version}"` } });
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

byId("save").addEventListener("click", () => save());
byId("differ").addEventListener("click", differDialog);
addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "s" || event.shiftKey || event.altKey || !known.samples.editable) return;
  event.preventDefault();
  if (!document.querySelector("dialog[open]")) save();
});

// The menu of what is done less often.

const menu = byId("menu");
for (const [id, words, act, when] of [
  ["duplicate", "Duplicate", duplicate], ["rename", "Rename…", () => save({ rename: true }), () => known.samples.editable && stored()],
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
