package api

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func newTokens(t *testing.T, scopes ...[]Scope) (secrets []string, tokens []Token) {
	t.Helper()
	for i, some := range scopes {
		secret, token, err := NewToken(Token{Name: "t" + string(rune('0'+i)), Scopes: some})
		if err != nil {
			t.Fatal(err)
		}
		secrets, tokens = append(secrets, secret), append(tokens, token)
	}
	return secrets, tokens
}

// A missing or wrong token is a 401, compared in constant time over hashes.
func TestWrongTokenIsRefused(t *testing.T) {
	secrets, tokens := newTokens(t, []Scope{ScopeSend}, []Scope{ScopeRead}, []Scope{ScopeAdmin})
	s := start(t, func(o *Options) { o.Tokens = tokens })
	for name, header := range map[string]string{
		"missing": "X-Nothing: 1", "empty": "Authorization: Bearer ", "another scheme": "Authorization: Basic " + secrets[0],
		"wrong": "Authorization: Bearer " + secrets[0][:len(secrets[0])-1] + "_", "its hash": "Authorization: Bearer " + tokens[0].String(),
		"cut": "Authorization: Bearer " + secrets[0][:20], "long": "Authorization: Bearer " + strings.Repeat("x", 10_000),
	} {
		t.Run(name, func(t *testing.T) {
			a := s.want(401, "POST", "/v1/messages", aMessage, header)
			if p := a.problem(t); p.Code != "unauthorized" || a.header.Get("WWW-Authenticate") == "" {
				t.Errorf("%+v, WWW-Authenticate %q", p, a.header.Get("WWW-Authenticate"))
			}
		})
	}
	bearer := func(i int) string { return "Authorization: Bearer " + secrets[i] }
	s.want(202, "POST", "/v1/messages", aMessage, bearer(0))
	if p := s.want(403, "GET", "/v1/messages/m", nil, bearer(0)).problem(t); p.Code != "insufficient_scope" {
		t.Errorf("code %s", p.Code)
	}
	s.want(404, "GET", "/v1/messages/m", nil, bearer(1))
	s.want(202, "POST", "/v1/messages", aMessage, bearer(2))
	// The comparison is find's: it looks at every hash, whatever the first ones say.
	for i := range secrets {
		if got := find(tokens, secrets[i]); got != i {
			t.Errorf("find gave %d, want %d", got, i)
		}
	}
	source, err := os.ReadFile("token.go")
	if err != nil || !bytes.Contains(source, []byte("subtle.ConstantTimeCompare(hash[:], tokens[i].Hash[:])")) {
		t.Errorf("hashes are not compared by subtle.ConstantTimeCompare (%v)", err)
	}
}

func TestParseTokens(t *testing.T) {
	_, tokens := newTokens(t, []Scope{ScopeSend, ScopeRead}, []Scope{ScopePreview})
	got, err := ParseTokens(tokens[0].String() + ",\n " + tokens[1].String())
	if err != nil || len(got) != 2 || got[0].String() != tokens[0].String() || got[1].String() != tokens[1].String() {
		t.Fatalf("%v, %v", got, err)
	}
	for _, bad := range []string{"secret", "a:send", "a:fly:" + strings.Repeat("0", 64), ":send:" + strings.Repeat("0", 64), "a:send:12", tokens[0].String() + "," + tokens[0].String()} {
		if _, err := ParseTokens(bad); err == nil {
			t.Errorf("%q passes", bad)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%v shows the value", err)
		}
	}
}

// Each token has a rate of its own.
func TestRate(t *testing.T) {
	secrets, tokens := newTokens(t, []Scope{ScopeRead}, []Scope{ScopeRead})
	now := time.Unix(1_800_000_000, 0)
	s := start(t, func(o *Options) { o.Tokens, o.Rate, o.Now = tokens, 2, func() time.Time { return now } })
	get := func(status, token int) answer {
		t.Helper()
		return s.want(status, "GET", "/v1/messages/m", nil, "Authorization: Bearer "+secrets[token])
	}
	get(404, 0)
	get(404, 0)
	a := get(429, 0)
	if p := a.problem(t); p.Code != "too_many_requests" || a.header.Get("Retry-After") != "1" {
		t.Errorf("%+v, Retry-After %q", p, a.header.Get("Retry-After"))
	}
	get(404, 1)
	now = now.Add(time.Second)
	get(404, 0)
}

// Without tokens a web page that somebody has open must not reach the API through the browser.
func TestForeignPages(t *testing.T) {
	s := start(t, nil)
	for name, header := range map[string][]string{
		"its origin":                             {"Origin: https://evil.example"},
		"its fetch":                              {"Sec-Fetch-Site: cross-site"},
		"a name that was made to mean 127.0.0.1": {"Host: evil.example"},
	} {
		t.Run(name, func(t *testing.T) { s.want(403, "POST", "/v1/messages", aMessage, header...).problem(t) })
	}
	s.want(202, "POST", "/v1/messages", aMessage, "Host: localhost:8080", "Sec-Fetch-Site: same-origin")
}

