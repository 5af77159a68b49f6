package main

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// asked is what was asked under one id of a kind, and answered.
type asked struct {
	kind, id  string
	promised  map[string]bool // variants that were accepted
	tried     map[string]bool // variants that were sent, whatever the answer
	cancelled bool            // a cancellation was accepted
	cancels   bool            // one was asked for, whatever the answer
	resends   int             // times that a person had it sent again, perhaps
	settled   map[string]bool // resolutions that may have happened
	started   bool            // a bulk: its start was accepted
}

func (w *world) about(kind, id string) *asked {
	w.mu.Lock()
	defer w.mu.Unlock()
	name := kind + ":" + id
	if w.asked[name] == nil {
		w.asked[name] = &asked{kind: kind, id: id, promised: map[string]bool{}, tried: map[string]bool{}, settled: map[string]bool{}}
	}
	return w.asked[name]
}

func (w *world) change(a *asked, f func(*asked)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f(a)
}

// What a message is like follows from its id, so that a repeated call is the same call.

func traitsOf(id string) (to, policy string, later bool) {
	r := rand.New(rand.NewPCG(uint64(len(id)), uint64(id[len(id)-1])+uint64(id[1])*31))
	to = []string{"ok", "ok", "ok", "ok", "bad", "slow"}[r.IntN(6)] + "-" + id + "@example.com"
	policy = []string{"resend", "hold"}[r.IntN(2)]
	return to, policy, r.IntN(8) == 0
}

// farAhead is when those are sent that wait to the end.
var farAhead = time.Now().Add(48 * time.Hour).UTC().Truncate(time.Second)

// call makes one random call.
func (w *world) call(r *rand.Rand) {
	timeout := 10 * time.Second
	if r.IntN(5) == 0 {
		timeout = time.Duration(r.IntN(25_000)) * time.Microsecond // the caller goes
	}
	ids := max(10, *modelCalls/8)
	kind := []string{"message", "message", "message", "forward", "bulk"}[r.IntN(5)]
	id := fmt.Sprintf("%c%d", kind[0], r.IntN(ids))
	if kind == "bulk" {
		id = fmt.Sprintf("b%d", r.IntN(max(3, ids/8)))
	}
	a := w.about(kind, id)
	variant := "v0"
	if r.IntN(6) == 0 {
		variant = "v1"
	}
	overAPI := r.IntN(2) == 0
	switch what := r.IntN(10); {
	case kind == "bulk" && what < 3:
		w.sendBulk(r, a, variant, timeout, overAPI)
	case kind == "bulk":
		w.steer(r, a, timeout, overAPI)
	case what < 6:
		w.send(a, variant, timeout, overAPI)
	case what < 8:
		w.cancel(a, timeout, overAPI)
	default:
		w.resolve(r, a, timeout, overAPI)
	}
}

// send sends a message or forward.
func (w *world) send(a *asked, variant string, timeout time.Duration, overAPI bool) {
	to, policy, later := traitsOf(a.id)
	var at time.Time
	if later {
		at = farAhead
	}
	subject := variant + " " + a.kind + ":" + a.id
	const talk = `{"messages":[{"id":"m1","channel":"email","direction":"in","sentAt":"2026-01-02T03:04:05Z","body":"Hi"}]}`
	w.change(a, func(a *asked) { a.tried[variant] = true })
	var got answer
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	switch {
	case a.kind == "message" && overAPI:
		body := map[string]any{"id": a.id, "channel": "email", "from": "help@acme.example", "to": to, "text": "Hi", "subject": subject, "policy": policy}
		if later {
			body["sendAt"] = at
		}
		got = w.http(timeout, http.MethodPost, "/v1/messages", body)
	case a.kind == "message":
		_, err := w.client.Message(ctx, task.Message{
			ID: a.id, Channel: message.Email, From: "help@acme.example", To: to, Content: task.Content{Text: "Hi", Subject: subject}, Policy: task.Policy(policy), SendAt: at,
		})
		got = of(err, enqueue.ErrConflict)
	case overAPI:
		body := map[string]any{"id": a.id, "from": "help@acme.example", "to": to, "subject": subject, "policy": policy, "conversation": json.RawMessage(talk)}
		if later {
			body["sendAt"] = at
		}
		got = w.http(timeout, http.MethodPost, "/v1/forwards", body)
	default:
		_, err := w.client.Forward(ctx, task.Forward{ID: a.id, From: "help@acme.example", To: to, Subject: subject, Policy: task.Policy(policy), SendAt: at}, []byte(talk))
		got = of(err, enqueue.ErrConflict)
	}
	w.note("send "+a.kind, got)
	switch {
	case got.ok():
		w.change(a, func(a *asked) { a.promised[variant] = true })
	case !got.lost() && got.status != http.StatusConflict:
		w.violation("send %s %s: %d %s", a.kind, a.id, got.status, got.body)
	}
}

