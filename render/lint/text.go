package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aymerick/raymond/ast"

	"github.com/heraldsend/herald/helpers"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/content"
	"github.com/heraldsend/herald/render/handlebars/syntax"
)

// text is one template that is checked.
type text struct {
	*linter
	*catalog.Text
	tree   *syntax.Tree
	scopes *scopes
	faulty []syntax.Span // what is told to be wrong: nothing else is said of it

	guarded []string // fields that the blocks around ask for

	rawTags  []rawTag
	rawRead  bool
	comments []syntax.Span
	around   []int // for each of rawTags, which one opens the block that it stands in
	errors   int
	warnings int
	guessed  []int    // where the tags begin in which something was recognised
	ended    []int    // where the blocks begin whose end was recognised in a faulty tag
	begun    []rawTag // tags that were recognised to begin a block, though the engine doesn't see one
}

func (l *linter) parse(p *catalog.Text) *text {
	return &text{
		linter: l, Text: p, tree: syntax.Parse(p.Text, syntax.Limits{Source: 256 << 10, Nesting: 100}),
		scopes: &scopes{stack: []scope{{known: true}}},
	}
}

// edit puts a text in the place of a part of the template.
type edit struct {
	at   syntax.Span
	with string
}

// report tells what is wrong with a part of the template.
func (t *text) report(at syntax.Span, severity catalog.Severity, code, format string, args ...any) {
	t.mend(at, nil, severity, code, format, args...)
}

// mend tells what is wrong, and how to mend it.
func (t *text) mend(at syntax.Span, edits []edit, severity catalog.Severity, code, format string, args ...any) {
	if t.isFaulty(at) {
		return
	}
	t.tell(at, edits, severity, code, fmt.Sprintf(format, args...))
}

// maxFindings bounds the errors that are told of one text, and the warnings; the rest is told once that is mended.
const maxFindings = 50

// isFull says that enough errors are told of the text.
func (t *text) isFull() bool { return t.errors >= maxFindings }

func (t *text) tell(at syntax.Span, edits []edit, severity catalog.Severity, code, message string) {
	counted := &t.warnings
	if severity == catalog.Error {
		counted = &t.errors
	}
	if *counted++; *counted > maxFindings {
		return
	}
	f := catalog.Finding{Severity: severity, Code: code, Message: message, Subject: t.Subject, Template: t.Name}
	line, column := t.tree.Position(at.Start)
	f.File, f.Line, f.Column = t.catalog.Locate(t.Name, line, column)
	if at.End > at.Start {
		line, column = t.tree.Position(at.End)
		_, f.EndLine, f.EndColumn = t.catalog.Locate(t.Name, line, column)
	}
	f.Fix = t.fix(edits)
	t.add(f)
}

// fix turns edits of the template into those of its file; nil where the file can't have them.
func (t *text) fix(edits []edit) *catalog.Fix {
	if len(edits) == 0 {
		return nil
	}
	slices.SortStableFunc(edits, func(a, b edit) int { return a.at.Start - b.at.Start })
	out := &catalog.Fix{}
	for _, e := range edits {
		line, column := t.tree.Position(e.at.Start)
		endLine, endColumn := t.tree.Position(e.at.End)
		placed, ok := t.catalog.Edit(t.Name, line, column, endLine, endColumn, e.with)
		if !ok {
			return nil
		}
		out.Edits = append(out.Edits, placed)
	}
	return out
}

func (t *text) isFaulty(at syntax.Span) bool {
	return slices.ContainsFunc(t.faulty, func(f syntax.Span) bool { return at.Start < f.End && f.Start < max(at.End, at.Start+1) })
}

// check checks the whole text. compiled says that the engine has no fault of it.
func (t *text) check(compiled bool) {
	t.typography()
	t.foreignText()
	if !compiled {
		t.faults()
	}
	t.program(t.tree.Program)
	if t.Role == catalog.RoleBody || t.Role == catalog.RoleSnippet {
		t.markdown()
	}
	t.links()
	if len(t.faulty) == 0 {
		t.output()
	}
}

func (t *text) program(p *ast.Program) {
	if p == nil {
		return
	}
	for _, n := range p.Body {
		t.statement(n)
	}
}

func (t *text) statement(n ast.Node) {
	switch n := n.(type) {
	case *ast.MustacheStatement:
		t.printed(n)
	case *ast.BlockStatement:
		t.block(n)
	case *ast.PartialStatement:
		t.partial(n)
	case *syntax.SnippetRef:
		t.snippet(n)
	case *syntax.PartialBlock:
		t.partial(&n.PartialStatement)
		t.program(n.Program)
	case *syntax.Decorator:
		t.scopes.stack = append(t.scopes.stack, scope{}) // what it is called with is not known
		t.program(n.Program)
		t.scopes.stack = t.scopes.stack[:len(t.scopes.stack)-1]
	}
}

