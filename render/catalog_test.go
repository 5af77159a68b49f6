package render

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/rendertest"
	"github.com/heraldsend/herald/templates"
)

// A broken catalog names every fault at once, with its place.
func TestLoadCatalogFaults(t *testing.T) {
	_, err := catalog.Load(rendertest.Folder(
		"defaults.yaml", "replyTemplate: pag\n",
		"emails/page.hbs", "---\nstyles:\n  q: margin:0\n---\n<p>",
		"emails/half.hbs", "---\nstyles:\n",
		"emails/lone.txt.hbs", "x",
		"shortcuts/a.yaml", "name: same\nmesage: x\nvisibility: team\n",
		"shortcuts/b.yaml", "name: same\nmessage: x\nchannels:\n  fax:\n    message: x\n",
		"shortcuts/c.yaml", "message: &a x\nsubject: *a\ntags: one\n",
		"shortcuts/d.yaml", "message: x\nmessage: y\n---\nmessage: z\n",
		"shortcuts/e.yml", "message: x\n",
		"shortcuts/f.yaml", "",
		"shortcuts/f.yaml~", "what an editor keeps",
		"shortcuts/.f.yaml.swp", "\x00",
		"shortcuts/h.yaml", "subject: 2019-01-18\nmessage: true\n",
		"shortcuts/g.yaml", "message: \"\xff\"\n",
		"snippets/noprefix.yaml", "source: en\ntexts: {en: x}\n",
		"snippets/sn.a.yaml", "source: xx-invalid-language-tag-that-is-long\ntexts: {en_US: x, en-us: y}\noutdated: [fr]\n",
	))
	var fault *catalog.LoadError
	if !errors.As(err, &fault) {
		t.Fatalf("%v", err)
	}
	for _, want := range []string{
		`defaults.yaml:1:16: unknown email template "pag"; did you mean "page"?`,
		`emails/page.hbs:3:6: styles: "q" is no element that Markdown makes`,
		`emails/half.hbs:1: the front matter that begins here has no closing "---" line`,
		`emails/lone.txt.hbs: there is no emails/lone.hbs that this is the text of`,
		`shortcuts/a.yaml:2:1: unknown key "mesage"; did you mean "message"?`,
		`shortcuts/a.yaml:3:13: unknown visibility "team": want public, private, teams, or users`,
		`shortcuts/b.yaml:1:7: the shortcut "same" is already defined in shortcuts/a.yaml`,
		`shortcuts/b.yaml:5:5: unknown channel "fax": want email, sms, chat, or note`,
		`shortcuts/c.yaml:1:10: anchors and aliases are not used here; write the value out`,
		`shortcuts/c.yaml:3:7: tags: wants a list, not a text`,
		`shortcuts/d.yaml:2:1: the key "message" stands here twice`,
		`shortcuts/d.yaml:3:1: a second document begins here; a file holds one`,
		`shortcuts/e.yml: only *.yaml files belong here`,
		`shortcuts/f.yaml: the file is empty`,
		`shortcuts/g.yaml: the file is not UTF-8`,
		`shortcuts/h.yaml:1:10: subject: wants a text, not the date 2019-01-18; put it in quotes`,
		`shortcuts/h.yaml:2:10: message: wants a text, not the boolean true; put it in quotes`,
		`snippets/noprefix.yaml:1: a snippet's name begins with sn.`,
		`snippets/sn.a.yaml:1:9: source: "xx-invalid-language-tag-that-is-long" is no language tag`,
		`snippets/sn.a.yaml:2:16: texts: "en-us" and "en_US" are the same language`,
		`snippets/sn.a.yaml:3:12: outdated: there is no text for "fr"`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("lacks %s", want)
		}
	}
	if strings.Contains(err.Error(), "~") || strings.Contains(err.Error(), ".swp") {
		t.Error("an editor's files are no faults")
	}
	if t.Failed() {
		t.Log("\n" + err.Error())
	}
}

func TestVisibility(t *testing.T) {
	c := load(t,
		"shortcuts/open.yaml", "message: x\n",
		"shortcuts/mine.yaml", "message: x\nvisibility: private\nowner: kim\n",
		"shortcuts/teams.yaml", "message: x\nvisibility: teams\nteams: [orders]\n",
		"shortcuts/users.yaml", "message: x\nvisibility: users\nusers: [kim, robin]\n",
	)
	for _, actor := range []struct {
		catalog.Actor
		want string
	}{
		{catalog.Actor{}, "mine open teams users"},
		{catalog.Actor{User: "kim"}, "mine open users"},
		{catalog.Actor{User: "lee", Teams: []string{"orders"}}, "open teams"},
		{catalog.Actor{Teams: []string{"billing"}}, "open"},
	} {
		if got := strings.Join(c.ShortcutsFor(actor.Actor), " "); got != actor.want {
			t.Errorf("%+v is listed %s, want %s", actor.Actor, got, actor.want)
		}
	}
}

// Files that were written on Windows read like all others.
func TestWindowsFiles(t *testing.T) {
	windows := func(s string) string { return "\ufeff" + strings.ReplaceAll(s, "\n", "\r\n") }
	files := []string{"emails/default.hbs", rendertest.LayoutEmail, "defaults.yaml", "replyTemplate: default\n", "snippets/sn.greeting.yaml", rendertest.GreetingSnippet,
		"shortcuts/s.yaml", "subject: x\nmessage: |\n  [[sn.greeting]]\n\n  {{#if customer.firstName}}\n  yes\n  {{/if}}\n"}
	want := renderOne(t, open(t, load(t, files...), "s"), catalog.Email, `{"customer":{"firstName":"A"}}`, "")
	for i := 1; i < len(files); i += 2 {
		files[i] = windows(files[i])
	}
	got := renderOne(t, open(t, load(t, files...), "s"), catalog.Email, `{"customer":{"firstName":"A"}}`, "")
	if got.HTML != want.HTML || got.Text != want.Text {
		t.Errorf("got %q, want %q", got.HTML, want.HTML)
	}
	files[7] += "  {{#each x}}"
	_, err := load(t, files...).Bundle("s")
	if err == nil || !strings.HasPrefix(err.Error(), "shortcuts/s.yaml:8:3:") {
		t.Errorf("%v", err)
	}
}

