package api

import (
	"bytes"
	"fmt"
	"html/template"
	"net/http"
	"slices"
)

// errorsPath is where the pages of the codes are; the type of a problem is its code's page.
const errorsPath = "/docs/errors/"

// problemCode is a code of problems, for its page.
type problemCode struct {
	Code   string
	Status int
	Cause  string // what is wrong
	Do     string // what the caller does
}

// problemCodes are the codes of all problems, in the order of their statuses. A test looks for those that the code has besides.
var problemCodes = []problemCode{
	{"invalid_request", 400, "The request can't be read: its body is missing, breaks off, or is not packed as it says.", "Mend it. A body that broke off can be sent again."},
	{"invalid_json", 400, "The body is not JSON that can be read in one way only: a member stands twice, also in another case, or it is not JSON at all.", "Mend it: errors say where."},
	{"unauthorized", 401, "The header Authorization: Bearer is missing, or its token is not one of those that are set up.", "Give a token that `herald token create` made."},
	{"token_expired", 401, "The token's time is over.", "Make another one with the same owner: `herald token create --owner`."},
	{"insufficient_scope", 403, "The token lacks a scope.", "Use a token that has it: the description says which one each operation needs."},
	{"sender_not_allowed", 403, "The token may not send by this channel, or as this sender.", "Use a sender that it may use: `herald token list` shows them."},
	{"forbidden", 403, "The caller may not do this.", "Use another token."},
	{"cross_origin", 403, "A web page of another origin made a browser send this.", "Call from a server, or from Herald's own pages."},
	{"host_not_allowed", 403, "Without tokens Herald answers only as 127.0.0.1 or localhost.", "Call it so, or set up tokens."},
	{"bad_signature", 403, "A callback is not signed by the account that is set up.", "Check HERALD_SMS_URL, and the address that Twilio calls."},
	{"not_found", 404, "There is nothing of that id or at that path, or no longer; or it is another owner's.", "Check the id. What is older than HERALD_RETENTION is forgotten."},
	{"method_not_allowed", 405, "The path exists, but not for this method.", "Use a method of the header Allow."},
	{"not_acceptable", 406, "The answer can't be given in a form that the caller accepts.", "Accept application/json."},
	{"request_timeout", 408, "The body did not arrive in time.", "Send it again, faster or in parts."},
	{"conflict", 409, "Another message, forward or bulk is stored under this id.", "Use another id, or the content of before."},
	{"idempotency_key_reused", 409, "The Idempotency-Key was used with another body.", "Use a key for one body only."},
	{"too_late", 409, "It was sent, is being sent at this moment, or was given up.", "Look at its state."},
	{"not_unknown", 409, "It is known what became of it.", "There is nothing to resolve."},
	{"content_gone", 409, "An older version did not keep the content.", "Send it again under a new id."},
	{"no_audience", 409, "The bulk's audience is not complete.", "PUT its recipients first."},
	{"audience_complete", 409, "The bulk has its audience, which can't be changed any more.", "An audience that is sent twice had arrived: go on and start the bulk."},
	{"audience_loading", 409, "Somebody else stores the bulk's audience now.", "Wait for Retry-After, and look at the bulk."},
	{"plan_changed", 409, "What is stored is not what was planned, or was stored without plan=true.", "Look at it again; nothing was sent."},
	{"own_bulk", 409, "Whoever made a bulk can't approve it.", "Let another person approve it, with a token of their own."},
	{"bulk_busy", 409, "The bulk is not over, or its events are not all published.", "Cancel it, and delete it when it is over."},
	{"bulk_completed", 409, "Nobody is left to cancel for.", "There is nothing to do."},
	{"bulk_cancelled", 409, "The bulk was cancelled.", "Send to those left out with a new bulk."},
	{"local_times", 409, "The bulk is sent by its recipients' local times.", "Cancel it, and send another one."},
	{"not_in_safe_mode", 409, "The fleet is not in safe mode.", "There is nothing to end."},
	{"rates_changed", 409, "The rates are not those of the version that was to be replaced.", "Read them again, and set them with their version."},
	{"no_erase_key", 409, "An address can't be erased without a key for its hash.", "Set HERALD_ERASE_KEYS."},
	{"not_understood", 409, "This version does not understand the dead letter.", "Retry it with the version that wrote it, or a newer one."},
	{"name_taken", 409, "There is a shortcut or snippet of this name already.", "Choose another name, or save under the old one."},
	{"not_editable", 409, "The templates are not edited over the API: HERALD_EDITABLE is not set, or the file is written in a form that only an editor can change.", "Set it, or change the file by hand."},
	{"not_sent", 409, "Nothing was sent under this id, or not yet.", "Look at its state."},
	{"not_reproducible", 410, "What the message was made of is not all there any more.", "The detail says what is missing."},
	{"link_expired", 410, "The link was for a time that is over.", "Use the link of a newer message."},
	{"changed_meanwhile", 412, "The file has changed, or is gone, since its version was read.", "Read it again, and decide what to save."},
	{"body_too_large", 413, "The body, a line or a file is larger than the limit, when it is unpacked.", "Send less: store files by POST /v1/attachments, and many messages in several calls."},
	{"compression_bomb", 413, "The body unpacks to far more than its size.", "Pack it less, or not at all."},
	{"unsupported_media_type", 415, "The Content-Type is not one that the operation takes.", "Use one of the description."},
	{"unsupported_encoding", 415, "The Content-Encoding is not one that Herald takes.", "Use gzip, zstd or none."},
	{"invalid_fields", 422, "Fields or parameters are wrong.", "Mend them: errors have a JSON pointer, a code and words for each."},
	{"broken_template", 422, "With this change the templates would not load or compile; nothing was written.", "Mend what errors list."},
	{"invalid_row", 422, "A row of the audience can't be read; nothing was stored.", "Mend the row, or leave such rows out: onBadRow=skip."},
	{"invalid_audience", 422, "The body is no audience; nothing was stored.", "Send CSV, or one JSON object a line."},
	{"no_file", 422, "The form has no file.", "Send one part that has a filename."},
	{"several_files", 422, "The form has several files.", "Store each by a request of its own."},
	{"template_error", 422, "A template has mistakes.", "Mend them: errors say where."},
	{"too_slow", 422, "It can't be rendered in time.", "Ask for less: a shorter template, context or conversation."},
	{"attachment_too_large", 422, "A file is larger than a file may be.", "docs/limits.md has the limits."},
	{"attachments_too_large", 422, "The files of a message are together larger than they may be.", "Send fewer, or links."},
	{"attachment_type", 422, "A file has a type that may not be sent, or its content is of another type than its name.", "docs/limits.md has the types."},
	{"attachment_encoding", 422, "A file is not standard base64.", "Encode it so (RFC 4648 section 4)."},
	{"attachment_missing", 422, "A file is not stored, or no longer.", "Store it again: POST /v1/attachments."},
	{"attachment_path", 422, "A file's path leads nowhere, or out of the folder.", "Give a path below HERALD_ATTACHMENTS."},
	{"attachment_source", 422, "A file can't be had from its source.", "Check its address."},
	{"too_many_requests", 429, "The token is used more often than HERALD_API_RATE allows.", "Wait for Retry-After."},
	{"client_left", statusClientLeft, "The client closed the connection before the answer was ready.", "Nobody reads this: it stands in metrics."},
	{"internal_error", 500, "Herald broke down over this request.", "Look for its X-Request-Id in the log, and report it."},
	{"unavailable", 503, "Redis does not answer, or does not store. Nothing is lost.", "Repeat the call after Retry-After, with the same id or Idempotency-Key."},
	{"busy", 503, "Others are being served.", "Repeat the call after Retry-After."},
}

