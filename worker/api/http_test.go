package api

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

func zipped(t testing.TB, encoding, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	var w io.WriteCloser
	var err error
	if w, err = zstd.NewWriter(&out); encoding == "gzip" {
		w = gzip.NewWriter(&out)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func unzipped(t testing.TB, encoding string, data []byte) string {
	t.Helper()
	var r io.Reader
	var err error
	if encoding == "gzip" {
		r, err = gzip.NewReader(bytes.NewReader(data))
	} else {
		r, err = zstd.NewReader(bytes.NewReader(data))
	}
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Bodies may be packed, and so may answers; what can't be unpacked, or is too large, is refused by its own code.
func TestPackedBodies(t *testing.T) {
	s := start(t, nil)
	bomb := `{"text":"` + strings.Repeat(" ", 40<<20) + `"}`
	for _, encoding := range []string{"gzip", "zstd"} {
		header := "Content-Encoding: " + encoding
		s.want(202, "POST", "/v1/messages", zipped(t, encoding, withID(encoding, aMessage)), header)
		s.want(200, "GET", "/v1/messages/"+encoding, nil)
		if p := s.want(413, "POST", "/v1/messages", zipped(t, encoding, bomb), header).problem(t); p.Code != "body_too_large" && p.Code != "compression_bomb" {
			t.Errorf("%+v", p)
		}
		s.want(422, "POST", "/v1/messages", zipped(t, encoding, `{}`), header)
		half := zipped(t, encoding, aMessage)
		s.want(400, "POST", "/v1/messages", half[:len(half)/2], header)
		s.want(400, "POST", "/v1/messages", aMessage, header)
		a := s.want(200, "GET", "/openapi.json", nil, "Accept-Encoding: "+encoding)
		if a.header.Get("Content-Encoding") != encoding || !strings.Contains(a.header.Get("Vary"), "Accept-Encoding") || !strings.HasPrefix(unzipped(t, encoding, a.body), "{") {
			t.Errorf("%s: %v", encoding, a.header)
		}
	}
	s.want(202, "POST", "/v1/messages", aMessage, "Content-Encoding: identity")
	if p := s.want(415, "POST", "/v1/messages", aMessage, "Content-Encoding: br").problem(t); p.Code != "unsupported_encoding" {
		t.Errorf("%+v", p)
	}
	if a := s.want(200, "GET", "/v1/scheduled", nil, "Accept-Encoding: gzip"); a.header.Get("Content-Encoding") != "" {
		t.Errorf("a short answer is packed: %v", a.header)
	}
}

// Each answer has the name of its request: the caller's, or a fresh one; problems and logs have it, too.
func TestRequestsHaveNames(t *testing.T) {
	s := start(t, nil)
	seen := map[string]bool{}
	for _, path := range []string{"/v1/messages/none", "/v1/lanes", "/nothing", "/openapi.json"} {
		a := s.do("GET", path, nil)
		id := a.header.Get(requestID)
		if id == "" || seen[id] {
			t.Errorf("%s: name %q", path, id)
		}
		if seen[id] = true; a.status >= 400 && a.problem(t).RequestID != id {
			t.Errorf("%s: %s", path, a.body)
		}
		if got := s.do("GET", path, nil, "X-Request-Id: call-7.a").header.Get(requestID); got != "call-7.a" {
			t.Errorf("%s: the caller's name became %q", path, got)
		}
	}
	for _, bad := range []string{strings.Repeat("x", 65), "a b", "<b>"} {
		if got := s.do("GET", "/v1/lanes", nil, "X-Request-Id: "+bad).header.Get(requestID); got == bad {
			t.Errorf("%q is taken", bad)
		}
	}
	s.redis.Kill()
	s.want(503, "GET", "/v1/messages/x", nil, "X-Request-Id: down-1")
	if !strings.Contains(s.log.String(), "request=down-1") {
		t.Errorf("the log lacks it: %s", s.log.String())
	}
}

// What a token may still do stands in every answer, also in a refused one.
func TestRateLimitHeaders(t *testing.T) {
	s := start(t, func(o *Options) { o.Rate = 3 })
	var left []int
	for range 5 {
		a := s.do("GET", "/v1/lanes", nil)
		n, err := strconv.Atoi(a.header.Get("RateLimit-Remaining"))
		if err != nil || a.header.Get("RateLimit-Limit") != "3" || a.header.Get("RateLimit-Reset") == "" {
			t.Fatalf("%v", a.header)
		}
		if left = append(left, n); a.status == 429 {
			if n != 0 || a.header.Get("Retry-After") == "" {
				t.Errorf("refused: %v", a.header)
			}
			break
		}
	}
	if left[0] != 2 || left[1] != 1 {
		t.Errorf("left: %v", left)
	}
	if a := start(t, nil).want(200, "GET", "/v1/lanes", nil); a.header.Get("RateLimit-Limit") != "" {
		t.Errorf("without a rate: %v", a.header)
	}
}

// Reads of the catalog, and of what pages ask for again and again, have a tag: who knows it gets nothing again.
func TestReadsHaveTags(t *testing.T) {
	s := everything(t)
	for _, path := range []string{"/v1/shortcuts", "/v1/snippets", "/v1/fields", "/v1/helpers", "/v1/lanes", "/openapi.json", "/docs"} {
		first := s.want(200, "GET", path, nil)
		tag := first.header.Get("ETag")
		if !strings.HasPrefix(tag, `W/"`) || first.header.Get("Cache-Control") != "private, no-cache" {
			t.Errorf("%s: %v", path, first.header)
		}
		for _, known := range []string{tag, strings.TrimPrefix(tag, "W/"), `"x", ` + tag, "*"} {
			a := s.want(304, "GET", path, nil, "If-None-Match: "+known)
			if len(a.body) != 0 || a.header.Get("ETag") != tag {
				t.Errorf("%s, %s: %v %s", path, known, a.header, a.body)
			}
		}
		s.want(200, "GET", path, nil, `If-None-Match: W/"x"`)
		if packed := s.want(200, "GET", path, nil, "Accept-Encoding: zstd"); packed.header.Get("ETag") != tag {
			t.Errorf("%s: packed it has another tag", path)
		}
	}
	if a := s.want(404, "GET", "/v1/shortcuts/none", nil); a.header.Get("ETag") != "" || a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("a problem has a tag: %v", a.header)
	}
	if a := s.want(200, "GET", "/v1/rates", nil); a.header.Get("ETag") != "" {
		t.Errorf("%v", a.header)
	}
}

// A call that is repeated says so, and a key is free again if what it was used for was refused.
func TestIdempotency(t *testing.T) {
	s := start(t, nil)
	for path, body := range map[string]string{"/v1/messages": aMessage, "/v1/forwards": aForward, "/v1/bulks": strings.Replace(aBulk, `"id":"news",`, "", 1)} {
		replayed := func(body, key string) string {
			t.Helper()
			a := s.do("POST", path, body, "Idempotency-Key: "+key)
			return strconv.Itoa(a.status) + " " + a.header.Get("Idempotent-Replayed")
		}
		ok := map[string]string{"/v1/messages": "202 ", "/v1/forwards": "202 ", "/v1/bulks": "201 "}[path]
		got := []string{replayed(body, "a"), replayed(body, "a"), replayed(body, "b")}
		if want := []string{ok, ok + "true", ok}; !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
		other := strings.NewReplacer("stay@", "other@", "robin@", "other@").Replace(body)
		s.want(201+map[bool]int{true: 0, false: 1}[path == "/v1/bulks"], "POST", path, withID("taken", body))
		if got := replayed(withID("taken", other), "c"); got != "409 " {
			t.Errorf("%s: an id that is taken: %s", path, got)
		}
		if got := replayed(body, "c"); got != ok { // the key was not used for anything
			t.Errorf("%s: the key is not free: %s", path, got)
		}
		if got := replayed(withID("taken", body), "d"); got != ok+"true" {
			t.Errorf("%s: the same id: %s", path, got)
		}
	}
}

// HTTP/2 without TLS, as a proxy speaks it.
func TestHTTP2(t *testing.T) {
	s := start(t, nil)
	server := httptest.NewUnstartedServer(s.api)
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetUnencryptedHTTP2(true)
	resp, err := (&http.Client{Transport: transport}).Post(server.URL+"/v1/messages", "application/json", strings.NewReader(aMessage))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.ProtoMajor != 2 || resp.StatusCode != http.StatusAccepted {
		t.Errorf("%s %d", resp.Proto, resp.StatusCode)
	}
}
