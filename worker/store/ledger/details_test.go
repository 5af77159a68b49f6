package ledger

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/redistest"
)

// A wait begins with its reason, goes on with it, and begins anew with another one. Nobody who is settled has one.
func TestWait(t *testing.T) {
	t.Parallel()
	l := newLedger(t, redistest.Start(t))
	now := time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)
	l.now = func() time.Time { return now }
	ctx, o := context.Background(), Owner{Message, "m"}
	if _, err := l.OpenOnce(ctx, o, "hash", Request{Kind: "k", Payload: []byte("{}"), Channel: "sms", To: "+15550100"}, 0); err != nil {
		t.Fatal(err)
	}
	put := func(code, text string, attempts int) {
		t.Helper()
		if err := l.PutWait(ctx, o.Chunk(0), Reason{code, text}, attempts); err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Minute)
	}
	wait := func() *Wait {
		t.Helper()
		a, err := l.Account(ctx, o.Chunk(0))
		if err != nil || a.Details.Channel != "sms" || a.Details.To != "+15550100" || string(a.Request.Payload) != "{}" {
			t.Fatalf("%+v, %v", a, err)
		}
		return a.Wait
	}
	if w := wait(); w != nil {
		t.Errorf("%+v before anything", w)
	}
	put("smtp_auth", "535 no", 1)
	put("smtp_auth", "535 still no", 2)
	want := Wait{Reason{"smtp_auth", "535 still no"}, now.Add(-2 * time.Minute), 2}
	if w := wait(); w == nil || *w != want {
		t.Errorf("%+v, want %+v", w, want)
	}
	put("smtp_421", strings.Repeat("x", 2*maxReasonText), 3)
	if w := wait(); w == nil || w.Code != "smtp_421" || !w.Since.Equal(now.Add(-time.Minute)) || len(w.Text) > maxReasonText+10 {
		t.Errorf("%+v", w)
	}
	if err := l.RemoveWait(ctx, o.Chunk(0)); err != nil {
		t.Fatal(err)
	}
	if w := wait(); w != nil {
		t.Errorf("%+v after its removal", w)
	}
	put("smtp_421", "", 4)
	if err := l.Mark(ctx, o.Chunk(0), 0, Sent, Reason{}); err != nil {
		t.Fatal(err)
	}
	if w := wait(); w != nil {
		t.Errorf("%+v of what is sent", w)
	}
}

// What is asked for is kept until nobody may want it any more: after that only what is known of the message is.
func TestConclude(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	l, rdb := newLedger(t, server), server.Client()
	ctx := context.Background()
	learned := &Details{Channel: "email", To: "a@b.example", Subject: "Hi", Attempts: 2}
	for name, c := range map[string]struct {
		state State
		d     *Details
		kept  bool
		want  Details
	}{
		"sent":             {Sent, learned, false, *learned},
		"unknown":          {Unknown, learned, true, *learned},
		"an earlier run's": {Sent, nil, false, Details{Channel: "email", To: "asked"}},
	} {
		o := Owner{Forward, strings.ReplaceAll(name, " ", "-")}
		o.ID = strings.ReplaceAll(o.ID, "'", "")
		if _, err := l.OpenOnce(ctx, o, "hash", Request{Kind: "k", Payload: []byte(`{"a":1}`), Channel: "email", To: "asked"}, time.Hour); err != nil {
			t.Fatal(err)
		}
		before := rdb.TTL(ctx, o.Chunk(0).aboutKey()).Val()
		if err := l.Conclude(ctx, o, o.Chunk(0), c.state, c.d, nil); err != nil {
			t.Fatal(err)
		}
		r, err := l.Request(ctx, o.Chunk(0))
		if kept := err == nil && string(r.Payload) == `{"a":1}`; kept != c.kept || !kept && !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
		a, err := l.Account(ctx, o.Chunk(0))
		if err != nil || !reflect.DeepEqual(a.Details, c.want) {
			t.Errorf("%s: %+v, %v", name, a.Details, err)
		}
		if left := rdb.TTL(ctx, o.Chunk(0).aboutKey()).Val(); left > before || left < before-time.Minute {
			t.Errorf("%s: kept for %s, before that for %s", name, left, before)
		}
		if n := rdb.ZCard(ctx, o.unsettledKey()).Val(); n != 0 {
			t.Errorf("%s: still listed", name)
		}
	}
	// What was never stored is not made up.
	gone := Owner{Message, "gone"}
	if err := l.Conclude(ctx, gone, gone.Chunk(0), Sent, learned, nil); err != nil {
		t.Fatal(err)
	}
	if n := rdb.Exists(ctx, gone.Chunk(0).aboutKey()).Val(); n != 0 {
		t.Error("books that are gone got details")
	}
}

