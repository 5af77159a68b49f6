package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/store/dead"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// access is how one operation is called, and by whom it may be.
type access struct {
	scope  Scope
	status int
	thing  string // whose operation it is: message, forward, bulk, audience (a bulk that has one), dead; "" for none
	suffix string // of the thing's path
	path   string // where there is no thing
	body   string
	header string
}

var tomorrow = time.Now().Add(24 * time.Hour).UTC().Format(time.RFC3339)

const asForm = "Content-Type: application/octet-stream"

// accesses has a row for every operation. TestAccess fails for one that is missing.
var accesses = map[string]access{
	"send-message":         {scope: ScopeSend, status: 202, path: "/v1/messages", body: aMessage},
	"send-messages":        {scope: ScopeSend, status: 200, path: "/v1/messages:batch", body: batchOf(aMessage)},
	"stream-messages":      {scope: ScopeSend, status: 200, path: "/v1/messages:stream", body: withID("m", aMessage), header: ndjson},
	"list-scheduled":       {scope: ScopeRead, status: 200, path: "/v1/scheduled"},
	"reschedule-message":   {scope: ScopeSend, status: 200, thing: "message", body: `{"sendAt":"` + tomorrow + `"}`},
	"get-message-content":  {scope: ScopeContent, status: 410, thing: "message", suffix: "/content"},
	"find-messages":        {scope: ScopeRead, status: 200, path: "/v1/messages?recipient=ada%40example.com"},
	"get-message":          {scope: ScopeRead, status: 200, thing: "message"},
	"cancel-message":       {scope: ScopeSend, status: 204, thing: "message"},
	"resolve-message":      {scope: ScopeSend, status: 409, thing: "message", suffix: "/resolve", body: `{"as":"sent"}`},
	"forward-conversation": {scope: ScopeSend, status: 202, path: "/v1/forwards", body: aForward},
	"get-forward":          {scope: ScopeRead, status: 200, thing: "forward"},
	"cancel-forward":       {scope: ScopeSend, status: 204, thing: "forward"},
	"resolve-forward":      {scope: ScopeSend, status: 409, thing: "forward", suffix: "/resolve", body: `{"as":"sent"}`},
	"create-bulk":          {scope: ScopeSend, status: 201, path: "/v1/bulks", body: strings.Replace(aBulk, `"id":"news",`, "", 1)},
	"list-bulks":           {scope: ScopeRead, status: 200, path: "/v1/bulks"},
	"get-bulk":             {scope: ScopeRead, status: 200, thing: "bulk"},
	"put-recipients":       {scope: ScopeSend, status: 200, thing: "bulk", suffix: "/recipients", body: audience(1), header: ndjson},
	"start-bulk":           {scope: ScopeSend, status: 202, thing: "audience", suffix: "/start"},
	"approve-bulk":         {scope: ScopeApprove, status: 200, thing: "audience", suffix: "/approve"},
	"pause-bulk":           {scope: ScopeSend, status: 202, thing: "audience", suffix: "/pause"},
	"resume-bulk":          {scope: ScopeSend, status: 202, thing: "audience", suffix: "/resume"},
	"cancel-bulk":          {scope: ScopeSend, status: 202, thing: "audience", suffix: "/cancel"},
	"reschedule-bulk":      {scope: ScopeSend, status: 200, thing: "bulk", body: `{"sendAt":"` + tomorrow + `"}`},
	"delete-bulk":          {scope: ScopeSend, status: 204, thing: "audience"},
	"resend-bulk":          {scope: ScopeSend, status: 202, thing: "audience", suffix: "/resend", body: `{"from":"failed"}`},
	"set-bulk-rate":        {scope: ScopeSend, status: 200, thing: "bulk", suffix: "/rate", body: `{"perSecond":1}`},
	"resolve-bulk":         {scope: ScopeSend, status: 200, thing: "audience", suffix: "/resolve", body: `{"as":"sent"}`},
	"list-recipients":      {scope: ScopeRead, status: 200, thing: "audience", suffix: "/recipients"},
	"export-recipients":    {scope: ScopeRead, status: 200, thing: "audience", suffix: "/recipients.csv"},
	"follow-bulk":          {scope: ScopeRead, status: 200, thing: "cancelled", suffix: "/events"},
	"store-attachment":     {scope: ScopeSend, status: 201, path: "/v1/attachments?name=a.txt", body: "hello", header: asForm},
	"list-suppressions":    {scope: ScopeRead, status: 200, path: "/v1/suppressions?address=ada@example.com"},
	"add-suppressions":     {scope: ScopeAdmin, status: 204, path: "/v1/suppressions", body: `{"channel":"email","entries":[{"address":"gone@example.com"}]}`},
	"remove-suppression":   {scope: ScopeAdmin, status: 404, path: "/v1/suppressions?address=nobody@example.com"},
	"erase-recipient":      {scope: ScopeAdmin, status: 200, path: "/v1/recipients/nobody@example.com"},
	"list-lanes":           {scope: ScopeRead, status: 200, path: "/v1/lanes"},
	"get-rates":            {scope: ScopeRead, status: 200, path: "/v1/rates"},
	"set-rates":            {scope: ScopeAdmin, status: 200, path: "/v1/rates", body: `{"rates":{"sms":50}}`},
	"unset-rates":          {scope: ScopeAdmin, status: 200, path: "/v1/rates"},
	"get-pause":            {scope: ScopeRead, status: 200, path: "/v1/pause"},
	"pause-all":            {scope: ScopeAdmin, status: 200, path: "/v1/pause"},
	"resume-all":           {scope: ScopeAdmin, status: 200, path: "/v1/resume"},
	"end-safe-mode":        {scope: ScopeAdmin, status: 409, path: "/v1/safe-mode/end", body: `{"nothingLost":true}`},
	"get-snippet-uses":     {scope: ScopePreview, status: 404, path: "/v1/snippets/none/uses"},
	"list-dead":            {scope: ScopeRead, status: 200, path: "/v1/dead"},
	"get-dead":             {scope: ScopeAdmin, status: 200, thing: "dead"},
	"retry-dead":           {scope: ScopeAdmin, status: 409, thing: "dead", suffix: "/retry"},
	"drop-dead":            {scope: ScopeAdmin, status: 204, thing: "dead"},
	"list-caught":          {scope: ScopeRead, status: 200, path: "/v1/caught"},
	"list-caught-events":   {scope: ScopeRead, status: 200, path: "/v1/caught/events"},
	"get-caught":           {scope: ScopeRead, status: 404, path: "/v1/caught/none"},
	"get-caught-source":    {scope: ScopeRead, status: 404, path: "/v1/caught/none/source"},
	"render":               {scope: ScopePreview, status: 200, path: "/v1/render", body: `{"text":"Hi"}`},
	"render-forward":       {scope: ScopePreview, status: 422, path: "/v1/render/forward", body: `{}`},
	"list-shortcuts":       {scope: ScopePreview, status: 200, path: "/v1/shortcuts"},
	"get-shortcut":         {scope: ScopePreview, status: 404, path: "/v1/shortcuts/none"},
	"save-shortcut":        {scope: ScopeEdit, status: 409, path: "/v1/shortcuts/a", body: `{"shortcut":{"message":"x"}}`},
	"delete-shortcut":      {scope: ScopeEdit, status: 409, path: "/v1/shortcuts/a"},
	"save-snippet":         {scope: ScopeEdit, status: 409, path: "/v1/snippets/sn.a", body: `{"snippet":{"name":"sn.a","source":"en","texts":{"en":"x"}}}`},
	"delete-snippet":       {scope: ScopeEdit, status: 409, path: "/v1/snippets/sn.a"},
	"get-snippet":          {scope: ScopePreview, status: 404, path: "/v1/snippets/none"},
	"list-snippets":        {scope: ScopePreview, status: 200, path: "/v1/snippets"},
	"list-fields":          {scope: ScopePreview, status: 200, path: "/v1/fields"},
	"list-helpers":         {scope: ScopePreview, status: 200, path: "/v1/helpers"},
	"get-samples":          {scope: ScopePreview, status: 200, path: "/v1/samples"},
	"get-sample-audience":  {scope: ScopePreview, status: 200, path: "/v1/samples/audience"},
}

