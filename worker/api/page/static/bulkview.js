// A bulk as both pages of operators show it: its name, state, pace, progress, and what can be done with it.
import { byId, h, fill } from "./dom.js";
import { post } from "./api.js";
import { act, sure } from "./act.js";
import { ago, lasts, number, perSecond, set, titles } from "./format.js";

export const states = { loading: "Loading", ready: "Ready", scheduled: "Scheduled", running: "Running", completed: "Completed", paused: "Paused", cancelled: "Cancelled" };
export const kinds = [["sent", "sent"], ["done", "done"], ["failed", "failed"], ["suppressed", "suppressed"], ["skipped", "skipped"], ["unknown", "unknown"], ["pending", "to go"]];

// moves reports whether a bulk changes by itself.
export const moves = (bulk) => ["running", "loading", "scheduled"].includes(bulk.state);

// pathOf is the path of a bulk in the API.
export const pathOf = (id, more = "") => `/v1/bulks/${encodeURIComponent(id)}${more}`;

// BulkView keeps its elements while what they say changes. more(bulk) lists further buttons as [key, element maker].
export class BulkView {
  constructor({ name, heading = "h3", more = () => [] }) {
    this.more = more;
    this.name = name ?? h(heading, { class: "bulk-name" });
    this.about = h("span", { class: "bulk-about" });
    this.state = h("span", { class: "pill" });
    this.pace = h("span", { class: "bulk-pace" });
    this.track = h("div", { class: "track", role: "progressbar", "aria-label": "Done", "aria-valuemin": "0" }, kinds.map(([kind]) => h("span", { class: `k-${kind}` })));
    this.numbers = h("dl", { class: "bulk-numbers" });
    this.cause = h("span", { class: "bulk-cause" });
    this.actions = h("div", { class: "bulk-actions" });
    this.counts = Object.fromEntries(kinds.map(([kind, title]) => {
      const dd = h("dd");
      const div = h("div", { class: `n-${kind}` }, h("dt", {}, title), dd);
      this.numbers.append(div);
      return [kind, { div, dd }];
    }));
    this.head = h("div", { class: "bulk-head" }, this.name, this.state, h("span", { class: "space" }), this.actions);
    this.foot = h("div", { class: "bulk-foot" }, this.numbers, this.cause, h("span", { class: "space" }), this.pace);
  }

  show(bulk) {
    const before = this.bulk;
    this.bulk = bulk;
    set(this.about, [bulk.id, bulk.channels.map((c) => titles[c] ?? c).join(" + "), bulk.startedAt ? `started ${ago(bulk.startedAt)}` : `made ${ago(bulk.createdAt)}`,
      bulk.rate > 0 && `at most ${perSecond(bulk.rate)} a second`, bulk.canary && `canary ${bulk.canary}`].filter(Boolean).join(" · "));
    const pausing = bulk.state === "paused" && before && (before.state !== "paused" || before.pending !== bulk.pending);
    set(this.state, pausing ? "Pausing…" : states[bulk.state] ?? bulk.state); // what is in flight still goes out
    this.state.className = `pill s-${bulk.state}`;
    const done = bulk.planned - bulk.pending;
    this.track.setAttribute("aria-valuemax", String(bulk.planned));
    this.track.setAttribute("aria-valuenow", String(done));
    this.track.setAttribute("aria-valuetext", `${number(done)} of ${number(bulk.planned)}`);
    kinds.forEach(([kind], i) => {
      this.track.children[i].style.width = `${bulk.planned > 0 ? (bulk[kind] / bulk.planned) * 100 : 0}%`;
      set(this.counts[kind].dd, number(bulk[kind]));
      this.counts[kind].div.hidden = bulk[kind] === 0 && kind !== "sent";
    });
    set(this.pace, bulk.state !== "running" ? "" : [`${perSecond(bulk.perSecond)} a second`, bulk.remainingSeconds > 0 && `about ${lasts(bulk.remainingSeconds)} to go`].filter(Boolean).join(" · "));
    set(this.cause, bulk.cause?.text || bulk.cause?.code || "");
    if (before && before.state !== bulk.state && bulk.state === "completed") set(byId("state"), `The bulk ${bulk.id} is complete: ${number(bulk.sent)} sent, ${number(bulk.failed)} failed.`);
    this.offer([...steps(bulk).map((what) => [what, () => this.step(what)]), ...this.more(bulk)]);
    return pausing;
  }

  // offer shows buttons. Those that stay are not made anew, and the focus is not lost.
  offer(all) {
    const keys = all.map(([key]) => key).join();
    if (this.offered === keys) return;
    this.offered = keys;
    const had = this.actions.contains(document.activeElement);
    fill(this.actions, all.map(([, make]) => make()));
    if (had) (this.actions.querySelector("button") ?? byId("bulks"))?.focus();
  }

  step(what) {
    const title = { start: "Start", pause: "Pause", resume: "Resume", cancel: "Cancel" }[what];
    return h("button", {
      type: "button", class: what === "cancel" ? "small danger" : "small", "data-do": what,
      onclick: async () => {
        if (what === "cancel" && !(await sure("End this bulk for good?", "Whoever is still to go gets nothing.", "End the bulk"))) return;
        await act(async () => { this.show(await post(pathOf(this.bulk.id, `/${what}`))); });
      },
    }, title);
  }
}

// steps are the controls that a bulk's state allows.
const steps = ({ state }) => [
  state === "ready" && "start", ["running", "scheduled"].includes(state) && "pause", state === "paused" && "resume",
  ["running", "paused", "scheduled", "ready"].includes(state) && "cancel",
].filter(Boolean);
