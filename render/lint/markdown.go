package lint

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/handlebars"
	"github.com/heraldsend/herald/render/handlebars/syntax"
)

// line is a line of a text.
type line struct {
	at   int
	text string
}

func lines(source string) (out []line) {
	at := 0
	for text := range strings.SplitSeq(source, "\n") {
		out = append(out, line{at, text})
		at += len(text) + 1
	}
	return out
}

var (
	onlyTags   = regexp.MustCompile(`^\s*(?:\{\{(?:[#/^!>]|else\b)[^{}]*\}\}\s*)+$`)
	listItem   = regexp.MustCompile(`^\s*(?:[-*+]|\d{1,9}[.)])\s`)
	htmlBlock  = regexp.MustCompile(`^ {0,3}<(?:div|p|table|tr|td|th|tbody|thead|section|article|center|ul|ol|li|h[1-6]|blockquote|header|footer|main|nav|aside|form|details)[\s>]`)
	markup     = regexp.MustCompile(`\*\*[^*\s][^*]*\*\*|\[[^\]\[]+\]\([^)\s]+\)|^\s{0,3}#{1,6} \S|^\s{0,3}[-*] \S`)
	oneElement = regexp.MustCompile(`^(\s*<[^<>]+>)(.*)(</[a-z0-9]+>\s*)$`)
	noBlank    = regexp.MustCompile(`^(#{2,6})[^\s#]`)
	fence      = regexp.MustCompile("^ {0,3}(?:```|~~~)")
)

// markdown looks for what Markdown reads in another way than its author meant.
func (t *text) markdown() {
	paragraph, list, html, fenced := false, false, false, false
	opened := 0 // where the line ends that begins the HTML block
	for _, l := range lines(t.Text.Text) {
		blank := strings.TrimSpace(l.text) == ""
		start := strings.TrimLeft(l.text, " \t")
		tags := strings.HasPrefix(start, "{{") && onlyTags.MatchString(l.text)
		switch {
		case (strings.HasPrefix(start, "```") || strings.HasPrefix(start, "~~~")) && fence.MatchString(l.text):
			fenced = !fenced
			continue
		case fenced || tags:
			if tags {
				paragraph = paragraph && !strings.Contains(l.text, "{{#") && !strings.Contains(l.text, "else")
			}
			continue
		case blank:
			paragraph, html = false, false
			continue
		}
		indent := len(l.text) - len(start)
		deep := indent >= 4 || strings.HasPrefix(l.text, "\t")
		if indent == 0 && !listItem.MatchString(l.text) && !paragraph {
			list = false
		}
		switch {
		case deep && !paragraph && !list && !html:
			at := span(l.at, l.at+indent)
			t.mend(at, []edit{{at, ""}}, catalog.Warning, "indented_code", "a line that begins with four blanks is shown as program code")
			continue
		case html:
			t.inHTML(l, opened)
		case !paragraph && start[0] == '<' && htmlBlock.MatchString(l.text):
			html, opened = true, l.at+len(l.text)
			t.afterElement(l)
		}
		if m := noBlank.FindStringSubmatchIndex(start); strings.HasPrefix(l.text, "##") && m != nil && !html {
			at := span(l.at, l.at+m[3])
			t.mend(at, []edit{{at, l.text[:m[3]] + " "}}, catalog.Warning, "heading", "a heading has a blank behind its #")
		}
		if !html {
			t.emphasis(l)
		}
		list = list || listItem.MatchString(l.text)
		paragraph = !strings.HasPrefix(l.text, "#")
	}
}

// inHTML tells of Markdown within an HTML block, which goes to the next empty line.
func (t *text) inHTML(l line, opened int) {
	if markup.MatchString(l.text) {
		at := span(l.at, l.at+len(l.text))
		t.mend(at, []edit{{span(opened, opened), "\n"}}, catalog.Warning, "markdown_in_html", "within HTML, Markdown is text: it begins behind an empty line")
	}
}

func (t *text) afterElement(l line) {
	m := oneElement.FindStringSubmatch(l.text)
	if m == nil || !markup.MatchString(m[2]) || strings.ContainsAny(m[2], "<>") {
		return
	}
	at := span(l.at, l.at+len(l.text))
	t.mend(at, []edit{{at, m[1] + "\n\n" + strings.TrimSpace(m[2]) + "\n\n" + m[3]}}, catalog.Warning, "markdown_in_html",
		"within HTML, Markdown is text: it begins behind an empty line")
}

