package sendtest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/channel/send"
)

// Peer is the other side of a channel over HTTP, in one situation.
type Peer struct {
	URL    string
	Client *http.Client // reaches it, and waits for a silent one no longer than 2 seconds

	mu       sync.Mutex
	requests []Request
	taken    int
}

// Request is one that a Peer got.
type Request struct {
	Header http.Header
	Path   string
	Body   []byte
}

// RetryAfter is what a throttling Peer asks for.
const RetryAfter = 7 * time.Second

// NewPeer answers 201 with {"id", "sid", "status"} where it accepts, and otherwise as the situation says: 400, 503, 429
// with Retry-After, nothing at all, 413, 401.
func NewPeer(t *testing.T, s Situation) *Peer {
	t.Helper()
	p := &Peer{}
	over := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		p.mu.Lock()
		p.requests = append(p.requests, Request{r.Header, r.URL.Path, body})
		if s == Accepts {
			p.taken++
		}
		p.mu.Unlock()
		switch s {
		case Silent:
			select {
			case <-over:
			case <-r.Context().Done():
			}
		case Throttles:
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusTooManyRequests)
		default:
			w.WriteHeader(map[Situation]int{Accepts: 201, Refuses: 400, Fails: 503, TooLarge: 413, LoginFails: 401}[s])
			_, _ = fmt.Fprint(w, `{"id":"peer-1","sid":"SM1","status":"queued"}`)
		}
	}))
	p.URL = server.URL
	timeout := 30 * time.Second
	if s == Silent {
		timeout = 2 * time.Second
	}
	p.Client = send.NewHTTPClient(send.HTTPOptions{AllowHTTP: true, Timeout: timeout, AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	t.Cleanup(func() {
		close(over)
		p.Client.CloseIdleConnections()
		server.Close()
	})
	return p
}

// Delivered is how many requests were accepted.
func (p *Peer) Delivered() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.taken
}

// Requests are those that came, in order.
func (p *Peer) Requests() []Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Request(nil), p.requests...)
}
