// What the preview page has and looks at. The other modules of the page share it.
import { channels } from "./channels.js";

// shown is how the result is looked at.
export const shown = { email: "page", phone: false, dark: matchMedia("(prefers-color-scheme: dark)").matches, explain: false };

// known is what the server has; state is what is being looked at: the shortcut as it is now, as JSON what it was made from
// (original, at a version of its file), as JSON what the file has meanwhile (newer), and whether the browser has no room to
// keep edits (crowded).
export const known = { shortcuts: [], categories: [], snippets: [], helpers: [], fields: [], languages: [], samples: { layouts: [], layout: "", attachments: [] } };
export const state = { shortcut: blank(""), original: JSON.stringify(blank("")), channel: "email", locale: "", timezone: "", context: "{}", result: null, paths: [], version: "", newer: null, crowded: false };

export function blank(name = "untitled") {
  return { name, subject: "", message: "" };
}

export const edited = () => JSON.stringify(state.shortcut) !== state.original;

// form is what the channel's content consists of: html, text or markdown.
export const form = () => channels[state.channel].form;

// override is what the channel says instead of the shortcut's own texts.
export const override = () => state.shortcut.channels?.[state.channel] ?? {};

// textOf is a snippet in the language that is shown.
export function textOf(snippet) {
  const locale = state.locale.toLowerCase();
  return (snippet.texts[locale] ?? snippet.texts[locale.split("-")[0]] ?? snippet.texts[snippet.source] ?? "").replace(/\s+/g, " ").slice(0, 90);
}

export const format = () => override().format || (override().message !== undefined && form() === "text" ? "text" : state.shortcut.format || "markdown");

// path is the key in the shortcut's file of a text that the channel shows.
export const path = (part) => (override()[part] !== undefined ? `channels.${state.channel}.${part}` : part);
