package transcript

import (
	"encoding/base64"
	"fmt"
	"html"
	"math/rand/v2"
	"net/url"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// disguise is a way to write a text that says the same to a person or a program.
type disguise struct {
	name string
	text func(rng *rand.Rand, s string) string // in plain text
	html func(rng *rand.Rand, s string) string // in the source of HTML; nil: text, escaped
	url  bool                                  // text stands in an address as it is
}

// inHTML is a disguised text as the source of HTML.
func (d disguise) inHTML(rng *rand.Rand, s string) string {
	if d.html != nil {
		return d.html(rng, s)
	}
	return strings.ReplaceAll(html.EscapeString(d.text(rng, s)), "\n", "<br>\n")
}

// inURL is a disguised text as a part of an address.
func (d disguise) inURL(rng *rand.Rand, s string) string {
	if d.url {
		return d.text(rng, s)
	}
	return url.QueryEscape(d.text(rng, s))
}

// between puts something between all letters and digits.
func between(with ...string) func(*rand.Rand, string) string {
	return func(rng *rand.Rand, s string) string {
		var b strings.Builder
		for i, r := range s {
			if i > 0 && r != ' ' {
				b.WriteString(with[rng.IntN(len(with))])
			}
			b.WriteRune(r)
		}
		return b.String()
	}
}

// some puts something at one or two places.
func some(with ...string) func(*rand.Rand, string) string {
	return func(rng *rand.Rand, s string) string {
		chars := []rune(s)
		for range 1 + rng.IntN(2) {
			at := 1 + rng.IntN(len(chars)-1)
			chars = append(chars[:at:at], append([]rune(with[rng.IntN(len(with))]), chars[at:]...)...)
		}
		return string(chars)
	}
}

// each maps characters; "" keeps one.
func eachChar(f func(r rune) string) func(*rand.Rand, string) string {
	return func(_ *rand.Rand, s string) string {
		var b strings.Builder
		for _, r := range s {
			if to := f(r); to != "" {
				b.WriteString(to)
			} else {
				b.WriteRune(r)
			}
		}
		return b.String()
	}
}

// shifted maps letters and digits of ASCII to other ranges; 0 keeps them.
func shifted(upper, lower, digits rune) func(*rand.Rand, string) string {
	return eachChar(func(r rune) string {
		switch {
		case r >= 'A' && r <= 'Z' && upper != 0:
			return string(upper + r - 'A')
		case r >= 'a' && r <= 'z' && lower != 0:
			return string(lower + r - 'a')
		case r >= '0' && r <= '9' && digits != 0:
			return string(digits + r - '0')
		}
		return ""
	})
}

// octets writes each byte, or only those that aren't letters and digits.
func octets(form string, all bool) func(*rand.Rand, string) string {
	return func(_ *rand.Rand, s string) string {
		var b strings.Builder
		for _, c := range []byte(s) {
			if all || !unicode.IsLetter(rune(c)) && !unicode.IsDigit(rune(c)) || c >= 0x80 {
				fmt.Fprintf(&b, form, c)
			} else {
				b.WriteByte(c)
			}
		}
		return b.String()
	}
}

func packedBy(e *base64.Encoding, width int) func(*rand.Rand, string) string {
	return func(rng *rand.Rand, s string) string {
		packed := e.EncodeToString([]byte("xyz"[:rng.IntN(3)] + ": " + s + ", ok"))
		for at := width; width > 0 && at < len(packed); at += width + 1 {
			packed = packed[:at] + "\n" + packed[at:]
		}
		return packed
	}
}

func ligated(_ *rand.Rand, s string) string {
	return strings.NewReplacer("ffi", "ﬃ", "ff", "ﬀ", "fi", "ﬁ", "fl", "ﬂ", "ss", "ß", "SS", "ẞ", "st", "ﬆ", "ij", "ĳ", "s", "ſ", "k", "K").Replace(s)
}

var plainly = func(_ *rand.Rand, s string) string { return s }

// tagged puts markup into a text.
func tagged(with ...string) func(*rand.Rand, string) string {
	return func(rng *rand.Rand, s string) string {
		chars := []rune(s)
		at := 1 + rng.IntN(len(chars)-1)
		return html.EscapeString(string(chars[:at])) + with[rng.IntN(len(with))] + html.EscapeString(string(chars[at:]))
	}
}

var disguises = []disguise{
	{name: "as it is", text: plainly},
	{name: "upper case", text: func(_ *rand.Rand, s string) string { return strings.ToUpper(s) }},
	{name: "lower case", text: func(_ *rand.Rand, s string) string { return strings.ToLower(s) }},
	{name: "blanks", text: between(" ")},
	{name: "wide blanks", text: between("\u00a0", "\u2009", "\u3000", "\t")},
	{name: "hyphens", text: between("-")},
	{name: "dashes", text: between("–", "—", "‑", "−")},
	{name: "dots", text: between(".")},
	{name: "slashes", text: between("/", "\\")},
	{name: "commas", text: between(",", ";")},
	{name: "colons", text: between(":", "：")},
	{name: "bullets", text: between("•", "·", "*", "●")},
	{name: "equals", text: some("=", " = ")},
	{name: "underscores", text: between("_", "|", "~")},
	{name: "curly apostrophes", text: some("’", "‘", "“", "”", "`", "´", "'")},
	{name: "brackets", text: some("(", ")", "[", "]", "{", "}", "<", ">")},
	{name: "lines", text: some("\n", "\r\n")},
	{name: "quoted lines", text: some("\n> ", "\n>> ", "\r\n> > ")},
	{name: "zero width", text: between("\u200b", "\u200c", "\u200d", "\ufeff", "\u2060")},
	{name: "soft hyphens", text: between("\u00ad")},
	{name: "directions", text: some("\u200e", "\u200f", "\u202c", "\u2066", "\u2069")},
	{name: "marks", text: between("\u0301", "\u0308", "\u0336", "")},
	{name: "decomposed", text: func(_ *rand.Rand, s string) string { return norm.NFD.String(s) }},
	{name: "ligatures", text: ligated},
	{name: "full width", text: shifted('Ａ', 'ａ', '０')},
	{name: "bold", text: shifted('𝐀', '𝐚', '𝟎')},
	{name: "monospace", text: shifted('𝙰', '𝚊', '𝟶')},
	{name: "circled", text: shifted('Ⓐ', 'ⓐ', 0)},
	{name: "digits of Arabic", text: shifted(0, 0, '٠')},
	{name: "digits of Devanagari", text: shifted(0, 0, '०')},
	{name: "decimal entities", text: eachChar(func(r rune) string { return fmt.Sprintf("&#%d;", r) }), html: eachChar(func(r rune) string { return fmt.Sprintf("&#%d;", r) })},
	{name: "hexadecimal entities", text: eachChar(func(r rune) string { return fmt.Sprintf("&#x%X;", r) }), html: eachChar(func(r rune) string { return fmt.Sprintf("&#x%x;", r) })},
	{name: "entities of entities", text: eachChar(func(r rune) string { return fmt.Sprintf("&amp;#%d;", r) })},
	{name: "named entities", text: between("&nbsp;", "&shy;", "&zwnj;", "&thinsp;"), html: between("&nbsp;", "&shy;", "&zwnj;", "&ensp;", "<wbr>")},
	{name: "percent", text: octets("%%%02X", true), url: true},
	{name: "percent in part", text: octets("%%%02x", false), url: true},
	{name: "percent twice", text: octets("%%25%02X", true), url: true},
	{name: "plus", text: func(_ *rand.Rand, s string) string { return url.QueryEscape(s) }, url: true},
	{name: "quoted printable", text: octets("=%02X", true)},
	{name: "quoted printable in part", text: octets("=%02X", false)},
	{name: "soft line breaks", text: some("=\n", "=\r\n")},
	{name: "base64", text: packedBy(base64.StdEncoding, 0)},
	{name: "base64 without padding", text: packedBy(base64.RawStdEncoding, 0)},
	{name: "base64 for addresses", text: packedBy(base64.RawURLEncoding, 0), url: true},
	{name: "base64 in lines", text: packedBy(base64.StdEncoding, 20)},
	{name: "script escapes", text: eachChar(func(r rune) string {
		if r > 0xffff {
			return ""
		}
		return fmt.Sprintf("\\u%04x", r)
	})},
	{name: "elements", text: plainly, html: tagged("<b></b>", "<i>", "</p><p>", "<br>", "<span style='color:red'></span>", "<wbr>", "</div><div>", "<table><tr><td>", "<li>", "<a href='https://x.example/'></a>")},
	{name: "comments", text: plainly, html: tagged("<!-- x -->", "<!---->", "<style>p{}</style>", "<o:p></o:p>", "<script>x</script>")},
	{name: "hidden text", text: plainly, html: tagged("<span style='display:none'></span>", "<span hidden>x</span>", "<font size=1></font>")},
}
