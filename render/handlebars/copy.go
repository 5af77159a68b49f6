package handlebars

import (
	"encoding/binary"
	"unsafe"
)

// This file copies and compares short texts by whole words, without a loop over their bytes.

// shortText is the length of a text that is copied at once: as many bytes may be read from its beginning.
const shortText = len(behindTexts)

// appendShort appends a short text; dst must have room for shortText bytes.
func appendShort(dst []byte, s string) []byte {
	to := unsafe.Add(unsafe.Pointer(unsafe.SliceData(dst)), len(dst))
	*(*[shortText]byte)(to) = *(*[shortText]byte)(unsafe.Pointer(unsafe.StringData(s)))
	return dst[:len(dst)+len(s)]
}

// word returns the eight bytes from offset i on.
func word(p unsafe.Pointer, i int) uint64 {
	return binary.LittleEndian.Uint64((*[8]byte)(unsafe.Add(p, i))[:])
}

// half returns the four bytes from offset i on.
func half(p unsafe.Pointer, i int) uint64 {
	return uint64(binary.LittleEndian.Uint32((*[4]byte)(unsafe.Add(p, i))[:]))
}

// putWord writes eight bytes from offset i on.
func putWord(p unsafe.Pointer, i int, w uint64) {
	binary.LittleEndian.PutUint64((*[8]byte)(unsafe.Add(p, i))[:], w)
}

// putHalf writes four bytes from offset i on.
func putHalf(p unsafe.Pointer, i int, w uint64) {
	binary.LittleEndian.PutUint32((*[4]byte)(unsafe.Add(p, i))[:], uint32(w))
}

// ends returns the first and the last bytes of s in two words, which are all of it from 4 to 16 bytes.
func ends(s string) (first, last uint64) {
	n := len(s)
	p := unsafe.Pointer(unsafe.StringData(s))
	switch {
	case n >= 8:
		return word(p, 0), word(p, n-8)
	case n >= 4:
		return half(p, 0), half(p, n-4)
	}
	return 0, 0
}
