// Numbers and times as the pages of operators write them.
import { h } from "./dom.js";
import { channels } from "./channels.js";

export const titles = Object.fromEntries(Object.entries(channels).map(([name, { title }]) => [name, title]));
export const number = (n) => n.toLocaleString("en");
export const perSecond = (n) => (n > 0 && n < 10 ? n.toFixed(1).replace(/\.0$/, "") : number(Math.round(n)));

// ago says how long something is past.
export function ago(time) {
  const seconds = Math.max(0, (Date.now() - new Date(time)) / 1000);
  if (seconds < 5) return "just now";
  for (const [size, name] of [[86400, "d"], [3600, "h"], [60, "min"]]) if (seconds >= size) return `${Math.floor(seconds / size)} ${name} ago`;
  return `${Math.floor(seconds)} s ago`;
}

// since is a text that says how long something is past, and goes on saying so: look brings it up to date.
export const since = (at) => h("span", { "data-at": at }, ago(at));

// set writes a text only where it changed, so that selections and screen readers are left in peace.
export function set(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// refreshTimes brings all texts of since up to date.
export function refreshTimes() {
  for (const e of document.querySelectorAll("[data-at]")) set(e, ago(e.dataset.at));
}

// lasts says how long something takes: 90 s is "2 min".
export function lasts(seconds) {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1).replace(/\.0$/, "")} h`;
}
