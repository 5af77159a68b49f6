package catalog_test

import (
	"fmt"
	"slices"
	"testing"
)

func TestUses(t *testing.T) {
	c := load(t,
		"snippets/sn.a.yaml", "source: en\ntexts: {en: x}\n",
		"snippets/sn.ab.yaml", "source: en\ntexts: {en: \"y\", de: \"[[sn.a]]\"}\n",
		"snippets/sn.unused.yaml", "source: en\ntexts: {en: z}\n",
		"shortcuts/direct.yaml", "message: \"[[sn.a]]\"\nsubject: \"[[sn.a lang=de]]\"\n",
		"shortcuts/through.yaml", "message: \"[[sn.ab]]\"\n",
		"shortcuts/titled.yaml", "name: \"t[[sn.a]]\"\nmessage: x\n",
		"shortcuts/sms.yaml", "message: x\nchannels: {sms: {message: \"[[sn.a]]\"}}\n",
		"shortcuts/none.yaml", "message: \"sn.a [[sn.unused]] \\\\[[sn.unused]]\"\n",
		"shortcuts/torn.yaml", "message: \"{{#if}} [[sn.a]]\"\n",
		"emails/lay.hbs", "{{{draft.htmlBody}}}{{> foot}}",
		"emails/partials/foot.hbs", "[[sn.a]]",
	)
	show := func(name string) (out []string) {
		for _, u := range c.Uses(name) {
			out = append(out, fmt.Sprintf("%s %s %v %s", u.Kind, u.Name, u.Direct, u.File))
		}
		return out
	}
	want := []string{
		"shortcut direct true shortcuts/direct.yaml", "shortcut sms true shortcuts/sms.yaml", "shortcut t[[sn.a]] true shortcuts/titled.yaml",
		"shortcut through false shortcuts/through.yaml", "shortcut torn true shortcuts/torn.yaml", "snippet sn.ab true snippets/sn.ab.yaml",
		"email template lay false emails/lay.hbs", "partial foot true emails/partials/foot.hbs",
	}
	got := show("sn.a")
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
	if got := show("sn.nothing"); got != nil {
		t.Errorf("%q", got)
	}
}
