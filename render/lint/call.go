package lint

import (
	"strings"

	"github.com/aymerick/raymond/ast"

	"github.com/heraldsend/herald/helpers"
	"github.com/heraldsend/herald/helpers/moment"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/handlebars"
	"github.com/heraldsend/herald/render/handlebars/syntax"
)

// call checks a helper's arguments against what its row says of them.
func (t *text) call(row *helpers.Entry, e *ast.Expression) {
	for i, p := range e.Params {
		if param, ok := row.Arg(i); ok {
			t.given(row, param, p)
		}
	}
	if e.Hash != nil {
		for _, pair := range e.Hash.Pairs {
			if param, ok := row.Option(pair.Key); ok {
				t.given(row, param, pair.Val)
			}
		}
	}
	switch {
	case row.Name == "ifCond" && len(e.Params) == 3:
		if operator, ok := e.Params[1].(*ast.StringLiteral); ok {
			t.comparison(operator.Value, e.Params[0], e.Params[2], t.tree.Span(operator))
		}
	case row.Operator != "" && len(e.Params) == 2:
		t.comparison(row.Operator, e.Params[0], e.Params[1], t.tree.Span(e))
	}
}

// given checks one argument or option.
func (t *text) given(row *helpers.Entry, param helpers.Param, n ast.Node) {
	at := t.tree.Span(n)
	if param.Kind == helpers.Date {
		switch kind := t.typeOf(n); kind {
		case catalog.TypeText, catalog.TypeBool, catalog.TypeNumber, catalog.TypeList, catalog.TypeObject:
			t.report(at, catalog.Warning, "date_type", "%s wants a date; %s is a %s", row.Name, t.tree.Source(at), kind)
		}
	}
	s, ok := n.(*ast.StringLiteral)
	if !ok {
		return
	}
	switch param.Kind {
	case helpers.Locale:
		if _, ok := moment.FindLocale(s.Value); !ok {
			t.report(at, catalog.Error, "unknown_locale", "there is no locale %s%s", handlebars.Quote(s.Value), handlebars.DidYouMean(s.Value, moment.LocaleNames()))
		}
	case helpers.Zone:
		if _, ok := moment.FindZone(s.Value); !ok {
			t.report(at, catalog.Error, "unknown_zone", "there is no time zone %s%s", handlebars.Quote(s.Value), handlebars.DidYouMean(s.Value, moment.ZoneNames()))
		}
	case helpers.Format:
		if why := doubtfulFormat(s.Value); why != "" {
			t.report(at, catalog.Warning, "date_format", "format %s: %s", handlebars.Quote(s.Value), why)
		}
	}
}

// comparison warns where two texts are ordered by their characters: "Silver" comes after "Platinum".
func (t *text) comparison(operator string, a, b ast.Node, at syntax.Span) {
	if operator != "<" && operator != "<=" && operator != ">" && operator != ">=" {
		return
	}
	words := func(n ast.Node) bool {
		s, ok := n.(*ast.StringLiteral)
		return ok && !isNumeric(s.Value)
	}
	for _, pair := range [][2]ast.Node{{a, b}, {b, a}} {
		if t.typeOf(pair[0]) == catalog.TypeText && (words(pair[1]) || t.typeOf(pair[1]) == catalog.TypeText) || words(pair[0]) && words(pair[1]) {
			t.report(at, catalog.Warning, "lexical_comparison", "%s compares texts letter by letter, not by rank or number: write == for each value", handlebars.Quote(operator))
			return
		}
	}
}

func isNumeric(s string) bool {
	s = strings.TrimSpace(s)
	return s != "" && strings.Trim(s, "0123456789.+-eE") == ""
}
