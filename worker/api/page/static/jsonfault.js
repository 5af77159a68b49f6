// Where a text is no JSON, and why: browsers tell it in words of their own, often without a place.

const space = /[ \t\r\n]*/y;
const piece = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|(?:true|false|null)(?!\w)|[{}[\],:]/y;

// jsonFault gives {message, line, column}, both from 1 and the column in characters; null where the text is JSON.
export function jsonFault(text) {
  try {
    JSON.parse(text);
    return null;
  } catch {
    const { message, at } = find(text);
    const before = text.slice(0, at).split("\n");
    return { message, line: before.length, column: [...before.at(-1)].length + 1 };
  }
}

function find(text) {
  const open = []; // the brackets around
  let at = 0; // behind the last piece
  let want = "value";
  for (;;) {
    space.lastIndex = at;
    space.exec(text);
    const start = space.lastIndex;
    if (start === text.length) return { at, message: want === "nothing" ? "this is no JSON" : open.length > 0 ? `${open.at(-1) === "{" ? "}" : "]"} is missing at the end` : "a value is missing" };
    piece.lastIndex = start;
    const found = piece.exec(text)?.[0];
    if (!found) return { at: start, message: odd(text, start) };
    const kind = found[0] === '"' ? "text" : /[{}[\],:]/.test(found) ? found : "other";
    const inObject = open.at(-1) === "{";
    if (want === "nothing") return { at: start, message: "nothing may follow the value" };
    if (want === "comma") {
      if (kind === ",") want = inObject ? "key" : "value";
      else if (kind === (inObject ? "}" : "]")) {
        open.pop();
        want = open.length > 0 ? "comma" : "nothing";
      } else return { at, message: `a comma is missing here, or ${inObject ? "}" : "]"}` };
    } else if (want === "colon") {
      if (kind !== ":") return { at, message: "a colon is missing here, between a name and its value" };
      want = "value";
    } else if ((want === "key" || want === "key or end") && kind === "text") want = "colon";
    else if (want === "key or end" && kind === "}" || want === "value or end" && kind === "]") {
      open.pop();
      want = open.length > 0 ? "comma" : "nothing";
    } else if (want === "key" || want === "key or end") {
      return { at: start, message: kind === "}" ? "a comma too many before }" : "a name in double quotes belongs here" };
    } else if (kind === "{" || kind === "[") {
      open.push(kind);
      want = kind === "{" ? "key or end" : "value or end";
    } else if (kind === "text" || kind === "other") want = open.length > 0 ? "comma" : "nothing";
    else return { at: start, message: kind === "]" || kind === "}" ? `a comma too many before ${kind}, or a value is missing` : "a value is missing here" };
    at = start + found.length;
  }
}

// odd says what is wrong with a piece that JSON doesn't have.
function odd(text, at) {
  const rest = text.slice(at, at + 200);
  if (rest[0] === '"') {
    const end = text.slice(at + 1).search(/(?<!\\)(?:\\\\)*["\n]/);
    if (end < 0 || text.slice(at + 1).match(/(?<!\\)(?:\\\\)*(["\n])/)[1] === "\n") return "this text lacks its closing quote; a line break in it is written \\n";
    return "this text has a character that must be written with a backslash, or a backslash that means nothing";
  }
  if (rest[0] === "'") return "texts stand in double quotes";
  if (/^\/[/*]/.test(rest)) return "JSON has no comments";
  if (/^[+-]?[\d.]/.test(rest)) return "this is no number as JSON writes them";
  const word = rest.match(/^[\p{L}_$][\w$-]*/u)?.[0];
  if (word) return `${word} is no value: texts and names stand in double quotes`;
  return `${[...rest][0]} does not belong here`;
}
