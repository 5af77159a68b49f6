package bulkrun

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/queue"
)

func TestWhatIsDoneAboutThoseWhoAreLeft(t *testing.T) {
	broken := errors.New("Redis is away")
	again := &queue.Again{After: time.Minute, Counts: true, Reason: "busy"}
	reason := func(err error) string {
		var a *queue.Again
		if errors.As(err, &a) {
			return "again: " + a.Reason
		}
		if err != nil {
			return err.Error()
		}
		return "over"
	}
	for name, c := range map[string]struct {
		left    left
		control bulk.Control
		want    string
	}{
		"nobody is left":                    {want: "over"},
		"nobody, of a paused bulk":          {control: bulk.Paused, want: "over"},
		"one is tried again":                {left: left{pending: 1, again: again}, want: "again: busy"},
		"some, of a paused bulk":            {left: left{pending: 5}, control: bulk.Paused, want: "over"},
		"one to try again, of a paused one": {left: left{pending: 1, again: again}, control: bulk.Paused, want: "over"},
		"some, of a cancelled bulk":         {left: left{pending: 5, again: again}, control: bulk.Cancelled, want: "again: bulk is cancelled"},
		"it was resumed meanwhile":          {left: left{pending: 5}, want: "again: worker stops"},
		"Redis is away":                     {left: left{pending: 5, err: broken, again: again}, control: bulk.Paused, want: "Redis is away"},
	} {
		if got := reason(c.left.next(c.control)); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// A chunk gives way when its lane is full, another one of that lane is open here, and other bulks run.
func TestFairness(t *testing.T) {
	ctx := context.Background()
	waiting, running := map[string]int{}, []string{"a", "b"}
	f := newFairness(func(lane string) int { return waiting[lane] }, func(context.Context) ([]string, error) { return running, nil })
	of := func(id string) bulk.Bulk {
		return bulk.Bulk{Definition: bulk.Definition{ID: id, Messages: []bulk.Part{{Channel: message.SMS}}}, Chunks: 10}
	}
	enter := func(id string, givesWay bool) *turn {
		t.Helper()
		turn, err := f.enter(ctx, of(id))
		var again *queue.Again
		if errors.As(err, &again) != givesWay || err != nil && (!again.Quiet || again.Counts || again.After <= 0) {
			t.Fatalf("bulk %s: %v, want to give way: %t", id, err, givesWay)
		}
		return turn
	}
	first := enter("a", false)
	second := enter("a", false) // its lane has room
	waiting["bulk:a"] = 3
	enter("a", true)
	third := enter("b", false) // another lane
	if err := second.stay(ctx); err == nil {
		t.Error("the second one of a full lane stays")
	}
	second.looked = time.Time{}
	if err := second.stay(ctx); err != nil {
		t.Error("it gives way twice")
	}
	if err := first.stay(ctx); err != nil {
		t.Error("the last one of a lane gives way")
	}
	third.end()
	fourth := enter("b", false)
	waiting["channel:sms"] = 1 // which a and b share
	fourth.looked = time.Time{}
	if err := fourth.stay(ctx); err == nil {
		t.Error("it stays on a channel that is full")
	}
	fourth.end() // a turn that is over ends once
	first.end()
	second.end()
	if len(f.open) != 0 {
		t.Errorf("open: %v", f.open)
	}
	// Alone, a bulk need not give way.
	running, f.asked = []string{"a"}, time.Time{}
	enter("a", false)
	enter("a", false)
}

// What operators ask is known for a while, and asked afresh where that matters.
func TestControls(t *testing.T) {
	ctx := context.Background()
	asked, control := 0, bulk.GoOn
	var broken error
	c := newControls(func(_ context.Context, id string) (bulk.Controls, error) {
		asked++
		return bulk.Controls{Control: control, Rate: float64(len(id))}, broken
	})
	want := func(got bulk.Controls, err error, control bulk.Control, times int) {
		t.Helper()
		if err != nil || got.Control != control || asked != times {
			t.Errorf("%+v, %v, asked %d times; want %q, %d", got, err, asked, control, times)
		}
	}
	got, err := c.of(ctx, "a")
	want(got, err, bulk.GoOn, 1)
	control = bulk.Paused
	got, err = c.of(ctx, "a")
	want(got, err, bulk.GoOn, 1)
	got, err = c.now(ctx, "a")
	want(got, err, bulk.Paused, 2)
	got, err = c.of(ctx, "a")
	want(got, err, bulk.Paused, 2)
	if got, err := c.of(ctx, "other"); err != nil || got.Rate != 5 || asked != 3 {
		t.Errorf("%+v, %v", got, err)
	}
	broken = errors.New("Redis is away")
	if _, err := c.now(ctx, "a"); err == nil {
		t.Error("an answer without Redis")
	}
	known := c.known["a"]
	known.at = known.at.Add(-ControlAge)
	c.known["a"] = known
	if _, err := c.of(ctx, "a"); err == nil {
		t.Error("an old answer is taken")
	}
}
