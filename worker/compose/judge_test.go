package compose

import (
	"strings"
	"testing"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/rendertest"
	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/task"
)

func TestJudge(t *testing.T) {
	loaded, err := catalog.Load(rendertest.Folder(
		"shortcuts/hello.yaml", "subject: Hi\nmessage: Hi {{customer.firstName}}\n",
		"shortcuts/typo.yaml", "subject: Hi\nmessage: Hi {{customer.fristName}}\n",
		"emails/plain.hbs", "<p>{{{draft.htmlBody}}}</p>",
		"emails/lost.hbs", "<p>{{draft.subject}}</p>",
	))
	if err != nil {
		t.Fatal(err)
	}
	judge := NewJudge(func() *catalog.Catalog { return loaded }, "; hint")
	for _, c := range []struct {
		name    string
		content task.Content
		want    string // pointer, code and part of the words of each fault
	}{
		{"good", task.Content{Text: "Dear {{customer.firstName}}", Subject: "Hi"}, ""},
		{"a shortcut", task.Content{Shortcut: "hello"}, ""},
		{"a shortcut is its catalog's matter", task.Content{Shortcut: "typo"}, ""},
		{"pinned", task.Content{Shortcut: "helo", Sources: strings.Repeat("0", 64)}, ""},
		{"none", task.Content{}, ""},
		{"unknown shortcut", task.Content{Shortcut: "helo"}, `/shortcut unknown_shortcut "hello"?; hint`},
		{"unknown layout", task.Content{Text: "x", Subject: "x", Template: "plan"}, `/template unknown_template "plain"`},
		{"unknown layout of a shortcut", task.Content{Shortcut: "hello", Template: "plan"}, `/template unknown_template "plain"`},
		{"mistyped field", task.Content{Text: "Dear\n{{customer.fristName}}", Subject: "x"}, `/text unknown_field line 2, column 3: unknown field "customer.fristName"; did you mean "customer.firstName"`},
		{"in the subject", task.Content{Text: "x", Subject: "{{custmer.name}}"}, `/subject unknown_field "customer.name"`},
		{"on purpose", task.Content{Text: "Dear {{customer.fristName}}", Subject: "x", Lint: task.LintOff}, ""},
		{"both", task.Content{Text: "{{customer.fristName}}", Subject: "{{custmer.name}}"}, "/subject unknown_field  && /text unknown_field "},
		{"does not compile, on purpose or not", task.Content{Text: "Hi {{#if x}}", Subject: "x", Lint: task.LintOff}, "/text unclosed_block line 1, column 4"},
		{"two that don't compile", task.Content{Text: "Hi {{#if x}}", Subject: "{{#each y}}"}, "/subject unclosed_block  && /text unclosed_block "},
		{"a shortcut's new subject", task.Content{Shortcut: "hello", Subject: "{{#each y}}"}, "/subject unclosed_block "},
		{"unknown snippet", task.Content{Text: "[[sn.none]]", Subject: "x"}, "/text unknown_snippet "},
		{"unknown helper", task.Content{Text: "{{dateFmt a b}}", Subject: "x"}, "/text unknown_helper dateFormat"},
		{"a layout that loses the message", task.Content{Text: "x", Subject: "x", Template: "lost"}, "/text no_body emails/lost.hbs:1:1"},
	} {
		for range 2 { // the second answer is a kept one
			got := fault.In(judge.Check(c.content))
			wants := strings.Split(c.want, " && ")
			if c.want == "" {
				wants = nil
			}
			ok := len(got) == len(wants)
			for i := 0; ok && i < len(got); i++ {
				parts := strings.SplitN(wants[i], " ", 3)
				ok = got[i].Pointer == parts[0] && got[i].Code == parts[1] && strings.Contains(got[i].Detail, parts[2])
			}
			if !ok {
				t.Errorf("%s: got %v, want %s", c.name, got, c.want)
			}
		}
	}
}

func TestCheckSubject(t *testing.T) {
	text := task.Content{Text: "Hi"}
	for _, c := range []struct {
		name    string
		channel message.Channel
		content task.Content
		missing bool
	}{
		{"none", message.Email, text, true},
		{"blanks", message.Email, task.Content{Text: "Hi", Subject: " \n"}, true},
		{"one", message.Email, task.Content{Text: "Hi", Subject: "Hi"}, false},
		{"a shortcut has its own", message.Email, task.Content{Shortcut: "hello"}, false},
		{"pinned", message.Email, task.Content{Text: "Hi", Sources: strings.Repeat("0", 64)}, false},
		{"SMS", message.SMS, text, false},
		{"chat", message.Chat, text, false},
		{"note", message.Note, text, false},
		{"no channel", "", text, false},
	} {
		found := fault.Of(CheckSubject(c.channel, c.content))
		if missing := len(found) == 1 && found[0].Pointer == "/subject" && found[0].Code == fault.Missing; missing != c.missing || !missing && len(found) > 0 {
			t.Errorf("%s: %v", c.name, found)
		}
	}
}
