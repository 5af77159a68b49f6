package syntax

import "github.com/aymerick/raymond/ast"

// Tree is a template as its author wrote it. Its nodes are raymond's, and those of this package for what Handlebars 4
// and snippets add; their places stand beside them.
type Tree struct {
	Text    string
	Program *ast.Program // with what could be understood in spite of the faults
	Faults  []*Fault     // in the order of the text; at most maxFaults
	spans   map[ast.Node]Span
	tags    map[ast.Node]*Tags
	lines   Lines
}

// Tags are the tags of a block, with their braces.
type Tags struct {
	Open, Else, Close Span   // Else is empty where there is none, Close where the block ends with another's
	Params            []Span // the names of block parameters
	Raw               bool   // a raw block
	Faulty            bool   // the opening tag has a fault: all that is known is its name
}

// IsLink says that the block is one of an {{else}} chain, which ends with another.
func (t *Tags) IsLink() bool { return t.Close == Span{} }

// Parse parses a template for tools that look at it. It tells every fault, and goes on behind the tag that has it.
func Parse(text string, limits Limits) *Tree {
	t := &Tree{Text: text, spans: map[ast.Node]Span{}, tags: map[ast.Node]*Tags{}}
	p := &parser{text: text, nodes: new(nodeSlabs), tags: t.tags, places: &places{tree: t}}
	program, err := p.parse(limits)
	if f, ok := err.(*Fault); ok { //nolint:errorlint // parse returns nothing else
		t.Faults = append(t.Faults, f)
	}
	if t.Program = program; program == nil {
		t.Program = &ast.Program{NodeType: ast.NodeProgram}
	}
	return t
}

// Span is where a node stands: a mustache or block with its braces, an expression without.
func (t *Tree) Span(n ast.Node) Span { return t.spans[n] }

// Tags are the tags of a block; nil of another node.
func (t *Tree) Tags(n ast.Node) *Tags { return t.tags[n] }

// Source is the text of a span.
func (t *Tree) Source(s Span) string { return t.Text[s.Start:s.End] }

// Position turns a byte offset into line and column, 1-based; columns count runes.
func (t *Tree) Position(offset int) (line, column int) { return t.lines.Position(t.Text, offset) }

// MaxFaults bounds the faults of one template.
const MaxFaults = 20

// places is what a parser notes besides the tree.
type places struct {
	tree *Tree
	open []opener // the blocks around, outermost first
}

func (p *places) add(f *Fault) {
	if p.tree.Faults = append(p.tree.Faults, f); len(p.tree.Faults) >= MaxFaults {
		panic(errEnough)
	}
}

// errEnough ends the parsing of a template that has too many faults.
var errEnough = &Fault{Code: FaultSyntax, Span: Span{-1, -1}, Message: "too many faults: correct these first"}

// spanned notes where a node stands.
func (p *parser) spanned(n ast.Node, start, end int) {
	if p.places != nil {
		p.places.tree.spans[n] = Span{start, end}
	}
}

// opened notes that a block is open, tagged that it ended, with the node that it is.
func (p *parser) opened(o opener) {
	if p.places != nil {
		p.places.open = append(p.places.open, o)
	}
}

func (p *parser) tagged(n ast.Node, o opener) {
	if p.tags != nil {
		p.tags[n] = o.tags
		p.spanned(n, o.pos, p.end)
	}
}

func (o *opener) elseTag(t token) {
	if o.tags != nil {
		o.tags.Else = Span{t.pos, t.end}
	}
}
