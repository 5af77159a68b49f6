// Package explain finds the origin of each piece of a content, runs authors' tests, and counts the branches that they
// reach.
package explain

import (
	"context"
	"slices"
	"strings"

	"github.com/aymerick/raymond/ast"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/content"
	"github.com/heraldsend/herald/render/handlebars"
	"github.com/heraldsend/herald/render/handlebars/syntax"
)

// Explanation has the origin of everything in a content.
type Explanation struct {
	Channel catalog.Channel `json:"channel"`
	Parts   []PartSpans     `json:"parts"`
	Uses    []SnippetUse    `json:"snippets,omitempty"`
	Issues  []render.Issue  `json:"issues,omitempty"` // Render's
}

// PartSpans is one part as its template printed it: Markdown before it becomes HTML.
type PartSpans struct {
	Part  string `json:"part"` // subject, preheader, message, layout
	Spans []Span `json:"spans"`
}

// Span is a piece of output with what produced it.
type Span struct {
	Text     string   `json:"text"`
	Kind     SpanKind `json:"kind"`
	Source   string   `json:"source,omitempty"` // of a field or helper: the expression
	Template string   `json:"template"`         // where it stands; see Catalog.Locate
	Line     int      `json:"line"`
	Column   int      `json:"column"`
	Snippet  string   `json:"snippet,omitempty"`  // the snippet that it stands in
	Language string   `json:"language,omitempty"` // of the snippet's text
	Branches []string `json:"branches,omitempty"` // the blocks that it stands in, outermost first: "ifCond a == b", "else of if x", "^if x"
}

// SpanKind is what produced a span.
type SpanKind string

// The kinds.
const (
	SpanText   SpanKind = "text"   // of the author
	SpanField  SpanKind = "field"  // a field's value
	SpanHelper SpanKind = "helper" // a helper's result
)

// SnippetUse is a snippet that was shown.
type SnippetUse struct {
	Name     string `json:"name"`
	Language string `json:"language"`
	Fallback bool   `json:"fallback"` // the message's languages have no text
}

// Explain renders like Render, with the same errors and issues, and separates the pieces.
func Explain(ctx context.Context, p *render.Prepared, req render.Request) (*Explanation, error) {
	rendered, parts, err := p.Trace(ctx, req)
	if err != nil {
		return nil, err
	}
	x := &explainer{texts: p.Bundle().Texts(), sources: make(map[string]*source)}
	out := &Explanation{Channel: req.Channel, Issues: rendered.Issues}
	for _, part := range parts {
		for _, e := range part.Trace.Scopes {
			x.uses(out, e)
		}
		if part.Name == "layout" && (req.Channel.Form() != catalog.FormHTML || strings.HasSuffix(part.Template, ".txt")) {
			continue // what the text of a layout prints, its HTML does too
		}
		out.Parts = append(out.Parts, PartSpans{Part: part.Name, Spans: x.spans(part)})
	}
	return out, nil
}

// explainer reads the templates of one bundle.
type explainer struct {
	texts   map[string]string
	sources map[string]*source
}

// source is what is known about one template.
type source struct {
	tree  *syntax.Tree
	tags  map[int]string // what stands in a tag, by where it begins
	sides map[int]syntax.Branch
}

func (x *explainer) source(template string) *source {
	s, ok := x.sources[template]
	if !ok {
		s = readSource(x.texts[template])
		x.sources[template] = s
	}
	return s
}

func readSource(text string) *source {
	s := &source{tree: syntax.Parse(text, syntax.Limits{Source: len(text), Nesting: maxNesting}), tags: map[int]string{}, sides: map[int]syntax.Branch{}}
	syntax.Walk(s.tree.Program, func(n ast.Node) bool {
		if m, ok := n.(*ast.MustacheStatement); ok {
			s.tags[m.Pos] = strings.TrimPrefix(s.tree.Inside(s.tree.Span(m)), "&")
		}
		if b, ok := n.(*ast.BlockStatement); ok && s.tree.Tags(b) != nil { // what a block itself returns
			s.tags[b.Expression.Path.Location().Pos] = strings.TrimPrefix(s.tree.Inside(s.tree.Tags(b).Open), "#")
		}
		return true
	})
	for _, b := range s.tree.Branches() {
		s.sides[b.Pos] = b
	}
	return s
}

// maxNesting is that of the engine at most: what compiled is read.
const maxNesting = 1000

// spans gives the pieces of an output.
func (x *explainer) spans(part render.Part) []Span {
	var out []Span
	for _, piece := range part.Trace.Pieces {
		text := shown(part.Output[piece.Start:piece.End])
		if text == "" {
			continue
		}
		from := x.source(piece.Template)
		s := Span{Text: text, Kind: SpanText, Template: piece.Template, Branches: x.branches(part.Trace, piece.Scope)}
		at := piece.Pos
		if piece.Kind == handlebars.PieceText {
			at += blanks(text)
		} else {
			s.Kind, s.Source = SpanField, from.tags[at]
		}
		if piece.Kind == handlebars.PieceCall {
			s.Kind = SpanHelper
		}
		s.Line, s.Column = from.tree.Position(at)
		if name, language, ok := strings.Cut(piece.Template, "@"); ok && strings.HasPrefix(name, catalog.SnippetPrefix) {
			s.Snippet, s.Language = name, language
		}
		out = append(out, s)
	}
	return out
}

// blanks is the length of white space at the beginning of text; 0 for text that is nothing else.
func blanks(text string) int {
	if n := len(text) - len(strings.TrimLeft(text, " \t\r\n\f\v")); n < len(text) {
		return n
	}
	return 0
}

// shown is the text of a piece of output. The message in a layout is a part of its own; it shows as an ellipsis.
func shown(output []byte) string {
	if content.IsBody(output) {
		return "…"
	}
	return string(content.Unmark(slices.Clone(output)))
}

// branches are the labels of the surrounding branches, outermost first.
func (x *explainer) branches(t *handlebars.Trace, scope int) []string {
	var labels []string
	for ; scope >= 0; scope = t.Scopes[scope].Outer {
		e := t.Scopes[scope]
		if side, ok := x.source(e.Template).sides[e.Pos]; ok && !e.Whole {
			labels = append(labels, side.Label)
		}
	}
	slices.Reverse(labels)
	return labels
}

// uses adds a snippet that was shown.
func (x *explainer) uses(out *Explanation, e handlebars.Entered) {
	name, language, ok := strings.Cut(e.Template, "@")
	if !ok || !e.Whole || !strings.HasPrefix(name, catalog.SnippetPrefix) || slices.ContainsFunc(out.Uses, func(u SnippetUse) bool { return u.Name == name && u.Language == language }) {
		return
	}
	fallback := slices.ContainsFunc(out.Issues, func(i render.Issue) bool { return i.Code == render.IssueSnippetFallback && i.Field == name })
	out.Uses = append(out.Uses, SnippetUse{Name: name, Language: language, Fallback: fallback})
}
