package handlebars

// htmlEscapes has the character references of Handlebars.js.
var htmlEscapes = [256]string{
	'&': "&amp;", '<': "&lt;", '>': "&gt;", '"': "&quot;", '\'': "&#x27;", '`': "&#x60;", '=': "&#x3D;",
}

// markdownEscapes has a backslash before the punctuation that Markdown reads.
var markdownEscapes = func() (t [256]string) {
	for _, c := range "\\`*_{}[]()<>#+-.!|~&" {
		t[c] = "\\" + string(c)
	}
	return t
}()

// appendEscaped appends s in a mode.
func appendEscaped(dst []byte, s string, mode Escape) []byte {
	if mode == EscapeText {
		return appendPlain(dst, s)
	}
	table := &htmlEscapes
	if mode == EscapeMarkdown {
		table = &markdownEscapes
	}
	start := 0
	for i := 0; i < len(s); i++ {
		if r := table[s[i]]; r != "" {
			dst = append(dst, s[start:i]...)
			dst = append(dst, r...)
			start = i + 1
		}
	}
	return append(dst, s[start:]...)
}

// appendPlain appends s without control characters other than newline and tab.
func appendPlain(dst []byte, s string) []byte {
	start := 0
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' && c != '\n' && c != '\t' || c == 0x7f {
			dst = append(dst, s[start:i]...)
			start = i + 1
		}
	}
	return append(dst, s[start:]...)
}
