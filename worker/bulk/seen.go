package bulk

import (
	"hash/maphash"
	"iter"
	"strings"

	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/message"
)

// Seen remembers where each of many addresses came first, by 64-bit hashes: among a million, two different ones are taken
// for one in one run of 40 million. The hashes are seeded anew each run, so nobody can aim for that. It takes 12 to 32
// bytes an address. The zero value is empty.
type Seen struct {
	seed   maphash.Seed
	hashes []uint64 // open addressing; 0 is free
	rows   []uint32
	used   int
}

// Put remembers an address on a channel at row, or returns the row that it came at first. Rows are counted from 1, up
// to 2^32. Emails are compared in lower case and without a name, phone numbers without punctuation.
func (s *Seen) Put(c message.Channel, address string, row int) (first int) {
	if s.hashes == nil {
		s.seed = maphash.MakeSeed()
		s.hashes, s.rows = make([]uint64, 1<<10), make([]uint32, 1<<10)
	}
	if s.used >= len(s.hashes)/4*3 {
		s.grow()
	}
	h := max(1, maphash.String(s.seed, plainAddress(c, address)))
	i := s.find(h)
	if s.hashes[i] == h {
		return int(s.rows[i])
	}
	s.hashes[i], s.rows[i] = h, uint32(row)
	s.used++
	return 0
}

// find is where h is, or belongs.
func (s *Seen) find(h uint64) int {
	mask := uint64(len(s.hashes) - 1)
	i := h & mask
	for s.hashes[i] != 0 && s.hashes[i] != h {
		i = (i + 1) & mask
	}
	return int(i)
}

func (s *Seen) grow() {
	hashes, rows := s.hashes, s.rows
	s.hashes, s.rows = make([]uint64, 2*len(hashes)), make([]uint32, 2*len(rows))
	for i, h := range hashes {
		if h != 0 {
			at := s.find(h)
			s.hashes[at], s.rows[at] = h, rows[i]
		}
	}
}

// plainAddress is an address as it is compared with others.
func plainAddress(c message.Channel, s string) string {
	switch c {
	case message.Email:
		if a, err := address.ParseMailbox(s); err == nil {
			s = a.Addr
		}
		return strings.ToLower(s)
	case message.SMS:
		return address.PlainNumber(s)
	default:
		return s
	}
}

// Deduplicate yields the audience as it is, and marks those whose address on a channel came before.
func Deduplicate(audience iter.Seq2[Recipient, error], channels []message.Channel) iter.Seq2[Recipient, error] {
	return func(yield func(Recipient, error) bool) {
		seen := make([]Seen, len(channels))
		row := 0
		for r, err := range audience {
			if err == nil {
				row++
				for i, c := range channels {
					if to := r.Address(c); to != "" && seen[i].Put(c, to, row) > 0 {
						r.duplicates |= 1 << i
					}
				}
			}
			if !yield(r, err) {
				return
			}
		}
	}
}
