package transcript

import (
	"encoding/base64"
	"html"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// The oracle of redaction, written without package redact: what can be read in the bytes of a mail by whoever decodes them.

// partsOf are the texts of a mail: its headers, and each part decoded.
func partsOf(t *testing.T, raw []byte) []string {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(string(raw)))
	if err != nil {
		t.Fatal(err)
	}
	out := headersOf(m.Header)
	var walk func(header map[string][]string, body io.Reader)
	walk = func(header map[string][]string, body io.Reader) {
		h := mail.Header(header)
		out = append(out, headersOf(h)...)
		kind, params, _ := mime.ParseMediaType(h.Get("Content-Type"))
		for _, value := range params {
			out = append(out, value)
		}
		if _, params, err := mime.ParseMediaType(h.Get("Content-Disposition")); err == nil {
			out = append(out, params["filename"])
		}
		if strings.HasPrefix(kind, "multipart/") {
			parts := multipart.NewReader(body, params["boundary"])
			for {
				p, err := parts.NextRawPart()
				if err == io.EOF {
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				walk(p.Header, p)
			}
		}
		switch strings.ToLower(h.Get("Content-Transfer-Encoding")) {
		case "quoted-printable":
			body = quotedprintable.NewReader(body)
		case "base64":
			body = base64.NewDecoder(base64.StdEncoding, body)
		}
		text, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(text))
	}
	walk(m.Header, m.Body)
	return out
}

func headersOf(h mail.Header) (out []string) {
	d := mime.WordDecoder{}
	for _, values := range h {
		for _, value := range values {
			decoded, err := d.DecodeHeader(value)
			if err != nil {
				decoded = value
			}
			out = append(out, decoded)
		}
	}
	return out
}

var (
	unread    = regexp.MustCompile(`(?is)<style.*?</style>|<head>.*?<title>|<!--\[if.*?<!\[endif\]-->| style="[^"]*"`)
	tags      = regexp.MustCompile(`(?s)<!--.*?-->|</?[a-zA-Z][^<>]*>`)
	octetsOf  = regexp.MustCompile(`(?:[%=][0-9A-Fa-f]{2})+`)
	softBreak = regexp.MustCompile(`=[ \t]*\r?\n`)
	escapes   = regexp.MustCompile(`\\u([0-9A-Fa-f]{4})`)
	packs     = regexp.MustCompile(`[A-Za-z0-9+/_-]{8,}`)
	lineEnds  = regexp.MustCompile(`\r?\n[> \t]*`)
)

var decodings = []func(string) string{
	html.UnescapeString,
	func(s string) string {
		return octetsOf.ReplaceAllStringFunc(s, func(code string) string {
			if code[0] != '%' {
				return code
			}
			plain, err := url.PathUnescape(code)
			if err != nil {
				return code
			}
			return plain
		})
	},
	func(s string) string {
		s = softBreak.ReplaceAllString(s, "")
		return octetsOf.ReplaceAllStringFunc(s, func(code string) string {
			if code[0] != '=' {
				return code
			}
			plain, err := url.PathUnescape(strings.ReplaceAll(code, "=", "%"))
			if err != nil {
				return code
			}
			return plain
		})
	},
	func(s string) string {
		return escapes.ReplaceAllStringFunc(s, func(code string) string {
			n, err := strconv.ParseUint(code[2:], 16, 16)
			if err != nil {
				return code
			}
			return string(rune(n))
		})
	},
	func(s string) string { return tags.ReplaceAllString(s, "") },
}

// readings are a text and all that comes of it by up to three decodings, and what is packed in it.
func readings(text string) []string {
	text = unread.ReplaceAllString(text, "")
	seen := map[string]bool{text: true}
	level := []string{text}
	for range 3 {
		var next []string
		for _, s := range level {
			for _, decode := range decodings {
				if d := decode(s); !seen[d] {
					seen[d] = true
					next = append(next, d)
				}
			}
		}
		level = next
	}
	var out []string
	for s := range seen {
		out = append(out, s)
		for _, lines := range []string{s, lineEnds.ReplaceAllString(s, "")} {
			for _, pack := range packs.FindAllString(lines, -1) {
				pack = strings.NewReplacer("-", "+", "_", "/").Replace(pack)
				for skip := range 4 {
					rest := pack[skip:]
					if len(rest)%4 == 1 {
						rest = rest[:len(rest)-1]
					}
					if plain, err := base64.RawStdEncoding.DecodeString(rest); err == nil {
						out = append(out, string(plain))
					}
				}
			}
		}
	}
	return out
}

// letters is a text without anything but letters and digits, folded.
func letters(s string) string {
	s = cases.Fold().String(norm.NFKC.String(s))
	s = cases.Fold().String(norm.NFKD.String(s))
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsDigit(r) && r > 0x7f: // the digits of a script begin where their number ends with 0 or 6
			zero := r
			for unicode.IsDigit(zero-1) && r-zero < 9 && zero&0xf != 0 && zero&0xf != 6 {
				zero--
			}
			return '0' + (r - zero)
		case unicode.IsLetter(r), unicode.IsDigit(r):
			return r
		}
		return -1
	}, s)
}

// leaks returns the texts in which a secret can be read.
func leaks(secret string, texts []string) (out []string) {
	want := letters(secret)
	for _, text := range texts {
		for _, reading := range readings(text) {
			if strings.Contains(letters(reading), want) {
				out = append(out, reading)
				break
			}
		}
	}
	return out
}
