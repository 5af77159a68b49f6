package lint

import (
	"regexp"
	"strings"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/handlebars"
	"github.com/heraldsend/herald/render/handlebars/syntax"
)

// guess is what was probably meant by a tag.
type guess struct {
	code, says string
	inner      string // with its sigil; "": only the author can tell
	whole      string // instead of inner: for the whole tag
	closer     string // the tag opens a block whose closing tag has this name now
	opens      string // the block that it opens although the engine doesn't see it
	closes     bool   // it closes a block although the engine doesn't see it
}

// longestMistake is how many bytes a tag may hold that is read as if another tool's: nobody writes a longer one by mistake.
const longestMistake = 2000

// recognise says what was meant by a tag that is not one of ours, as other tools write them.
func (t *text) recognise(tag rawTag) (guess, bool) {
	if len(tag.inner) > longestMistake {
		return guess{}, false
	}
	for _, rule := range []func(*text, rawTag) (guess, bool){
		(*text).badBraces, (*text).snippetInTag, (*text).ending, (*text).elsewhere, (*text).conditional, (*text).looping, (*text).blockWithoutHash,
		(*text).pipe, (*text).foreignCall, (*text).blanksInName, (*text).missingField,
	} {
		if g, ok := rule(t, tag); ok {
			return g, true
		}
	}
	return guess{}, false
}

// badBraces: {{x}, {{{x}}, {{x}}}, {{{{x}}}}, and signs that other tools put behind the braces.
func (t *text) badBraces(tag rawTag) (guess, bool) {
	left, right := strings.Trim(tag.left, "~"), strings.Trim(tag.right, "~")
	if len(left) == len(right) && len(left) <= 3 {
		if rest := strings.TrimLeft(tag.inner, "=:@$%.-!"); rest != tag.inner && tag.sigil == "" && tag.inner[0] != '@' && !strings.HasPrefix(tag.inner, "../") &&
			!strings.HasPrefix(tag.inner, "./") && strings.TrimSpace(rest) != "" {
			return guess{code: "foreign_syntax", says: handlebars.Quote(tag.inner[:len(tag.inner)-len(rest)]) + " is another tool's: a name stands alone",
				inner: strings.TrimSpace(rest)}, true
		}
		return guess{}, false
	}
	inner := strings.TrimSuffix(tag.inner, "}")
	if inner == "" || strings.ContainsAny(inner, "{}\n") || len(left) > 3 && !t.fields.Has(strings.Split(inner, ".")) {
		return guess{}, false
	}
	if tag.sigil == "else" {
		inner = "else " + inner
	} else {
		inner = tag.sigil + inner
	}
	return guess{code: "braces", says: "a tag has as many braces at its end as at its start: {{" + inner + "}}", whole: "{{" + inner + "}}"}, true
}

var snippetLike = regexp.MustCompile(`^(?:\[\[)?\s*(sn\.[A-Za-z0-9_.-]+)\s*(?:\]\])?$`)

// snippetInTag: {{sn.x}}, {{> sn.x}}, {{[[sn.x]]}}.
func (t *text) snippetInTag(tag rawTag) (guess, bool) {
	m := snippetLike.FindStringSubmatch(tag.inner)
	if m == nil || tag.sigil != "" && tag.sigil != ">" {
		return guess{}, false
	}
	g := guess{code: "snippet_syntax", says: "a snippet stands in square brackets: [[" + m[1] + "]]"}
	if name := t.snippetNamed(m[1]); name != "" {
		g.says, g.whole = "a snippet stands in square brackets: [["+name+"]]", "[["+name+"]]"
	}
	return g, true
}

var endings = regexp.MustCompile(`^(?i)(?:/?end\s*(?:if|for|foreach|each|unless|with|ifcond|case)?|fi|/?else\s*$^)$`)

