// Elements, made without HTML from strings: what data says can only become text.

// h makes an element: h("p", {class: "note", onclick: f}, "text", child).
export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "value" || key === "checked" || key === "disabled") element[key] = value;
    else if (key === "style") Object.assign(element.style, value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((c) => c !== null && c !== undefined && c !== false));
  return element;
}

export const byId = (id) => document.getElementById(id);

// fill replaces what an element holds.
export function fill(element, ...children) {
  element.replaceChildren(...children.flat(2).filter((c) => c !== null && c !== undefined && c !== false));
  return element;
}

// changes tells whether an element is to show other data than before. What stays must not be made anew: a click that has
// begun on a button is lost when another takes its place.
export function changes(element, data) {
  const key = JSON.stringify(data);
  if (showing.get(element) === key) return false;
  showing.set(element, key);
  return true;
}
const showing = new WeakMap();

// bytes writes a size for people, in units of 1,024.
export function bytes(n) {
  const point = (x) => x.toFixed(1).replace(/\.0$/, "");
  if (n < 1024) return n === 1 ? "1 byte" : `${n} bytes`;
  if (n < 1 << 20) return `${point(n / 1024)} KB`;
  return `${point(n / (1 << 20))} MB`;
}

// count writes "1 segment", "2 segments".
export const count = (n, what) => `${n.toLocaleString("en")} ${what}${n === 1 ? "" : "s"}`;

// later runs f once nothing has called for it for so many milliseconds.
export function later(milliseconds, f) {
  let timer = 0;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => f(...args), milliseconds);
  };
}

// arrows lets the arrow keys, Home and End move between an element's items, as tab lists and radio groups do.
export function arrows(container, selector, chosen) {
  container.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -Infinity, End: Infinity }[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    const items = [...container.querySelectorAll(selector)];
    const at = items.indexOf(document.activeElement);
    if (at < 0) return;
    event.preventDefault();
    const next = step === -Infinity ? 0 : step === Infinity ? items.length - 1 : (at + step + items.length) % items.length;
    items[next].focus();
    chosen?.(items[next]);
  });
}
