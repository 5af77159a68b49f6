package compose

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/store/suppress"
	"github.com/heraldsend/herald/worker/task"
)

// ailment is something that can be wrong with a message, and what comes of it.
type ailment struct {
	name string
	code string
	// on are the channels that can have it; all when nil.
	on      func(message.Spec) bool
	touches string // a few words: two ailments that share one can't be had together
	do      func(*scene)
}

func mails(s message.Spec) bool { return s.Mail }

// ailments are in the order in which they are asked for: of two, the first decides.
var ailments = []ailment{
	{"context can't be read", "invalid_context", nil, "", func(s *scene) { s.job.Unreadable = errors.New("no JSON") }},
	{"its bulk's part is refused", "bulk_refused", nil, "part", func(s *scene) { s.job.Part = &Part{Refused: failed("bulk_refused", "no bulk goes out this way")} }},
	{"no address", "no_address", nil, "to", func(s *scene) { s.job.Message.To = "" }},
	{"suppressed", "unsubscribed", nil, "", func(s *scene) { s.job.Suppressed = []*suppress.Entry{{Reason: suppress.Unsubscribed}} }},
	{"duplicate", "duplicate_address", nil, "", func(s *scene) { s.job.Duplicate = true }},
	{"too late", "expired", nil, "", func(s *scene) { s.job.Message.SendBefore = past }},
	{"actions that nobody is told of", "no_events_url", nil, "actions", func(s *scene) { s.rules.Events, s.job.Message.Actions = false, &task.Actions{Status: "done"} }},
	{"actions on no conversation", "no_conversation", func(s message.Spec) bool { return s.Address != address.Conversation }, "actions context", func(s *scene) {
		s.job.Message.Actions, s.job.Message.Context = &task.Actions{Status: "done"}, []byte(`{"customer":{"firstName":"Ada"}}`)
	}},
	{"more tags than a conversation takes", "invalid_actions", nil, "actions content context", func(s *scene) {
		s.text, s.job.Message.Actions = "tagged", &task.Actions{Tags: strings.Split("klmnopqrstuv", "")}
	}},
	{"no such address", "invalid_address", nil, "to", func(s *scene) { s.job.Message.To = "nobody\u0007" }},
	{"no such sender", "invalid_sender", func(s message.Spec) bool { return s.Mail || s.Address == address.Phone }, "from", func(s *scene) { s.job.Message.From = "\u0007@" }},
	{"no such place for replies", "invalid_sender", mails, "reply", func(s *scene) { s.job.Message.ReplyTo = "nobody" }},
	{"no such copy", "invalid_address", mails, "", func(s *scene) { s.job.Message.Cc = []string{"nobody"} }},
	{"no link to unsubscribe can be made", "no_public_url", mails, "", func(s *scene) { s.rules.Links, s.job.Message.Unsubscribe = nil, true }},
	{"a topic that this worker doesn't know", "unknown_topic", mails, "", func(s *scene) { s.job.Message.Topic = "news" }},
	{"lint finds an error", "template_invalid", nil, "content", func(s *scene) { s.text, s.checked = "Hi {{customer.fristName}}", true }},
	{"context is no object", "render_error", nil, "context", func(s *scene) { s.job.Message.Context = []byte(`[]`) }},
	{"the text is too long to render", "template_limit_output", nil, "content", func(s *scene) { s.text, s.limits.Output = strings.Repeat("x", 2000), 1000 }},
	{"an issue, and issues skip", "missing_field", nil, "content", func(s *scene) { s.text, s.job.Message.OnIssue = "Hi {{customer.lastName}}", task.SkipOnIssue }},
	{"files break down", "internal_error", nil, "files", func(s *scene) {
		s.files, s.job.Message.Attachments = brokenFiles{}, []message.Ref{pdf(100)}
	}},
	{"files can't be read now", "attachment_unreadable", nil, "files", func(s *scene) {
		s.files, s.job.Message.Attachments = brokenFiles{errors.New("disk")}, []message.Ref{pdf(100)}
	}},
	{"a file of another type", "attachment_type", nil, "files", func(s *scene) { s.job.Message.Attachments = []message.Ref{file("a.exe", "MZ")} }},
	{"nothing to say", "empty_message", nil, "content", func(s *scene) { s.text = "{{#if customer.lastName}}x{{/if}}" }},
	{"its channel doesn't take it", "invalid_message", nil, "", func(s *scene) { s.job.Message.ID = "a..b" }},
	{"nobody is to send it", LoggedOnly, nil, "", func(s *scene) {
		s.rules.LogOnly, s.rules.Unconfigured = true, map[message.Channel]string{s.job.Message.Channel: "HERALD_X_URL"}
	}},
}

