// The difference of two texts, line by line.
import { h } from "./dom.js";

const around = 3; // lines shown before and after what changed
const mostCells = 4_000_000; // beyond that, what differs is shown as a whole

// diff gives [sign, line, number] for every line: sign is "-", "+" or " "; the number is that of the new text, or of the old one.
export function diff(before, after) {
  const [a, b] = [lines(before), lines(after)];
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const out = [];
  for (let i = 0; i < start; i++) out.push([" ", b[i], i + 1]);
  out.push(...middle(a.slice(start, a.length - end), b.slice(start, b.length - end), start));
  for (let i = b.length - end; i < b.length; i++) out.push([" ", b[i], i + 1]);
  return out;
}

const lines = (text) => (text === "" ? [] : text.replace(/\n$/, "").split("\n"));

// middle finds the longest common lines.
function middle(a, b, start) {
  const all = () => [...a.map((l, i) => ["-", l, start + i + 1]), ...b.map((l, i) => ["+", l, start + i + 1])];
  if (a.length * b.length > mostCells) return all();
  const width = b.length + 1;
  const common = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      common[i * width + j] = a[i] === b[j] ? common[(i + 1) * width + j + 1] + 1 : Math.max(common[(i + 1) * width + j], common[i * width + j + 1]);
    }
  }
  const out = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) out.push([" ", b[j++], start + ++i && start + j]);
    else if (i < a.length && (j === b.length || common[(i + 1) * width + j] >= common[i * width + j + 1])) out.push(["-", a[i++], start + i]);
    else out.push(["+", b[j++], start + j]);
  }
  return out;
}

// shownDiff shows what changes, with some lines around it.
export function shownDiff(before, after) {
  const all = diff(before, after);
  const near = all.map((_, i) => all.slice(Math.max(0, i - around), i + around + 1).some(([sign]) => sign !== " "));
  const words = { "-": "removed: ", "+": "added: ", " ": "" };
  const rows = [];
  all.forEach(([sign, line, number], i) => {
    if (near[i]) rows.push(h("div", { class: `diff-line ${{ "-": "gone", "+": "added", " ": "" }[sign]}` }, h("span", { class: "diff-number", "aria-hidden": "true" }, String(number)), h("span", { class: "diff-sign" }, h("span", { class: "hidden" }, words[sign]), h("span", { "aria-hidden": "true" }, sign)), h("span", { class: "diff-text" }, line || " ")));
    else if (near[i - 1]) rows.push(h("div", { class: "diff-gap", "aria-hidden": "true" }, "⋯"));
  });
  return h("div", { class: "diff", tabindex: "0", role: "region", "aria-label": "What changes" }, rows.length > 0 ? rows : h("p", { class: "empty" }, "Nothing changes."));
}
