package api

import (
	"math"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"golang.org/x/time/rate"
)

// guard decides who may do what, and how often.
type guard struct {
	tokens   []Token
	limits   []*rate.Limiter // one for each token, in their order; without tokens, one for all
	requests *http.CrossOriginProtection
}

func newGuard(tokens []Token, perSecond float64) *guard {
	g := &guard{tokens: tokens, requests: http.NewCrossOriginProtection()}
	limit, burst := rate.Limit(perSecond), int(math.Ceil(perSecond))
	if perSecond == 0 {
		limit, burst = rate.Inf, 0
	}
	for range max(1, len(tokens)) {
		g.limits = append(g.limits, rate.NewLimiter(limit, burst))
	}
	return g
}

// checkOrigin refuses requests that a foreign web page makes its visitor's browser send. Without tokens, everyone who
// reaches the loopback interface of this machine may do everything. So the Host must then be this machine's, too: a
// page whose name resolves to 127.0.0.1 is refused.
func (g *guard) checkOrigin(r *http.Request) *Problem {
	if forStrangers(r.URL.Path) {
		return nil
	}
	if err := g.requests.Check(r); err != nil {
		return problem(http.StatusForbidden, "cross_origin", "a web page of another origin sent this request")
	}
	if len(g.tokens) == 0 && !isLoopback(r.Host) {
		return problem(http.StatusForbidden, "host_not_allowed", "without tokens Herald answers only as 127.0.0.1 or localhost")
	}
	return nil
}

// forStrangers reports the paths whose callers have a seal or a signature instead of a token.
func forStrangers(path string) bool {
	for _, prefix := range []string{"/unsubscribe/", "/media/", "/twilio/"} {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return false
}

// isLoopback reports a host, with or without port, that is this machine.
func isLoopback(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// allow checks the token of a request for a scope, and its rate.
func (g *guard) allow(r *http.Request, need Scope, now time.Time) *Problem {
	who := 0
	if len(g.tokens) > 0 {
		scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if !strings.EqualFold(scheme, "Bearer") || secret == "" {
			return problem(http.StatusUnauthorized, "unauthorized", "the header Authorization: Bearer and a token are missing")
		}
		if who = find(g.tokens, strings.TrimSpace(secret)); who < 0 {
			return problem(http.StatusUnauthorized, "unauthorized", "the token is not one of those that are set up here")
		}
		if !g.tokens[who].allows(need) {
			return problem(http.StatusForbidden, "insufficient_scope", "the token lacks the scope %s", need)
		}
	}
	slot := g.limits[who].ReserveN(now, 1)
	if wait := slot.DelayFrom(now); !slot.OK() || wait > 0 {
		slot.CancelAt(now)
		p := problem(http.StatusTooManyRequests, "too_many_requests", "this token is used more often than HERALD_API_RATE allows")
		p.retryAfter = max(wait, time.Second)
		return p
	}
	return nil
}

// authorize is the middleware that asks the guard before every operation.
func (s *Server) authorize(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	if p := s.guard.allow(r, scopeOf(ctx.Operation()), s.now()); p != nil {
		s.refuse(w, r, p)
		return
	}
	next(ctx)
}

// Protect requires a token with a scope for a handler that is no operation.
func (s *Server) Protect(need Scope, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p := s.guard.allow(r, need, s.now()); p != nil {
			s.refuse(w, r, p)
			return
		}
		h.ServeHTTP(w, r)
	})
}