// with makes a scene with these ailments.
func with(t *testing.T, c message.Channel, all ...ailment) *scene {
	t.Helper()
	s := newScene(t, c)
	for _, a := range all {
		a.do(s)
	}
	if s.text == "tagged" { // the shortcut with actions of its own
		composer := s.composer(t)
		b, err := s.cat.Bundle("tagged")
		if err != nil {
			t.Fatal(err)
		}
		p, err := composer.Renderer.Open(b)
		if err != nil {
			t.Fatal(err)
		}
		s.job.Content = NewContent(p)
	}
	return s
}

// Each thing that can be wrong with a message gives its code, on every channel that can have it; without any there is a message.
func TestVerdicts(t *testing.T) {
	for _, c := range message.Channels {
		if code, _ := newScene(t, c).try(t); code != "" {
			t.Errorf("%s: a good message: %s", c, code)
		}
		for _, a := range ailments {
			if a.on != nil && !a.on(c.Spec()) {
				continue
			}
			if code, _ := with(t, c, a).try(t); code != a.code {
				t.Errorf("%s, %s: %q, want %q", c, a.name, code, a.code)
			}
		}
	}
}

// Of two things that are wrong the one that is asked for first decides, for every two that a message can have.
func TestVerdictsInOrder(t *testing.T) {
	pairs := 0
	for _, c := range message.Channels {
		for i, first := range ailments {
			for _, second := range ailments[i+1:] {
				if share(first.touches, second.touches) || first.on != nil && !first.on(c.Spec()) || second.on != nil && !second.on(c.Spec()) {
					continue
				}
				pairs++
				// Whichever is done last.
				for _, all := range [][]ailment{{first, second}, {second, first}} {
					if code, _ := with(t, c, all...).try(t); code != first.code {
						t.Errorf("%s, %s and %s: %q, want %q", c, first.name, second.name, code, first.code)
					}
				}
			}
		}
	}
	if pairs < 500 {
		t.Errorf("only %d pairs", pairs)
	}
}

func share(a, b string) bool {
	return slices.ContainsFunc(strings.Fields(a), func(word string) bool { return slices.Contains(strings.Fields(b), word) })
}

