// What stands where in a template: pieces [start, end, class] in order, for the editor's colours. It is no parser: a
// template that is wrong is coloured as far as it goes, and the server says what is wrong with it.

const tag = /\{\{\{\{[\s\S]*?\}\}\}\}|\{\{~?!--[\s\S]*?--~?\}\}|\{\{~?![\s\S]*?\}\}|\{\{\{[\s\S]*?\}\}\}|\{\{[\s\S]*?\}\}|\[\[sn\.[\w.-]*\]\]/g;
const inside = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[\w@$-]+(?==)|@?[\w$][\w$.\/-]*|\.\.\/[\w$.\/-]*|-?\d+(?:\.\d+)?|[()|]/g;
const open = /^\{\{\{?\{?~?[#^\/>&*]*\s*/;
const close = /\s*~?\}\}\}?\}?$/;
const words = new Set(["else", "as", "true", "false", "null", "undefined", "this"]);

// template gives the pieces of a Handlebars text whose rest is in format: markdown, html or text.
export function template(text, format) {
  const out = [];
  let from = 0;
  for (const match of text.matchAll(tag)) {
    plain(text, from, match.index, format, out);
    from = match.index + match[0].length;
    if (text[match.index - 1] === "\\") continue;
    one(match[0], match.index, out);
  }
  plain(text, from, text.length, format, out);
  return out;
}

// one gives the pieces of one tag.
function one(source, at, out) {
  if (source.startsWith("[[")) {
    out.push([at, at + source.length, "t-snippet"]);
    return;
  }
  if (/^\{\{~?!/.test(source)) {
    out.push([at, at + source.length, "t-comment"]);
    return;
  }
  const head = source.match(open)?.[0] ?? "{{";
  const tail = source.match(close)?.[0] ?? "";
  const end = Math.max(head.length, source.length - tail.length);
  out.push([at, at + head.length, "t-mark"]);
  const block = /[#^\/]/.test(head);
  let first = true;
  const body = source.slice(head.length, end);
  const alone = !/\s/.test(body.trim());
  for (const m of body.matchAll(inside)) {
    const start = at + head.length + m.index;
    let kind = "t-path";
    if (/^["']/.test(m[0])) kind = "t-text";
    else if (/^-?\d/.test(m[0])) kind = "t-number";
    else if (/^[()|]$/.test(m[0])) kind = "t-mark";
    else if (words.has(m[0])) kind = "t-word";
    else if (body[m.index + m[0].length] === "=") kind = "t-key";
    else if (block && first || !alone && first || body[m.index - 1] === "(") kind = "t-word";
    if (m[0] !== "else") first = false;
    out.push([start, start + m[0].length, kind]);
  }
  if (tail) out.push([at + end, at + source.length, "t-mark"]);
}

const markdown = /^#{1,6} .*$|\*\*[^*\n]+\*\*|`[^`\n]+`|^\s*(?:[-*+]|\d+\.) |^> .*$|\[[^\]\n]*\]\([^)\n]*\)/gm;
const html = /<\/?[a-zA-Z][^>]*>|<!--[\s\S]*?-->|&[#\w]+;/g;

// plain colours what stands between tags.
function plain(text, from, to, format, out) {
  const pattern = { markdown, html }[format];
  if (!pattern || from >= to) return;
  for (const m of text.slice(from, to).matchAll(pattern)) {
    // A line's beginning is one only where no tag stands before it.
    if (pattern === markdown && /^[#>\s\d*+-]/.test(m[0]) && m.index === 0 && from > 0 && text[from - 1] !== "\n" && !m[0].startsWith("**")) continue;
    out.push([from + m.index, from + m.index + m[0].length, "t-soft"]);
  }
}

const jsonPiece = /"(?:[^"\\\n]|\\.)*"(\s*:)?|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\b(?:true|false|null)\b/g;

// json gives the pieces of a JSON text.
export function json(text) {
  const out = [];
  for (const m of text.matchAll(jsonPiece)) {
    const kind = m[1] !== undefined ? "t-key" : m[0][0] === '"' ? "t-text" : "t-number";
    out.push([m.index, m.index + m[0].length - (m[1]?.length ?? 0), kind]);
  }
  return out;
}
