package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The commands of authors exit as the README says: 1 where templates are at fault, 2 where the call is.
func TestAuthorExitCodes(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("good/shortcuts/hello.yaml", "subject: Hello\nmessage: Hello\nvisibility: teams\nteams: [desk]\n")
	write("good/tests/hello.txtar", "shortcut: hello\n-- subject --\nHello\n")
	write("bad/shortcuts/hello.yaml", "subject: Hello\nmessage: '{{customer.fristName}}{{#if customer.name}}x'\n")
	write("bad/tests/hello.txtar", "shortcut: hello\n-- subject --\nBye\n")
	good, bad := filepath.Join(dir, "good"), filepath.Join(dir, "bad")
	for _, c := range []struct {
		templates, args string
		want            int
	}{
		{good, "preview hello", exitOK},
		{good, "preview hello --as desk", exitOK},
		{good, "preview hello --as sales", exitFailed},
		{good, "preview hallo", exitUsage},
		{good, "preview", exitUsage},
		{good, "preview hello --channel fax", exitUsage},
		{good, "preview hello --locale !", exitUsage},
		{good, "preview hello --context " + dir, exitFailed},
		{bad, "preview hello", exitFailed},
		{good, "explain hello", exitOK},
		{bad, "explain hello", exitFailed},
		{good, "explain hallo", exitUsage},
		{good, "lint", exitOK},
		{bad, "lint", exitFailed},
		{good, "lint " + dir, exitUsage},
		{good, "lint --segments 0", exitUsage},
		{good, "test", exitOK},
		{bad, "test", exitFailed},
		{good, "test --match zzz", exitUsage},
		{"", "test --update", exitUsage},
		{"", "fields", exitOK},
		{"", "fields zzz", exitUsage},
		{"", "helpers", exitOK},
		{"", "helpers zzz", exitUsage},
	} {
		p := &program{t, map[string]string{"HERALD_TEMPLATES": c.templates}}
		code, out, log := p.run(t.Context(), strings.Fields(c.args)...)
		if code != c.want {
			t.Errorf("herald %s: exit code %d, want %d\n%s%s", c.args, code, c.want, out, log)
		}
		if (code == exitOK) != (log == "") {
			t.Errorf("herald %s: exit code %d, but standard error is %q", c.args, code, log)
		}
	}
}

// Foreign text can't steer the terminal that shows it.
func TestShown(t *testing.T) {
	for text, want := range map[string]string{
		"Ada\n\tLovelace":             "Ada\n\tLovelace",
		"\x1b]0;title\x07 \u009b2J":   "�]0;title� �2J",
		"abc\u202edcba \u2066x\u2069": "abc�dcba �x�",
		"مرحبا \u200fx 👩‍👧":           "مرحبا \u200fx 👩‍👧",
	} {
		if got := shown(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestClipped(t *testing.T) {
	for _, c := range []struct {
		text    string
		columns int
		want    string
	}{
		{"short", 5, "short"},
		{"longer", 5, "long…"},
		{"敬具敬具", 5, "敬具…"},
		{"a👩‍👩‍👧b", 3, "a…"},
	} {
		if got := clipped(c.text, c.columns); got != c.want {
			t.Errorf("%q to %d columns: got %q, want %q", c.text, c.columns, got, c.want)
		}
	}
}
