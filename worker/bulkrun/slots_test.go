package bulkrun

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/queue"
)

// mark is a commit that takes a while, and may fail.
type mark struct {
	took time.Duration
	err  error
}

func (m mark) Wait() error { time.Sleep(m.took); return m.err }

func goOn() error { return nil }

func upTo(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// worked notes which slots were delivered.
type worked struct {
	mu    sync.Mutex
	slots []int
}

func (w *worked) add(slot int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.slots = append(w.slots, slot)
}

// Trouble of one channel leaves those of the others alone.
func TestTroubleOfOneChannel(t *testing.T) {
	channels := []message.Channel{message.Email, message.SMS}
	stuck := &queue.Again{After: time.Minute, Reason: "no_sender", Channel: message.SMS}
	for _, atOnce := range []int{1, 4} {
		var w worked
		got := slots{
			atOnce: atOnce, next: goOn, channel: func(slot int) message.Channel { return channels[slot%2] },
			deliver: func(slot int) (commit, error) {
				if channels[slot%2] == message.SMS {
					return nil, stuck
				}
				w.add(slot)
				return mark{}, nil
			},
		}.run(context.Background(), upTo(20))
		if len(w.slots) != 10 || got.pending != 10 || got.again != stuck || got.err != nil {
			t.Errorf("%d at once: delivered %v, %+v", atOnce, w.slots, got)
		}
	}
}

func TestEverySlotOnce(t *testing.T) {
	for _, c := range []struct{ atOnce, n int }{{1, 0}, {1, 7}, {3, 2}, {4, 100}} {
		var w worked
		var now, most atomic.Int32
		got := slots{atOnce: c.atOnce, next: goOn, deliver: func(slot int) (commit, error) {
			if n := now.Add(1); n > most.Load() {
				most.Store(n)
			}
			defer now.Add(-1)
			w.add(slot)
			return mark{}, nil
		}}.run(context.Background(), upTo(c.n))
		slices.Sort(w.slots)
		if !slices.Equal(w.slots, upTo(c.n)) || got != (left{}) || int(most.Load()) > c.atOnce {
			t.Errorf("%+v: delivered %v, at most %d at once, %+v", c, w.slots, most.Load(), got)
		}
	}
}

// What stops a chunk, and what is known of those who are left.
func TestWhatStopsSlots(t *testing.T) {
	broken := errors.New("Redis is away")
	counts := &queue.Again{After: time.Minute, Counts: true, Reason: "busy"}
	account := &queue.Again{After: time.Second, Reason: "account"}
	crowded := &queue.Again{After: time.Hour, Reason: "crowded", Quiet: true}
	for name, c := range map[string]struct {
		next    func(started int) error
		deliver func(slot int) (commit, error)
		worked  int
		want    left
	}{
		"one is tried again, the others go on": {
			deliver: func(slot int) (commit, error) {
				if slot == 2 {
					return nil, counts
				}
				return mark{}, nil
			}, worked: 10, want: left{pending: 1, again: counts}},
		"trouble that is everyone's": {
			deliver: func(slot int) (commit, error) {
				if slot == 2 {
					return nil, account
				}
				return mark{}, nil
			}, worked: 3, want: left{pending: 8, again: account}},
		"everyone's trouble wins over one's own": {
			deliver: func(slot int) (commit, error) {
				if slot == 2 {
					return nil, account
				}
				return nil, counts
			}, worked: 3, want: left{pending: 10, again: account}},
		"the worker's own trouble": {
			deliver: func(slot int) (commit, error) {
				if slot == 2 {
					return nil, broken
				}
				return mark{}, nil
			}, worked: 3, want: left{pending: 8, err: broken}},
		// Slot 0's mark is waited for after slot 1 went out.
		"a mark that can't be stored": {
			deliver: func(slot int) (commit, error) {
				if slot == 0 {
					return mark{err: broken}, nil
				}
				return mark{}, nil
			}, worked: 2, want: left{pending: 9, err: broken}},
		"a pause": {
			next: func(started int) error {
				if started == 4 {
					return errHalt
				}
				return nil
			}, worked: 4, want: left{pending: 6}},
		"it gives way": {
			next: func(started int) error {
				if started == 4 {
					return crowded
				}
				return nil
			}, worked: 4, want: left{pending: 6, again: crowded}},
		"nobody knows what is asked": {
			next: func(started int) error {
				if started == 4 {
					return broken
				}
				return nil
			}, worked: 4, want: left{pending: 6, err: broken}},
	} {
		t.Run(name, func(t *testing.T) {
			var w worked
			if c.deliver == nil {
				c.deliver = func(int) (commit, error) { return mark{}, nil }
			}
			s := slots{atOnce: 1, next: goOn, deliver: func(slot int) (commit, error) { w.add(slot); return c.deliver(slot) }}
			if c.next != nil {
				s.next = func() error { return c.next(len(w.slots)) }
			}
			if got := s.run(context.Background(), upTo(10)); got != c.want || len(w.slots) != c.worked {
				t.Errorf("%d worked on, %+v; want %d, %+v", len(w.slots), got, c.worked, c.want)
			}
		})
	}
}

func TestSlotsEndWithTheirContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	var n atomic.Int32
	got := slots{atOnce: 2, next: goOn, deliver: func(int) (commit, error) {
		if n.Add(1) >= 5 { // each: the fifth may be held up before it gets to that
			cancel()
		}
		return mark{}, nil
	}}.run(ctx, upTo(100))
	if left := 100 - int(n.Load()); got.pending != left || left < 94 || got.err != nil {
		t.Errorf("%d delivered, %+v", n.Load(), got)
	}
}

// The mark of a quick message is stored while the next one goes out; a slow one's is waited for, so that a crash sends no
// more again than what goes out at the same time.
func TestMarksOfQuickAndSlowMessages(t *testing.T) {
	const storage = 5 * time.Millisecond
	for message, want := range map[time.Duration]time.Duration{
		slowMessage / 2: 3*slowMessage/2 + storage,
		slowMessage:     3 * (slowMessage + storage),
	} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			left := slots{atOnce: 1, next: goOn, deliver: func(int) (commit, error) {
				time.Sleep(message)
				return storing(storage), nil
			}}.run(context.Background(), upTo(3))
			if took := time.Since(began); took != want || left.pending != 0 {
				t.Errorf("messages of %s took %s, want %s; %+v", message, took, want, left)
			}
		})
	}
}

// storing is a mark that is stored a while after it was posted, whether anyone waits or not.
func storing(d time.Duration) commit {
	return until(time.Now().Add(d))
}

type until time.Time

func (u until) Wait() error { time.Sleep(time.Until(time.Time(u))); return nil }
