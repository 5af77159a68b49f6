package bounce

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/quotedprintable"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/text/encoding/htmlindex"
)

// decoded is the body of a part without its transfer encoding. What can't be decoded stays as it is.
func (e entity) decoded() []byte {
	switch strings.ToLower(strings.TrimSpace(e.header.get("content-transfer-encoding"))) {
	case "base64":
		kept := bytes.Map(func(r rune) rune {
			if r == '\r' || r == '\n' || r == ' ' || r == '\t' {
				return -1
			}
			return r
		}, e.body)
		out, _ := base64.StdEncoding.DecodeString(string(kept)) // up to where it is broken
		return out
	case "quoted-printable":
		out, err := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(e.body)))
		if err != nil && len(out) == 0 {
			return e.body
		}
		return out
	}
	return e.body
}

// text is what people read in a part, in UTF-8; "" where it is no text.
func (e entity) text() string {
	if !strings.HasPrefix(e.kind, "text/") {
		return ""
	}
	data := e.decoded()
	data = data[:min(len(data), maxText)]
	text := toUTF8(data, e.params["charset"])
	if e.kind == "text/html" {
		text = withoutTags(text)
	}
	return strings.ReplaceAll(text, "\r\n", "\n")
}

// toUTF8 decodes a charset. Text in an unknown one, and bytes that are none of its, become what UTF-8 has for them.
func toUTF8(data []byte, charset string) string {
	if charset != "" && !utf8.Valid(data) || strings.HasPrefix(strings.ToLower(charset), "iso-2022") {
		if enc, err := htmlindex.Get(charset); err == nil {
			if out, err := enc.NewDecoder().Bytes(data); err == nil {
				return string(out)
			}
		}
	}
	return strings.ToValidUTF8(string(data), "\uFFFD")
}

// withoutTags is the text of HTML, a line for each block: enough to look for words and addresses.
func withoutTags(source string) string {
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(source))
	z.SetMaxBuf(maxText)
	for hidden := false; ; {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			return b.String()
		case html.TextToken:
			if !hidden {
				b.WriteString(strings.ReplaceAll(html.UnescapeString(string(z.Raw())), "\n", " "))
			}
		case html.StartTagToken, html.SelfClosingTagToken, html.EndTagToken:
			name, _ := z.TagName()
			switch tag := string(name); tag {
			case "style", "script", "title":
				hidden = kind == html.StartTagToken
			case "br", "p", "div", "tr", "li", "h1", "h2", "h3", "table", "pre", "body", "hr":
				b.WriteByte('\n')
			case "td", "th":
				b.WriteByte(' ')
			}
		}
	}
}

var words = mime.WordDecoder{CharsetReader: func(charset string, input io.Reader) (io.Reader, error) {
	enc, err := htmlindex.Get(charset)
	if err != nil {
		return nil, err
	}
	return enc.NewDecoder().Reader(input), nil
}}

// decodedField is a field's value with its encoded words (RFC 2047) read.
func (h header) decodedField(name string) string {
	value := h.get(name)
	if text, err := words.DecodeHeader(value); err == nil {
		return text
	}
	return value
}

var addressPattern = regexp.MustCompile(`[\pL\pN.!#$%&'*+/=?^_{|}~-]{1,64}@(?:[\pL\pN](?:[\pL\pN-]{0,62})\.){0,8}[\pL\pN][\pL\pN-]{0,62}`)

// addressIn is the first mailbox in a text, without brackets; "" where there is none.
func addressIn(text string) string { return strings.Trim(addressPattern.FindString(text), ".'") }