// withID is a body with an id.
func withID(id, body string) string { return `{"id":"` + id + `",` + body[1:] }

// someone is a token of the table.
type someone struct {
	name, secret string
	scopes       []Scope
	expired      bool
	owner        string
}

func (w someone) may(scope Scope) bool {
	return slices.Contains(w.scopes, scope) || slices.Contains(w.scopes, ScopeAdmin)
}

// callers makes a token for every scope of one owner, one of another, an admin's and one that has expired.
func callers(t *testing.T) (all map[string]someone, tokens []Token) {
	t.Helper()
	all = map[string]someone{"nobody": {name: "nobody"}, "a stranger": {name: "a stranger", secret: "herald_nonsense"}}
	for _, w := range []someone{
		{name: "sender", scopes: []Scope{ScopeSend}, owner: "shop"}, {name: "reader", scopes: []Scope{ScopeRead}, owner: "shop"},
		{name: "author", scopes: []Scope{ScopePreview}, owner: "shop"}, {name: "shop", scopes: []Scope{ScopeSend, ScopeRead, ScopePreview}, owner: "shop"},
		{name: "other", scopes: []Scope{ScopeSend, ScopeRead, ScopePreview}, owner: "other"},
		{name: "admin", scopes: []Scope{ScopeAdmin}}, {name: "late", scopes: []Scope{ScopeAdmin}, expired: true},
	} {
		token := Token{Name: w.name, Scopes: w.scopes, Owner: w.owner}
		if w.expired {
			token.Expires = time.Now().Add(-time.Second)
		}
		var err error
		if w.secret, token, err = NewToken(token); err != nil {
			t.Fatal(err)
		}
		all[w.name] = w
		tokens = append(tokens, token)
	}
	return all, tokens
}

