package render

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	goldmarkhtml "github.com/yuin/goldmark/renderer/html"
	"golang.org/x/net/html"

	"github.com/heraldsend/herald/render/catalog"
)

// holed writes Markdown with holes {{h0}}, {{h1}}, …
type holed struct {
	*rand.Rand
	holes int
}

func (h *holed) hole() string {
	h.holes++
	if h.IntN(6) == 0 {
		return fmt.Sprintf("{{#if h%d}}{{h%[1]d}}{{/if}}", h.holes-1)
	}
	return fmt.Sprintf("{{h%d}}", h.holes-1)
}

// inline writes part of a line. Marks within others are of another kind: what *a **b*** means hangs on its words.
func (h *holed) inline(depth int) string {
	switch n := h.IntN(13); {
	case n < 3:
		return []string{"word", "zwei", "3rd", "a - b", "x_y", "(so)", "end."}[h.IntN(7)]
	case n < 6:
		return h.hole()
	case n < 9 && depth < 3:
		marks := [][]string{{"**", "*"}, {"~~"}, {"__", "_"}}[depth]
		mark := marks[h.IntN(len(marks))]
		return mark + h.inlines(depth+1) + mark
	case n == 9:
		return "`" + h.hole() + "`"
	case n == 10:
		return "[" + h.hole() + " x](https://shop.example/" + h.hole() + ")"
	case n == 11:
		return "![" + h.hole() + "](https://shop.example/i.png)"
	}
	return h.hole() + " - " + h.hole()
}

func (h *holed) inlines(depth int) string {
	parts := make([]string, 1+h.IntN(3))
	for i := range parts {
		parts[i] = h.inline(depth)
	}
	return strings.Join(parts, " ")
}

func (h *holed) block() string {
	line := func() string { return h.inlines(0) }
	switch h.IntN(9) {
	case 0:
		return strings.Repeat("#", 1+h.IntN(3)) + " " + line()
	case 1:
		return "- " + line() + "\n- " + line() + "\n- " + line()
	case 2:
		return "1. " + line() + "\n2. " + line()
	case 3:
		return "> " + line() + "\n> " + line()
	case 4:
		return "| a | b |\n|---|---|\n| " + line() + " | " + line() + " |\n| " + h.hole() + " | c |"
	case 5:
		return line() + "\n==="
	case 6:
		return "---"
	case 7:
		return line() + "\n- " + line() + "\n- last"
	}
	return line() + "\n" + line() + "\n" + line()
}

// Filling some holes of a message with nothing leaves the structure of the rest as with words.
func TestEmptyValues(t *testing.T) {
	for seed := range uint64(500) {
		checkEmptyValues(t, seed)
	}
}

func FuzzEmptyValues(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(func(t *testing.T, seed uint64) { checkEmptyValues(t, seed) })
}