// What channels ask differs: what one refuses another may take.
func TestVerdictsOfChannels(t *testing.T) {
	tests := []struct {
		name string
		on   message.Channel
		do   func(*scene)
		code string
	}{
		{"text of an SMS at its limit", message.SMS, func(s *scene) { s.text = strings.Repeat("x", 1600) }, ""},
		{"text of an SMS over its limit", message.SMS, func(s *scene) { s.text = strings.Repeat("x", 1601) }, "invalid_message"},
		{"the same in an email", message.Email, func(s *scene) { s.text = strings.Repeat("x", 1601) }, ""},
		{"the same in a chat", message.Chat, func(s *scene) { s.text = strings.Repeat("x", 1601) }, ""},
		{"eleven files of an SMS", message.SMS, func(s *scene) { s.job.Message.Attachments = slices.Repeat([]message.Ref{pdf(100)}, 11) }, "invalid_message"},
		{"eleven files of an email", message.Email, func(s *scene) { s.job.Message.Attachments = slices.Repeat([]message.Ref{pdf(100)}, 11) }, ""},
		{"a file of an SMS without links", message.SMS, func(s *scene) { s.rules.Links, s.job.Message.Attachments = nil, []message.Ref{pdf(100)} }, "invalid_message"},
		{"a file of a chat without links", message.Chat, func(s *scene) { s.rules.Links, s.job.Message.Attachments = nil, []message.Ref{pdf(100)} }, ""},
		{"files alone of an SMS", message.SMS, func(s *scene) { s.text, s.job.Message.Attachments = "{{none}}", []message.Ref{pdf(100)} }, ""},
		{"files alone of a note", message.Note, func(s *scene) { s.text, s.job.Message.Attachments = "{{none}}", []message.Ref{pdf(100)} }, ""},
		{"files alone of an email", message.Email, func(s *scene) { s.text, s.job.Message.Attachments = "{{none}}", []message.Ref{pdf(100)} }, "empty_message"},
		{"a large file of an email", message.Email, func(s *scene) { s.job.Message.Attachments = []message.Ref{pdf(message.MaxFile + 1)} }, "attachment_too_large"},
		{"a large file of a note", message.Note, func(s *scene) { s.job.Message.Attachments = []message.Ref{pdf(message.MaxFile + 1)} }, ""},
		{"files too large together", message.Note, func(s *scene) { s.job.Message.Attachments = slices.Repeat([]message.Ref{pdf(message.MaxFile)}, 2) }, "attachments_too_large"},
		{"an unknown blob", message.Chat, func(s *scene) {
			s.job.Message.Attachments = []message.Ref{{Name: "a.pdf", Blob: strings.Repeat("0", 64)}}
		}, "attachment_missing"},
		{"a gif", message.Email, func(s *scene) { s.job.Message.Attachments = []message.Ref{file("a.gif", "GIF89a\x01\x00\x01\x00")} }, "attachment_type"},
		{"a gif of a bulk", message.Email, func(s *scene) {
			s.job.Part, s.job.Message.Attachments = &Part{}, []message.Ref{file("a.gif", "GIF89a\x01\x00\x01\x00")}
		}, ""},
		{"a number on the moon", message.SMS, func(s *scene) { s.job.Message.To = "+999123456789" }, "invalid_address"},
		{"a national number with a country", message.SMS, func(s *scene) { s.job.Message.To, s.job.Message.Country = "07912 345678", "GB" }, ""},
		{"a national number without one", message.SMS, func(s *scene) { s.job.Message.To = "07912 345678" }, "invalid_address"},
		{"a header that smuggles", message.Email, func(s *scene) {
			s.job.Message.Headers = []message.Header{{Name: "X-A", Value: "a\r\nBcc: b@example.com"}}
		}, "invalid_message"},
		{"invisible characters in the subject", message.Email, func(s *scene) { s.job.Message.Context = []byte(`{"customer":{"firstName":"\u2068Ada\u2069"}}`) }, ""},
		{"time left", message.Email, func(s *scene) { s.job.Message.SendBefore = future }, ""},
		{"an issue that is sent", message.Email, func(s *scene) { s.text = "Hi {{customer.lastName}}" }, ""},
		{"a note's unknown status", message.Note, func(s *scene) { s.job.Message.Note.Status = "gone" }, "invalid_message"},
		{"no sender yet", message.SMS, func(s *scene) { s.rules.Unconfigured = map[message.Channel]string{message.SMS: "HERALD_SMS_URL"} }, ""},
	}
	for _, test := range tests {
		s := newScene(t, test.on)
		test.do(s)
		if code, got := s.try(t); code != test.code {
			t.Errorf("%s: %q, want %q (%v)", test.name, code, test.code, got.Verdict)
		}
	}
}

