package lint

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/text/width"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/render/plain"
)

// gmailClips is how much HTML Gmail shows before it hides the rest behind a link, in bytes.
const gmailClips = 102 << 10

// longSubject is what the lists of large clients show of a subject on a wide screen, in columns.
const longSubject = 90

func (m *mailCheck) size() {
	if n := len(m.html); n > gmailClips {
		m.find("mail_size", nil, fmt.Sprintf("the HTML has %d KB, and Gmail hides what comes after 102", n>>10))
	}
}

func (m *mailCheck) subject() {
	columns := 0
	for _, r := range m.content.Subject {
		switch columns++; width.LookupRune(r).Kind() {
		case width.EastAsianWide, width.EastAsianFullwidth:
			columns++
		}
	}
	if columns > longSubject {
		m.find("subject_length", nil, fmt.Sprintf("the subject is %d columns wide: lists of mails cut it at %d or before", columns, longSubject))
	}
}

// pictures wants words for those who don't see a picture: many clients show none at first.
func (m *mailCheck) pictures() {
	for n := range m.page.root.Descendants() {
		if n.Type != html.ElementNode || n.Data != "img" || m.page.in(light)[n].hidden {
			continue
		}
		src := attributeOf(n, "src")
		switch alt := attributeOf(n, "alt"); {
		case !hasAttribute(n, "alt"):
			m.find("image_alt", []string{src, "<img"}, "a picture has no alt: many mail clients show no pictures at first; alt=\"\" is for those that only decorate")
		case strings.TrimSpace(alt) == "" && isAllOfLink(n):
			m.find("image_alt", []string{src, "<img"}, "a picture that is a link's only content has no words in its alt: without pictures there is no link")
		}
	}
}

func isAllOfLink(n *html.Node) bool {
	for up := range n.Ancestors() {
		if up.Data == "a" {
			return strings.TrimSpace(innerText(up)) == ""
		}
	}
	return false
}

func innerText(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// twin compares the text with the HTML: every address, every number, and nearly all words must be there.
func (m *mailCheck) twin() {
	if slices.ContainsFunc(m.content.Issues, func(i render.Issue) bool { return i.Code == render.IssueUnsafeURL }) {
		return // an address that no value may have is told of where it stands
	}
	shown, err := plain.FromHTML(nil, m.html, plain.Options{Limit: 8 << 20, Link: func(label, _ string) string { return label }})
	if err != nil {
		return // told as a limit where it is rendered
	}
	if strings.TrimSpace(m.content.Text) == "" && strings.TrimSpace(shown) != "" {
		m.find("text_twin", nil, "the mail has no text for programs that show no HTML")
		return
	}
	said := wordsOf(m.content.Text + " " + m.content.Subject)
	var numbers, words []string
	all := 0
	for word := range wordsOf(shown) {
		all++
		switch {
		case said[word]:
		case strings.ContainsFunc(word, unicode.IsDigit):
			numbers = append(numbers, word)
		default:
			words = append(words, word)
		}
	}
	switch {
	case len(numbers) > 0:
		m.find("text_twin", []string{numbers[0]}, fmt.Sprintf("the text lacks %q, which the HTML shows", shortest(numbers)))
	case len(words)*10 > all || len(words) > 6:
		m.find("text_twin", []string{shortest(words)}, fmt.Sprintf("the text lacks %d of the %d words that the HTML shows, such as %q", len(words), all, shortest(words)))
	}
	m.links()
}

// links wants every address of the HTML in the text.
func (m *mailCheck) links() {
	for n := range m.page.root.Descendants() {
		if n.Type != html.ElementNode || n.Data != "a" || m.page.in(light)[n].hidden {
			continue
		}
		href := strings.TrimSpace(attributeOf(n, "href"))
		if href == "" || href == "#" {
			continue
		}
		address := href
		if u, err := url.Parse(href); err == nil && u.Opaque != "" {
			address = u.Opaque
		}
		if hasAddress(m.content.Text, address) || hasAddress(m.content.Text, plain.Shown(href)) || hasAddress(m.content.Text, strings.TrimSuffix(address, "/")) ||
			strings.Contains(m.content.Text, plain.Link(strings.Join(strings.Fields(innerText(n)), " "), href)) {
			continue
		}
		m.find("text_twin", []string{href, "<a"}, fmt.Sprintf("the text lacks the address of the link %q", short(strings.Join(strings.Fields(innerText(n)), " "))))
	}
}

// hasAddress says whether an address stands in a text, not as the beginning of another one. No address stands nowhere.
func hasAddress(text, address string) bool {
	for address != "" {
		_, rest, ok := strings.Cut(text, address)
		if !ok {
			return false
		}
		next, _ := utf8.DecodeRuneInString(rest)
		if rest == "" || !unicode.IsLetter(next) && !unicode.IsDigit(next) && (next != '/' || len(rest) == 1 || rest[1] <= ' ') {
			return true
		}
		text = rest
	}
	return false
}

// unsubscribe wants a link that everyone sees, in both texts.
func (m *mailCheck) unsubscribe() {
	if m.link == "" {
		return
	}
	seen := false
	for n := range m.page.root.Descendants() {
		if n.Type == html.ElementNode && n.Data == "a" && attributeOf(n, "href") == m.link && !m.page.in(light)[n].hidden {
			seen = seen || strings.TrimSpace(innerText(n)) != "" || strings.Contains(m.html, "<img") && isPictureLink(n)
		}
	}
	inText := strings.Contains(m.content.Text, m.link)
	switch {
	case !seen && !inText:
		m.find("unsubscribe", nil, "the mail has no visible link to unsubscribe: write {{#if unsubscribe.url}}<a href=\"{{unsubscribe.url}}\">…</a>{{/if}}")
	case !seen:
		m.find("unsubscribe", []string{"unsubscribe.url"}, "the HTML has no visible link to unsubscribe, and the text has one")
	case !inText:
		m.find("unsubscribe", []string{"unsubscribe.url"}, "the text has no address to unsubscribe, and the HTML has one")
	}
}

func isPictureLink(n *html.Node) bool {
	for d := range n.Descendants() {
		if d.Data == "img" && attributeOf(d, "alt") != "" {
			return true
		}
	}
	return false
}

// wordsOf are the words and numbers of a text, folded.
func wordsOf(s string) map[string]bool {
	out := map[string]bool{}
	for word := range strings.FieldsFuncSeq(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) }) {
		if utf8.RuneCountInString(word) > 1 || strings.ContainsFunc(word, unicode.IsDigit) {
			out[strings.ToLower(word)] = true
		}
	}
	return out
}

// shortest is the first of the shortest words, so that it is the same each time.
func shortest(words []string) string {
	out := words[0]
	for _, w := range words[1:] {
		if len(w) < len(out) || len(w) == len(out) && w < out {
			out = w
		}
	}
	return short(out)
}

func short(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}
