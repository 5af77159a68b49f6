// An editor for templates: a text area, so that typing, undo, dictation and screen readers are the browser's own, above
// the same text in colours with line numbers and marked places.
import { h, bytes, count } from "./dom.js";
import { Completion } from "./complete.js";

// most is how long a text may be to be edited. Of a longer one only the beginning is shown: a browser takes seconds to
// lay it out, again at every change of the page.
const most = 100_000;
const shownLines = 200;

export class Editor {
  // options: id, label, highlight(text), change(text), line (one line only), blocks (closes them), complete(before, after), rows
  constructor(options) {
    this.options = options;
    this.marks = [];
    this.drawn = [];
    this.lines = h("div", { class: "editor-lines", "aria-hidden": "true" });
    this.area = h("textarea", {
      id: options.id, rows: options.line ? 1 : options.rows ?? 3, spellcheck: "false", autocapitalize: "off", autocomplete: "off",
      autocorrect: "off", wrap: "soft", "aria-describedby": `${options.id}-mark`, "aria-label": options.label,
    });
    this.said = h("p", { id: `${options.id}-mark`, class: "editor-said", hidden: true });
    this.body = h("div", { class: "editor-body" }, this.lines, this.area);
    this.body.style.minHeight = options.line ? "calc(1.65em + 12px)" : `calc(${options.rows ?? 3} * 1.65em + 20px)`;
    this.scroll = h("div", { class: "editor-scroll" }, this.body);
    this.whole = null; // a text that is too long to edit
    this.size = h("span");
    this.long = h("p", { class: "editor-long", hidden: true }, this.size, " ", h("button", { type: "button", class: "link", onclick: () => this.empty() }, "Write another"));
    this.element = h("div", { class: options.line ? "editor one" : "editor" }, this.scroll, this.long, this.said);
    this.area.addEventListener("input", (event) => {
      this.edited();
      if (options.blocks && event.inputType === "insertText" && event.data === "}") this.closeBlock();
    });
    this.area.addEventListener("keydown", (event) => {
      if (options.line && event.key === "Enter" && !event.defaultPrevented) event.preventDefault();
      if ((event.key === "PageDown" || event.key === "PageUp") && !event.defaultPrevented && !event.ctrlKey && !event.altKey && !event.metaKey) {
        event.preventDefault();
        this.page(event.key === "PageDown" ? 1 : -1, event.shiftKey);
      }
    });
    if (options.complete) this.completion = new Completion(this, options.complete);
    this.draw();
  }

  get text() { return this.whole ?? this.area.value; }

  // cut keeps a text that is too long to edit, and shows its beginning.
  cut() {
    this.whole = this.area.value.length > most ? this.area.value : null;
    if (this.whole !== null) {
      const lines = this.whole.split("\n");
      this.area.value = lines.slice(0, shownLines).join("\n").slice(0, most / 10);
      this.size.textContent = `The beginning of ${count(lines.length, "line")}, ${bytes(this.whole.length)}: too long to edit here.`;
    }
    this.area.readOnly = this.whole !== null;
    this.long.hidden = this.whole === null;
  }

  empty() {
    this.area.value = "";
    this.edited();
    this.area.focus();
  }

  // set replaces the text without calling change.
  set(text) {
    if (this.text === text) return;
    this.area.value = text;
    this.cut();
    this.area.setSelectionRange(0, 0);
    this.scroll.scrollTop = 0;
    this.marks = [];
    this.completion?.close();
    this.draw();
  }

  edited() {
    this.cut();
    if (this.options.line && /[\r\n]/.test(this.text)) this.area.value = this.text.replace(/[\r\n]+/g, " ");
    this.marks = [];
    this.draw();
    this.options.change?.(this.text);
  }

  // replace puts text in the place of what stands from start to end, as if typed: it can be undone.
  replace(start, end, text) {
    this.area.focus();
    this.area.setSelectionRange(start, end);
    if (!document.execCommand("insertText", false, text)) {
      this.area.setRangeText(text, start, end, "end");
      this.edited();
    }
  }

