package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/queue"
)

// refusal is an answer of Redis.
type refusal string

func (r refusal) Error() string { return string(r) }
func (refusal) RedisError()     {}

// Each failure has its own words and status: Redis is named for what is Redis's alone.
func TestEachFailureHasItsWords(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		status int
		code   string
		words  string
		redis  bool
	}{
		"Redis is away":         {&net.OpError{Op: "dial", Err: errors.New("refused")}, 503, "unavailable", "does not answer", true},
		"Redis hangs":           {fmt.Errorf("read bulk x: %w", context.DeadlineExceeded), 503, "unavailable", "does not answer", true},
		"Redis went":            {fmt.Errorf("read: %w", io.EOF), 503, "unavailable", "does not answer", true},
		"Redis is full":         {refusal("OOM command not allowed when used memory > 'maxmemory'."), 503, "unavailable", "does not store", true},
		"Redis is a replica":    {refusal("READONLY You can't write against a read only replica."), 503, "unavailable", "does not store", true},
		"the queue":             {fmt.Errorf("enqueue x: %w", queue.ErrUnavailable), 503, "unavailable", "does not answer", true},
		"the client left":       {context.Canceled, 499, "client_left", "client closed", false},
		"the client left Redis": {fmt.Errorf("read bulk x: %w", context.Canceled), 499, "client_left", "client closed", false},
		"a slow template":       {rendered(context.DeadlineExceeded), 422, "too_slow", "too much work", false},
		"a slow conversation":   {rendered(fmt.Errorf("render: %w", context.DeadlineExceeded)), 422, "too_slow", "conversation", false},
		"the client left that":  {rendered(context.Canceled), 499, "client_left", "client closed", false},
		"others come first":     {busy(context.DeadlineExceeded), 503, "busy", "others", false},
		"the client left those": {busy(context.Canceled), 499, "client_left", "client closed", false},
		"a bug":                 {errors.New("boom"), 500, "internal_error", "log", false},
	} {
		p := asProblem(c.err)
		if p.Status != c.status || p.Code != c.code || !strings.Contains(p.Detail, c.words) || strings.Contains(p.Detail, "Redis") != c.redis || p.Title == "" {
			t.Errorf("%s: %d %s: %s", name, p.Status, p.Code, p.Detail)
		}
		if (p.Status == 503) != (p.retryAfter > 0) {
			t.Errorf("%s: Retry-After %s", name, p.retryAfter)
		}
	}
}

// A preview that runs out of time says so.
func TestSlowPreview(t *testing.T) {
	p := newPreview(t)
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	_, err := p.render(ctx, &renderInput{Body: RenderRequest{Text: "Hi"}})
	if got := asProblem(err); err == nil || got.Code != "too_slow" || got.Status != 422 {
		t.Errorf("render: %+v", got)
	}
	in := &renderForwardInput{}
	if err := json.Unmarshal([]byte(`{"from":"robin@desk.example","to":"ann@partner.example","conversation":{"name":"Kettle","messages":[{"direction":"in","body":"It broke"}]}}`), &in.Body); err != nil {
		t.Fatal(err)
	}
	p.forwards <- struct{}{} // somebody else's
	_, err = p.forward(ctx, in)
	if got := asProblem(err); err == nil || got.Code != "busy" {
		t.Errorf("forward: %+v", got)
	}
}
