package api

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hibiken/asynq"

	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/ledger"
)

// Callers go at any moment of their call, many at once. What became of it is all or nothing: whatever is pending has a
// task.
func TestCallsThatAreCut(t *testing.T) {
	s := start(t, nil)
	const aForward = `{"from":"help@acme.example","to":"lawyer@example.com","conversation":{"id":"c1","messages":[{"id":"m1","channel":"email","direction":"in","sentAt":"2026-01-02T03:04:05Z","body":"Hi"}]}}`
	kinds := map[string]struct{ path, body string }{
		"message": {"/v1/messages", aMessage},
		"forward": {"/v1/forwards", aForward},
	}
	const calls, atOnce = 300, 16
	var group sync.WaitGroup
	places := make(chan struct{}, atOnce)
	for kind, call := range kinds {
		for i := range calls {
			group.Go(func() {
				places <- struct{}{}
				defer func() { <-places }()
				ctx, cut := context.WithTimeout(context.Background(), rand.N(25*time.Millisecond))
				defer cut()
				body := fmt.Sprintf(`{"id":"%s-%d",%s`, kind, i, call.body[1:])
				r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+call.path, strings.NewReader(body))
				if err != nil {
					t.Error(err)
					return
				}
				r.Header.Set("Content-Type", "application/json")
				if resp, err := http.DefaultClient.Do(r); err == nil {
					_ = resp.Body.Close()
				}
			})
		}
	}
	group.Wait()
	s.settled()
	inspector := asynq.NewInspectorFromRedisClient(s.redis.Client())
	stored := 0
	for kind := range kinds {
		for i := range calls {
			id := fmt.Sprintf("%s-%d", kind, i)
			status := s.client.MessageStatus
			if kind == "forward" {
				status = s.client.ForwardStatus
			}
			record, err := status(context.Background(), id)
			if errors.Is(err, ledger.ErrNotFound) {
				continue
			}
			if err != nil || record.State != ledger.Pending {
				t.Fatalf("%s: %+v, %v", id, record, err)
			}
			stored++
			if _, err := inspector.GetTaskInfo(queue.Line(message.Email), kind+":"+id); err != nil {
				t.Errorf("%s is pending, and its task: %v", id, err)
			}
		}
	}
	if stored == 0 || stored == 2*calls {
		t.Errorf("%d of %d calls stored something: the cuts were of no use", stored, 2*calls)
	}
}

// settled waits until the server works on no call any more.
func (s *service) settled() {
	s.t.Helper()
	rdb, before := s.redis.Client(), int64(-1)
	for range 400 {
		// Whoever still works on a call talks to Redis.
		now := rdb.DBSize(context.Background()).Val()
		if now == before {
			return
		}
		before = now
		time.Sleep(250 * time.Millisecond)
	}
	s.t.Fatal("the server does not come to rest")
}

// An Idempotency-Key and an id are taken for as long as what they name is known, and free after that.
func TestKeysAreFreeAfterRetention(t *testing.T) {
	s := start(t, func(o *Options) {
		client, err := enqueue.New(enqueue.Options{Redis: o.Redis, Log: o.Log, Retention: 2 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = client.Close() })
		o.Client = client
	})
	other := strings.Replace(aMessage, "Hello", "Goodbye", 1)
	send := func(body string) int { return s.do("POST", "/v1/messages", body, "Idempotency-Key: order-1").status }
	began := time.Now()
	if first, again := send(aMessage), send(aMessage); first != 202 || again != 202 {
		t.Fatal(first, again)
	}
	if status := send(other); status != 409 && time.Since(began) < 2*time.Second {
		t.Errorf("another body: %d", status)
	}
	status := 0
	for deadline := time.Now().Add(time.Minute); status != 202; time.Sleep(50 * time.Millisecond) {
		if status = send(other); time.Now().After(deadline) {
			t.Fatalf("the key is still taken: %d", status)
		}
	}
	if time.Since(began) < 2*time.Second {
		t.Error("the key was free before its time")
	}
}
