package worker

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/outbox"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// record is a message's line in the books as it is now.
func (s *site) record(id string) ledger.Record {
	s.t.Helper()
	record, err := s.client.MessageStatus(context.Background(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	return record.Record
}

func TestNothingGoesOutBeforeItsTime(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var mu sync.Mutex
	went := map[string]time.Time{}
	s.out.answer = func(m *message.Message, _ int) error {
		mu.Lock()
		defer mu.Unlock()
		went[m.ID] = time.Now()
		return nil
	}
	s.worker()
	due := map[string]time.Time{}
	for i := range 10 {
		id := fmt.Sprint("m", i)
		due[id] = time.Now().Add(time.Second + time.Duration(i)*150*time.Millisecond)
		s.message(task.Message{ID: id, To: fmt.Sprintf("u%d@example.com", i), SendAt: due[id], SendBefore: time.Now().Add(time.Hour)})
	}
	s.await("all are sent", func() bool { return s.out.count() == 10 })
	for id, at := range due {
		if went[id].Before(at) {
			t.Errorf("%s went %s early", id, at.Sub(went[id]))
		}
	}
}

// A cancellation races the worker: of the two one wins, and both know it.
func TestCancelRacesSending(t *testing.T) {
	t.Parallel()
	for _, policy := range []task.Policy{task.Resend, task.Hold} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			ctx := context.Background()
			s, r := newSite(t), newReceiver(t)
			s.out.answer = func(*message.Message, int) error {
				time.Sleep(time.Duration(rand.IntN(5)) * time.Millisecond)
				return nil
			}
			s.worker(r.on(s))
			const many = 50
			cancelled := make([]error, many)
			var racers sync.WaitGroup
			for i := range many {
				id := s.message(task.Message{ID: fmt.Sprint("m", i), To: fmt.Sprintf("u%d@example.com", i), Policy: policy})
				racers.Go(func() {
					time.Sleep(time.Duration(rand.IntN(500)) * time.Millisecond)
					cancelled[i] = s.client.CancelMessage(ctx, id)
				})
			}
			racers.Wait()
			stopped := 0
			s.await("all are told", func() bool { return len(r.events()) == many })
			told := r.byMessage()
			for i, err := range cancelled {
				id, to := fmt.Sprint("m", i), fmt.Sprintf("u%d@example.com", i)
				record := s.fate(id)
				switch {
				case err == nil:
					stopped++
					if s.out.sent[to] != 0 || record.State != ledger.Skipped || record.Reason.Code != "cancelled" || types(told[id]) != outbox.TypeMessageSkipped {
						t.Errorf("%s was cancelled, and sent %d times: %+v, told %s", id, s.out.sent[to], record, types(told[id]))
					}
				case errors.Is(err, enqueue.ErrTooLate):
					if s.out.sent[to] != 1 || record.State != ledger.Sent || types(told[id]) != outbox.TypeMessageSent {
						t.Errorf("%s was not cancelled, and sent %d times: %+v, told %s", id, s.out.sent[to], record, types(told[id]))
					}
				default:
					t.Error(err)
				}
			}
			t.Logf("%d of %d cancelled", stopped, many)
		})
	}
}

// What waits for its time, or for its next try, can still be cancelled, and its callers learn it at once.
func TestCancelWhatWaits(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, r := newSite(t), newReceiver(t)
	s.out.answer = func(*message.Message, int) error { return &send.Error{Code: "smtp_451"} }
	s.worker(r.on(s))
	s.message(task.Message{ID: "later", To: "a@example.com", SendAt: time.Now().Add(time.Hour)})
	s.message(task.Message{ID: "again", To: "b@example.com"})
	s.await("it was tried", func() bool {
		s.out.mu.Lock()
		defer s.out.mu.Unlock()
		return s.out.tries["b@example.com"] > 0 && s.record("again").State == ledger.Pending
	})
	for _, id := range []string{"later", "again"} {
		if err := s.client.CancelMessage(ctx, id); err != nil {
			t.Fatal(err)
		}
	}
	s.await("both are told", func() bool { return len(r.events()) == 2 })
	for _, e := range r.events() {
		if e.Type != outbox.TypeMessageSkipped || e.Data["code"] != "cancelled" {
			t.Errorf("%+v", e)
		}
	}
	if s.out.count() != 0 {
		t.Error("a cancelled message was sent")
	}
}

// A worker that died with a message of its own gives it back under "resend", and leaves it unknown under "hold".
func TestAMessageWhoseWorkerDied(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := newSite(t)
	dead, err := ledger.New(ledger.Options{Redis: s.rdb, Log: s.log})
	if err != nil {
		t.Fatal(err)
	}
	defer dead.Close()
	for _, policy := range []task.Policy{task.Resend, task.Hold} {
		s.message(task.Message{ID: string(policy), To: string(policy) + "@example.com", Policy: policy})
		if ok, err := dead.Claim(ctx, ledger.Owner{Kind: ledger.Message, ID: string(policy)}.Chunk(0), 0); !ok || err != nil {
			t.Fatal(ok, err)
		}
	}
	s.worker()
	s.await("both are settled", func() bool { return s.fate("resend").State.Final() && s.fate("hold").State.Final() })
	if s.fate("resend").State != ledger.Sent || s.fate("hold").State != ledger.Unknown || s.out.count() != 1 {
		t.Errorf("%+v, %+v, %d sent", s.fate("resend"), s.fate("hold"), s.out.count())
	}
}
