// Package sms measures the text of a short message: which encoding it needs, how
// many segments it is billed as, and which characters are to blame. It sends
// nothing and knows nothing of templates.
//
// Sources: 3GPP TS 23.038 for the alphabet and TS 23.040 for concatenation. The
// counts equal those of npm sms-segments-calculator 1.3.0 (see testdata).
package sms

import (
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// Encoding is how a message travels.
type Encoding string

// The two encodings that phones understand everywhere.
const (
	GSM7 Encoding = "GSM-7" // 7-bit units, 160 in one message, 153 in each part of a longer one
	UCS2 Encoding = "UCS-2" // 16-bit units, 70 in one message, 67 in each part of a longer one
)

const (
	segmentBits = 140 * 8 // a segment's payload
	headerBits  = 6 * 8   // taken from it in each part of a longer message
)

// Size is what a text costs to send.
type Size struct {
	Encoding   Encoding `json:"encoding"`
	Segments   int      `json:"segments"`   // at least 1, also for the empty text
	Units      int      `json:"units"`      // 7-bit or 16-bit units; an extension character is two 7-bit units
	Characters int      `json:"characters"` // what a reader counts: grapheme clusters
	Left       int      `json:"left"`       // units free in the last segment
	// Forcing lists, each once and in order, the clusters that GSM-7 lacks.
	// Not empty exactly when Encoding is UCS2.
	Forcing []Forcing `json:"forcing,omitempty"`
}

// Forcing is one cluster of characters that forces UCS-2.
type Forcing struct {
	Text   string `json:"text"`
	Offset int    `json:"offset"`         // byte offset of the first occurrence
	Swap   string `json:"swap,omitempty"` // GSM-7 text that reads the same, if there is one
}

// Measure counts text as it is, without changing a character: CRLF counts two.
// A cluster (an emoji family, a letter with its accent) is never split over
// two segments.
func Measure(text string) Size {
	if s, ok := measureGSM(text); ok {
		return s
	}
	return measureUCS(text)
}

// measureGSM handles the common case without allocation; ok is false as soon
// as a character needs UCS-2.
func measureGSM(text string) (Size, bool) {
	var c counter
	s := Size{Encoding: GSM7}
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		units := gsmUnits(r)
		if units == 0 {
			return Size{}, false
		}
		i += n
		s.Units += units
		s.Characters++
		if r == '\n' && i >= 2 && text[i-2] == '\r' {
			s.Characters-- // a reader sees one line break
		}
		c.add(units * 7)
	}
	s.Segments = c.segments()
	s.Left = c.free() / 7
	return s, true
}

func measureUCS(text string) Size {
	var c counter
	s := Size{Encoding: UCS2}
	seen := make(map[string]bool)
	offset, state := 0, -1
	for rest := text; rest != ""; {
		var cluster string
		cluster, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		s.Characters++
		if cluster == "\r\n" {
			c.add(16)
			c.add(16)
			s.Units += 2
			offset += 2
			continue
		}
		units, gsm := 0, true
		for _, r := range cluster {
			units++
			if r >= 0x10000 {
				units++
			}
			gsm = gsm && gsmUnits(r) > 0
		}
		if !gsm && !seen[cluster] {
			seen[cluster] = true
			s.Forcing = append(s.Forcing, Forcing{Text: cluster, Offset: offset, Swap: swap(cluster)})
		}
		s.Units += units
		c.add(units * 16)
		offset += len(cluster)
	}
	s.Segments = c.segments()
	s.Left = c.free() / 16
	return s
}

// counter fills segments. A message is first laid out as a single segment;
// when that overflows, the first segment gives up its end to make room for the
// header that every part then carries.
type counter struct {
	full  int // complete segments before the current one
	used  int // bits in the current segment, with its header
	sizes []int
	tail  [8]int // backing for sizes: clusters within the last header's worth of the first segment
}

func (c *counter) add(bits int) {
	if c.used+bits > segmentBits {
		moved := 0
		if c.full == 0 {
			moved = c.shrinkFirst()
		}
		c.full++
		c.used = headerBits + moved
	}
	c.used += bits
	if c.full == 0 {
		c.remember(bits)
	}
}

// remember keeps the sizes of the last clusters of the first segment: enough
// of them to free the header's 48 bits.
func (c *counter) remember(bits int) {
	if c.sizes == nil {
		c.sizes = c.tail[:0]
	}
	if len(c.sizes) == len(c.tail) { // 8 clusters are at least 56 bits
		copy(c.sizes, c.sizes[1:])
		c.sizes = c.sizes[:len(c.sizes)-1]
	}
	c.sizes = append(c.sizes, bits)
}

// shrinkFirst returns the bits that leave the first segment for the second.
func (c *counter) shrinkFirst() int {
	moved := 0
	for i := len(c.sizes) - 1; i >= 0 && c.used-moved+headerBits > segmentBits; i-- {
		moved += c.sizes[i]
	}
	return moved
}

func (c *counter) segments() int { return c.full + 1 }

func (c *counter) free() int { return max(0, segmentBits-c.used) }
