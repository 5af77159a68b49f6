package api

import (
	"context"
	"testing"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// books is a ledger on the service's Redis, by which a test plays the worker.
func (s *service) books() *ledger.Ledger {
	s.t.Helper()
	l, err := ledger.New(ledger.Options{Redis: s.redis.Client(), Log: s.api.Log})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = l.Close() })
	return l
}

// A state says all that is known: why one waits, what the other side said, what rendering went on in spite of.
func TestStateSaysAll(t *testing.T) {
	s := start(t, nil)
	l, ctx := s.books(), context.Background()
	s.want(202, "POST", "/v1/messages", `{"id":"one",`+aMessage[1:])
	var state MessageState
	s.want(200, "GET", "/v1/messages/one", nil).decode(t, &state)
	if state.Channel != "email" || state.To != "ada@example.com" || state.State != "pending" || state.Waiting == nil || state.Waiting.Code != "no_worker" || state.Waiting.Since != nil {
		t.Errorf("%+v, waiting %+v", state, state.Waiting)
	}
	o := ledger.Owner{Kind: ledger.Message, ID: "one"}
	if err := l.PutWait(ctx, o.Chunk(0), ledger.Reason{Code: "smtp_auth", Text: "535 5.7.8 no such login"}, 3); err != nil {
		t.Fatal(err)
	}
	s.want(200, "GET", "/v1/messages/one", nil).decode(t, &state)
	if w := state.Waiting; w == nil || w.Code != "smtp_auth" || w.Text != "535 5.7.8 no such login" || w.Since == nil || w.Attempts != 3 || state.Attempts != 3 {
		t.Errorf("waiting %+v", w)
	}
	if err := l.Mark(ctx, o.Chunk(0), 0, ledger.Sent, ledger.Reason{}); err != nil {
		t.Fatal(err)
	}
	learned := &ledger.Details{
		Channel: "email", To: "ada@example.com", Subject: "Hello", ProviderID: "<one@fernhill.example>", Words: "2.0.0 queued", Attempts: 4,
		Issues: []ledger.Issue{{Code: "missing_field", Text: "the field is missing", Field: "customer.lastName", Part: "message"}},
	}
	if err := l.Conclude(ctx, o, o.Chunk(0), ledger.Sent, learned, nil); err != nil {
		t.Fatal(err)
	}
	state = MessageState{}
	s.want(200, "GET", "/v1/messages/one", nil).decode(t, &state)
	if state.State != "sent" || state.Waiting != nil || state.At == nil || state.Subject != "Hello" || state.ProviderID != "<one@fernhill.example>" ||
		state.Words != "2.0.0 queued" || state.Attempts != 4 || len(state.Issues) != 1 || state.Issues[0].Field != "customer.lastName" {
		t.Errorf("%+v", state)
	}
}

