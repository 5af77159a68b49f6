package api

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/store/ledger"
)

const aMessage = `{"channel":"email","from":"Fernhill <stay@fernhill.example>","to":"ada@example.com","text":"Hi {{customer.firstName}}","subject":"Hello","context":{"customer":{"firstName":"Ada"}}}`

func TestMessage(t *testing.T) {
	s := start(t, nil)
	a := s.want(202, "POST", "/v1/messages", aMessage)
	var accepted Accepted
	a.decode(t, &accepted)
	if accepted.ID == "" || a.header.Get("Location") != "/v1/messages/"+accepted.ID {
		t.Fatalf("accepted %s, Location %q", a.body, a.header.Get("Location"))
	}
	var state MessageState
	s.want(200, "GET", "/v1/messages/"+accepted.ID, nil).decode(t, &state)
	if state.ID != accepted.ID || state.State != "pending" || state.At != nil || state.Reason != nil {
		t.Errorf("state %+v", state)
	}
	if p := s.want(404, "GET", "/v1/messages/unheard-of", nil).problem(t); p.Code != "not_found" {
		t.Errorf("code %s", p.Code)
	}
}

// pointers are those of a problem's faults, sorted. Each fault has a code.
func pointers(p Problem) []string {
	var all []string
	for _, f := range p.Errors {
		if f.Code == "" || f.Detail == "" {
			return []string{"a fault without code or words"}
		}
		all = append(all, f.Pointer)
	}
	slices.Sort(all)
	return all
}

var largeFile = `{"name":"a.txt","inline":"` + strings.Repeat("YWFh", 1_000_000) + `"}`

// Faults of the fields come all at once, each with its pointer, and nothing is enqueued.
func TestMessageFaults(t *testing.T) {
	s := start(t, nil)
	for name, c := range map[string]struct {
		body     string
		pointers []string
	}{
		"by the schema":   {`{"channel":"pigeon","to":""}`, []string{"/channel", "/shortcut", "/to"}},
		"unknown field":   {`{"channel":"note","to":"c1","text":"x","colour":"red"}`, []string{"/colour"}},
		"a dotted one":    {`{"a.b/c":{},"channel":"email","to":"hello","text":"x"}`, []string{"/a.b~1c", "/from", "/subject", "/to"}},
		"no subject":      {`{"channel":"email","from":"a@b.example","to":"a@b.example","text":"x"}`, []string{"/subject"}},
		"blanks":          {`{"channel":"email","from":"a@b.example","to":"a@b.example","text":"x","subject":" \n "}`, []string{"/subject"}},
		"case of a field": {`{"channel":"note","TO":"c1","text":"x"}`, []string{"/TO", "/to"}},
		"by its meaning":  {`{"channel":"email","to":"a@b.example","from":"nobody","replyTo":"@"}`, []string{"/from", "/replyTo", "/shortcut"}},
		"a list's item":   {`{"channel":"note","to":"c1","text":"x","attachments":[{"blob":"xyz"}]}`, []string{"/attachments/0/blob"}},
		"two sources":     {`{"channel":"note","to":"c1","text":"x","attachments":[{"file":"a.txt","url":"https://a.example/b.txt"}]}`, []string{"/attachments/0"}},
		"no such file":    {`{"channel":"note","to":"c1","text":"x","attachments":[{"name":"a.txt","blob":"` + strings.Repeat("0a", 32) + `"}]}`, []string{"/attachments/0"}},
		"too large together": {`{"channel":"note","to":"c1","text":"x","attachments":[` + strings.Repeat(`{"name":"a.txt","inline":"`+strings.Repeat("YWFh", 1_300_000)+`"},`, 2) + largeFile + `]}`,
			[]string{"/attachments/2"}},
		"a time zone":    {`{"channel":"note","to":"c1","text":"x","timezone":"Mars/Phobos","locale":"!!"}`, []string{"/locale", "/timezone"}},
		"a status":       {`{"channel":"note","to":"c1","text":"x","note":{"status":"banana"}}`, []string{"/note/status"}},
		"no number":      {`{"channel":"sms","to":"hello","text":"x"}`, []string{"/to"}},
		"headers":        {`{"channel":"email","from":"a@b.example","to":"a@b.example","subject":"x","text":"x","headers":[{"name":"X-A","value":"a\r\nBcc: b"},{"name":"Subject","value":""},{"name":"a b","value":""}]}`, []string{"/headers/0/value", "/headers/1/name", "/headers/2/name"}},
		"nothing at all": {`{}`, []string{"/channel", "/shortcut", "/to"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := s.want(422, "POST", "/v1/messages", c.body).problem(t)
			if got := pointers(p); !slices.Equal(got, c.pointers) {
				t.Errorf("faults at %q, want %q: %+v", got, c.pointers, p.Errors)
			}
		})
	}
}

