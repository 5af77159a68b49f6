// Reading a mail (RFC 5322, MIME) for people: its subject, and the part that its reader sees.

const latin = (bytes) => Array.from(bytes, (b) => String.fromCharCode(b)).join("");

// readMail gives {subject, from, to, html, text, files} of a mail's bytes.
export function readMail(bytes) {
  const out = { html: "", text: "", files: [] };
  const top = entity(latin(bytes));
  walk(top, out);
  for (const name of ["subject", "from", "to", "date"]) out[name] = words(top.headers.get(name) ?? "");
  return out;
}

// entity splits headers and body; headers are lower case, folded lines are joined.
function entity(text) {
  const end = text.search(/\r?\n\r?\n/);
  const head = end < 0 ? text : text.slice(0, end);
  const headers = new Map();
  for (const line of head.replace(/\r?\n[ \t]+/g, " ").split(/\r?\n/)) {
    const colon = line.indexOf(":");
    if (colon > 0) headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return { headers, body: end < 0 ? "" : text.slice(end).replace(/^\r?\n\r?\n/, "") };
}

const parameter = (value, name) => value.match(new RegExp(`${name}\\*?="?([^";]+)"?`, "i"))?.[1] ?? "";

function walk({ headers, body }, out) {
  const type = headers.get("content-type") ?? "text/plain";
  if (/^multipart\//i.test(type)) {
    const parts = `\r\n${body}`.split(`\n--${parameter(type, "boundary")}`).slice(1);
    for (const part of parts) if (!part.startsWith("--")) walk(entity(part.replace(/^[ \t]*\r?\n/, "").replace(/\r?$/, "")), out);
    return;
  }
  const disposition = headers.get("content-disposition") ?? "";
  if (/^attachment/i.test(disposition)) {
    out.files.push(words(parameter(disposition, "filename") || parameter(type, "name") || "a file"));
    return;
  }
  const text = decoded(body, headers.get("content-transfer-encoding") ?? "", parameter(type, "charset") || "utf-8");
  if (/^text\/html/i.test(type)) out.html ||= text;
  else if (/^text\/plain/i.test(type)) out.text ||= text;
}

function decoded(body, encoding, charset) {
  let raw = body;
  if (/base64/i.test(encoding)) raw = atob(body.replace(/[^A-Za-z0-9+/=]/g, ""));
  else if (/quoted-printable/i.test(encoding)) raw = body.replace(/=\r?\n/g, "").replace(/=([0-9A-F]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  return new TextDecoder(charset).decode(Uint8Array.from(raw, (c) => c.charCodeAt(0)));
}

// words decodes a header's encoded words (RFC 2047).
function words(value) {
  return value.replace(/\?=\s+=\?/g, "?==?").replace(/=\?([^?]+)\?([BQ])\?([^?]*)\?=/gi, (_, charset, how, text) => (
    /b/i.test(how) ? decoded(text, "base64", charset) : decoded(text.replace(/_/g, " "), "quoted-printable", charset)));
}