// Runs of a chunk add up; issues are counted by message, as they stand after the last run; all goes with the books.
func TestDetailsOfChunks(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	l, rdb := newLedger(t, server), server.Client()
	ctx, o := context.Background(), Owner{Bulk, "b"}
	issue := []Issue{{Code: "missing_field", Text: "t", Field: "f"}}
	open(t, l, o.Chunk(3), 200)
	open(t, l, o.Chunk(4), 200)
	for i, step := range []struct {
		chunk   int
		learned map[int]Details
		issues  int
	}{
		{3, map[int]Details{0: {Subject: "a", Issues: issue}, 7: {Subject: "b"}}, 1},
		{4, map[int]Details{0: {Subject: "c", Issues: issue}}, 2},
		{3, map[int]Details{7: {Subject: "d", Issues: issue}}, 3},
		{3, map[int]Details{0: {Subject: "e"}}, 2}, // sent again, and nothing was amiss
		{3, nil, 2},
	} {
		if err := l.PutDetails(ctx, o.Chunk(step.chunk), step.learned); err != nil {
			t.Fatal(err)
		}
		if counts, err := l.Counts(ctx, o); err != nil || counts != (Counts{Issues: step.issues}) {
			t.Errorf("step %d: %+v, %v", i, counts, err)
		}
	}
	all, err := l.Details(ctx, o.Chunk(3))
	if want := (map[int]Details{0: {Subject: "e"}, 7: {Subject: "d", Issues: issue}}); err != nil || !reflect.DeepEqual(all, want) {
		t.Errorf("%+v, %v", all, err)
	}
	for _, key := range []string{o.Chunk(3).detailsKey(), o.Chunk(3).countsKey()} {
		if left := rdb.TTL(ctx, key).Val(); left <= 0 || left > DefaultRetention {
			t.Errorf("%s is kept for %s", key, left)
		}
	}
	if err := l.PutDetails(ctx, o.Chunk(9), map[int]Details{0: {Subject: "x"}}); err != nil {
		t.Fatal(err)
	}
	if all, err := l.Details(ctx, o.Chunk(9)); err != nil || all != nil {
		t.Errorf("books that are gone got details: %v, %v", all, err)
	}
}

// Only what is unknown is settled.
func TestSettle(t *testing.T) {
	t.Parallel()
	l := newLedger(t, redistest.Start(t))
	ctx, c := context.Background(), Owner{Bulk, "b"}.Chunk(0)
	all := []State{Pending, Claimed, Sent, Failed, Suppressed, Skipped, Unknown}
	for _, to := range []State{Sent, Failed, Pending} {
		for _, from := range all {
			c.Index++
			open(t, l, c, 1)
			switch from {
			case Pending:
			case Claimed:
				if _, err := l.Claim(ctx, c, 0); err != nil {
					t.Fatal(err)
				}
			default:
				if err := l.Mark(ctx, c, 0, from, Reason{Code: "c"}); err != nil {
					t.Fatal(err)
				}
			}
			ok, err := l.Settle(ctx, c, 0, to, Reason{Code: "resolved"})
			want := from
			if from == Unknown {
				want = to
			}
			if err != nil || ok != (from == Unknown) || states(t, l, c)[0] != want {
				t.Errorf("%s to %s: %v, %v, is %s", from, to, ok, err, states(t, l, c)[0])
			}
		}
	}
	if _, err := l.Settle(ctx, c, 0, Skipped, Reason{}); err == nil {
		t.Error("settled as skipped")
	}
}

// What is packed comes back; what is torn is an error, never a panic or something else.
func TestDetailsArePacked(t *testing.T) {
	t.Parallel()
	all := map[int]Details{}
	for i := range 12 {
		d := Details{Subject: "Your order " + strings.Repeat("é", i%7), ProviderID: "<b+0." + strings.Repeat("1", i%4) + "@a.example>", Words: "2.0.0 Ok: queued as 4ZKQ2v", Attempts: i % 3}
		for range i % 12 {
			d.Issues = append(d.Issues, Issue{"missing_field", "the field is missing", "customer.name", "message"})
		}
		all[i*3] = d
	}
	packed := packDetails(all)
	got, err := unpackDetails(packed)
	if err != nil || !reflect.DeepEqual(got, all) {
		t.Fatalf("%d of %d, %v", len(got), len(all), err)
	}
	raw, err := unpacker.DecodeAll(packed, nil)
	if err != nil {
		t.Fatal(err)
	}
	for cut := 0; cut < len(raw); cut += 3 {
		some, err := unpackDetails(packer.EncodeAll(raw[:cut], nil))
		for slot, d := range some { // cut between two of them
			if !reflect.DeepEqual(d, all[slot]) {
				t.Fatalf("cut at %d: slot %d is %+v, %v", cut, slot, d, err)
			}
		}
	}
	for _, bad := range [][]byte{nil, {1, 2, 3}, packer.EncodeAll([]byte{9}, nil), packer.EncodeAll([]byte{1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, nil)} {
		if got, err := unpackDetails(bad); err == nil {
			t.Errorf("%v: %v", bad, got)
		}
	}
}

func BenchmarkPackDetails(b *testing.B) {
	all := map[int]Details{}
	for i := range 200 {
		all[i] = Details{Subject: "Your order is late", ProviderID: "<b+0.17.email@acme.example>", Words: "2.0.0 Ok: queued as 4ZKQ2v", Attempts: 1}
	}
	b.ReportAllocs()
	for b.Loop() {
		packDetails(all)
	}
}
