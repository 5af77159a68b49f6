package redact

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Options of a search.
type Options struct {
	Cut     bool // the text may have been cut: the beginning of what is looked for counts at its end
	Certain bool // without what must stand alone
	// Left is how many bytes may still be read decoded, over all ways to read them and all searches that share it.
	Left *int
}

// maxRounds is how many times over a text may be encoded: one that is still code can't be proven clean.
const maxRounds = 6

// Enough is a number for Options.Left: half a megabyte full of code can be read in all ways.
const Enough = 8 << 20

// Find returns the places where texts of the matchers stand in s, in order, without overlaps. It reads s as it is and
// decoded: each code alone, each after each, and all of them until nothing is left to decode. It is not proven if there still is,
// or if that takes too long: then anything may stand in s.
func Find(s string, o Options, matchers ...*Matcher) (found []Span, proven bool) {
	f := finder{source: s, options: o}
	for _, m := range matchers {
		if !m.Empty() {
			f.matchers = append(f.matchers, m)
			m.words.finish()
			m.signs.finish()
		}
	}
	if len(f.matchers) == 0 {
		return nil, true
	}
	if o.Left == nil {
		left := Enough
		f.options.Left = &left
	}
	f.eye = eye{scanners: f.scanners(outside), packed: packed{inside: f.scanners(inside)}}
	proven = f.all()
	slices.SortFunc(f.found, func(a, b Span) int { return a.End - b.End })
	joined := f.found[:0]
	for _, hit := range f.found {
		joined = join(joined, hit)
	}
	return joined, proven
}

// finder reads one text in all ways.
type finder struct {
	source   string
	options  Options
	matchers []*Matcher
	found    []Span
	eye      eye
	open     code // that may be in what is read
	decoders [maxRounds]decoder
}

// reading is a way to read a text: what is decoded, one code after the other.
type reading []code

// all reads the text in all ways, and says whether nothing is left to decode.
func (f *finder) all() (proven bool) {
	_, open := f.read(nil)
	type next struct {
		reading
		open code // that the reading leaves
	}
	level := []next{{nil, open}}
	for range 2 {
		var deeper []next
		for _, n := range level {
			for _, c := range []code{references, percents, quoted} {
				if n.open&c == 0 {
					continue
				}
				r := append(slices.Clone(n.reading), c)
				if *f.options.Left < 0 {
					return false
				}
				if decoded, open := f.read(r); decoded {
					deeper = append(deeper, next{r, open})
				}
			}
		}
		level = deeper
	}
	if len(level) == 0 {
		return true
	}
	for n := 3; n <= maxRounds && *f.options.Left >= 0; n++ {
		if decoded, _ := f.read(slices.Repeat(reading{anyCode}, n)); !decoded {
			return true
		}
	}
	return false
}

// read reads the text in one way. It says whether the last code of it was there, and which codes may be in what it read.
func (f *finder) read(r reading) (decoded bool, open code) {
	if len(r) > 0 {
		*f.options.Left -= len(f.source)
	}
	f.eye.begin()
	f.open = 0
	var first *decoder
	for i, c := range slices.Backward(r) {
		f.decoders[i].begin(c, first, f)
		first = &f.decoders[i]
	}
	for i, s := 0, f.source; i < len(s); {
		c, size := rune(s[i]), 1
		if c >= utf8.RuneSelf {
			c, size = utf8.DecodeRuneInString(s[i:])
		}
		if first != nil {
			first.see(c, i, i+size)
		} else {
			f.see(c, i, i+size)
		}
		i += size
	}
	for i := range r {
		f.decoders[i].drain(true)
	}
	f.found = f.eye.end(f.found, f.options.Cut)
	return len(r) > 0 && f.decoders[len(r)-1].decoded, f.open
}

// see takes a character as it is read.
func (f *finder) see(r rune, start, end int) {
	if r < utf8.RuneSelf {
		f.open |= opens(r)
	}
	f.eye.see(r, start, end)
}

// The scanners of a table: one for a text, one for what is packed in it.
const (
	outside = iota
	inside
)

// scanners are one for each table of texts.
func (f *finder) scanners(which int) []*scanner {
	var out []*scanner
	for _, m := range f.matchers {
		for _, t := range []*table{&m.words, &m.signs} {
			if t.empty() {
				continue
			}
			s := &t.scanners[which]
			s.table, s.signs, s.certain = t, t == &m.signs, f.options.Certain
			out = append(out, s)
		}
	}
	return out
}

// eye looks at characters with all scanners.
type eye struct {
	scanners []*scanner
	packed   packed
	folded   []folded // memory
	dots     int      // in a row
}

// begin says that a text begins.
func (e *eye) begin() {
	for _, s := range e.scanners {
		s.begin()
	}
	e.packed.begin()
	e.dots = 0
}

func (e *eye) see(r rune, start, end int) {
	e.packed.see(r, start, end)
	if e.dots++; r != '.' {
		e.dots = 0
	}
	if e.dots == 3 || r == '…' { // programs and people cut texts so
		for _, s := range e.scanners {
			s.cut()
		}
	}
	if r < utf8.RuneSelf {
		for _, s := range e.scanners {
			s.see(ascii[r], start, end)
		}
		return
	}
	e.folded = appendFolded(e.folded[:0], r)
	for _, c := range e.folded {
		for _, s := range e.scanners {
			s.see(c, start, end)
		}
	}
}

// end appends what was found to all.
func (e *eye) end(all []Span, cut bool) []Span {
	e.packed.close()
	all = append(all, e.packed.hits...)
	for _, s := range e.scanners {
		s.end(cut)
		all = append(all, s.hits...)
	}
	return all
}

// CutOut returns s with mark in place of the spans.
func CutOut(s string, spans []Span, mark string) string {
	if len(spans) == 0 {
		return s
	}
	var b strings.Builder
	done := 0
	for _, cut := range spans {
		b.WriteString(s[done:cut.Start])
		b.WriteString(mark)
		done = cut.End
	}
	b.WriteString(s[done:])
	return b.String()
}
