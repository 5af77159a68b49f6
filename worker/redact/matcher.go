package redact

import (
	"errors"
	"math/rand/v2"
	"regexp"
	"slices"
	"unicode/utf8"
)

// How much a text must say, by Weight, to be looked for: short texts stand everywhere.
const (
	MinWeight  = 3 // as a word of its own
	FreeWeight = 6 // within a word too
	// Run is how many letters and digits in a row, out of a text that is looked for, are found without the rest of it.
	Run = 20
)

const (
	minCut     = 4  // characters that the beginning of a text must have, at the end of one that may have been cut
	minWeakCut = 12 // the same, of a text that is looked for in doubt
	maxChars   = 3_000_000
)

// ErrTooMany says that more is to be looked for than memory is given for.
var ErrTooMany = errors.New("the redacted texts of the conversation are too long altogether")

// Matcher holds the texts that are looked for. It is for one goroutine.
type Matcher struct {
	words, signs table
	chars        int
}

// New returns a Matcher that looks for nothing.
func New() *Matcher { return &Matcher{words: newTable(), signs: newTable()} }

// Text is a text to look for.
type Text struct {
	Text string
	// Alone finds it only as a word of its own: no letter touches its letters, no digit its digits.
	Alone bool
	// Doubtful texts are not known to be secret. Where a text may have been cut, more of them must be seen; and what addresses
	// of one host have in common is not found alone.
	Doubtful bool
}

// Add adds a text. One of Run characters or more is also found in part: every Run of them in a row. What has no character that
// can be compared is not looked for. The error is ErrTooMany.
func (m *Matcher) Add(t Text) error {
	f := formOf(t.Text)
	if m.chars += len(f.chars); m.chars > maxChars {
		return ErrTooMany
	}
	in := &m.words
	if f.signs {
		in = &m.signs
	}
	in.add(f, t)
	return nil
}

// webHost is what addresses of one host have in common.
var webHost = regexp.MustCompile(`(?i)https?://[^\s/?#<>()"'@]*`)

// hosts are the web hosts in a text.
func hosts(text string) (spans []Span) {
	for _, at := range webHost.FindAllStringIndex(text, -1) {
		if at[1] == len(text) || text[at[1]] != '@' { // which ends a name and its password
			spans = append(spans, Span{at[0], at[1]})
		}
	}
	return spans
}

// Empty reports a Matcher that looks for nothing.
func (m *Matcher) Empty() bool { return m == nil || m.words.empty() && m.signs.empty() }

// table finds short texts by a tree (Aho and Corasick), and long ones by the hashes of their runs.
type table struct {
	nodes    []node
	edges    map[edge]int32       // but for each node's first child
	ascii    [utf8.RuneSelf]int32 // edges of the root
	finished bool
	runs     set
	base     uint64 // of the hash
	top      uint64 // base to the power of Run
	scanners [2]scanner
}

// node is a beginning of texts.
type node struct {
	edge
	first  int32 // the child that came first; 0: none
	fail   int32 // the longest proper suffix that is a beginning too
	out    int32 // the nearest of the suffixes, this one included, that is a text; 0: none
	depth  int8  // characters
	end    bool  // a text
	alone  bool  // one that must stand as a word of its own
	secret bool  // of a text that is not looked for in doubt
}

// edge leads from a beginning to one that is a character longer.
type edge struct {
	from int32
	char rune
}

func newTable() table {
	t := table{nodes: make([]node, 1), edges: map[edge]int32{}, base: rand.Uint64() | 1, top: 1}
	for range Run {
		t.top *= t.base
	}
	return t
}

func (t *table) empty() bool { return len(t.nodes) == 1 && t.runs.n == 0 }

func (t *table) add(f form, text Text) {
	chars := f.chars
	if len(chars) == 0 {
		return
	}
	long := len(chars) >= Run
	if long {
		var common []Span
		if text.Doubtful {
			common = hosts(text.Text)
		}
		var hash uint64
		for i, c := range chars {
			hash = hash*t.base + uint64(c)
			if i >= Run {
				hash -= uint64(chars[i-Run]) * t.top
			}
			if i < Run-1 {
				continue
			}
			for len(common) > 0 && common[0].End <= f.places[i] {
				common = common[1:]
			}
			if len(common) == 0 || f.places[i-Run+1] < common[0].Start {
				t.runs.add(hash)
			}
		}
		chars = chars[:Run-1] // where a text is cut
	}
	t.finished = false
	at := int32(0)
	for _, c := range chars {
		at = t.grow(at, c)
		t.nodes[at].secret = t.nodes[at].secret || !text.Doubtful
	}
	if !long {
		n := &t.nodes[at]
		n.alone = text.Alone && (!n.end || n.alone)
		n.end = true
	}
}

func (t *table) grow(at int32, c rune) int32 {
	if to := t.child(at, c); to != 0 {
		return to
	}
	to := int32(len(t.nodes))
	t.nodes = append(t.nodes, node{edge: edge{at, c}, depth: t.nodes[at].depth + 1})
	switch {
	case at == 0 && c < utf8.RuneSelf:
		t.ascii[c] = to
	case at != 0 && t.nodes[at].first == 0:
		t.nodes[at].first = to
	default:
		t.edges[edge{at, c}] = to
	}
	return to
}

// child is the node behind at by c; 0: none.
func (t *table) child(at int32, c rune) int32 {
	if at == 0 && c < utf8.RuneSelf {
		return t.ascii[c]
	}
	if at != 0 {
		if first := t.nodes[at].first; first == 0 || t.nodes[first].char == c {
			return first
		}
	}
	return t.edges[edge{at, c}]
}

// step is the longest suffix of at's beginning and c that is a beginning.
func (t *table) step(at int32, c rune) int32 {
	for {
		if to := t.child(at, c); to != 0 {
			return to
		}
		if at == 0 {
			return 0
		}
		at = t.nodes[at].fail
	}
}

// finish links the suffixes, the shorter beginnings first.
func (t *table) finish() {
	if t.finished {
		return
	}
	t.finished = true
	order := make([]int32, len(t.nodes)-1)
	for i := range order {
		order[i] = int32(i + 1)
	}
	slices.SortStableFunc(order, func(a, b int32) int { return int(t.nodes[a].depth) - int(t.nodes[b].depth) })
	for _, at := range order {
		n := &t.nodes[at]
		n.fail = 0
		if n.depth > 1 {
			n.fail = t.step(t.nodes[n.from].fail, n.char)
		}
		n.out = t.nodes[n.fail].out
		if n.end {
			n.out = at
		}
	}
}

// set is a set of hashes, with open addressing.
type set struct {
	slots []uint64 // 0: free
	n     int
}

func (s *set) add(h uint64) {
	if 2*(s.n+1) > len(s.slots) {
		old := s.slots
		s.slots, s.n = make([]uint64, max(64, 2*len(old))), 0
		for _, h := range old {
			if h != 0 {
				s.add(h)
			}
		}
	}
	if at, found := s.find(h); !found {
		s.slots[at] = max(h, 1)
		s.n++
	}
}

func (s *set) has(h uint64) bool {
	if s.n == 0 {
		return false
	}
	_, found := s.find(h)
	return found
}

// find is the slot of h, or the one where it belongs.
func (s *set) find(h uint64) (at int, found bool) {
	h = max(h, 1)
	mask := len(s.slots) - 1
	for at = int(h * 0x9e3779b97f4a7c15 >> 20 & uint64(mask)); s.slots[at] != 0; at = (at + 1) & mask {
		if s.slots[at] == h {
			return at, true
		}
	}
	return at, false
}
