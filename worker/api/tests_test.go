package api

import (
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/channel/email"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/caught"
	"github.com/heraldsend/herald/worker/task"
	"github.com/heraldsend/herald/worker/testmode"
)

// What a token for tests enqueues is stored as a test, on every way in; its owner's other tokens don't reach it, nor it
// theirs.
func TestTokensForTests(t *testing.T) {
	var tokens []Token
	secrets := map[string]string{}
	for _, token := range []Token{
		{Name: "try", Owner: "shop", Scopes: []Scope{ScopeSend, ScopeRead}, Test: true}, {Name: "live", Owner: "shop", Scopes: []Scope{ScopeSend, ScopeRead}},
		{Name: "other", Scopes: []Scope{ScopeRead}}, {Name: "admin", Scopes: []Scope{ScopeAdmin}},
	} {
		secret, token, err := NewToken(token)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(secret, "test_") != token.Test {
			t.Errorf("%s has the secret %.7s…", token.Name, secret)
		}
		again, err := ParseTokens(token.String())
		if err != nil || again[0].String() != token.String() || again[0].Test != token.Test {
			t.Errorf("%s: %v, %v", token, again, err)
		}
		tokens, secrets[token.Name] = append(tokens, token), secret
	}
	s := start(t, func(o *Options) { o.Tokens = tokens })
	as := func(name string) *service { mine := *s; mine.token = secrets[name]; return &mine }
	try := as("try")
	soon := `"sendAt":"` + time.Now().Add(time.Hour).UTC().Format(time.RFC3339) + `",`
	try.want(202, "POST", "/v1/messages", withID("m1", "{"+soon+aMessage[1:]))
	try.want(202, "POST", "/v1/messages", "{"+soon+aMessage[1:], "Idempotency-Key: k")
	try.want(200, "POST", "/v1/messages:batch", `{"messages":[`+withID("m2", aMessage)+`]}`)
	try.want(200, "POST", "/v1/messages:stream", withID("m3", aMessage), ndjson)
	try.want(202, "POST", "/v1/forwards", withID("f1", aForward))
	try.want(201, "POST", "/v1/bulks", strings.Replace(aBulk, "news", "b1", 1))
	rdb := s.redis.Client()
	keys := rdb.Keys(t.Context(), "*m1*").Val()
	for _, pattern := range []string{"*m2*", "*m3*", "*f1*", "*b1*"} {
		keys = append(keys, rdb.Keys(t.Context(), pattern).Val()...)
	}
	if len(keys) < 5 {
		t.Errorf("keys %q", keys)
	}
	for _, key := range keys {
		if !strings.HasPrefix(key, "herald:blob:") && !strings.Contains(key, "shop~~") {
			t.Errorf("the key %s is not that of a test", key)
		}
	}
	for path, status := range map[string]int{"/v1/messages/m1": 200, "/v1/forwards/f1": 200, "/v1/bulks/b1": 200} {
		try.want(status, "GET", path, nil)
		as("live").want(404, "GET", path, nil)
		as("admin").want(200, "GET", path[:strings.LastIndexByte(path, '/')+1]+"shop~~"+path[strings.LastIndexByte(path, '/')+1:], nil)
	}
	try.want(200, "PATCH", "/v1/messages/m1", `{"sendAt":"`+time.Now().Add(2*time.Hour).UTC().Format(time.RFC3339)+`"}`)
	for _, id := range []string{"shop~~x", "~~x", "x~~y"} { // nobody gives such an id
		as("admin").want(422, "POST", "/v1/messages", withID(id, aMessage))
	}

	box, err := caught.New(rdb)
	if err != nil {
		t.Fatal(err)
	}
	sender, err := testmode.NewSender(box, email.Compose)
	if err != nil {
		t.Fatal(err)
	}
	from := message.Address{Addr: "help@acme.example"}
	m := &message.Message{ID: task.Owned(task.TestOwner("shop"), "m1"), Channel: message.Email, From: from, To: []message.Address{{Addr: "ada@example.com"}}, Subject: "Hi", Text: "Hello Ada", HTML: "<p>Hello Ada</p>"}
	if _, err := sender.Send(t.Context(), m, 0); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{"try": "/v1/caught", "live": "/v1/caught?owner=shop", "admin": "/v1/caught?owner=shop"} {
		var page CaughtPage
		as(name).want(200, "GET", path, nil).decode(t, &page)
		if len(page.Items) != 1 || page.Items[0].Message != "m1" || page.Items[0].To[0] != "ada@example.com" || page.Items[0].HTML != "" {
			t.Fatalf("%s: %+v", name, page)
		}
		one := "/v1/caught/" + page.Items[0].ID
		query := strings.TrimPrefix(path, "/v1/caught")
		var whole CaughtMessage
		as(name).want(200, "GET", one+query, nil).decode(t, &whole)
		if whole.Text != "Hello Ada" || whole.HTML != "<p>Hello Ada</p>" {
			t.Errorf("%+v", whole)
		}
		if source := as(name).want(200, "GET", one+"/source"+query, nil); !strings.Contains(string(source.body), "To: ada@example.com") {
			t.Errorf("%s", source.body)
		}
	}
	as("other").want(403, "GET", "/v1/caught?owner=shop", nil)
	as("other").want(404, "GET", "/v1/caught", nil)
	as("admin").want(404, "GET", "/v1/caught", nil)
	try.want(404, "GET", "/v1/caught/99", nil)
	try.want(404, "GET", "/v1/caught/x", nil)
}

// A token whose secret and setting disagree about tests lets nobody in: neither mistake may send.
func TestTokensThatLostTheirMode(t *testing.T) {
	for _, test := range []bool{true, false} {
		secret, token, err := NewToken(Token{Name: "a", Scopes: []Scope{ScopeSend}, Test: test})
		if err != nil {
			t.Fatal(err)
		}
		token.Test = !test
		s := start(t, func(o *Options) { o.Tokens = []Token{token} })
		s.token = secret
		s.want(401, "POST", "/v1/messages", aMessage)
	}
	if _, _, err := NewToken(Token{Name: "a", Scopes: []Scope{ScopeAdmin}, Test: true}); err == nil {
		t.Error("a token for tests has admin")
	}
	for _, setting := range []string{"mode=live", "mode=", "mode"} {
		if _, err := ParseTokens("a:send:" + strings.Repeat("0", 64) + ";" + setting); err == nil {
			t.Errorf("%s is taken", setting)
		}
	}
}
