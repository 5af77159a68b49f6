package lint

import (
	"slices"
	"strconv"
	"strings"

	"github.com/aymerick/raymond/ast"

	"github.com/heraldsend/herald/helpers/moment"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/handlebars"
	"github.com/heraldsend/herald/render/handlebars/syntax"
)

// comparison tells of comparisons that never hold, or don't compare what they seem to.
func (t *text) comparison(operator string, a, b ast.Node, at syntax.Span) {
	if operator == "&&" || operator == "||" {
		return
	}
	if isLiteral(a) && isLiteral(b) {
		t.report(at, catalog.Warning, "constant_comparison", "both sides are written here, so that it is always the same")
		return
	}
	for _, pair := range [][2]ast.Node{{a, b}, {b, a}} {
		if t.comparedTo(operator, pair[0], pair[1]) {
			return
		}
	}
	t.lexical(operator, a, b, at)
}

func isLiteral(n ast.Node) bool {
	switch n.(type) {
	case *ast.StringLiteral, *ast.NumberLiteral, *ast.BooleanLiteral:
		return true
	}
	return false
}

func isOrder(operator string) bool {
	return strings.HasPrefix(operator, "<") || strings.HasPrefix(operator, ">")
}

// comparedTo looks at a field beside a value; true if it said something.
func (t *text) comparedTo(operator string, field, value ast.Node) bool {
	kind, at := t.typeOf(field), t.tree.Span(value)
	name := t.tree.Source(t.tree.Span(field))
	s, isText := value.(*ast.StringLiteral)
	_, isBool := value.(*ast.BooleanLiteral)
	number, isNumber := value.(*ast.NumberLiteral)
	never := func(edits []edit, format string, args ...any) bool {
		t.mend(at, edits, catalog.Warning, "comparison", format, args...)
		return true
	}
	switch {
	case kind == catalog.TypeBool && isText && (strings.EqualFold(s.Value, "true") || strings.EqualFold(s.Value, "false")):
		return never([]edit{{at, strings.ToLower(s.Value)}}, "%s is true or false, never the text %s: write it without quotes", name, handlebars.Quote(s.Value))
	case kind == catalog.TypeBool && isText && !isNumeric(s.Value):
		return never(nil, "%s is true or false, never %s", name, handlebars.Quote(s.Value))
	case kind == catalog.TypeBool && isNumber && number.Value != 0 && number.Value != 1:
		return never(nil, "%s is true or false, never %s", name, number.Original)
	case kind == catalog.TypeNumber && isText && !isNumeric(s.Value) && strings.TrimSpace(s.Value) != "":
		return never(nil, "%s is a number, and %s is none", name, handlebars.Quote(s.Value))
	case kind == catalog.TypeText && isBool:
		return never([]edit{{at, strconv.Quote(t.tree.Source(at))}}, "%s is a text, never true or false; quotes make a text of it", name)
	case kind == catalog.TypeText && isNumber && isOrder(operator):
		return never(nil, "%s is a text; a field for numbers ends in Num", name)
	case kind == catalog.TypeDate && isText && s.Value != "" && isOrder(operator):
		if _, ok := moment.Parse(s.Value, nil); !ok || !isISO(s.Value) {
			return never(nil, "dates compare as they are stored: write %s as in \"2019-01-18\"", handlebars.Quote(s.Value))
		}
	case kind == catalog.TypeDate && (isNumber || isBool):
		return never(nil, "%s is a date, never %s", name, t.tree.Source(at))
	case (kind == catalog.TypeList || kind == catalog.TypeObject) && isLiteral(value):
		return never(nil, "%s is a %s, which no value equals; contains and length look into one", name, kind)
	}
	return t.choice(field, value, isText, s)
}

func isISO(s string) bool {
	return len(s) >= 4 && strings.Trim(s[:4], "0123456789") == "" && (len(s) == 4 || s[4] == '-')
}

// choice looks at a field that has few values.
func (t *text) choice(field, value ast.Node, isText bool, s *ast.StringLiteral) bool {
	parts := t.scopes.field(field)
	if parts == nil || !isText || s.Value == "" {
		return false
	}
	values := t.fields.Values(parts)
	if len(values) == 0 || slices.Contains(values, s.Value) {
		return false
	}
	at := t.tree.Span(value)
	edits := t.sure(s.Value, values, func(meant string) []edit { return []edit{{at, strconv.Quote(meant)}} })
	t.mend(at, edits, catalog.Warning, "comparison", "%s is never %s: %s", strings.Join(parts, "."), handlebars.Quote(s.Value), strings.Join(values, ", "))
	return true
}

// lexical warns where two texts are ordered by their characters: "Silver" comes after "Platinum".
func (t *text) lexical(operator string, a, b ast.Node, at syntax.Span) {
	if !isOrder(operator) {
		return
	}
	words := func(n ast.Node) bool {
		s, ok := n.(*ast.StringLiteral)
		return ok && !isNumeric(s.Value)
	}
	for _, pair := range [][2]ast.Node{{a, b}, {b, a}} {
		if t.typeOf(pair[0]) == catalog.TypeText && (words(pair[1]) || t.typeOf(pair[1]) == catalog.TypeText) {
			t.report(at, catalog.Warning, "lexical_comparison", "%s compares texts letter by letter, not by rank or number: write == for each value", handlebars.Quote(operator))
			return
		}
	}
}

func isNumeric(s string) bool {
	s = strings.TrimSpace(s)
	return s != "" && strings.Trim(s, "0123456789.+-eE") == ""
}