func (w *world) cancel(a *asked, timeout time.Duration, overAPI bool) {
	w.change(a, func(a *asked) { a.cancels = true })
	var got answer
	if overAPI {
		got = w.http(timeout, http.MethodDelete, "/v1/"+a.kind+"s/"+a.id, nil)
	} else {
		ctx, done := context.WithTimeout(context.Background(), timeout)
		defer done()
		do := w.client.CancelForward
		if a.kind == "message" {
			do = w.client.CancelMessage
		}
		got = of(do(ctx, a.id), enqueue.ErrTooLate, ledger.ErrNotFound)
	}
	w.note("cancel "+a.kind, got)
	if got.ok() {
		w.change(a, func(a *asked) { a.cancelled = true })
	}
}

// status reads what the API says of a message or forward.
func (w *world) status(a *asked) (state, waiting string, ok bool) {
	got := w.http(10*time.Second, http.MethodGet, "/v1/"+a.kind+"s/"+a.id, nil)
	var s struct {
		State   string
		Waiting *struct{ Code string }
	}
	if !got.ok() || json.Unmarshal(got.body, &s) != nil {
		return "", "", false
	}
	if s.Waiting != nil {
		waiting = s.Waiting.Code
	}
	if (s.State == "pending") != (waiting != "") {
		w.violation("%s %s is %s and waits for %q", a.kind, a.id, s.State, waiting)
	}
	return s.State, waiting, true
}

// resolve settles what is unknown; of anything else it is refused.
func (w *world) resolve(r *rand.Rand, a *asked, timeout time.Duration, overAPI bool) {
	state, _, ok := w.status(a)
	as := enqueue.Resolutions[r.IntN(3)]
	if ok && state != "unknown" && as == enqueue.AsSent {
		return // of what is sent it is harmless, and would excuse a lost message
	}
	w.change(a, func(a *asked) {
		if state == "unknown" || !ok {
			a.settled[string(as)] = true // whatever the answer
			if as == enqueue.AsResend {
				a.resends++
			}
		}
	})
	var got answer
	if overAPI {
		got = w.http(timeout, http.MethodPost, "/v1/"+a.kind+"s/"+a.id+"/resolve", map[string]any{"as": as})
	} else {
		ctx, done := context.WithTimeout(context.Background(), timeout)
		defer done()
		do := w.client.ResolveForward
		if a.kind == "message" {
			do = w.client.ResolveMessage
		}
		got = of(do(ctx, a.id, as), enqueue.ErrNotUnknown, ledger.ErrNotFound)
	}
	w.note("resolve "+a.kind, got)
	if got.ok() {
		w.change(a, func(a *asked) { // it may have become unknown after it was looked at
			if a.settled[string(as)] = true; as == enqueue.AsResend && state != "unknown" && ok {
				a.resends++
			}
		})
	}
}

// audienceOf is the same whenever it is asked.
func modelAudience(id string) []string {
	var all []string
	for i := range 3 + int(id[len(id)-1]-'0')*6 {
		all = append(all, fmt.Sprintf("%s-%s-%d@example.com", []string{"ok", "ok", "ok", "bad", "slow"}[i%5], id, i))
	}
	return all
}

