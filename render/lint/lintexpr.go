package lint

import (
	"slices"
	"strings"

	"github.com/heraldsend/herald/helpers/moment"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/content"
	"github.com/heraldsend/herald/render/handlebars"
	"github.com/heraldsend/herald/render/handlebars/syntax"
)

// scope is what names mean within a block.
type scope struct {
	root   bool     // the context is the root
	prefix []string // or this field of it; nil with root false: unknown
	params []string // block parameters
	depth  bool     // the block opens a depth: ../ leads out of it
	outer  bool     // the else part stands in the scope outside
	block  string   // the helper's name, or ""
}

// findParameters notes the names that calls of partials set.
func (l *linter) findParameters(p *catalog.Text) {
	for _, t := range syntax.ScanTags(p.Text) {
		if t.Kind == syntax.TagPartial {
			if e := syntax.ParseTag(t); e != nil {
				for _, h := range e.Hash {
					l.parameters[h.Name] = true
				}
			}
		}
	}
}

// expressions checks the fields and calls of a template that compiles.
func (l *linter) expressions(p *catalog.Text) {
	stack := []scope{{root: true}}
	for _, t := range syntax.ScanTags(p.Text) {
		top := stack[len(stack)-1]
		switch t.Kind {
		case syntax.TagPrint, syntax.TagPrintRaw:
			l.printed(p, stack, t)
		case syntax.TagPartial:
			if e := syntax.ParseTag(t); e != nil {
				l.arguments(p, stack, e)
			}
			if strings.HasPrefix(strings.TrimLeft(p.Text[t.Start+2:], "~"), "#>") {
				stack = append(stack, top)
			}
		case syntax.TagOpen:
			e := syntax.ParseTag(t)
			l.called(p, stack, e)
			stack = append(stack, l.scopeOf(stack, e))
		case syntax.TagElse:
			if len(stack) > 1 {
				if top.outer {
					stack[len(stack)-1] = stack[len(stack)-2]
				}
				if e := syntax.ParseTag(t); e != nil {
					l.called(p, stack[:len(stack)-1], e)
					stack[len(stack)-1] = l.scopeOf(stack[:len(stack)-1], e)
				}
			}
		case syntax.TagClose:
			if len(stack) > 1 {
				stack = stack[:len(stack)-1]
			}
		case syntax.TagOther:
			if strings.Contains(p.Text[t.Start:t.Body], "#*") {
				stack = append(stack, scope{})
			}
		}
	}
}

// scopeOf is the scope within the block that e opens.
func (l *linter) scopeOf(stack []scope, e *syntax.Expr) scope {
	top := stack[len(stack)-1]
	if e == nil {
		return top
	}
	name := e.Text
	switch {
	case name == "each" || name == "reverse":
		return scope{params: append(slices.Clone(top.params), e.Names...), depth: true, outer: true, block: name}
	case name == "with":
		inner := scope{params: append(slices.Clone(top.params), e.Names...), depth: true, outer: true, block: name}
		if len(e.Args) == 1 && e.Args[0].Kind == syntax.ExprPath {
			if parts, ok := l.resolve(stack, e.Args[0].Text); ok {
				inner.prefix = parts
			}
		}
		return inner
	case l.helpers[name]:
		inner := top
		inner.params = append(slices.Clone(top.params), e.Names...)
		inner.depth, inner.outer, inner.block = name == "ifCond", false, name
		return inner
	}
	return scope{params: top.params, depth: true, outer: true} // a section: {{#field}}
}

// resolve gives the path from the root, if the scopes tell it.
func (l *linter) resolve(stack []scope, path string) ([]string, bool) {
	up, parts, data := syntax.PathParts(path)
	if data {
		return nil, false
	}
	i := len(stack) - 1
	if len(parts) > 0 && slices.Contains(stack[i].params, parts[0]) {
		return nil, false
	}
	for ; up > 0 && i > 0; i-- {
		if stack[i].depth {
			up--
		}
	}
	s := stack[i]
	switch {
	case s.root:
		return parts, len(parts) > 0
	case s.prefix != nil:
		return append(slices.Clone(s.prefix), parts...), true
	}
	return nil, false
}

