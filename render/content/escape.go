package content

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// htmlReferences are those of Handlebars.js.
var htmlReferences = [256]string{
	'&': "&amp;", '<': "&lt;", '>': "&gt;", '"': "&quot;", '\'': "&#x27;", '`': "&#x60;", '=': "&#x3D;",
}

// appendHTML appends s with HTML's special characters as references. A newline becomes lineBreak.
func appendHTML(dst, s []byte, lineBreak string) []byte {
	start := 0
	for i, c := range s {
		reference := htmlReferences[c]
		if c == '\n' && lineBreak != "\n" {
			reference = lineBreak
		}
		if reference != "" {
			dst = append(dst, s[start:i]...)
			dst = append(dst, reference...)
			start = i + 1
		}
	}
	return append(dst, s[start:]...)
}

// appendComment appends s so that it can't end an HTML comment, and can't become markup in a mail client that reads
// the comment.
func appendComment(dst, s []byte) []byte {
	for _, c := range s {
		switch {
		case c == '-':
			dst = append(dst, "&#45;"...)
		case htmlReferences[c] != "":
			dst = append(dst, htmlReferences[c]...)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// appendCSS appends s if it is a plain value, such as #ff8800, 12px or Arial.
func appendCSS(dst, s []byte) []byte {
	for _, c := range s {
		if !isAlphanumeric(c) && !strings.ContainsRune(" #.,%-", rune(c)) {
			return dst
		}
	}
	return append(dst, s...)
}

func isAlphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// In Markdown, these characters have a meaning anywhere, and the others only in a line without a letter before them,
// where they begin a heading, quotation, list, or rule.
const (
	markdownAnywhere = "\\`*_{}[]<>|~&"
	markdownAtStart  = "#+-.)=:"
)

// appendMarkdown appends s so that Markdown shows it unchanged; it can't begin a block. Its line breaks become
// lineBreak; blank lines are left out. letters says whether its line already has letters.
func appendMarkdown(dst, s []byte, lineBreak string, letters bool) []byte {
	s = bytes.TrimSpace(s)
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\n':
			dst = append(dst, lineBreak...)
			letters = letters && lineBreak == " "
			for i+1 < len(s) && (s[i+1] == ' ' || s[i+1] == '\t' || s[i+1] == '\n') {
				i++
			}
			continue
		case c == '~' && (i == 0 || i == len(s)-1): // next to an author's ~~ some renderers count a backslashed one too
			dst = append(dst, "&#126;"...)
			continue
		case strings.IndexByte(markdownAnywhere, c) >= 0, !letters && strings.IndexByte(markdownAtStart, c) >= 0:
			dst = append(dst, '\\')
		}
		letters = letters || IsLetter(c)
		dst = append(dst, c)
	}
	return dst
}

// hardBreak is a line break that Markdown shows.
const hardBreak = "\\\n"

// lineShape is the part of a line, up to a value, that decides how the value is written.
type lineShape struct {
	begin   string // of the line, a few bytes; a value counts as a letter
	bracket bool   // within [ ]
	bar     bool   // there is a |
}

// maxBegin is more than what a line has before its first word.
const maxBegin = 64

// see adds text to the line.
func (l *lineShape) see(text string) {
	if i := strings.LastIndexByte(text, '\n'); i >= 0 {
		*l = lineShape{}
		text = text[i+1:]
	}
	if free := maxBegin - len(l.begin); free > 0 {
		l.begin += text[:min(free, len(text))]
	}
	if open, shut := strings.LastIndexByte(text, '['), strings.LastIndexByte(text, ']'); open != shut {
		l.bracket = open > shut
	}
	l.bar = l.bar || strings.IndexByte(text, '|') >= 0
}

// value adds a value to the line.
func (l *lineShape) value() {
	if len(l.begin) < maxBegin {
		l.begin += "a"
	}
}

// breaks is what a line break of a value becomes: a heading, list item, quotation, table row, or link continues in
// the same line.
func (l *lineShape) breaks() string {
	line := strings.TrimLeft(l.begin, " ")
	digits := len(line) - len(strings.TrimLeft(line, "0123456789"))
	switch {
	case l.bracket, l.bar:
		return " "
	case line == "":
		return hardBreak
	case line[0] == '>', line[0] == '#' && strings.HasPrefix(strings.TrimLeft(line, "#"), " "),
		len(line) > 1 && line[1] == ' ' && strings.IndexByte("-*+", line[0]) >= 0,
		digits > 0 && len(line) > digits+1 && (line[digits] == '.' || line[digits] == ')') && line[digits+1] == ' ':
		return " "
	}
	return hardBreak
}

// IsLetter counts every byte beyond ASCII as part of a letter.
func IsLetter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// appendIndented appends s with indent after each of its line breaks.
func appendIndented(dst, s []byte, indent string) []byte {
	if indent == "" {
		return append(dst, s...)
	}
	for _, c := range s {
		dst = append(dst, c)
		if c == '\n' {
			dst = append(dst, indent...)
		}
	}
	return dst
}

// appendLines appends a value to plain text: its lines, or in a row of a table one line.
func appendLines(dst, s []byte, h *hole) []byte {
	if h.row {
		return appendOneLine(dst, s)
	}
	return appendIndented(dst, s, h.indent)
}

// appendOneLine appends s with every run of white space as one space, none at
// the ends.
func appendOneLine(dst, s []byte) []byte {
	space := false
	begin := len(dst)
	for len(s) > 0 {
		word := 0 // ASCII
		for word < len(s) && s[word] > ' ' && s[word] < 0x7f {
			word++
		}
		if word > 0 {
			if space {
				dst = append(dst, ' ')
			}
			space = false
			dst, s = append(dst, s[:word]...), s[word:]
			continue
		}
		r, n := utf8.DecodeRune(s)
		switch {
		case r == ' ' || r >= '\t' && r <= '\r' || r == '\u2028' || r == '\u2029' || r == '\u0085':
			space = len(dst) > begin
		case r < ' ' || r == 0x7f:
		default:
			if space {
				dst = append(dst, ' ')
			}
			space = false
			dst = append(dst, s[:n]...)
		}
		s = s[n:]
	}
	return dst
}
