// What a message comes to: as its reader sees it, with mistakes, issues and files.
import { byId, h, fill, changes, bytes, count, later } from "./dom.js";
import { channels } from "./channels.js";
import { explained, where } from "./explain.js";
import { state, shown, form, path } from "./state.js";
import * as views from "./views.js";

// page is what the result needs of the page around it: {editors, setChannel(name), render(), test()}.
let page;
export function connect(to) { page = to; }

// last keeps what was shown before an error, so that nothing flickers while someone types.
const last = {};

export function showResult() {
  const result = state.result;
  if (!result) return;
  for (const content of result.contents) last[content.channel] = content;
  const mine = result.errors.filter((e) => !e.channel || e.channel === state.channel);
  const content = last[state.channel];
  const fresh = result.contents.find((c) => c.channel === state.channel);
  const notices = [...(fresh?.issues ?? []), ...warnings(result, fresh?.issues ?? [])];
  const told = settled(mine);
  showMarks(told, result.partial ? fresh?.issues ?? [] : notices); // where warnings are is known once nothing is typed
  showMistakes(told);
  showTools();
  byId("view").classList.toggle("stale", !fresh && told.length === mine.length);
  byId("stale").hidden = Boolean(fresh) || !content || told.length < mine.length;
  showView(content);
  showFiles(fresh);
  showIssues(fresh, notices.slice(fresh?.issues.length ?? 0));
  showBadges(result);
  announce(told.length > 0 ? `${count(told.length, "error")}: ${told[0].message}` : count(fresh?.issues.length ?? 0, "issue"));
}

// warnings are those in the texts that the channel shows, but for what this recipient notices already.
function warnings(result, issues) {
  const own = ["subject", "preheader", "message"].filter((part) => part === "message" || form() === "html").map(path);
  return (result.warnings ?? []).filter((w) => own.includes(w.path) && !issues.some((i) => i.path === w.path && i.line === w.line && Math.abs(i.column - w.column) <= 2));
}

// settled are the mistakes to tell. What is wrong only because someone is still writing it is none: a new mistake waits
// until they rest.
function settled(mistakes) {
  if (mistakes.length > 0 && byId("mistakes").childElementCount === 0 && performance.now() - typed < rest) {
    rested();
    return [];
  }
  return mistakes;
}
const rest = 700;
let typed = -rest;
const rested = later(rest, showResult);
addEventListener("input", () => { typed = performance.now(); }, true);

const announce = later(600, (text) => { byId("state").textContent = text; });

function showBadges(result) {
  for (const name of Object.keys(channels)) {
    const badge = byId(`badge-${name}`);
    const content = result.contents.find((c) => c.channel === name);
    const bad = Boolean(content?.verdict) || result.errors.some((e) => !e.channel || e.channel === name);
    const issues = content?.issues.length ?? 0;
    badge.hidden = !bad && issues === 0 && !(content?.sms?.segments.length > 1);
    badge.className = bad ? "badge bad" : issues > 0 ? "badge warn" : "badge";
    badge.textContent = bad ? "!" : issues > 0 ? issues : content?.sms?.segments.length ?? "";
    badge.title = bad ? "Can't be sent" : issues > 0 ? count(issues, "issue") : count(content?.sms?.segments.length ?? 0, "segment");
  }
}

function showMarks(errors, issues) {
  const all = [...errors.map((e) => ({ ...e, level: "error" })), ...issues.map((i) => ({ ...i, level: "issue" }))];
  for (const [part, editor] of Object.entries(page.editors)) {
    const key = part === "context" ? "context" : path(part);
    editor.mark(all.filter((m) => m.path === key));
  }
}

// jump goes to the place of an error, an issue, or a piece, where it is in an editor.
function jump(place) {
  const own = place.path?.match(/^channels\.(\w+)\.(\w+)$/);
  if (own && own[1] !== state.channel) page.setChannel(own[1]);
  const part = own ? own[2] : place.path;
  if (part === "context" && state.csv) return;
  page.editors[part]?.jump(place.line || 1, place.column || 1);
}

