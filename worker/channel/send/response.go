package send

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"
)

// Bounds of what another side may ask or say.
const (
	maxRetryAfter = time.Hour
	maxBody       = 64 << 10
)

// Doer sends one HTTP request; *http.Client is one.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// Response is what a POST was answered with: the status and the first 64 KB of the body. The body may have been cut
// off by a connection that failed after the status: the status alone says what became of the request.
type Response struct {
	Status     int
	Body       []byte
	RetryAfter time.Duration // at most an hour, 0 where the header is missing, past or unreadable
}

// Do sends a request that must not be repeated lightly. An error is temporary where the request did not leave whole,
// and ambiguous where it did and no status came. A Response of any status is no error here: see StatusError.
func Do(client Doer, r *http.Request, now time.Time) (*Response, *Error) {
	var left atomic.Bool
	trace := &httptrace.ClientTrace{WroteRequest: func(info httptrace.WroteRequestInfo) { left.Store(info.Err == nil) }}
	resp, err := client.Do(r.WithContext(httptrace.WithClientTrace(r.Context(), trace)))
	if err != nil {
		return nil, requestError(err, left.Load())
	}
	defer func() { _ = resp.Body.Close() }()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	return &Response{resp.StatusCode, body, retryAfter(resp.Header.Get("Retry-After"), now)}, nil
}

// requestError classifies a request without an answer. http.Client's errors hold the URL, which may hold a secret: only
// what lies beneath is kept.
func requestError(err error, left bool) *Error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	e := &Error{Code: "http_connect", Step: "POST", Err: err}
	var n net.Error
	switch {
	case left:
		e.Ambiguous, e.Code = true, "http_no_reply"
	case errors.Is(err, ErrRefused):
		e.Account, e.Unreached, e.Code = true, true, "http_refused" // the address is the operator's
	case errors.Is(err, context.Canceled):
		e.Code = "canceled"
	case errors.As(err, &n) && n.Timeout():
		e.Account, e.Unreached, e.Code = true, true, "http_timeout"
	default:
		e.Account, e.Unreached = true, true
	}
	return e
}

// StatusError is the usual reading of a status: nil for 2xx; temporary for 429 and 5xx; the account's trouble for 401,
// 403 and 407; permanent for the rest, a redirect among them.
func StatusError(r *Response) *Error {
	e := &Error{Code: "http_" + strconv.Itoa(r.Status), Status: r.Status, Step: "POST", RetryAfter: r.RetryAfter}
	switch {
	case r.Status/100 == 2:
		return nil
	case r.Status == http.StatusTooManyRequests, r.Status == http.StatusRequestTimeout, r.Status >= 500:
	case r.Status == http.StatusUnauthorized, r.Status == http.StatusForbidden, r.Status == http.StatusProxyAuthRequired:
		e.Account = true
	default:
		e.Permanent = true
	}
	return e
}

// retryAfter reads seconds or a date (RFC 9110 section 10.2.3).
func retryAfter(s string, now time.Time) time.Duration {
	var d time.Duration
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		d = time.Duration(min(n, int64(maxRetryAfter/time.Second))) * time.Second
	} else if t, err := http.ParseTime(s); err == nil {
		d = t.Sub(now)
	}
	return min(max(d, 0), maxRetryAfter)
}
