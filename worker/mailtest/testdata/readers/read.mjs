// Reads mails: node read.mjs, a line of JSON for each mail on stdin: {"raw": base64, "records": {name: TXT}}. Answers a line
// of JSON for each: what postal-mime and mailparser see, and what mailauth says of each signature.
import { createInterface } from "node:readline";
import { dkimVerify } from "mailauth/lib/dkim/verify.js";
import { simpleParser } from "mailparser";
import PostalMime from "postal-mime";

const text = (s) => (s || "").replace(/\r\n/g, "\n").replace(/\n+$/, "");
const base64 = (data) => Buffer.from(data).toString("base64");
const mailbox = (a) => [a.name || "", a.address].join("|");

async function byPostalMime(raw) {
	const m = await PostalMime.parse(raw);
	return {
		subject: m.subject, from: [mailbox(m.from)], to: (m.to ?? []).map(mailbox), text: text(m.text), html: text(m.html),
		files: m.attachments.map((a) => ({ name: a.filename, type: a.mimeType, data: base64(a.content) })),
	};
}

async function byMailparser(raw) {
	const m = await simpleParser(raw, { skipHtmlToText: true, skipTextToHtml: true, skipImageLinks: true, keepCidLinks: true });
	return {
		subject: m.subject, from: m.from.value.map(mailbox), to: (m.to?.value ?? []).map(mailbox), text: text(m.text), html: text(m.html || ""),
		files: m.attachments.map((a) => ({ name: a.filename, type: a.contentType, data: base64(a.content) })),
	};
}

for await (const line of createInterface({ input: process.stdin })) {
	const { raw, records } = JSON.parse(line);
	const mail = Buffer.from(raw, "base64");
	const answer = records ? {} : { postalMime: await byPostalMime(mail), mailparser: await byMailparser(mail) };
	if (records) {
		const { results } = await dkimVerify(mail, { resolver: async (name) => (name in records ? [[records[name]]] : []) });
		answer.signatures = results.map((r) => r.status.result);
	}
	console.log(JSON.stringify(answer));
}
