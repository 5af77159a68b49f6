// Completion while typing, and what it offers: fields, helpers, snippets.
import { h, fill } from "./dom.js";

const most = 60;

// Completion shows what could stand at the caret of an editor. offer(before, after) gives {from, items: [{label, about,
// detail, insert, group}]} or null; from is how many characters before the caret are replaced.
export class Completion {
  constructor(editor, offer) {
    this.editor = editor;
    this.offer = offer;
    this.items = [];
    this.at = -1;
    this.list = h("ul", { class: "complete", role: "listbox", tabindex: "0", id: `${editor.options.id}-complete`, "aria-label": "Suggestions", hidden: true });
    this.said = h("span", { class: "hidden", role: "status" });
    editor.element.append(this.list, this.said);
    const area = editor.area;
    area.setAttribute("aria-autocomplete", "list");
    area.setAttribute("aria-controls", this.list.id);
    area.addEventListener("input", (event) => {
      if (event.inputType?.startsWith("delete") && this.list.hidden) return;
      this.open(false);
    });
    area.addEventListener("keydown", (event) => this.key(event));
    area.addEventListener("blur", (event) => { if (event.relatedTarget !== this.list) this.close(); });
    this.list.addEventListener("focus", () => area.focus());
    area.addEventListener("click", () => this.close());
  }

  open(wanted) {
    const { area, text } = this.editor;
    const caret = area.selectionStart;
    const offered = caret === area.selectionEnd ? this.offer(text.slice(0, caret), text.slice(caret), wanted) : null;
    if (!offered || offered.items.length === 0) {
      this.close();
      return;
    }
    this.from = offered.from;
    this.items = offered.items.slice(0, most);
    this.at = 0;
    fill(this.list, this.items.map((item, i) => h("li", {
      role: "option", id: `${this.list.id}-${i}`, class: `c-${item.kind}`,
      onmousedown: (event) => { event.preventDefault(); this.accept(i); },
    }, h("span", { class: "c-label" }, item.label), h("span", { class: "c-about" }, item.about ?? ""))));
    this.list.hidden = false;
    this.place(caret - this.from);
    this.choose(0);
    this.said.textContent = `${this.items.length} suggestions`;
  }

  // place puts the list below the caret, or above where there is no room.
  place(start) {
    const caret = this.editor.caret(start);
    const around = this.editor.element.getBoundingClientRect();
    const left = Math.max(0, Math.min(caret.left - around.left, around.width - this.list.offsetWidth - 8));
    const below = innerHeight - caret.bottom > this.list.offsetHeight + 12 || caret.top < this.list.offsetHeight;
    this.list.style.left = `${left}px`;
    this.list.style.top = below ? `${caret.bottom - around.top + 4}px` : `${caret.top - around.top - this.list.offsetHeight - 4}px`;
  }

  choose(i) {
    this.list.children[this.at]?.removeAttribute("aria-selected");
    this.at = (i + this.items.length) % this.items.length;
    const option = this.list.children[this.at];
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    this.editor.area.setAttribute("aria-activedescendant", option.id);
  }

