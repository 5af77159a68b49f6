// Reads requests as JSON, one a line, and answers each with "ok" or what the public library has against it.
const { Webhook } = require("standardwebhooks");
const lines = require("node:readline").createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const { secret, headers, body } = JSON.parse(line);
  try {
    new Webhook(secret).verify(body, headers);
    console.log("ok");
  } catch (e) {
    console.log(e.message);
  }
});