// Equal catalogs give equal hashes and bundles; a bundle holds what it needs
// and no more, and does not change with the catalog.
func TestBundle(t *testing.T) {
	files := []string{"snippets/sn.greeting.yaml", rendertest.GreetingSnippet, "snippets/sn.other.yaml", "source: en\ntexts: {en: x}\n",
		"emails/default.hbs", rendertest.LayoutEmail, "emails/unused.hbs", "{{{draft.htmlBody}}}", "defaults.yaml", "replyTemplate: default\n",
		"attachments/b.pdf", "%PDF b", "attachments/a.txt", "a", "attachments/unused.txt", "u",
		"shortcuts/s.yaml", "subject: x\nmessage: \"[[sn.greeting]]\"\nattachments: [b.pdf, a.txt]\nchannels: {sms: {message: y, attachments: []}}\n"}
	c := load(t, files...)
	b, err := c.Bundle("s")
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Snippets) != 1 || len(b.Emails) != 1 || len(b.Attachments) != 2 || b.Attachments[0].Name != "a.txt" {
		t.Errorf("%s", b.Encode())
	}
	if got := b.AttachmentsFor(catalog.Email); len(got) != 2 || got[0].Name != "b.pdf" {
		t.Errorf("email attaches %+v", got)
	}
	if got := b.AttachmentsFor(catalog.SMS); len(got) != 0 {
		t.Errorf("sms attaches %+v", got)
	}
	if data, err := c.Attachment(b.Attachments[0].SHA256); err != nil || string(data) != "a" {
		t.Errorf("%q, %v", data, err)
	}
	again, err := load(t, files...).Bundle("s")
	if err != nil || !bytes.Equal(again.Encode(), b.Encode()) || again.Hash() != b.Hash() {
		t.Errorf("a second load gives another bundle: %v", err)
	}
	files[1] = strings.Replace(rendertest.GreetingSnippet, "Hallo", "Servus", 1)
	if load(t, files...).Hash() == c.Hash() {
		t.Error("a changed snippet leaves the hash")
	}
	for _, bad := range []string{"", "{}", "null", `{"version":2,"shortcut":{"name":"x"}}`, `{"version":1,"shortcut":{"name":"a b"}}`, `{"version":1,"shortcut":{"name":"x"},"more":1}`} {
		if _, err := catalog.DecodeBundle([]byte(bad)); err == nil {
			t.Errorf("%q decodes", bad)
		}
	}
}

func TestNamesTitlesAndNotes(t *testing.T) {
	p := open(t, load(t, "snippets/sn.greeting.yaml", rendertest.GreetingSnippet,
		"emails/note.hbs", "{{{draft.htmlBody}}}", "emails/note.txt.hbs", "**Note for {{customer.firstName}}**\n\n{{draft.textBody}}\n",
		"defaults.yaml", "noteTemplate: note\n",
		"shortcuts/s.yaml", "name: greet-[[sn.greeting]]-{{customer.firstName}}\nsubject: x\nmessage: \"*hi* {{customer.firstName}}\"\n"), "greet-[[sn.greeting]]-{{customer.firstName}}")
	req := Request{Channel: catalog.Note, Context: []byte(`{"customer":{"firstName":"A*a"}}`), Locale: "fr"}
	if title, err := p.Title(context.Background(), req); err != nil || title != "greet-Bonjour A*a-A*a" {
		t.Errorf("title %q, %v", title, err)
	}
	note, err := p.Render(context.Background(), req)
	if want := "**Note for A\\*a**\n\n*hi* A\\*a"; err != nil || note.Text != want {
		t.Errorf("note %q, %v; want %q", note.Text, err, want)
	}
	req.Channel = catalog.Chat
	if chat, err := p.Render(context.Background(), req); err != nil || chat.Text != "*hi* A\\*a" {
		t.Errorf("chat %q, %v", chat.Text, err)
	}
}

// One Prepared serves many at once; run with -race.
func TestRenderConcurrently(t *testing.T) {
	p := open(t, sampleCatalog(t), templates.DemoShortcut)
	want := make(map[string]string)
	locales := []string{"en", "de", "fr", "es", "ja", "en-gb"}
	for _, locale := range locales {
		for _, channel := range catalog.Channels() {
			c := renderOne(t, p, channel, string(templates.DemoContext()), locale)
			want[locale+string(channel)] = c.Subject + c.HTML + c.Text
		}
	}
	done := make(chan error, 8)
	fresh := open(t, sampleCatalog(t), templates.DemoShortcut)
	for worker := range 8 {
		go func() {
			for i := range 60 {
				locale, channel := locales[(i+worker)%len(locales)], catalog.Channels()[(i+worker)%4]
				c, err := fresh.Render(context.Background(), Request{Channel: channel, Context: templates.DemoContext(), Locale: locale})
				if err == nil && c.Subject+c.HTML+c.Text != want[locale+string(channel)] {
					err = errors.New("another content in " + locale)
				}
				if err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
