package lint

import (
	"regexp"
	"slices"
	"strings"

	"github.com/heraldsend/herald/render/handlebars"
	"github.com/heraldsend/herald/render/handlebars/syntax"
)

// comparingBlocks are blocks of other tools that compare, with the operator that they stand for; "": it is an argument.
var comparingBlocks = map[string]string{
	"ifequals": "==", "ifequal": "==", "ifeq": "==", "equal": "==", "equals": "==", "is": "==", "ifis": "==", "ifnotequals": "!=", "ifnotequal": "!=", "ifneq": "!=", "ifnot": "",
	"isnt": "!=", "unlesseq": "!=", "unlessequals": "!=", "compare": "", "xif": "", "when": "", "ifcond": "", "ifcondition": "", "ifcomp": "", "cond": "", "ifcompare": "",
	"ifgt": ">", "iflt": "<", "ifgte": ">=", "iflte": "<=", "iif": "",
}

// conditional: {{#if a == b}}, {{#ifCond a == b}}, {{#ifEquals a b}}, {{#ifCond a "=" b}}.
func (t *text) conditional(tag rawTag) (guess, bool) {
	word, rest := tag.word()
	if tag.sigil != "#" && tag.sigil != "" || rest == "" {
		return guess{}, false
	}
	plain := plainHelper(word)
	_, comparing := comparingBlocks[plain]
	switch {
	case word == "if" || word == "unless" || plain == "if" && word != "if" && rest != "":
		if plain == "if" {
			word = "if"
		}
		cond, ok := condition(strings.TrimSuffix(rest, ":"))
		if ok && cond == rest && tag.sigil == "#" && word == strings.Fields(tag.inner)[0] {
			return guess{}, false
		}
		g := guess{code: "condition", says: "a condition is a value, or a helper in parentheses"}
		if strings.HasPrefix(cond, "(not ") && word == "if" && !strings.HasPrefix(cond, "(not (") {
			cond = "(not " + cond[len("(not "):]
		}
		if ok {
			g.inner = "#" + word + " " + cond
			g.says = "a condition is a value, or a helper in parentheses: {{" + g.inner + "}}"
		}
		if tag.sigil == "" {
			g.opens, g.code = word, "missing_hash"
			g.says = "a block begins with #: {{#" + word + " …}}"
		}
		return g, true
	case word == "ifCond" || comparing:
		return t.compared(tag, word, rest)
	}
	return guess{}, false
}

// operatorsMeant are signs and words that stand for an operator of ifCond's.
var operatorsMeant = map[string]string{
	"=": "==", "=>": ">=", "=<": "<=", "<>": "!=", "is": "==", "eq": "==", "equals": "==", "equal": "==", "isnt": "!=", "ne": "!=", "neq": "!=", "not": "!=",
	"gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "and": "&&", "or": "||", "&": "&&", "|": "||", "≥": ">=", "≤": "<=", "≠": "!=",
}

func (t *text) compared(tag rawTag, word, rest string) (guess, bool) {
	tokens, ok := tokenize(strings.TrimSuffix(rest, ":"))
	sign := comparingBlocks[plainHelper(word)]
	g := guess{code: "condition", says: `ifCond compares two values by an operator in quotes: {{#ifCond a "==" b}}`}
	var args []string
	for _, tk := range tokens {
		if tk.text != "," && tk.text != "(" && tk.text != ")" || tk.kind != tokenSign {
			args = append(args, tk.text)
		}
	}
	switch {
	case strings.Contains(rest, "(") && word != "ifCond" && !strings.HasPrefix(rest, "("):
		return g, true
	case ok && len(args) == 2 && sign == "" && word == "ifCond":
		sign = "=="
	case ok && len(args) == 2 && sign != "":
	case ok && len(args) == 3:
		sign = strings.Trim(args[1], `"'`)
		if meant := operatorsMeant[strings.ToLower(sign)]; meant != "" {
			sign = meant
		}
		args = []string{args[0], args[2]}
	default:
		if cond, ok := condition(rest); ok && word == "ifCond" && strings.HasPrefix(cond, "(") {
			g.inner, g.closer = "#if "+cond, "if"
			g.says = "several comparisons stand in parentheses: {{" + g.inner + "}}"
			return g, true
		}
		return g, word != "ifCond" || tag.sigil == "#" && ok
	}
	if !slices.Contains([]string{"==", "===", "!=", "!==", "<", "<=", ">", ">=", "&&", "||"}, sign) {
		return g, word != "ifCond"
	}
	inner := "#ifCond " + args[0] + ` "` + sign + `" ` + args[1]
	if tag.sigil+tag.inner == inner {
		return guess{}, false
	}
	g.inner = inner
	g.says = "ifCond compares two values by an operator in quotes: {{" + inner + "}}"
	if word != "ifCond" {
		g.closer, g.code = "ifCond", "foreign_helper"
		g.says = "there is no block " + syntax.Shorten(word) + ": write {{" + inner + "}}"
	}
	if tag.sigil == "" {
		g.opens = word
		if word == "ifCond" {
			g.code, g.says = "missing_hash", "a block begins with #: {{"+inner+"}}"
		}
	}
	return g, true
}

var forIn = regexp.MustCompile(`^(?:each|for|foreach|forEach)\s+\(?([A-Za-z_]\w*)(?:\s*,\s*([A-Za-z_]\w*))?\s+(?:in|of)\s+([^\s()]+)\)?:?$`)

// looping: {{#for x in list}}, {{#foreach list}}, {{#each x in list}}.
func (t *text) looping(tag rawTag) (guess, bool) {
	if tag.sigil != "#" && tag.sigil != "" {
		return guess{}, false
	}
	g := guess{code: "foreign_helper"}
	if m := forIn.FindStringSubmatch(tag.inner); m != nil {
		g.inner = "#each " + m[3] + " as |" + m[1] + "|"
		if m[2] != "" {
			g.inner = "#each " + m[3] + " as |" + m[1] + " " + m[2] + "|"
		}
	} else if word, rest := tag.word(); slices.Contains([]string{"foreach", "for", "loop", "list", "repeat", "iterate"}, strings.ToLower(word)) && rest != "" && tag.sigil == "#" {
		list, param, as := strings.Cut(rest, " as ")
		if strings.ContainsAny(list, " \t") {
			return guess{}, false
		}
		g.inner = "#each " + list
		if as {
			g.inner += " as |" + strings.Trim(param, "| ") + "|"
		}
	} else {
		return guess{}, false
	}
	g.says = "a block for every item is written {{" + g.inner + "}}"
	if word, _ := tag.word(); word != "each" {
		g.closer = "each"
		if tag.sigil == "" {
			g.opens = word
		}
	} else if tag.sigil == "" {
		g.opens = "each"
	}
	return g, true
}

// blockWithoutHash: {{each list}}.
func (t *text) blockWithoutHash(tag rawTag) (guess, bool) {
	word, rest := tag.word()
	row := rows()[word]
	if tag.sigil != "" || row == nil || row.Form() != handlebars.Block || rest == "" {
		return guess{}, false
	}
	return guess{code: "missing_hash", says: "a block begins with #: {{#" + word + " …}}", inner: "#" + tag.inner, opens: word}, true
}