  key(event) {
    if (event.key === " " && event.ctrlKey) {
      event.preventDefault();
      this.open(true);
      return;
    }
    if (this.list.hidden || event.isComposing) return;
    const act = {
      ArrowDown: () => this.choose(this.at + 1), ArrowUp: () => this.choose(this.at - 1),
      Enter: () => this.accept(this.at), Tab: () => this.accept(this.at), Escape: () => this.close(),
    }[event.key];
    if (!act || event.shiftKey || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  accept(i) {
    const item = this.items[i];
    const caret = this.editor.area.selectionStart;
    const after = this.editor.text.slice(caret);
    const start = caret - this.from;
    this.close();
    let insert = item.insert ?? item.label;
    if (item.close && !after.trimStart().startsWith(item.close.slice(0, 1))) insert += item.close;
    this.editor.replace(start, caret, insert);
    this.close(); // replacing is an input too
  }

  close() {
    if (this.list.hidden) return;
    this.list.hidden = true;
    this.at = -1;
    this.said.textContent = "";
    this.editor.area.removeAttribute("aria-activedescendant");
  }
}

// matching sorts items by how well they fit what is typed: wholly, at the start, at a word's start, anywhere.
function matching(items, typed) {
  const want = typed.toLowerCase();
  const score = (item) => {
    const label = item.label.toLowerCase();
    if (label === want) return 0;
    if (label.startsWith(want)) return 1;
    const at = label.indexOf(want);
    if (at > 0) return /[.\/_-]/.test(label[at - 1]) ? 2 : 3;
    return (item.about ?? "").toLowerCase().includes(want) && want.length > 1 ? 4 : -1;
  };
  return items.map((item, i) => ({ item, i, score: score(item) })).filter((x) => x.score >= 0)
    .sort((a, b) => a.score - b.score || a.i - b.i).map((x) => x.item);
}

const operators = ["==", "!=", "<", "<=", ">", ">=", "===", "!==", "&&", "||"];
const formats = [["LL", "January 18, 2019"], ["ll", "Jan 18, 2019"], ["L", "01/18/2019"], ["LT", "9:00 AM"], ["LLL", "January 18, 2019 9:00 AM"],
  ["LLLL", "Friday, January 18, 2019 9:00 AM"], ["dddd", "Friday"], ["dddd, LL", "Friday, January 18, 2019"], ["D MMMM YYYY", "18 January 2019"], ["YYYY-MM-DD", "2019-01-18"], ["LL z", "January 18, 2019 UTC"]];

// offers makes the offer of a template's editor. known() gives {fields, helpers, snippets, languages, partials} as they
// are now; see words in preview.js.
export function offers(known) {
  return (before, after, wanted) => {
    const snippet = before.match(/\[\[([\w.-]*)$/);
    if (snippet) {
      return { from: snippet[1].length, items: matching(known().snippets, snippet[1]).map((s) => ({ ...s, close: "]]" })) };
    }
    const opened = before.lastIndexOf("{{");
    if (opened < 0 || before.indexOf("}}", opened) >= 0) return null;
    const inner = before.slice(opened).replace(/^\{+~?/, "");
    if (inner.startsWith("!")) return null;
    const quoted = text(inner);
    if (quoted) return { from: quoted.typed.length, items: within(quoted, inner, known()) };
    const head = inner.match(/^[#^\/>&*]*/)[0];
    const typed = inner.match(/[\w$@.\/-]*$/)[0];
    const rest = inner.slice(head.length, inner.length - typed.length);
    if (!wanted && typed === "" && rest.trim() !== "") return null;
    if (head.includes("/")) return null;
    const { fields, helpers } = known();
    const first = rest.trim() === "" || /\(\s*$/.test(rest);
    const close = rest.trim() === "" && !head.includes("#") ? "}}" : "";
    const offered = [];
    if (head.includes("#")) offered.push(...helpers.filter((x) => x.block && first));
    else if (first) offered.push(...fields, ...helpers.filter((x) => !x.blockOnly));
    if (!first) offered.push(...fields);
    const up = typed.match(/^(?:\.\.\/)+/)?.[0] ?? "";
    return { from: typed.length - up.length, items: matching(offered, typed.slice(up.length)).map((x) => (x.kind === "field" ? { ...x, close } : x)) };
  };
}

// text is the literal that the caret stands in, if it does.
function text(inner) {
  let quote = "";
  let start = 0;
  for (let i = 0; i < inner.length; i++) {
    if (quote) {
      if (inner[i] === "\\") i++;
      else if (inner[i] === quote) quote = "";
    } else if (inner[i] === '"' || inner[i] === "'") {
      quote = inner[i];
      start = i;
    }
  }
  return quote ? { quote, typed: inner.slice(start + 1), before: inner.slice(0, start) } : null;
}

// within offers what a literal may hold.
function within({ quote, typed, before }, inner, { languages }) {
  let items = [];
  if (/format=$/.test(before)) items = formats.map(([label, about]) => ({ label, about }));
  else if (/locale=$/.test(before)) items = languages.map((label) => ({ label, about: "language" }));
  else if (/^#?\s*(?:else\s+)?ifCond\s+\S+\s+$/.test(before)) items = operators.map((label) => ({ label, about: "operator" }));
  return matching(items, typed).map((item) => ({ ...item, kind: "text", close: quote }));
}
