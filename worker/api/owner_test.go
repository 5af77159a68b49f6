package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/message"
)

// as is the service called with another token.
func (s *service) as(w someone) *service {
	other := *s
	other.token = w.secret
	return &other
}

// Two owners use the same ids and the same keys with other bodies: neither hears of the other.
func TestOwnersShareNothing(t *testing.T) {
	all, tokens := callers(t)
	s := start(t, func(o *Options) { o.Tokens = tokens })
	shop, other, admin, reader := s.as(all["shop"]), s.as(all["other"]), s.as(all["admin"]), s.as(all["reader"])
	soon := `"sendAt":"` + time.Now().Add(time.Hour).UTC().Format(time.RFC3339) + `",`
	for _, c := range []struct{ path, body string }{
		{"/v1/messages", "{" + soon + aMessage[1:]}, {"/v1/forwards", "{" + soon + aForward[1:]}, {"/v1/bulks", strings.Replace(aBulk, `"id":"news",`, "", 1)},
	} {
		t.Run(c.path, func(t *testing.T) {
			theirs := strings.NewReplacer("stay@fernhill.example", "other@fernhill.example", "robin@desk.example", "other@desk.example").Replace(c.body)
			call := func(s *service, body string, header ...string) Accepted {
				var accepted Accepted
				a := s.in(t).do("POST", c.path, body, header...)
				if a.status != 202 && a.status != 201 {
					t.Fatalf("%d %s", a.status, a.body)
				}
				a.decode(t, &accepted)
				if strings.Contains(string(a.body)+a.header.Get("Location"), "~") || a.header.Get("Location") != c.path+"/"+accepted.ID {
					t.Errorf("%v %s", a.header, a.body)
				}
				return accepted
			}
			call(shop, withID("same", c.body))
			if got := call(other, withID("same", theirs)); got.ID != "same" {
				t.Errorf("id %q", got.ID)
			}
			call(shop, withID("mine", c.body))
			byKey, theirKey := call(shop, c.body, "Idempotency-Key: k"), call(other, theirs, "Idempotency-Key: k")
			if byKey.ID == theirKey.ID || call(shop, c.body, "Idempotency-Key: k") != byKey || call(s.as(all["sender"]), c.body, "Idempotency-Key: k") != byKey {
				t.Error("a key does not lead to what its owner made")
			}
			if p := shop.in(t).want(409, "POST", c.path, theirs, "Idempotency-Key: k").problem(t); p.Code != "idempotency_key_reused" {
				t.Errorf("code %s", p.Code)
			}
			other.in(t).want(404, "GET", c.path+"/mine", nil)
			other.in(t).want(404, "GET", c.path+"/shop~mine", nil)
			other.in(t).want(404, "GET", c.path+"/"+byKey.ID, nil)
			reader.in(t).want(200, "GET", c.path+"/mine", nil)
			admin.in(t).want(404, "GET", c.path+"/mine", nil)
			admin.in(t).want(200, "GET", c.path+"/shop~mine", nil)
			call(admin, withID("same", c.body))
			admin.in(t).want(200, "GET", c.path+"/same", nil)
		})
	}
	shop.want(204, "DELETE", "/v1/messages/same", nil)
	var state MessageState
	other.want(200, "GET", "/v1/messages/same", nil).decode(t, &state)
	if state.State != "pending" || state.ID != "same" {
		t.Errorf("another owner's cancelling reached %+v", state)
	}
	ids := func(s *service) string {
		var list bulkListOutput
		s.want(200, "GET", "/v1/bulks?limit=100", nil).decode(t, &list.Body)
		var out []string
		for _, b := range list.Body.Items {
			if len(b.ID) < 20 { // the fresh ones are longer
				out = append(out, b.ID)
			}
		}
		return strings.Join(out, " ")
	}
	if got := ids(shop) + " | " + ids(other) + " | " + ids(admin); got != "mine same | same | same shop~mine other~same shop~same" {
		t.Errorf("lists %s", got)
	}
	shop.thing("dead", "letter", all["shop"])
	var letters DeadPage
	shop.want(200, "GET", "/v1/dead", nil).decode(t, &letters)
	if len(letters.Items) != 1 {
		t.Errorf("letters %+v", letters)
	}
	other.want(200, "GET", "/v1/dead", nil).decode(t, &letters)
	if len(letters.Items) != 0 {
		t.Errorf("another owner's letters %+v", letters)
	}
	if p := shop.want(403, "GET", "/v1/suppressions", nil).problem(t); p.Code != "insufficient_scope" {
		t.Errorf("code %s", p.Code)
	}
	admin.want(200, "GET", "/v1/suppressions", nil)
}

