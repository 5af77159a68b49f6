package api

import (
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

var bodies = map[string]string{
	"messages": `{"id":%q,"channel":"email","from":"help@acme.example","to":"ada@example.com","subject":"Hi","text":"Hi"}`,
	"forwards": `{"id":%q,"from":"help@acme.example","to":"ada@example.com","conversation":{"messages":[{"channel":"email","direction":"in","body":"Hi"}]}}`,
	"bulks":    `{"id":%q,"messages":[{"channel":"email","from":"help@acme.example","subject":"Hi","text":"Hi"}]}`,
}

// One id on three kinds of things: each is its own, in whatever state the others are, and again is harmless.
func TestOneIDForEachKind(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	for i, order := range [][]string{{"messages", "forwards", "bulks"}, {"forwards", "bulks", "messages"}, {"bulks", "messages", "forwards"}} {
		id := fmt.Sprintf("x%d", i)
		for _, kind := range order {
			want := 202
			if kind == "bulks" {
				want = 201
			}
			for range 2 {
				a := s.want(want, "POST", "/v1/"+kind, fmt.Sprintf(bodies[kind], id))
				if got := a.header.Get("Location"); got != "/v1/"+kind+"/"+id {
					t.Errorf("Location %q", got)
				}
			}
			// A state of its own, before the next is stored.
			switch kind {
			case "messages":
				s.settle(ledger.Owner{Kind: ledger.Message, ID: id}.Chunk(0), 0, ledger.Sent, ledger.Reason{})
			case "bulks":
				s.want(200, "PUT", "/v1/bulks/"+id+"/recipients", audience(2), ndjson)
				s.settle(ledger.Owner{Kind: ledger.Bulk, ID: id}.Chunk(0), 0, ledger.Sent, ledger.Reason{})
				s.settle(ledger.Owner{Kind: ledger.Bulk, ID: id}.Chunk(0), 1, ledger.Failed, ledger.Reason{Code: "smtp_550"})
			}
			other := strings.Replace(fmt.Sprintf(bodies[kind], id), "help@", "desk@", 1)
			if p := s.want(409, "POST", "/v1/"+kind, other).problem(t); p.Code != "conflict" {
				t.Errorf("%s: %+v", kind, p)
			}
		}
		s.want(204, "DELETE", "/v1/forwards/"+id, nil)
		var got MessageState
		s.want(200, "GET", "/v1/messages/"+id, nil).decode(t, &got)
		if got.State != "sent" {
			t.Errorf("%v: the message is %+v", order, got)
		}
		s.want(200, "GET", "/v1/forwards/"+id, nil).decode(t, &got)
		if got.State != "skipped" || got.Reason.Code != "cancelled" {
			t.Errorf("%v: the forward is %+v", order, got)
		}
		var b BulkStatus
		s.want(200, "GET", "/v1/bulks/"+id, nil).decode(t, &b)
		if b.State != "completed" || b.Planned != 2 || b.Sent != 1 || b.Failed != 1 || b.Pending != 0 {
			t.Errorf("%v: the bulk is %+v", order, b)
		}
	}
	// Where no message has the id, a forward is found under messages too.
	s.want(202, "POST", "/v1/forwards", fmt.Sprintf(bodies["forwards"], "alone"))
	s.want(200, "GET", "/v1/messages/alone", nil)
	s.want(204, "DELETE", "/v1/messages/alone", nil)
	s.want(202, "POST", "/v1/messages", fmt.Sprintf(bodies["messages"], "letter"))
	s.want(404, "GET", "/v1/forwards/letter", nil)
	s.want(404, "DELETE", "/v1/forwards/letter", nil)
}

// Ids that could pass for a part of a key are refused, in the words of the one rule; nothing is stored, nothing is found.
func TestHostileIDs(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	rdb := s.redis.Client()
	words := strings.TrimPrefix(task.CheckID("").Error(), "want ")
	ids := []string{
		"{x}", "a:b", "herald:{", "x}:states:0", "x:0}:states:0", "a b", "a\tb", "a\x00b", "a\r\nb", "é", "ß", "日本", "x\u200by", "b+0.0.email", "f+forward",
		"a..b", ".a", "a.", "-a", "a/b", "a%2fb", "*", "a?b", strings.Repeat("x", 101), strings.Repeat("x", 200), strings.Repeat("é", 60),
	}
	for _, id := range ids {
		for kind, body := range bodies {
			p := s.want(422, "POST", "/v1/"+kind, strings.Replace(body, "%q", quoted(t, id), 1)).problem(t)
			if len(p.Errors) == 0 || p.Errors[0].Pointer != "/id" {
				t.Errorf("%s %q: %+v", kind, id, p)
			} else if len(id) <= task.MaxID && !strings.Contains(p.Errors[0].Detail, words) {
				t.Errorf("%s %q: %q doesn't say %q", kind, id, p.Errors[0].Detail, words)
			}
			if a := s.do("GET", "/v1/"+kind+"/"+url.PathEscape(id), nil); a.status < 400 || a.status >= 500 {
				t.Errorf("GET %s %q: %d %s", kind, id, a.status, a.body)
			}
		}
	}
	if keys := rdb.Keys(t.Context(), "*").Val(); len(keys) != 0 {
		t.Errorf("there are keys %q", keys)
	}
	for _, id := range []string{"a", "A-1_b.c.d", "0", strings.Repeat("x", 100)} {
		for kind, body := range bodies {
			if a := s.do("POST", "/v1/"+kind, fmt.Sprintf(body, id)); a.status/100 != 2 {
				t.Errorf("%s %q, which was valid: %d %s", kind, id, a.status, a.body)
			}
		}
	}
}

// What the API's description says of ids is the rule of package task.
func TestIDsAreDescribedByTheirRule(t *testing.T) {
	t.Parallel()
	words := strings.TrimPrefix(task.CheckID("").Error(), "want ")
	for _, body := range []any{MessageBody{}, ForwardBody{}, BulkBody{}} {
		f, ok := reflect.TypeOf(body).FieldByName("ID")
		if !ok || f.Tag.Get("pattern") != task.IDPattern || f.Tag.Get("patternDescription") != "of "+words || f.Tag.Get("maxLength") != fmt.Sprint(task.MaxID) {
			t.Errorf("%T: %s", body, f.Tag)
		}
		if _, err := regexp.Compile(f.Tag.Get("pattern")); err != nil {
			t.Error(err)
		}
	}
}

func quoted(t *testing.T, s string) string {
	t.Helper()
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// A completed bulk can't be cancelled, and can still be resent; a cancelled one may be cancelled again.
func TestCancelACompletedBulk(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	s.want(201, "POST", "/v1/bulks", fmt.Sprintf(bodies["bulks"], "done"))
	s.want(200, "PUT", "/v1/bulks/done/recipients", audience(2), ndjson)
	s.mark("done", 0, ledger.Sent, ledger.Reason{})
	s.mark("done", 1, ledger.Failed, ledger.Reason{Code: "smtp_550"})
	if p := s.want(409, "POST", "/v1/bulks/done/cancel", nil).problem(t); p.Code != "bulk_completed" {
		t.Errorf("%+v", p)
	}
	if b := s.bulk("done"); b.State != "completed" {
		t.Errorf("%+v", b)
	}
	if n, err := s.client.ResendBulk(t.Context(), "done", ledger.Failed); n != 1 || err != nil {
		t.Errorf("resend: %d, %v", n, err)
	}
	for range 2 { // now somebody is pending
		s.want(202, "POST", "/v1/bulks/done/cancel", nil)
	}
}

// The messages of a bulk are found by the ids that its results and events give them.
func TestMessagesOfABulkAreFound(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	id := "b." + strings.Repeat("x", 98) // as long as an id can be
	s.want(201, "POST", "/v1/bulks", fmt.Sprintf(bodies["bulks"], id))
	s.want(200, "PUT", "/v1/bulks/"+id+"/recipients", audience(45), ndjson)
	s.mark(id, 44, ledger.Failed, ledger.Reason{Code: "smtp_550", Text: "no such user"})
	var page RecipientPage
	s.want(200, "GET", "/v1/bulks/"+id+"/recipients?limit=100", nil).decode(t, &page)
	if len(page.Items) != 45 {
		t.Fatalf("%d recipients", len(page.Items))
	}
	for i, item := range page.Items {
		var got MessageState
		s.want(200, "GET", "/v1/messages/"+item.ID, nil).decode(t, &got)
		if got.ID != item.ID || got.State != item.State || i == 44 && (got.State != "failed" || got.Reason.Code != "smtp_550") {
			t.Errorf("%d: %+v, want %+v", i, got, item)
		}
	}
	for _, other := range []string{id + "+0.20.email", id + "+9.0.email", id + "+0.0.sms", id + "+0.00.email", id + "+-1.0.email", id + "+0.0", id + "+", "nobody+0.0.email", "0.0.email", "a.0.0.email"} {
		s.want(404, "GET", "/v1/messages/"+other, nil)
	}
}
