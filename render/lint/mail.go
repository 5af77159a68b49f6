package lint

import (
	"context"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/net/html"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/handlebars/syntax"
)

// Mail checks a rendered email as mail clients show it: its size, contrast, width on a phone, what large clients lack,
// whether its text says what its HTML says, alternatives of pictures, the subject's length. unsubscribe is the address with
// which its recipient unsubscribes; "" if the mail has none. The findings are warnings without a place.
func Mail(c *render.Content, unsubscribe string) []catalog.Finding {
	m, err := newMailCheck(c, unsubscribe)
	if err != nil {
		return nil // HTML that is nested too deep is told of where it is rendered
	}
	m.looks()
	m.words()
	out := make([]catalog.Finding, len(m.problems))
	for i, p := range m.problems {
		out[i] = catalog.Finding{Severity: catalog.Warning, Code: p.code, Message: p.message}
	}
	return out
}

// mailCheck checks one rendered mail.
type mailCheck struct {
	content  *render.Content
	html     string
	link     string // to unsubscribe
	page     *page
	problems []problem
	told     map[string]bool
}

// problem is something of a mail, and texts that it may be found by in the sources, the best one first.
type problem struct {
	code, message string
	written       []string
	fix           fixKind
}

// fixKind is what mends a problem.
type fixKind uint8

const (
	noFix    fixKind = iota
	imageFix         // a picture gets a style that keeps it within a phone
)

func newMailCheck(c *render.Content, unsubscribe string) (*mailCheck, error) {
	p, err := readPage(c.HTML)
	if err != nil {
		return nil, err
	}
	return &mailCheck{content: c, html: c.HTML, link: unsubscribe, page: p, told: map[string]bool{}}, nil
}

// looks checks what follows from elements and styles; words what follows from the texts between them.
func (m *mailCheck) looks() {
	m.faint()
	m.wide()
	m.unsupported()
	m.pictures()
}

func (m *mailCheck) words() {
	m.size()
	m.subject()
	m.twin()
	m.unsubscribe()
}

func (m *mailCheck) find(code string, written []string, message string) {
	m.findFixed(code, written, noFix, message)
}

func (m *mailCheck) findFixed(code string, written []string, fix fixKind, message string) {
	if key := code + message; !m.told[key] {
		m.told[key] = true
		m.problems = append(m.problems, problem{code, message, written, fix})
	}
}

// written are texts by which a style of an element, or of what is around it, may be found.
func (m *mailCheck) written(n *html.Node, property string, values ...string) []string {
	var out []string
	for at := n; at != nil; at = at.Parent {
		style := attributeOf(at, "style")
		if style != "" && (property == "" || strings.Contains(style, property)) {
			out = append(out, style)
		}
	}
	for _, v := range values {
		if v != "" {
			out = append(out, v)
		}
	}
	return out
}

// mails renders the email of every shortcut, on every way through its texts, in every language, and checks what comes out.
func (l *linter) mails(list []*catalog.Shortcut) {
	r, err := render.New(render.Options{})
	if err != nil {
		return
	}
	checked := make([]checkedMail, len(list))
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(list)) {
		workers.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(list)); i = next.Add(1) - 1 {
				checked[i] = l.mail(r, list[i])
			}
		})
	}
	workers.Wait()
	for i, c := range checked {
		for _, p := range c.problems {
			l.place(c.texts, list[i], p)
		}
	}
}

// checkedMail is what is wrong with a shortcut's email, and the texts that it is made of.
type checkedMail struct {
	texts    []catalog.Text
	problems []problem
}

