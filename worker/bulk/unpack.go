package bulk

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// How packed files begin: RFC 1952 section 2.3.1, RFC 8878 section 3.1.1.
var (
	gzipMagic = []byte{0x1f, 0x8b}
	zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}
)

const (
	// unpackFree is the size, in bytes, that every packed file may have when it is unpacked.
	unpackFree = 16 << 20
	// unpackRatio is how many times its packed size a larger file may have. Audiences have 3 to 30 times.
	unpackRatio = 200
	// unpackWindow is the largest window of a Zstandard stream: what `zstd --ultra -22 --long=27` asks for.
	unpackWindow = 128 << 20
)

// ErrBomb ends a file that unpacks to more than any audience would.
var ErrBomb = fmt.Errorf("it unpacks to more than %d MB and %d times its size: refused as a compression bomb", unpackFree>>20, unpackRatio)

// Unpack returns the content of r, which may be packed by gzip or Zstandard, in UTF-8 without a byte order mark. It reads
// r while its result is read, and ends with ErrBomb what unpacks to far too much.
func Unpack(r io.Reader) (*bufio.Reader, error) { return unpack(r) }

// unpack returns the content of r, which may be packed by gzip or Zstandard, as text without a byte order mark. It
// reads r while its result is read.
func unpack(r io.Reader) (*bufio.Reader, error) {
	packed := &counted{r: r}
	in := bufio.NewReaderSize(packed, 1<<16)
	head, err := in.Peek(len(zstdMagic))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(head, gzipMagic):
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("unpack gzip: %w", err)
		}
		return newInput(&bounded{format: "gzip", r: z, packed: packed}), nil
	case bytes.HasPrefix(head, zstdMagic):
		// With a concurrency of 1 it starts no goroutines, so there is nothing to close.
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(unpackWindow), zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, fmt.Errorf("unpack zstd: %w", err)
		}
		return newInput(&bounded{format: "zstd", r: z, packed: packed}), nil
	}
	return newInput(in), nil
}

// counted counts what is read of r.
type counted struct {
	r io.Reader
	n int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// bounded ends with ErrBomb if r gives too much for what was read of packed.
type bounded struct {
	format string
	r      io.Reader
	packed *counted
	n      int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	b.n += int64(n)
	if b.n > unpackFree && b.n > unpackRatio*b.packed.n {
		return 0, ErrBomb
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return n, fmt.Errorf("unpack %s: %w", b.format, err)
	}
	return n, err
}
