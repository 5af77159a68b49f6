package bulk

import (
	"hash/maphash"
	"iter"

	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/message"
)

// Seen remembers where each of many addresses came first, by 64-bit hashes. With a million addresses, it takes two
// different ones for the same in one run of 40 million. The hashes are seeded anew in each run, so that nobody can
// cause that. It takes 12 to 32 bytes an address. The zero value is empty.
type Seen struct {
	seed   maphash.Seed
	hashes []uint64 // open addressing; 0 is free
	rows   []uint32
	used   int
}

// Put remembers an address by its key at row, or returns the row that it came at first. Rows are counted from 1, up
// to 2^32.
func (s *Seen) Put(key string, row int) (first int) {
	if s.hashes == nil {
		s.seed = maphash.MakeSeed()
		s.hashes, s.rows = make([]uint64, 1<<10), make([]uint32, 1<<10)
	}
	if s.used >= len(s.hashes)/4*3 {
		s.grow()
	}
	h := max(1, maphash.String(s.seed, key))
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

// PutAddress is Put for an address of an audience on a channel. It returns 0 for what is no address: that message
// fails anyway.
func (s *Seen) PutAddress(c message.Channel, addresses address.Parser, text string, row int) (first int) {
	a, err := addresses.Parse(c.Address(), text)
	if err != nil {
		return 0
	}
	return s.Put(c.Address().Key(a.Addr), row)
}

// Deduplicate yields the audience unchanged, and marks recipients whose address on a channel came before.
func Deduplicate(audience iter.Seq2[Recipient, error], channels []message.Channel, addresses address.Parser) iter.Seq2[Recipient, error] {
	return func(yield func(Recipient, error) bool) {
		seen := make([]Seen, len(channels))
		row := 0
		for r, err := range audience {
			if err == nil {
				row++
				for i, c := range channels {
					if seen[i].PutAddress(c, addresses, r.Address(c), row) > 0 {
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
