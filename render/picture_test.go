package render

import (
	"errors"
	"strings"
	"testing"

	"github.com/heraldsend/herald/render/catalog"
)

// A picture of the catalog travels within the email, wherever a template shows it; other channels get its text.
func TestPictures(t *testing.T) {
	c := load(t, "attachments/bike.png", "\x89PNG1", "attachments/my logo.png", "\x89PNG2", "attachments/guide.pdf", "%PDF",
		"emails/page.hbs", "<html><body><p><img alt=\"Logo\" src='attachments/my%20logo.png'></p>{{{draft.htmlBody}}}</body></html>\n",
		"snippets/sn.bike.yaml", "source: en\ntexts:\n  en: \"![A bike](attachments/bike.png)\"\n",
		"shortcuts/s.yaml", "subject: x\nemailTemplate: page\nattachments: [guide.pdf, bike.png]\nmessage: |\n  See [[sn.bike]] <img src=\"./attachments/bike.png\" alt=\"again\"> ![b](https://shop.example/attachments/c.png)\n")
	b, err := c.Bundle("s")
	if err != nil {
		t.Fatal(err)
	}
	ids := b.Pictures()
	if len(ids) != 2 {
		t.Fatalf("pictures %v", ids)
	}
	p := open(t, c, "s")
	mail := renderOne(t, p, catalog.Email, `{}`, "en")
	for _, want := range []string{
		`<img alt="Logo" src="cid:` + ids["my logo.png"] + `">`, `<img src="cid:` + ids["bike.png"] + `" alt="A bike"`,
		`<img src="cid:` + ids["bike.png"] + `" alt="again"`, `src="https://shop.example/attachments/c.png"`,
	} {
		if !strings.Contains(mail.HTML, want) {
			t.Errorf("the HTML lacks %s:\n%s", want, mail.HTML)
		}
	}
	if want := "Logo\n\nSee A bike again b\n"; mail.Text != want {
		t.Errorf("text %q, want %q", mail.Text, want)
	}
	var got []string
	for _, a := range mail.Attachments {
		got = append(got, a.Name+" "+a.ContentID)
	}
	want := []string{"guide.pdf ", "bike.png ", "bike.png " + ids["bike.png"], "my logo.png " + ids["my logo.png"]}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("attachments %q, want %q", got, want)
	}
	chat := renderOne(t, p, catalog.Chat, `{}`, "en")
	if !strings.HasPrefix(chat.Text, "See A bike <img") || len(chat.Attachments) != 2 {
		t.Errorf("chat %q with %d files", chat.Text, len(chat.Attachments))
	}
}

func TestMissingPictures(t *testing.T) {
	for name, files := range map[string][]string{
		"Markdown": {"shortcuts/s.yaml", "message: \"![a](attachments/bke.png)\"\n"},
		"HTML":     {"shortcuts/s.yaml", "format: html\nmessage: \"<img src='attachments/bke.png'>\"\n"},
		"template": {"shortcuts/s.yaml", "message: x\nemailTemplate: page\n", "emails/page.hbs", "<td background=\"attachments/bke.png\">{{{draft.htmlBody}}}</td>\n"},
	} {
		_, err := load(t, append(files, "attachments/bike.png", "x")...).Bundle("s")
		var unknown *catalog.UnknownError
		if !errors.As(err, &unknown) || unknown.Kind != "attachment" || unknown.Suggestion != "bike.png" {
			t.Errorf("%s: %v, want an unknown attachment", name, err)
		}
	}
	p := open(t, load(t, "shortcuts/s.yaml", "subject: x\nmessage: \"![a](attachments/{{x}}.png)\"\n"), "s")
	mail := renderOne(t, p, catalog.Email, `{"x":"bike"}`, "")
	if !strings.Contains(mail.HTML, `src="#"`) || len(mail.Issues) != 1 || mail.Issues[0].Code != IssueUnsafeURL {
		t.Errorf("a file named by a value: %s, %v", mail.HTML, mail.Issues)
	}
}