// mail checks one email. It changes nothing of l.
func (l *linter) mail(r *render.Renderer, s *catalog.Shortcut) (out checkedMail) {
	if s.For(catalog.Email).Message == "" {
		return out
	}
	b, err := l.catalog.InlineBundle(*s)
	if err != nil {
		return out // reported where it stands
	}
	p, err := r.Open(b)
	if err != nil {
		return out
	}
	out.texts = mailTexts(b)
	link := ""
	if l.options.Bulk || slices.ContainsFunc(out.texts, func(t catalog.Text) bool { return strings.Contains(t.Text, "unsubscribe.url") }) {
		link = sampleUnsubscribe
	}
	languages := map[string]bool{"en": true}
	for _, snippet := range b.Snippets {
		for language := range snippet.Texts {
			languages[language] = true
		}
	}
	if l.options.Language != "" {
		languages = map[string]bool{l.options.Language: true}
	}
	seen, told := map[string]bool{}, map[string]bool{}
	ways := l.waysOf(out.texts, link)
	for _, language := range slices.Sorted(maps.Keys(languages)) {
		for _, way := range ways {
			c, err := p.Render(context.Background(), render.Request{Channel: catalog.Email, Context: way.context, Locale: language})
			if err != nil || seen[c.HTML+c.Text] {
				continue
			}
			seen[c.HTML+c.Text] = true
			m, err := newMailCheck(c, link)
			if err != nil {
				continue
			}
			m.told = told
			if frame := frameOf(c.HTML); way.long || !seen[frame] {
				seen[frame] = true
				m.looks()
			}
			m.words()
			for _, found := range m.problems {
				if !way.long || found.code != "subject_length" && found.code != "mail_size" { // of values that nobody has
					out.problems = append(out.problems, found)
				}
			}
		}
	}
	return out
}

// frameOf is a page without the texts between its tags: what it looks like follows from that alone, but for long words.
func frameOf(page string) string {
	out := make([]byte, 0, len(page)/2)
	for {
		_, rest, ok := strings.Cut(page, "<")
		if !ok {
			return string(out)
		}
		tag, after, _ := strings.Cut(rest, ">")
		out = append(append(out, '<'), tag...)
		page = after
		if strings.HasPrefix(tag, "style") {
			style, _, _ := strings.Cut(page, "</style")
			out = append(out, style...)
		}
	}
}

// sampleUnsubscribe stands for the recipient's link.
const sampleUnsubscribe = "https://mail.example/unsubscribe/AbCdEf0123456789"

// mailTexts are the texts that an email is made of: the layout, its text, partials, the message, snippets.
func mailTexts(b *catalog.Bundle) []catalog.Text {
	var out []catalog.Text
	s := &b.Shortcut
	if name := s.For(catalog.Email).EmailTemplate; b.Emails[name] != nil {
		out = append(out, b.Emails[name].Roles(name)...)
	}
	for _, name := range slices.Sorted(maps.Keys(b.Partials)) {
		out = append(out, catalog.PartialText(name, b.Partials[name]))
	}
	parts := s.For(catalog.Email)
	for _, t := range s.Texts() {
		switch path := strings.TrimPrefix(t.Name, s.Name+"/"); path {
		case parts.Path("message"), parts.Path("subject"), parts.Path("preheader"):
			out = append(out, t)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(b.Snippets)) {
		out = append(out, b.Snippets[name].Roles()...)
	}
	return out
}

// place reports a problem where its author can mend it: where what is wrong is written, else at the message.
func (l *linter) place(texts []catalog.Text, s *catalog.Shortcut, p problem) {
	for _, needle := range p.written {
		if len(needle) < 3 {
			continue
		}
		for i := range texts {
			at := strings.Index(texts[i].Text, needle)
			if at < 0 {
				continue
			}
			t := l.parse(&texts[i])
			t.tell(syntax.Span{Start: at, End: at + len(needle)}, mend(&texts[i], at, p.fix), catalog.Warning, p.code, p.message)
			return
		}
	}
	parts := s.For(catalog.Email)
	path := "message"
	if p.code == "subject_length" {
		path = "subject"
	}
	for i := range texts {
		if texts[i].Name == s.Name+"/"+parts.Path(path) {
			l.start(&texts[i], catalog.Warning, p.code, "%s", p.message)
			return
		}
	}
}

// mend are the edits that mend a problem of the tag around at; nil if only the author can.
func mend(t *catalog.Text, at int, kind fixKind) []edit {
	if kind != imageFix {
		return nil
	}
	begin := strings.LastIndex(t.Text[:at], "<img")
	if begin < 0 || strings.Contains(t.Text[begin:at], ">") {
		return nil
	}
	end := strings.IndexByte(t.Text[begin:], '>')
	if end < 0 || strings.Contains(t.Text[begin:begin+end], "style=") {
		return nil
	}
	after := begin + len("<img")
	return []edit{{syntax.Span{Start: after, End: after}, ` style="max-width:100%;height:auto"`}}
}