func (w *world) sendBulk(r *rand.Rand, a *asked, variant string, timeout time.Duration, overAPI bool) {
	_, policy, _ := traitsOf(a.id)
	subject := variant + " bulk:" + a.id
	w.change(a, func(a *asked) { a.tried[variant] = true })
	var got answer
	if overAPI {
		got = w.sendBulkOverAPI(a, subject, policy, timeout)
	} else {
		ctx, done := context.WithTimeout(context.Background(), timeout)
		defer done()
		d := bulk.Definition{ID: a.id, Messages: []bulk.Part{{
			Channel: message.Email, From: "help@acme.example", Content: task.Content{Text: "Hi", Subject: subject}, Policy: task.Policy(policy),
		}}}
		breaks := r.IntN(8) == 0
		_, err := w.client.Bulk(ctx, d, rowsOf(a.id, breaks), enqueue.BulkOptions{})
		got = of(err, enqueue.ErrConflict, bulk.ErrSealed, bulk.ErrLoading, errBroken)
	}
	w.note("send bulk", got)
	if got.ok() {
		w.change(a, func(a *asked) { a.promised[variant], a.started = true, true })
	}
}

var errBroken = fmt.Errorf("the audience breaks off")

func rowsOf(id string, breaks bool) iter.Seq2[bulk.Recipient, error] {
	return func(yield func(bulk.Recipient, error) bool) {
		for i, to := range modelAudience(id) {
			if breaks && i == 2 {
				yield(bulk.Recipient{}, errBroken)
				return
			}
			if !yield(bulk.Recipient{Email: to}, nil) {
				return
			}
		}
	}
}

func (w *world) sendBulkOverAPI(a *asked, subject, policy string, timeout time.Duration) answer {
	part := map[string]any{"channel": "email", "from": "help@acme.example", "text": "Hi", "subject": subject, "policy": policy}
	got := w.http(timeout, http.MethodPost, "/v1/bulks", map[string]any{"id": a.id, "messages": []any{part}})
	if !got.ok() {
		return got
	}
	var rows strings.Builder
	for _, to := range modelAudience(a.id) {
		fmt.Fprintf(&rows, "{\"to\":%q}\n", to)
	}
	if got = w.http(timeout, http.MethodPut, "/v1/bulks/"+a.id+"/recipients", rows.String()); !got.ok() && got.code != "audience_complete" {
		return got
	}
	return w.http(timeout, http.MethodPost, "/v1/bulks/"+a.id+"/start", nil)
}

// steer pauses, resumes, cancels, sends again or resolves a bulk.
func (w *world) steer(r *rand.Rand, a *asked, timeout time.Duration, overAPI bool) {
	ctx, done := context.WithTimeout(context.Background(), timeout)
	defer done()
	known := []error{bulk.ErrNotFound, bulk.ErrCancelled, bulk.ErrCompleted, enqueue.ErrNoAudience}
	over := func(what string, do func(context.Context, string) error) answer {
		if overAPI {
			return w.http(timeout, http.MethodPost, "/v1/bulks/"+a.id+"/"+what, nil)
		}
		return of(do(ctx, a.id), known...)
	}
	switch what := r.IntN(10); {
	case what < 3:
		w.note("pause", over("pause", w.client.PauseBulk))
	case what < 6:
		w.note("resume", over("resume", w.client.ResumeBulk))
	case what < 7:
		got := over("cancel", w.client.CancelBulk)
		w.note("cancel bulk", got)
		if got.ok() {
			w.change(a, func(a *asked) { a.cancelled = true })
		}
	case what < 8:
		w.change(a, func(a *asked) { a.resends++ })
		_, err := w.client.ResendBulk(ctx, a.id, ledger.Failed)
		w.note("resend bulk", of(err, known...))
	default:
		as := enqueue.Resolutions[r.IntN(3)]
		w.change(a, func(a *asked) { a.settled[string(as)] = true; a.resends++ })
		var got answer
		if overAPI {
			got = w.http(timeout, http.MethodPost, "/v1/bulks/"+a.id+"/resolve", map[string]any{"as": as})
		} else {
			_, err := w.client.ResolveBulk(ctx, a.id, as)
			got = of(err, known...)
		}
		w.note("resolve bulk", got)
	}
}
