package content

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"

	"github.com/heraldsend/herald/render/meter"
)

// LayMarked takes the output of a Markdown message and finds its layout as Markdown, for chats and notes.
func (f *Filling) LayMarked(m *Message, output []byte) (*Laid, error) {
	return f.layMarked(&m.marked, output)
}

// LayNote takes the output of a note's template and finds its layout as Markdown.
func (f *Filling) LayNote(p *Page, output []byte) (*Laid, error) {
	return f.layMarked(&p.twins, output)
}

func (f *Filling) layMarked(c *layouts, output []byte) (*Laid, error) {
	f.take(output)
	if found, ok := c.All()[string(f.skeleton)]; ok {
		return found, nil
	}
	t := NewTokens(f.skeleton)
	l := markdownLayouter{builder: builder{tokens: t}}
	if err := l.layOut(f.Meter, f.Converter, t.insert(f.skeleton, true)); err != nil {
		return nil, f.limited(err)
	}
	text := l.done()
	return putLayout(c, f.skeleton, &Laid{text: text, HasBody: text.haveBody()}), nil
}

// markdownLayouter finds how each value of a Markdown message must be written at its place.
type markdownLayouter struct {
	builder
	source string
	code   []cut // where code stands
}

// cut is a part of a source.
type cut struct {
	begin, end int
	instead    string
}

func (l *markdownLayouter) layOut(m *meter.Meter, c *Converter, source string) error {
	source = ownPicture.ReplaceAllString(source, "$1")
	source = linkTitle.ReplaceAllStringFunc(source, func(title string) string {
		if !l.tokens.Has(title) {
			return title
		}
		return linkTitle.ReplaceAllString(title, "$1$2")
	})
	l.source = source
	decorated := strings.Contains(source, "[!") || strings.Contains(source, ".button")
	if l.tokens.Has(source) || decorated {
		parse := func() (ast.Node, error) {
			if err := checkTangle(m, source); err != nil {
				return nil, err
			}
			return c.markdown.Parser().Parse(text.NewReader([]byte(source)), parsing(l.tokens)), nil
		}
		document, err := parse()
		if err != nil {
			return err
		}
		emptied := l.tokens.hasEmpty(source)
		if emptied {
			source = applied(source, emptiedIn(document, source, l.tokens))
			if document, err = parse(); err != nil {
				return err
			}
		}
		if cuts := undecorated(document, l.tokens); len(cuts) > 0 {
			slices.SortStableFunc(cuts, func(a, b cut) int { return a.begin - b.begin })
			source = applied(source, cuts)
			if document, err = parse(); err != nil {
				return err
			}
		}
		if shown := l.withoutUnlabelled(source); emptied && shown != source {
			source = shown
			if document, err = parse(); err != nil {
				return err
			}
		}
		l.source, l.code = source, codeIn(document)
	}
	l.cut()
	return nil
}

// withoutUnlabelled is a source with the addresses of links that show nothing in their places: they can be followed.
func (l *markdownLayouter) withoutUnlabelled(source string) string {
	return labelled.ReplaceAllStringFunc(source, func(link string) string {
		if parts := labelled.FindStringSubmatch(link); strings.TrimSpace(l.tokens.withoutEmpty(parts[2])) == "" {
			return parts[1] + parts[3]
		}
		return link
	})
}

// cut cuts the source into pieces.
func (l *markdownLayouter) cut() {
	addresses := markdownAddresses.FindAllStringIndex(l.source, -1)
	line, done := lineShape{}, 0
	for {
		at, index, kind := l.tokens.Next(l.source[done:])
		if at < 0 {
			l.text(l.source[done:])
			return
		}
		at += done
		for len(addresses) > 0 && addresses[0][1] <= at {
			addresses = addresses[1:]
		}
		for len(l.code) > 0 && l.code[0].end <= at {
			l.code = l.code[1:]
		}
		inCode := len(l.code) > 0 && l.code[0].begin <= at
		line.see(l.source[done:at])
		if len(addresses) > 0 && !inCode && addresses[0][0] <= at {
			begin, end := l.addressBounds(addresses[0])
			if begin <= at && at < end {
				l.text(l.source[done:begin])
				l.hole(hole{context: holeMarkdownAddress, address: l.tokens.address(l.source[begin:end])})
				line.see(l.source[at:end])
				done = end
				continue
			}
		}
		l.text(l.source[done:at])
		done = at + l.tokens.Length()
		h := hole{context: holeMarkdown, value: index}
		switch {
		case kind == kindEmpty:
			continue
		case kind == kindWord:
			line.value()
			l.hole(hole{context: holeWord, value: index})
			continue
		case !isValue(kind):
			h.context = holeMarkdownBody
		case inCode:
			h.context = holeMarkdownCode
		case kind != KindValue:
			h.context = holeMarkdownRaw
		}
		h.breaks, h.inLink = line.breaks(), line.bracket
		h.inline = strings.TrimSpace(line.begin) != "" || done < len(l.source) && l.source[done] != '\n'
		line.value()
		l.hole(h)
	}
}

