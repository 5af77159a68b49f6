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
}

// maxRounds is how many times over a text may be encoded: one that is still code can't be proven clean.
const maxRounds = 6

// maxDecoded is how many bytes are read decoded, over all ways to read a text: enough for one of 5 MB that is full of links.
const maxDecoded = 32 << 20

// Find returns the places where texts of the matchers stand in s, in order, without overlaps. It reads s as it is and
// decoded: each code alone, each after each, and all of them until nothing is left to decode. It is not proven if there still is,
// or if that takes too long: then anything may stand in s.
func Find(s string, o Options, matchers ...*Matcher) (found []Span, proven bool) {
	f := finder{source: s, options: o, left: maxDecoded}
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
	left     int // bytes that may still be read decoded
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
				if f.left < 0 {
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
	for n := 3; n <= maxRounds && f.left >= 0; n++ {
		if decoded, _ := f.read(slices.Repeat(reading{anyCode}, n)); !decoded {
			return true
		}
	}
	return false
}

// read reads the text in one way. It says whether the last code of it was there, and which codes may be in what it read.
func (f *finder) read(r reading) (decoded bool, open code) {
	if len(r) > 0 {
		f.left -= len(f.source)
	}
	e := eye{scanners: f.scanners(), packed: packed{look: f.scanners}}
	see := func(r rune, start, end int) {
		open |= opens(r)
		e.see(r, start, end)
	}
	var decoders []*decoder // in the order in which characters pass
	for _, c := range slices.Backward(r) {
		d := &decoder{codes: c, next: see}
		see = d.see
		decoders = append(decoders, d)
	}
	for i, s := 0, f.source; i < len(s); {
		c, size := rune(s[i]), 1
		if c >= utf8.RuneSelf {
			c, size = utf8.DecodeRuneInString(s[i:])
		}
		see(c, i, i+size)
		i += size
	}
	for _, d := range slices.Backward(decoders) {
		d.drain(true)
	}
	f.found = append(f.found, e.end(f.options.Cut)...)
	return len(decoders) > 0 && decoders[0].decoded, open
}

// scanners are one for each table of texts.
func (f *finder) scanners() []*scanner {
	var out []*scanner
	for _, m := range f.matchers {
		for _, t := range []*table{&m.words, &m.signs} {
			if !t.empty() {
				out = append(out, &scanner{table: t, signs: t == &m.signs, certain: f.options.Certain})
			}
		}
	}
	return out
}

// eye looks at characters with all scanners.
type eye struct {
	scanners []*scanner
	packed   packed
	folded   []folded // memory
}

func (e *eye) see(r rune, start, end int) {
	e.packed.see(r, start, end)
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

func (e *eye) end(cut bool) []Span {
	e.packed.close()
	all := e.packed.hits
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