// JSON 10,001 deep, duplicate or case-variant keys, a trailing value, invalid UTF-8: 400.
func TestAmbiguousJSONIsRefused(t *testing.T) {
	s := start(t, nil)
	inContext := func(value string) string {
		return `{"channel":"note","to":"c1","text":"x","context":{"customer":` + value + `}}`
	}
	for name, c := range map[string]struct{ body, pointer, says string }{
		"deep":                  {inContext(strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001)), "", ""},
		"deeper than templates": {inContext(strings.Repeat(`{"a":`, 1001) + "1" + strings.Repeat("}", 1001)), "*", "nested deeper"},
		"twice":                 {`{"to":"a@x.example","to":"b@x.example"}`, "/to", "stands twice"},
		"twice by an escape":    {`{"to":"a@x.example","\u0074o":"b@x.example"}`, "/to", "stands twice"},
		"twice below":           {inContext(`[{"a":1},{"a":1,"b":2,"a":3}]`), "/context/customer/1/a", "stands twice"},
		"two cases":             {`{"to":"a@x.example","TO":"b@x.example"}`, "/TO", `once as "to"`},
		"two cases, Kelvin":     {inContext("{\"k\":1,\"\u212a\":2}"), "/context/customer/\u212a", `once as "k"`},
		"a trailing value":      {aMessage + aMessage, "", "invalid character"},
		"trailing text":         {aMessage + "x", "", "invalid character"},
		"not UTF-8":             {inContext("\"\xff\""), "", "not UTF-8"},
		"overlong UTF-8":        {inContext("\"\xc0\xaf\""), "", "not UTF-8"},
		"not JSON":              {"channel=email", "", "column 1: "},
	} {
		t.Run(name, func(t *testing.T) {
			p := s.want(400, "POST", "/v1/messages", c.body).problem(t)
			if p.Code != "invalid_json" || len(p.Errors) != 1 || !strings.Contains(p.Errors[0].Detail, c.says) {
				t.Fatalf("%+v", p)
			}
			if c.pointer != "*" && p.Errors[0].Pointer != c.pointer {
				t.Errorf("pointer %q, want %q", p.Errors[0].Pointer, c.pointer)
			}
		})
	}
	many := make([]string, 100)
	for i := range many {
		many[i] = `"k` + strings.Repeat("x", i) + `":1`
	}
	s.want(202, "POST", "/v1/messages", inContext("{"+strings.Join(many, ",")+"}"))
	s.want(400, "POST", "/v1/messages", inContext("{"+strings.Join(many, ",")+`,"Kxx":1}`))
	s.want(202, "POST", "/v1/messages", inContext(strings.Repeat(`[`, 500)+strings.Repeat("]", 500)))
	files, err := filepath.Glob("testdata/json/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no corpus (%v)", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s.want(400, "POST", "/v1/messages", data)
	}
}

// One byte over the body limit is a 413.
func TestBodyOverTheLimitIsRefused(t *testing.T) {
	s := start(t, nil)
	body := func(size int64) []byte {
		b := []byte(`{"channel":"note","to":"c1","text":"x"`)
		return append(append(b, bytes.Repeat([]byte(" "), int(size)-len(b)-1)...), '}')
	}
	s.want(202, "POST", "/v1/messages", body(maxMessage))
	for name, over := range map[string]any{"announced": body(maxMessage + 1), "not announced": strings.NewReader(string(body(maxMessage + 1)))} {
		t.Run(name, func(t *testing.T) {
			if r, ok := over.(*strings.Reader); ok {
				over = &onlyReader{r}
			}
			if p := s.want(413, "POST", "/v1/messages", over).problem(t); p.Code != "body_too_large" {
				t.Errorf("code %s", p.Code)
			}
		})
	}
}

// Everything that is refused before a handler is a problem too.
func TestRefusals(t *testing.T) {
	s := start(t, nil)
	for name, c := range map[string]struct {
		status       int
		method, path string
		body         any
		header       []string
		code         string
	}{
		"no such path":      {404, "GET", "/v1/nothing", nil, nil, "not_found"},
		"no such method":    {405, "PUT", "/v1/messages", "{}", nil, "method_not_allowed"},
		"another type":      {415, "POST", "/v1/messages", aMessage, []string{"Content-Type: text/plain"}, "unsupported_media_type"},
		"packed":            {415, "POST", "/v1/messages", aMessage, []string{"Content-Encoding: br"}, "unsupported_encoding"},
		"no body":           {400, "POST", "/v1/messages", nil, nil, "invalid_request"},
		"unknown parameter": {422, "GET", "/v1/messages/m?verbose=1", nil, nil, "invalid_fields"},
		"a bad key":         {422, "POST", "/v1/messages", aMessage, []string{"Idempotency-Key: ä"}, "invalid_fields"},
	} {
		t.Run(name, func(t *testing.T) {
			a := s.want(c.status, c.method, c.path, c.body, c.header...)
			if p := a.problem(t); p.Code != c.code {
				t.Errorf("code %s, want %s", p.Code, c.code)
			}
			if a.header.Get("X-Content-Type-Options") != "nosniff" || a.header.Get("Content-Security-Policy") == "" {
				t.Errorf("headers %v", a.header)
			}
		})
	}
}
