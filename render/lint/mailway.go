package lint

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aymerick/raymond/ast"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/handlebars/syntax"
)

// way is a context that leads through texts on one way.
type way struct {
	context []byte
	long    bool // its values are longer than anybody's
}

// maxWays bounds the ways of one mail.
const maxWays = 60

// assignment is what fields must hold for a way, by path; noValue for nothing.
type assignment map[string]any

type noValue struct{}

// waysOf are contexts with which texts are printed: with usual values, with none, with very long ones, and one for each
// side of each block.
func (l *linter) waysOf(texts []catalog.Text, link string) []way {
	f := &wayFinder{linter: l, fields: map[string]bool{}, lists: map[string]bool{}, link: link}
	for i := range texts {
		t, err := l.catalog.Compile(texts[i].Name, texts[i].Text)
		if err != nil {
			continue
		}
		for _, path := range t.Refs().Fields {
			f.fields[path] = true
		}
		if strings.Contains(texts[i].Text, "{{#") || strings.Contains(texts[i].Text, "{{^") {
			f.program(syntax.Parse(texts[i].Text, syntax.Limits{Source: 256 << 10, Nesting: 100}).Program, assignment{})
		}
	}
	out := []way{{context: f.context(nil, usual)}, {context: f.context(nil, none)}, {context: f.context(nil, long), long: true}}
	for _, a := range f.found[:min(len(f.found), maxWays)] {
		out = append(out, way{context: f.context(a, usual)})
	}
	return out
}

// fill is what stands in fields that a way doesn't ask for.
type fill uint8

const (
	usual fill = iota
	none
	long
)

type wayFinder struct {
	*linter
	fields map[string]bool
	lists  map[string]bool // that each goes through
	found  []assignment
	link   string
}

// program finds the sides of the blocks in a program that is reached with an assignment.
func (f *wayFinder) program(p *ast.Program, a assignment) {
	if p == nil || len(f.found) >= maxWays {
		return
	}
	for _, n := range p.Body {
		switch n := n.(type) {
		case *ast.BlockStatement:
			f.block(n, a)
		case *syntax.PartialBlock:
			f.program(n.Program, a)
		}
	}
}

func (f *wayFinder) block(n *ast.BlockStatement, a assignment) {
	e := n.Expression
	name, path := syntax.Original(e.Path), ""
	if len(e.Params) > 0 {
		path = pathOf(e.Params[0])
	}
	fails := []any{noValue{}}
	var holds []any
	switch name {
	case "if":
		if path == "unsubscribe.url" || path == "" {
			f.program(n.Program, a)
			f.program(n.Inverse, a)
			return
		}
		holds = []any{f.example(path)}
	case "unless":
		holds, fails = fails, []any{f.example(path)}
	case "each":
		f.lists[path] = true
		holds = []any{items{}}
	case "ifCond":
		if len(e.Params) != 3 {
			return
		}
		holds, fails = sidesOf(e.Params[1], e.Params[2])
	default:
		f.program(n.Program, a)
		f.program(n.Inverse, a)
		return
	}
	f.sides(n.Program, path, holds, a)
	f.sides(n.Inverse, path, fails, a)
}

// sides are the ways on which a field has one of these values.
func (f *wayFinder) sides(p *ast.Program, path string, values []any, a assignment) {
	for _, value := range values {
		with := maps.Clone(a)
		if path != "" {
			with[path] = value
		}
		f.found = append(f.found, with)
		f.program(p, with)
	}
}

// items stands for a list of two items.
type items struct{}

