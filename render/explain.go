package render

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/heraldsend/herald/render/handlebars"
)

// Explanation says where everything in a content came from.
type Explanation struct {
	Channel Channel      `json:"channel"`
	Parts   []PartSpans  `json:"parts"`
	Uses    []SnippetUse `json:"snippets,omitempty"`
	Issues  []Issue      `json:"issues,omitempty"`
	reached map[int]bool // run ids, for branch coverage
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
	Branches []string `json:"branches,omitempty"` // the blocks that it stands in, outermost first: "ifCond a == b", "else of if x"
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

// Explain renders as Render does and tells the pieces apart.
func (p *Prepared) Explain(ctx context.Context, req Request) (*Explanation, error) {
	x, err := p.explainer()
	if err != nil {
		return nil, err
	}
	plan, ok := x.plans[req.Channel]
	if !ok {
		return nil, fmt.Errorf("unknown channel %s", quote(string(req.Channel)))
	}
	r := newRun()
	if err := r.begin(ctx, p, p.plans[req.Channel], req); err != nil {
		return nil, err
	}
	r.issues.shifts = nil
	out := &Explanation{Channel: req.Channel, reached: make(map[int]bool)}
	for _, part := range plan {
		if part.name == "layout" {
			r.withDraft(out.text("subject"), out.text("preheader"), true, true)
		}
		output, err := r.execute(part.name, part.template, nil)
		if err != nil {
			return nil, templateError(nil, nil, err)
		}
		out.Parts = append(out.Parts, PartSpans{Part: part.name, Spans: x.spans(output, out.reached)})
	}
	out.Issues = r.issues.list
	out.Uses = x.uses(out.Parts, r.exec.Languages)
	return out, nil
}

// text is what a part says.
func (x *Explanation) text(part string) string {
	var b strings.Builder
	for _, p := range x.Parts {
		if p.Part == part {
			for _, s := range p.Spans {
				b.WriteString(s.Text)
			}
		}
	}
	return b.String()
}

// explainer holds a bundle's templates with every run of text and every tag
// marked.
type explainer struct {
	runs  []markedRun // by id
	plans map[Channel][]explainedPart
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
	branches     []branch
}

// branch is one side of a block.
type branch struct {
	template string
	tag      int // index of the tag that opens it
	label    string
	line     int // of the tag
	column   int
}

func (p *Prepared) explainer() (*explainer, error) {
	p.explainOnce.Do(func() { p.explain, p.explainErr = newExplainer(p) })
	return p.explain, p.explainErr
}

func newExplainer(p *Prepared) (*explainer, error) {
	x := &explainer{plans: make(map[Channel][]explainedPart)}
	b := p.bundle
	snippets := make(map[string]*Snippet, len(b.Snippets))
	for _, name := range sortedKeys(b.Snippets) {
		s := b.Snippets[name]
		texts := make(map[string]string, len(s.Texts))
		for _, language := range sortedKeys(s.Texts) {
			texts[language] = x.mark(name+"@"+language, s.Texts[language])
		}
		snippets[name] = &Snippet{Source: s.Source, Texts: texts}
	}
	partials := make(map[string]string, len(b.Partials))
	for _, name := range sortedKeys(b.Partials) {
		partials[name] = x.mark(name, b.Partials[name])
	}
	env, err := newEnv(p.renderer.helpers, snippets, partials, p.renderer.options.Limits)
	if err != nil {
		return nil, err
	}
	for _, channel := range Channels() {
		parts := b.Shortcut.For(channel)
		add := func(part, name, text string) error {
			if text == "" {
				return nil
			}
			t, err := env.Compile(name, x.mark(name, text))
			if err != nil {
				return templateError(nil, nil, err)
			}
			x.plans[channel] = append(x.plans[channel], explainedPart{part, t})
			return nil
		}
		x.plans[channel] = []explainedPart{}
		if channel == Email {
			err = joinFaults([]error{
				add("subject", b.Shortcut.Name+"/"+parts.path["subject"], parts.Subject),
				add("preheader", b.Shortcut.Name+"/"+parts.path["preheader"], parts.Preheader),
			})
		}
		err = joinFaults([]error{err, add("message", b.Shortcut.Name+"/"+parts.path["message"], parts.Message)})
		if t := b.Emails[parts.EmailTemplate]; channel == Email && t != nil {
			err = joinFaults([]error{err, add("layout", "emails/"+t.Name, t.HTML)})
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
	idDigits  = 6
)

// mark puts a mark before the first word of every run of text and around every
// print. None stands where white space or a standalone tag could be stripped,
// so that the output stays what it is.
func (x *explainer) mark(name, source string) string {
	source = unforged(source)
	var out bytes.Buffer
	blocks := []branch{}
	tags := scanTags(source)
	pos := 0
	for i, t := range tags {
		x.text(&out, name, source, pos, t.start, blocks)
		pos = t.end
		switch t.kind {
		case tagPrint, tagPrintRaw:
			x.print(&out, name, source, t, blocks)
			continue
		case tagOpen:
			blocks = append(blocks[:len(blocks):len(blocks)], x.branch(name, source, i, t, strings.TrimSpace(t.inside)))
		case tagElse:
			if n := len(blocks); n > 0 {
				label := "else of " + strings.TrimPrefix(blocks[n-1].label, "else of ")
				if rest := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(t.inside), "else")); rest != "" {
					label = rest
				}
				blocks = append(blocks[:n-1:n-1], x.branch(name, source, i, t, label))
			}
		case tagClose:
			if len(blocks) > 0 {
				blocks = blocks[:len(blocks)-1]
			}
		case tagPartial, tagOther:
			if opened := source[t.start:t.body]; strings.Contains(opened, "#") {
				blocks = append(blocks[:len(blocks):len(blocks)], x.branch(name, source, i, t, strings.TrimSpace(t.inside)))
			}
		}
		out.WriteString(source[t.start:t.end])
	}
	x.text(&out, name, source, pos, len(source), blocks)
	return out.String()
}

func (x *explainer) branch(name, source string, i int, t tag, label string) branch {
	line, column := lineAndColumn(source, t.start)
	return branch{name, i, label, line, column}
}

// lineAndColumn turns a byte offset into a place: 1-based, columns in runes.
func lineAndColumn(source string, pos int) (line, column int) {
	before := source[:min(pos, len(source))]
	return strings.Count(before, "\n") + 1, utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
}

// text writes a run of text with a mark before its first word, and again
// before the first word behind a snippet.
func (x *explainer) text(out *bytes.Buffer, name, source string, from, to int, blocks []branch) {
	for from < to {
		run := source[from:to]
		end := strings.Index(run, "[["+snippetPrefix)
		if end == 0 {
			if end = strings.Index(run, "]]") + 2; end < 2 {
				end = len(run)
			}
			out.WriteString(run[:end]) // the snippet's own text is marked
			from += end
			continue
		}
		if end > 0 {
			run = run[:end]
		}
		word := len(run) - len(strings.TrimLeft(run, " \t\r\n\f\v"))
		out.WriteString(run[:word])
		if word < len(run) {
			out.WriteString(x.id(kindRun, name, source, from+word, SpanText, "", blocks))
		}
		out.WriteString(run[word:])
		from += len(run)
	}
}

func (x *explainer) print(out *bytes.Buffer, name, source string, t tag, blocks []branch) {
	kind := SpanField
	if e := parseTag(t); e != nil && e.kind == exprCall {
		kind = SpanHelper
	}
	if t.stripLeft {
		out.WriteString("{{~!}}")
	} else if bytes.HasSuffix(out.Bytes(), []byte(`\\`)) { // as in marker.instead
		out.Truncate(out.Len() - 1)
	}
	out.WriteString(x.id(kindPrint, name, source, t.start, kind, strings.TrimSpace(t.inside), blocks))
	out.WriteString("{{" + t.inside + "}}")
	out.WriteByte(markClose)
	if t.stripRight {
		out.WriteString("{{!~}}")
	}
}

func (x *explainer) id(mark byte, name, source string, pos int, kind SpanKind, expression string, blocks []branch) string {
	line, column := lineAndColumn(source, pos)
	x.runs = append(x.runs, markedRun{template: name, kind: kind, source: expression, branches: blocks, line: line, column: column})
	return fmt.Sprintf("%c%c%0*x", markOpen, mark, idDigits, len(x.runs)-1)
}

// spans cuts a marked output into its pieces.
func (x *explainer) spans(output []byte, reached map[int]bool) []Span {
	var out []Span
	current := -1
	add := func(id int, text []byte) {
		if len(text) == 0 {
			return
		}
		if id < 0 {
			out = append(out, Span{Text: string(text), Kind: SpanText})
			return
		}
		out = append(out, x.span(id, string(text)))
	}
	for len(output) > 0 {
		i := bytes.IndexByte(output, markOpen)
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
		reached[id] = true
		if kind == kindRun {
			current = id
			continue
		}
		end := bytes.IndexByte(output, markClose)
		if end < 0 {
			end = len(output)
		}
		add(id, output[:end])
		output = output[min(end+1, len(output)):]
	}
	return out
}

func (x *explainer) span(id int, text string) Span {
	run := x.runs[id]
	s := Span{Text: text, Kind: run.kind, Source: run.source, Template: run.template, Line: run.line, Column: run.column}
	if name, language, ok := strings.Cut(run.template, "@"); ok && strings.HasPrefix(name, snippetPrefix) {
		s.Snippet, s.Language = name, language
	}
	for _, b := range run.branches {
		s.Branches = append(s.Branches, b.label)
	}
	return s
}

// uses lists the snippets that spans come from.
func (x *explainer) uses(parts []PartSpans, languages []string) []SnippetUse {
	var out []SnippetUse
	seen := make(map[string]bool)
	for _, part := range parts {
		for _, s := range part.Spans {
			if key := s.Snippet + "@" + s.Language; s.Snippet != "" && !seen[key] {
				seen[key] = true
				out = append(out, SnippetUse{Name: s.Snippet, Language: s.Language, Fallback: !contains(languages, s.Language)})
			}
		}
	}
	return out
}
