// One person's messages: what they got, when, and what it said. The address stays behind the # of the page's own address,
// which browsers send to no server.
import { byId, h, fill, count } from "./dom.js";
import { call, get, tokenButton } from "./api.js";
import { act } from "./act.js";
import { inert, Frame } from "./frame.js";
import { readMail } from "./mime.js";
import { refreshTimes, set, since, titles } from "./format.js";

let cursor = "";
let looked = "";

async function find(more = false) {
  const person = byId("person").value.trim();
  if (!person) return;
  history.replaceState(null, "", `#${encodeURIComponent(person)}`);
  if (!more) cursor = "";
  looked = person;
  await act(async () => {
    const items = [];
    do { // a page may hold none and still have a next one
      const page = await get(`/v1/messages?${new URLSearchParams({ recipient: person, limit: "50", ...(cursor && { cursor }) })}`);
      items.push(...page.items);
      cursor = page.next ?? "";
    } while (cursor && items.length < 20 && looked === person);
    if (looked !== person) return;
    if (more) byId("list").append(...items.map(line));
    else fill(byId("list"), items.map(line));
    const n = byId("list").children.length;
    set(byId("state"), n === 0 ? "Nothing was sent to this address, or it is forgotten by now." : `${count(n, "message")}${cursor ? ", and there are more" : ""}, the newest first.`);
    byId("more").hidden = !cursor;
  });
}

// line is a message with its way: enqueued, sent, what came back.
function line(m) {
  const way = [["Enqueued", m.time], m.at && [m.state[0].toUpperCase() + m.state.slice(1), m.at], m.feedback && [m.feedback.state.replace("_", " "), m.feedback.at]].filter(Boolean);
  const why = m.reason?.text ?? m.waiting?.text ?? m.feedback?.words ?? "";
  return h("li", { class: "got" },
    h("div", { class: "got-head" },
      h("span", { class: "tag-channel" }, titles[m.channel] ?? m.channel), h("b", { class: "got-subject" }, m.subject || m.id),
      h("span", { class: `pill s-${m.state}` }, m.feedback ? m.feedback.state.replace("_", " ") : m.state), h("span", { class: "space" }),
      m.state === "sent" && m.kind !== "forward" && h("button", { type: "button", class: "small", onclick: () => act(() => said(m)) }, "What it said")),
    h("p", { class: "got-way" }, way.map(([what, at], i) => [i > 0 && " → ", what, " ", since(at)]).flat(),
      " · ", m.bulk ? h("a", { href: `/ui/bulk?id=${encodeURIComponent(m.bulk)}` }, "of a bulk") : m.kind === "forward" ? "a forward" : "a single message", m.words && ` · ${m.words}`),
    why && h("p", { class: "got-why" }, why));
}

const proofs = {
  same: "These are the bytes that were sent: their digest fits the one that was kept.",
  differs: "This is not what was sent: its digest differs from the one that was kept.",
  unknown: "Made again from what is stored; no digest was kept to hold it against.",
};

// said shows what a message said: the mail as its reader saw it, or the text.
async function said(m) {
  const response = await call("GET", `/v1/messages/${encodeURIComponent(m.id)}/content`, undefined, { raw: true });
  const bytes = new Uint8Array(await response.arrayBuffer());
  const type = response.headers.get("Content-Type") ?? "";
  const proof = proofs[response.headers.get("Herald-Proof")] ?? proofs.unknown;
  let content;
  let facts = [["To", m.to]];
  let title = titles[m.channel];
  if (type.startsWith("message/rfc822")) {
    const mail = readMail(bytes);
    title = mail.subject || title;
    facts = [["From", mail.from], ["To", mail.to], ["Date", mail.date], ["Attached", mail.files.join(", ")]];
    const frame = new Frame("The email");
    if (mail.html) frame.show(inert(mail.html, { dark: matchMedia("(prefers-color-scheme: dark)").matches }).doc);
    content = mail.html ? frame.element : h("pre", { class: "caught-text", tabindex: "0" }, mail.text);
  } else {
    const text = new TextDecoder().decode(bytes);
    content = h("pre", { class: "caught-text", tabindex: "0" }, type.includes("urlencoded") ? new URLSearchParams(text).get("Body") ?? text : type.includes("json") ? JSON.stringify(JSON.parse(text), null, 2) : text);
  }
  const dialog = h("dialog", { class: "dialog wide", "aria-labelledby": "saidTitle" },
    h("div", { class: "caught-head" }, h("h2", { id: "saidTitle" }, title), h("button", { type: "button", class: "ghost", onclick: () => dialog.close() }, "Close")),
    h("dl", { class: "caught-facts" }, facts.filter(([, v]) => v).map(([k, v]) => h("div", {}, h("dt", {}, k), h("dd", {}, v)))),
    h("p", { class: "panel-note" }, proof), content);
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.showModal();
}

byId("form").addEventListener("submit", (event) => {
  event.preventDefault();
  find();
});
byId("more").addEventListener("click", () => find(true));

function wanted() {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return "";
  }
}
addEventListener("hashchange", () => {
  if (wanted() === looked) return;
  byId("person").value = wanted();
  find();
});
setInterval(refreshTimes, 5000);
tokenButton(byId("token"));
byId("person").value = wanted();
if (wanted()) find();
else byId("person").focus();
