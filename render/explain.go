package render

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/content"
	"github.com/heraldsend/herald/render/handlebars"
	"github.com/heraldsend/herald/render/handlebars/syntax"
)

// Explanation says where everything in a content came from.
type Explanation struct {
	Channel catalog.Channel `json:"channel"`
	Parts   []PartSpans     `json:"parts"`
	Uses    []SnippetUse    `json:"snippets,omitempty"`
	Issues  []Issue         `json:"issues,omitempty"` // Render's
}

// PartSpans is one part as its template wrote it: Markdown before it becomes
// HTML.
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

// Explain renders as Render does, with the same errors and issues, and tells
// the pieces apart.
func (p *Prepared) Explain(ctx context.Context, req Request) (*Explanation, error) {
	content, err := p.Render(ctx, req)
	if err != nil {
		return nil, err
	}
	x, err := p.explainer()
	if err != nil {
		return nil, err
	}
	r := newRun()
	if err := r.begin(ctx, p, p.plans[req.Channel], req); err != nil {
		return nil, err
	}
	out := &Explanation{Channel: req.Channel, Issues: content.Issues}
	for _, part := range x.plans[req.Channel] {
		if part.name == "layout" {
			body := handlebars.String("…") // the message is a part of its own
			if slices.ContainsFunc(content.Issues, func(i Issue) bool { return i.Code == IssueEmptyMessage }) {
				body = handlebars.String("")
			}
			r.withDraft(content.Subject, content.Preheader, body, body)
		}
		output, err := r.execute(part.name, part.template, nil)
		if err != nil {
			return nil, shiftedError(shifts{}, err)
		}
		out.Parts = append(out.Parts, PartSpans{Part: part.name, Spans: x.spans(output)})
	}
	out.Uses = x.uses(out.Parts, r.exec.Languages)
	return out, nil
}

// explainer holds a bundle's templates with every run of text and every tag
// marked.
type explainer struct {
	runs  []markedRun // by id
	plans map[catalog.Channel][]explainedPart
}

type explainedPart struct {
	name     string
	template *handlebars.Template
}

// markedRun is a run of text or a tag of a template.
type markedRun struct {
	template     string
	line, column int
	kind         SpanKind
	source       string
	blocks       []branch // that it stands in, outermost first
}

func (p *Prepared) explainer() (*explainer, error) {
	p.explainOnce.Do(func() { p.explain, p.explainErr = newExplainer(p) })
	return p.explain, p.explainErr
}

func newExplainer(p *Prepared) (*explainer, error) {
	x := &explainer{plans: make(map[catalog.Channel][]explainedPart)}
	b := p.bundle
	env, err := rewrittenEnv(p.renderer.helpers, b.Snippets, b.Partials, p.renderer.markedLimits(), x.mark)
	if err != nil {
		return nil, err
	}
	for _, channel := range catalog.Channels() {
		parts := b.Shortcut.For(channel)
		add := func(part, name, text string) error {
			if text == "" {
				return nil
			}
			t, err := env.Compile(name, x.mark(name, text))
			if err != nil {
				return catalog.NewTemplateError(nil, err)
			}
			x.plans[channel] = append(x.plans[channel], explainedPart{part, t})
			return nil
		}
		x.plans[channel] = []explainedPart{}
		if channel == catalog.Email {
			err = catalog.JoinFaults([]error{
				add("subject", b.Shortcut.Name+"/"+parts.Path("subject"), parts.Subject),
				add("preheader", b.Shortcut.Name+"/"+parts.Path("preheader"), parts.Preheader),
			})
		}
		err = catalog.JoinFaults([]error{err, add("message", b.Shortcut.Name+"/"+parts.Path("message"), parts.Message)})
		if t := b.Emails[parts.EmailTemplate]; channel == catalog.Email && t != nil {
			err = catalog.JoinFaults([]error{err, add("layout", "emails/"+t.Name, t.HTML)})
		}
		if err != nil {
			return nil, err
		}
	}
	return x, nil
}

const (
	kindRun   = 'R' // a run of text begins: markOpen, kindRun, id
	kindPrint = 'P' // a printed value: markOpen, kindPrint, id, value, markClose
	kindEnter = 'E' // a snippet or partial begins: markOpen, kindEnter, id of its place
	kindLeave = 'L' // it ends: markOpen, kindLeave, zeros
	idDigits  = 6
)

// mark puts a mark before the first word of every run of text and around every
// print. None stands where white space or a standalone tag could be stripped,
// so that the output stays what it is.
func (x *explainer) mark(name, source string) string {
	source = unforged(source)
	m := &explainMarker{marker: marker{source: source, line: 1, column: 1, markedColumn: 1}, explainer: x, blocks: blockStack{name: name, source: source}}
	for i, t := range syntax.ScanTags(source) {
		m.text(t.Start)
		switch t.Kind {
		case syntax.TagPrint, syntax.TagPrintRaw:
			m.print(t)
		default:
			m.blocks.step(i, t)
			if inline(source, t) {
				m.within(t.End)
			} else {
				m.copy(t.End)
			}
		}
	}
	m.text(len(source))
	return string(m.out)
}

// LineAndColumn turns a byte offset into a place: 1-based, columns in runes.
func LineAndColumn(source string, pos int) (line, column int) {
	before := source[:min(pos, len(source))]
	return strings.Count(before, "\n") + 1, utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
}

