package plain

import (
	"net/url"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// Address is href as it works when it is opened. Like browsers it drops line breaks and tabs, cuts blanks at the ends, and
// encodes those within; tel: and sms: keep the number without the marks that make it readable. It is not ok where the
// scheme wants a number and there is none.
func Address(href string) (address string, ok bool) {
	if isTidy(href) {
		return href, true
	}
	href = tidy(href)
	scheme, rest, _ := strings.Cut(href, ":")
	switch strings.ToLower(scheme) {
	case "tel", "sms":
		end := strings.IndexAny(rest, "?;")
		if end < 0 {
			end = len(rest)
		}
		number, ok := Number(unescaped(rest[:end]))
		return strings.ToLower(scheme) + ":" + number + encodeBlanks(rest[end:], false), ok
	case "http", "https":
		return encodeBlanks(href, true), true
	}
	return encodeBlanks(href, false), true
}

// isTidy says of most addresses that Address changes nothing.
func isTidy(href string) bool {
	if len(href) > 3 && (href[0]|0x20 == 't' || href[0]|0x20 == 's') && href[3] == ':' {
		return false
	}
	for i := range len(href) {
		c := href[i]
		if c <= ' ' || c >= 0x7f || c == '\\' || mustEncode[c] {
			return false
		}
	}
	return true
}

// isClean says of most addresses that they have only visible characters of ASCII.
func isClean(href string) bool {
	for i := range len(href) {
		if c := href[i]; c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return true
}

var mustEncode = [256]bool{' ': true, '"': true, '<': true, '>': true, '`': true, '{': true, '}': true, '\\': true}

// tidy drops what browsers drop from an address.
func tidy(href string) string {
	if isClean(href) {
		return href
	}
	href = strings.TrimFunc(href, func(r rune) bool { return r <= ' ' || r == '\u00a0' || r == '\ufeff' })
	return strings.Map(func(r rune) rune {
		switch r {
		case '\t', '\n', '\v', '\f', '\r', '\u0085', '\u2028', '\u2029', '\u200b', '\u00ad', '\ufeff':
			return -1
		}
		return r
	}, href)
}

// encodeBlanks encodes what no address may have. Letters outside ASCII stay. A backslash in the path of a web address is a
// slash.
func encodeBlanks(s string, web bool) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i, r := range s {
		switch {
		case web && (r == '?' || r == '#'):
			web = false
			b.WriteRune(r)
		case web && r == '\\':
			b.WriteByte('/')
		case r == utf8.RuneError:
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				b.Write([]byte{'%', hex[s[i]>>4], hex[s[i]&15]})
				continue
			}
			b.WriteRune(r)
		case r < 0x80 && (r < ' ' || r == 0x7f || mustEncode[r]):
			b.Write([]byte{'%', hex[r>>4], hex[r&15]})
		case r == '\u00a0' || r == '\u3000':
			b.WriteString("%20")
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// maxDigits is more than any telephone number has.
const maxDigits = 40

// Number is a telephone number as it is dialled: a plus and digits. "(0)" behind a country code goes; an extension becomes
// ";ext=". It is not ok where s is no number.
func Number(s string) (number string, ok bool) {
	s = strings.TrimSpace(s)
	var b strings.Builder
	international := false
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r >= '０' && r <= '９' {
			r += '0' - '０'
		}
		switch {
		case r >= '0' && r <= '9', r == '*', r == ',' && b.Len() > 0:
			b.WriteRune(r)
		case (r == '+' || r == '＋') && b.Len() == 0:
			international = true
			b.WriteByte('+')
		case r == '#':
			b.WriteString("%23")
		case international || strings.HasPrefix(b.String(), "00"):
			if rest, ok := cutTrunkZero(s[i:]); ok {
				n = len(s[i:]) - len(rest)
				break
			}
			fallthrough
		default:
			if isSeparator(r) {
				break
			}
			extension, ok := extensionIn(s[i:])
			if !ok || b.Len() == 0 {
				return "", false
			}
			b.WriteString(";ext=" + extension)
			n = len(s[i:])
		}
		if b.Len() > maxDigits {
			return "", false
		}
		i += n
	}
	number = b.String()
	return number, strings.ContainsAny(number, "0123456789*")
}

// cutTrunkZero cuts "(0)", with blanks, from the beginning of s.
func cutTrunkZero(s string) (rest string, ok bool) {
	for _, c := range "(0)" {
		s = strings.TrimLeft(s, " ")
		if s, ok = strings.CutPrefix(s, string(c)); !ok {
			return s, false
		}
	}
	return s, true
}

// isSeparator says whether r only makes a telephone number readable.
func isSeparator(r rune) bool {
	switch {
	case r == ' ', r == '-', r == '.', r == '(', r == ')', r == '/', r == '[', r == ']', r == '_', r == '~',
		r == '\u00a0', r == '\u00ad', r == '\u2212', r == '\u3000', r == '\u2060', r == '\ufeff',
		r >= '\u2000' && r <= '\u2015', r == '\u202a', r == '\u202c', r == '\u202f', r == '\u2066', r == '\u2069':
		return true
	}
	return false
}

// extensionIn reads "ext. 5" or "x5".
func extensionIn(s string) (digits string, ok bool) {
	s = strings.ToLower(s)
	for _, word := range []string{"extension", "ext.", "ext", "x"} {
		if rest, found := strings.CutPrefix(s, word); found {
			digits = strings.TrimSpace(rest)
			return digits, digits != "" && len(digits) <= 11 && strings.Trim(digits, "0123456789") == ""
		}
	}
	return "", false
}

// Shown is what stands for href in plain text: of mailto: the address, of tel: and sms: the number as it was given. It is
// empty where an address is of no use to the one who reads.
func Shown(href string) string {
	href = tidy(href)
	scheme, rest, ok := strings.Cut(href, ":")
	if ok {
		switch strings.ToLower(scheme) {
		case "mailto":
			rest, _, _ = strings.Cut(rest, "?")
			return unescaped(rest)
		case "tel", "sms":
			if i := strings.IndexAny(rest, "?;"); i >= 0 {
				rest = rest[:i]
			}
			return strings.TrimSpace(unescaped(rest))
		case "javascript", "data", "vbscript", "cid":
			return ""
		}
	}
	if strings.HasPrefix(href, "#") {
		return ""
	}
	address, _ := Address(href)
	return address
}

// Link is what plain text says of a link: "label (address)", or one of them where the other adds nothing.
func Link(label, href string) string {
	label = strings.TrimSpace(label)
	shown := Shown(href)
	switch {
	case shown == "":
		return label
	case label == "":
		return shown
	case !Same(label, href):
		return label + " (" + shown + ")"
	case works(label, href):
		return label
	}
	return shown
}

// maxLabel bounds labels that may be their address.
const maxLabel = 4 << 10

// Same says whether label, as people read it, is the address that the link leads to.
func Same(label, href string) bool {
	if len(label) > maxLabel || len(href) > 2*maxLabel {
		return false
	}
	if label == href {
		return true
	}
	href = tidy(href)
	scheme, rest, _ := strings.Cut(href, ":")
	switch scheme = strings.ToLower(scheme); scheme {
	case "mailto":
		label, _, _ = strings.Cut(cutScheme(label, scheme), "?")
		return strings.EqualFold(unescaped(label), Shown(href))
	case "tel", "sms":
		a, aIs := Number(unescaped(cutScheme(label, scheme)))
		b, bIs := Number(Shown(href))
		return aIs && bIs && a == b
	case "http", "https":
		if label = strings.TrimSpace(label); strings.IndexByte(label, '.') < 0 && !strings.Contains(label, "//") {
			return false // words
		}
		label = tidy(label)
		if bare := cutScheme(label, scheme); bare != label {
			label = strings.TrimPrefix(bare, "//")
		}
		return comparable(label, scheme) == comparable(strings.TrimPrefix(rest, "//"), scheme)
	}
	return label == href
}

// cutScheme cuts scheme, in any case, and its colon off.
func cutScheme(s, scheme string) string {
	if len(s) > len(scheme) && s[len(scheme)] == ':' && strings.EqualFold(s[:len(scheme)], scheme) {
		return s[len(scheme)+1:]
	}
	return s
}

// comparable is a web address, without its scheme, in a form that is equal for addresses that people take for the same.
func comparable(address, scheme string) string {
	address = encodeBlanks(address, true)
	end := strings.IndexAny(address, "/?#")
	if end < 0 {
		end = len(address)
	}
	host, rest := strings.ToLower(address[:end]), address[end:]
	port := ":443"
	if scheme == "http" {
		port = ":80"
	}
	host = strings.TrimSuffix(host, port)
	if ascii, err := idna.Lookup.ToASCII(unescaped(host)); err == nil {
		host = ascii
	}
	return host + strings.TrimSuffix(unescaped(rest), "/")
}

// works says whether label, which is the same as href, leads there too when it is opened by itself: what is encoded in the
// address of a page must not be a delimiter in label.
func works(label, href string) bool {
	scheme, _, _ := strings.Cut(tidy(href), ":")
	if scheme = strings.ToLower(scheme); scheme != "http" && scheme != "https" {
		return true
	}
	for _, delimiter := range []string{"#", "?", "&", "+", "=", "/"} {
		if strings.Count(label, delimiter) > strings.Count(href, delimiter) {
			return false
		}
	}
	return !strings.ContainsAny(label, " \n\"<>\\")
}

// unescaped decodes what is percent-encoded in s, where it is UTF-8 without control characters.
func unescaped(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	out, err := url.PathUnescape(s)
	if err != nil || !utf8.ValidString(out) || strings.ContainsFunc(out, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return s
	}
	return out
}
