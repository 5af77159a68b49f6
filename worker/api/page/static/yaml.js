// A shortcut as the file that a templates' folder holds.

const order = ["name", "description", "category", "subcategory", "visibility", "owner", "teams", "users", "subject", "preheader", "message", "format",
  "emailTemplate", "attachments", "channels", "conversationSubject", "tags", "assignedUsers", "assignedTeams", "queue", "priority", "status", "subStatus",
  "snoozeUntil", "customFields"];

export function yaml(shortcut) {
  return object(shortcut, "", order);
}

function object(value, indent, keys = Object.keys(value)) {
  let out = "";
  for (const key of keys) {
    const v = value[key];
    if (v === undefined || v === null || v === "" && indent === "") continue;
    out += `${indent}${scalarKey(key)}:${member(v, indent)}`;
  }
  return out;
}

function member(v, indent) {
  if (Array.isArray(v)) return ` [${v.map(scalar).join(", ")}]\n`;
  if (typeof v === "object") return Object.keys(v).length ? `\n${object(v, indent + "  ")}` : " {}\n";
  if (typeof v === "string" && v.includes("\n") && !/^\n*[ \t]|^\n*$/.test(v) && !special.test(v)) {
    const keep = v.endsWith("\n") ? (v.endsWith("\n\n") ? "|+" : "|") : "|-";
    return ` ${keep}\n${v.replace(/\n$/, "").split("\n").map((line) => (line ? indent + "  " + line : "")).join("\n")}\n`;
  }
  return ` ${scalar(v)}\n`;
}

// special are characters that YAML reads as line ends, refuses, or takes for others.
const special = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

const quoted = (text) => JSON.stringify(text).replace(/[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/g, (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));

const scalarKey = (key) => (/^[A-Za-z_][\w-]*$/.test(key) && !reserved.test(key) ? key : quoted(key));

const reserved = /^(true|false|null|yes|no|on|off|y|n)$/i;

// scalar writes a text bare only where no reader could take it for anything else; JSON's form is YAML's too.
function scalar(v) {
  if (typeof v !== "string") return JSON.stringify(v);
  return /^[A-Za-z][\w \/.()-]*[\w.)]$/.test(v) && !reserved.test(v) ? v : quoted(v);
}
