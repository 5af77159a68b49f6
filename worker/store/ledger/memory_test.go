package ledger

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/redistest"
)

// dump is all that a Redis holds.
func dump(t *testing.T, rdb *redis.Client) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, key := range rdb.Keys(t.Context(), "*").Val() {
		all[key] = rdb.Dump(t.Context(), key).Val()
	}
	return all
}

// rewind makes a Redis forget everything since a dump.
func rewind(t *testing.T, rdb *redis.Client, to map[string]string) {
	t.Helper()
	if err := rdb.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	for key, value := range to {
		if err := rdb.Restore(t.Context(), key, 0, value).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

// Whatever is recorded in whatever order, and whenever Redis falls back to: what went out, or is on its way, is known again,
// and the counters agree with the states.
func TestPutBack(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	l, rdb, ctx := newLedger(t, s), s.Client(), context.Background()
	seed := rand.Uint64()
	t.Log("seed", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	const slots = 12
	chunks := []Chunk{Owner{Bulk, "a"}.Chunk(0), Owner{Bulk, "a"}.Chunk(1), Owner{Message, "a"}.Chunk(0)}
	for range 30 {
		rewind(t, rdb, nil)
		l.memory = memory{}
		for _, c := range chunks {
			open(t, l, c, slots)
		}
		before := dump(t, rdb)
		known := map[Chunk][]State{}
		for range 1 + random.IntN(60) {
			c, slot := chunks[random.IntN(len(chunks))], random.IntN(slots)
			var err error
			switch random.IntN(6) {
			case 0:
				_, err = l.Claim(ctx, c, slot)
			case 1:
				err = l.Release(ctx, c, slot)
			case 2:
				_, err = l.Reopen(ctx, c, slot, Unknown)
			default:
				err = l.Mark(ctx, c, slot, []State{Sent, Done, Failed, Unknown, Skipped}[random.IntN(5)], Reason{Code: "x"})
			}
			if err != nil {
				t.Fatal(err)
			}
			if random.IntN(20) == 0 {
				before = dump(t, rdb)
			}
		}
		for _, c := range chunks {
			known[c] = states(t, l, c)
		}
		rewind(t, rdb, before)
		old := map[Chunk][]State{}
		for _, c := range chunks {
			old[c] = states(t, l, c)
		}
		if _, err := l.PutBack(ctx, rdb); err != nil {
			t.Fatal(err)
		}
		if again, err := l.PutBack(ctx, rdb); again != 0 || err != nil {
			t.Fatalf("the second time %d marks were lost, %v", again, err)
		}
		var total Counts
		for _, c := range chunks {
			for slot, got := range states(t, l, c) {
				want := known[c][slot]
				if was := old[c][slot]; want == Failed || want == Skipped || want == Pending || (want == Claimed || want == Unknown) && was.Final() {
					want = was // it goes out again, or is settled: nobody gets two
				}
				if got != want {
					t.Fatalf("%s slot %d is %s, want %s: %s was known, Redis fell back to %s", c.Owner, slot, got, want, known[c][slot], old[c][slot])
				}
				if c.counted() {
					total.add(got, 1)
				}
			}
		}
		if counts, err := l.Counts(ctx, chunks[0].Owner); err != nil || counts != total {
			t.Fatalf("counted %+v, want %+v, %v", counts, total, err)
		}
	}
}

// Memory ends: what is older than twice its span is forgotten, and what a chunk goes on with is not.
func TestMemoryEnds(t *testing.T) {
	t.Parallel()
	var m memory
	now := time.Now()
	ended, goesOn := Owner{Bulk, "ended"}.Chunk(0), Owner{Bulk, "goes on"}.Chunk(0)
	m.keep(now, &mark{chunk: ended, record: Record{State: Sent}})
	for i := range 10 {
		m.keep(now.Add(time.Duration(i)*MemorySpan/2), &mark{chunk: goesOn, index: i, record: Record{State: Sent}})
	}
	all := m.marks()
	if len(all[ended]) != 0 || len(all[goesOn]) != 10 {
		t.Errorf("%d and %d marks are remembered, want 0 and 10", len(all[ended]), len(all[goesOn]))
	}
	if !slices.ContainsFunc(all[goesOn], func(k *mark) bool { return k.index == 9 }) {
		t.Error("the last one is missing")
	}
}