// Every operation × every caller: without a token, with a wrong or an expired one, with each scope, as another owner, as
// admin. What is another owner's is not found, and stays as it is.
func TestAccess(t *testing.T) {
	all, tokens := callers(t)
	preview, box := newPreview(t), newBox(t)
	s := start(t, func(o *Options) { o.Tokens, o.Preview, o.Caught = tokens, preview, box })
	missing := maps.Clone(accesses)
	checks := 0
	for path, item := range description(t, s).Paths.Map() {
		for method, op := range item.Operations() {
			row, known := accesses[op.OperationID]
			if !known {
				t.Errorf("%s %s: %s has no row in accesses", method, path, op.OperationID)
				continue
			}
			delete(missing, op.OperationID)
			if scopes := (*op.Security)[0][securityScheme]; !slices.Equal(scopes, []string{string(row.scope)}) {
				t.Errorf("%s: the description says %v, the table %s", op.OperationID, scopes, row.scope)
			}
			for _, name := range slices.Sorted(maps.Keys(all)) {
				t.Run(op.OperationID+" by "+name, func(t *testing.T) {
					s.in(t).access(op.OperationID, method, row, all[name], all["shop"])
				})
				checks++
			}
		}
	}
	for id := range missing {
		t.Errorf("accesses has a row for %s, which is no operation", id)
	}
	if checks < 150 {
		t.Errorf("%d checks, want 150 or more", checks)
	}
	t.Logf("%d checks", checks)
}

