package lint

import (
	"regexp"
	"strings"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/handlebars/syntax"
)

// foreignText looks between the tags for what other tools fill in, which here would be sent as it stands.
func (t *text) foreignText() {
	source := t.Text.Text
	if !strings.ContainsAny(source, "%$[|{<#") {
		return
	}
	for _, rule := range foreignRules {
		for pos := 0; ; {
			i := strings.Index(source[pos:], rule.sign)
			if i < 0 || t.isFull() {
				break
			}
			start := pos + i
			pos = start + len(rule.sign)
			if tag, ok := t.tagAt(start); ok {
				pos = max(pos, tag.End)
				continue
			}
			m := rule.pattern.FindStringSubmatchIndex(source[start:min(len(source), start+maxForeign)])
			if m == nil {
				continue
			}
			at := span(start, start+m[1])
			pos = at.End
			if t.isFaulty(at) || t.inComment(start) {
				continue
			}
			with, says, ok := rule.meant(t, source[start+m[2]:start+m[3]], at)
			if !ok {
				continue
			}
			var edits []edit
			if with != "" {
				edits = []edit{{at, with}}
				says += ": write " + with
			}
			if inner, ok := strings.CutPrefix(with, "{{#"); ok {
				t.begun = append(t.begun, rawTag{Span: at, inner: strings.TrimSuffix(inner, "}}")})
			}
			t.tell(at, edits, catalog.Error, rule.code, says)
			t.faulty = append(t.faulty, at)
		}
	}
}

// maxForeign bounds what is looked at behind a sign, in bytes.
const maxForeign = 200

// foreignRule is one way of other tools to write what is filled in. meant gives what to write instead ("": only the author
// can tell), and is false where the text may stand as it is.
type foreignRule struct {
	sign, code string
	pattern    *regexp.Regexp
	meant      func(t *text, inner string, at syntax.Span) (with, says string, ok bool)
}

var foreignRules = []foreignRule{
	{"{%", "foreign_syntax", regexp.MustCompile(`^\{%[-+]?\s*([^%]*?)\s*[-+]?%\}`), func(t *text, inner string, at syntax.Span) (string, string, bool) {
		return t.jinja(inner), "{% … %} is of Liquid or Jinja", true
	}},
	{"{#", "foreign_syntax", regexp.MustCompile(`^\{#\s([^#{}]*?)\s#\}`), func(_ *text, inner string, _ syntax.Span) (string, string, bool) {
		return "{{! " + inner + " }}", "a comment of Jinja would be sent", true
	}},
	{"<%", "foreign_syntax", regexp.MustCompile(`^<%[=-]?\s*([^%]*?)\s*-?%>`), func(t *text, inner string, _ syntax.Span) (string, string, bool) {
		return t.fieldTag(inner, true), "<% … %> is another tool's", true
	}},
	{"*|", "foreign_syntax", regexp.MustCompile(`^\*\|([A-Za-z][\w:. ]*)\|\*`), func(t *text, inner string, _ syntax.Span) (string, string, bool) {
		return t.fieldTag(inner, true), "*|…|* is Mailchimp's", true
	}},
	{"%%", "foreign_syntax", regexp.MustCompile(`^%%=?(?:v\()?@?([A-Za-z][\w. ]*?)\)?=?%%`), func(t *text, inner string, _ syntax.Span) (string, string, bool) {
		return t.fieldTag(inner, true), "%%…%% is another tool's", true
	}},
	{"${", "foreign_syntax", regexp.MustCompile(`^\$\{([A-Za-z_][\w. ]*)\}`), func(t *text, inner string, _ syntax.Span) (string, string, bool) {
		with := t.fieldTag(inner, true)
		return with, "${…} is another tool's", with != "" || t.Role != catalog.RoleLayout && t.Role != catalog.RoleHTML
	}},
	{"#{", "foreign_syntax", regexp.MustCompile(`^#\{([A-Za-z_][\w. ]*)\}`), known("#{…} is another tool's")},
	{"@{", "foreign_syntax", regexp.MustCompile(`^@\{([A-Za-z_][\w. ()']*)\}`), known("@{…} is another tool's")},
	{"{!", "foreign_syntax", regexp.MustCompile(`^\{!\$?([A-Za-z_][\w. ]*)\}`), func(t *text, inner string, at syntax.Span) (string, string, bool) {
		return t.fieldTag(inner, true), "{!…} is Salesforce's", at.Start == 0 || t.Text.Text[at.Start-1] != '{'
	}},
	{"{", "braces", regexp.MustCompile(`^\{\s*\{\s*([A-Za-z_][\w. ]*?)\s*\}\s*\}`), func(t *text, inner string, at syntax.Span) (string, string, bool) {
		return t.fieldTag(inner, false), "the braces of a tag stand together", !strings.HasPrefix(t.tree.Source(at), "{{")
	}},
	{"{", "braces", regexp.MustCompile(`^\{\$?\s*([A-Za-z_][\w. ]*?)\s*\}{1,2}`), func(t *text, inner string, at syntax.Span) (string, string, bool) {
		with := t.fieldTag(inner, false)
		return with, "a tag has two braces", with != "" && (at.Start == 0 || !strings.ContainsRune("{$#@!", rune(t.Text.Text[at.Start-1])))
	}},
	{"%", "foreign_syntax", regexp.MustCompile(`^%([A-Za-z][\w.]*[A-Za-z])%`), known("%…% is another tool's")},
	{"<<", "foreign_syntax", regexp.MustCompile(`^<<\s*([A-Za-z][\w. ]*?)\s*>>`), known("<<…>> is of mail merge")},
	{"«", "foreign_syntax", regexp.MustCompile(`^«\s*([A-Za-z][\w. ]*?)\s*»`), known("«…» is of mail merge")},
	{"[", "snippet_syntax", regexp.MustCompile(`^\[{1,3}[\s\p{Cf}]*([A-Za-z][^\[\]{}()\n]{0,80}?)[\s\p{Cf}]*\]{1,3}`), (*text).bracketed},
}

