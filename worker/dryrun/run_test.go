package dryrun

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/message"
)

// many is an audience of n rows: each tenth lacks its name, each hundredth has no address, each thousandth comes again.
func many(n int) iter.Seq2[bulk.Recipient, error] {
	return func(yield func(bulk.Recipient, error) bool) {
		for i := 1; i <= n; i++ {
			r := bulk.Recipient{Email: fmt.Sprintf("user%d@example.com", i), Context: json.RawMessage(fmt.Sprintf(`{"customer":{"firstName":"User","custom":{"orderStr":"A-%d"}}}`, i))}
			switch {
			case i%1000 == 0:
				r.Email = "USER1@example.com"
			case i%100 == 0:
				r.Email = ""
			case i%10 == 0:
				r.Context = json.RawMessage(`{"customer":{"custom":{"orderStr":"A"}}}`)
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}

// However many goroutines share the work, the result is the same to the byte.
func TestSameForAnyNumberOfGoroutines(t *testing.T) {
	var want []byte
	for _, n := range []int{1, 2, 7} {
		o := emailTo(t, mixed)
		o.Audience, o.Goroutines, o.Sample, o.PerSecond = many(5000), n, 10, 100
		r := dry(t, o)
		r.Took = 0
		got, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = got
			if r.Skips[0].Count != 45 || r.Duplicates.Count != 5 || r.Duplicates.Few[0] != (Repeat{1000, 1}) ||
				len(r.Issues) != 1 || !reflect.DeepEqual(r.Issues[0].Rows, Rows{450, []int{10, 20, 30, 40, 50}}) {
				t.Errorf("result %s", got)
			}
			continue
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%d goroutines:\n%s\nwant\n%s", n, got, want)
		}
	}
}

func TestSample(t *testing.T) {
	o := emailTo(t, mixed)
	o.Audience, o.Sample = many(2000), 20
	r := dry(t, o)
	if len(r.Sample) != 20 {
		t.Fatalf("%d messages", len(r.Sample))
	}
	last, late := 0, 0
	for _, m := range r.Sample {
		if m.Row <= last {
			t.Errorf("row %d after row %d", m.Row, last)
		}
		if last = m.Row; m.Row > 1000 {
			late++
		}
		if m.To != fmt.Sprintf("user%d@example.com", m.Row) && m.Row%100 != 0 || !strings.Contains(m.Content.Text, "Your number is A") {
			t.Errorf("row %d: %s, %+v", m.Row, m.To, m.Content)
		}
	}
	if late < 4 || late > 16 {
		t.Errorf("%d of 20 are of the second half", late)
	}
	o = emailTo(t, mixed)
	if r := dry(t, o); r.Sample != nil {
		t.Errorf("%d messages, though none were asked for", len(r.Sample))
	}
}

// The plan is the one that a start would find over the same things.
func TestPlan(t *testing.T) {
	o := emailTo(t, mixed)
	r := dry(t, o)
	p, err := bulk.NewPlan(o.Definition)
	if err != nil {
		t.Fatal(err)
	}
	for recipient, err := range audience(t, mixed, message.Email) {
		if err == nil {
			err = p.Add(recipient)
		}
		var bad *bulk.RowError
		if err != nil && !errors.As(err, &bad) {
			t.Fatal(err)
		}
	}
	if p.Sum() != r.Plan {
		t.Errorf("planned %s, stored %s", r.Plan, p.Sum())
	}
	other := newOptions(t, "message: Hi\n", bulk.Part{Channel: message.Email, From: "stay@fernhill.example"}, mixed)
	if dry(t, other).Plan == r.Plan {
		t.Error("other templates, the same plan")
	}
}

func TestErrors(t *testing.T) {
	broken := func(yield func(bulk.Recipient, error) bool) {
		_ = yield(bulk.Recipient{Email: "a@b.com"}, nil) && yield(bulk.Recipient{}, io.ErrUnexpectedEOF)
	}
	for name, c := range map[string]struct {
		change func(*Options)
		want   string
	}{
		"nothing to render": {func(o *Options) { o.Composer = nil }, "required"},
		"bad definition":    {func(o *Options) { o.Definition.Messages[0].From = "" }, "an email needs a sender"},
		"audience breaks":   {func(o *Options) { o.Audience = broken }, "audience: unexpected EOF"},
		"attachments unread": {func(o *Options) {
			*o = emailTo(t, mixed, func(o *compose.Options) { o.Attachments = unread{} })
			o.Definition.Messages[0].Attachments = []message.Ref{{File: "x"}}
		}, "disk"},
	} {
		t.Run(name, func(t *testing.T) {
			o := emailTo(t, mixed)
			c.change(&o)
			if r, err := Run(context.Background(), o); err == nil || r != nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %+v, %v", r, err)
			}
		})
	}
}

type unread struct{}

func (unread) Resolve(context.Context, attach.Policy, []message.Ref) ([]message.Attachment, error) {
	return nil, errors.New("disk on fire")
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	o := emailTo(t, mixed)
	o.Audience = many(1 << 40)
	o.OnProgress = func(rows int) {
		if rows > 1000 {
			cancel()
		}
	}
	if _, err := Run(ctx, o); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// Memory does not grow with the audience, but for the hashes of addresses.
func TestConstantMemory(t *testing.T) {
	const rows = 300_000 / raceFactor
	o := emailTo(t, mixed)
	o.Audience, o.Sample = many(rows), 10
	var base, most uint64
	o.OnProgress = func(n int) {
		if n%(rows/15) != 0 {
			return
		}
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		if base == 0 {
			base = m.HeapAlloc
		}
		most = max(most, m.HeapAlloc)
	}
	r := dry(t, o)
	if r.Rows != rows {
		t.Fatalf("%d rows", r.Rows)
	}
	t.Logf("heap %d KB at first, at most %d KB; %.0f rows a second", base>>10, most>>10, rows/r.Took)
	if most > base+32*rows+(4<<20) {
		t.Errorf("the heap grew from %d to %d bytes", base, most)
	}
}

// BenchmarkRun is a whole dry run, a recipient an iteration.
func BenchmarkRun(b *testing.B) {
	o := emailTo(b, mixed)
	o.Audience, o.Sample = many(b.N), 10
	b.ReportAllocs()
	b.ResetTimer()
	if _, err := Run(context.Background(), o); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "recipients/s")
}
