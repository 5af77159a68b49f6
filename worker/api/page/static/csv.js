// An audience in the browser: its rows, and the context that each of them brings, as `herald bulk send` reads them.

// parse reads comma-separated values (RFC 4180) into rows of cells.
export function parse(text, most = 100_000) {
  const rows = [];
  let row = [];
  let cell = "";
  let quoted = false;
  const source = text.replace(/^\ufeff/, "");
  for (let i = 0; i < source.length; i++) {
    const c = source[i];
    if (quoted) {
      if (c !== '"') cell += c;
      else if (source[i + 1] === '"') { cell += '"'; i++; } else quoted = false;
    } else if (c === '"' && cell === "") quoted = true;
    else if (c === ",") { row.push(cell); cell = ""; } else if (c === "\n" || c === "\r") {
      if (c === "\r" && source[i + 1] === "\n") i++;
      row.push(cell);
      if (row.length > 1 || row[0] !== "") rows.push(row);
      if (rows.length > most) return rows;
      row = [];
      cell = "";
    } else cell += c;
  }
  if (cell !== "" || row.length > 0) { row.push(cell); rows.push(row); }
  return rows;
}

const apart = new Set(["to", "locale", "timezone", "attachments"]);
const number = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

// recipient is what a row brings: {context, locale, timezone, problems}. The context is JSON text, so that numbers stay
// exact; problems are cells for which the whole row would be refused.
export function recipient(header, row) {
  const root = new Map();
  const out = { locale: "", timezone: "", problems: [] };
  header.forEach((name, i) => {
    const value = row[i] ?? "";
    const path = name.trim();
    if (value === "" || path === "") return;
    if (apart.has(path)) {
      if (path in out) out[path] = value.trim();
      return;
    }
    const parts = path.split(".");
    let at = root;
    for (const part of parts.slice(0, -1)) {
      if (!(at.get(part) instanceof Map)) at.set(part, new Map());
      at = at.get(part);
    }
    at.set(parts.at(-1), literal(parts, value, out.problems));
  });
  return { ...out, context: write(root, "") };
}

// literal writes a cell as JSON. The suffix of a custom field's name is its type.
function literal(parts, value, problems) {
  const custom = parts.slice(0, -1).includes("custom");
  const name = parts.at(-1);
  const bare = value.trim();
  if (custom && name.endsWith("Num")) {
    if (number.test(bare)) return bare;
    problems.push(`${parts.join(".")}: "${bare.slice(0, 40)}" is not a number`);
  }
  if (custom && name.endsWith("Bool")) {
    if (/^(true|1|yes)$/i.test(bare)) return "true";
    if (/^(false|0|no)$/i.test(bare)) return "false";
    problems.push(`${parts.join(".")}: "${bare.slice(0, 40)}" is not true or false`);
  }
  return JSON.stringify(value);
}

function write(node, indent) {
  if (!(node instanceof Map)) return node;
  if (node.size === 0) return "{}";
  const deeper = indent + "  ";
  const members = [...node].map(([key, value]) => `${deeper}${JSON.stringify(key)}: ${write(value, deeper)}`);
  return `{\n${members.join(",\n")}\n${indent}}`;
}
