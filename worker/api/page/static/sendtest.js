// Sending what is shown to oneself.
import { h, fill } from "./dom.js";
import { get, post } from "./api.js";
import { channels } from "./channels.js";

// kinds are those of addresses.
const kinds = { mailbox: ["Email address", "you@example.com"], phone: ["Phone number", "+15550142"], conversation: ["Conversation id", "60b7d2c4e1"] };

// sendTest asks where to, and sends. message is the body of POST /v1/messages but for its context, which is JSON text, and
// for to and from; note says what differs from what is shown.
export function sendTest({ channel, from, note, context, message }) {
  const { address, mail } = channels[channel];
  const [what, example] = kinds[address];
  const remembered = `herald.test.${channel}`;
  const to = h("input", { id: "testTo", required: true, placeholder: example, value: sessionStorage.getItem(remembered) ?? "", type: mail ? "email" : "text", autocomplete: mail ? "email" : "off" });
  const sender = h("input", { id: "testFrom", value: from, required: true, autocomplete: "off" });
  const state = h("p", { class: "test-state", role: "status" });
  const send = h("button", { class: "primary", type: "submit" }, "Send");
  const dialog = h("dialog", { class: "dialog", "aria-labelledby": "testTitle" },
    h("form", {
      onsubmit: async (event) => {
        event.preventDefault();
        send.disabled = true;
        sessionStorage.setItem(remembered, to.value);
        try {
          fill(state, "Sending…");
          // The context goes as it was typed, so that its numbers stay exact.
          const rest = JSON.stringify({ ...message, channel, to: to.value.trim(), ...(mail && { from: sender.value.trim() }) });
          const { id } = await post("/v1/messages", `{"context":${context},${rest.slice(1)}`);
          await follow(id, state, () => dialog.open);
        } catch (error) {
          fill(state, h("span", { class: "error-text" }, error.message));
        }
        send.disabled = false;
      },
    },
    h("h2", { id: "testTitle" }, "Send a test to yourself"),
    note && h("p", {}, note),
    h("label", { for: "testTo" }, what), to,
    mail && [h("label", { for: "testFrom" }, "From"), sender],
    state,
    h("div", { class: "actions" }, h("button", { type: "button", class: "ghost", onclick: () => dialog.close() }, "Close"), send)));
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.showModal();
  to.focus();
}

// follow waits for what becomes of a message.
async function follow(id, state, open) {
  for (let n = 0; n < 60 && open(); n++) {
    const now = await get(`/v1/messages/${encodeURIComponent(id)}`);
    if (!["pending", "claimed"].includes(now.state)) {
      fill(state, now.state === "sent" ? h("span", { class: "good-text" }, "Sent.") : h("span", { class: "error-text" }, `${now.state}: ${now.reason?.text ?? "no reason given"}`));
      return;
    }
    await new Promise((done) => setTimeout(done, 250));
  }
  if (open()) fill(state, "Queued. No worker has taken it yet; it goes out as soon as one runs.");
}
