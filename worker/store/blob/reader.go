package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/redis/go-redis/v9"
)

// window is how many bytes a Reader holds.
const window = 256 << 10

// Reader reads a blob piece by piece: whoever reads slowly holds little memory. The bytes are not checked against the hash.
type Reader struct {
	ctx  context.Context
	rdb  redis.UniversalClient
	key  string
	size int64
	pos  int64
	held string // from offset from on
	from int64
}

// Open returns a Reader of the bytes stored under sha; fs.ErrNotExist when there are none, or no longer. Its reads end with ctx.
func (s *Store) Open(ctx context.Context, sha string) (*Reader, error) {
	if !hashPattern.MatchString(sha) {
		return nil, fmt.Errorf("blob %.70q: not a SHA-256 in lower-case hex: %w", sha, fs.ErrNotExist)
	}
	sizes, err := s.Sizes(ctx, sha)
	if err != nil {
		return nil, err
	}
	size := sizes[sha]
	if size == 0 && Hash(nil) != sha {
		return nil, fmt.Errorf("blob %s: %w", sha, fs.ErrNotExist)
	}
	return &Reader{ctx: ctx, rdb: s.rdb, key: key(sha), size: size}, nil
}

// Read implements io.Reader.
func (r *Reader) Read(p []byte) (int, error) {
	if r.pos >= r.size {
		return 0, io.EOF
	}
	if r.pos < r.from || r.pos >= r.from+int64(len(r.held)) {
		held, err := r.rdb.GetRange(r.ctx, r.key, r.pos, min(r.pos+window, r.size)-1).Result()
		if err != nil {
			return 0, fmt.Errorf("read blob: %w", err)
		}
		if held == "" {
			return 0, fmt.Errorf("read blob: it is gone: %w", fs.ErrNotExist)
		}
		r.held, r.from = held, r.pos
	}
	n := copy(p, r.held[r.pos-r.from:])
	r.pos += int64(n)
	return n, nil
}

// Seek implements io.Seeker.
func (r *Reader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.pos
	case io.SeekEnd:
		offset += r.size
	}
	if offset < 0 {
		return 0, errors.New("read blob: seek before its beginning")
	}
	r.pos = offset
	return offset, nil
}
