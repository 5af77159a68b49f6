package api

import (
	"math"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"golang.org/x/time/rate"
)

// guard decides who may do what, and how often.
type guard struct {
	open     bool // everyone may call: no tokens are set up
	ring     atomic.Pointer[keyring]
	rate     rate.Limit
	requests *http.CrossOriginProtection
}

// keyring are the tokens at one time, with a limit for each.
type keyring struct {
	tokens []Token
	limits []*rate.Limiter // in the order of tokens; one for all where the guard is open
}

func newGuard(tokens []Token, closed bool, perSecond float64) *guard {
	g := &guard{open: len(tokens) == 0 && !closed, rate: rate.Limit(perSecond), requests: http.NewCrossOriginProtection()}
	if perSecond == 0 {
		g.rate = rate.Inf
	}
	g.set(tokens)
	return g
}

// set replaces the tokens. One that was there before keeps what it has used of its rate.
func (g *guard) set(tokens []Token) {
	old := g.ring.Load()
	ring := &keyring{tokens: tokens}
	for _, t := range tokens {
		ring.limits = append(ring.limits, old.limit(t, g.newLimit))
	}
	if g.open {
		ring.limits = []*rate.Limiter{g.newLimit()}
	}
	g.ring.Store(ring)
}

func (k *keyring) limit(t Token, fresh func() *rate.Limiter) *rate.Limiter {
	if k != nil {
		if i := slices.IndexFunc(k.tokens, func(known Token) bool { return known.Hash == t.Hash }); i >= 0 {
			return k.limits[i]
		}
	}
	return fresh()
}

func (g *guard) newLimit() *rate.Limiter {
	if g.rate == rate.Inf {
		return rate.NewLimiter(rate.Inf, 0)
	}
	return rate.NewLimiter(g.rate, int(math.Ceil(float64(g.rate))))
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
	if g.open && !IsLoopback(r.Host) {
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

// IsLoopback reports a host, with or without port, that is this machine.
func IsLoopback(hostport string) bool {
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

// allow checks the token of a request for a scope, and its rate, and says who calls. What is left of the rate goes into the
// header of the answer.
func (g *guard) allow(r *http.Request, h http.Header, need Scope, now time.Time) (caller, *Problem) {
	ring := g.ring.Load()
	c, who, p := g.identify(ring, r, need, now)
	if p != nil {
		return caller{}, p
	}
	p = slow(ring.limits[who], now)
	budget(h, ring.limits[who], now)
	return c, p
}

// identify checks the token of a request for a scope, and says who calls and which of the ring's tokens it is.
func (g *guard) identify(ring *keyring, r *http.Request, need Scope, now time.Time) (c caller, who int, p *Problem) {
	if g.open {
		return caller{admin: true}, 0, nil
	}
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || secret == "" {
		return c, 0, problem(http.StatusUnauthorized, "unauthorized", "the header Authorization: Bearer and a token are missing")
	}
	if who = find(ring.tokens, strings.TrimSpace(secret)); who < 0 {
		return c, 0, problem(http.StatusUnauthorized, "unauthorized", "the token is not one of those that are set up here")
	}
	t := ring.tokens[who]
	if t.Test != strings.HasPrefix(strings.TrimSpace(secret), testPrefix) {
		return c, 0, problem(http.StatusUnauthorized, "unauthorized", "the token begins with %s and is not set up for tests, or the other way round: make another one with `herald token create`", testPrefix)
	}
	if !t.Active(now) {
		return c, 0, problem(http.StatusUnauthorized, "token_expired", "the token has expired: `herald token create` makes another one")
	}
	if !t.allows(need) {
		return c, 0, problem(http.StatusForbidden, "insufficient_scope", "the token lacks the scope %s", need)
	}
	return t.caller(), who, nil
}

// budget tells a caller what is left of its token's rate, in the headers that many servers have: how many requests it may
// make at once, how many of these are left, and in how many seconds all of them are again.
func budget(h http.Header, limit *rate.Limiter, now time.Time) {
	if limit == nil || limit.Limit() == rate.Inf {
		return
	}
	burst, left := limit.Burst(), max(0, limit.TokensAt(now))
	h.Set("RateLimit-Limit", strconv.Itoa(burst))
	h.Set("RateLimit-Remaining", strconv.Itoa(int(left)))
	h.Set("RateLimit-Reset", strconv.Itoa(int(math.Ceil((float64(burst)-left)/float64(limit.Limit())))))
}

// slow refuses a request that comes too early for its token's rate.
func slow(limit *rate.Limiter, now time.Time) *Problem {
	slot := limit.ReserveN(now, 1)
	if wait := slot.DelayFrom(now); !slot.OK() || wait > 0 {
		slot.CancelAt(now)
		p := problem(http.StatusTooManyRequests, "too_many_requests", "this token is used more often than HERALD_API_RATE allows")
		p.retryAfter = max(wait, time.Second)
		return p
	}
	return nil
}

// authorize is the middleware that asks the guard before every operation. An operation about one message, forward or
// bulk finds that of its caller under the id.
func (s *Server) authorize(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	c, p := s.guard.allow(r, w.Header(), scopeOf(ctx.Operation()), s.now())
	if p != nil {
		s.refuse(w, r, p)
		return
	}
	if id := r.PathValue("id"); ctx.Operation().Metadata[ownID] == true && id != "" {
		r.SetPathValue("id", c.stored(id))
	}
	next(huma.WithValue(ctx, callerKey{}, c))
}

// Protect requires a token with a scope for a handler that is no operation; without tokens, a request that names this
// machine.
func (s *Server) Protect(need Scope, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := s.guard.checkOrigin(r)
		if p == nil {
			_, p = s.guard.allow(r, w.Header(), need, s.now())
		}
		if p != nil {
			s.refuse(w, r, p)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// SetTokens replaces the tokens, for all requests that come from now on.
func (s *Server) SetTokens(tokens []Token) { s.guard.set(tokens) }