// One idempotency key: same body, same answer; another body, 409; 50 at once, one send.
func TestIdempotencyKey(t *testing.T) {
	s := start(t, nil)
	const key = "Idempotency-Key: order-10027"
	answers := make([]answer, 50)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() { answers[i] = s.do("POST", "/v1/messages", aMessage, key) })
	}
	all.Wait()
	for _, a := range answers {
		if a.status != 202 || string(a.body) != string(answers[0].body) {
			t.Fatalf("%d %s, another was answered %s", a.status, a.body, answers[0].body)
		}
	}
	tasks, err := s.redis.Client().Keys(t.Context(), "asynq:{message*}:t:*").Result()
	if err != nil || len(tasks) != 1 {
		t.Fatalf("%d tasks (%v), want 1", len(tasks), err)
	}
	other := `{"channel":"note","to":"c1","text":"other"}`
	if p := s.want(409, "POST", "/v1/messages", other, key).problem(t); p.Code != "idempotency_key_reused" {
		t.Errorf("code %s", p.Code)
	}
	s.want(202, "POST", "/v1/messages", other, "Idempotency-Key: order-10028")
	withID := `{"id":"m1","channel":"note","to":"c1","text":"x"}`
	s.want(202, "POST", "/v1/messages", withID)
	s.want(202, "POST", "/v1/messages", withID, "Idempotency-Key: k1")
	if p := s.want(409, "POST", "/v1/messages", `{"id":"m1","channel":"note","to":"c2","text":"x"}`).problem(t); p.Code != "conflict" {
		t.Errorf("code %s", p.Code)
	}
	if p := s.want(409, "POST", "/v1/messages", `{"id":"m2","channel":"note","to":"c1","text":"x"}`, "Idempotency-Key: k1").problem(t); p.Code != "idempotency_key_reused" {
		t.Errorf("code %s", p.Code)
	}
}

func TestCancelMessage(t *testing.T) {
	s := start(t, nil)
	at := time.Now().Add(24 * time.Hour).UTC().Format(time.RFC3339)
	s.want(202, "POST", "/v1/messages", `{"id":"m1","channel":"note","to":"c1","text":"x","sendAt":"`+at+`"}`)
	s.want(204, "DELETE", "/v1/messages/m1", nil)
	s.want(204, "DELETE", "/v1/messages/m1", nil)
	var state MessageState
	s.want(200, "GET", "/v1/messages/m1", nil).decode(t, &state)
	if state.State != "skipped" || state.Reason == nil || state.Reason.Code != "cancelled" {
		t.Errorf("%+v", state)
	}
	s.want(404, "DELETE", "/v1/messages/m2", nil).problem(t)
	s.want(202, "POST", "/v1/messages", `{"id":"m3","channel":"note","to":"c1","text":"x"}`)
	s.settle(ledger.Owner{Kind: ledger.Message, ID: "m3"}.Chunk(0), 0, ledger.Sent, ledger.Reason{})
	if p := s.want(409, "DELETE", "/v1/messages/m3", nil).problem(t); p.Code != "too_late" {
		t.Errorf("code %s", p.Code)
	}
	if p := s.want(422, "POST", "/v1/messages", `{"channel":"note","to":"c1","text":"x","sendAt":"2999-01-01T00:00:00Z"}`).problem(t); p.Errors[0].Pointer != "/sendAt" {
		t.Errorf("%+v", p)
	}
}

// A refused body leaves its key free for the corrected one.
func TestIdempotencyKeyOfRefused(t *testing.T) {
	s := start(t, nil)
	s.want(422, "POST", "/v1/messages", `{"channel":"note","to":"c1"}`, "Idempotency-Key: k")
	s.want(202, "POST", "/v1/messages", `{"channel":"note","to":"c1","text":"x"}`, "Idempotency-Key: k")
}