// printed checks {{x}}: a field, or a helper's call.
func (l *linter) printed(p *catalog.Text, stack []scope, t syntax.Tag) {
	e := syntax.ParseTag(t)
	if e == nil {
		return
	}
	l.called(p, stack, e)
	if e.Kind != syntax.ExprPath || l.helpers[e.Text] {
		return
	}
	parts, _ := l.resolve(stack, e.Text)
	path := strings.Join(parts, ".")
	switch {
	case path == "draft.htmlBody" && t.Kind == syntax.TagPrint:
		l.at(p, t.Start, catalog.Error, "escaped_body", "{{draft.htmlBody}} would print tags as text: write {{{draft.htmlBody}}}")
	case t.Kind == syntax.TagPrintRaw && path == "" && e.Text == "htmlBody": // of a transcript's message
	case t.Kind == syntax.TagPrintRaw && path != "draft.htmlBody" && path != "draft.textBody" && !strings.HasSuffix(path, ".emailSignature"):
		l.at(p, t.Start, catalog.Warning, "raw_output", "%s is printed with its own formatting, which anyone who fills the field can choose: write {{%s}}", e.Text, e.Text)
	}
}

// called checks a field, or a call with its arguments.
func (l *linter) called(p *catalog.Text, stack []scope, e *syntax.Expr) {
	if e == nil || e.Kind == syntax.ExprString || e.Kind == syntax.ExprLiteral {
		return
	}
	if e.Kind == syntax.ExprPath {
		if !l.helpers[e.Text] {
			l.field(p, stack, e)
		}
		return
	}
	l.arguments(p, stack, e)
	switch e.Text {
	case "ifCond":
		if len(e.Args) == 3 && e.Args[1].Kind == syntax.ExprString {
			l.comparison(p, stack, e.Args[1].Text, e.Args[0], e.Args[2], e.Args[1].Pos)
		}
	case "lt", "lte", "gt", "gte":
		if len(e.Args) == 2 {
			l.comparison(p, stack, map[string]string{"lt": "<", "lte": "<=", "gt": ">", "gte": ">="}[e.Text], e.Args[0], e.Args[1], e.Pos)
		}
	case "dateFormat":
		l.dateFormat(p, stack, e)
	}
}

func (l *linter) arguments(p *catalog.Text, stack []scope, e *syntax.Expr) {
	for _, a := range e.Args {
		l.called(p, stack, a)
	}
	for _, h := range e.Hash {
		l.called(p, stack, h.Value)
	}
}

// field wants a path that the catalogue knows.
func (l *linter) field(p *catalog.Text, stack []scope, e *syntax.Expr) {
	parts, ok := l.resolve(stack, e.Text)
	if !ok || len(parts) == 0 {
		return
	}
	if p.Role == catalog.RolePartial && l.parameters[parts[0]] {
		return
	}
	if _, known := l.fields.Find(parts); known {
		return
	}
	path := strings.Join(parts, ".")
	l.at(p, e.Pos, catalog.Error, "unknown_field", "unknown field %s%s", handlebars.Quote(path), handlebars.DidYouMean(path, l.fields.Paths))
}

// typeOf is the type of an argument, TypeAny where it can't be told.
func (l *linter) typeOf(stack []scope, e *syntax.Expr) catalog.FieldType {
	if e.Kind != syntax.ExprPath {
		return catalog.TypeAny
	}
	if parts, ok := l.resolve(stack, e.Text); ok && len(parts) > 0 {
		t, _ := l.fields.Find(parts)
		return t
	}
	return catalog.TypeAny
}

// comparison warns where two texts are ordered by their characters: "Silver"
// comes after "Platinum".
func (l *linter) comparison(p *catalog.Text, stack []scope, operator string, a, b *syntax.Expr, pos int) {
	if operator != "<" && operator != "<=" && operator != ">" && operator != ">=" {
		return
	}
	isText := func(e *syntax.Expr) bool {
		return e.Kind == syntax.ExprString && !isNumeric(e.Text) || l.typeOf(stack, e) == catalog.TypeText
	}
	for _, pair := range [][2]*syntax.Expr{{a, b}, {b, a}} {
		if isText(pair[0]) && (isText(pair[1]) || pair[1].Kind == syntax.ExprString && !isNumeric(pair[1].Text)) {
			l.at(p, pos, catalog.Warning, "lexical_comparison", "%s compares texts letter by letter, not by rank or number: write == for each value", handlebars.Quote(operator))
			return
		}
	}
}

func isNumeric(s string) bool {
	s = strings.TrimSpace(s)
	return s != "" && strings.Trim(s, "0123456789.+-eE") == ""
}

