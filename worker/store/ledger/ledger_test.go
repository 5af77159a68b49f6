package ledger

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/redistest"
)

func newLedger(t *testing.T, s *redistest.Server) *Ledger {
	t.Helper()
	l, err := New(Options{Redis: s.Client(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func open(t *testing.T, l *Ledger, c Chunk, n int) {
	t.Helper()
	if err := l.Open(context.Background(), c, n); err != nil {
		t.Fatal(err)
	}
}

func states(t *testing.T, l *Ledger, c Chunk) []State {
	t.Helper()
	records, err := l.Chunk(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	all := make([]State, len(records))
	for i, r := range records {
		all[i] = r.State
	}
	return all
}

// What each mark does to each state: the rules of the package comment.
func TestTransitions(t *testing.T) {
	l := newLedger(t, redistest.Start(t))
	ctx := context.Background()
	outcomes := []State{Sent, Failed, Suppressed, Skipped, Unknown}
	for _, from := range append([]State{Pending, Claimed}, outcomes...) {
		for _, to := range append([]State{Pending, Claimed}, outcomes...) {
			t.Run(from.String()+" to "+to.String(), func(t *testing.T) {
				c := Chunk{Owner{Bulk, fmt.Sprintf("t-%d-%d", from, to)}, 0}
				open(t, l, c, 1)
				reach(t, l, c, from)
				var err error
				stored := true
				switch to {
				case Claimed:
					stored, err = l.Claim(ctx, c, 0)
				case Pending:
					err = l.Release(ctx, c, 0)
				default:
					err = l.Mark(ctx, c, 0, to, Reason{Code: "code", Text: "text"})
				}
				if err != nil {
					t.Fatal(err)
				}
				want, wantStored := to, true
				switch {
				case to == Claimed && from != Pending: // another claim too
					want, wantStored = from, false
				case from == Sent, to == Pending && from != Claimed:
					want = from
				}
				if got := states(t, l, c)[0]; got != want || stored != wantStored {
					t.Errorf("state %s, stored %t; want %s, %t", got, stored, want, wantStored)
				}
				counts, err := l.Counts(ctx, c.Owner)
				if err != nil {
					t.Fatal(err)
				}
				var wantCounts Counts
				wantCounts.add(want, 1)
				if counts != wantCounts {
					t.Errorf("counts %+v, want %+v", counts, wantCounts)
				}
			})
		}
	}
}

func reach(t *testing.T, l *Ledger, c Chunk, s State) {
	t.Helper()
	var err error
	switch s {
	case Pending:
	case Claimed:
		_, err = l.Claim(context.Background(), c, 0)
	default:
		err = l.Mark(context.Background(), c, 0, s, Reason{Code: "before"})
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestReopen(t *testing.T) {
	l := newLedger(t, redistest.Start(t))
	ctx := context.Background()
	c := Chunk{Owner{Bulk, "reopen"}, 0}
	open(t, l, c, 2)
	reach(t, l, c, Failed)
	if ok, err := l.Reopen(ctx, c, 0, Unknown); ok || err != nil {
		t.Errorf("reopened as unknown what is failed: %t, %v", ok, err)
	}
	if ok, err := l.Reopen(ctx, c, 0, Failed); !ok || err != nil {
		t.Errorf("%t, %v", ok, err)
	}
	records, err := l.Chunk(ctx, c)
	if err != nil || records[0].State != Pending || records[0].Reason != (Reason{}) {
		t.Errorf("%+v, %v", records, err)
	}
	if counts, err := l.Counts(ctx, c.Owner); err != nil || counts != (Counts{}) {
		t.Errorf("%+v, %v", counts, err)
	}
	for _, s := range []State{Sent, Pending, Claimed} {
		if _, err := l.Reopen(ctx, c, 0, s); err == nil {
			t.Errorf("%s can be reopened", s)
		}
	}
}

func TestRecordsKeepTimeAndReason(t *testing.T) {
	l := newLedger(t, redistest.Start(t))
	c := Chunk{Owner{Bulk, "bulk"}, 3}
	open(t, l, c, 3)
	before := time.Now().Truncate(time.Second)
	if err := l.Mark(context.Background(), c, 1, Failed, Reason{"smtp_550", "no such user"}); err != nil {
		t.Fatal(err)
	}
	records, err := l.Chunk(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	if len(records) != 3 || records[0] != (Record{}) || records[2] != (Record{}) {
		t.Errorf("records %+v: want the first and the last pending", records)
	}
	got := records[1]
	if got.State != Failed || got.Reason != (Reason{"smtp_550", "no such user"}) {
		t.Errorf("record %+v", got)
	}
	if got.At.Before(before) || got.At.After(time.Now()) {
		t.Errorf("time %s is not now", got.At)
	}
}

func TestBooksThatDoNotExist(t *testing.T) {
	l := newLedger(t, redistest.Start(t))
	ctx := context.Background()
	if _, err := l.Chunk(ctx, Chunk{Owner{Bulk, "none"}, 0}); !errors.Is(err, ErrNotFound) {
		t.Errorf("read: %v", err)
	}
	if err := l.Mark(ctx, Chunk{Owner{Bulk, "none"}, 0}, 0, Sent, Reason{}); !errors.Is(err, ErrNotFound) {
		t.Errorf("mark: %v", err)
	}
	c := Chunk{Owner{Bulk, "one"}, 0}
	open(t, l, c, 1)
	if err := l.Mark(ctx, c, 1, Sent, Reason{}); !errors.Is(err, ErrNotFound) {
		t.Errorf("mark beyond the chunk: %v", err)
	}
	if err := l.Mark(ctx, c, 0, Claimed, Reason{}); err == nil {
		t.Error("claimed was taken for an outcome")
	}
}

func TestOpenKeepsWhatIsThere(t *testing.T) {
	l := newLedger(t, redistest.Start(t))
	c := Chunk{Owner{Bulk, "again"}, 0}
	open(t, l, c, 2)
	if err := l.Mark(context.Background(), c, 0, Sent, Reason{}); err != nil {
		t.Fatal(err)
	}
	open(t, l, c, 2)
	if got := states(t, l, c)[0]; got != Sent {
		t.Errorf("a second Open made it %s", got)
	}
}

// Of many that claim one recipient, exactly one gets it.
func TestClaimIsExclusive(t *testing.T) {
	s := redistest.Start(t)
	ledgers := []*Ledger{newLedger(t, s), newLedger(t, s), newLedger(t, s)}
	c := Chunk{Owner{Bulk, "claims"}, 0}
	const slots = 50
	open(t, ledgers[0], c, slots)
	var mu sync.Mutex
	won := map[int]int{}
	var wg sync.WaitGroup
	for _, l := range ledgers {
		for slot := range slots {
			wg.Go(func() {
				ok, err := l.Claim(context.Background(), c, slot)
				if err != nil {
					t.Error(err)
				}
				if ok {
					mu.Lock()
					won[slot]++
					mu.Unlock()
				}
			})
		}
	}
	wg.Wait()
	for slot := range slots {
		if won[slot] != 1 {
			t.Errorf("slot %d was claimed %d times", slot, won[slot])
		}
	}
}

// Counters equal a recount of the states after a random storm of marks over many chunks and shards.
func TestCountsBalance(t *testing.T) {
	l := newLedger(t, redistest.Start(t))
	ctx := context.Background()
	const chunks, slots = 40, 25
	for k := range chunks {
		open(t, l, Chunk{Owner{Bulk, "storm"}, k}, slots)
	}
	outcomes := []State{Sent, Failed, Suppressed, Skipped, Unknown}
	var wg sync.WaitGroup
	for g := range 16 {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(g), 7))
			for range 300 {
				c, slot := Chunk{Owner{Bulk, "storm"}, rng.IntN(chunks)}, rng.IntN(slots)
				var err error
				if rng.IntN(4) == 0 {
					_, err = l.Claim(ctx, c, slot)
				} else {
					err = l.Mark(ctx, c, slot, outcomes[rng.IntN(len(outcomes))], Reason{Code: "x"})
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	var recount Counts
	for k := range chunks {
		for _, s := range states(t, l, Chunk{Owner{Bulk, "storm"}, k}) {
			recount.add(s, 1)
		}
	}
	counts, err := l.Counts(ctx, Owner{Bulk, "storm"})
	if err != nil {
		t.Fatal(err)
	}
	if counts != recount || counts.Final()+counts.Claimed == 0 {
		t.Errorf("counters %+v, states %+v", counts, recount)
	}
}