function showMistakes(errors) {
  if (!changes(byId("mistakes"), errors)) return;
  fill(byId("mistakes"), errors.map((e) => h("div", { class: "mistake" },
    h("p", { class: "mistake-text" }, e.message),
    e.source && h("pre", { class: "mistake-source", "aria-label": "The line" }, caret(e)),
    h("p", { class: "mistake-foot" },
      page.editors[e.path?.split(".").at(-1)] ? h("button", { type: "button", class: "link", onclick: () => jump(e) }, `Go to ${where(e)}`) : h("span", { class: "soft" }, where(e)),
      (e.fix || e.suggestion) && page.editors[e.path?.split(".").at(-1)] && h("button", { type: "button", class: "small", onclick: () => mend(e) }, e.suggestion ? `Change to ${e.suggestion}` : "Mend")))));
}

// caret shows the line of a mistake with the place in it marked.
function caret(e) {
  const line = [...e.source];
  const at = e.source.startsWith("...") ? -1 : (e.column || 1) - 1;
  if (at < 0 || at >= line.length) return e.source;
  const rest = line.slice(at).join("");
  const piece = rest.match(/^\{\{[^}]*\}*|^\[\[[^\]]*\]*|^"[^"]*"|^[\w$@.\/-]+/)?.[0] ?? rest.slice(0, 1);
  return [line.slice(0, at).join(""), h("mark", { class: "m-error" }, piece), rest.slice(piece.length)];
}

