package ledger

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/redistest"
)

// What is kept is what weighs most, in whatever order it comes, however often, from however many at once; and what is
// counted is what is kept.
func TestFeedback(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	l := newLedger(t, redistest.Start(t))
	bulk := Owner{Bulk, "b"}
	const n = 40
	random := rand.New(rand.NewPCG(7, 7))
	want := map[int]FeedbackState{}
	type one struct {
		slot  int
		state FeedbackState
	}
	var all []one
	for chunk := range 2 {
		c := bulk.Chunk(chunk)
		if err := l.Open(ctx, c, n); err != nil {
			t.Fatal(err)
		}
		for slot := range n {
			if err := l.Mark(ctx, c, slot, Sent, Reason{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	rank := map[FeedbackState]int{}
	for i := range len(weights) {
		rank[FeedbackState(weights[i])] = i + 1
	}
	for slot := range n {
		for range random.IntN(5) {
			s := FeedbackState(weights[random.IntN(len(weights))])
			all = append(all, one{slot, s}, one{slot, s})
			if rank[s] > rank[want[slot]] {
				want[slot] = s
			}
		}
	}
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for i := w; i < len(all); i += 4 {
				f := Feedback{State: all[i].state, At: time.Unix(1_800_000_000, 0), Source: "mail", Status: "5.1.1", Words: fmt.Sprint("slot ", all[i].slot)}
				if _, err := l.PutFeedback(ctx, bulk.Chunk(1), all[i].slot, f); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	got, err := l.Feedback(ctx, bulk.Chunk(1))
	if err != nil {
		t.Fatal(err)
	}
	byState := map[FeedbackState]int{}
	for slot := range n {
		f := got[slot]
		if f.State != want[slot] {
			t.Errorf("slot %d: %s, want %s", slot, f.State, want[slot])
		}
		if f.State != Unconfirmed && (f.Source != "mail" || f.Status != "5.1.1" || f.Words != fmt.Sprint("slot ", slot) || f.At.Unix() != 1_800_000_000) {
			t.Errorf("slot %d: %+v", slot, f)
		}
		byState[f.State]++
	}
	counts, err := l.Counts(ctx, bulk)
	if err != nil || counts.Sent != 2*n || counts.Final() != 2*n || counts.Feedback != (FeedbackCounts{byState[Delivered], byState[BouncedSoft], byState[BouncedHard], byState[OptedOut], byState[Unsubscribed], byState[Complained]}) {
		t.Errorf("%+v, %v; want %v", counts, err, byState)
	}
	if other, err := l.Feedback(ctx, bulk.Chunk(0)); err != nil || len(other) != 0 {
		t.Errorf("a chunk without feedback has %v, %v", other, err)
	}
}

// Feedback proves that a message was sent whose worker could not say so; it says nothing about one that was not sent.
func TestFeedbackAboutWhatWasNotMarked(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	l := newLedger(t, redistest.Start(t))
	for _, owner := range []Owner{{Bulk, "b"}, {Message, "m"}} {
		for state, sent := range map[State]bool{Pending: true, Claimed: true, Unknown: true, Sent: true, Failed: false, Suppressed: false, Skipped: false, Done: false} {
			owner := Owner{owner.Kind, owner.ID + state.String()}
			c := owner.Chunk(0)
			if err := l.Open(ctx, c, 1); err != nil {
				t.Fatal(err)
			}
			if state == Claimed {
				if _, err := l.Claim(ctx, c, 0); err != nil {
					t.Fatal(err)
				}
			} else if state != Pending {
				if err := l.Mark(ctx, c, 0, state, Reason{Code: "x"}); err != nil {
					t.Fatal(err)
				}
			}
			kept, err := l.PutFeedback(ctx, c, 0, Feedback{State: BouncedHard, At: time.Now(), Source: "mail"})
			if err != nil || kept.Stored != sent || kept.Sent != sent {
				t.Errorf("%s: %+v, %v", owner, kept, err)
			}
			records, err := l.Chunk(ctx, c)
			want := state
			if sent {
				want = Sent
			}
			if err != nil || records[0].State != want {
				t.Errorf("%s: %v, %v; want %s", owner, records, err, want)
			}
			if owner.Kind != Bulk {
				continue
			}
			counts, err := l.Counts(ctx, owner)
			if sent && (err != nil || counts.Sent != 1 || counts.Final() != 1 || counts.Claimed != 0) {
				t.Errorf("%s: %+v, %v", owner, counts, err)
			}
		}
	}
	if _, err := l.PutFeedback(ctx, Owner{Message, "none"}.Chunk(0), 0, Feedback{State: Delivered}); !errors.Is(err, ErrNotFound) {
		t.Errorf("about nothing: %v", err)
	}
	if _, err := l.PutFeedback(ctx, Owner{Bulk, "bsent"}.Chunk(0), 1, Feedback{State: Delivered}); !errors.Is(err, ErrNotFound) {
		t.Errorf("about no slot: %v", err)
	}
}

// Feedback goes when the record goes.
func TestFeedbackIsKeptAsLongAsTheRecord(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	server := redistest.Start(t)
	l, rdb := newLedger(t, server), server.Client()
	c := Owner{Message, "m"}.Chunk(0)
	if err := l.Open(ctx, c, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := l.PutFeedback(ctx, c, 0, Feedback{State: BouncedSoft, At: time.Now(), Source: "mail", Words: "full"}); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{c.feedbackKey(), c.feedbackWordsKey()} {
		if left := rdb.PTTL(ctx, key).Val(); left <= 0 || left > l.Retention() {
			t.Errorf("%s is kept for %s", key, left)
		}
	}
}

// Who is erased leaves a state, and no words.
func TestFeedbackIsErased(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	l := newLedger(t, redistest.Start(t))
	c := Owner{Bulk, "b"}.Chunk(0)
	if err := l.Open(ctx, c, 3); err != nil {
		t.Fatal(err)
	}
	for slot := range 3 {
		if _, err := l.PutFeedback(ctx, c, slot, Feedback{State: BouncedHard, At: time.Now(), Source: "mail", Status: "5.1.1", Words: "no Ada here"}); err != nil {
			t.Fatal(err)
		}
	}
	if changed, err := l.EraseSlots(ctx, c, 1); err != nil || !changed {
		t.Fatalf("%t, %v", changed, err)
	}
	got, err := l.Feedback(ctx, c)
	if err != nil || got[0].Words != "no Ada here" || got[1].Words != "" || got[1].State != BouncedHard || got[2].Words == "" {
		t.Errorf("%+v, %v", got, err)
	}
	if changed, err := l.EraseSlots(ctx, c, 1); err != nil || changed {
		t.Errorf("again: %t, %v", changed, err)
	}
}
