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
	switch n := n.(type) {
	case *ast.StringLiteral:
		t.givenText(row, param, n)
	case *ast.PathExpression:
		t.givenField(row, param, n)
	}
}

func (t *text) givenText(row *helpers.Entry, param helpers.Param, n *ast.StringLiteral) {
	at, quote := t.tree.Span(n), func(s string) []edit { return []edit{{t.tree.Span(n), `"` + s + `"`}} }
	switch param.Kind {
	case helpers.Locale:
		if _, ok := moment.FindLocale(n.Value); !ok {
			t.mend(at, t.sure(n.Value, moment.LocaleNames(), quote), catalog.Error, "unknown_locale", "there is no locale %s%s",
				handlebars.Quote(n.Value), handlebars.DidYouMean(n.Value, moment.LocaleNames()))
		}
	case helpers.Zone:
		t.zone(n, quote)
	case helpers.Format:
		if d := doubtful(n.Value); d.says != "" {
			var edits []edit
			if d.mended != "" && !strings.ContainsAny(d.mended, `"`) {
				edits = quote(d.mended)
			}
			t.mend(at, edits, catalog.Warning, "date_format", "format %s: %s", handlebars.Quote(n.Value), d.says)
		}
	case helpers.Date, helpers.Number, helpers.List, helpers.Object:
		if t.isField(n.Value) {
			t.quotedField(n)
		}
	case helpers.Any:
		if strings.Contains(n.Value, ".") && t.isField(n.Value) && !strings.HasPrefix(row.Name, "log") {
			t.quotedField(n)
		}
	}
}

func (t *text) isField(path string) bool {
	return strings.Contains(path, ".") && !strings.ContainsAny(path, " \t") && t.fields.Has(strings.Split(path, "."))
}

// quotedField tells of a field's path that stands as a text.
func (t *text) quotedField(n *ast.StringLiteral) {
	at := t.tree.Span(n)
	t.mend(at, []edit{{at, n.Value}}, catalog.Error, "quoted_field", "in quotes, %s is a text and no field: write it without", n.Value)
}

// sure gives the edits for the candidate that was meant, if no other is as near.
func (t *text) sure(name string, candidates []string, edits func(string) []edit) []edit {
	if meant, distance, unique := handlebars.Nearest(name, candidates); unique && distance <= 2 {
		return edits(meant)
	}
	return nil
}

// zoneAbbreviations are what people write for zones, which are named by a city: an abbreviation has no summer time, or
// stands for several.
var zoneAbbreviations = map[string]string{
	"pst": "America/Los_Angeles", "pdt": "America/Los_Angeles", "pt": "America/Los_Angeles", "pacific": "America/Los_Angeles",
	"mst": "America/Denver", "mdt": "America/Denver", "mt": "America/Denver", "mountain": "America/Denver",
	"cst": "America/Chicago", "cdt": "America/Chicago", "ct": "America/Chicago", "central": "America/Chicago",
	"est": "America/New_York", "edt": "America/New_York", "et": "America/New_York", "eastern": "America/New_York",
	"bst": "Europe/London", "cet": "Europe/Paris", "cest": "Europe/Paris", "mez": "Europe/Berlin", "mesz": "Europe/Berlin", "eet": "Europe/Helsinki",
	"ist": "Asia/Kolkata", "jst": "Asia/Tokyo", "aest": "Australia/Sydney", "sgt": "Asia/Singapore", "brt": "America/Sao_Paulo", "wet": "Europe/Lisbon",
}

func (t *text) zone(n *ast.StringLiteral, quote func(string) []edit) {
	at := t.tree.Span(n)
	_, known := moment.FindZone(n.Value)
	if city := zoneAbbreviations[strings.ToLower(n.Value)]; city != "" {
		severity, code := catalog.Error, "unknown_zone"
		if known {
			severity, code = catalog.Warning, "zone_abbreviation"
		}
		t.mend(at, quote(city), severity, code, "%s has no summer time, or stands for several zones; write a city's: %s", handlebars.Quote(n.Value), handlebars.Quote(city))
		return
	}
	if !known {
		t.mend(at, t.sure(n.Value, moment.ZoneNames(), quote), catalog.Error, "unknown_zone", "there is no time zone %s%s",
			handlebars.Quote(n.Value), handlebars.DidYouMean(n.Value, moment.ZoneNames()))
	}
}

// givenField checks a field that is given as an argument.
func (t *text) givenField(row *helpers.Entry, param helpers.Param, n *ast.PathExpression) {
	at := t.tree.Span(n)
	kind := t.typeOf(n)
	wrong := false
	switch param.Kind {
	case helpers.Date:
		if kind != catalog.TypeDate && kind != catalog.TypeAny {
			t.report(at, catalog.Warning, "date_type", "%s wants a date; %s is a %s", row.Name, t.tree.Source(at), kind)
		}
		return
	case helpers.Number:
		wrong = kind == catalog.TypeBool || kind == catalog.TypeDate || kind == catalog.TypeList || kind == catalog.TypeObject
	case helpers.List:
		wrong = kind == catalog.TypeBool || kind == catalog.TypeDate || kind == catalog.TypeNumber || kind == catalog.TypeObject
	case helpers.Object:
		wrong = kind == catalog.TypeBool || kind == catalog.TypeDate || kind == catalog.TypeNumber || kind == catalog.TypeText
	case helpers.Text:
		wrong = kind == catalog.TypeList || kind == catalog.TypeObject
	}
	if name := n.Parts; len(name) > 0 && strings.HasSuffix(name[len(name)-1], "Txt") {
		wrong = false // what is in a Txt may be a list, too
	}
	if wrong {
		t.report(at, catalog.Warning, "argument_type", "%s wants %s; %s is a %s", row.Name, wanted[param.Kind], t.tree.Source(at), kind)
	}
}

var wanted = map[helpers.Kind]string{helpers.Number: "a number", helpers.List: "a list", helpers.Object: "a list or an object", helpers.Text: "a text"}

// unquoted tells of format=ll and the like: a path where only a text makes sense. It is false of a path that is a field.
func (t *text) unquoted(param helpers.Param, n ast.Node) bool {
	p, ok := n.(*ast.PathExpression)
	if !ok || p.Data || p.Depth > 0 {
		return false
	}
	switch param.Kind {
	case helpers.Format, helpers.Locale, helpers.Zone, helpers.Language, helpers.Currency, helpers.Operator:
	case helpers.Text:
		if len(p.Parts) > 1 {
			return false
		}
	default:
		return false
	}
	if parts := t.scopes.field(p); parts == nil || t.fields.Has(parts) || t.Role == catalog.RolePartial && t.parameters[parts[0]] {
		return false
	}
	at := t.tree.Span(p)
	if len(p.Parts) > 1 && p.Parts[0] != t.tree.Source(at) && t.fields.Has(p.Parts[:1]) { // a field's path with a typo
		return false
	}
	written := t.tree.Source(at)
	t.mend(at, []edit{{at, `"` + written + `"`}}, catalog.Error, "unquoted_text", "%s stands without quotes, so that it is a field's name: write \"%s\"", syntax.Shorten(written), syntax.Shorten(written))
	return true
}
