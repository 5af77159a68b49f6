package ledger

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/heraldsend/herald/worker/redistest"
	"github.com/heraldsend/herald/worker/task"
)

// ids are made-up ids that are allowed, close to each other and to what keys are made of.
func ids(rng *rand.Rand, n int) []string {
	parts := []string{"bulk", "message", "forward", "shared", "herald", "states", "0", "3", "15", "x", "X", "_", "a-b", strings.Repeat("z", 40)}
	seen := map[string]bool{}
	for len(seen) < n {
		id := parts[rng.IntN(len(parts))]
		for range rng.IntN(4) {
			id += []string{".", "-", "_", ""}[rng.IntN(4)] + parts[rng.IntN(len(parts))]
		}
		if task.CheckID(id) == nil {
			seen[id] = true
		}
	}
	all := make([]string, 0, n)
	for id := range seen {
		all = append(all, id)
	}
	return all
}

// No two owners have one key, and the keys of a chunk lie in one slot.
func TestKeysBelongToKindAndID(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	owner := map[string]string{}
	for _, id := range ids(rng, 3000) {
		for _, o := range []Owner{{Message, id}, {Forward, id}, {Bulk, id}, {Shared, id}} {
			indexes := []int{0}
			if o.counted() {
				indexes = append(indexes, 1+rng.IntN(200), 15, 16)
			}
			keys := map[string]bool{}
			for _, index := range indexes {
				c := o.Chunk(index)
				of := []string{c.statesKey(), c.reasonsKey(), c.commonKey(), c.waitKey(), c.aboutKey(), c.detailsKey(), c.Key("recipients"), c.countsKey()}
				if o.Kind == Message || o.Kind == Forward {
					of = append(of[:4], o.requestKey())
				}
				for _, key := range of {
					if got, want := tagOf(key), tagOf(of[0]); got != want {
						t.Fatalf("%q and %q have other hash tags", key, of[0])
					}
					keys[key] = true
				}
			}
			for key := range keys {
				if other, taken := owner[key]; taken {
					t.Fatalf("%s and %s have the key %q", o, other, key)
				}
				owner[key] = o.String()
			}
		}
	}
}

// tagOf is what Redis Cluster hashes of a key.
func tagOf(key string) string {
	_, rest, _ := strings.Cut(key, "{")
	tag, _, _ := strings.Cut(rest, "}")
	return tag
}

// The books of three owners of one id know nothing of each other, whatever is marked in them.
func TestBooksOfOneIDAreApart(t *testing.T) {
	t.Parallel()
	l := newLedger(t, redistest.Start(t))
	ctx := context.Background()
	for _, id := range ids(rand.New(rand.NewPCG(3, 4)), 20) {
		owners := []Owner{{Message, id}, {Forward, id}, {Bulk, id}}
		rand.Shuffle(len(owners), func(i, j int) { owners[i], owners[j] = owners[j], owners[i] })
		want := map[Kind]State{Message: Failed, Forward: Skipped, Bulk: Sent}
		for _, o := range owners {
			if o.Kind == Bulk {
				open(t, l, o.Chunk(0), 3)
			} else if a, err := l.OpenOnce(ctx, o, "hash", Request{Kind: "kind", Payload: []byte("{}")}, 0); err != nil || !a.Fresh || !a.Same || a.Owner != o {
				t.Fatalf("%s: %+v, %v", o, a, err)
			}
			if err := l.Mark(ctx, o.Chunk(0), 0, want[o.Kind], Reason{Code: string(o.Kind)}); err != nil {
				t.Fatal(err)
			}
		}
		for _, o := range owners {
			records, err := l.Chunk(ctx, o.Chunk(0))
			if err != nil || records[0].State != want[o.Kind] || o.Kind != Bulk && (len(records) != 1 || records[0].Reason.Code != string(o.Kind)) {
				t.Errorf("%s: %+v, %v", o, records, err)
			}
		}
		if counts, err := l.Counts(ctx, Owner{Bulk, id}); err != nil || counts != (Counts{Sent: 1}) {
			t.Errorf("bulk %s: %+v, %v", id, counts, err)
		}
	}
}

// An id is taken by what was first asked for under it; in layout 0, a message and a forward took it from each other.
func TestOpenOnce(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	l, rdb := newLedger(t, server), server.Client()
	ctx := context.Background()
	const hash, other = "1111", "2222"
	type want struct {
		kind        Kind
		fresh, same bool
	}
	for i, c := range []struct {
		kind   Kind
		before string // what layout 0 knew
		calls  []string
		want   []want
	}{
		{Message, "", []string{hash, hash, other}, []want{{Message, true, true}, {Message, false, true}, {Message, false, false}}},
		{Forward, "", []string{hash, hash, other}, []want{{Forward, true, true}, {Forward, false, true}, {Forward, false, false}}},
		{Message, hash, []string{hash, other}, []want{{Shared, false, true}, {Shared, false, false}}},
		{Forward, hash, []string{hash, other, hash}, []want{{Shared, false, true}, {Shared, false, false}, {Shared, false, true}}},
	} {
		o := Owner{c.kind, "id" + strconv.Itoa(i)}
		if c.before != "" {
			if err := rdb.Set(ctx, "herald:message:{"+o.ID+"}", c.before, 0).Err(); err != nil {
				t.Fatal(err)
			}
		}
		for j, h := range c.calls {
			a, err := l.OpenOnce(ctx, o, h, Request{Kind: "kind", Payload: []byte("{}")}, 0)
			if got := (want{a.Owner.Kind, a.Fresh, a.Same}); err != nil || got != c.want[j] {
				t.Errorf("case %d, call %d: %+v, %v", i, j, a, err)
			}
		}
		books, err := l.Single(ctx, o)
		if err != nil || books.Kind != c.want[0].kind {
			t.Errorf("case %d: found %+v, %v", i, books, err)
		}
		if keys := rdb.Keys(ctx, fmt.Sprintf("herald:%s:{%s*:*", c.kind, o.ID)).Val(); c.before != "" && len(keys) != 0 {
			t.Errorf("case %d: what is of layout 0 got books of a kind: %q", i, keys)
		}
	}
	if _, err := l.Single(ctx, Owner{Message, "id1"}); !errors.Is(err, ErrNotFound) {
		t.Errorf("a forward is a message: %v", err)
	}
	if left := rdb.TTL(ctx, "herald:message:{id0}:states:0").Val(); left <= 0 {
		t.Errorf("books are kept for %s", left)
	}
}
