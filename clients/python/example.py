"""What a service does with Herald, in test mode: nobody gets anything. HERALD_URL and HERALD_TOKEN say where and who."""

import json
import os
import time
from datetime import datetime, timedelta, timezone

from herald import Herald, Problem

herald = Herald(os.environ["HERALD_URL"], os.environ["HERALD_TOKEN"])


def mail(to, **more):
    return {"channel": "email", "from": "Shop <help@shop.example>", "to": to, "subject": "Your order", "text": "Hi {{customer.firstName}}!",
            "context": {"customer": {"firstName": "Ada"}}, **more}


def settled(id):
    while True:
        message = herald.get_message(id=id)
        if message["state"] != "pending":
            return message
        time.sleep(0.05)


# One message; the call can be repeated.
first = herald.send_message(mail("ada@example.com"), idempotency_key="py-order-1")
assert herald.send_message(mail("ada@example.com"), idempotency_key="py-order-1") == first
assert settled(first["id"])["state"] == "sent"

# What is wrong is told at once, with its place.
try:
    herald.send_message(mail("nobody", colour="red"))
    raise SystemExit("a bad message was taken")
except Problem as problem:
    assert problem.status == 422 and {e["pointer"] for e in problem.errors} == {"/colour", "/to"}, problem.errors

# Several, each with a result of its own.
batch = herald.send_messages({"messages": [mail("bounce@test.herald.invalid", id="py-bounce"), mail("nobody")]})
assert (batch["accepted"], batch["refused"]) == (1, 1)
while (settled("py-bounce").get("feedback") or {}).get("state") != "bounced_hard":
    time.sleep(0.05)

# A bulk whose audience comes from an iterator.
herald.create_bulk({"id": "py-news", "messages": [{"channel": "email", "from": "help@shop.example", "subject": "News", "text": "Hi {{customer.firstName}}"}]})
rows = (json.dumps({"to": "u%d@example.com" % i, "context": {"customer": {"firstName": "U%d" % i}}}).encode() + b"\n" for i in range(50))
herald.put_recipients(rows, id="py-news", content_type="application/x-ndjson")
herald.start_bulk(id="py-news")
while herald.get_bulk(id="py-news")["state"] != "completed":
    time.sleep(0.05)
assert herald.get_bulk(id="py-news")["sent"] == 50

# Later, and then not at all.
later = herald.send_message(mail("later@example.com", sendAt=(datetime.now(timezone.utc) + timedelta(hours=1)).isoformat()))
assert later["id"] in [s["id"] for s in herald.list_scheduled()["items"]]
herald.cancel_message(id=later["id"])
assert settled(later["id"])["state"] == "skipped"

# What would have been sent.
caught = herald.list_caught(limit=1000)["items"]
assert len(caught) == 52, len(caught)
one = next(c for c in caught if c.get("message") == first["id"])
assert "Hi Ada!" in herald.get_caught(id=one["id"])["text"]
print("python: ok")
