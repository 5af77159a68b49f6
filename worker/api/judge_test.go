package api

import (
	"slices"
	"strings"
	"testing"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/rendertest"
	"github.com/heraldsend/herald/worker/compose"
)

// What is wrong with a template is told with its place, before anything is stored; the other faults are told with it.
func TestContentIsJudged(t *testing.T) {
	loaded, err := catalog.Load(rendertest.Folder("shortcuts/hello.yaml", "subject: Hi\nmessage: Hi {{customer.firstName}}\n",
		"shortcuts/own.yaml", "visibility: private\nowner: ann\nsubject: Hi\nmessage: Hi\n"))
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, func(o *Options) { o.Judge = compose.NewJudge(func() *catalog.Catalog { return loaded }, "") })
	single := func(content string) string {
		return `{"channel":"email","from":"help@acme.example","to":"ada@example.com",` + content + `}`
	}
	bulk := func(content string) string {
		return `{"messages":[{"channel":"note","text":"x"},{"channel":"email","from":"help@acme.example",` + content + `}]}`
	}
	for _, c := range []struct{ content, pointers, words string }{
		{`"text":"Dear {{customer.fristName}}","subject":"x"`, "/text", `line 1, column 8: unknown field "customer.fristName"; did you mean "customer.firstName"?`},
		{`"text":"{{#if a}}","subject":"{{custmer.name}}"`, "/text", `line 1, column 1`},
		{`"text":"x","subject":"{{custmer.name}}"`, "/subject", `unknown field`},
		{`"shortcut":"helo"`, "/shortcut", `did you mean "hello"?`},
		{`"shortcut":"hello","template":"plan"`, "/template", `unknown email template`},
		{`"text":"{{customer.fristName}}","subject":"x","lint":"off"`, "", ""},
		{`"shortcut":"own","as":"bob"`, "/as", `"bob" may not use the shortcut "own", which is private to ann`},
		{`"shortcut":"own","as":"ann"`, "", ""},
		{`"shortcut":"own"`, "", ""},
		{`"shortcut":"hello"`, "", ""},
	} {
		for path, body := range map[string]string{"/v1/messages": single(c.content), "/v1/bulks": bulk(c.content)} {
			if c.pointers == "" {
				s.want(map[string]int{"/v1/messages": 202, "/v1/bulks": 201}[path], "POST", path, body)
				continue
			}
			p := s.want(422, "POST", path, body).problem(t)
			want := c.pointers
			if path == "/v1/bulks" {
				want = "/messages/1" + want
			}
			if got := pointers(p); !slices.Equal(got, []string{want}) || !strings.Contains(p.Errors[0].Detail, c.words) {
				t.Errorf("%s %s: %v, want %s %s", path, body, p.Errors, want, c.words)
			}
		}
	}
	p := s.want(422, "POST", "/v1/messages", `{"channel":"email","from":"nobody","to":"ada@example.com","text":"{{custmer.name}}","subject":"x"}`).problem(t)
	if got := pointers(p); !slices.Equal(got, []string{"/from", "/text"}) {
		t.Errorf("pointers %v", got)
	}
}