// mend puts what was meant where the mistake is.
function mend(e) {
  jump(e);
  const editor = page.editors[e.path.split(".").at(-1)];
  if (e.fix) { // from the last edit to the first, so that places stay
    for (const f of [...e.fix].reverse()) editor.replace(editor.offset(f.line, f.column), editor.offset(f.endLine, f.endColumn), f.text);
    return;
  }
  const start = editor.offset(e.line, e.column);
  const name = editor.text.slice(start).match(/^(?:\{\{[#>]?\s*|\[\[|")?([\w.@$-]+)/);
  if (!name) return;
  const from = start + name[0].length - name[1].length;
  editor.replace(from, from + name[1].length, e.suggestion);
}

// toggle is a button that is on or off.
function toggle(label, on, press, more = {}) {
  return h("button", { type: "button", class: "toggle", "aria-pressed": String(on), onclick: press, ...more }, label);
}

function set(key, value, ask) {
  shown[key] = value;
  const focused = document.activeElement?.dataset?.key;
  showResult();
  if (focused) byId("tools").querySelector(`[data-key="${focused}"]`)?.focus();
  if (ask) page.render();
}

function showTools() {
  const email = form() === "html";
  const group = (label, key, entries, current) => h("div", { class: "segments", role: "group", "aria-label": label },
    entries.map(([value, title]) => h("button", { type: "button", "aria-pressed": String(current === value), "data-key": `${key}-${value}`, onclick: () => set(key, value, key === "email" && value === "source") }, title)));
  const signature = [state.channel, shown.email, shown.phone, shown.dark, shown.explain].join();
  if (byId("tools").dataset.signature === signature) return;
  byId("tools").dataset.signature = signature;
  fill(byId("tools"),
    email && !shown.explain && group("View", "email", [["page", "Email"], ["text", "Text"], ["source", "Source"]], shown.email),
    email && !shown.explain && shown.email === "page" && group("Width", "phone", [[false, "Wide"], [true, "Phone"]], shown.phone),
    email && !shown.explain && shown.email === "page" && toggle("Dark", shown.dark, () => set("dark", !shown.dark), { "data-key": "dark", id: "dark" }),
    toggle("Explain", shown.explain, () => set("explain", !shown.explain, true), { "data-key": "explain", id: "explain", title: "Show where every piece comes from" }),
    h("span", { class: "space" }),
    h("button", { type: "button", id: "test", "data-key": "test", onclick: () => page.test() }, "Send a test…"));
}

let viewKey = "";
let mail = null; // stays while the email's page is shown

function showView(content) {
  if (!content) {
    fill(byId("view"), h("p", { class: "empty" }, "Nothing to show yet."));
    viewKey = "";
    return;
  }
  const key = JSON.stringify([state.channel, shown, content]);
  if (key === viewKey) return;
  viewKey = key;
  const view = byId("view");
  if (shown.explain) {
    fill(view, content.parts ? explained(content.parts, jump) : h("p", { class: "empty" }, "Rendering…"));
  } else if (form() === "html" && shown.email === "page") {
    if (!mail?.element.isConnected) fill(view, (mail = new views.Mail()).element);
    mail.show(content, shown);
  } else if (form() === "html") {
    fill(view, views.part(content, shown.email === "text" ? views.plain(content.text, "The text part") : views.plain(content.eml || "Rendering…", "The email's source")));
  } else if (form() === "text") fill(view, views.sms(content));
  else fill(view, views.rich(content), h("details", { class: "markdown" }, h("summary", {}, "Markdown as it is sent"), views.plain(content.text, "Markdown")));
}

function showFiles(content) {
  const files = content?.attachments;
  if (!files || files.list.length === 0) {
    fill(byId("files"));
    return;
  }
  const meter = (value, max, label) => h("div", { class: `meter${value > max ? " over" : ""}`, role: "meter", "aria-label": label, "aria-valuemin": "0", "aria-valuemax": String(max), "aria-valuenow": String(Math.min(value, max)), "aria-valuetext": `${bytes(value)} of ${bytes(max)}` },
    h("span", { style: { width: `${Math.min(100, Math.max(1, (value / max) * 100))}%` } }));
  fill(byId("files"),
    h("h2", {}, "Attachments"),
    h("ul", { class: "files" }, files.list.map((f) => h("li", {}, h("span", { class: "file-name" }, f.name), h("span", { class: "soft" }, `${bytes(f.size)} of ${bytes(f.max)}`), meter(f.size, f.max, f.name)))),
    files.list.length > 1 && h("div", { class: "files-total" }, h("span", {}, "Together"), h("span", { class: "soft" }, `${bytes(files.total)} of ${bytes(files.maxTotal)}`), meter(files.total, files.maxTotal, "All attachments")),
    files.problem && h("p", { class: "error-text", role: "alert" }, files.problem));
}

// fate says what would keep the message from being sent, as its status would say it.
function fate(content) {
  if (content?.verdict) return h("p", { class: "fate error-text" }, h("strong", {}, "Would not be sent: "), content.verdict.text || content.verdict.code);
  return content?.waits && h("p", { class: "fate soft" }, h("strong", {}, "Would wait: "), content.waits);
}

function showIssues(content, others) {
  const issues = content?.issues ?? [];
  if (!changes(byId("issues"), [issues, others, content?.verdict, content?.waits])) return;
  const list = (all) => h("ul", { class: "issues" }, all.map((i) => h("li", {},
    h("button", { type: "button", class: "issue-go", onclick: () => jump(i), disabled: !page.editors[i.path?.split(".").at(-1)] },
      h("span", { class: "issue-text" }, i.message, i.meant ? h("span", { class: "soft" }, ` Did you mean ${i.meant}?`) : ""),
      h("span", { class: "issue-place" }, where(i))),
    i.fix && page.editors[i.path?.split(".").at(-1)] && h("button", { type: "button", class: "small", onclick: () => mend(i) }, "Mend"),
    i.meant && page.editors[i.path?.split(".").at(-1)] && h("button", { type: "button", class: "small", onclick: () => mend({ ...i, suggestion: i.meant }) }, "Change"))));
  fill(byId("issues"),
    fate(content),
    issues.length > 0 && [h("h2", {}, count(issues.length, "issue"), h("span", { class: "soft" }, " this recipient would notice")), list(issues)],
    others.length > 0 && [h("h2", {}, count(others.length, "warning"), h("span", { class: "soft" }, " for other recipients")), list(others)]);
}
