package dead

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/redistest"
)

type clock struct{ time.Time }

func newStore(t *testing.T) (*Store, *clock) {
	t.Helper()
	s := New(redistest.Start(t).Client())
	c := &clock{time.Now().UTC().Truncate(time.Millisecond)}
	s.now = func() time.Time { return c.Time }
	return s, c
}

func ids(letters []Letter) []string {
	var out []string
	for _, l := range letters {
		out = append(out, l.ID)
	}
	return out
}

func TestLettersAreKeptAndDropped(t *testing.T) {
	s, now := newStore(t)
	ctx := context.Background()
	want := Letter{
		ID: "bulk.chunk/news:7", Kind: "bulk.chunk", Payload: json.RawMessage(`{"bulk":"news","chunk":7}`),
		Reason: "its bulk is gone", Owner: "news", Attempts: 3, At: now.Time,
	}
	before := want
	before.At, before.Attempts = now.Add(-time.Minute), 1
	for _, l := range []Letter{before, want} {
		if err := s.Put(ctx, l); err != nil {
			t.Fatal(err)
		}
	}
	// What was done about the first says nothing about the second.
	if err := s.Settle(ctx, before); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Get(ctx, want.ID); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	if got, next, err := s.List(ctx, "", "", 10); err != nil || next != "" || !reflect.DeepEqual(got, []Letter{want}) {
		t.Errorf("listed %+v, %q, %v", got, next, err)
	}
	if got, err := s.Count(ctx); err != nil || !reflect.DeepEqual(got, map[string]int{"bulk.chunk": 1}) {
		t.Errorf("counted %v, %v", got, err)
	}
	if err := s.Drop(ctx, want.ID); err != nil {
		t.Fatal(err)
	}
	if err := s.Drop(ctx, want.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("dropped twice: %v", err)
	}
	if _, err := s.Get(ctx, want.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("got after it was dropped: %v", err)
	}
	if got, err := s.Count(ctx); err != nil || len(got) != 0 {
		t.Errorf("counted %v, %v", got, err)
	}
}

// A payload that is no JSON comes back whole.
func TestAnyPayloadIsKept(t *testing.T) {
	s, _ := newStore(t)
	ctx := context.Background()
	for i, raw := range [][]byte{[]byte("{"), {0xff, 0, 1}, []byte("\"\xff\"")} {
		id := fmt.Sprint("x", i)
		if err := s.Put(ctx, Letter{ID: id, Kind: "k", Payload: raw}); err != nil {
			t.Fatal(err)
		}
		l, err := s.Get(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		var wrapped struct{ Base64 []byte }
		if err := json.Unmarshal(l.Payload, &wrapped); err != nil || !slices.Equal(wrapped.Base64, raw) {
			t.Errorf("%q came back as %s", raw, l.Payload)
		}
	}
	if err := s.Put(ctx, Letter{ID: "nothing"}); err == nil {
		t.Error("a letter without a kind was taken")
	}
}

// More than the 10,000 at which Asynq's archive begins to forget, many of them of one millisecond: all are listed, by
// any page size, also while letters go.
func TestManyLettersArePaged(t *testing.T) {
	s, now := newStore(t)
	ctx := context.Background()
	const n = 10_500
	for i := range n {
		if i%3000 == 0 {
			now.Time = now.Add(time.Millisecond)
		}
		if err := s.Put(ctx, Letter{ID: fmt.Sprintf("l%05d", i), Kind: []string{"a", "b"}[i%2], At: now.Time}); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[string]bool{}
	for after := ""; ; {
		letters, next, err := s.List(ctx, "", after, 997)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.IsSortedFunc(letters, func(a, b Letter) int { return b.At.Compare(a.At) }) {
			t.Fatal("not the newest first")
		}
		for _, l := range letters {
			if seen[l.ID] {
				t.Fatalf("%s is listed twice", l.ID)
			}
			seen[l.ID] = true
		}
		if next == "" {
			break
		}
		if err := s.Drop(ctx, letters[len(letters)-1].ID); err != nil { // the cursor's own
			t.Fatal(err)
		}
		after = next
	}
	if len(seen) != n {
		t.Errorf("%d listed, want %d", len(seen), n)
	}
	counts, err := s.Count(ctx)
	if err != nil || counts["a"]+counts["b"] != n-n/997 {
		t.Errorf("%v, %v", counts, err)
	}
	if letters, _, err := s.List(ctx, "b", "", 2); err != nil || !slices.Equal(ids(letters), []string{"l10499", "l10497"}) {
		t.Errorf("%v, %v", ids(letters), err)
	}
}

// Letters go after their retention, and what indexes them goes too.
func TestLettersGoByAge(t *testing.T) {
	s, now := newStore(t)
	ctx := context.Background()
	if err := s.Put(ctx, Letter{ID: "old", Kind: "k"}); err != nil {
		t.Fatal(err)
	}
	if ttl := s.rdb.TTL(ctx, letterKey("old")).Val(); ttl != Retention {
		t.Errorf("kept for %s", ttl)
	}
	now.Time = now.Add(Retention + time.Millisecond)
	if letters, _, err := s.List(ctx, "", "", 10); err != nil || len(letters) != 0 {
		t.Errorf("%v, %v", letters, err)
	}
	if err := s.Put(ctx, Letter{ID: "new", Kind: "k"}); err != nil {
		t.Fatal(err)
	}
	if n := s.rdb.ZCard(ctx, indexKey("k")).Val(); n != 1 {
		t.Errorf("%d in the index", n)
	}
	if letters, _, err := s.List(ctx, "", "", 10); err != nil || !slices.Equal(ids(letters), []string{"new"}) {
		t.Errorf("%v, %v", letters, err)
	}
}

func TestSinceRemembersTheFirstTime(t *testing.T) {
	s, now := newStore(t)
	ctx := context.Background()
	first := now.Time
	for range 3 {
		got, err := s.Since(ctx, "x")
		if err != nil || !got.Equal(first) {
			t.Errorf("%s, %v; want %s", got, err, first)
		}
		now.Time = now.Add(time.Hour)
	}
	if other, err := s.Since(ctx, "y"); err != nil || !other.Equal(now.Time) {
		t.Errorf("%s, %v", other, err)
	}
}
