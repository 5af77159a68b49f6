package api

import (
	"bytes"
	"compress/gzip"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// call is an operation with what TestAccess calls it with.
type call struct {
	access
	id     string
	method string
	op     *openapi3.Operation
	asJSON bool // its body is JSON
}

// described are all operations. Of what there is none, an operation that is about one thing names none.
func described(t *testing.T, s *service) (all []call) {
	t.Helper()
	for _, item := range description(t, s).Paths.Map() {
		for method, op := range item.Operations() {
			c := call{access: accesses[op.OperationID], id: op.OperationID, method: method, op: op}
			if c.thing != "" {
				c.path = thingPaths[c.thing] + "none" + c.suffix
			}
			c.asJSON = op.RequestBody != nil && op.RequestBody.Value.Content["application/json"] != nil
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b call) int { return strings.Compare(a.id, b.id) })
	return all
}

// promised calls an operation, and fails the test unless the answer is this problem (any of the status where code is ""), and
// the description has it.
func (s *service) promised(c call, status int, code, path string, body any, header ...string) answer {
	s.t.Helper()
	a := s.do(c.method, path, body, header...)
	if a.status != status {
		s.t.Errorf("%s: %d %.300s, want %d", c.id, a.status, a.body, status)
		return a
	}
	if c.op.Responses.Status(status) == nil {
		s.t.Errorf("%s answers %d, which its description lacks", c.id, status)
	}
	if p := a.problem(s.t); code != "" && p.Code != code {
		s.t.Errorf("%s: %d %s, want %s", c.id, status, p.Code, code)
	}
	return a
}

// header is what the body of a call needs.
func (c call) headers() []string {
	if c.header == "" {
		return nil
	}
	return []string{c.header}
}

// whole is the body of a call.
func (c call) whole() any {
	if c.body == "" {
		return nil
	}
	return c.body
}

// What every operation promises of requests that can't be: each is called so, and answers as its description says. TestAccess
// does the same for success, 401, 403 and 404.
func TestContract(t *testing.T) {
	s := everything(t)
	all := described(t, s)
	for _, c := range all {
		with := "?"
		if strings.Contains(c.path, "?") {
			with = "&"
		}
		s.promised(c, 422, "invalid_fields", c.path+with+"nonsense=1", c.whole(), c.headers()...)
		if !c.asJSON {
			continue
		}
		s.promised(c, 400, "invalid_json", c.path, `{"a":1,"a":2}`)
		s.promised(c, 400, "invalid_json", c.path, `{`)
		s.promised(c, 415, "unsupported_media_type", c.path, c.body, "Content-Type: text/plain")
		s.promised(c, 415, "unsupported_encoding", c.path, c.body, "Content-Encoding: br")
		s.promised(c, 413, "", c.path, blanks(t, 32<<20), "Content-Encoding: gzip")
	}
}

// blanks are a body of so many blanks, packed.
func blanks(t *testing.T, n int) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(bytes.Repeat([]byte(" "), n)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// A token that is used more often than it may be is told when to go on, by every operation.
func TestContractOfRates(t *testing.T) {
	secret, token, err := NewToken(Token{Name: "a", Scopes: Scopes[:len(Scopes)-1]})
	if err != nil {
		t.Fatal(err)
	}
	admin, adminToken, err := NewToken(Token{Name: "b", Scopes: []Scope{ScopeAdmin}})
	if err != nil {
		t.Fatal(err)
	}
	preview, box := newPreview(t), newBox(t)
	s := start(t, func(o *Options) {
		o.Tokens, o.Rate, o.Preview, o.Caught = []Token{token, adminToken}, 0.001, preview, box
	})
	for _, secret := range []string{secret, admin} {
		s.do("GET", "/v1/bulks", nil, "Authorization: Bearer "+secret) // that was all for a while
	}
	for _, c := range described(t, s) {
		by := secret
		if c.scope == ScopeAdmin {
			by = admin
		}
		a := s.promised(c, 429, "too_many_requests", c.path, c.whole(), append(c.headers(), "Authorization: Bearer "+by)...)
		if a.header.Get("Retry-After") == "" {
			t.Errorf("%s: no Retry-After", c.id)
		}
	}
}

// withoutRedis are the operations that answer although Redis doesn't: what they tell is in the server.
var withoutRedis = []string{
	"delete-shortcut", "delete-snippet", "get-sample-audience", "get-samples", "get-shortcut", "get-snippet", "get-snippet-uses", "list-fields", "list-helpers",
	"list-shortcuts", "list-snippets", "render", "render-forward", "save-shortcut", "save-snippet", "list-caught", "list-caught-events", "get-caught", "get-caught-source",
	"follow-bulk", // tested where it has begun
}

// Without Redis every operation that needs it says so, and when to call again.
func TestContractWithoutRedis(t *testing.T) {
	s := everything(t)
	all := described(t, s)
	s.redis.Kill()
	seen := map[string]bool{}
	var asked sync.WaitGroup
	for _, c := range all {
		if slices.Contains(withoutRedis, c.id) {
			seen[c.id] = true
			continue
		}
		asked.Go(func() { // each waits for a while
			a := s.promised(c, 503, "unavailable", c.path, c.whole(), c.headers()...)
			if a.header.Get("Retry-After") == "" {
				t.Errorf("%s: no Retry-After", c.id)
			}
		})
	}
	asked.Wait()
	for _, id := range withoutRedis {
		if !seen[id] {
			t.Errorf("%s is no operation", id)
		}
	}
}
