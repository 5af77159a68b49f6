package syntax

import (
	"strings"
	"sync"
	"unicode/utf8"
)

// Position turns a byte offset into line and column, 1-based; columns count runes. It reads the text up to there: who asks
// for many places of one text has its Lines.
func Position(text string, offset int) (line, column int) {
	return advance(text[:min(offset, len(text))], 1, 1)
}

// advance is the place behind text, which begins at a place.
func advance(text string, line, column int) (int, int) {
	if start := strings.LastIndexByte(text, '\n') + 1; start > 0 {
		line, column, text = line+strings.Count(text, "\n"), 1, text[start:]
	}
	return line, column + utf8.RuneCountInString(text)
}

// Lines finds places in one text without reading it from its start each time. It belongs to that text. It is safe for
// concurrent use.
type Lines struct {
	once  sync.Once
	marks []place // at each multiple of stride
}

type place struct{ line, column int }

// stride is how far the marks are from each other, in bytes.
const stride = 512

// Position is Position for a place of the text.
func (l *Lines) Position(text string, offset int) (line, column int) {
	offset = min(offset, len(text))
	if offset < stride {
		return Position(text, offset)
	}
	l.once.Do(func() { l.read(text) })
	at := l.marks[offset/stride]
	from := boundary(text, offset/stride*stride)
	return advance(text[min(from, offset):offset], at.line, at.column)
}

func (l *Lines) read(text string) {
	l.marks = make([]place, 1, len(text)/stride+1)
	l.marks[0] = place{1, 1}
	for at := 0; at+stride <= len(text); at += stride {
		last := l.marks[len(l.marks)-1]
		line, column := advance(text[boundary(text, at):boundary(text, at+stride)], last.line, last.column)
		l.marks = append(l.marks, place{line, column})
	}
}

// boundary is the first place from at on where no character is cut.
func boundary(text string, at int) int {
	for n := 0; at < len(text) && n < utf8.UTFMax-1 && !utf8.RuneStart(text[at]); n++ {
		at++
	}
	return at
}