// access makes one call and checks its answer.
func (s *service) access(operation, method string, row access, by, owner someone) {
	s.t.Helper()
	path, id := row.path, ""
	if row.thing != "" {
		id = s.thing(row.thing, operation, owner)
		path = thingPaths[row.thing] + id + row.suffix
	}
	var before string
	if row.thing != "" && row.thing != "dead" {
		before = s.seen(row.thing, id, owner)
	}
	var header []string
	if by.secret != "" {
		header = append(header, "Authorization: Bearer "+by.secret)
	}
	if row.header != "" {
		header = append(header, row.header)
	}
	var body any
	if row.body != "" {
		body = row.body
	}
	want, code := row.status, ""
	switch {
	case by.scopes == nil:
		want, code = 401, "unauthorized"
	case by.expired:
		want, code = 401, "token_expired"
	case !by.may(row.scope):
		want, code = 403, "insufficient_scope"
	case row.thing != "" && row.thing != "dead" && by.owner != owner.owner:
		want, code = 404, "not_found"
	}
	a := s.want(want, method, path, body, header...)
	if code != "" {
		if p := a.problem(s.t); p.Code != code {
			s.t.Errorf("code %s, want %s", p.Code, code)
		}
	}
	if id == "" || row.thing == "dead" {
		return
	}
	if want != row.status {
		if after := s.seen(row.thing, id, owner); after != before {
			s.t.Errorf("refused, but it changed from %s to %s", before, after)
		}
	}
	if by.may(ScopeAdmin) && !by.expired { // as it is stored, an admin finds it
		s.want(row.status, method, thingPaths[row.thing]+task.Owned(owner.owner, id)+row.suffix, body, header...)
	}
}

var thingPaths = map[string]string{
	"message": "/v1/messages/", "forward": "/v1/forwards/", "bulk": "/v1/bulks/", "audience": "/v1/bulks/", "cancelled": "/v1/bulks/", "dead": "/v1/dead/",
}

var things int

// thing makes something of an owner's and returns its id.
func (s *service) thing(kind, operation string, owner someone) string {
	s.t.Helper()
	things++
	id := fmt.Sprintf("%s-%d", operation, things)
	mine := *s
	mine.token = owner.secret
	const later = `"sendAt":"%s",`
	soon := fmt.Sprintf(later, time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	switch kind {
	case "message":
		mine.want(202, "POST", "/v1/messages", withID(id, "{"+soon+aMessage[1:]))
	case "forward":
		mine.want(202, "POST", "/v1/forwards", withID(id, "{"+soon+aForward[1:]))
	case "dead":
		if err := s.client.Dead().Put(s.t.Context(), dead.Letter{ID: id, Kind: "no.such", Payload: json.RawMessage(`{}`), Owner: "message:" + task.Owned(owner.owner, id)}); err != nil {
			s.t.Fatal(err)
		}
	default:
		mine.want(201, "POST", "/v1/bulks", strings.Replace(aBulk, "news", id, 1))
		if kind != "bulk" {
			mine.want(200, "PUT", "/v1/bulks/"+id+"/recipients", audience(1), ndjson)
		}
		if kind == "cancelled" {
			mine.want(202, "POST", "/v1/bulks/"+id+"/cancel", nil)
			mine.settleCancelled(id, owner)
		}
	}
	return id
}

// settleCancelled ends the messages of a cancelled bulk, as a worker does.
func (s *service) settleCancelled(id string, owner someone) {
	s.t.Helper()
	if err := s.books().Mark(s.t.Context(), ledger.Owner{Kind: ledger.Bulk, ID: task.Owned(owner.owner, id)}.Chunk(0), 0, ledger.Skipped, ledger.Reason{Code: "cancelled"}); err != nil {
		s.t.Fatal(err)
	}
}

// seen is what the owner sees of something.
func (s *service) seen(kind, id string, owner someone) string {
	s.t.Helper()
	return string(s.want(200, "GET", thingPaths[kind]+id, nil, "Authorization: Bearer "+owner.secret).body)
}
