package lint

import (
	"slices"
	"strings"

	"github.com/heraldsend/herald/helpers/moment"
)

// alias is a helper or filter of other tools, and what stands for it here.
type alias struct {
	to string // the helper; "": there is none, says tells what to do
	// write turns the arguments into those of the helper; nil: they are the same. It is false where they don't tell enough.
	write func(args []string) ([]string, bool)
	says  string
}

// aliases are by the name in small letters without dashes and underscores.
var aliases = func() map[string]alias {
	out := map[string]alias{}
	add := func(a alias, names ...string) {
		for _, n := range names {
			out[n] = a
		}
	}
	add(alias{to: "uppercase"}, "upper", "toupper", "touppercase", "upcase", "uc", "strtoupper")
	add(alias{to: "lowercase"}, "lower", "tolower", "tolowercase", "downcase", "lc", "strtolower")
	add(alias{to: "capitalize"}, "capitalise", "capitalizefirst", "capfirst", "ucfirst", "capitalizefirstletter")
	add(alias{says: "there is no helper for every word; capitalize changes the first letter"}, "titlecase", "title", "capitalizeall", "ucwords", "propercase")
	add(alias{to: "dateFormat", write: dateArguments}, "formatdate", "date", "moment", "formatdatetime", "datetime", "strftime", "todate", "datetimeformat", "formattime")
	add(alias{to: "fromNow"}, "timeago", "relativetime", "timefromnow", "ago", "humanizedate")
	add(alias{to: "formatDuration"}, "duration", "humanize", "humanizeduration")
	add(alias{to: "number", write: decimalsArgument}, "formatnumber", "numberformat", "tolocalestring", "addcommas", "numberwithdelimiter", "tofixed", "numeral")
	add(alias{to: "currency", write: exactly(2)}, "formatcurrency", "money", "tocurrency", "currencyformat", "formatmoney")
	add(alias{to: "plural", write: pluralArguments}, "pluralize", "pluralise", "inflect", "ngettext")
	add(alias{to: "length"}, "size", "count", "len", "strlen")
	add(alias{to: "default", write: twoOrMore}, "coalesce", "ifnull", "defaultto", "fallback", "isnull", "defaultvalue", "nvl", "defaultifempty", "defaultifnone")
	add(alias{to: "add", write: twoOrMore}, "plus", "sum")
	add(alias{to: "subtract", write: twoOrMore}, "minus", "sub")
	add(alias{to: "multiply", write: twoOrMore}, "times", "mul", "mult")
	add(alias{to: "divide", write: twoOrMore}, "div", "dividedby", "dividedb")
	add(alias{to: "add", write: func(a []string) ([]string, bool) { return append(a, "1"), len(a) == 1 }}, "inc", "increment", "addone", "plusone")
	add(alias{to: "eq", write: exactly(2)}, "equals", "equal", "isequal", "is", "same")
	add(alias{to: "ne", write: exactly(2)}, "notequals", "notequal", "isnt", "neq", "noteq")
	add(alias{to: "url"}, "encodeuricomponent", "encodeuri", "urlencode", "encodeurl", "escapeurl", "urlescape")
	add(alias{to: "contains", write: exactly(2)}, "includes", "include", "inarray", "has")
	add(alias{to: "replace", write: exactly(3)}, "replaceall", "strreplace")
	add(alias{to: "truncate", write: twoOrMore}, "ellipsis", "truncatechars", "shorten", "limit")
	add(alias{says: "write first, last, or truncate"}, "substring", "substr", "slice")
	add(alias{says: "values are printed as they are; blanks around them stay"}, "trim", "strip", "lstrip", "rstrip")
	add(alias{says: "a message has no code for others to read; print the fields"}, "json", "stringify", "jsonstringify", "tojson")
	add(alias{says: "texts in several languages are snippets: [[sn.name]]"}, "i18n", "t", "translate", "trans", "gettext", "localize")
	add(alias{says: "write one block ifCond for each value, or select"}, "switch", "case")
	return out
}()