// known is a rule for what may be anyone's text, unless it is a field.
func known(says string) func(*text, string, syntax.Span) (string, string, bool) {
	return func(t *text, inner string, _ syntax.Span) (string, string, bool) {
		with := t.fieldTag(inner, true)
		return with, says, with != ""
	}
}

// fieldTag is the tag of the field that was meant, or "". loose says that names of other tools count.
func (t *text) fieldTag(name string, loose bool) string {
	path := t.fields.Meant(name)
	if path == "" && loose {
		path = mergeField(name)
	}
	if path == "" && t.fields.Has(strings.Split(name, ".")) {
		path = name
	}
	if path == "" {
		return ""
	}
	return "{{" + path + "}}"
}

// mergeFields are names of other tools, in small letters, without signs.
var mergeFields = map[string]string{
	"fname": "customer.firstName", "firstname": "customer.firstName", "lname": "customer.lastName", "lastname": "customer.lastName", "fullname": "customer.name",
	"name": "customer.name", "email": "customer.email", "emailaddress": "customer.email", "emailaddr": "customer.email", "phone": "customer.phone",
	"unsub": "unsubscribe.url", "unsubscribe": "unsubscribe.url", "unsuburl": "unsubscribe.url", "unsubscribeurl": "unsubscribe.url", "phonenumber": "customer.phone",
	"contactfirstname": "customer.firstName", "contactlastname": "customer.lastName", "contactemail": "customer.email", "contactname": "customer.name",
	"userfirstname": "currentUser.firstName", "agentname": "currentUser.displayName", "ticketid": "conversation.id",
	"leadfirstname": "customer.firstName", "leadlastname": "customer.lastName", "recipientfirstname": "customer.firstName",
}

// mergeField is the field that another tool's name stands for, or "".
func mergeField(name string) string {
	if len(name) > maxForeign {
		return ""
	}
	return mergeFields[strings.ToLower(notWord.ReplaceAllString(name, ""))]
}

// bracketed: [[ sn.x ]], [[SN.x]], [[x]], [sn.x], [[sn x]], [[customer.name]], [First Name].
func (t *text) bracketed(inner string, at syntax.Span) (string, string, bool) {
	source, after := t.tree.Source(at), t.Text.Text[at.End:]
	double := strings.HasPrefix(source, "[[")
	if source == "[["+inner+"]]" && strings.HasPrefix(inner, catalog.SnippetPrefix) && t.catalog.HasSnippet(inner) {
		return "", "", false
	}
	if !double && (strings.HasPrefix(after, "(") || strings.HasPrefix(after, "[") || strings.HasPrefix(after, ":")) { // a link's text
		return "", "", false
	}
	named := strings.HasPrefix(strings.ToLower(inner), "sn") && len(inner) > 2 && strings.IndexByte(" .,:;-_/", inner[2]) >= 0
	if double || named {
		if name := t.snippetNamed(inner); name != "" {
			return "[[" + name + "]]", "a snippet is written in two brackets, with its whole name", true
		}
	}
	if double && named && source != "[["+inner+"]]" {
		return "", "a snippet is written [[sn.name]], without blanks, and this one is not known", true
	}
	if named && !double && strings.HasPrefix(inner, catalog.SnippetPrefix) {
		return "", "a snippet is written in two brackets, and this one is not known", !strings.ContainsAny(inner, " ")
	}
	if with := t.fieldTag(inner, false); with != "" && !named {
		return with, "a field stands in two braces", true
	}
	return "", "", false
}

var jinjaFor = regexp.MustCompile(`^for\s+(\w+)\s+in\s+(\S+)$`)

// jinja is a tag of Liquid or Jinja as it is written here, or "".
func (t *text) jinja(inner string) string {
	word, rest, _ := strings.Cut(inner, " ")
	cond, ok := condition(rest)
	switch word {
	case "if", "unless":
		if ok {
			return "{{#" + word + " " + cond + "}}"
		}
	case "elif", "elsif", "elseif":
		if ok {
			return "{{else if " + cond + "}}"
		}
	case "else":
		return "{{else}}"
	case "endif":
		return "{{/if}}"
	case "endunless":
		return "{{/unless}}"
	case "endfor":
		return "{{/each}}"
	case "for":
		if m := jinjaFor.FindStringSubmatch(inner); m != nil {
			return "{{#each " + m[2] + " as |" + m[1] + "|}}"
		}
	case "comment":
		return "{{!--"
	case "endcomment":
		return "--}}"
	}
	return ""
}
