// What an email or a chat shows, in a frame that can do nothing: no scripts, no forms, no plugins, nothing fetched, no way
// to the page around it. Three locks stand one behind the other: the frame is sandboxed, its document has a policy of
// default-src 'none', and what could fetch or navigate is taken out of the document first. The sandbox lets this page, and
// no script of the frame's, change what the frame holds: so a new text neither blinks nor scrolls away.
import { h } from "./dom.js";

const policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'";
const removed = "script, noscript, link, base, meta[http-equiv], object, embed, applet, iframe, frame, frameset, form, portal, fencedframe, audio, video, source, track";

// inert makes a document from HTML: {doc, images}; images is how many pictures it would fetch.
export function inert(html, { dark = false, base = "" } = {}) {
  const doc = new DOMParser().parseFromString(html, "text/html");
  doc.querySelectorAll(removed).forEach((e) => (e.localName === "form" ? e.replaceWith(...e.childNodes) : e.remove()));
  let images = 0;
  for (const e of doc.querySelectorAll("*")) {
    for (const { name, value } of [...e.attributes]) {
      if (name.startsWith("on") || name === "ping" || name === "srcset" || name === "autofocus" || name === "background" || name === "formaction") e.removeAttribute(name);
      if (name === "src" && !/^data:image\//i.test(value.trim())) {
        e.removeAttribute(name);
        images++;
        if (e.localName === "img") stand(e);
      }
    }
    if (e.localName === "a" || e.localName === "area") {
      const href = e.getAttribute("href");
      e.removeAttribute("href");
      e.removeAttribute("target");
      if (href) {
        e.setAttribute("title", href);
        e.style.cursor = "pointer";
        // Without an address nothing is followed; it looks like the link that it is.
        if (!e.style.textDecoration) e.style.textDecoration = "underline";
        if (!e.style.color) e.classList.add("herald-link");
      }
    }
  }
  // What the reader's program prefers is chosen here, not by this one.
  doc.querySelectorAll("style").forEach((s) => {
    s.textContent = s.textContent
      .replace(/\(\s*prefers-color-scheme\s*:\s*dark\s*\)/gi, dark ? "(min-width: 0px)" : "(max-width: 0px)")
      .replace(/\(\s*prefers-color-scheme\s*:\s*light\s*\)/gi, dark ? "(max-width: 0px)" : "(min-width: 0px)");
  });
  const own = doc.createElement("style");
  own.textContent = `:root{color-scheme:${dark ? "dark" : "light"}}.herald-link{color:LinkText}${base}`;
  doc.head.prepend(own);
  const meta = doc.createElement("meta");
  meta.setAttribute("http-equiv", "Content-Security-Policy");
  meta.setAttribute("content", policy);
  doc.head.prepend(meta);
  return { doc, images };
}

// stand keeps a picture's place, with the words that stand for it.
function stand(image) {
  image.style.outline = "1px dashed color-mix(in srgb, currentColor 35%, transparent)";
  image.style.outlineOffset = "-1px";
}

// Frame shows documents, one after the other.
export class Frame {
  constructor(title) {
    this.ready = false;
    this.element = h("iframe", { title, sandbox: "allow-same-origin", csp: policy, referrerpolicy: "no-referrer", class: "frame", tabindex: "0" });
    this.element.addEventListener("load", () => { this.ready = true; });
  }

  // show replaces what the frame holds. What was read stays where it was.
  show(doc) {
    const inside = this.ready ? this.element.contentDocument : null;
    if (!inside?.documentElement) {
      this.element.srcdoc = "<!doctype html>\n" + doc.documentElement.outerHTML;
      return;
    }
    const { scrollLeft, scrollTop } = inside.scrollingElement;
    turn(inside.documentElement, inside.adoptNode(doc.documentElement));
    inside.scrollingElement.scrollTo({ left: scrollLeft, top: scrollTop, behavior: "instant" });
  }
}

// turn makes a node the same as another. What is the same already stays: it need not be laid out again.
function turn(old, fresh) {
  const alike = old.nodeType === fresh.nodeType && old.nodeName === fresh.nodeName && old.cloneNode(false).isEqualNode(fresh.cloneNode(false));
  if (!alike || old.nodeType !== Node.ELEMENT_NODE) {
    old.replaceWith(fresh);
    return;
  }
  const [a, b] = [[...old.childNodes], [...fresh.childNodes]];
  let same = 0; // children at the beginning
  while (a.length > 0 && b.length > 0 && a[0].isEqualNode(b[0])) {
    a.shift();
    b.shift();
    same++;
  }
  while (a.length > 0 && b.length > 0 && a.at(-1).isEqualNode(b.at(-1))) {
    a.pop();
    b.pop();
  }
  if (a.length === 1 && b.length === 1) {
    turn(a[0], b[0]);
    return;
  }
  const before = (a.length > 0 ? a.at(-1).nextSibling : old.childNodes[same]) ?? null;
  a.forEach((node) => node.remove());
  b.forEach((node) => old.insertBefore(node, before));
}
