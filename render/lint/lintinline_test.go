package lint_test

import (
	"testing"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/lint"
	"github.com/heraldsend/herald/templates"
)

// A shortcut that is being written is checked where it stands, though one of this name is in a file; the catalog's own
// shortcuts have nothing to be said about.
func TestLintShortcut(t *testing.T) {
	c, err := catalog.Load(templates.Catalog())
	if err != nil {
		t.Fatal(err)
	}
	sms := "Hi {{customer.firstName}}, it\u2019s here."
	got := lint.Shortcut(c, catalog.Shortcut{
		Name: templates.DemoShortcut, Subject: "Order",
		Message:  "Hi,\n{{#if customer.id}}{{dateFormat customer.firstName}}{{else}}\n {{customer.fristName}}{{/if}}",
		Channels: map[catalog.Channel]catalog.Override{catalog.SMS: {Message: &sms}},
	}, lint.Options{})
	want := []struct {
		path, code string
		line       int
	}{{"message", "date_type", 2}, {"message", "unknown_field", 3}, {"channels.sms.message", "sms_unicode", 1}}
	for i, f := range got {
		t.Logf("%s:%d:%d %s %s", f.Path, f.Line, f.Column, f.Code, f.Message)
		if f.File != "" {
			t.Errorf("it is placed in %s", f.File)
		}
		if i < len(want) && (f.Path != want[i].path || f.Code != want[i].code || f.Line != want[i].line) {
			t.Errorf("%d: %s in %s, line %d, want %+v", i, f.Code, f.Path, f.Line, want[i])
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d findings, want %d", len(got), len(want))
	}
	for _, name := range c.Shortcuts() {
		s, err := c.Shortcut(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := lint.Shortcut(c, s, lint.Options{Texts: true}); len(got) > 0 { // TestLintSamples looks at their mails
			t.Errorf("%s: %+v", name, got)
		}
	}
}