// The same of a bulk's messages; its account counts those with issues.
func TestRecipientsSayAll(t *testing.T) {
	s := start(t, nil)
	l, ctx := s.books(), context.Background()
	s.want(201, "POST", "/v1/bulks", `{"id":"news","messages":[{"channel":"email","from":"a@b.example","text":"Hi","subject":"S"}]}`)
	s.want(200, "PUT", "/v1/bulks/news/recipients", `{"to":"u0@example.com"}`+"\n"+`{"to":"u1@example.com"}`+"\n", "Content-Type: application/x-ndjson")
	books := ledger.Owner{Kind: ledger.Bulk, ID: "news"}.Chunk(0)
	items := func() []RecipientState {
		var page RecipientPage
		s.want(200, "GET", "/v1/bulks/news/recipients", nil).decode(t, &page)
		return page.Items
	}
	waits := func(code string) {
		t.Helper()
		for _, i := range items() {
			if i.Waiting == nil || i.Waiting.Code != code {
				t.Errorf("%s: %+v, want %s", i.ID, i.Waiting, code)
			}
		}
	}
	waits("not_started")
	s.want(202, "POST", "/v1/bulks/news/start", nil)
	if err := s.client.Bulks().MarkStarted(ctx, "news", s.api.now()); err != nil {
		t.Fatal(err)
	}
	waits("queued")
	if err := l.PutWait(ctx, books, ledger.Reason{Code: "smtp_421"}, 1); err != nil {
		t.Fatal(err)
	}
	waits("smtp_421")
	s.want(202, "POST", "/v1/bulks/news/pause", nil)
	waits("paused")
	issue := []ledger.Issue{{Code: "missing_field", Text: "t"}}
	for range 2 { // it is counted once
		if err := l.PutDetails(ctx, books, map[int]ledger.Details{1: {Subject: "S", ProviderID: "<x@y>", Attempts: 1, Issues: issue}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Mark(ctx, books, 1, ledger.Sent, ledger.Reason{}); err != nil {
		t.Fatal(err)
	}
	all := items()
	if all[1].State != "sent" || all[1].Waiting != nil || all[1].Subject != "S" || all[1].ProviderID != "<x@y>" || len(all[1].Issues) != 1 {
		t.Errorf("%+v", all[1])
	}
	var status BulkStatus
	s.want(200, "GET", "/v1/bulks/news", nil).decode(t, &status)
	if status.Issues != 1 || status.Sent != 1 || status.Pending != 1 {
		t.Errorf("%+v", status)
	}
}

// What nobody knows is settled by whoever may send; what is known is not.
func TestResolveByAPI(t *testing.T) {
	secrets, tokens := newTokens(t, []Scope{ScopeSend}, []Scope{ScopeRead})
	s := start(t, func(o *Options) { o.Tokens = tokens })
	s.token = secrets[0]
	l, ctx := s.books(), context.Background()
	const as = `{"as":"sent"}`
	forward := `{"id":"f","from":"help@acme.example","to":"lawyer@example.com","conversation":{"messages":[{"id":"m1","channel":"email","direction":"in","sentAt":"2026-01-02T03:04:05Z","body":"Hi"}]}}`
	s.want(202, "POST", "/v1/messages", `{"id":"m",`+aMessage[1:])
	s.want(202, "POST", "/v1/forwards", forward)
	stored := func(id string) string { return task.Owned("t0", id) }
	d := bulk.Definition{ID: stored("b"), Messages: []bulk.Part{{Channel: "email", From: "a@b.example"}}}
	d.Messages[0].Text = "Hi"
	if _, err := s.client.Bulk(ctx, d, func(yield func(bulk.Recipient, error) bool) {
		_ = yield(bulk.Recipient{Email: "u0@example.com"}, nil) && yield(bulk.Recipient{Email: "u1@example.com"}, nil)
	}, enqueue.BulkOptions{}); err != nil {
		t.Fatal(err)
	}
	for path, o := range map[string]ledger.Owner{
		"/v1/messages/m/resolve": {Kind: ledger.Message, ID: stored("m")}, "/v1/forwards/f/resolve": {Kind: ledger.Forward, ID: stored("f")}, "/v1/bulks/b/resolve": {Kind: ledger.Bulk, ID: stored("b")},
	} {
		if o.Kind != ledger.Bulk {
			if p := s.want(409, "POST", path, as).problem(t); p.Code != "not_unknown" {
				t.Errorf("%s while pending: %s", path, p.Code)
			}
		}
		if err := l.Mark(ctx, o.Chunk(0), 0, ledger.Unknown, ledger.Reason{Code: "interrupted"}); err != nil {
			t.Fatal(err)
		}
		s.token = secrets[1]
		s.want(403, "POST", path, as)
		s.token = secrets[0]
		s.want(422, "POST", path, `{"as":"maybe"}`)
		a := s.want(200, "POST", path, as)
		var settled struct {
			State    string
			Resolved int
			Bulk     BulkStatus
		}
		a.decode(t, &settled)
		if settled.State != "sent" && (settled.Resolved != 1 || settled.Bulk.Sent != 1) {
			t.Errorf("%s: %s", path, a.body)
		}
		s.want(200, "POST", path, as)
	}
	s.want(404, "POST", "/v1/messages/none/resolve", as)
	s.want(404, "POST", "/v1/bulks/none/resolve", as)
}
