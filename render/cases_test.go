package render

import (
	"bytes"
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/content"
)

// contentCase is a small message, and what must hold of it on a channel. Why says why it must.
type contentCase struct {
	Case    string      `json:"case"`
	Request caseRequest `json:"request"`
	Want    caseWant    `json:"want"`
	Why     string      `json:"why"`
}

type caseRequest struct {
	Text    string          `json:"text"`
	Format  content.Format  `json:"format"`
	Context json.RawMessage `json:"context"`
	Channel catalog.Channel `json:"channel"`
	Locale  string          `json:"locale"` // en
	Inline  struct {
		Message string         `json:"message"`
		Subject string         `json:"subject"`
		Format  content.Format `json:"format"`
	} `json:"inline"`
}

// caseWant is what must hold of a content. HTML that is wanted has its attributes in double quotes; page and links are what
// a parser of HTML makes of it.
type caseWant struct {
	Text      *string `json:"text"`
	TextHas   words   `json:"textHas"`
	TextLacks words   `json:"textLacks"`
	TextOnce  words   `json:"textOnce"`
	HTMLHas   words   `json:"htmlHas"`
	HTMLLacks words   `json:"htmlLacks"`
	Links     *[]link `json:"links"`    // of the page, in order
	Elements  *words  `json:"elements"` // of the body, in order, without the page's own
	Issue     *bool   `json:"issue"`
	Codes     *words  `json:"issues"` // their codes, in order
}

type link struct {
	Href string `json:"href"`
	Text string `json:"text"`
}

// words are one or several texts.
type words []string

func (w *words) UnmarshalJSON(data []byte) error {
	if data[0] == '"' {
		*w = make(words, 1)
		return json.Unmarshal(data, &(*w)[0])
	}
	return json.Unmarshal(data, (*[]string)(w))
}

func TestContentCases(t *testing.T) {
	files, err := filepath.Glob("testdata/cases/*.jsonl")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(data) {
			var c contentCase
			d := json.NewDecoder(bytes.NewReader(line))
			d.DisallowUnknownFields()
			if err := d.Decode(&c); err != nil {
				t.Fatalf("%s: %v: %.100s", file, err, line)
			}
			t.Run(strings.TrimSuffix(filepath.Base(file), ".jsonl")+"/"+c.Case, c.check)
		}
	}
}

func (c *contentCase) render(t *testing.T) *Content {
	t.Helper()
	s := catalog.Shortcut{Name: "inline", Message: c.Request.Text, Format: c.Request.Format, Subject: "s", EmailTemplate: catalog.NoTemplate}
	if in := c.Request.Inline; in.Message != "" {
		s.Message, s.Format = in.Message, in.Format
	}
	b, err := load(t).InlineBundle(s)
	if err != nil {
		t.Fatal(err)
	}
	r, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := r.Open(b)
	if err != nil {
		t.Fatal(err)
	}
	return renderOne(t, p, c.Request.Channel, string(c.Request.Context), cmp.Or(c.Request.Locale, "en"))
}

func (c *contentCase) check(t *testing.T) {
	got, want := c.render(t), c.Want
	fail := func(what string, args ...any) {
		t.Helper()
		t.Errorf("%s: "+what+"\n%s\nHTML\n%s\ntext\n%s\nissues %+v", append(append([]any{c.Case}, args...), c.Why, got.HTML, got.Text, got.Issues)...)
	}
	if want.Text != nil && got.Text != *want.Text {
		fail("text %q, want %q", got.Text, *want.Text)
	}
	for _, s := range want.TextHas {
		if !strings.Contains(got.Text, s) {
			fail("the text lacks %q", s)
		}
	}
	for _, s := range want.TextLacks {
		if strings.Contains(got.Text, s) {
			fail("the text has %q", s)
		}
	}
	for _, s := range want.TextOnce {
		if n := strings.Count(got.Text, s); n != 1 {
			fail("the text has %q %d times", s, n)
		}
	}
	for _, s := range want.HTMLHas {
		if !strings.Contains(got.HTML, s) {
			fail("the HTML lacks %q", s)
		}
	}
	for _, s := range want.HTMLLacks {
		if strings.Contains(got.HTML, s) {
			fail("the HTML has %q", s)
		}
	}
	if want.Issue != nil && (len(got.Issues) > 0) != *want.Issue {
		fail("issues: want %v", *want.Issue)
	}
	if want.Codes != nil {
		codes := words{}
		for _, i := range got.Issues {
			codes = append(codes, i.Code)
		}
		if !slices.Equal(codes, *want.Codes) {
			fail("issues %v, want %v", codes, *want.Codes)
		}
	}
	page, err := html.Parse(strings.NewReader(got.HTML))
	if err != nil {
		t.Fatal(err)
	}
	if want.Links != nil {
		if links := linksOf(page); !slices.Equal(links, *want.Links) {
			fail("links %q, want %q", links, *want.Links)
		}
	}
	if want.Elements != nil {
		if elements := elementsOf(page); !slices.Equal(elements, *want.Elements) {
			fail("elements %q, want %q", elements, *want.Elements)
		}
	}
	for n := range page.Descendants() { // holds of every page
		if n.Data == "a" && n.Type == html.ElementNode {
			for up := range n.Ancestors() {
				if up.Data == "a" {
					fail("a link within a link")
				}
			}
		}
	}
	if strings.Contains(got.HTML+got.Text, "zq0hv") {
		fail("a token is left")
	}
}

func linksOf(page *html.Node) []link {
	links := []link{}
	for n := range page.Descendants() {
		if n.Type == html.ElementNode && n.Data == "a" {
			l := link{Text: textIn(n)}
			for _, a := range n.Attr {
				if a.Key == "href" {
					l.Href = a.Val
				}
			}
			links = append(links, l)
		}
	}
	return links
}

func textIn(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

func elementsOf(page *html.Node) []string {
	var elements []string
	for n := range page.Descendants() {
		if n.Type == html.ElementNode && !slices.Contains([]string{"html", "head", "body", "meta", "title"}, n.Data) {
			elements = append(elements, n.Data)
		}
	}
	return elements
}
