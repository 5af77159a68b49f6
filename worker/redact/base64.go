package redact

import (
	"slices"
	"unicode/utf8"
)

// minPacked is how many characters of base64 say something.
const minPacked = 8

// packed collects what may be base64, also over several lines and behind quotation marks, and looks into it.
type packed struct {
	chars      []byte
	start, end int
	broken     bool // a line ended within it
	inside     []*scanner
	bytes      []byte   // memory
	folded     []folded // memory
	hits       []Span   // by their ends
}

// begin says that a text begins.
func (p *packed) begin() { p.chars, p.hits, p.broken = p.chars[:0], p.hits[:0], false }

// see takes the next character of a text.
func (p *packed) see(r rune, start, end int) {
	switch {
	case r < utf8.RuneSelf && sextet[r] >= 0:
		if len(p.chars) == 0 {
			p.start = start
		}
		p.chars = append(p.chars, byte(r))
		p.end = end
		p.broken = false
	case len(p.chars) == 0:
	case r == '\n', p.broken && (r == ' ' || r == '>' || r == '\t'):
		p.broken = true
	case r == '\r', r >= utf8.RuneSelf && isUnseen(r):
	case r == '=':
		p.end = end
		p.close()
	default:
		p.close()
	}
}

// close looks into what was collected. It may begin at any of its first four characters.
func (p *packed) close() {
	for phase := 0; phase < 4 && len(p.chars)-phase >= minPacked; phase++ {
		p.bytes = unpack(p.bytes[:0], p.chars[phase:])
		if slices.ContainsFunc(p.inside, p.holds) {
			p.hits = join(p.hits, Span{p.start, p.end})
			break
		}
	}
	p.chars, p.broken = p.chars[:0], false
}

// holds says whether a text that is looked for stands in the bytes.
func (p *packed) holds(s *scanner) bool {
	s.begin()
	for i := 0; i < len(p.bytes); {
		r, size := utf8.DecodeRune(p.bytes[i:])
		if r == utf8.RuneError || r < ' ' && r != '\n' && r != '\r' && r != '\t' && r != 0 || r == 0x7f {
			s.forget() // not text
		} else {
			p.folded = appendFolded(p.folded[:0], r)
			for _, c := range p.folded {
				s.see(c, i, i+size)
			}
		}
		i += size
	}
	s.end(false)
	return len(s.hits) > 0
}

// unpack decodes base64 of either alphabet, without its padding.
func unpack(to, chars []byte) []byte {
	bits, have := uint32(0), 0
	for _, c := range chars {
		bits = bits<<6 | uint32(sextet[c])
		if have += 6; have >= 8 {
			have -= 8
			to = append(to, byte(bits>>have))
		}
	}
	return to
}

// sextet is the value of a character in base64; -1: none.
var sextet = func() (table [utf8.RuneSelf]int8) {
	for i := range table {
		table[i] = -1
	}
	for i, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") {
		table[c] = int8(i)
	}
	table['+'], table['-'], table['/'], table['_'] = 62, 62, 63, 63
	return table
}()
