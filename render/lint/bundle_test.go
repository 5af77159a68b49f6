package lint

import (
	"fmt"
	"slices"
	"testing"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/rendertest"
	"github.com/heraldsend/herald/templates"
)

// A bundle is judged with all that it is made of, at the places in the catalog's files; a shortcut of no file as well.
func TestBundle(t *testing.T) {
	c, err := catalog.Load(rendertest.Folder(
		"shortcuts/s.yaml", "subject: x\nmessage: |\n  [[sn.a]] {{customer.nme}}\n",
		"snippets/sn.a.yaml", "source: en\ntexts:\n  en: x {{custmer.name}}\n  de: y\n",
		"emails/e.hbs", "<p>{{> foot}} {{draft.subjct}} {{{draft.htmlBody}}}</p>",
		"emails/partials/foot.hbs", "{{conversation.nam}}",
		"defaults.yaml", "replyTemplate: e\n",
		"shortcuts/other.yaml", "subject: x\nmessage: \"{{customer.nme}}\"\nemailTemplate: none\n",
	))
	if err != nil {
		t.Fatal(err)
	}
	b, err := c.Bundle("s")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"emails/e.hbs:1:17 error unknown_field", "emails/partials/foot.hbs:1:3 error unknown_field",
		"shortcuts/s.yaml:3:14 error unknown_field", "snippets/sn.a.yaml:3:11 error unknown_field",
	}
	if got := codes(Bundle(c, b)); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	inline, err := c.InlineBundle(catalog.Shortcut{Message: "a\n{{customer.nme}}", EmailTemplate: catalog.NoTemplate})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := codes(Bundle(c, inline)), []string{":2:3 error unknown_field"}; !slices.Equal(got, want) {
		t.Errorf("inline: got %q, want %q", got, want)
	}
}

// Every shortcut that comes with Herald may be sent.
func TestBundleOfSamples(t *testing.T) {
	c, err := catalog.Load(templates.Catalog())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range c.Shortcuts() {
		b, err := c.Bundle(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range Bundle(c, b) {
			t.Errorf("%s: %v", name, f)
		}
	}
}

func codes(findings []catalog.Finding) (out []string) {
	for _, f := range findings {
		out = append(out, fmt.Sprintf("%s:%d:%d %s %s", f.File, f.Line, f.Column, f.Severity, f.Code))
	}
	return out
}