// A token that names senders and channels sends by those alone, in whatever spelling, as a message, in a bulk, as a
// forward.
func TestSendersOfTokens(t *testing.T) {
	secret, token, err := NewToken(Token{
		Name: "shop", Scopes: []Scope{ScopeSend}, From: []string{"*@fernhill.example", "Help@acme.example", "+447700900123", "*@bücher.example"}, Channels: []message.Channel{"email", "sms"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if read, err := ParseTokens(token.String()); err != nil || read[0].String() != token.String() {
		t.Fatalf("%v, %v", read, err)
	}
	s := start(t, func(o *Options) { o.Tokens = []Token{token}; o.Country = "GB" })
	s.token = secret
	for name, c := range map[string]struct {
		channel, from, pointer string
	}{
		"of the domain":      {"email", "Stay <stay@FERNHILL.example>", ""},
		"the address":        {"email", "help@acme.example", ""},
		"an IDN":             {"email", "a@xn--bcher-kva.example", ""},
		"another address":    {"email", "sales@acme.example", "/from"},
		"a domain below":     {"email", "a@mail.fernhill.example", "/from"},
		"in the name":        {"email", "help@acme.example <a@evil.example>", "/from"},
		"the number":         {"sms", "07700 900123", ""},
		"another number":     {"sms", "+447700900124", "/from"},
		"the channel's own":  {"sms", "", ""},
		"not this channel":   {"note", "", "/channel"},
		"neither the sender": {"chat", "x", "/channel"},
	} {
		t.Run(name, func(t *testing.T) {
			s := s.in(t)
			part := `"channel":"` + c.channel + `","from":"` + c.from + `","subject":"Hi","text":"Hi"`
			to := map[string]string{"email": "ada@example.com", "sms": "+447700900555"}[c.channel]
			if to == "" {
				to = "c1"
			}
			for path, body := range map[string]string{"/v1/messages": `{"to":"` + to + `",` + part + `}`, "/v1/bulks": `{"messages":[{` + part + `}]}`} {
				a := s.do("POST", path, body)
				if c.pointer == "" {
					if a.status != 202 && a.status != 201 {
						t.Errorf("%s: %d %s", path, a.status, a.body)
					}
					continue
				}
				if p := a.problem(t); a.status != 403 || p.Code != "sender_not_allowed" || !strings.HasSuffix(p.Errors[0].Pointer, c.pointer) {
					t.Errorf("%s: %d %s", path, a.status, a.body)
				}
			}
		})
	}
	s.want(403, "POST", "/v1/forwards", aForward)
	s.want(202, "POST", "/v1/forwards", strings.Replace(aForward, "robin@desk.example", "robin@fernhill.example", 1))
	for _, bad := range []Token{
		{Name: "a", Scopes: []Scope{ScopeSend}, From: []string{"*@"}}, {Name: "a", Scopes: []Scope{ScopeSend}, From: []string{"a b"}}, {Name: "a", Scopes: []Scope{ScopeSend}, From: []string{""}},
		{Name: "a", Scopes: []Scope{ScopeSend}, Channels: []message.Channel{"fax"}}, {Name: "a", Scopes: []Scope{ScopeAdmin}, Owner: "b"}, {Name: "a..b", Scopes: []Scope{ScopeSend}},
		{Name: "a", Scopes: []Scope{ScopeSend}, Owner: "x~y"},
	} {
		if _, _, err := NewToken(bad); err == nil {
			t.Errorf("%+v passes", bad)
		}
	}
}

// Tokens change while the server runs; none is not everyone.
func TestTokensAreReplaced(t *testing.T) {
	secrets, tokens := newTokens(t, []Scope{ScopeRead}, []Scope{ScopeRead})
	s := start(t, func(o *Options) { o.Closed, o.Rate = true, 1 })
	call := func(want, token int) {
		t.Helper()
		s.want(want, "GET", "/v1/lanes", nil, "Authorization: Bearer "+secrets[token])
	}
	s.want(401, "GET", "/v1/lanes", nil)
	call(401, 0)
	s.api.SetTokens(tokens[:1])
	call(200, 0)
	s.api.SetTokens(tokens)
	call(429, 0) // it keeps what it has used
	call(200, 1)
	s.api.SetTokens(tokens[1:])
	call(401, 0)
	s.api.SetTokens(nil)
	call(401, 1)
	s.want(401, "GET", "/v1/lanes", nil)
}

// Without tokens a page whose name was made to mean 127.0.0.1 reads no handler that is protected, such as /metrics.
func TestProtectChecksTheHost(t *testing.T) {
	s := start(t, nil)
	h := s.api.Protect(ScopeRead, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for host, want := range map[string]int{"127.0.0.1:8080": 200, "localhost": 200, "[::1]:80": 200, "evil.example": 403, "127.0.0.1.evil.example": 403} {
		r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		r.Host = host
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%s: %d, want %d", host, w.Code, want)
		}
	}
}
