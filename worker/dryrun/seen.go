package dryrun

import "hash/maphash"

// seen remembers where each of many texts came first, by 64-bit hashes: among a million, two different ones are taken
// for one in one run of 40 million. The hashes are seeded anew each run, so nobody can aim for that. It takes 12 to 32
// bytes a text. The zero value is empty.
type seen struct {
	seed   maphash.Seed
	hashes []uint64 // open addressing; 0 is free
	rows   []uint32
	used   int
}

// put remembers text at row, or returns the row that it came at first. Rows are counted from 1, up to 2^32.
func (s *seen) put(text string, row int) (first int) {
	if s.hashes == nil {
		s.seed = maphash.MakeSeed()
		s.hashes, s.rows = make([]uint64, 1<<10), make([]uint32, 1<<10)
	}
	if s.used >= len(s.hashes)/4*3 {
		s.grow()
	}
	h := max(1, maphash.String(s.seed, text))
	i := s.find(h)
	if s.hashes[i] == h {
		return int(s.rows[i])
	}
	s.hashes[i], s.rows[i] = h, uint32(row)
	s.used++
	return 0
}

// find is where h is, or belongs.
func (s *seen) find(h uint64) int {
	mask := uint64(len(s.hashes) - 1)
	i := h & mask
	for s.hashes[i] != 0 && s.hashes[i] != h {
		i = (i + 1) & mask
	}
	return int(i)
}

func (s *seen) grow() {
	hashes, rows := s.hashes, s.rows
	s.hashes, s.rows = make([]uint64, 2*len(hashes)), make([]uint32, 2*len(rows))
	for i, h := range hashes {
		if h != 0 {
			at := s.find(h)
			s.hashes[at], s.rows[at] = h, rows[i]
		}
	}
}