// ending: {{endif}}, {{end}}, {{/endif}}, {{/#if}}, {{/else}}, and {{/if}} of another block.
func (t *text) ending(tag rawTag) (guess, bool) {
	opener, open := t.openAt(tag)
	word := strings.ToLower(tag.inner)
	switch {
	case tag.sigil == "/" && word == "else" || tag.sigil == "#" && word == "else":
		return guess{code: "else_tag", says: "the other case begins at {{else}}", whole: "{{else}}"}, true
	case tag.sigil == "" && (tag.inner == "Else" || tag.inner == "ELSE" || word == "otherwise" || word == "else:"):
		return guess{code: "else_tag", says: "the other case begins at {{else}}", whole: "{{else}}"}, true
	case !open:
		return guess{}, false
	case (tag.sigil == "" || tag.sigil == "/" || tag.sigil == "#") && endings.MatchString(tag.inner), tag.sigil == "" && strings.HasPrefix(tag.inner, `\`),
		tag.sigil == "#" && strings.HasPrefix(tag.inner, "/"):
		return guess{code: "closing_tag", says: "the block " + opener.said(t) + " ends at {{/" + opener.name + "}}", whole: "{{/" + opener.name + "}}", closes: true}, true
	case tag.sigil == "/" && strings.TrimPrefix(tag.inner, "#") != opener.name:
		return guess{code: "closing_tag", says: "{{/" + syntax.Shorten(tag.inner) + "}} closes nothing: the open block is " + opener.said(t) + ", which ends at {{/" + opener.name + "}}",
			whole: "{{/" + opener.name + "}}", closes: true}, true
	case tag.sigil == "/" && strings.HasPrefix(tag.inner, "#"):
		return guess{code: "closing_tag", says: "a closing tag has no #: {{/" + opener.name + "}}", whole: "{{/" + opener.name + "}}", closes: true}, true
	}
	return guess{}, false
}

var elseIf = regexp.MustCompile(`^(?i)(else\s*if|elsif|elif|elseif)\b\s*(.*)$`)

// elsewhere: {{elseif x}}, {{#elseif x}}, {{else if a == b}}.
func (t *text) elsewhere(tag rawTag) (guess, bool) {
	inner := tag.inner
	if tag.sigil == "else" {
		word, rest := tag.word()
		if word != "if" {
			if rows()[word] != nil {
				return guess{}, false
			}
			inner = "else if " + inner
		} else {
			inner = "elseif " + rest
		}
	}
	m := elseIf.FindStringSubmatch(inner)
	if m == nil || tag.sigil != "" && tag.sigil != "#" && tag.sigil != "else" {
		return guess{}, false
	}
	g := guess{code: "else_tag", says: "a further case is written {{else if …}}"}
	if cond, ok := condition(strings.TrimSuffix(m[2], ":")); ok {
		g.inner = "else if " + cond
		g.says = "a further case is written {{" + g.inner + "}}"
	}
	return g, true
}

// pipe: {{x | upcase}}.
func (t *text) pipe(tag rawTag) (guess, bool) {
	if tag.sigil != "" || !strings.Contains(tag.inner, "|") || strings.Contains(tag.inner, " as |") || strings.Contains(tag.inner, "||") {
		return guess{}, false
	}
	g := guess{code: "foreign_syntax", says: "a pipe is of Liquid or Jinja; here the helper stands first: {{uppercase x}}"}
	if call, ok := piped(tag.inner); ok {
		g.inner, g.says = call, "a pipe is of Liquid or Jinja; here the helper stands first: {{"+call+"}}"
	} else if m := onlyFilter.FindStringSubmatch(tag.inner); m != nil && aliases[plainHelper(m[1])].to != "" {
		g.says = "a pipe is of Liquid or Jinja; here the helper stands first: {{" + rows()[aliases[plainHelper(m[1])].to].Signature + "}}"
	}
	return g, true
}

// onlyFilter finds the filter of a tag that has one.
var onlyFilter = regexp.MustCompile(`^[^|]*\|\s*(\w+)[^|]*$`)

var (
	ternary  = regexp.MustCompile(`^([^\s?"']+)\s*\?\s*("[^"]*"|'[^']*')\s*:\s*("[^"]*"|'[^']*')$`)
	orElse   = regexp.MustCompile(`^([^\s|?"']+)\s*(?:\|\||\?\?|\?:|\bor\b|,)\s*("[^"]*"|'[^']*')$`)
	plusText = regexp.MustCompile(`^(?:[^\s"'+]+|"[^"]*"|'[^']*')(?:\s*\+\s*(?:[^\s"'+]+|"[^"]*"|'[^']*'))+$`)
)

// foreignCall: {{upper x}}, {{x.toUpperCase()}}, {{dateFormat x "LL"}}, {{x || "y"}}, {{x ? "a" : "b"}}, {{concat a b}}.
func (t *text) foreignCall(tag rawTag) (guess, bool) {
	if tag.sigil != "" && tag.sigil != "&" {
		return t.foreignBlock(tag)
	}
	inner := tag.inner
	if m := ternary.FindStringSubmatch(inner); m != nil {
		whole := "{{#if " + m[1] + "}}" + m[2][1:len(m[2])-1] + "{{else}}" + m[3][1:len(m[3])-1] + "{{/if}}"
		return guess{code: "foreign_syntax", says: "a choice is a block: " + whole, whole: whole}, true
	}
	if m := orElse.FindStringSubmatch(inner); m != nil {
		return guess{code: "foreign_syntax", says: "what stands in for a missing value: {{default " + m[1] + " " + m[2] + "}}", inner: "default " + m[1] + " " + m[2]}, true
	}
	if call, ok := called(inner); ok {
		return guess{code: "foreign_helper", says: "a helper's arguments follow it without parentheses: {{" + call + "}}", inner: call}, true
	}
	if plusText.MatchString(inner) && strings.ContainsAny(inner, `"'`) {
		whole := sideBySide(strings.Split(inner, "+"))
		return guess{code: "foreign_syntax", says: "texts and values stand side by side: " + whole, whole: whole}, true
	}
	word, rest := tag.word()
	tokens, ok := tokenize(rest)
	if !ok || rest == "" {
		return guess{}, false
	}
	args, ok := arguments(tokens)
	if !ok {
		return guess{}, false
	}
	if plainHelper(word) == "concat" || plainHelper(word) == "concatenate" {
		whole := sideBySide(args)
		return guess{code: "foreign_helper", says: "texts and values stand side by side: " + whole, whole: whole}, true
	}
	call, says, known := renamed(word, args)
	switch {
	case !known || call == tag.inner:
		return guess{}, false
	case rows()[word] == nil:
		g := guess{code: "foreign_helper", says: "there is no helper " + syntax.Shorten(word) + ": " + says, inner: call}
		if call != "" {
			g.says = "there is no helper " + syntax.Shorten(word) + ": write {{" + call + "}}"
		}
		return g, true
	case call != "" && strings.Join(args, " ") != rest || word == "dateFormat" && call != tag.inner && call != "":
		return guess{code: "argument", says: "write {{" + call + "}}", inner: call}, true
	}
	return guess{}, false
}

// foreignBlock: {{#eq a b}} is one of ours; {{#equals a b}} is not.
func (t *text) foreignBlock(tag rawTag) (guess, bool) {
	word, rest := tag.word()
	tokens, ok := tokenize(rest)
	if tag.sigil != "#" || !ok || rest == "" || rows()[word] != nil {
		return guess{}, false
	}
	args, ok := arguments(tokens)
	if !ok {
		return guess{}, false
	}
	call, says, known := renamed(word, args)
	if !known {
		return guess{}, false
	}
	g := guess{code: "foreign_helper", says: "there is no block " + syntax.Shorten(word) + ": " + says}
	if call != "" && rows()[strings.Fields(call)[0]].Form() == handlebars.Either {
		g.inner, g.closer = "#"+call, strings.Fields(call)[0]
	}
	return g, true
}

// sideBySide prints texts as they are, and values in braces.
func sideBySide(parts []string) string {
	var b strings.Builder
	for _, p := range parts {
		if p = strings.TrimSpace(p); isQuoted(p) {
			b.WriteString(p[1 : len(p)-1])
		} else {
			b.WriteString("{{" + strings.Trim(p, "()") + "}}")
		}
	}
	return b.String()
}

// blanksInName: {{customer.first name}}, {{Customer First Name}}.
func (t *text) blanksInName(tag rawTag) (guess, bool) {
	if tag.sigil != "" && tag.sigil != "&" || !strings.ContainsAny(tag.inner, " \t") || strings.ContainsAny(tag.inner, `"'=()|`) {
		return guess{}, false
	}
	if word, _ := tag.word(); rows()[word] != nil {
		return guess{}, false
	}
	path := t.fields.Meant(tag.inner)
	if path == "" {
		return guess{}, false
	}
	return guess{code: "field_name", says: "a field's name has no blanks: write {{" + path + "}}", inner: path}, true
}

// missingField: {{"customer.name"}}, {{[customer.name]}}.
func (t *text) missingField(tag rawTag) (guess, bool) {
	name := strings.Trim(tag.inner, `"'[]`)
	if tag.sigil != "" || name == tag.inner || name == "" || strings.ContainsAny(name, " \t\"'[]") || !t.fields.Has(strings.Split(name, ".")) {
		return guess{}, false
	}
	return guess{code: "quoted_field", says: "a field stands without quotes and brackets: {{" + name + "}}", inner: name}, true
}

// told reports what was recognised in a tag.
func (t *text) told(tag rawTag, g guess) {
	var edits []edit
	switch {
	case g.whole != "":
		edits = append(edits, edit{tag.Span, g.whole})
	case g.inner != "":
		edits = append(edits, edit{tag.Span, tag.with(g.inner)})
	}
	if g.closer != "" && len(edits) > 0 {
		word, _ := tag.word()
		if end, ok := t.closerOf(tag, word); ok {
			edits = append(edits, edit{end.Span, "{{/" + g.closer + "}}"})
		}
	}
	t.tell(tag.Span, edits, catalog.Error, g.code, g.says)
	t.guessed = append(t.guessed, tag.Start)
	t.faulty = append(t.faulty, tag.Span)
}
