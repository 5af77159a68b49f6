package syntax

// Slab is memory that slices are cut from.
type Slab[T any] struct {
	chunk []T
	used  int
}

// Take cuts n elements. About as many are expected in all.
func (s *Slab[T]) Take(n, expected int) []T {
	if s.used+n > len(s.chunk) {
		s.chunk = make([]T, max(n, 4, min(expected, 1024), min(2*len(s.chunk), 4096)))
		s.used = 0
	}
	out := s.chunk[s.used : s.used+n : s.used+n]
	s.used += n
	return out
}

// Reset takes everything back: what was cut must not be used any more.
func (s *Slab[T]) Reset() {
	clear(s.chunk[:s.used])
	s.used = 0
}

// One returns a new node.
func One[T any](s *Slab[T], expected int) *T { return &s.Take(1, expected)[0] }
