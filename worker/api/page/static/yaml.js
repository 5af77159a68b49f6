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
  if (typeof v === "string" && v.includes("\n") && !/^[ \t]/.test(v) && !/[\x00-\x08\x0b-\x1f\x7f]/.test(v) && !v.includes("\r")) {
    const keep = v.endsWith("\n") ? (v.endsWith("\n\n") ? "|+" : "|") : "|-";
    return ` ${keep}\n${v.replace(/\n$/, "").split("\n").map((line) => (line ? indent + "  " + line : "")).join("\n")}\n`;
  }
  return ` ${scalar(v)}\n`;
}

const scalarKey = (key) => (/^[A-Za-z_][\w-]*$/.test(key) ? key : JSON.stringify(key));

// scalar writes a text bare only where no reader could take it for anything else; JSON's form is YAML's too.
function scalar(v) {
  if (typeof v !== "string") return JSON.stringify(v);
  return /^[A-Za-z][\w \/.()-]*[\w.)]$/.test(v) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(v) ? v : JSON.stringify(v);
}
