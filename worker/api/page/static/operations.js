// The operations page: how the channels go, the bulks, what was given up on, and in a playground what was caught.
import { byId } from "./dom.js";
import { call, get, post, tokenButton } from "./api.js";
import { act, sure, trouble } from "./act.js";
import { lasts, refreshTimes, set } from "./format.js";
import { showLanes } from "./lanes.js";
import { showBulks } from "./bulks.js";
import { showDead } from "./deadletters.js";
import { showCaught, isPlayground } from "./caught.js";

// Pausing everything.

let paused = false;

async function showPause() {
  const now = await get("/v1/pause");
  paused = now.paused;
  set(byId("pauseAll"), paused ? "Resume everything" : "Pause everything");
  byId("pauseAll").classList.toggle("primary", paused);
  byId("pauseAll").hidden = false;
  const since = now.since ? ` for ${lasts((Date.now() - new Date(now.since)) / 1000)}` : "";
  const words = [paused && `Everything has been paused${since}: nothing is sent, what is enqueued waits.`, now.safe?.text].filter(Boolean).join("\n");
  set(byId("paused"), words);
  byId("paused").hidden = words === "";
}

byId("pauseAll").addEventListener("click", async () => {
  if (!paused && !(await sure("Pause everything?", "All workers stop sending within a second, whatever it is. What is enqueued waits until you resume.", "Pause everything", "Go on sending"))) return;
  await act(async () => {
    await post(paused ? "/v1/resume" : "/v1/pause");
    await showPause();
  });
});

// The sample bulk, as a service would send it: define, store the audience, start.

const sampleShortcut = "order-issue-before-arrival";
let offered = false;

// offerSample shows the button in a playground whose templates are those that the sample audience was made for.
async function offerSample() {
  if (offered || !isPlayground()) return;
  offered = true;
  const [samples, { shortcuts }] = await Promise.all([get("/v1/samples"), get("/v1/shortcuts")]);
  byId("sample").hidden = !samples.audience || !shortcuts.some((s) => s.name === sampleShortcut);
}

byId("sample").addEventListener("click", async (event) => {
  const start = event.currentTarget;
  start.disabled = true;
  await act(async () => {
    const { id } = await post("/v1/bulks", {
      rate: 100, // slow enough to be watched, paused and resumed
      messages: [{ channel: "email", from: "Fernhill Cabins <stay@fernhill.example>", shortcut: sampleShortcut }],
    });
    const audience = await get("/v1/samples/audience?rows=10000", { text: true });
    await call("PUT", `/v1/bulks/${id}/recipients`, audience, { headers: { "Content-Type": "text/csv" } });
    await post(`/v1/bulks/${id}/start`);
    set(byId("state"), "The sample bulk is on its way.");
  });
  start.disabled = false;
  look();
});

let timer = 0;

// look brings everything up to date, and again soon while something moves.
async function look() {
  clearTimeout(timer);
  let moving = false;
  if (!document.hidden) {
    const results = await Promise.allSettled([showLanes(), showBulks(), showDead(), showCaught(), showPause()]);
    await offerSample().catch(() => { offered = false; });
    const failed = results.filter((r) => r.status === "rejected" && r.reason.status !== 404);
    moving = results[1].value === true;
    refreshTimes();
    trouble("look", failed.length > 0 ? failed[0].reason.message : "");
    byId("desk").classList.remove("loading");
  }
  timer = setTimeout(look, moving ? 700 : 2500);
}
document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
tokenButton(byId("token"));
look();