func (t *text) block(n *ast.BlockStatement) {
	tags := t.tree.Tags(n)
	if !tags.Faulty {
		t.expression(n.Expression)
	}
	if tags.Raw {
		return
	}
	params := func(p *ast.Program) []string {
		if p == nil {
			return nil
		}
		return p.BlockParams
	}
	guards := len(t.guarded)
	t.guard(n.Expression)
	t.inside(n.Expression, params(n.Program), true, func() { t.program(n.Program) })
	t.inside(n.Expression, params(n.Inverse), false, func() { t.program(n.Inverse) })
	t.guarded = t.guarded[:guards]
}

func (t *text) partial(n *ast.PartialStatement) {
	for _, p := range n.Params {
		t.argument(p)
	}
	t.options(n.Hash)
}

// printed checks {{x}}: a field, or a helper's call.
func (t *text) printed(n *ast.MustacheStatement) {
	t.expression(n.Expression)
	e := n.Expression
	p, ok := e.Path.(*ast.PathExpression)
	if !ok || len(e.Params) > 0 || e.Hash != nil || t.helper(e) != nil {
		return
	}
	path := strings.Join(t.scopes.field(p), ".")
	at := t.tree.Span(n)
	switch written := p.Original; {
	case n.Unescaped && path == "" && written == "htmlBody", path == "messages."+catalog.Item+".htmlBody": // of a transcript's message
	case n.Unescaped && path != "draft.htmlBody" && path != "draft.textBody" && !strings.HasSuffix(path, ".emailSignature"):
		t.mend(at, []edit{{at, "{{" + written + "}}"}}, catalog.Warning, "raw_output",
			"%s is printed with its own formatting, which anyone who fills the field can choose: write {{%s}}", written, written)
	case path != "":
		t.bare(n, p, path)
		t.mayBeMissing(p)
	}
}

// helper is the row of the helper that an expression calls; nil of a field.
func (t *text) helper(e *ast.Expression) *helpers.Entry {
	p, ok := e.Path.(*ast.PathExpression)
	if !ok || len(p.Parts) != 1 || p.Scoped || p.Depth > 0 || p.Data {
		return nil
	}
	if _, shadowed := t.scopes.parameter(p); shadowed {
		return nil
	}
	row := t.rows[p.Parts[0]]
	if row == nil || row.OrField() && len(e.Params) == 0 && e.Hash == nil {
		return nil
	}
	return row
}

// expression checks a field, or a call with its arguments.
func (t *text) expression(e *ast.Expression) {
	row := t.helper(e)
	if row == nil && len(e.Params) == 0 && e.Hash == nil {
		t.argument(e.Path)
		return
	}
	for i, p := range e.Params {
		if row != nil {
			if param, ok := row.Arg(i); ok && t.unquoted(param, p) {
				continue
			}
		}
		t.argument(p)
	}
	if e.Hash != nil {
		for _, pair := range e.Hash.Pairs {
			if row != nil {
				if param, ok := row.Option(pair.Key); ok && t.unquoted(param, pair.Val) {
					continue
				}
			}
			t.argument(pair.Val)
		}
	}
	if row != nil {
		t.call(row, e)
	}
}

// argument checks what stands for a value.
func (t *text) argument(n ast.Node) {
	switch n := n.(type) {
	case *ast.PathExpression:
		t.field(n)
	case *ast.SubExpression:
		t.expression(n.Expression)
	}
}

func (t *text) options(h *ast.Hash) {
	if h == nil {
		return
	}
	for _, pair := range h.Pairs {
		t.argument(pair.Val)
	}
}

// isMarkup says whether the text is read as Markdown or HTML.
func (t *text) isMarkup() bool {
	return t.Role != catalog.RoleText && t.Role != catalog.RoleTwin && (strings.Contains(t.Text.Text, "<") || strings.Contains(t.Text.Text, "]("))
}

// printsValue is the kind of mark that stands for what a tag prints.
func printsValue(n *ast.MustacheStatement) byte {
	if n.Unescaped {
		return content.KindRaw
	}
	return content.KindValue
}

// bare tells of fields that need a helper to be read.
func (t *text) bare(n *ast.MustacheStatement, p *ast.PathExpression, path string) {
	at, written := t.tree.Span(n), t.tree.Source(t.tree.Span(p))
	braces := func(inner string) []edit { return []edit{{at, "{{" + inner + "}}"}} }
	switch t.typeOf(p) {
	case catalog.TypeDate:
		t.mend(at, braces("dateFormat "+written), catalog.Warning, "bare_date",
			"%s is printed with its time, as %s: write {{dateFormat %s}}", written, catalog.BareDateExample, written)
	case catalog.TypeList:
		t.mend(at, braces("join "+written), catalog.Warning, "bare_list", "%s is a list: write {{join %s}}, or {{#each %s}}", written, written, written)
	case catalog.TypeObject:
		if catalog.IsMessage(path[strings.LastIndexByte(path, '.')+1:]) {
			return // its text is printed
		}
		t.report(at, catalog.Warning, "bare_object", "%s is an object, of which only its fields can be read", written)
	}
}
