// How each channel shows its message.
import { h, fill, count } from "./dom.js";
import { inert, Frame } from "./frame.js";

const person = (address) => {
  const m = address.match(/^(.*) <(.*)>$/);
  return m ? { name: m[1], address: m[2] } : { name: address.split("@")[0], address };
};

const initials = (name) => name.split(/[\s._-]+/).filter(Boolean).slice(0, 2).map((w) => [...w][0].toUpperCase()).join("") || "?";

// inbox is the email as a list of mails shows it.
function inbox(content) {
  const from = person(content.from || "sender@example.com");
  return h("div", { class: "inbox", role: "group", "aria-label": "In the inbox" },
    h("span", { class: "avatar", "aria-hidden": "true" }, initials(from.name)),
    h("div", { class: "inbox-lines" },
      h("div", { class: "inbox-from" }, h("b", {}, from.name), h("span", { class: "inbox-address" }, from.address), h("span", { class: "space" }), h("span", { class: "inbox-time" }, "now")),
      h("div", { class: "inbox-subject", id: "shownSubject" }, content.subject || h("i", {}, "No subject")),
      h("div", { class: "inbox-preheader" }, content.preheader || firstWords(content.text))));
}

// firstWords is what lists show where an email has no preheader.
const firstWords = (text) => (text ?? "").replace(/\s+/g, " ").trim().slice(0, 140);

// Mail shows an email as its reader sees it: in the list, and opened, on a phone or wide, light or dark. It stays while
// its text changes.
export class Mail {
  constructor() {
    this.frame = new Frame("The email as its reader sees it");
    this.list = h("div");
    this.canvas = h("div", {}, this.frame.element);
    this.hint = h("p", { class: "hint" });
    this.element = h("div", { class: "mail" }, this.list, h("div", { class: "device" }, this.canvas, this.hint));
  }

  show(content, { phone, dark }) {
    const { doc, images } = inert(content.html, { dark });
    fill(this.list, inbox(content));
    this.canvas.className = `${phone ? "canvas phone" : "canvas"}${dark ? " dark" : ""}`;
    this.hint.hidden = images === 0;
    this.hint.textContent = `${count(images, "picture")} from elsewhere ${images === 1 ? "is" : "are"} not loaded here.`;
    this.frame.show(doc);
  }
}

// part shows an email in another form, below its line in the list.
export const part = (content, body) => [inbox(content), body];

export const plain = (text, label) => h("pre", { class: "plain", tabindex: "0", role: "region", "aria-label": label }, text);

// sms shows the text on a phone, cut as it travels, with the characters that cost.
export function sms(content) {
  const { sms: size, text } = content;
  const costly = new Map(size.costly.map((c) => [c.text, c]));
  const facts = [
    [size.segments.length, size.segments.length === 1 ? "segment" : "segments"], [size.encoding, "encoding"],
    [size.characters, size.characters === 1 ? "character" : "characters"], [size.left, "left in this segment"],
  ];
  return h("div", { class: "sms" },
    h("div", { class: "handset", role: "group", "aria-label": "On a phone" },
      h("div", { class: "handset-top", "aria-hidden": "true" }, h("span", { class: "avatar" }, "SMS"), h("span", {}, "Text message")),
      h("div", { class: "bubble", id: "bubble" }, text ? size.segments.map((segment, i) => h("span", { class: i % 2 ? "segment odd" : "segment", title: `Segment ${i + 1}` }, marked(segment, costly))) : h("i", {}, "No text"))),
    h("div", { class: "sms-about" },
      h("dl", { class: "numbers" }, facts.map(([n, what]) => h("div", {}, h("dt", {}, what), h("dd", {}, typeof n === "number" ? n.toLocaleString("en") : n)))),
      size.costly.length > 0 && h("section", { "aria-label": "What makes it dearer" },
        h("h3", {}, size.encoding === "UCS-2" ? "70 characters fit into a segment, not 160, because of" : "Count as two characters"),
        h("ul", { class: "costly" }, size.costly.slice(0, 12).map((c) => h("li", {},
          h("mark", { class: `cost ${c.why}` }, visible(c.text)),
          h("span", {}, c.count > 1 ? `${c.count} times` : "once"),
          c.swap && h("span", { class: "swap" }, "write ", h("code", {}, c.swap === " " ? "a plain space" : c.swap), " instead")))),
        size.costly.length > 12 && h("p", { class: "hint" }, `and ${size.costly.length - 12} more`))));
}

const visible = (text) => (/^[\s\u200b-\u200f\u2060\ufeff]+$/u.test(text) ? "U+" + text.codePointAt(0).toString(16).toUpperCase().padStart(4, "0") : text);

// marked wraps what costs.
function marked(text, costly) {
  if (costly.size === 0) return text;
  const out = [];
  let run = "";
  for (const { segment } of new Intl.Segmenter("en", { granularity: "grapheme" }).segment(text)) {
    const cost = costly.get(segment);
    if (!cost) {
      run += segment;
      continue;
    }
    out.push(run, h("mark", { class: `cost ${cost.why}`, title: cost.swap ? `Costs more; ${cost.swap} would not` : "Costs more" }, segment));
    run = "";
  }
  out.push(run);
  return out;
}

const bare = new Set(["p", "br", "strong", "em", "del", "code", "pre", "ul", "ol", "li", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "table", "thead", "tbody", "tr", "th", "td"]);

// rich shows a chat or a note as its window would: of its HTML only elements that can do nothing, without attributes.
export function rich(content) {
  const body = h("div", { class: "rich", id: "rich" });
  copy(new DOMParser().parseFromString(content.html ?? "", "text/html").body, body);
  if (!body.hasChildNodes()) body.append(h("i", {}, "No text"));
  return h("div", { class: `thread ${content.channel}` },
    h("div", { class: "thread-who" }, content.channel === "note" ? "Internal note · only the team sees it" : "Your team"),
    h("div", { class: "thread-bubble" }, body));
}

function copy(from, to) {
  for (const node of from.childNodes) {
    if (node.nodeType === Node.TEXT_NODE) to.append(node.data);
    else if (node.nodeType === Node.ELEMENT_NODE) {
      if (node.localName === "thead" && node.textContent.trim() === "") continue; // a table whose author left its head blank
      const heading = /^h[1-6]$/.test(node.localName);
      if (bare.has(node.localName)) to.append(copy(node, h(heading ? "p" : node.localName, heading ? { class: "rich-heading" } : {})));
      else if (node.localName === "a") to.append(copy(node, h("span", { class: "rich-link", title: node.getAttribute("href") ?? "" })));
      else if (node.localName === "input") to.append(node.hasAttribute("checked") ? "☑ " : "☐ ");
      else if (!["script", "style"].includes(node.localName)) copy(node, to);
    }
  }
  return to;
}
