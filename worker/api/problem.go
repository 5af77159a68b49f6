package api

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/heraldsend/herald/worker/fault"
)

// Problem is an error in the form for callers (RFC 9457). Its Code is stable, its words are not.
type Problem struct {
	Type   string  `json:"type" format:"uri-reference" doc:"The page of the code, at this server." example:"/docs/errors/invalid_fields"`
	Title  string  `json:"title" doc:"The status in words."`
	Status int     `json:"status" doc:"The HTTP status."`
	Code   string  `json:"code" doc:"What is wrong, for programs: it stays the same." example:"invalid_fields"`
	Detail string  `json:"detail" doc:"What is wrong and what to do, for people."`
	Errors []Fault `json:"errors,omitempty" doc:"Each fault of the request by itself."`
	// RequestID is that of the answer's header.
	RequestID string `json:"requestId,omitempty" doc:"The X-Request-Id of the answer: Herald's log has it too."`

	cause      error         // for the log only
	retryAfter time.Duration // for Retry-After, where not 0
}

// Fault is one thing wrong with a request.
type Fault struct {
	Pointer   string `json:"pointer,omitempty" doc:"JSON pointer (RFC 6901) to the value in the body, or in the line. A missing value has the pointer that it would have." example:"/to"`
	Parameter string `json:"parameter,omitempty" doc:"The parameter of the path, the query or the header."`
	Line      int    `json:"line,omitempty" doc:"The line of an audience."`
	Column    string `json:"column,omitempty" doc:"The column of an audience in CSV." example:"customer.email"`
	Code      string `json:"code" doc:"What is wrong, for programs: it stays the same." example:"missing"`
	Detail    string `json:"detail" doc:"What is wrong with it."`
}

// Error is the detail.
func (p *Problem) Error() string { return p.Detail }

// Unwrap gives what lies beneath.
func (p *Problem) Unwrap() error { return p.cause }

// GetStatus is what huma asks for the status.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders is what huma asks for further headers.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int((p.retryAfter+time.Second-1)/time.Second)))
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="herald"`)
	}
	return h
}

// ContentType is what huma asks for the media type.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// problem makes an error for callers. Its detail holds no secret, and at most 100 characters of a foreign value.
func problem(status int, code, format string, args ...any) *Problem {
	title := http.StatusText(status)
	if status == statusClientLeft {
		title = "Client Closed Request"
	}
	return &Problem{
		Type: errorsPath + code, Title: title, Status: status, Code: code,
		Detail: fmt.Sprintf(format, args...),
	}
}

// withFaults adds the faults of err, each by itself.
func withFaults(p *Problem, err error) *Problem {
	for _, f := range fault.Of(err) {
		p.Errors = append(p.Errors, Fault{Pointer: f.Pointer, Code: f.Code, Detail: f.Detail})
	}
	if n := len(p.Errors); n >= fault.Most {
		p.Detail = fmt.Sprintf("%s; these are the first %d faults", p.Detail, n)
	}
	return p
}

// faults is a request whose fields are wrong.
func faults(err error) *Problem {
	return withFaults(problem(http.StatusUnprocessableEntity, "invalid_fields", "the request has fields that are wrong"), err)
}

// invalid is a request with one field that is wrong.
func invalid(pointer, code, format string, args ...any) *Problem {
	return faults(fault.At(pointer, code, format, args...))
}

// codes are the codes of the problems that huma finds by itself.
var codes = map[int]string{
	http.StatusBadRequest:            "invalid_request",
	http.StatusUnauthorized:          "unauthorized",
	http.StatusForbidden:             "forbidden",
	http.StatusNotFound:              "not_found",
	http.StatusMethodNotAllowed:      "method_not_allowed",
	http.StatusNotAcceptable:         "not_acceptable",
	http.StatusRequestTimeout:        "request_timeout",
	http.StatusConflict:              "conflict",
	http.StatusRequestEntityTooLarge: "body_too_large",
	http.StatusUnsupportedMediaType:  "unsupported_media_type",
	http.StatusUnprocessableEntity:   "invalid_fields",
	http.StatusTooManyRequests:       "too_many_requests",
	http.StatusServiceUnavailable:    "unavailable",
}

// fromHuma turns huma's findings into a Problem. It leaves out the values that huma would echo, which may be
// personal.
func fromHuma(status int, words string, errs ...error) huma.StatusError {
	code, known := codes[status]
	if !known {
		status, code, words = http.StatusInternalServerError, "internal_error", "Herald broke down over this request; its log says more"
	}
	p := problem(status, code, "%s", words)
	if status == http.StatusInternalServerError {
		for _, err := range errs {
			p.cause = err
		}
		return p
	}
	for _, err := range errs {
		found := Fault{Code: fault.Malformed, Detail: clip(err.Error())}
		if d, ok := err.(huma.ErrorDetailer); ok {
			detail := d.ErrorDetail()
			found.Detail = clip(detail.Message)
			_, found.Parameter, _ = strings.Cut(detail.Location, ".") // path.id, query.limit; bodies are checked elsewhere
		}
		p.Errors = append(p.Errors, found)
	}
	return p
}

// clip shortens foreign text to what an answer may echo.
func clip(s string) string {
	const most = 200
	s = strings.ToValidUTF8(s, "\ufffd")
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}

// badParameter is a request whose parameter is wrong.
func badParameter(name, format string, args ...any) *Problem {
	p := problem(http.StatusUnprocessableEntity, "invalid_fields", "the request has a parameter that is wrong")
	p.Errors = append(p.Errors, Fault{Parameter: name, Code: fault.Malformed, Detail: fmt.Sprintf(format, args...)})
	return p
}
