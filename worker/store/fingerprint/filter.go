package fingerprint

import "slices"

// Filter says which fingerprints a set may hold: all that it holds, and about one in 300 of the others (a Bloom filter of twelve
// bits a fingerprint). It is a version byte and the bits.
type Filter []byte

const (
	filterVersion = 1
	bitsEach      = 12
	probes        = 8
)

// NewFilter makes the filter of a set. It sorts prints.
func NewFilter(prints []uint64) Filter {
	slices.Sort(prints)
	prints = slices.Compact(prints)
	f := make(Filter, 1+max(1, (len(prints)*bitsEach+7)/8))
	f[0] = filterVersion
	for _, p := range prints {
		for i := range uint64(probes) {
			at := f.probe(p, i)
			f[1+at/8] |= 1 << (at % 8)
		}
	}
	return f
}

// probe is the place of a bit: the i-th hash of a fingerprint (SplitMix64). The sums of two halves, which are cheaper, fall on few
// places for one fingerprint in a hundred, and a search for that address would read a large part of all chunks.
func (f Filter) probe(p, i uint64) uint64 {
	x := p + i*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return (x ^ x>>31) >> 32 * uint64(len(f)-1) * 8 >> 32
}

// MayHold reports whether the set may hold one of some fingerprints. Of a filter of another version nothing is known: it may.
func (f Filter) MayHold(prints []uint64) bool {
	if len(f) < 2 || f[0] != filterVersion {
		return true
	}
	for _, p := range prints {
		there := true
		for i := uint64(0); there && i < probes; i++ {
			at := f.probe(p, i)
			there = f[1+at/8]&(1<<(at%8)) != 0
		}
		if there {
			return true
		}
	}
	return false
}
