package render

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/templates"
)

func sampleCatalog(t testing.TB) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Load(templates.Catalog())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Every sample shortcut renders in every channel and language without an issue.
func TestSamplesRender(t *testing.T) {
	c := sampleCatalog(t)
	for _, name := range c.Shortcuts() {
		p := open(t, c, name)
		for _, channel := range catalog.Channels() {
			for _, locale := range []string{"en", "en-gb", "de", "es", "fr", "ja"} {
				content := renderOne(t, p, channel, string(templates.DemoContext()), locale)
				for _, issue := range content.Issues {
					t.Errorf("%s, %s, %s: %+v", name, channel, locale, issue)
				}
				if strings.Contains(content.HTML+content.Text+content.Subject, "{{") {
					t.Errorf("%s, %s, %s: a tag is left", name, channel, locale)
				}
			}
		}
	}
}

// The demo's mail shows what the documentation shows.
func TestDemoShortcut(t *testing.T) {
	p := open(t, sampleCatalog(t), templates.DemoShortcut)
	mail := renderOne(t, p, catalog.Email, string(templates.DemoContext()), "en")
	for _, want := range []string{
		"January 18, 2019", "Jan 18, 2019", "18 January 2019", "January 17, 2019 PST",
		"Ada, as a Diamond member", "Breakfast is included.", "Parcels that wait for you at the desk: 2",
		"I'm sorry about the trouble with your gear order.",
	} {
		if !strings.Contains(mail.Text, want) {
			t.Errorf("text lacks %q:\n%s", want, mail.Text)
		}
	}
	standard := strings.Replace(string(templates.DemoContext()), "Diamond", "Silver", 1)
	if mail := renderOne(t, p, catalog.Email, standard, "en"); !strings.Contains(mail.Text, "Ada, check-out is at 11 am") {
		t.Errorf("else branch:\n%s", mail.Text)
	}
	if mail := renderOne(t, p, catalog.Email, standard, "ja"); !strings.Contains(mail.Text, "ご注文の用品に不備があり") {
		t.Errorf("japanese:\n%s", mail.Text)
	}
	if len(mail.Attachments) != 1 || mail.Attachments[0].Name != "welcome-guide.pdf" || mail.Attachments[0].Type != "application/pdf" {
		t.Errorf("attachments: %+v", mail.Attachments)
	}
}

func TestDemoAudience(t *testing.T) {
	rows, err := csv.NewReader(bytes.NewReader(templates.DemoAudience())).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 1001 {
		t.Fatalf("%d rows, want a header and 1,000", len(rows))
	}
	locales, invalid, large := map[string]int{}, 0, 0
	for _, row := range rows[1:] {
		locales[row[3]]++
		if !strings.Contains(row[0], "@") {
			invalid++
		}
		if row[len(row)-1] == "catalogue.pdf" {
			large++
		}
	}
	if invalid != 1 || large != 1 {
		t.Errorf("%d invalid addresses and %d large attachments, want 1 and 1", invalid, large)
	}
	for _, locale := range []string{"en", "en-gb", "fr", "de", "ja"} {
		if locales[locale] < 50 {
			t.Errorf("%d rows in %s", locales[locale], locale)
		}
	}
	if !json.Valid(templates.DemoContext()) {
		t.Error("the demo's context is no JSON")
	}
}
