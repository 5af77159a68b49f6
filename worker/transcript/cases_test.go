package transcript

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/heraldsend/herald/worker/task"
)

// transcriptCase is a small conversation, and what must hold of its transcript. Why says why it must.
type transcriptCase struct {
	Case    string `json:"case"`
	Request struct {
		Conversation json.RawMessage `json:"conversation"`
	} `json:"request"`
	Want struct {
		HTMLHas   words   `json:"htmlHas"`
		HTMLLacks words   `json:"htmlLacks"`
		TextHas   words   `json:"textHas"`
		TextLacks words   `json:"textLacks"`
		TextOnce  words   `json:"textOnce"`
		Links     *[]link `json:"links"` // of the page, in order
		Error     string  `json:"error"`
	} `json:"want"`
	Why string `json:"why"`
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

func TestTranscriptCases(t *testing.T) {
	data, err := os.ReadFile("testdata/cases.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	w := newForwarder(t)
	for line := range bytes.Lines(data) {
		var c transcriptCase
		d := json.NewDecoder(bytes.NewReader(line))
		d.DisallowUnknownFields()
		if err := d.Decode(&c); err != nil {
			t.Fatalf("%v: %.100s", err, line)
		}
		t.Run(c.Case, func(t *testing.T) {
			made, err := makeOne(t, w, task.Forward{Locale: "en-us"}, c.Request.Conversation)
			if c.Want.Error != "" {
				if err == nil || !strings.Contains(err.Error(), c.Want.Error) {
					t.Errorf("error %v, want one that says %q: %s", err, c.Want.Error, c.Why)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			c.check(t, made.Message.HTML, made.Message.Text)
		})
	}
}

func (c *transcriptCase) check(t *testing.T, page, text string) {
	fail := func(what string, args ...any) {
		t.Helper()
		t.Errorf(what+"\n%s\nHTML\n%s\ntext\n%s", append(args, c.Why, body(page), text)...)
	}
	for _, s := range c.Want.HTMLHas {
		if !strings.Contains(page, s) {
			fail("the HTML lacks %q", s)
		}
	}
	for _, s := range c.Want.HTMLLacks {
		if strings.Contains(body(page), s) {
			fail("the HTML has %q", s)
		}
	}
	for _, s := range c.Want.TextHas {
		if !strings.Contains(text, s) {
			fail("the text lacks %q", s)
		}
	}
	for _, s := range c.Want.TextLacks {
		if strings.Contains(text, s) {
			fail("the text has %q", s)
		}
	}
	for _, s := range c.Want.TextOnce {
		if n := strings.Count(text, s); n != 1 {
			fail("the text has %q %d times", s, n)
		}
	}
	if c.Want.Links == nil {
		return
	}
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	links := []link{}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode || n.Data != "a" {
			continue
		}
		l := link{}
		for d := range n.Descendants() {
			if d.Type == html.TextNode {
				l.Text += d.Data
			}
		}
		for _, a := range n.Attr {
			if a.Key == "href" {
				l.Href = a.Val
			}
		}
		links = append(links, l)
	}
	if !slices.Equal(links, *c.Want.Links) {
		fail("links %q, want %q", links, *c.Want.Links)
	}
}

// body is a page without its head, where styles stand.
func body(page string) string { return page[strings.Index(page, "<body"):] }