  // closeBlock puts the closing tag behind an opening one that was just finished, where the text has none for it.
  closeBlock() {
    const caret = this.area.selectionStart;
    const opened = this.text.slice(0, caret).match(/\{\{~?[#^]>?\s*([\w.-]+)[^{}]*\}\}$/);
    if (!opened) return;
    const tags = (before) => this.text.split(new RegExp(`\\{\\{~?${before}\\s*${opened[1].replace(/[.]/g, "\\.")}(?![\\w.-])`)).length;
    if (tags("[#^]>?") <= tags("/")) return;
    this.replace(caret, caret, `{{/${opened[1]}}}`);
    this.area.setSelectionRange(caret, caret);
  }

  // page moves the caret by as many lines as are seen: the area is as high as its text, so the browser doesn't.
  page(direction, select) {
    const area = this.area;
    const at = area.selectionDirection === "backward" ? area.selectionStart : area.selectionEnd;
    const before = this.text.slice(0, at).split("\n");
    const lines = this.text.split("\n");
    const seen = Math.max(1, Math.floor(this.scroll.clientHeight / (area.scrollHeight / lines.length)) - 1);
    const line = Math.max(0, Math.min(lines.length - 1, before.length - 1 + direction * seen));
    const to = lines.slice(0, line).reduce((n, l) => n + l.length + 1, 0) + Math.min(before.at(-1).length, lines[line].length);
    const anchor = area.selectionDirection === "backward" ? area.selectionEnd : area.selectionStart;
    if (select) area.setSelectionRange(Math.min(anchor, to), Math.max(anchor, to), to < anchor ? "backward" : "forward");
    else area.setSelectionRange(to, to);
    this.lines.children[line]?.scrollIntoView({ block: "nearest" });
  }

  // offset turns a line and a column, both from 1 and the column in characters, into a place of the text.
  offset(line, column) {
    let at = 0;
    for (let n = 1; n < line; n++) {
      const next = this.text.indexOf("\n", at);
      if (next < 0) return this.text.length;
      at = next + 1;
    }
    const rest = this.text.slice(at).split("\n", 1)[0];
    return at + [...rest].slice(0, Math.max(0, column - 1)).join("").length;
  }

  // word is the piece that begins at a place: a whole tag, or a name.
  word(start) {
    const rest = this.text.slice(start).split("\n", 1)[0];
    const piece = rest.match(/^\{\{[^}]*\}?\}?\}?|^\[\[[^\]]*\]?\]?|^"[^"]*"|^[\w$@.\/-]+/)?.[0] ?? rest.slice(0, 1);
    return [start, start + piece.length];
  }

  // mark shows mistakes and issues at their places: {line, column, message, level: "error" or "issue"}.
  mark(marks) {
    if (marks.length === 0 && this.marks.length === 0 && this.said.hidden) return;
    this.marks = marks.filter((m) => m.line > 0).map((m) => {
      const [start, end] = this.word(this.offset(m.line, m.column || 1));
      return { ...m, start, end };
    });
    const errors = marks.filter((m) => m.level === "error");
    this.area.setAttribute("aria-invalid", errors.length > 0 ? "true" : "false");
    this.said.hidden = errors.length === 0;
    this.said.textContent = errors.map((m) => (this.options.line || !m.line ? "" : `Line ${m.line}: `) + m.message).join("\n");
    this.draw();
  }

  // jump puts the caret at a place and shows it.
  jump(line, column) {
    const [start, end] = this.word(this.offset(line, column || 1));
    this.area.focus({ preventScroll: true });
    this.area.setSelectionRange(start, end);
    const row = this.lines.children[line - 1];
    row?.scrollIntoView({ block: "nearest" });
    row?.classList.add("flash");
    setTimeout(() => row?.classList.remove("flash"), 1200);
  }

  // draw colours the text. Lines that did not change stay as they are.
  draw() {
    const text = this.area.value;
    const pieces = cut(this.options.highlight?.(text) ?? [], this.marks, text.length);
    const rows = text.split("\n");
    let at = 0;
    let p = 0;
    const drawn = [];
    rows.forEach((row, i) => {
      const end = at + row.length;
      const spans = [];
      let from = at;
      while (p < pieces.length && pieces[p][0] < end) {
        const [a, b, name] = pieces[p];
        const start = Math.max(a, at);
        const stop = Math.min(b, end);
        if (start > from) spans.push([text.slice(from, start), ""]);
        if (stop > start) spans.push([text.slice(start, stop), name]);
        from = Math.max(from, stop);
        if (b > end) break; // it goes on in the next line
        p++;
      }
      if (from < end) spans.push([text.slice(from, end), ""]);
      const level = this.marks.some((m) => m.line === i + 1 && m.level === "error") ? "line error"
        : this.marks.some((m) => m.line === i + 1) ? "line issue" : "line";
      const key = level + "\u0000" + spans.map((s) => s.join("\u0001")).join("\u0002");
      drawn.push(key);
      if (this.drawn[i] !== key) {
        const line = h("div", { class: level, "data-line": i + 1 }, spans.length ? spans.map(([s, name]) => (name ? h("span", { class: name }, s) : s)) : "\u200b");
        const old = this.lines.children[i];
        if (old) old.replaceWith(line);
        else this.lines.append(line);
      }
      at = end + 1;
    });
    while (this.lines.children.length > rows.length) this.lines.lastChild.remove();
    this.drawn = drawn;
    const digits = String(rows.length).length;
    if (digits !== this.digits) { // a change of it lays all lines out
      this.digits = digits;
      this.body.style.setProperty("--digits", digits);
    }
  }

  // caret is where the place of the text is on the screen.
  caret(place) {
    let line = 0;
    let at = 0;
    for (let next; (next = this.text.indexOf("\n", at)) >= 0 && next < place; at = next + 1) line++;
    const row = this.lines.children[line];
    const walk = document.createTreeWalker(row, NodeFilter.SHOW_TEXT);
    let left = place - at;
    for (let node; (node = walk.nextNode());) {
      if (left <= node.length) {
        const range = document.createRange();
        range.setStart(node, left);
        range.collapse(true);
        const box = range.getClientRects()[0];
        if (box) return box;
        break;
      }
      left -= node.length;
    }
    return row.getBoundingClientRect();
  }
}

// cut joins coloured pieces and marks into pieces that don't overlap.
function cut(pieces, marks, length) {
  if (marks.length === 0) return pieces;
  const edges = new Set([0, length]);
  for (const [a, b] of pieces) edges.add(a).add(b);
  for (const m of marks) edges.add(m.start).add(m.end);
  const sorted = [...edges].sort((a, b) => a - b);
  const out = [];
  let p = 0;
  for (let i = 0; i + 1 < sorted.length; i++) {
    const [a, b] = [sorted[i], sorted[i + 1]];
    while (p < pieces.length && pieces[p][1] <= a) p++;
    const name = p < pieces.length && pieces[p][0] <= a ? pieces[p][2] : "";
    const mark = marks.find((m) => m.level === "error" && m.start <= a && m.end >= b) ?? marks.find((m) => m.start <= a && m.end >= b);
    const both = [name, mark && `m-${mark.level}`].filter(Boolean).join(" ");
    if (both) out.push([a, b, both]);
  }
  return out;
}
