package content

import (
	"regexp"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// Authors' Markdown has two things beside those of CommonMark and its tables:
//
//	[Pay now](https://shop.example/pay){.button}    a button; Pandoc's attributes of a link
//	> [!NOTE]                                       a callout; GitHub's alerts: NOTE, TIP, IMPORTANT, WARNING, CAUTION.
//	> The shop is closed on Monday.                 Words behind the mark are its title, as in Obsidian.
//
// Markdown that values bring in has neither.

// Classes of the elements that they become.
const (
	classButton  = "button"
	classButtons = "buttons" // of a paragraph that holds nothing but buttons
	classCallout = "callout"
	classTitle   = "callout-title"
)

// kinds are those of callouts, in the order of Words.
var kinds = [...]string{"note", "tip", "important", "warning", "caution"}

var (
	buttonMark  = regexp.MustCompile(`^\{:?[ \t]*\.button[ \t]*\}`)
	calloutMark = regexp.MustCompile(`^[ \t]*\[!(?i:(note|tip|important|warning|caution))\][ \t]*`)
)

// tokensKey is where a parser's context has the Tokens of an author's text.
var tokensKey = parser.NewContextKey()

// parsing is the context in which an author's text is parsed.
func parsing(t Tokens) parser.ParseOption {
	c := parser.NewContext()
	c.Set(tokensKey, t)
	return parser.WithContext(c)
}

// decorator finds buttons and callouts.
type decorator struct{}

// Transform implements goldmark's parser.ASTTransformer.
func (decorator) Transform(document *ast.Document, reader text.Reader, pc parser.Context) {
	t, ok := pc.Get(tokensKey).(Tokens)
	if !ok {
		return
	}
	source := reader.Source()
	var links []*ast.Link
	var quotes []*ast.Blockquote
	_ = ast.Walk(document, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // the function gives no error
		switch n := n.(type) {
		case *ast.Link:
			if entering {
				links = append(links, n)
			}
		case *ast.Blockquote:
			if entering {
				quotes = append(quotes, n)
			}
		}
		return ast.WalkContinue, nil
	})
	for _, n := range links {
		markButton(n, source)
		if p, ok := n.Parent().(*ast.Paragraph); ok && onlyButtons(p, source, t) {
			p.SetAttributeString("class", []byte(classButtons))
		}
	}
	for _, q := range quotes {
		markCallout(q, source, t)
	}
}

// buttonAt is the attribute of a button's link that says where its mark stands in the source.
const buttonAt = "mark"

// markButton makes a link a button if the mark of one follows.
func markButton(n *ast.Link, source []byte) {
	behind, ok := n.NextSibling().(*ast.Text)
	if !ok {
		return
	}
	begin := behind.Segment.Start
	mark := buttonMark.FindIndex(source[begin:])
	if mark == nil {
		return
	}
	n.SetAttributeString("class", []byte(classButton))
	end := begin + mark[1]
	n.SetAttributeString(buttonAt, cut{begin: begin, end: end})
	for ; ok && behind.Segment.Start < end; behind, ok = behind.NextSibling().(*ast.Text) { // a parser may have cut it at a colon or a blank
		behind.Segment = behind.Segment.WithStart(min(end, behind.Segment.Stop))
	}
}

// isButton says whether a link is a button, and where its mark stands.
func isButton(n ast.Node) (mark cut, ok bool) {
	if v, found := n.AttributeString(buttonAt); found {
		mark, ok = v.(cut)
	}
	return mark, ok
}

// onlyButtons says whether a paragraph holds nothing else.
func onlyButtons(p *ast.Paragraph, source []byte, t Tokens) bool {
	for c := p.FirstChild(); c != nil; c = c.NextSibling() {
		if _, ok := isButton(c); ok {
			continue
		}
		words, ok := c.(*ast.Text)
		if !ok || strings.TrimSpace(t.withoutEmpty(string(words.Segment.Value(source)))) != "" {
			return false
		}
	}
	return true
}

