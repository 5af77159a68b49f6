package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/heraldsend/herald/bench/sink"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/task"
)

// arrivals is a mail server that notes when the message to "uN@…" was taken.
type arrivals struct {
	listener net.Listener
	at       []atomic.Int64 // by N, in ns since the epoch; 0 has not arrived
	taken    atomic.Int64
}

func listen(n int) (*arrivals, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	a := &arrivals{listener: l, at: make([]atomic.Int64, n)}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go a.serve(c)
		}
	}()
	return a, nil
}

func (a *arrivals) serve(c net.Conn) {
	to := -1
	sink.Swallow(c, 0, func(line []byte) bool {
		number, _, _ := bytes.Cut(line[len("RCPT TO:<u"):], []byte("@"))
		var err error
		to, err = strconv.Atoi(string(number))
		return err == nil && to < len(a.at)
	}, func() {
		if a.at[to].CompareAndSwap(0, time.Now().UnixNano()) {
			a.taken.Add(1)
		}
	})
}

// events is an endpoint that counts what it takes.
func events() (*httptest.Server, *atomic.Int64) {
	n := &atomic.Int64{}
	return httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		n.Add(1)
	})), n
}

// singles measures single messages: n that wait when a worker starts, under each policy; then the time from the answer
// to an enqueueing until the mail server took the message, while perSecond come in for as long as during.
func (b *bench) singles(n int, perSecond float64, during time.Duration) error {
	if err := b.prepare(); err != nil {
		return err
	}
	endpoint, told := events()
	defer endpoint.Close()
	b.env = append(b.env, "HERALD_EVENTS_URL="+endpoint.URL, "HERALD_ALLOW_NETWORKS=127.0.0.0/8", "HERALD_WEBHOOK_SECRETS=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	client, err := enqueue.New(enqueue.Options{Redis: b.redis})
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	fmt.Printf("%d worker(s) × %d, a quarter of them for single messages; events on; Redis with appendfsync always\n\n", b.workers, b.concurrency)
	for _, policy := range []task.Policy{task.Resend, task.Hold} {
		if err := b.waiting(client, policy, n, told); err != nil {
			return err
		}
	}
	return b.latency(client, perSecond, during)
}

// mails begins to serve the mails of a round.
func (b *bench) mails(n int) (*arrivals, error) {
	a, err := listen(n)
	if err == nil {
		b.env = append(b.env, "HERALD_SMTP_URL=smtp://"+a.listener.Addr().String()+"?tls=none")
	}
	return a, err
}

func single(i int, p task.Policy) task.Message {
	return task.Message{
		Channel: message.Email, From: "Shop <shop@shop.example>", To: fmt.Sprintf("u%d@example.com", i), Policy: p,
		Content: task.Content{Shortcut: "bench"},
		Context: fmt.Appendf(nil, `{"customer":{"firstName":"First%d","lastName":"Last","custom":{"orderNumberStr":"A-%d","shipAt":"2026-11-20T08:00:00Z","cityStr":"City","tierStr":"Gold","deliveryStr":"4.90 EUR"}}}`, i, i),
	}
}

func (b *bench) waiting(client *enqueue.Client, policy task.Policy, n int, told *atomic.Int64) error {
	mails, err := b.mails(n)
	if err != nil {
		return err
	}
	defer func() { _ = mails.listener.Close() }()
	next, failed := atomic.Int64{}, make(chan error, 64)
	var all sync.WaitGroup
	for range cap(failed) {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				if _, err := client.Message(context.Background(), single(i, policy)); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	all.Wait()
	close(failed)
	if err := <-failed; err != nil {
		return err
	}
	before, redisBefore := told.Load(), b.redisCPU()
	if err := b.startWorkers(b.workers); err != nil {
		return err
	}
	if err := reach(&mails.taken, 1); err != nil {
		return err
	}
	started := time.Now()
	if err := reach(&mails.taken, int64(n)); err != nil {
		return err
	}
	sent := time.Since(started)
	if err := reach(told, before+int64(n)); err != nil {
		return err
	}
	withEvents := time.Since(started)
	redisCPU := b.redisCPU() - redisBefore
	cpu, err := b.stopWorkers()
	if err != nil {
		return err
	}
	fmt.Printf("%-6s %d messages: %.0f a second to the mail server, %.0f with their events told; CPU ms a message: workers %.2f, Redis %.2f\n",
		policy, n, float64(n)/sent.Seconds(), float64(n)/withEvents.Seconds(), cpu.Seconds()*1000/float64(n), redisCPU*1000/float64(n))
	return nil
}

// reach waits until a count has come to n.
func reach(count *atomic.Int64, n int64) error {
	for started, last := time.Now(), count.Load(); count.Load() < n; time.Sleep(time.Millisecond) {
		if now := count.Load(); now > last {
			started, last = time.Now(), now
		}
		if time.Since(started) > 20*time.Second {
			return fmt.Errorf("%d of %d, and nothing for 20 s", last, n)
		}
	}
	return nil
}

func (b *bench) latency(client *enqueue.Client, perSecond float64, during time.Duration) error {
	n := int(perSecond * during.Seconds())
	mails, err := b.mails(n)
	if err != nil {
		return err
	}
	defer func() { _ = mails.listener.Close() }()
	if err := b.startWorkers(b.workers); err != nil {
		return err
	}
	time.Sleep(2 * time.Second) // they are ready
	accepted := make([]int64, n)
	var all sync.WaitGroup
	failed := make(chan error, n)
	started := time.Now()
	for i := range n {
		time.Sleep(time.Until(started.Add(time.Duration(float64(i) / perSecond * float64(time.Second)))))
		all.Go(func() {
			_, err := client.Message(context.Background(), single(i, task.Resend))
			accepted[i] = time.Now().UnixNano()
			if err != nil {
				failed <- err
			}
		})
	}
	all.Wait()
	close(failed)
	if err := <-failed; err != nil {
		return err
	}
	if err := reach(&mails.taken, int64(n)); err != nil {
		return err
	}
	took := make([]time.Duration, n)
	for i := range took {
		took[i] = max(0, time.Duration(mails.at[i].Load()-accepted[i])) // a mail may be faster than the answer
	}
	slices.Sort(took)
	at := func(share float64) time.Duration { return took[int(share*float64(n-1))].Round(100 * time.Microsecond) }
	fmt.Printf("%.0f a second: from the answer to the mail server's: p50 %s, p99 %s, slowest %s\n", perSecond, at(.5), at(.99), at(1))
	_, err = b.stopWorkers()
	return err
}
