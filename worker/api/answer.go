package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"regexp"
	"strings"

	"github.com/klauspost/compress/gzhttp"

	"github.com/heraldsend/herald/worker/enqueue"
)

// requestID is the header that names a request: the caller's own name for it, or a fresh one. Answers and logs have it.
const requestID = "X-Request-Id"

var callersID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// nameRequest is the name of a request.
func nameRequest(r *http.Request) string {
	if own := r.Header.Get(requestID); callersID.MatchString(own) {
		return own
	}
	return enqueue.NewID()
}

// packedTypes are the media types of answers that are packed by gzip or Zstandard for callers that take it. Events are not: each
// is to arrive at once.
var packedTypes = []string{"application/json", "application/problem+json", "application/openapi+json", "text/csv", "text/html", "text/css", "text/javascript", "text/plain", "message/rfc822"}

// packedFrom is the least size of an answer that is packed, in bytes.
const packedFrom = 1 << 10

// pack packs the answers of a handler.
func pack(h http.Handler) (http.Handler, error) {
	wrap, err := gzhttp.NewWrapper(gzhttp.MinSize(packedFrom), gzhttp.ContentTypes(packedTypes))
	if err != nil {
		return nil, err
	}
	return wrap(h), nil
}

// known reports the paths whose answers change seldom, or are asked for again and again: they have an ETag, and a caller that
// knows it gets 304 and no body.
func known(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	switch r.URL.Path {
	case "/v1/lanes", "/v1/bulks", "/v1/dead", "/v1/pause", "/v1/caught", "/v1/caught/events", "/openapi.json", "/docs":
		return true
	}
	for _, path := range []string{"/v1/shortcuts", "/v1/snippets", "/v1/fields", "/v1/helpers", "/v1/samples"} {
		if r.URL.Path == path || strings.HasPrefix(r.URL.Path, path+"/") {
			return true
		}
	}
	return strings.HasPrefix(r.URL.Path, "/docs/")
}

// withTag holds an answer back until its end, to give it an ETag.
type withTag struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (w *withTag) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *withTag) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}

// Unwrap is what http.ResponseController looks for.
func (w *withTag) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// send sends the answer, or 304 to a caller that has it.
func (w *withTag) send(r *http.Request) {
	h := w.Header()
	if w.status == http.StatusOK {
		sum := sha256.Sum256(w.body.Bytes())
		tag := `W/"` + hex.EncodeToString(sum[:12]) + `"`
		h.Set("ETag", tag)
		h.Set("Cache-Control", "private, no-cache")
		if hasTag(r.Header.Get("If-None-Match"), tag) {
			h.Del("Content-Length")
			h.Del("Content-Type")
			w.ResponseWriter.WriteHeader(http.StatusNotModified)
			return
		}
	}
	if w.status != 0 {
		w.ResponseWriter.WriteHeader(w.status)
	}
	_, _ = w.ResponseWriter.Write(w.body.Bytes())
}

// hasTag reports whether the caller has the answer with a weak tag (RFC 9110 section 13.1.2).
func hasTag(header, tag string) bool {
	for one := range strings.SplitSeq(header, ",") {
		if one = strings.TrimSpace(one); one == "*" || "W/"+strings.TrimPrefix(one, "W/") == tag {
			return true
		}
	}
	return false
}
