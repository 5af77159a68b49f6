package ledger

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/redistest"
)

// Whoever comes at the same time is written together, and nobody is lost or mixed up.
func TestIndexOfManyAtOnce(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	l, ctx := newLedger(t, s), t.Context()
	const people, each = 40, 25
	var all sync.WaitGroup
	for i := range people * each {
		all.Go(func() {
			r := Request{Payload: []byte("{}"), Recipients: []uint64{uint64(i % people), 1000}}
			if a, err := l.OpenOnce(ctx, Owner{Message, fmt.Sprintf("m%d", i)}, "hash", r, 0); err != nil || !a.Fresh {
				t.Errorf("%d: %+v, %v", i, a, err)
			}
		})
	}
	all.Wait()
	for i := range people {
		found, err := l.Index(ctx, []uint64{uint64(i)}, Indexed{}, time.Time{}, time.Hour, 100)
		if err != nil || len(found) != each {
			t.Fatalf("person %d: %d found, want %d (%v)", i, len(found), each, err)
		}
		var got, want []string
		for k, f := range found {
			got, want = append(got, f.ID), append(want, fmt.Sprintf("m%d", i+k*people))
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("person %d: %q, want %q", i, got, want)
		}
	}
	if found, err := l.Index(ctx, []uint64{1000}, Indexed{}, time.Time{}, time.Hour, 2000); err != nil || len(found) != people*each {
		t.Errorf("who got all: %d (%v)", len(found), err)
	}
}
