// Where every piece of a message comes from.
import { h, fill, arrows } from "./dom.js";

const titles = { subject: "Subject", preheader: "Preheader", message: "Message", layout: "Layout" };

// explained shows the parts of a content as their templates wrote them. jump(place) goes where a piece was written.
export function explained(parts, jump) {
  const about = h("p", { class: "explain-about", role: "status" }, hint);
  const tell = (span) => fill(about, ...words(span));
  let first = true;
  const view = h("div", { class: "explain" }, parts.map((part) => h("section", { class: "explain-part", "aria-label": titles[part.part] ?? part.part },
    h("h3", {}, titles[part.part] ?? part.part),
    h("div", { class: part.part === "layout" ? "explain-text code" : "explain-text" }, part.spans.map((span) => {
      const piece = h("span", { class: `piece p-${kind(span)}`, role: "button", tabindex: first ? "0" : "-1", "aria-label": label(span) }, span.text);
      first = false;
      piece.addEventListener("mouseenter", () => tell(span));
      piece.addEventListener("focus", () => {
        view.querySelectorAll(".piece[tabindex='0']").forEach((p) => p.setAttribute("tabindex", "-1"));
        piece.setAttribute("tabindex", "0");
        tell(span);
      });
      piece.addEventListener("click", () => jump(span));
      piece.addEventListener("keydown", (event) => {
        if (event.key === "Enter" || event.key === " ") {
          event.preventDefault();
          jump(span);
        }
      });
      return piece;
    })))));
  arrows(view, ".piece");
  return h("div", {}, h("p", { class: "legend" }, h("span", { class: "p-field" }, "field"), h("span", { class: "p-helper" }, "helper"), h("span", { class: "p-snippet" }, "snippet"), "and plain text"), view, about);
}

const hint = "Point at a piece, or walk with the arrow keys, to see where it comes from. Choose it to go there.";

const kind = (span) => (span.kind === "text" && span.snippet ? "snippet" : span.kind);

function label(span) {
  const from = span.kind === "text" ? (span.snippet ? `snippet ${span.snippet}` : "text") : `${span.kind} ${span.source}`;
  return `${span.text.trim() || "white space"}, ${from}`;
}

// where says a place for people: "message, line 3" or "snippets/sn.greeting.yaml, line 5".
export function where(place) {
  const at = place.path ? names[place.path] ?? place.path.replace("channels.", "").replace(".", " ") : place.file || place.template;
  if (!at) return "";
  return place.line ? `${at}, line ${place.line}` : at;
}

const names = { context: "Recipient", from: "From", message: "Message", subject: "Subject", preheader: "Preheader" };

// snippet leads to where it is written.
const snippet = (name) => h("a", { class: "snippet-link", href: `/ui/snippets#${encodeURIComponent(name)}` }, h("code", {}, `[[${name}]]`));

function words(span) {
  const out = [];
  if (span.kind === "text") out.push(span.snippet ? ["Text of the snippet ", snippet(span.snippet)] : "Text");
  else out.push([span.kind === "field" ? "Field " : "Helper ", h("code", {}, `{{${span.source}}}`), span.snippet ? [" in the snippet ", snippet(span.snippet)] : ""]);
  if (span.language) out.push([" in ", h("b", {}, span.language)]);
  for (const branch of span.branches ?? []) out.push([", within ", h("code", {}, branchText(branch))]);
  const at = where(span);
  if (at) out.push([" · ", at]);
  return out.flat(3);
}

function branchText(label) {
  if (label.startsWith("else of ")) return `{{else}} of ${branchText(label.slice(8))}`;
  return label.startsWith("^") ? `{{${label}}}` : `{{#${label}}}`;
}
