// The channels: how fast they go, the last hour, their limits.
import { byId, h } from "./dom.js";
import { call, get } from "./api.js";
import { act, ask } from "./act.js";
import { number, perSecond, set, titles } from "./format.js";

const lanes = new Map();

function lane(channel) {
  const speed = h("strong", { class: "lane-speed" });
  const hour = h("span", { class: "lane-hour" });
  const limit = h("span", { class: "lane-limit" });
  const bars = h("div", { class: "bars", "aria-hidden": "true" });
  const element = h("div", { class: "lane", role: "group", "aria-label": titles[channel] }, h("h2", {}, titles[channel]), h("div", {}, speed, h("span", { class: "soft" }, " a second")), bars, hour, h("div", { class: "lane-foot" }, limit, h("button", { type: "button", class: "link", "data-rate": channel, "aria-label": `Change the limit of ${titles[channel]}`, onclick: () => act(() => changeLimit(channel)) }, "Change")));
  byId("lanes").append(element);
  return { speed, hour, limit, bars };
}

// changeLimit sets the rate of a channel for all workers. What others set meanwhile stays.
async function changeLimit(channel) {
  const { rates, version } = await get("/v1/rates");
  const wanted = await ask({ title: `Limit of ${titles[channel]}`, text: "Messages a second that all workers together may send. 0 is no limit.", number: rates[channel] ?? 0, yes: "Set the limit" });
  if (wanted === null) return;
  await call("PUT", "/v1/rates", { rates: { ...rates, [channel]: Number(wanted) }, version });
  await showLanes();
}

export async function showLanes() {
  const { items } = await get("/v1/lanes");
  for (const item of items) {
    if (!lanes.has(item.channel)) lanes.set(item.channel, lane(item.channel));
    const l = lanes.get(item.channel);
    set(l.speed, perSecond(item.perSecond));
    set(l.hour, `${number(item.sent)} sent, ${number(item.failed)} failed in the last hour`);
    l.hour.classList.toggle("bad", item.failed > item.sent);
    const slowed = item.inForce > 0 && (item.limit === 0 || item.inForce < item.limit);
    set(l.limit, slowed ? `Slowed to ${perSecond(item.inForce)} a second: the other side is busy` : item.limit > 0 ? `At most ${perSecond(item.limit)} a second` : "No limit");
    l.limit.classList.toggle("warn", slowed);
    const minutes = Array.from({ length: 60 }, (_, i) => item.minutes[item.minutes.length - 60 + i] ?? { sent: 0, failed: 0 });
    const most = Math.max(1, ...minutes.map((m) => m.sent + m.failed));
    while (l.bars.children.length < 60) l.bars.append(h("i", {}, h("b", {})));
    minutes.forEach((m, i) => {
      const bar = l.bars.children[i];
      bar.style.height = `${m.sent + m.failed > 0 ? Math.max(6, ((m.sent + m.failed) / most) * 100) : 0}%`;
      bar.firstChild.style.height = `${(m.failed / Math.max(1, m.sent + m.failed)) * 100}%`;
    });
  }
}
