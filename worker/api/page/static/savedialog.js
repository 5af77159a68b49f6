// What saving comes to is shown before: the file, its lines that change, and what is wrong with it.
import { h, fill, count, later } from "./dom.js";
import { call, get } from "./api.js";
import { shownDiff } from "./diff.js";

// A thing is {kind: "shortcut" or "snippet", value: as it is edited, was: its name in the folder or "", version: of its file}.

export const pathOf = (kind, name) => `/v1/${kind}s/${encodeURIComponent(name)}`;

// put saves, or only tries to. A file that is not the one that was edited is not touched.
function put({ kind, value, was, version }, dryRun) {
  return call("PUT", `${pathOf(kind, was || value.name)}${dryRun ? "?dryRun=true" : ""}`, { [kind]: value }, { headers: was ? { "If-Match": `"${version}"` } : { "If-None-Match": "*" } });
}

// saveDialog shows what saving comes to, and saves; saved(value, answer) is told. rename puts the focus on the name.
export async function saveDialog(thing, saved, { rename = false } = {}) {
  const mine = { ...thing, value: structuredClone(thing.value) };
  const name = h("input", { id: "saveName", required: true, maxlength: "128", value: mine.value.name, autocomplete: "off", spellcheck: "false" });
  const file = h("p", { class: "save-file" });
  const what = h("div", { class: "save-what" });
  const said = h("div", { class: "save-said", role: "status" });
  const save = h("button", { class: "primary", type: "submit", id: "saveNow", disabled: true }, "Save");
  const dialog = h("dialog", { class: "dialog wide save", "aria-labelledby": "saveTitle" }, h("form", { onsubmit: (event) => { event.preventDefault(); store(); } },
    h("h2", { id: "saveTitle" }, mine.was ? "Save" : `Save as a new ${mine.kind}`),
    h("label", { for: "saveName" }, "Name"), name, file, what, said,
    h("div", { class: "actions" }, h("button", { type: "button", class: "ghost", onclick: () => dialog.close() }, "Cancel"), save)));

  let run = 0;
  async function look() {
    const now = ++run;
    mine.value.name = name.value.trim();
    save.disabled = true;
    if (!mine.value.name) return;
    try {
      const change = await put(mine, true);
      if (now === run) show(change);
    } catch (error) {
      if (now === run) await refused(error);
    }
  }

  function show(change, note = "") {
    file.textContent = change.was && change.was !== change.file ? `${change.was} → ${change.file}` : change.file + (change.before ? "" : " (new)");
    fill(what, shownDiff(change.before ?? "", change.after ?? ""));
    const errors = change.findings.filter((f) => f.severity === "error");
    const others = change.findings.filter((f) => f.severity !== "error");
    fill(said, note && h("p", { class: "error-text" }, note), list(errors, "error", errors.length === 1 ? "keeps it from being saved" : "keep it from being saved"), list(others, "warning", "people would notice"));
    save.disabled = errors.length > 0 || change.before === change.after && !change.was;
  }

  // refused tells an error. Where somebody else changed the file, what saving would do to it is shown.
  async function refused(error) {
    const tell = (words) => fill(said, h("p", { class: "error-text" }, words));
    const now = error.code === "changed_meanwhile" && mine.was ? await get(pathOf(mine.kind, mine.was)).catch(() => null) : null;
    if (!now || now.version === mine.version) {
      fill(what);
      file.textContent = "";
      tell(error.message);
      return;
    }
    mine.version = now.version;
    try {
      show(await put(mine, true), "Its file has changed since you began. Saving puts your text in the place of what is struck out here.");
    } catch (again) {
      tell(again.message);
    }
  }

  async function store() {
    save.disabled = true;
    try {
      const answer = await put(mine, false);
      dialog.close();
      await saved(mine.value, answer);
    } catch (error) {
      save.disabled = false;
      await refused(error);
    }
  }

  name.addEventListener("input", later(250, look));
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.showModal();
  if (rename || !mine.was) name.select();
  await look();
  if (!rename && mine.was && dialog.open && name.value === mine.value.name && !save.disabled) save.focus(); // one key saves
}

function list(findings, kind, words) {
  if (findings.length === 0) return null;
  return [h("h3", {}, `${count(findings.length, kind)} ${words}`), h("ul", { class: "save-findings" }, findings.slice(0, 20).map((f) => h("li", { class: kind === "error" ? "error-text" : "" }, h("span", { class: "soft" }, `${f.file}${f.line ? `:${f.line}` : ""}`), " ", f.message)))];
}
