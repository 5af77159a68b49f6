package ledger

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/redistest"
)

// A Redis that dies and comes back delays marks; it loses none.
func TestMarksOutliveRedis(t *testing.T) {
	s := redistest.Start(t)
	l := newLedger(t, s)
	c := Chunk{Owner{Bulk, "restart"}, 0}
	const slots = 20
	open(t, l, c, slots)
	if err := l.Mark(context.Background(), c, 0, Sent, Reason{}); err != nil {
		t.Fatal(err)
	}
	s.Kill()
	var wg sync.WaitGroup
	for slot := 1; slot < slots; slot++ {
		wg.Go(func() {
			if err := l.Mark(context.Background(), c, slot, Sent, Reason{}); err != nil {
				t.Error(err)
			}
		})
	}
	s.Restart() // a new process: the script is gone too
	wg.Wait()
	for slot, state := range states(t, l, c) {
		if state != Sent {
			t.Errorf("slot %d is %s", slot, state)
		}
	}
}

// Someone who waits for a mark while Redis is down can give up.
func TestMarkGivesUpWithItsContext(t *testing.T) {
	s := redistest.Start(t)
	l := newLedger(t, s)
	c := Chunk{Owner{Bulk, "gone"}, 0}
	open(t, l, c, 1)
	s.Kill()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := l.Mark(ctx, c, 0, Sent, Reason{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	s.Restart() // so that closing needn't wait for it
}

func BenchmarkMark(b *testing.B) {
	s := redistest.Start(b)
	l, err := New(Options{Redis: s.Client(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	const slots = 200
	chunks := b.N/slots + 1
	for k := range chunks {
		if err := l.Open(context.Background(), Chunk{Owner{Bulk, "bench"}, k}, slots); err != nil {
			b.Fatal(err)
		}
	}
	var mu sync.Mutex
	next := 0
	b.SetParallelism(16)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			mu.Lock()
			i := next
			next++
			mu.Unlock()
			if err := l.Mark(context.Background(), Chunk{Owner{Bulk, "bench"}, i / slots}, i%slots, Sent, Reason{}); err != nil {
				b.Error(err)
			}
		}
	})
}

// A batch does what its marks would do one after the other: far apart, next to each other, several on one slot, past
// the end.
func TestBatchIsOneByOne(t *testing.T) {
	l := newLedger(t, redistest.Start(t))
	ctx := context.Background()
	const slots = 40
	sets := []string{notSent, letters(Pending), letters(Claimed), letters(Failed), letters(Pending, Failed)}
	outcomes := []State{Pending, Claimed, Sent, Failed, Suppressed, Skipped, Unknown}
	model := map[Chunk][]Record{}
	for i := range 3 {
		c := Chunk{Owner{Bulk, "b"}, i * Shards} // one shard: one hash of counts
		open(t, l, c, slots)
		model[c] = make([]Record, slots)
	}
	for round := range 200 {
		var batch []*mark
		for range 1 + rand.N(30) {
			m := &mark{
				chunk: Chunk{Owner{Bulk, "b"}, rand.N(3) * Shards}, index: rand.N(slots + 1), from: sets[rand.N(len(sets))], ctx: ctx, result: make(chan answer, 1),
				record: Record{State: outcomes[rand.N(len(outcomes))], At: time.Unix(int64(1_700_000_000+round), 0).UTC()},
			}
			if s := m.record.State; s.Final() && s != Sent {
				m.record.Reason = Reason{Code: fmt.Sprint("code", rand.N(1000)), Text: "text"}
			}
			batch = append(batch, m)
		}
		inOrder := slices.Clone(batch)
		if again := l.try(batch); len(again) > 0 {
			t.Fatalf("%d marks are to be tried again", len(again))
		}
		for _, m := range inOrder {
			got := <-m.result
			if m.index == slots {
				if !errors.Is(got.err, ErrNotFound) {
					t.Fatalf("a slot that is not there: %+v", got)
				}
				continue
			}
			now := &model[m.chunk][m.index]
			stored := now.State != m.record.State && strings.IndexByte(m.from, byte(now.State)) >= 0
			if got.stored != stored || got.err != nil {
				t.Fatalf("%s to %s where %q may be replaced: %+v", now.State, m.record.State, m.from, got)
			}
			if stored {
				*now = m.record
			}
		}
		counts := Counts{}
		for c, want := range model {
			got, err := l.Chunk(ctx, c)
			if err != nil {
				t.Fatal(err)
			}
			for i, r := range want {
				if r.State == Pending {
					r.At = got[i].At
				}
				if got[i] != r {
					t.Fatalf("round %d, slot %d: %+v, want %+v", round, i, got[i], r)
				}
				counts.add(r.State, 1)
			}
		}
		if got, err := l.Counts(ctx, Owner{Bulk, "b"}); err != nil || got != counts {
			t.Fatalf("counts %+v, %v, want %+v", got, err, counts)
		}
	}
	for _, index := range []int{-1, maxSlot, maxSlot + 1} {
		if err := l.Mark(ctx, Chunk{Owner{Bulk, "b"}, 0}, index, Sent, Reason{}); !errors.Is(err, ErrNotFound) {
			t.Errorf("slot %d: %v", index, err)
		}
	}
}

// What all slots of a state have in common is stored once, and a slot's own reason comes first, whichever came earlier.
func TestReasonsInCommon(t *testing.T) {
	t.Parallel()
	rdb := redistest.Start(t).Client()
	l, err := New(Options{Redis: rdb, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	ctx, c := context.Background(), Owner{Bulk, "b"}.Chunk(0)
	const slots = 200
	if err := l.Open(ctx, c, slots); err != nil {
		t.Fatal(err)
	}
	own, shared := Reason{"smtp_550", "no such user"}, Reason{"cancelled", "the bulk was cancelled"}
	for slot, s := range map[int]State{0: Skipped, 1: Failed, 2: Failed} {
		if err := l.Mark(ctx, c, slot, s, own); err != nil {
			t.Fatal(err)
		}
	}
	if ok, err := l.Reopen(ctx, c, 2, Failed); !ok || err != nil { // its reason stays behind
		t.Fatal(ok, err)
	}
	var commits []*Commit
	for slot := 2; slot < slots; slot++ {
		commits = append(commits, l.PostCommon(ctx, c, slot, Skipped, shared))
	}
	for _, commit := range commits {
		if err := commit.Wait(); err != nil {
			t.Fatal(err)
		}
	}
	records, err := l.Chunk(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	for slot, r := range records {
		want := shared
		if slot < 2 {
			want = own
		}
		if r.Reason != want {
			t.Errorf("slot %d: %+v", slot, r)
		}
	}
	if n := rdb.HLen(ctx, c.reasonsKey()).Val(); n != 2 {
		t.Errorf("%d reasons are stored by slot", n)
	}
	if n := rdb.HLen(ctx, c.commonKey()).Val(); n != 1 || rdb.TTL(ctx, c.commonKey()).Val() <= 0 {
		t.Errorf("%d in common", n)
	}
}
