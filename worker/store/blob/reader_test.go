package blob

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io/fs"
	"math/rand/v2"
	"testing"
	"testing/iotest"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/redistest"
	"github.com/heraldsend/herald/worker/seal"
)

func TestReader(t *testing.T) {
	ring, err := seal.Parse("k1:" + base64.StdEncoding.EncodeToString(make([]byte, 32)))
	if err != nil {
		t.Fatal(err)
	}
	t.Run("clear", func(t *testing.T) { testReader(t, redistest.Start(t).Client()) })
	t.Run("sealed", func(t *testing.T) {
		rdb := redistest.Start(t).Client()
		seal.Use(rdb, ring)
		testReader(t, rdb)
	})
}

func testReader(t *testing.T, rdb redis.UniversalClient) {
	ctx, s := context.Background(), New(rdb)
	random := rand.NewChaCha8([32]byte{})
	for _, size := range []int{0, 1, window - 1, window, window + 1, 3*window + 7} {
		data := make([]byte, size)
		_, _ = random.Read(data)
		sha, err := s.Put(ctx, data, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		r, err := s.Open(ctx, sha)
		if err != nil {
			t.Fatal(err)
		}
		if err := iotest.TestReader(r, data); err != nil { // reads and seeks
			t.Errorf("%d bytes: %v", size, err)
		}
		if len(r.held) > window {
			t.Errorf("%d bytes are held", len(r.held))
		}
	}
	for _, sha := range []string{Hash([]byte("unknown")), "x", ""} {
		if _, err := s.Open(ctx, sha); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q: %v", sha, err)
		}
	}
	// One that goes while it is read is told.
	data := bytes.Repeat([]byte("x"), 2*window)
	sha, err := s.Put(ctx, data, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.Open(ctx, sha)
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, window)
	if _, err := r.Read(buf); err != nil {
		t.Fatal(err)
	}
	if err := s.rdb.Del(ctx, key(sha)).Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Read(buf); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a blob that went: %v", err)
	}
}
