// What a service does with Herald, in test mode: nobody gets anything. HERALD_URL and HERALD_TOKEN say where and who.
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { connect, Problem } from "./herald.mjs";

const herald = await connect(process.env.HERALD_URL, process.env.HERALD_TOKEN);
const mail = (to, more) => ({
  channel: "email", from: "Shop <help@shop.example>", to, subject: "Your order", text: "Hi {{customer.firstName}}!", context: { customer: { firstName: "Ada" } }, ...more,
});
async function settled(id) {
  for (;;) {
    const message = await herald.getMessage({ id });
    if (message.state !== "pending") return message;
    await pause(50);
  }
}

// One message; the call can be repeated.
const first = await herald.sendMessage({ body: mail("ada@example.com"), idempotencyKey: "js-order-1" });
assert.deepEqual(await herald.sendMessage({ body: mail("ada@example.com"), idempotencyKey: "js-order-1" }), first);
assert.equal((await settled(first.id)).state, "sent");

// What is wrong is told at once, with its place.
await assert.rejects(herald.sendMessage({ body: mail("nobody", { colour: "red" }) }), (problem) => {
  assert.ok(problem instanceof Problem && problem.status === 422);
  assert.deepEqual(problem.errors.map((e) => e.pointer).sort(), ["/colour", "/to"]);
  return true;
});

// Several, each with a result of its own.
const batch = await herald.sendMessages({ body: { messages: [mail("bounce@test.herald.invalid", { id: "js-bounce" }), mail("nobody")] } });
assert.deepEqual([batch.accepted, batch.refused], [1, 1]);
while ((await settled("js-bounce")).feedback?.state !== "bounced_hard") await pause(50);

// A bulk whose audience comes from an iterator.
async function* rows() {
  for (let i = 0; i < 50; i++) yield Buffer.from(JSON.stringify({ to: `u${i}@example.com`, context: { customer: { firstName: `U${i}` } } }) + "\n");
}
await herald.createBulk({ body: { id: "js-news", messages: [{ channel: "email", from: "help@shop.example", subject: "News", text: "Hi {{customer.firstName}}" }] } });
await herald.putRecipients({ id: "js-news", body: rows(), contentType: "application/x-ndjson" });
await herald.startBulk({ id: "js-news" });
while ((await herald.getBulk({ id: "js-news" })).state !== "completed") await pause(50);
assert.equal((await herald.getBulk({ id: "js-news" })).sent, 50);

// Later, and then not at all.
const later = await herald.sendMessage({ body: mail("later@example.com", { sendAt: new Date(Date.now() + 3_600_000).toISOString() }) });
assert.ok((await herald.listScheduled()).items.some((s) => s.id === later.id));
await herald.cancelMessage({ id: later.id });
assert.equal((await settled(later.id)).state, "skipped");

// What would have been sent.
const caught = (await herald.listCaught({ limit: 1000 })).items;
assert.equal(caught.length, 52);
const one = caught.find((c) => c.message === first.id);
assert.match((await herald.getCaught({ id: one.id })).text, /Hi Ada!/);
console.log("node: ok");
