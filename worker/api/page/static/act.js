// Doing what may fail, and asking before what can't be undone.
import { byId, h } from "./dom.js";
import { set } from "./format.js";

// sure asks before what can't be undone.
export function sure(question, more, yes, no = "Keep it") {
  const dialog = h("dialog", { class: "dialog", "aria-labelledby": "sureTitle" }, h("form", { method: "dialog" },
    h("h2", { id: "sureTitle" }, question), h("p", {}, more),
    h("div", { class: "actions" }, h("button", { value: "no", class: "ghost" }, no), h("button", { value: "yes", class: "danger" }, yes))));
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => {
    dialog.remove();
    resolve(dialog.returnValue === "yes");
  }));
}

// ask asks for one of several choices [value, words], or a number. It gives the value, or null.
export function ask({ title, text, choices = [], number, yes }) {
  const input = number !== undefined && h("input", { type: "number", id: "asked", name: "asked", min: "0", step: "any", required: true, value: String(number), "aria-label": title });
  const dialog = h("dialog", { class: "dialog", "aria-labelledby": "askTitle" }, h("form", { method: "dialog" },
    h("h2", { id: "askTitle" }, title), h("p", {}, text),
    choices.length > 0 && h("fieldset", { class: "choices" }, h("legend", { class: "hidden" }, title),
      choices.map(([value, words], i) => h("label", { class: "check" }, h("input", { type: "radio", name: "asked", value, checked: i === 0 }), words))),
    input,
    h("div", { class: "actions" }, h("button", { type: "button", class: "ghost", onclick: () => dialog.close() }, "Cancel"), h("button", { value: "yes", class: "primary" }, yes))));
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => {
    const answer = dialog.returnValue === "yes" ? new FormData(dialog.querySelector("form")).get("asked") : null;
    dialog.remove();
    resolve(answer);
  }));
}

// act runs something that may fail, and says so.
export async function act(f) {
  try {
    await f();
    trouble("action", "");
  } catch (error) {
    trouble("action", error.message);
  }
}

// troubles are what failed last: of an action until the next one, of looking until that works again.
const troubles = { action: "", look: "" };

export function trouble(of, text) {
  troubles[of] = text;
  const all = Object.values(troubles).filter(Boolean).join("\n");
  byId("trouble").hidden = all === "";
  set(byId("trouble"), all);
}
