package blob

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/redistest"
)

func TestBlobs(t *testing.T) {
	rdb := redistest.Start(t).Client()
	s := New(rdb)
	ctx := context.Background()
	data := []byte("how to find us\n")
	sha, err := s.Put(ctx, data, time.Hour)
	if err != nil || sha != Hash(data) {
		t.Fatal(sha, err)
	}
	if got, err := s.Blob(ctx, sha); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%q, %v", got, err)
	}
	// The longer life of two stays.
	if _, err := s.Put(ctx, data, time.Minute); err != nil {
		t.Fatal(err)
	}
	if left := rdb.PTTL(ctx, key(sha)).Val(); left < 59*time.Minute {
		t.Errorf("%s left after a shorter Put", left)
	}
	if _, err := s.Put(ctx, data, 2*time.Hour); err != nil {
		t.Fatal(err)
	}
	if left := rdb.PTTL(ctx, key(sha)).Val(); left < 119*time.Minute {
		t.Errorf("%s left after a longer Put", left)
	}
	// Bytes that are not what their name says are never given out.
	if err := rdb.Set(ctx, key(sha), "something else", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Blob(ctx, sha); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("changed bytes: %v", err)
	}
	for _, unknown := range []string{strings.Repeat("0", 64), "", "../../etc/passwd", strings.ToUpper(sha)} {
		if _, err := s.Blob(ctx, unknown); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%.20q: %v", unknown, err)
		}
	}
}