// calloutTitle is the first line of a callout.
type calloutTitle struct {
	ast.BaseBlock
	mark cut  // the mark in the source, with the blanks behind it
	kind int  // of kinds
	own  bool // the author wrote a title
}

var kindTitle = ast.NewNodeKind("CalloutTitle")

// Kind implements ast.Node.
func (*calloutTitle) Kind() ast.NodeKind { return kindTitle }

// Dump implements ast.Node.
func (n *calloutTitle) Dump(source []byte, level int) { ast.DumpHelper(n, source, level, nil, nil) }

// titleOf is the title of a callout; nil if n is none.
func titleOf(n ast.Node) *calloutTitle {
	title, _ := n.FirstChild().(*calloutTitle)
	return title
}

// markCallout makes a quotation a callout if it begins with the mark of one.
func markCallout(q *ast.Blockquote, source []byte, t Tokens) {
	p, ok := q.FirstChild().(*ast.Paragraph)
	if !ok || p.Lines().Len() == 0 {
		return
	}
	line := p.Lines().At(0)
	mark := calloutMark.FindSubmatch(line.Value(source))
	if mark == nil {
		return
	}
	title := &calloutTitle{mark: cut{begin: line.Start, end: line.Start + len(mark[0])}}
	for i, kind := range kinds {
		if strings.EqualFold(kind, string(mark[1])) {
			title.kind = i
		}
	}
	words := strings.TrimSpace(string(source[title.mark.end:line.Stop]))
	title.own = words != ""
	takeTitle(p, title)
	if !title.own {
		title.AppendChild(title, ast.NewString(t.append(nil, title.kind, kindWord)))
	}
	q.InsertBefore(q, p, title)
	if p.FirstChild() == nil {
		q.RemoveChild(q, p)
	} else {
		p.Lines().SetSliced(1, p.Lines().Len())
	}
	q.SetAttributeString("class", []byte(classCallout+" "+classCallout+"-"+kinds[title.kind]))
}

// takeTitle moves what stands behind the mark, in the first line of a paragraph, to the title.
func takeTitle(p *ast.Paragraph, title *calloutTitle) {
	for c := p.FirstChild(); c != nil; {
		next := c.NextSibling()
		words, isText := c.(*ast.Text)
		ends := isText && (words.SoftLineBreak() || words.HardLineBreak())
		if isText && words.Segment.Start < title.mark.end {
			words.Segment = words.Segment.WithStart(min(title.mark.end, words.Segment.Stop))
		}
		p.RemoveChild(p, c)
		if title.own {
			if ends {
				words.SetSoftLineBreak(false)
				words.SetHardLineBreak(false)
			}
			title.AppendChild(title, c)
		}
		if ends {
			return
		}
		c = next
	}
}

// titleRenderer writes the titles of callouts.
type titleRenderer struct{}

// RegisterFuncs implements goldmark's renderer.NodeRenderer.
func (titleRenderer) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(kindTitle, func(w util.BufWriter, _ []byte, _ ast.Node, entering bool) (ast.WalkStatus, error) {
		tag := "</div>\n"
		if entering {
			tag = `<div class="` + classTitle + `">`
		}
		_, err := w.WriteString(tag)
		return ast.WalkContinue, err
	})
}

// undecorated are the cuts that turn buttons and callouts into what every chat understands: links, and quotations whose
// first line is bold.
func undecorated(document ast.Node, t Tokens) []cut {
	var cuts []cut
	_ = ast.Walk(document, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // the function gives no error
		if mark, ok := isButton(n); ok && entering {
			cuts = append(cuts, mark)
		}
		if title, ok := n.(*calloutTitle); ok && entering {
			mark := title.mark
			if title.own {
				if _, end, found := boundsOf(title); found {
					mark.instead = "**"
					cuts = append(cuts, mark, cut{begin: end, end: end, instead: "**"})
				}
				return ast.WalkContinue, nil
			}
			mark.instead = "**" + t.Token(title.kind, kindWord) + "**"
			cuts = append(cuts, mark)
		}
		return ast.WalkContinue, nil
	})
	return cuts
}
