package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/heraldsend/herald/worker/api/hooks"
	"github.com/heraldsend/herald/worker/feedback"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/store/link"
)

// heard keeps reports, and fails while it is told to.
type heard struct {
	mu   sync.Mutex
	got  []string
	fail bool
}

func (h *heard) Record(_ context.Context, r feedback.Report) (feedback.Result, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.fail {
		return "", errors.New("Redis is away")
	}
	h.got = append(h.got, r.Source+" "+r.ID+" "+r.State.String()+" "+r.Recipient+" "+r.Status)
	return feedback.Kept, nil
}

func (h *heard) take() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	got := h.got
	h.got = nil
	return got
}

// provider is an adapter of a test: its requests say "signed" and the id of a message that was delivered.
type provider struct{}

func (provider) Name() string { return "postmark" }
func (provider) Read(_ context.Context, _ http.Header, body []byte) ([]feedback.Report, error) {
	word, id, _ := strings.Cut(string(body), " ")
	switch {
	case word != "signed":
		return nil, hooks.ErrSignature
	case id == "":
		return nil, hooks.ErrForm
	}
	return []feedback.Report{{ID: id, State: ledger.Delivered, Source: "postmark"}}, nil
}

// A provider's request needs no token, but its signature; 204 comes after all is kept.
func TestHooks(t *testing.T) {
	t.Parallel()
	said := &heard{}
	s := start(t, func(o *Options) { o.Feedback, o.Hooks, o.Closed = said, []hooks.Adapter{provider{}}, true })
	s.want(204, "POST", "/hooks/postmark", "signed m1")
	s.want(204, "POST", "/hooks/postmark", "signed m1")
	if got := said.take(); !slices.Equal(got, []string{"postmark m1 delivered  ", "postmark m1 delivered  "}) {
		t.Errorf("%q", got)
	}
	if p := s.want(403, "POST", "/hooks/postmark", "forged m1").problem(t); p.Code != "bad_signature" {
		t.Errorf("%+v", p)
	}
	s.want(400, "POST", "/hooks/postmark", "signed").problem(t)
	s.want(413, "POST", "/hooks/postmark", "signed "+strings.Repeat("x", maxHook)).problem(t)
	s.want(404, "POST", "/hooks/sendgrid", "signed m1")
	said.fail = true
	if a := s.want(500, "POST", "/hooks/postmark", "signed m1"); strings.Contains(a.problem(t).Detail, "Redis is away") {
		t.Error("the answer shows our trouble")
	}
	if got := said.take(); len(got) != 0 {
		t.Errorf("%q", got)
	}
}

// Twilio's status callbacks name their message in the signed URL.
func TestTwilioStatus(t *testing.T) {
	t.Parallel()
	links, err := link.New(link.Options{PublicURL: "https://messages.example", Secrets: []string{strings.Repeat("s", 32)}})
	if err != nil {
		t.Fatal(err)
	}
	said := &heard{}
	s := start(t, func(o *Options) { o.Feedback, o.Links, o.TwilioToken = said, links, "twilio-token" })
	const path = "/twilio/status?message=m1"
	const form = "Content-Type: application/x-www-form-urlencoded"
	for _, c := range []struct{ status, code, want string }{
		{"queued", "", ""}, {"sent", "", ""}, {"delivered", "", "twilio m1 delivered +15005550009 "}, {"read", "", "twilio m1 delivered +15005550009 "},
		{"undelivered", "30003", "twilio m1 bounced_soft +15005550009 30003"}, {"undelivered", "30005", "twilio m1 bounced_hard +15005550009 30005"},
		{"failed", "21610", "twilio m1 opted_out +15005550009 21610"},
	} {
		body, fields := "MessageStatus="+c.status+"&To=%2B15005550009", []string{"MessageStatus", c.status, "To", "+15005550009"}
		if c.code != "" {
			body, fields = "ErrorCode="+c.code+"&"+body, append([]string{"ErrorCode", c.code}, fields...)
		}
		signature := sign("twilio-token", "https://messages.example"+path, fields...)
		s.want(200, "POST", path, body, form, signature)
		if got := strings.Join(said.take(), ","); got != c.want {
			t.Errorf("%s %s: %q, want %q", c.status, c.code, got, c.want)
		}
		s.want(403, "POST", "/twilio/status?message=m2", body, form, signature)
	}
}