func checkEmptyValues(t *testing.T, seed uint64) {
	t.Helper()
	h := &holed{Rand: rand.New(rand.NewPCG(seed, 7))}
	blocks := make([]string, 1+h.IntN(4))
	for i := range blocks {
		blocks[i] = h.block()
	}
	source := strings.Join(blocks, "\n\n")
	b, err := load(t).InlineBundle(catalog.Shortcut{Name: "inline", Message: source, EmailTemplate: catalog.NoTemplate})
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
	words, some := map[string]string{}, map[string]string{}
	var emptied []string
	for i := range h.holes {
		name, word := fmt.Sprintf("h%d", i), fmt.Sprintf("Word%dx", i)
		words[name], some[name] = word, word
		if h.IntN(2) == 0 {
			some[name] = ""
			emptied = append(emptied, word)
		}
	}
	content := func(channel catalog.Channel, values map[string]string) *Content {
		data, err := json.Marshal(values)
		if err != nil {
			t.Fatal(err)
		}
		c, err := p.Render(context.Background(), Request{Channel: channel, Context: data})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	want := outline(t, content(catalog.Email, words).HTML, emptied)
	if got := outline(t, content(catalog.Email, some).HTML, nil); got != want {
		t.Errorf("seed %d, mail of\n%s\nwithout %v\ngot\n%s\nwant\n%s\n%s", seed, source, emptied, got, want, content(catalog.Email, some).HTML)
	}
	chat := content(catalog.Chat, some).Text
	want = outline(t, markdownPage(t, content(catalog.Chat, words).Text), emptied)
	if got := outline(t, markdownPage(t, chat), nil); got != want {
		t.Errorf("seed %d, chat of\n%s\nwithout %v\ngot\n%s\nwant\n%s\n%s", seed, source, emptied, got, want, chat)
	}
}

func markdownPage(t *testing.T, source string) string {
	t.Helper()
	markdown := goldmark.New(goldmark.WithExtensions(extension.Table, extension.Strikethrough), goldmark.WithRendererOptions(goldmarkhtml.WithHardWraps()))
	var b bytes.Buffer
	if err := markdown.Convert([]byte(source), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// outline is the structure of a page and its words, without those given. What then is hollow goes: marks, lines, and blocks
// of text. White space doesn't count.
func outline(t *testing.T, page string, without []string) string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for n := range root.Descendants() {
		if n.Type == html.TextNode {
			for i := len(without) - 1; i >= 0; i-- { // Word12x before Word1x
				n.Data = strings.ReplaceAll(n.Data, without[i], "")
			}
		}
	}
	prune(root)
	write(&b, root, without)
	return b.String()
}

var hollow = []string{"strong", "em", "del", "code", "p", "h1", "h2", "h3", "li", "ul", "ol", "blockquote", "br"}

// prune takes out elements that hold nothing, and breaks that divide nothing. Lists with nothing left between them are one, and
// whether a list is loose doesn't count.
func prune(n *html.Node) {
	for c := n.FirstChild; c != nil; {
		next := c.NextSibling
		prune(c)
		if c.Type == html.ElementNode && c.Data != "br" && c.FirstChild == nil && slices.Contains(hollow, c.Data) || c.Type == html.TextNode && strings.TrimSpace(c.Data) == "" {
			n.RemoveChild(c)
		}
		c = next
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		for next := c.NextSibling; next != nil && next.Data == c.Data && (c.Data == "ul" || c.Data == "ol"); next = c.NextSibling {
			adopt(c, next, nil)
			n.RemoveChild(next)
		}
		if p := c.FirstChild; c.Data == "li" && p != nil && p.Data == "p" {
			adopt(c, p, p)
			c.RemoveChild(p)
		}
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling { // what stood apart may now be one text
		for next := c.NextSibling; c.Type == html.TextNode && next != nil && next.Type == html.TextNode; next = c.NextSibling {
			c.Data += " " + next.Data
			n.RemoveChild(next)
		}
	}
	for c := n.FirstChild; c != nil; {
		next := c.NextSibling
		if c.Data == "br" && (c.PrevSibling == nil || next == nil || next.Data == "br") {
			n.RemoveChild(c)
		}
		c = next
	}
}

// adopt moves the children of from into to, before one of its own.
func adopt(to, from, before *html.Node) {
	for c := from.FirstChild; c != nil; c = from.FirstChild {
		from.RemoveChild(c)
		to.InsertBefore(c, before)
	}
}

func write(b *strings.Builder, n *html.Node, without []string) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type == html.TextNode {
			b.WriteString(strings.Join(strings.Fields(c.Data), " ") + ";")
			continue
		}
		b.WriteString("<" + c.Data)
		for _, a := range c.Attr {
			if a.Key == "href" || a.Key == "alt" {
				for i := len(without) - 1; i >= 0; i-- {
					a.Val = strings.ReplaceAll(a.Val, without[i], "")
				}
				b.WriteString(" " + a.Val)
			}
		}
		b.WriteString(">")
		write(b, c, without)
		b.WriteString("</" + c.Data + ">")
	}
}