func plainHelper(name string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "", "str.", "").Replace(name))
}

func exactly(n int) func([]string) ([]string, bool) {
	return func(a []string) ([]string, bool) { return a, len(a) == n }
}

func twoOrMore(a []string) ([]string, bool) { return a, len(a) >= 2 }

// isOption says whether an argument is written name=value.
func isOption(arg string) bool {
	i := strings.IndexByte(arg, '=')
	return i > 0 && !strings.ContainsAny(arg[:i], `"'(`)
}

// dateArguments makes options of a format, and of a locale or zone behind it.
func dateArguments(args []string) ([]string, bool) {
	var out []string
	for i, a := range args {
		switch {
		case i == 0 || isOption(a):
			out = append(out, dateOption(a))
		case isQuoted(a) && !slices.ContainsFunc(out, func(o string) bool { return strings.HasPrefix(o, "format=") }):
			out = append(out, "format="+mendedFormat(a))
		case isQuoted(a) && placeOption(a) != "":
			out = append(out, placeOption(a)+"="+a)
		default:
			return out, false
		}
	}
	return out, len(out) > 0
}

// placeOption is the option of dateFormat that a text in quotes is for: a time zone or a locale; "" if it is neither.
func placeOption(quoted string) string {
	name := quoted[1 : len(quoted)-1]
	if _, ok := moment.FindZone(name); ok {
		return "timezone"
	}
	if _, ok := moment.FindLocale(name); ok {
		return "locale"
	}
	return ""
}

// dateOption names the options of dateFormat as it does.
func dateOption(arg string) string {
	name, value, ok := strings.Cut(arg, "=")
	if to := optionAliases[strings.ToLower(name)]; ok && to != "" {
		name = to
	}
	if name == "format" && isQuoted(value) {
		value = mendedFormat(value)
	}
	if !ok {
		return arg
	}
	return name + "=" + value
}

// mendedFormat is a format in quotes as Moment.js knows it.
func mendedFormat(quoted string) string {
	if why := doubtful(quoted[1 : len(quoted)-1]); why.mended != "" {
		return quoted[:1] + why.mended + quoted[:1]
	}
	return quoted
}

// optionAliases are options of other tools.
var optionAliases = map[string]string{
	"tz": "timezone", "zone": "timezone", "time_zone": "timezone", "lang": "locale", "language": "locale", "fmt": "format", "pattern": "format",
	"digits": "decimals", "precision": "decimals", "fraction": "decimals", "sep": "separator",
}

func isQuoted(s string) bool {
	return len(s) >= 2 && (s[0] == '"' || s[0] == '\'') && s[len(s)-1] == s[0]
}

func decimalsArgument(args []string) ([]string, bool) {
	if len(args) == 2 && !isOption(args[1]) {
		return []string{args[0], "decimals=" + strings.Trim(args[1], `"'`)}, strings.Trim(args[1], `"'0123456789`) == ""
	}
	return args, len(args) == 1
}

func pluralArguments(args []string) ([]string, bool) {
	if len(args) == 3 && isQuoted(args[1]) && isQuoted(args[2]) {
		return []string{args[0], "one=" + args[1], "other=" + args[2]}, true
	}
	return args, false
}

// arguments joins tokens to arguments: name=value is one, what stands in parentheses is one, commas are nothing.
func arguments(tokens []token) (out []string, ok bool) {
	depth := 0
	glue := false
	for i, t := range tokens {
		switch {
		case t.text == "," && t.kind == tokenSign && depth == 0, t.text == ";" && t.kind == tokenSign:
			continue
		case t.kind == tokenSign && (t.text == "=" || t.text == ":"):
			if len(out) == 0 || i+1 == len(tokens) {
				return out, false
			}
			out[len(out)-1] += "="
			glue = true
			continue
		case t.kind == tokenSign && t.text == "(":
			if depth++; depth > 1 {
				out[len(out)-1] += "("
				continue
			}
			if glue {
				out[len(out)-1] += "("
			} else {
				out = append(out, "(")
			}
			glue = true
			continue
		case t.kind == tokenSign && t.text == ")":
			if depth--; depth < 0 {
				return out, false
			}
			out[len(out)-1] += ")"
			glue = false
			continue
		case t.kind == tokenSign:
			return out, false
		}
		switch {
		case glue:
			out[len(out)-1] += t.text
			glue = false
		case depth > 0:
			out[len(out)-1] += " " + t.text
		default:
			out = append(out, t.text)
		}
	}
	return out, depth == 0
}