// emphasis: "** text**" is printed with its stars.
func (t *text) emphasis(l line) {
	if strings.Contains(l.text, "`") || strings.Contains(l.text, `\*`) {
		return
	}
	parts := strings.Split(l.text, "**")
	if len(parts) < 3 || len(parts)%2 == 0 {
		return
	}
	at := l.at
	for i, part := range parts {
		if trimmed := strings.TrimSpace(part); i%2 == 1 && trimmed != part && trimmed != "" {
			where := span(at, at+len(part))
			if strings.HasPrefix(trimmed, "{{#") || strings.HasSuffix(trimmed, "{{/if}}") {
				return
			}
			before, after := "", ""
			if i > 0 && strings.HasPrefix(part, " ") && !strings.HasSuffix(parts[i-1], " ") && parts[i-1] != "" {
				before = " "
			}
			if strings.HasSuffix(part, " ") && !strings.HasPrefix(parts[i+1], " ") && parts[i+1] != "" {
				after = " "
			}
			whole := span(where.Start-2, where.End+2)
			t.mend(whole, []edit{{whole, before + "**" + trimmed + "**" + after}}, catalog.Warning, "emphasis", "the stars of bold text stand at its words, without blanks between")
		}
		at += len(part) + 2
	}
}

var (
	markdownLink = regexp.MustCompile(`(!?)\[([^\[\]\n]*)\]\(\s*<?([^()\s<>]*)>?(?:\s+"[^"]*")?\s*\)`)
	spacedLink   = regexp.MustCompile(`\[[^\[\]\n]+\]([ \t]+)\((?:https?:|mailto:|tel:|www\.)[^\s()]+\)`)
	turnedLink   = regexp.MustCompile(`\(([^()\[\]\n]+)\)\[((?:https?://|mailto:|www\.)[^\s\[\]]+)\]`)
	gluedAfter   = regexp.MustCompile(`^https?://[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}(\{\{[A-Za-z])`)
	scheme       = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9+.-]*):`)
	badScheme    = regexp.MustCompile(`^(?i)(ht+ps?|https?|hhtps?)(?::/?|;/?/?|//|:\\\\|/)/*([^/:\\].*)$`)
	bareHost     = regexp.MustCompile(`^(?i)(?:www\.[^\s]+|(?:[a-z0-9-]+\.)+(?:com|org|net|io|co|eu|de|fr|uk|example|app|dev|shop|info|us|at|ch)(?:[/?#:].*)?)$`)
	bareMail     = regexp.MustCompile(`^[^\s@/:]+@[^\s@/]+\.[A-Za-z]{2,}$`)
	fileName     = regexp.MustCompile(`(?i)^[^/:?#]+\.(?:png|jpe?g|gif|svg|webp|pdf|docx?|html?)$`)
)

// links looks for addresses that nobody can open.
func (t *text) links() {
	source := t.Text.Text
	if t.Role == catalog.RoleBody || t.Role == catalog.RoleSnippet {
		for _, m := range matches(markdownLink, source, "](") {
			if !t.inComment(m[0]) {
				t.destination(m[6], m[7], m[2] != m[3])
			}
		}
		for _, m := range matches(spacedLink, source, "] ", "]\t") {
			at := span(m[2], m[3])
			t.mend(at, []edit{{at, ""}}, catalog.Warning, "link", "a link has no blank between its text and its address")
		}
		for _, m := range matches(turnedLink, source, ")[") {
			at := span(m[0], m[1])
			with := "[" + source[m[2]:m[3]] + "](" + source[m[4]:m[5]] + ")"
			t.mend(at, []edit{{at, with}}, catalog.Warning, "link", "a link's text stands in square brackets, its address in round ones: %s", with)
		}
	}
	if t.Role != catalog.RoleText && t.Role != catalog.RoleTwin {
		t.attributes(" href=\"", false)
		t.attributes(" src=\"", true)
	}
	for pos := 0; ; {
		i := strings.Index(source[pos:], "http")
		if i < 0 {
			return
		}
		t.glued(pos + i)
		pos += i + len("http")
	}
}

// matches are those of a pattern in a text that holds one of the signs, without which it matches nowhere.
func matches(pattern *regexp.Regexp, source string, signs ...string) [][]int {
	if !slices.ContainsFunc(signs, func(sign string) bool { return strings.Contains(source, sign) }) {
		return nil
	}
	return pattern.FindAllStringSubmatchIndex(source, -1)
}

