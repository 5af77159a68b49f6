package render

import (
	"slices"
	"strings"

	"github.com/heraldsend/herald/helpers/moment"
	"github.com/heraldsend/herald/render/handlebars"
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
func (l *linter) findParameters(p *TemplateText) {
	for _, t := range scanTags(p.Text) {
		if t.kind == tagPartial {
			if e := parseTag(t); e != nil {
				for _, h := range e.hash {
					l.parameters[h.name] = true
				}
			}
		}
	}
}

// expressions checks the fields and calls of a template that compiles.
func (l *linter) expressions(p *TemplateText) {
	stack := []scope{{root: true}}
	for _, t := range scanTags(p.Text) {
		top := stack[len(stack)-1]
		switch t.kind {
		case tagPrint, tagPrintRaw:
			l.printed(p, stack, t)
		case tagPartial:
			if e := parseTag(t); e != nil {
				l.arguments(p, stack, e)
			}
			if strings.HasPrefix(strings.TrimLeft(p.Text[t.start+2:], "~"), "#>") {
				stack = append(stack, top)
			}
		case tagOpen:
			e := parseTag(t)
			l.called(p, stack, e)
			stack = append(stack, l.scopeOf(stack, e))
		case tagElse:
			if len(stack) > 1 {
				if top.outer {
					stack[len(stack)-1] = stack[len(stack)-2]
				}
				if e := parseTag(t); e != nil {
					l.called(p, stack[:len(stack)-1], e)
					stack[len(stack)-1] = l.scopeOf(stack[:len(stack)-1], e)
				}
			}
		case tagClose:
			if len(stack) > 1 {
				stack = stack[:len(stack)-1]
			}
		case tagOther:
			if strings.Contains(p.Text[t.start:t.body], "#*") {
				stack = append(stack, scope{})
			}
		}
	}
}

// scopeOf is the scope within the block that e opens.
func (l *linter) scopeOf(stack []scope, e *expr) scope {
	top := stack[len(stack)-1]
	if e == nil {
		return top
	}
	name := e.text
	switch {
	case name == "each" || name == "reverse":
		return scope{params: append(slices.Clone(top.params), e.names...), depth: true, outer: true, block: name}
	case name == "with":
		inner := scope{params: append(slices.Clone(top.params), e.names...), depth: true, outer: true, block: name}
		if len(e.args) == 1 && e.args[0].kind == exprPath {
			if parts, ok := l.resolve(stack, e.args[0].text); ok {
				inner.prefix = parts
			}
		}
		return inner
	case l.helpers[name]:
		inner := top
		inner.params = append(slices.Clone(top.params), e.names...)
		inner.depth, inner.outer, inner.block = name == "ifCond", false, name
		return inner
	}
	return scope{params: top.params, depth: true, outer: true} // a section: {{#field}}
}

// resolve gives the path from the root, if the scopes tell it.
func (l *linter) resolve(stack []scope, path string) ([]string, bool) {
	up, parts, data := pathParts(path)
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
func (l *linter) printed(p *TemplateText, stack []scope, t tag) {
	e := parseTag(t)
	if e == nil {
		return
	}
	l.called(p, stack, e)
	if e.kind != exprPath || l.helpers[e.text] {
		return
	}
	parts, _ := l.resolve(stack, e.text)
	path := strings.Join(parts, ".")
	switch {
	case path == "draft.htmlBody" && t.kind == tagPrint:
		l.at(p, t.start, Error, "escaped_body", "{{draft.htmlBody}} would print tags as text: write {{{draft.htmlBody}}}")
	case t.kind == tagPrintRaw && path == "" && e.text == "htmlBody": // of a transcript's message
	case t.kind == tagPrintRaw && path != "draft.htmlBody" && path != "draft.textBody" && !strings.HasSuffix(path, ".emailSignature"):
		l.at(p, t.start, Warning, "raw_output", "%s is printed with its own formatting, which anyone who fills the field can choose: write {{%s}}", e.text, e.text)
	}
}

// called checks a field, or a call with its arguments.
func (l *linter) called(p *TemplateText, stack []scope, e *expr) {
	if e == nil || e.kind == exprString || e.kind == exprLiteral {
		return
	}
	if e.kind == exprPath {
		if !l.helpers[e.text] {
			l.field(p, stack, e)
		}
		return
	}
	l.arguments(p, stack, e)
	switch e.text {
	case "ifCond":
		if len(e.args) == 3 && e.args[1].kind == exprString {
			l.comparison(p, stack, e.args[1].text, e.args[0], e.args[2], e.args[1].pos)
		}
	case "lt", "lte", "gt", "gte":
		if len(e.args) == 2 {
			l.comparison(p, stack, map[string]string{"lt": "<", "lte": "<=", "gt": ">", "gte": ">="}[e.text], e.args[0], e.args[1], e.pos)
		}
	case "dateFormat":
		l.dateFormat(p, stack, e)
	}
}

func (l *linter) arguments(p *TemplateText, stack []scope, e *expr) {
	for _, a := range e.args {
		l.called(p, stack, a)
	}
	for _, h := range e.hash {
		l.called(p, stack, h.value)
	}
}

// field wants a path that the catalogue knows.
func (l *linter) field(p *TemplateText, stack []scope, e *expr) {
	parts, ok := l.resolve(stack, e.text)
	if !ok || len(parts) == 0 {
		return
	}
	if p.Role == RolePartial && l.parameters[parts[0]] {
		return
	}
	if _, known := l.fields.find(parts); known {
		return
	}
	path := strings.Join(parts, ".")
	l.at(p, e.pos, Error, "unknown_field", "unknown field %s%s", handlebars.Quote(path), handlebars.DidYouMean(path, l.fields.paths))
}

// typeOf is the type of an argument, TypeAny where it can't be told.
func (l *linter) typeOf(stack []scope, e *expr) FieldType {
	if e.kind != exprPath {
		return TypeAny
	}
	if parts, ok := l.resolve(stack, e.text); ok && len(parts) > 0 {
		t, _ := l.fields.find(parts)
		return t
	}
	return TypeAny
}

// comparison warns where two texts are ordered by their characters: "Silver"
// comes after "Platinum".
func (l *linter) comparison(p *TemplateText, stack []scope, operator string, a, b *expr, pos int) {
	if operator != "<" && operator != "<=" && operator != ">" && operator != ">=" {
		return
	}
	isText := func(e *expr) bool {
		return e.kind == exprString && !isNumeric(e.text) || l.typeOf(stack, e) == TypeText
	}
	for _, pair := range [][2]*expr{{a, b}, {b, a}} {
		if isText(pair[0]) && (isText(pair[1]) || pair[1].kind == exprString && !isNumeric(pair[1].text)) {
			l.at(p, pos, Warning, "lexical_comparison", "%s compares texts letter by letter, not by rank or number: write == for each value", handlebars.Quote(operator))
			return
		}
	}
}

func isNumeric(s string) bool {
	s = strings.TrimSpace(s)
	return s != "" && strings.Trim(s, "0123456789.+-eE") == ""
}

// dateFormat checks a call's literals against what Moment has.
func (l *linter) dateFormat(p *TemplateText, stack []scope, e *expr) {
	if len(e.args) > 0 {
		switch t := l.typeOf(stack, e.args[0]); t {
		case TypeText, TypeBool, TypeNumber, TypeList, TypeObject:
			l.at(p, e.args[0].pos, Warning, "date_type", "dateFormat wants a date; %s is a %s", e.args[0].text, t)
		}
	}
	for _, h := range e.hash {
		if h.value.kind != exprString {
			continue
		}
		value := h.value.text
		switch h.name {
		case "locale":
			if _, ok := moment.FindLocale(value); !ok {
				l.at(p, h.value.pos, Error, "unknown_locale", "there is no locale %s%s", handlebars.Quote(value), handlebars.DidYouMean(value, moment.LocaleNames()))
			}
		case "timezone":
			if _, ok := moment.FindZone(value); !ok {
				l.at(p, h.value.pos, Error, "unknown_zone", "there is no time zone %s%s", handlebars.Quote(value), handlebars.DidYouMean(value, moment.ZoneNames()))
			}
		case "format":
			if why := doubtfulFormat(value); why != "" {
				l.at(p, h.value.pos, Warning, "date_format", "format %s: %s", handlebars.Quote(value), why)
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
		case isLetter(c) && c < 0x80:
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