var (
	// linkTitle is the title of a link, which chats don't show: no value may end it.
	linkTitle = regexp.MustCompile(`(\]\([ \t]*(?:<[^<>\n]*>|[^\s()<>]+))[ \t]+(?:"[^"\n]*"|'[^'\n]*')([ \t]*\))`)
	// labelled is a link to the web, with its label and address.
	labelled = regexp.MustCompile(`(^|[^!\\])\[([^\[\]\n]*)\]\([ \t]*<?(https?://[^\s()<>]+)>?[ \t]*\)`)
)

// markdownAddresses finds the addresses of links, and bare addresses.
var markdownAddresses = regexp.MustCompile(`\]\([ \t]*<?[^\s)>]*|\b` + bareAddress)

// ownPicture is a picture of the catalog. Only emails have it; elsewhere its alternative text replaces it.
var ownPicture = regexp.MustCompile(`!\[([^\]]*)\]\([ \t]*<?(?:\./)?` + attachmentsFolder + `[^)\n]*\)`)

// addressBounds are the bounds of the address in a match of markdownAddresses.
func (l *markdownLayouter) addressBounds(match []int) (begin, end int) {
	begin, end = match[0], match[1]
	if strings.HasPrefix(l.source[begin:], "](") {
		begin += 2
		begin += len(l.source[begin:end]) - len(strings.TrimLeft(l.source[begin:end], " \t<"))
		return begin, end
	}
	for end > begin && strings.IndexByte("?!.,:*_~;'\")]", l.source[end-1]) >= 0 {
		if c := l.source[end-1]; c == ')' && strings.Count(l.source[begin:end], "(") >= strings.Count(l.source[begin:end], ")") ||
			c == ']' && strings.Count(l.source[begin:end], "[") >= strings.Count(l.source[begin:end], "]") {
			break
		}
		end--
	}
	return begin, end
}

// applied returns source without its cuts.
func applied(source string, cuts []cut) string {
	var b strings.Builder
	done := 0
	for _, c := range cuts {
		if c.end <= done && c.begin < done {
			continue
		}
		b.WriteString(source[done:max(c.begin, done)])
		b.WriteString(c.instead)
		done = c.end
	}
	b.WriteString(source[done:])
	return b.String()
}

// codeIn are the places of code, in order.
func codeIn(document ast.Node) []cut {
	var out []cut
	_ = ast.Walk(document, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // the function gives no error
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.CodeSpan:
			if begin, end, ok := boundsOf(n); ok {
				out = append(out, cut{begin: begin, end: end})
			}
		case *ast.FencedCodeBlock, *ast.CodeBlock:
			if lines := n.Lines(); lines.Len() > 0 {
				out = append(out, cut{begin: lines.At(0).Start, end: lines.At(lines.Len() - 1).Stop})
			}
		}
		return ast.WalkContinue, nil
	})
	return out
}

// boundsOf are the bounds of the text of an inline node.
func boundsOf(n ast.Node) (begin, end int, ok bool) {
	begin = -1
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // the function gives no error
		if t, isText := n.(*ast.Text); isText && entering {
			if begin < 0 {
				begin = t.Segment.Start
			}
			end = t.Segment.Stop
		}
		return ast.WalkContinue, nil
	})
	return begin, end, begin >= 0
}

// markdownLine says whether the current line already has letters: behind them, fewer characters have a meaning in
// Markdown.
type markdownLine struct {
	seen    int // of what was written
	letters bool
}

func (l *markdownLine) see(written []byte) {
	for _, c := range written[min(l.seen, len(written)):] {
		l.letters = c != '\n' && (l.letters || IsLetter(c))
	}
	l.seen = len(written)
}

// markdown appends a value of Markdown.
func (f *Filling) markdown(dst []byte, h *hole) []byte {
	value := f.value(h.value)
	switch {
	case h.context == holeMarkdownCode:
		for _, c := range bytes.TrimSpace(value) {
			switch c {
			case '`':
				c = '\''
			case '\n':
				c = ' '
			}
			dst = append(dst, c)
		}
		return dst
	case h.context == holeMarkdownRaw && f.Converter.harmless(f.Meter, value, h):
		return append(dst, value...)
	}
	f.line.see(dst)
	return appendMarkdown(dst, value, h.breaks, f.line.letters)
}

// markdownAddress encodes the characters that would end an address in Markdown.
var markdownAddress = strings.NewReplacer(" ", "%20", "\n", "%0A", "<", "%3C", ">", "%3E", "*", "%2A", "`", "%60")

// AppendTextAsMarkdown appends a plain text as Markdown that shows it unchanged: paragraphs stay, lines end in hard
// breaks.
func AppendTextAsMarkdown(dst, s []byte) []byte {
	for i, paragraph := range bytes.Split(bytes.TrimSpace(s), []byte("\n\n")) {
		if i > 0 {
			dst = append(dst, "\n\n"...)
		}
		dst = appendMarkdown(dst, paragraph, hardBreak, false)
	}
	return dst
}
