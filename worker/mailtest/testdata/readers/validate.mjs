// Checks pages: node validate.mjs, a line of JSON with the HTML for each on stdin. Answers a line of JSON for each: its errors.
import { createInterface } from "node:readline";
import { HtmlValidate } from "html-validate";

const validator = new HtmlValidate({
	extends: ["html-validate:recommended"],
	rules: {
		"no-inline-style": "off", // many mail clients read no others
		"no-deprecated-attr": "off", // align, width and the like are what Outlook lays out by
		"no-conditional-comment": "off", // made for Outlook
		"prefer-tbody": "off", // every parser adds it
		"long-title": "off", // as long as the subject is
	},
});
for await (const line of createInterface({ input: process.stdin })) {
	const report = await validator.validateString(JSON.parse(line));
	console.log(JSON.stringify(report.results.flatMap((r) => r.messages.map((m) => `${m.line}:${m.column} ${m.ruleId}: ${m.message}`))));
}
