// Dead letters: what was given up on for good.
import { byId, h, fill, count } from "./dom.js";
import { call, get, post } from "./api.js";
import { number, since } from "./format.js";
import { act, sure } from "./act.js";

let deadKey = null;

export async function showDead() {
  const { items, counts, next } = await get("/v1/dead?limit=50");
  const key = JSON.stringify([items.map((d) => d.id), counts]);
  if (key === deadKey) return;
  deadKey = key;
  if (items.length === 0) {
    fill(byId("deadList"), h("p", { class: "empty" }, "None. That is how it should be."));
    return;
  }
  fill(byId("deadList"), h("ul", { class: "list" }, items.map((d) => h("li", { class: "dead" },
    h("div", { class: "dead-text" }, h("b", {}, d.kind), h("span", {}, d.reason), h("span", { class: "soft" }, `${[d.owner, count(d.attempts, "try").replace("trys", "tries")].filter(Boolean).join(" · ")} · `, since(d.at))),
    h("div", { class: "bulk-actions" },
      h("button", { type: "button", class: "small", "aria-label": `Try again: ${d.kind}`, onclick: () => act(async () => { await post(`/v1/dead/${encodeURIComponent(d.id)}/retry`); await showDead(); }) }, "Try again"),
      h("button", {
        type: "button", class: "small danger", "aria-label": `Drop: ${d.kind}`,
        onclick: async () => {
          if (await sure("Drop this letter?", "Its work is never done.", "Drop it")) await act(async () => { await call("DELETE", `/v1/dead/${encodeURIComponent(d.id)}`); await showDead(); });
        },
      }, "Drop"))))),
  next && h("p", { class: "panel-note" }, `The newest 50 of ${number(Object.values(counts).reduce((a, b) => a + b, 0))}.`));
}