// dateFormat checks a call's literals against what Moment has.
func (l *linter) dateFormat(p *catalog.Text, stack []scope, e *syntax.Expr) {
	if len(e.Args) > 0 {
		switch t := l.typeOf(stack, e.Args[0]); t {
		case catalog.TypeText, catalog.TypeBool, catalog.TypeNumber, catalog.TypeList, catalog.TypeObject:
			l.at(p, e.Args[0].Pos, catalog.Warning, "date_type", "dateFormat wants a date; %s is a %s", e.Args[0].Text, t)
		}
	}
	for _, h := range e.Hash {
		if h.Value.Kind != syntax.ExprString {
			continue
		}
		value := h.Value.Text
		switch h.Name {
		case "locale":
			if _, ok := moment.FindLocale(value); !ok {
				l.at(p, h.Value.Pos, catalog.Error, "unknown_locale", "there is no locale %s%s", handlebars.Quote(value), handlebars.DidYouMean(value, moment.LocaleNames()))
			}
		case "timezone":
			if _, ok := moment.FindZone(value); !ok {
				l.at(p, h.Value.Pos, catalog.Error, "unknown_zone", "there is no time zone %s%s", handlebars.Quote(value), handlebars.DidYouMean(value, moment.ZoneNames()))
			}
		case "format":
			if why := doubtfulFormat(value); why != "" {
				l.at(p, h.Value.Pos, catalog.Warning, "date_format", "format %s: %s", handlebars.Quote(value), why)
			}
		}
	}
}

// doubtfulFormat says what is odd about a Moment format, or "".
func doubtfulFormat(format string) string {
	tokens := formatTokens(format)
	has := func(list ...string) bool {
		return slices.ContainsFunc(list, func(token string) bool { return slices.Contains(tokens, token) })
	}
	for _, token := range tokens {
		if !isMomentToken(token) {
			return handlebars.Quote(token) + " is no token and is printed as it is; literal text stands in [brackets]"
		}
	}
	switch {
	case has("mm", "m") && !has("H", "HH", "h", "hh", "k", "kk", "Hmm", "hmm"):
		return `"mm" is minutes; months are "MM"`
	case has("yyyy", "yy", "y"):
		return `"yyyy" is the year of an era; the year is "YYYY"`
	case has("dd", "d") && has("M", "MM", "MMM", "MMMM") && !has("D", "DD", "Do"):
		return `"dd" is the day's name; the day of the month is "DD"`
	}
	return ""
}

// formatTokens lists the letters of a format as Moment reads them, without
// what [brackets] and backslashes protect.
func formatTokens(format string) []string {
	var out []string
	for i := 0; i < len(format); {
		c := format[i]
		switch {
		case c == '[':
			if end := strings.IndexByte(format[i:], ']'); end > 0 {
				i += end + 1
				continue
			}
			i++
		case c == '\\':
			i += 2
		case content.IsLetter(c) && c < 0x80:
			n := momentToken(format[i:])
			out = append(out, format[i:i+n])
			i += n
		default:
			i++
		}
	}
	return out
}

// momentTokens are Moment's, longest first where one begins another.
var momentTokens = []string{
	"MMMM", "MMM", "MM", "Mo", "M", "DDDD", "DDDo", "DDD", "DD", "Do", "D", "dddd", "ddd", "dd", "do", "d", "YYYYYY", "YYYYY", "YYYY", "YY", "Y",
	"yyyy", "yyy", "yy", "yo", "y", "Qo", "Q", "gggg", "gg", "GGGG", "GG", "ww", "wo", "w", "WW", "Wo", "W", "E", "e",
	"Hmmss", "Hmm", "hmmss", "hmm", "HH", "H", "hh", "h", "kk", "k", "mm", "m", "ss", "s",
	"SSSSSSSSS", "SSSSSSSS", "SSSSSSS", "SSSSSS", "SSSSS", "SSSS", "SSS", "SS", "S", "ZZ", "Z", "zz", "z", "X", "x", "A", "a",
	"LTS", "LT", "LLLL", "LLL", "LL", "L", "llll", "lll", "ll", "l", "NNNNN", "NNNN", "NNN", "NN", "N",
}

// momentToken is the length of the token, or of the lone letter, at the start of s.
func momentToken(s string) int {
	for _, token := range momentTokens {
		if strings.HasPrefix(s, token) {
			return len(token)
		}
	}
	return 1
}

func isMomentToken(token string) bool { return slices.Contains(momentTokens, token) }
