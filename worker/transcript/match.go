package transcript

import (
	"errors"
	"slices"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// matcher finds secrets in texts, regardless of case, line breaks, quotation marks, hyphens and emphasis (Aho and
// Corasick, over normalised characters). Its time is linear in the text. It is for one goroutine.
type matcher struct {
	nodes    []node
	edges    map[edge]int32       // but for each node's first child
	ascii    [utf8.RuneSelf]int32 // edges of the root
	patterns int
	finished bool
	places   []span // memory for find
}

// node is a prefix of secrets.
type node struct {
	edge
	first        int32 // the child that came first; 0: none
	fail         int32 // the longest proper suffix that is a prefix too
	out          int32 // the nearest of the suffixes, this one included, that is a secret; 0: none
	depth        int32 // characters
	end, careful bool  // a secret; one that must stand as a word of its own
}

// edge leads from a prefix to one that is a character longer.
type edge struct {
	from int32
	char rune
}

// maxSecrets bounds the characters of all secrets.
const maxSecrets = 4_000_000

var errTooManySecrets = errors.New("the redacted texts of the conversation are too long altogether")

// How much a text must say, by weight, so that other messages are searched for it: short texts stand everywhere.
const (
	minWeight  = 3 // as a word of its own
	freeWeight = 6 // within a word too
	minCut     = 4 // characters that the beginning of a secret must have
)

func newMatcher() *matcher { return &matcher{nodes: make([]node, 1), edges: map[edge]int32{}} }

// normal is the form in which characters are compared; false for those that don't count.
func normal(r rune) (rune, bool) {
	if r < utf8.RuneSelf {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A', true
		case r <= ' ', r == '-', r == '.', r == '>', r == '|', r == '*', r == '_', r == 0x7f:
			return 0, false
		}
		return r, true
	}
	if unicode.IsSpace(r) || unicode.In(r, unicode.Cf, unicode.Mn, unicode.Pd, unicode.Cc) {
		return 0, false
	}
	var buf [utf8.UTFMax]byte
	n := utf8.EncodeRune(buf[:], r)
	if d := norm.NFKD.Properties(buf[:n]).Decomposition(); len(d) > 0 {
		first, _ := utf8.DecodeRune(d)
		if first != r {
			return normal(first)
		}
	}
	return unicode.ToLower(r), true
}

// weight is how much a character says: more in scripts without letters.
func weight(r rune) int {
	if r >= 0x2e80 {
		return 2
	}
	return 1
}

// normalized returns the characters of s that count, and their weight together.
func normalized(s string) (chars []rune, total int) {
	for _, r := range s {
		if n, ok := normal(r); ok {
			chars = append(chars, n)
			total += weight(n)
		}
	}
	return chars, total
}

// add adds a secret of normalised characters.
func (m *matcher) add(chars []rune, careful bool) error {
	if len(chars) == 0 {
		return nil
	}
	if len(m.nodes)+len(chars) > maxSecrets+1 {
		return errTooManySecrets
	}
	at := int32(0)
	for _, c := range chars {
		at = m.grow(at, c)
	}
	n := &m.nodes[at]
	n.careful = careful && (!n.end || n.careful)
	n.end = true
	m.patterns++
	m.finished = false
	return nil
}

func (m *matcher) grow(at int32, c rune) int32 {
	if to := m.child(at, c); to != 0 {
		return to
	}
	to := int32(len(m.nodes))
	m.nodes = append(m.nodes, node{edge: edge{at, c}, depth: m.nodes[at].depth + 1})
	switch {
	case at == 0 && c < utf8.RuneSelf:
		m.ascii[c] = to
	case at != 0 && m.nodes[at].first == 0:
		m.nodes[at].first = to
	default:
		m.edges[edge{at, c}] = to
	}
	return to
}

// child is the node behind at by c; 0: none.
func (m *matcher) child(at int32, c rune) int32 {
	if at == 0 && c < utf8.RuneSelf {
		return m.ascii[c]
	}
	if first := m.nodes[at].first; first == 0 || m.nodes[first].char == c {
		if at != 0 {
			return first
		}
	}
	return m.edges[edge{at, c}]
}

// step is the longest suffix of at's prefix and c that is a prefix.
func (m *matcher) step(at int32, c rune) int32 {
	for {
		if to := m.child(at, c); to != 0 {
			return to
		}
		if at == 0 {
			return 0
		}
		at = m.nodes[at].fail
	}
}

// finish links the suffixes, the shorter prefixes first.
func (m *matcher) finish() {
	if m.finished {
		return
	}
	m.finished = true
	order := make([]int32, len(m.nodes)-1)
	for i := range order {
		order[i] = int32(i + 1)
	}
	slices.SortStableFunc(order, func(a, b int32) int { return int(m.nodes[a].depth - m.nodes[b].depth) })
	for _, at := range order {
		n := &m.nodes[at]
		n.fail = 0
		if n.depth > 1 {
			n.fail = m.step(m.nodes[n.from].fail, n.char)
		}
		n.out = m.nodes[n.fail].out
		if n.end {
			n.out = at
		}
	}
}

// span is a piece of a text, in bytes.
type span struct{ start, end int }

// find returns the places of secrets in s, in order, without overlaps. With cut, a text that ends within a secret
// ends with one: lists cut previews.
func (m *matcher) find(s string, cut bool) []span {
	if m.patterns == 0 {
		return nil
	}
	m.finish()
	var found []span
	places := m.places[:0] // of the characters that count
	defer func() { m.places = places }()
	at := int32(0)
	for i, r := range s {
		c, ok := normal(r)
		if !ok {
			continue
		}
		size := utf8.RuneLen(r)
		if r == utf8.RuneError {
			_, size = utf8.DecodeRuneInString(s[i:])
		}
		places = append(places, span{i, i + size})
		at = m.step(at, c)
		for end := m.nodes[at].out; end != 0; end = m.nodes[m.nodes[end].fail].out {
			n := &m.nodes[end]
			hit := span{places[len(places)-int(n.depth)].start, i + size}
			if !n.careful || standsAlone(s, hit) {
				found = join(found, hit)
				break // the others that end here are shorter
			}
		}
	}
	if n := &m.nodes[at]; cut && n.depth >= minCut && int(n.depth) <= len(places) {
		found = join(found, span{places[len(places)-int(n.depth)].start, len(s)})
	}
	return found
}

// join adds a hit, whose end is behind those before, and merges it with those that it overlaps.
func join(found []span, hit span) []span {
	for len(found) > 0 && found[len(found)-1].end >= hit.start {
		hit.start = min(hit.start, found[len(found)-1].start)
		found = found[:len(found)-1]
	}
	return append(found, hit)
}

// standsAlone says whether no letter or digit touches the hit.
func standsAlone(s string, hit span) bool {
	before, _ := utf8.DecodeLastRuneInString(s[:hit.start])
	after, _ := utf8.DecodeRuneInString(s[hit.end:])
	return !isWord(before) && !isWord(after)
}

func isWord(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) }