// sidesOf are values for which a comparison holds, and for which it fails.
func sidesOf(operator, operand ast.Node) (holds, fails []any) {
	op := ""
	if s, ok := operator.(*ast.StringLiteral); ok {
		op = s.Value
	}
	switch o := operand.(type) {
	case *ast.StringLiteral:
		holds, fails = []any{o.Value}, []any{o.Value + "-other"}
	case *ast.BooleanLiteral:
		holds, fails = []any{o.Value}, []any{!o.Value}
	case *ast.NumberLiteral:
		switch op {
		case "<":
			return []any{o.Value - 1}, []any{o.Value}
		case "<=":
			return []any{o.Value}, []any{o.Value + 1}
		case ">":
			return []any{o.Value + 1}, []any{o.Value}
		case ">=":
			return []any{o.Value}, []any{o.Value - 1}
		}
		holds, fails = []any{o.Value}, []any{o.Value + 1}
	default:
		holds, fails = []any{"Alexandria"}, []any{noValue{}}
	}
	if strings.HasPrefix(op, "!") {
		holds, fails = fails, holds
	}
	return holds, fails
}

// pathOf is the path of a field, however deep the block is that it stands in; "" for what is none.
func pathOf(n ast.Node) string {
	p, ok := n.(*ast.PathExpression)
	if !ok || p.Data && (len(p.Parts) == 0 || p.Parts[0] != "root") {
		return ""
	}
	parts := p.Parts
	if p.Data {
		parts = parts[1:]
	}
	return strings.Join(parts, ".")
}

// longText is a value that is one word of 210 letters, and longNumber one that no cell has room for.
var longText = strings.Repeat("Donaudampfschiff", 13) + "en"

const longNumber = 123456789012.5

// context is the JSON of a way.
func (f *wayFinder) context(a assignment, with fill) []byte {
	root := map[string]any{}
	item := map[string]any{}
	for _, path := range slices.Sorted(maps.Keys(f.fields)) {
		if strings.HasPrefix(path, "draft.") || strings.HasPrefix(path, "unsubscribe.") {
			continue
		}
		if with != none {
			put(root, path, f.value(path, with))
			put(item, path, f.value(path, with))
		}
	}
	for path := range f.lists {
		switch {
		case path == "" || with == none:
		default:
			put(root, path, []any{item, item})
		}
	}
	for _, path := range slices.Sorted(maps.Keys(a)) {
		switch v := a[path].(type) {
		case noValue:
			remove(root, path)
			remove(item, path)
		case items:
			put(root, path, []any{item, item})
		default:
			put(root, path, v)
			put(item, path, v)
		}
	}
	if f.link != "" {
		root["unsubscribe"] = map[string]any{"url": f.link}
	}
	data, err := json.Marshal(root)
	if err != nil {
		panic(fmt.Sprintf("lint: maps of values must encode: %v", err))
	}
	return data
}

func (f *wayFinder) value(path string, with fill) any {
	v := f.example(path)
	if with == usual {
		return v
	}
	switch v.(type) {
	case string:
		if kind, _ := f.fieldIndex().Find(strings.Split(path, ".")); kind == catalog.TypeDate {
			return v
		}
		return longText
	case int, float64:
		return longNumber
	}
	return v
}

func (f *wayFinder) fieldIndex() *catalog.FieldIndex { return f.linter.fields }

// put sets a value at a path, unless something that is no object stands on the way.
func put(root map[string]any, path string, value any) {
	parts := strings.Split(path, ".")
	at := root
	for _, part := range parts[:len(parts)-1] {
		next, ok := at[part].(map[string]any)
		if !ok {
			if _, taken := at[part].([]any); taken {
				return
			}
			next = map[string]any{}
			at[part] = next
		}
		at = next
	}
	last := parts[len(parts)-1]
	if _, isObject := at[last].(map[string]any); isObject {
		if _, isList := value.([]any); !isList {
			return
		}
	}
	at[last] = value
}

func remove(root map[string]any, path string) {
	parts := strings.Split(path, ".")
	at := root
	for _, part := range parts[:len(parts)-1] {
		next, ok := at[part].(map[string]any)
		if !ok {
			return
		}
		at = next
	}
	delete(at, parts[len(parts)-1])
}