// attributes looks at the addresses of HTML's attributes that are written out.
func (t *text) attributes(sign string, picture bool) {
	source := t.Text.Text
	for pos := 0; ; {
		i := strings.Index(source[pos:], sign)
		if i < 0 {
			return
		}
		start := pos + i + len(sign)
		n := strings.IndexByte(source[start:], '"')
		if n < 0 {
			return
		}
		if n > 0 && !strings.ContainsAny(source[start:start+n], "{}") && !t.inComment(start) {
			t.destination(start, start+n, picture)
		}
		pos = start + n
	}
}

// glued looks at what stands before and behind an address that stands in the text.
func (t *text) glued(start int) {
	source := t.Text.Text
	name, _, ok := strings.Cut(source[start:min(len(source), start+8)], "://")
	if !ok || name != "http" && name != "https" {
		return
	}
	before, _ := utf8.DecodeLastRuneInString(source[:start])
	if start > 0 && (unicode.IsLetter(before) || unicode.IsDigit(before)) || strings.HasSuffix(source[:start], "}}") {
		t.mend(span(start, start+len(name)+3), []edit{{span(start, start), " "}}, catalog.Warning, "link",
			"the address is glued to what stands before it, so that it is no link: put a blank between")
	}
	if m := gluedAfter.FindStringSubmatchIndex(source[start:]); m != nil {
		at := start + m[2]
		t.mend(span(start, start+m[3]), []edit{{span(at, at), "/"}}, catalog.Warning, "link", "the value becomes part of the host's name: write a slash before it")
	}
}

// schemes are those that customers can open.
var schemes = []string{"http", "https", "mailto", "tel", "sms", "cid", "attachments"}

// destination looks at an address that is written out.
func (t *text) destination(start, end int, picture bool) {
	to, at := t.Text.Text[start:end], span(start, end)
	if strings.Contains(to, "{{") || strings.HasPrefix(to, "#") || strings.HasPrefix(to, "[[") || strings.HasPrefix(to, "attachments/") {
		if !strings.HasPrefix(to, "{{") && !strings.HasPrefix(to, "[[") && badScheme.MatchString(to) && scheme.FindString(to) != "" {
			t.misspelt(at, to)
		}
		return
	}
	tell := func(with, says string) {
		var edits []edit
		if with != "" {
			edits = []edit{{at, with}}
			says += ": write " + with
		}
		t.mend(at, edits, catalog.Warning, "link", "%s", says)
	}
	m := scheme.FindStringSubmatch(to)
	switch {
	case to == "":
		t.report(span(start-1, end+1), catalog.Warning, "link", "the address is missing")
	case badScheme.MatchString(to) && !strings.HasPrefix(to, "http://") && !strings.HasPrefix(to, "https://"):
		t.misspelt(at, to)
	case m != nil && !bareHost.MatchString(to):
		t.schemeOf(to, m[1], tell)
	case bareMail.MatchString(to):
		tell("mailto:"+to, "an address of mail begins with mailto:")
	case bareHost.MatchString(to):
		tell("https://"+to, "no customer can open "+handlebars.Quote(to))
	case fileName.MatchString(to):
		with := ""
		if _, ok := t.catalog.FindAttachment(to); ok && picture {
			with = "attachments/" + to
		}
		tell(with, "no customer can open "+handlebars.Quote(to)+": it is on your side; a picture stands in attachments/, or at a whole address")
	default:
		tell("", "no customer can open "+handlebars.Quote(to)+": an address begins with https://")
	}
}

func (t *text) schemeOf(to, name string, tell func(with, says string)) {
	switch lower := strings.ToLower(name); {
	case containsFold(schemes, lower):
	case handlebars.Suggest(lower, schemes) != "":
		meant := handlebars.Suggest(lower, schemes)
		tell(meant+to[len(name):], "there is no "+handlebars.Quote(name+":"))
	default:
		tell("", "addresses with "+handlebars.Quote(name+":")+" are replaced by #: http, https, mailto, tel and sms stay")
	}
}

func containsFold(list []string, s string) bool {
	for _, l := range list {
		if strings.EqualFold(l, s) {
			return true
		}
	}
	return false
}

// misspelt mends "htps://", "https//", "http:/".
func (t *text) misspelt(at syntax.Span, to string) {
	m := badScheme.FindStringSubmatch(to)
	name := "https"
	if !strings.Contains(strings.ToLower(m[1]), "ps") {
		name = "http"
	}
	with := name + "://" + m[2]
	if with == to {
		return
	}
	t.mend(at, []edit{{at, with}}, catalog.Warning, "link", "an address begins with https://: write %s", with)
}