// explainMarker writes one marked source.
type explainMarker struct {
	marker
	explainer *explainer
	blocks    blockStack
}

// text writes the text up to end with a mark before its first word, and again
// before the first word behind a snippet. Snippets stand between marks, and
// their own texts are marked.
func (m *explainMarker) text(end int) {
	for m.pos < end {
		run := m.source[m.pos:end]
		next := strings.Index(run, "[["+catalog.SnippetPrefix)
		if next == 0 {
			next = strings.Index(run, "]]") + 2
			if next < 2 {
				next = len(run)
			}
			m.within(m.pos + next)
			continue
		}
		if next > 0 {
			run = run[:next]
		}
		word := len(run) - len(strings.TrimLeft(run, " \t\r\n\f\v"))
		m.copy(m.pos + word)
		if word < len(run) {
			m.add(m.id(kindRun, m.pos, SpanText, ""))
		}
		m.copy(m.pos + len(run) - word)
	}
}

// within copies a snippet or partial up to end, between marks.
func (m *explainMarker) within(end int) {
	m.add(m.id(kindEnter, m.pos, SpanText, ""))
	m.copy(end)
	m.add(string([]byte{content.MarkOpen, kindLeave}) + strings.Repeat("0", idDigits))
}

// inline says whether t is a partial right behind a word or a tag: one that has
// a line of its own takes the white space around it along.
func inline(source string, t syntax.Tag) bool {
	if t.Kind != syntax.TagPartial || t.StripLeft || t.StripRight || t.Start == 0 || strings.Contains(source[t.Start:t.Body], "#") {
		return false
	}
	before, _ := utf8.DecodeLastRuneInString(source[:t.Start])
	return before != '\\' && !unicode.IsSpace(before) && before != '\ufeff'
}

func (m *explainMarker) print(t syntax.Tag) {
	kind := SpanField
	if e := syntax.ParseTag(t); e != nil && e.Kind == syntax.ExprCall {
		kind = SpanHelper
	}
	m.instead(t, m.id(kindPrint, t.Start, kind, strings.TrimSpace(t.Inside)), t.Inside)
}

func (m *explainMarker) id(mark byte, pos int, kind SpanKind, expression string) string {
	x := m.explainer
	line, column := LineAndColumn(m.source, pos)
	x.runs = append(x.runs, markedRun{template: m.blocks.name, kind: kind, source: expression, blocks: m.blocks.open, line: line, column: column})
	return fmt.Sprintf("%c%c%0*x", content.MarkOpen, mark, idDigits, len(x.runs)-1)
}

// spans cuts a marked output into its pieces.
func (x *explainer) spans(output []byte) []Span {
	var out []Span
	var around []int // the snippets and partials that what follows stands in, by the ids of their places
	current := -1
	add := func(id int, text []byte) {
		switch {
		case len(text) == 0:
		case id < 0:
			out = append(out, Span{Text: string(text), Kind: SpanText})
		default:
			out = append(out, x.span(id, around, string(text)))
		}
	}
	for len(output) > 0 {
		i := bytes.IndexByte(output, content.MarkOpen)
		if i < 0 || len(output) < i+2+idDigits {
			add(current, output)
			break
		}
		add(current, output[:i])
		kind := output[i+1]
		n, err := strconv.ParseInt(string(output[i+2:i+2+idDigits]), 16, 32)
		id := int(n)
		output = output[i+2+idDigits:]
		if err != nil || id >= len(x.runs) {
			continue
		}
		switch kind {
		case kindRun:
			current = id
		case kindEnter:
			around, current = append(around, id), id
		case kindLeave:
			if n := len(around); n > 0 {
				around, current = around[:n-1], around[n-1]
			}
		default:
			end := bytes.IndexByte(output, content.MarkClose)
			if end < 0 {
				end = len(output)
			}
			add(id, output[:end])
			output = output[min(end+1, len(output)):]
		}
	}
	return out
}

func (x *explainer) span(id int, around []int, text string) Span {
	run := x.runs[id]
	s := Span{Text: text, Kind: run.kind, Source: run.source, Template: run.template, Line: run.line, Column: run.column}
	if name, language, ok := strings.Cut(run.template, "@"); ok && strings.HasPrefix(name, catalog.SnippetPrefix) {
		s.Snippet, s.Language = name, language
	}
	for _, outer := range around {
		if outer != id {
			s.Branches = appendLabels(s.Branches, x.runs[outer].blocks)
		}
	}
	s.Branches = appendLabels(s.Branches, run.blocks)
	return s
}

func appendLabels(labels []string, blocks []branch) []string {
	for _, b := range blocks {
		labels = append(labels, b.label)
	}
	return labels
}

// uses lists the snippets that spans come from.
func (x *explainer) uses(parts []PartSpans, languages []string) []SnippetUse {
	var out []SnippetUse
	seen := make(map[string]bool)
	for _, part := range parts {
		for _, s := range part.Spans {
			if key := s.Snippet + "@" + s.Language; s.Snippet != "" && !seen[key] {
				seen[key] = true
				out = append(out, SnippetUse{Name: s.Snippet, Language: s.Language, Fallback: !slices.Contains(languages, s.Language)})
			}
		}
	}
	return out
}
