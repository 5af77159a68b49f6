// Calls of the API. A token is asked for when the server wants one, and kept for this tab alone unless its user wants more.
import { h } from "./dom.js";

const key = "herald.token";

// Problem is an answer that is an error (RFC 9457), or no answer at all: then its status is 0.
export class Problem extends Error {
  constructor(status, body) {
    const faults = (body.errors ?? []).map((e) => [e.pointer ?? e.parameter, e.detail].filter(Boolean).join(": "));
    super([body.detail ?? body.title ?? "The server did not answer", ...faults].join("\n"));
    this.status = status;
    this.code = body.code ?? "";
    this.faults = body.errors ?? [];
  }
}

let asking = null;
let declined = false; // nobody is asked twice

// call asks the API; body is an object, or text that is JSON already. It gives JSON, text, or the raw response.
export async function call(method, path, body, { signal, text = false, raw = false, headers = {} } = {}) {
  for (;;) {
    const token = sessionStorage.getItem(key) ?? localStorage.getItem(key);
    let response;
    try {
      response = await fetch(path, {
        method, signal, cache: "no-cache", // what has an ETag is sent again only when it changed
        headers: {
          ...(body !== undefined && { "Content-Type": "application/json" }),
          ...(token && { Authorization: `Bearer ${token}` }),
          ...headers,
        },
        body: body === undefined || typeof body === "string" || body instanceof Blob ? body : JSON.stringify(body),
      });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Problem(0, { detail: "Herald does not answer. Is `herald serve` running?" });
    }
    if (response.status === 401 && !declined) {
      asking ??= askToken(Boolean(token)).finally(() => { asking = null; });
      if (await asking) continue;
    }
    if (!response.ok) throw new Problem(response.status, await response.json().catch(() => ({ detail: response.statusText })));
    if (raw) return response;
    if (response.status === 204) return null;
    return text ? response.text() : response.json();
  }
}

// follow calls told with each event's data, which is JSON, until the stream ends.
export async function follow(path, told) {
  const response = await call("GET", path, undefined, { raw: true });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read().catch(() => ({ done: true })); // a server that stops breaks off
    if (done) return;
    const events = (text + value).split("\n\n");
    text = events.pop();
    for (const event of events) {
      const data = event.split("\n").filter((line) => line.startsWith("data: ")).map((line) => line.slice(6)).join("\n");
      if (data) told(JSON.parse(data));
    }
  }
}

export const get = (path, options) => call("GET", path, undefined, options);
export const post = (path, body, options) => call("POST", path, body, options);

// askToken shows a dialog; the promise holds whether a token was given.
export function askToken(wrong = false) {
  const input = h("input", { type: "password", id: "tokenInput", autocomplete: "off", spellcheck: "false", required: true });
  const remember = h("input", { type: "checkbox", id: "tokenRemember" });
  const dialog = h("dialog", { class: "dialog", "aria-labelledby": "tokenTitle" },
    h("form", { method: "dialog" },
      h("h2", { id: "tokenTitle" }, "This server needs a token"),
      h("p", {}, wrong ? "It does not know the token that you gave, or the token may not do this." : "Paste one that ", wrong ? "" : h("code", {}, "herald token create"), wrong ? "" : " made. It stays in this tab until you close it, or in this browser if you say so."),
      h("label", { for: "tokenInput" }, "Token"), input,
      h("label", { class: "check" }, remember, "Remember it in this browser"),
      h("div", { class: "actions" },
        h("button", { type: "button", class: "ghost", onclick: () => dialog.close() }, "Cancel"),
        h("button", { class: "primary", value: "use" }, "Use token"))));
  document.body.append(dialog);
  dialog.showModal();
  input.focus();
  return new Promise((resolve) => dialog.addEventListener("close", () => {
    const token = input.value.trim();
    dialog.remove();
    const given = dialog.returnValue === "use" && token !== "";
    declined = !given;
    if (given) {
      localStorage.removeItem(key);
      (remember.checked ? localStorage : sessionStorage).setItem(key, token);
      if (remember.checked) sessionStorage.removeItem(key);
    }
    document.dispatchEvent(new Event("token"));
    resolve(given);
  }));
}

// tokenButton shows a button that forgets the token where there is one, and asks for one that was not given.
export function tokenButton(button) {
  const show = () => {
    const has = Boolean(sessionStorage.getItem(key) ?? localStorage.getItem(key));
    button.hidden = !has && !declined;
    button.textContent = has ? "Forget token" : "Give a token";
    button.onclick = async () => {
      if (has) {
        sessionStorage.removeItem(key);
        localStorage.removeItem(key);
      } else if (!(await askToken())) return;
      location.reload();
    };
  };
  show();
  document.addEventListener("token", show);
}
