// The page of one bulk: how it goes, who gets it, and all that can be done with it.
import { byId, h } from "./dom.js";
import { call, follow, get, post, tokenButton } from "./api.js";
import { act, ask, sure, trouble } from "./act.js";
import { number, refreshTimes, set } from "./format.js";
import { BulkView, kinds, moves, pathOf } from "./bulkview.js";
import { Recipients, download } from "./recipients.js";

const id = new URLSearchParams(location.search).get("id") ?? "";
const recipients = new Recipients(id);
const names = Object.fromEntries(kinds);
const again = ["failed", "skipped", "suppressed", "unknown"]; // whom a bulk may be sent to again

const view = new BulkView({
  heading: "h1",
  more: (bulk) => [
    bulk.cause?.code === "unapproved" && ["approve", () => h("button", { type: "button", class: "small", "data-do": "approve", onclick: approve }, "Approve…")],
    again.some((state) => bulk[state] > 0) && !["loading", "ready"].includes(bulk.state) && ["resend", () => h("button", { type: "button", class: "small", "data-do": "resend", onclick: resend }, "Send again…")],
    bulk.unknown > 0 && ["resolve", () => h("button", { type: "button", class: "small", "data-do": "resolve", onclick: resolve }, "Settle the unknown…")],
    !["completed", "cancelled"].includes(bulk.state) && ["rate", () => h("button", { type: "button", class: "small", "data-do": "rate", onclick: rate }, "Rate…")],
  ].filter(Boolean),
});
const troubles = h("ul", { class: "bulk-troubles" });
const feedback = h("dl", { class: "bulk-numbers" });
const approved = h("p", { class: "bulk-about" });
byId("bulk").append(h("article", { class: "bulk", "data-id": id, "aria-label": `Bulk ${id}` }, view.head, view.about, view.track, view.foot, feedback, approved, troubles));
byId("list").append(recipients.element);
byId("export").addEventListener("click", () => download(id, recipients.state));

const returned = [["delivered", "delivered"], ["bouncedSoft", "bounced for now"], ["bouncedHard", "bounced for good"], ["optedOut", "opted out"], ["unsubscribed", "unsubscribed"], ["complained", "complained"]];

function show(bulk) {
  set(view.name, bulk.shortcut || "Text of its own");
  document.title = `${bulk.shortcut || "Bulk"} · Herald`;
  view.show(bulk);
  feedback.replaceChildren(...returned.filter(([key]) => bulk.feedback?.[key] > 0).map(([key, title]) => h("div", {}, h("dt", {}, title), h("dd", {}, number(bulk.feedback[key])))));
  set(approved, bulk.approvals ? `Approved by ${bulk.approvals.map((a) => a.by).join(", ")}` : "");
  troubles.replaceChildren(...(bulk.troubles ?? []).map((t) => h("li", {}, `${t.worker}: ${[t.code, t.detail].filter(Boolean).join(": ")}`)));
  recipients.count(bulk);
}

// resend asks whom to send to again: the failed ones, where there are any.
async function resend() {
  const bulk = view.bulk;
  const choices = again.filter((state) => bulk[state] > 0).map((state) => [state, `${number(bulk[state])} ${names[state]}`]);
  const from = await ask({ title: "Send again", text: "To those who got nothing, under the same message ids.", choices, yes: "Send again" });
  if (from === null) return;
  await act(async () => {
    const { resent, bulk: now } = await post(pathOf(id, "/resend"), { from });
    set(byId("state"), `${number(resent)} are sent again.`);
    show(now);
  });
  look();
}

// approve is for another person than who made the bulk.
async function approve() {
  if (!(await sure("Approve this bulk?", "What is stored can't change any more, and may be sent. You looked at it: its recipients, and what they get.", "Approve", "Not yet"))) return;
  await act(async () => show(await post(pathOf(id, "/approve"))));
}

async function resolve() {
  const as = await ask({
    title: `Settle ${number(view.bulk.unknown)} unknown`, text: "Nobody knows whether these arrived. Say what you found out about them.",
    choices: [["sent", "They arrived"], ["failed", "They did not arrive"], ["resend", "They did not arrive: send them again"]], yes: "Settle them",
  });
  if (as === null) return;
  await act(async () => { await post(pathOf(id, "/resolve"), { as }); });
  look();
}

async function rate() {
  const value = await ask({ title: "Rate", text: "Messages a second that all workers together may start. 0 is no limit.", number: view.bulk.rate, yes: "Set the rate" });
  if (value === null) return;
  await act(async () => show(await call("PATCH", pathOf(id, "/rate"), { perSecond: Number(value) })));
}

let following = null;

// look shows the bulk as it is, and follows it while it moves.
async function look() {
  try {
    const bulk = await get(pathOf(id));
    show(bulk);
    trouble("look", "");
    byId("desk").classList.remove("loading");
    if (moves(bulk) || bulk.state === "paused") await stream();
  } catch (error) {
    trouble("look", error.message);
    byId("desk").classList.remove("loading");
    if (error.status === 404) return;
  }
  clearTimeout(following);
  following = setTimeout(look, 5000); // it may be sent again from elsewhere
}

// stream shows what the server tells of the bulk, until it is over or the connection ends.
let streaming = false;
async function stream() {
  if (streaming) return;
  streaming = true;
  try {
    await follow(pathOf(id, "/events"), (bulk) => show(bulk));
    show(await get(pathOf(id)));
  } finally {
    streaming = false;
  }
}

setInterval(refreshTimes, 5000);
tokenButton(byId("token"));
look();
