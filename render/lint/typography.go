package lint

import (
	"html"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/handlebars"
)

// straight are quotes and blanks that text processors put in, and what stands for them in a tag.
var straight = map[rune]string{
	'“': `"`, '”': `"`, '„': `"`, '‟': `"`, '«': `"`, '»': `"`, '″': `"`, '‘': `'`, '’': `'`, '‚': `'`, '‛': `'`, '′': `'`, '`': `'`, '´': `'`,
	'\u00a0': " ", '\u202f': " ", '\u2009': " ", '\u2007': " ", '\u3000': " ",
	'\u200b': "", '\u200c': "", '\u200d': "", '\u2060': "", '\ufeff': "", '\u00ad': "", '\u200e': "", '\u200f': "",
	'＝': "=", '｛': "{", '｝': "}", '–': "-", '—': "--", '…': "...",
}

var (
	entity  = regexp.MustCompile(`&(?:[A-Za-z]{2,8}|#\d{2,5}|#x[0-9A-Fa-f]{2,5});`)
	element = regexp.MustCompile(`</?[A-Za-z][^<>]*>`)
)

// typography looks for what editors of text put into tags: curly quotes, blanks that don't break, characters that can't be
// seen, HTML.
func (t *text) typography() {
	for _, tag := range t.raw() {
		source := t.tree.Source(tag.Span)
		clean, what, fatal := straightened(source)
		switch {
		case clean != source && !fatal:
			t.mend(tag.Span, []edit{{tag.Span, clean}}, catalog.Warning, "typography", "%s stands in this tag; write a blank", what)
		case clean != source:
			t.mend(tag.Span, []edit{{tag.Span, clean}}, catalog.Error, "typography", "%s stands in this tag: write %s", what, handlebars.Quote(clean))
			t.faulty = append(t.faulty, tag.Span)
		case !strings.ContainsAny(source, "&<"):
		case entity.MatchString(outside(source)) || element.MatchString(outside(source)):
			clean = html.UnescapeString(element.ReplaceAllString(source, ""))
			clean = strings.ReplaceAll(clean, "\u00a0", " ")
			t.mend(tag.Span, []edit{{tag.Span, clean}}, catalog.Error, "html_in_tag", "HTML stands in this tag: write %s", handlebars.Quote(clean))
			t.faulty = append(t.faulty, tag.Span)
		}
	}
}

// outside is a tag without the texts in quotes.
func outside(tag string) string { return quotedTexts.ReplaceAllString(tag, `""`) }

var quotedTexts = regexp.MustCompile(`"[^"]*"|'[^']*'`)

// straightened is a tag without typography, outside of its texts and [names]; what is the first that it had, fatal that the
// engine can't read it.
func straightened(tag string) (clean, what string, fatal bool) {
	if isASCII(tag) && !strings.Contains(tag, "`") {
		return tag, "", false
	}
	var b strings.Builder
	quote := rune(0)
	for _, r := range tag {
		plain, odd := straight[r]
		switch {
		case quote != 0 && r == quote:
			if quote = 0; !odd {
				plain = string(r)
			}
		case quote != 0:
			plain = string(r)
			if odd && (quote == '”' || quote == '’') && plain != "" && (r == '“' || r == '‘') {
				plain = straight[r]
			}
		case odd:
			if what == "" {
				what = nameOfRune(r)
			}
			if plain != " " {
				fatal = true
			}
			switch r {
			case '“', '„', '‟', '”':
				quote = '”'
			case '«':
				quote = '»'
			}
		default:
			plain = string(r)
			switch r {
			case '"', '\'':
				quote = r
			case '[':
				quote = ']'
			}
		}
		b.WriteString(plain)
	}
	if what == "" {
		return tag, "", false
	}
	return b.String(), what, fatal
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func nameOfRune(r rune) string {
	switch {
	case straight[r] == "":
		return "a character that can't be seen (" + strings.ToUpper(strings.TrimPrefix(handlebars.Quote(string(r)), `"\u`)[:4]) + ")"
	case straight[r] == " ":
		return "a blank that does not break"
	case straight[r] == `"` || straight[r] == `'`:
		return "the quote " + string(r)
	}
	return "the character " + string(r)
}
