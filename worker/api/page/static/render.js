// Asking the server what a message comes to.
import { byId, later } from "./dom.js";
import { call } from "./api.js";
import { jsonFault } from "./jsonfault.js";
import { state, shown, form } from "./state.js";
import { showResult } from "./result.js";

// faultOf is what is wrong with a context; the same one is not read again.
let read = { data: "{}", fault: null };
function faultOf(data) {
  if (read.data !== data) read = { data, fault: jsonFault(data) };
  return read.fault;
}

let running = false;
let again = false;
let settling = null; // ends the look at everything when a key makes it stale

// render asks for the channel that is shown, which is what a writer waits for; while one answer is on its way the next
// waits, and only the last is asked for. Once nothing more comes, settle looks at everything.
export async function render() {
  settling?.abort();
  if (running) {
    again = true;
    return;
  }
  const fault = faultOf(contextNow());
  if (fault) {
    contextFault(fault);
    return;
  }
  running = true;
  const { channel } = state;
  const started = performance.now();
  try {
    const part = await ask({ channels: [channel] });
    byId("took").textContent = `Rendered in ${Math.max(1, Math.round(performance.now() - started))} ms`;
    state.result = joined(state.result, part, channel);
    showResult();
  } catch (error) {
    failed(error, render);
  } finally {
    running = false;
    if (again) {
      again = false;
      render();
    } else settle();
  }
}

// settle asks for all channels, and for what other recipients would notice.
const settle = later(250, async () => {
  if (running || faultOf(contextNow())) return;
  settling = new AbortController();
  try {
    state.result = await ask({ lint: true }, settling.signal);
    showResult();
  } catch (error) {
    if (error.name !== "AbortError") failed(error, settle);
  }
});

const contextNow = () => state.csv?.context ?? (state.context.trim() || "{}");

const ask = (more, signal) => call("POST", "/v1/render", `{"context":${contextNow()},` + JSON.stringify({
  inline: state.shortcut, locale: state.locale || undefined, timezone: state.timezone || undefined,
  source: form() === "html" && shown.email === "source", explain: shown.explain, ...more,
}).slice(1), { signal });

// joined puts the answer for one channel into the one for all.
function joined(all, part, channel) {
  return {
    ...part, partial: true, warnings: all?.warnings ?? [],
    contents: [...(all?.contents ?? []).filter((c) => c.channel !== channel), ...part.contents],
    errors: [...(all?.errors ?? []).filter((e) => e.channel && e.channel !== channel), ...part.errors],
  };
}

function failed(error, retry) {
  if (error.status === 429) later(500, retry)(); // a token of few requests: the next one shows it
  else trouble(error);
}

function contextFault(fault) {
  state.result = { ...(state.result ?? { contents: [] }), errors: [{ code: "context", path: "context", ...fault }] };
  showResult();
}

// trouble is what the server could not answer. One that is away is asked again until it is back.
export function trouble(error) {
  if (error.status === 0) revive();
  state.result = { ...(state.result ?? { contents: [] }), errors: [{ code: error.code || "server", message: error.message }] };
  showResult();
}

const revive = later(2000, render);