// renamed is a call of a helper by another tool's name, as it is written here. known says that the name is known.
func renamed(name string, args []string) (call string, says string, known bool) {
	a, known := aliases[plainHelper(name)]
	if !known {
		for own := range rows() {
			if plainHelper(own) == plainHelper(name) {
				a, known = alias{to: own}, true
				if own == "dateFormat" {
					a.write = dateArguments
				}
			}
		}
	}
	if !known {
		return "", "", false
	}
	if a.to == "" {
		return "", a.says, true
	}
	ok := true
	if a.write != nil {
		args, ok = a.write(slices.Clone(args))
	}
	if !ok {
		return "", "the helper here is " + a.to, true
	}
	return strings.Join(append([]string{a.to}, args...), " "), "the helper here is " + a.to, true
}

// piped reads "value | filter: arguments | …" of Liquid, Jinja or Angular.
func piped(inner string) (call string, ok bool) {
	tokens, ok := tokenize(inner)
	if !ok {
		return "", false
	}
	parts := splitTokens(tokens, "|")
	if len(parts) < 2 || len(parts[0]) != 1 {
		return "", false
	}
	value, nested := parts[0][0].text, false
	for _, filter := range parts[1:] {
		if len(filter) == 0 {
			return "", false
		}
		name := filter[0].text
		switch plainHelper(name) {
		case "escape", "raw", "safe", "h", "e", "html":
			continue
		}
		rest := filter[1:]
		if len(rest) > 0 && rest[0].text == ":" {
			rest = rest[1:]
		}
		if len(rest) > 1 && rest[0].text == "(" && rest[len(rest)-1].text == ")" {
			rest = rest[1 : len(rest)-1]
		}
		args, ok := arguments(rest)
		if !ok {
			return "", false
		}
		if nested {
			value = "(" + value + ")"
		}
		next, _, known := renamed(name, append([]string{value}, args...))
		if !known || next == "" {
			return "", false
		}
		value, nested = next, true
	}
	return value, true
}

func splitTokens(tokens []token, sign string) (out [][]token) {
	part := []token{}
	for _, t := range tokens {
		if t.kind == tokenSign && t.text == sign {
			out = append(out, part)
			part = []token{}
			continue
		}
		part = append(part, t)
	}
	return append(out, part)
}

// called reads a call as in JavaScript or Python: "upper(x)", "x.toUpperCase()".
func called(inner string) (call string, ok bool) {
	open := strings.IndexByte(inner, '(')
	if open <= 0 || !strings.HasSuffix(inner, ")") {
		return "", false
	}
	name := strings.TrimSpace(inner[:open])
	tokens, ok := tokenize(inner[open+1 : len(inner)-1])
	if !ok || strings.ContainsAny(name, " \t") {
		return "", false
	}
	args, ok := arguments(tokens)
	if !ok {
		return "", false
	}
	if i := strings.LastIndexByte(name, '.'); i > 0 && aliasOrRow(name) == "" { // a method
		method := name[i+1:]
		if method == "format" {
			method = "dateFormat"
			for i := range args {
				if i == 0 && isQuoted(args[0]) {
					args[0] = "format=" + args[0]
				}
			}
		}
		args, name = append([]string{name[:i]}, args...), method
	}
	call, _, known := renamed(name, args)
	return call, known && call != ""
}

// aliasOrRow is the helper that a name stands for, "" if none.
func aliasOrRow(name string) string {
	if rows()[name] != nil {
		return name
	}
	return aliases[plainHelper(name)].to
}
