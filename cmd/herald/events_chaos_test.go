package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/channel/catcher"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/logtest"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/redistest"
	"github.com/heraldsend/herald/worker/task"
)

// eventSite is a Redis and a mailbox whose workers are processes, and whose endpoint counts what it is told.
type eventSite struct {
	t       *testing.T
	redis   *redistest.Server
	mailbox *catcher.Catcher
	url     string
	client  *enqueue.Client

	mu    sync.Mutex
	told  map[string]int    // by event id
	about map[string]string // by message or bulk, and type: that type
	order map[string]int64  // by stream: the last number
	late  []string          // events that came after one with a higher number
}

func newEventSite(t *testing.T, onMail func(*catcher.Mail) error) *eventSite {
	s := &eventSite{t: t, redis: redistest.Start(t), told: map[string]int{}, about: map[string]string{}, order: map[string]int64{}}
	var err error
	if s.mailbox, err = catcher.Start(catcher.Options{OnMail: onMail}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.mailbox.Close() })
	endpoint := httptest.NewServer(http.HandlerFunc(s.take))
	t.Cleanup(endpoint.Close)
	s.url = endpoint.URL
	if s.client, err = enqueue.New(enqueue.Options{Redis: s.redis.Client()}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.client.Close() })
	return s
}

func (s *eventSite) take(_ http.ResponseWriter, req *http.Request) {
	var e struct {
		Type, Stream string
		Sequence     int64
		Data         struct{ ID, Message string }
	}
	if err := json.NewDecoder(req.Body).Decode(&e); err != nil {
		s.t.Error(err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	id := req.Header.Get("webhook-id")
	if s.told[id]++; s.told[id] > 1 {
		return // a try whose answer was lost: receivers take an id once
	}
	s.about[e.Data.ID+e.Data.Message+" "+e.Type] = e.Type
	if strings.HasPrefix(e.Stream, "conversation:") && e.Sequence < s.order[e.Stream] {
		s.late = append(s.late, id)
	}
	s.order[e.Stream] = max(s.order[e.Stream], e.Sequence)
}

// has reports whether an event of this type came for a message or bulk.
func (s *eventSite) has(id, kind string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.about[id+" "+kind] != ""
}

// count is the number of events of a type.
func (s *eventSite) count(kind string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.about {
		if k == kind {
			n++
		}
	}
	return n
}

// worker starts a worker process on a Redis address.
func (s *eventSite) worker(redisAddr string) *exec.Cmd {
	s.t.Helper()
	cmd := exec.Command("herald", "worker") // the test binary, see TestMain
	cmd.Env = append(os.Environ(), "HERALD_REDIS_URL=redis://"+redisAddr+"/0", "HERALD_SMTP_URL="+s.mailbox.URL(), "HERALD_LISTEN=127.0.0.1:0",
		"HERALD_EVENTS_URL="+s.url, "HERALD_ALLOW_NETWORKS=127.0.0.0/8", "HERALD_WEBHOOK_SECRETS=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	log := &logtest.Buffer{}
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if s.t.Failed() {
			text := log.String()
			s.t.Logf("worker:\n%s", text[max(0, len(text)-2000):])
		}
	})
	return cmd
}

// trap stands between one worker and Redis, and calls spring when the worker is about to store what the mark names:
// those bytes, and all after them, never arrive.
type trap struct {
	addr   string
	mark   []byte
	spring func()
	sprung atomic.Bool
}

func newTrap(t *testing.T, redis, mark string) *trap {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	p := &trap{addr: l.Addr().String(), mark: []byte(mark)}
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", redis)
			if err != nil {
				_ = in.Close()
				continue
			}
			go p.pass(out, in, true)
			go p.pass(in, out, false)
		}
	}()
	return p
}

