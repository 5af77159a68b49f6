package main

import (
	"bytes"
	"os"
	"strings"
	"unicode"

	"github.com/rivo/uniseg"
	"golang.org/x/term"
)

// page collects what a command shows people: headings, labelled rows, quoted text. On a terminal it is as wide as that,
// and headings stand out.
type page struct {
	bytes.Buffer
	width  int // columns
	styled bool
}

const (
	pageWidth  = 100
	labelWidth = 12
)

func newPage(std stdio) *page {
	p := &page{width: pageWidth}
	if f, ok := std.out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil {
			p.width = min(max(width, 60), pageWidth)
		}
		p.styled = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	}
	return p
}

// The styles of a terminal.
const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
)

func (p *page) style(code, s string) string {
	if !p.styled || code == "" || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// line writes one line as it is.
func (p *page) line(parts ...string) {
	for _, s := range parts {
		p.WriteString(s)
	}
	p.WriteByte('\n')
}

// heading begins a section.
func (p *page) heading(s, rest string) {
	if p.Len() > 0 {
		p.WriteByte('\n')
	}
	p.WriteString(p.style(bold, shown(s)))
	if rest != "" {
		p.WriteString("  " + p.style(dim, shown(rest)))
	}
	p.WriteByte('\n')
}

// row writes a label and what it stands for, wrapped; nothing where there is nothing.
func (p *page) row(label, value string) { p.styledRow("", label, value) }

func (p *page) styledRow(code, label, value string) {
	if value == "" {
		return
	}
	for _, line := range wrap(shown(value), p.width-labelWidth-2) {
		p.line("  ", p.style(dim, padded(label, labelWidth)), p.style(code, line))
		label = ""
	}
}

// mistakes writes a label and one line a mistake, never broken: its place in a file stays one word.
func (p *page) mistakes(code, label string, lines []string) {
	for _, line := range lines {
		p.line("  ", p.style(dim, padded(label, labelWidth)), p.style(code, strings.ReplaceAll(shown(line), "\n", " ")))
		label = ""
	}
}

// quote writes foreign text behind a rule, so that it can't be taken for the command's own words.
func (p *page) quote(text string) {
	for _, line := range wrap(shown(text), p.width-4) {
		p.line("  ", p.style(dim, "│"), strings.TrimRight(" "+line, " "))
	}
}

// shown makes foreign text safe for a terminal: control characters, which could move its cursor or change its title, and
// those that reorder what follows become "�".
func shown(s string) string {
	return strings.Map(func(r rune) rune {
		reorders := r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
		if r != '\n' && r != '\t' && (unicode.IsControl(r) || reorders) {
			return '\uFFFD'
		}
		return r
	}, s)
}

// padded fills up with blanks to a number of columns; an East Asian letter takes two.
func padded(s string, columns int) string {
	return s + strings.Repeat(" ", max(0, columns-uniseg.StringWidth(s)))
}

// clipped cuts text to a number of columns.
func clipped(s string, columns int) string {
	if uniseg.StringWidth(s) <= columns {
		return s
	}
	var b strings.Builder
	left := columns - 1
	for rest, state := s, -1; rest != ""; {
		var cluster string
		var width int
		cluster, rest, width, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if left -= width; left < 0 {
			break
		}
		b.WriteString(cluster)
	}
	return b.String() + "…"
}

// columns writes rows whose cells are aligned, indented by two; a cell is at most as wide as its entry in widest (0: any).
func (p *page) columns(widest []int, rows [][]string) {
	widths := make([]int, 0, 8)
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], uniseg.StringWidth(cell))
		}
	}
	for i := range widths {
		if i < len(widest) && widest[i] > 0 {
			widths[i] = min(widths[i], widest[i])
		}
	}
	for _, row := range rows {
		var b strings.Builder
		b.WriteString("  ")
		for i, cell := range row {
			if i < len(widest) && widest[i] > 0 {
				cell = clipped(cell, widest[i])
			}
			b.WriteString(padded(cell, widths[i]) + "  ")
		}
		p.line(strings.TrimRight(b.String(), " "))
	}
}
