package redact

import (
	"html"
	"unicode/utf8"
)

// code is a way in which characters are encoded as others.
type code uint8

const (
	references code = 1 << iota // &#52; &nbsp; \u0034 \x34
	percents                    // %34 %u0034
	quoted                      // =34, and a line that goes on behind =
	anyCode    = references | percents | quoted
)

// opens is the code that r begins; 0: none.
func opens(r rune) code {
	switch r {
	case '&', '\\':
		return references
	case '%':
		return percents
	case '=':
		return quoted
	}
	return 0
}

// char is a character with its place in the source.
type char struct {
	r          rune
	start, end int
}

// decoder passes characters on, decoded.
type decoder struct {
	codes   code
	next    *decoder // nil: the finder is the last
	last    *finder
	held    []char // they may be code
	runes   []rune // memory
	decoded bool   // something was
}

// begin says that a text begins, which is read by these codes.
func (d *decoder) begin(codes code, next *decoder, last *finder) {
	d.codes, d.next, d.last, d.held, d.decoded = codes, next, last, d.held[:0], false
}

func (d *decoder) pass(r rune, start, end int) {
	if d.next != nil {
		d.next.see(r, start, end)
	} else {
		d.last.see(r, start, end)
	}
}

func (d *decoder) see(r rune, start, end int) {
	if len(d.held) == 0 && opens(r)&d.codes == 0 {
		d.pass(r, start, end)
		return
	}
	d.held = append(d.held, char{r, start, end})
	d.drain(false)
}

// drain passes on what is held, as far as it can be told what it is; at the end of the text, all of it.
func (d *decoder) drain(last bool) {
	at := 0
	for at < len(d.held) {
		head := d.held[at]
		if opens(head.r)&d.codes == 0 {
			d.pass(head.r, head.start, head.end)
			at++
			continue
		}
		used, more := d.read(d.held[at:])
		if more && !last {
			break
		}
		if used == 0 {
			d.pass(head.r, head.start, head.end)
			at++
			continue
		}
		d.decoded = true
		end := d.held[at+used-1].end
		for _, r := range d.runes {
			d.pass(r, head.start, end)
		}
		at += used
	}
	d.held = d.held[:copy(d.held, d.held[at:])]
}

// read decodes the beginning of p into d.runes, and returns how many characters it used. With more, it depends on what
// comes; if nothing does, used holds.
func (d *decoder) read(p []char) (used int, more bool) {
	d.runes = d.runes[:0]
	switch p[0].r {
	case '&':
		return d.entity(p)
	case '\\':
		if len(p) < 2 {
			return 0, true
		}
		switch p[1].r {
		case 'u':
			return d.unit(p, 2, 4)
		case 'x':
			return d.unit(p, 2, 2)
		}
		return 0, false
	case '=':
		if used, more := softBreak(p); used > 0 || more {
			return used, more
		}
	}
	if len(p) > 1 && p[0].r == '%' && p[1].r|0x20 == 'u' {
		return d.unit(p, 2, 4)
	}
	return d.octets(p)
}

const maxEntity = 64 // characters

func (d *decoder) entity(p []char) (used int, more bool) {
	n := 1
	for n < len(p) && n < maxEntity && isOfEntity(p[n].r) {
		n++
	}
	more = n == len(p) && n < maxEntity
	if n < len(p) && p[n].r == ';' {
		n++
	}
	source := make([]byte, n)
	for i := range source {
		source[i] = byte(p[i].r)
	}
	if text := html.UnescapeString(string(source)); text != string(source) {
		d.runes = append(d.runes, []rune(text)...)
		return n, more
	}
	return 0, more
}

func isOfEntity(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '#'
}

// unit is a code unit of digits hexadecimal digits, from p[at] on.
func (d *decoder) unit(p []char, at, digits int) (used int, more bool) {
	r := rune(0)
	for i := at; i < at+digits; i++ {
		if i == len(p) {
			return 0, true
		}
		v, ok := hex(p[i].r)
		if !ok {
			return 0, false
		}
		r = r<<4 | v
	}
	d.runes = append(d.runes, r)
	return at + digits, false
}

// octets are those of one character in UTF-8, each as the sign that p begins with and two digits. One that is no UTF-8 is
// a character of Latin-1.
func (d *decoder) octets(p []char) (used int, more bool) {
	var b []byte
	for want := 1; len(b) < want; {
		v, known, more := octet(p[3*len(b):], p[0].r)
		switch {
		case !known && len(b) == 0:
			return 0, more
		case !known:
			d.runes = append(d.runes, rune(b[0]))
			return 3, more
		}
		b = append(b, v)
		switch {
		case b[0] >= 0xf0:
			want = 4
		case b[0] >= 0xe0:
			want = 3
		case b[0] >= 0xc0:
			want = 2
		}
	}
	r, size := utf8.DecodeRune(b)
	if r == utf8.RuneError || size != len(b) {
		r, size = rune(b[0]), 1
	}
	d.runes = append(d.runes, r)
	return 3 * size, false
}

func octet(p []char, opener rune) (v byte, known, more bool) {
	if len(p) > 0 && p[0].r != opener {
		return 0, false, false
	}
	for i := 1; i < 3; i++ {
		if i >= len(p) {
			return 0, false, true
		}
		h, ok := hex(p[i].r)
		if !ok {
			return 0, false, false
		}
		v = v<<4 | byte(h)
	}
	return v, true, false
}

func hex(r rune) (rune, bool) {
	switch {
	case r >= '0' && r <= '9':
		return r - '0', true
	case r >= 'a' && r <= 'f':
		return r - 'a' + 10, true
	case r >= 'A' && r <= 'F':
		return r - 'A' + 10, true
	}
	return 0, false
}

const maxBlanks = 8 // behind a sign that joins lines

// softBreak is a line end that quoted printable takes out.
func softBreak(p []char) (used int, more bool) {
	n := 1
	for n < len(p) && n <= maxBlanks && (p[n].r == ' ' || p[n].r == '\t' || p[n].r == '\r') {
		n++
	}
	switch {
	case n == len(p) && n <= maxBlanks:
		return 0, true
	case n < len(p) && p[n].r == '\n':
		return n + 1, false
	}
	return 0, false
}