func (p *trap) pass(to, from net.Conn, armed bool) {
	defer to.Close()
	defer from.Close()
	var tail []byte // of what was passed, in which the mark may begin
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		if armed {
			seen := append(tail, buffer[:n]...)
			if p.sprung.Load() || bytes.Contains(seen, p.mark) {
				if p.sprung.CompareAndSwap(false, true) {
					p.spring()
				}
				return
			}
			tail = bytes.Clone(seen[max(0, len(seen)-len(p.mark)):])
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// awaitTrap ends the test where a trap never springs.
func awaitTrap(t *testing.T, killed <-chan struct{}) {
	t.Helper()
	select {
	case <-killed:
	case <-time.After(2 * time.Minute):
		t.Fatal("nothing passed the trap")
	}
}

// A worker is killed after its messages went and are in the books, at the very moment when it would store their events.
// The next worker tells them, and sends nothing a second time, under either policy.
func TestKilledBetweenSendingAndTelling(t *testing.T) {
	for _, policy := range []task.Policy{task.Hold, task.Resend} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			ctx := context.Background()
			s := newEventSite(t, nil)
			trap := newTrap(t, s.redis.Addr, `"type":"message.sent"`)
			first := s.worker(trap.addr)
			killed := make(chan struct{})
			trap.spring = func() {
				_ = first.Process.Kill()
				close(killed)
			}
			const many = 30
			_, err := s.client.Message(ctx, task.Message{
				ID: "one", Channel: message.Email, From: "help@acme.example", To: "one@example.com", Policy: policy,
				Content: task.Content{Text: "Hi", Subject: "Hi"}, Context: json.RawMessage(`{"conversation":{"id":"c1"}}`),
				Actions: &task.Actions{Status: "done"},
			})
			if err != nil {
				t.Fatal(err)
			}
			awaitTrap(t, killed)
			if s.mailbox.Count() != 1 {
				t.Fatalf("%d messages before the kill", s.mailbox.Count())
			}
			// The same in the middle of a bulk, with another worker.
			trap = newTrap(t, s.redis.Addr, `"id":"b+0.`)
			second := s.worker(trap.addr)
			killed = make(chan struct{})
			trap.spring = func() {
				_ = second.Process.Kill()
				close(killed)
			}
			_, err = s.client.Bulk(ctx, bulk.Definition{ID: "b", Events: true, Messages: []bulk.Part{{
				Channel: message.Email, From: "help@acme.example", Content: task.Content{Text: "Hi", Subject: "Hi"}, Policy: policy,
			}}}, func(yield func(bulk.Recipient, error) bool) {
				for i := range many {
					if !yield(bulk.Recipient{Email: fmt.Sprintf("u%d@example.com", i)}, nil) {
						return
					}
				}
			}, enqueue.BulkOptions{})
			if err != nil {
				t.Fatal(err)
			}
			awaitTrap(t, killed)
			before := s.mailbox.Count()
			last := time.Now()
			s.worker(s.redis.Addr)
			waitFor(t, "all events", func() bool {
				return s.has("one", "message.sent") && s.count("message.sent") == 1+many && s.has("b", "bulk.completed") && s.count("conversation.updated") == 1
			})
			t.Logf("%d messages before the second kill; all was told %.1f s after it", before, time.Since(last).Seconds())
			people := map[string]int{}
			for _, m := range s.mailbox.Messages() {
				people[m.To[0]]++
			}
			for to, n := range people {
				if n != 1 {
					t.Errorf("%s got %d", to, n)
				}
			}
			if len(people) != 1+many {
				t.Errorf("%d people of %d", len(people), 1+many)
			}
		})
	}
}

// Workers that are killed at any time lose no event: of each message one outcome is told, and the bulk's end once.
func TestKilledWorkersLoseNoEvent(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := newEventSite(t, func(*catcher.Mail) error { time.Sleep(10 * time.Millisecond); return nil })
	const many, kills = 600, 3
	_, err := s.client.Bulk(ctx, bulk.Definition{ID: "b", Events: true, Actions: &task.Actions{Status: "done"}, Messages: []bulk.Part{{
		Channel: message.Email, From: "help@acme.example", Content: task.Content{Text: "Hi", Subject: "Hi"}, Policy: task.Hold,
	}}}, func(yield func(bulk.Recipient, error) bool) {
		for i := range many {
			if !yield(bulk.Recipient{Email: fmt.Sprintf("u%d@example.com", i), Conversation: fmt.Sprintf("c%d", i%100)}, nil) {
				return
			}
		}
	}, enqueue.BulkOptions{})
	if err != nil {
		t.Fatal(err)
	}
	workers := []*exec.Cmd{s.worker(s.redis.Addr), s.worker(s.redis.Addr)}
	waitFor(t, "the first messages", func() bool { return s.mailbox.Count() > 0 })
	for range kills {
		time.Sleep(100*time.Millisecond + rand.N(400*time.Millisecond))
		i := rand.N(len(workers))
		_ = workers[i].Process.Kill()
		_ = workers[i].Wait()
		workers[i] = s.worker(s.redis.Addr)
	}
	outcomes := func() int { return s.count("message.sent") + s.count("message.held") }
	waitFor(t, "all events", func() bool {
		return outcomes() == many && s.count("conversation.updated") == s.count("message.sent") && s.count("bulk.completed") == 1
	})
	twice := 0
	people := map[string]int{}
	for _, m := range s.mailbox.Messages() {
		if people[m.To[0]]++; people[m.To[0]] > 1 {
			twice++
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	again := 0
	for _, n := range s.told {
		again += n - 1
	}
	t.Logf("%d kills: %d outcomes of %d told, %d posts were repeated under their id, %d out of order; %d mails twice", kills, many, many, again, len(s.late), twice)
	if twice > 0 || len(s.late) > 0 {
		t.Errorf("%d mails twice, %d events out of order", twice, len(s.late))
	}
}

// waitFor polls for up to two minutes: what a killed worker had comes back after about 15 s.
func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