// A mail to several is kept from all of them by one of them, and says who it is.
func TestOneOfSeveralIsSuppressed(t *testing.T) {
	s := newScene(t, message.Email)
	s.job.Message.Cc, s.job.Message.Bcc = []string{"Bob <bob@Example.com>"}, []string{"cleo@example.com"}
	s.job.Suppressed = []*suppress.Entry{nil, {Reason: suppress.HardBounce}, {Reason: suppress.Complaint}}
	code, got := s.try(t)
	if code != suppress.HardBounce || got.Verdict.State != ledger.Suppressed || !strings.HasPrefix(got.Verdict.Text, "bob@example.com is on the suppression list") {
		t.Errorf("%q, %+v", code, got.Verdict)
	}
	s.job.Message.Cc, s.job.Message.Bcc, s.job.Suppressed = nil, nil, []*suppress.Entry{{Reason: suppress.HardBounce}}
	if _, got := s.try(t); strings.Contains(got.Verdict.Text, "@") {
		t.Errorf("one recipient is named: %q", got.Verdict.Text)
	}
}

// States are those that the ledger keeps: what is the recipient's or the caller's wish is no failure.
func TestStatesOfVerdicts(t *testing.T) {
	states := map[string]ledger.State{
		"no_address": ledger.Skipped, "duplicate_address": ledger.Skipped, "expired": ledger.Skipped, "missing_field": ledger.Skipped, LoggedOnly: ledger.Skipped,
		"unsubscribed": ledger.Suppressed,
	}
	for _, a := range ailments {
		c := message.Email
		_, got := with(t, c, a).try(t)
		if got.Verdict == nil || a.on != nil && !a.on(c.Spec()) {
			continue
		}
		want, known := states[a.code]
		if !known {
			want = ledger.Failed
		}
		if got.Verdict.State != want {
			t.Errorf("%s: %v, want %v", a.name, got.Verdict.State, want)
		}
	}
}

// The tests above try every code that the source gives, and the codes of attachments.
func TestEveryCodeIsTried(t *testing.T) {
	tried := map[string]bool{render.IssueEmptyMessage: true, "template_error": true, "shortcut_hidden": true} // the latter: TestOpen, TestVisibilityBinds
	for _, a := range ailments {
		tried[a.code] = true
	}
	written := codesOf(t)
	for _, code := range slices.Sorted(maps.Keys(written)) {
		if !tried[code] {
			t.Errorf("%s: no test gives the code %q", written[code], code)
		}
	}
	if len(written) < 15 {
		t.Errorf("the source has only the codes %v", written)
	}
}

// codesOf finds the codes that the package's source gives, with their places.
func codesOf(t *testing.T) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	codes := map[string]string{}
	files := token.NewFileSet()
	note := func(e ast.Expr) {
		if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			code, _ := strconv.Unquote(lit.Value)
			codes[code] = fmt.Sprint(files.Position(lit.Pos()))
		}
	}
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".go") || strings.HasSuffix(entry.Name(), "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(files, entry.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if name, ok := n.Fun.(*ast.Ident); ok && slices.Contains([]string{"failed", "skipped", "Failed"}, name.Name) {
					note(n.Args[0])
				}
			case *ast.CompositeLit:
				if name, ok := n.Type.(*ast.Ident); ok && name.Name == "Trouble" {
					for _, e := range n.Elts {
						if pair, ok := e.(*ast.KeyValueExpr); ok && fmt.Sprint(pair.Key) == "Code" {
							note(pair.Value)
						}
					}
				}
			}
			return true
		})
	}
	return codes
}

// What another try may mend is no verdict.
func TestTrouble(t *testing.T) {
	for name, test := range map[string]struct {
		err     error
		code    string
		trouble bool
	}{
		"a file that may come":  {&attach.Error{Code: "attachment_missing", Name: "a.pdf", Temporary: true}, "attachment_missing", true},
		"a file that won't":     {&attach.Error{Code: "attachment_missing", Name: "a.pdf", Reason: "is not there"}, "attachment_missing", false},
		"a file without a name": {&attach.Error{Code: "attachment_source", Reason: "has no source"}, "attachment_source", false},
		"a disk":                {errors.New("disk"), "attachment_unreadable", true},
	} {
		s := newScene(t, message.Chat)
		s.files, s.job.Message.Attachments = brokenFiles{test.err}, []message.Ref{pdf(100)}
		code, got := s.try(t)
		if code != test.code || (got.Verdict == nil) != test.trouble {
			t.Errorf("%s: %q, verdict %v", name, code, got.Verdict)
		}
	}
}