// serveErrors serves a page for each code, and a list of them all.
func (s *Server) serveErrors() error {
	page, err := template.New("errors").Parse(errorsPage)
	if err != nil {
		return fmt.Errorf("the pages of errors: %w", err)
	}
	serve := func(path string, list []problemCode) error {
		var out bytes.Buffer
		if err := page.Execute(&out, list); err != nil {
			return fmt.Errorf("the pages of errors: %w", err)
		}
		html := serveBytes("text/html; charset=utf-8", out.Bytes())
		s.mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
			html.ServeHTTP(w, r)
		})
		return nil
	}
	for i, c := range problemCodes {
		if err := serve(errorsPath+c.Code, slices.Clone(problemCodes[i:i+1])); err != nil {
			return err
		}
	}
	return serve(errorsPath+"{$}", problemCodes)
}

const errorsPage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{if eq (len .) 1}}{{(index . 0).Code}}{{else}}Errors{{end}} · Herald API</title>
<style>
:root { color-scheme: light dark; }
body { margin: 0 auto; max-width: 46rem; padding: 1.5rem; font: 16px/1.5 system-ui, sans-serif; }
h2 { margin: 1.5rem 0 .25rem; font: 600 1.1rem ui-monospace, monospace; }
a { color: light-dark(#0b5cad, #7ab8ff); }
</style>
</head>
<body>
<h1>Errors of Herald's API</h1>
{{if eq (len .) 1}}<p><a href="/docs/errors/">All errors</a> · <a href="/docs">The API</a></p>{{else}}<p>The <code>code</code> of a problem stays the same; its words may change. Its <code>type</code> is the page of the code. <a href="/docs">The API</a></p>{{end}}
{{range .}}<section>
<h2><a href="/docs/errors/{{.Code}}">{{.Code}}</a></h2>
<p>Status {{.Status}}. {{.Cause}}</p>
<p>{{.Do}}</p>
</section>
{{end}}</body>
</html>
`
