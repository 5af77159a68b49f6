// The page of snippets: all languages of one side by side, with what is missing and what lags behind its source.
import { byId, h, fill, count } from "./dom.js";
import { call, get, tokenButton } from "./api.js";
import { Editor } from "./editor.js";
import { template } from "./highlight.js";
import { offers } from "./complete.js";
import { sure } from "./act.js";
import { pathOf, saveDialog } from "./savedialog.js";

const known = { snippets: [], languages: [], helpers: [], fields: [], editable: false };
let gap = ""; // only snippets that lack a text, or have an outdated one
let edits = null; // what is edited: {value, original as JSON, was, version, file}

const names = new Intl.DisplayNames(["en"], { type: "language", fallback: "code" });
const directions = new Set(["ar", "he", "fa", "ur"]);
const missing = (s) => known.languages.filter((l) => !s.texts[l]?.trim());
const outdated = (s) => s.outdated ?? [];

const complete = offers(() => ({
  fields: known.fields.filter((f) => !f.path.includes("<")).map((f) => ({ kind: "field", label: f.path, about: f.name })),
  helpers: known.helpers.map((e) => ({ kind: "helper", label: e.name, about: e.signature.replace(/^#/, ""), insert: `${e.name} `, block: e.signature.startsWith("#"), blockOnly: e.signature.startsWith("#") })),
  snippets: known.snippets.map((s) => ({ kind: "snippet", label: s.name, about: (s.texts[s.source] ?? "").slice(0, 90) })),
  languages: known.languages,
}));

function trouble(words) {
  byId("trouble").textContent = words;
  byId("trouble").hidden = words === "";
}

// The list.

function list() {
  const words = byId("find").value.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (s) => words.every((w) => `${s.name} ${s.description ?? ""} ${Object.values(s.texts).join(" ")}`.toLowerCase().includes(w));
  const wanted = { "": () => true, missing: (s) => missing(s).length > 0, outdated: (s) => outdated(s).length > 0 };
  fill(byId("gaps"), [["", "all"], ["missing", "missing"], ["outdated", "outdated"]].map(([key, title]) => h("button", {
    type: "button", "aria-pressed": String(key === gap), "data-gap": key, onclick: () => { gap = key; list(); byId("gaps").querySelector("[aria-pressed=true]").focus(); },
  }, `${title} ${known.snippets.filter(wanted[key]).length}`)));
  const shown = known.snippets.filter((s) => wanted[gap](s) && fits(s));
  fill(byId("names"), shown.map((s) => h("li", {}, h("a", { href: `#${encodeURIComponent(s.name)}`, "aria-current": s.name === edits?.was ? "true" : null },
    h("span", { class: "snippet-name" }, s.name),
    h("span", { class: "snippet-note" }, missing(s).length > 0 && h("b", {}, `lacks ${missing(s).join(", ")} `), outdated(s).length > 0 && h("b", {}, `outdated: ${outdated(s).join(", ")} `), s.texts[s.source] ?? "")))),
  shown.length === 0 && h("li", { class: "empty" }, "Nothing fits."));
}

// One snippet.

const edited = () => edits && JSON.stringify(edits.value) !== edits.original;

async function choose(name) {
  if (edited() && !(await sure("Leave these edits?", `The snippet ${edits.value.name} is not saved.`, "Leave them", "Stay"))) {
    history.replaceState(null, "", `#${encodeURIComponent(edits.was)}`);
    return;
  }
  try {
    const { snippet, version, file } = await get(pathOf("snippet", name));
    begin(snippet, { was: name, version, file });
    trouble("");
  } catch (error) {
    trouble(error.message);
  }
}

function begin(value, { was = "", version = "", file = "" } = {}) {
  edits = { value, original: JSON.stringify(value), was, version, file };
  show();
  list();
}

function show() {
  const { value, was, file } = edits;
  const save = h("button", { type: "button", id: "save", onclick: store }, "Save…");
  const uses = h("span");
  const all = [value.source, ...[...new Set([...known.languages, ...Object.keys(value.texts)])].filter((l) => l !== value.source)];
  const touched = () => save.classList.toggle("primary", edited());
  fill(byId("one"),
    h("div", { class: "snippet-head" }, h("h2", {}, was || "A new snippet"), h("span", { class: "space" }), known.editable && save,
      known.editable && was && h("button", { type: "button", class: "ghost", id: "remove", onclick: remove }, "Delete…")),
    h("p", { class: "snippet-about" }, [value.description, file].filter(Boolean).join(" · "), uses),
    h("div", { class: "languages" }, all.map((tag) => language(tag, touched))));
  if (was) get(pathOf("snippet", `${was}/uses`).replace("%2Fuses", "/uses")).then((answer) => { if (edits.was === was) uses.textContent = ` · shown in ${count(answer.uses.length, "place")}`; }, () => {});
}

// language is the editor of one text. It is told when something is edited.
function language(tag, touched) {
  const { value } = edits;
  const pill = h("span", { class: "pill" });
  const lags = h("input", { type: "checkbox", checked: outdated(value).includes(tag), disabled: !known.editable });
  const mark = () => {
    const lacks = !value.texts[tag]?.trim();
    const late = outdated(value).includes(tag);
    pill.textContent = tag === value.source ? "source" : lacks ? "missing" : late ? "outdated" : "";
    pill.className = lacks || late ? "pill warn" : "pill";
    pill.hidden = pill.textContent === "";
    touched();
  };
  lags.addEventListener("change", () => {
    setOutdated(value, tag, lags.checked);
    mark();
  });
  const editor = new Editor({
    id: `text-${tag}`, rows: 4, blocks: true, label: names.of(tag), highlight: (t) => template(t, "markdown"), complete,
    change: (text) => {
      if (text === "" && tag !== value.source) {
        delete value.texts[tag];
        setOutdated(value, tag, false);
      } else value.texts[tag] = text;
      if (tag !== value.source && outdated(value).includes(tag)) { // whoever writes it brings it up to date
        setOutdated(value, tag, false);
        lags.checked = false;
      }
      mark();
    },
  });
  editor.area.lang = tag;
  editor.area.dir = editor.lines.dir = directions.has(tag.split("-")[0]) ? "rtl" : "auto";
  editor.area.readOnly = !known.editable;
  editor.set(value.texts[tag] ?? "");
  mark();
  return h("section", { class: "language", "aria-label": names.of(tag) }, h("div", { class: "language-head" }, h("label", { for: `text-${tag}` }, `${names.of(tag)} `, h("span", { class: "soft" }, tag)), pill, h("span", { class: "space" }),
    tag !== value.source && h("label", { class: "check" }, lags, "Outdated")), editor.element);
}

function setOutdated(value, tag, on) {
  const others = outdated(value).filter((l) => l !== tag);
  if (on) others.push(tag);
  if (others.length > 0) value.outdated = others.sort();
  else delete value.outdated;
}

function store() {
  if (!edits.was && edits.value.name === "") edits.value.name = "sn.";
  return saveDialog({ kind: "snippet", ...edits }, async (value, { version, file }) => {
    await load();
    begin(value, { was: value.name, version, file });
    history.replaceState(null, "", `#${encodeURIComponent(value.name)}`);
  });
}

async function remove() {
  if (!(await sure(`Delete ${edits.was}?`, "Its file is removed from the templates' folder, unless something shows it.", "Delete it"))) return;
  try {
    await call("DELETE", pathOf("snippet", edits.was), undefined, { headers: { "If-Match": `"${edits.version}"` } });
    edits = null;
    await load();
    if (known.snippets.length > 0) await choose(known.snippets[0].name);
  } catch (error) {
    trouble(error.message);
  }
}

async function load() {
  const [snippets, samples] = await Promise.all([get("/v1/snippets"), get("/v1/samples")]);
  Object.assign(known, { snippets: snippets.snippets, languages: snippets.languages, editable: samples.editable });
  byId("fresh").hidden = !known.editable;
}

byId("find").addEventListener("input", list);
byId("fresh").addEventListener("click", async () => {
  if (edited() && !(await sure("Leave these edits?", `The snippet ${edits.value.name} is not saved.`, "Leave them", "Stay"))) return;
  begin({ name: "sn.", source: known.languages[0] ?? "en", texts: { [known.languages[0] ?? "en"]: "" } });
  byId(`text-${edits.value.source}`).focus();
});
addEventListener("hashchange", () => {
  const name = decodeURIComponent(location.hash.slice(1));
  if (name && name !== edits?.was) choose(name);
});
addEventListener("beforeunload", (event) => { if (edited()) event.preventDefault(); });
addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "s" || !known.editable || !edits) return;
  event.preventDefault();
  if (!document.querySelector("dialog[open]")) store();
});

async function start() {
  try {
    const [helpers, fields] = await Promise.all([get("/v1/helpers"), get("/v1/fields"), load()]);
    Object.assign(known, { helpers: helpers.helpers, fields: fields.fields });
  } catch (error) {
    trouble(error.message);
    if (error.status === 0) setTimeout(start, 2000);
    return;
  }
  trouble("");
  list();
  const name = decodeURIComponent(location.hash.slice(1)) || known.snippets[0]?.name;
  if (name) await choose(name);
  else fill(byId("one"), h("p", { class: "empty" }, "No snippets yet. A snippet is a text in several languages that shortcuts show by [[sn.name]]."));
}

tokenButton(byId("token"));
start();
