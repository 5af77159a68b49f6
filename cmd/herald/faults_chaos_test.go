package main

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/channel/catcher"
	"github.com/heraldsend/herald/worker/redistest"
)

// singles are messages that are sent one by one while a bulk is under way.
type singles struct {
	mu   sync.Mutex
	sent map[string]time.Time
	took []time.Duration
}

func (s *singles) arrived(to string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at, is := s.sent[to]; is {
		s.took = append(s.took, time.Since(at))
		delete(s.sent, to)
	}
}

// send sends one message after the other until ctx ends.
func (s *singles) send(ctx context.Context, c *chaos) {
	for i := 0; ; i++ {
		to := fmt.Sprintf("single%d@example.com", i)
		s.mu.Lock()
		if s.sent == nil {
			s.sent = map[string]time.Time{}
		}
		s.sent[to] = time.Now()
		s.mu.Unlock()
		p := &program{c.t, map[string]string{"HERALD_REDIS_URL": c.redisURL()}}
		if code, _, _ := p.run(ctx, "send", "--from", "help@acme.example", "--to", to, "--subject", "Hi", "--text", "Hi", "--policy", c.policy); code != exitOK {
			s.mu.Lock()
			delete(s.sent, to) // Redis took it not: the fault was told at once
			s.mu.Unlock()
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// p99 is that of those that arrived, and how many did not.
func (s *singles) p99() (time.Duration, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.took) == 0 {
		return 0, len(s.sent)
	}
	slices.Sort(s.took)
	return s.took[(len(s.took)*99)/100], len(s.sent)
}

// faulty is a fault that hits a bulk in its middle.
type faulty struct {
	name    string
	prepare func(number int, cmd *exec.Cmd)     // of the first worker, number 0; nil: it is well
	happens func(c *chaos, workers []*exec.Cmd) // nil: nothing more
	killed  int                                 // workers whose messages in flight count
	forgets bool                                // single messages may never arrive: Redis forgets them, or they are refused
	redis   func(c *chaos)                      // starts another Redis than one server; nil: one server
}

// limited starts the first worker with few file descriptors.
func limited(n int) func(int, *exec.Cmd) {
	return func(number int, cmd *exec.Cmd) {
		if number == 0 {
			cmd.Args = []string{"sh", "-c", fmt.Sprintf("ulimit -n %d; exec %s worker", n, cmd.Path)}
			cmd.Path = "/bin/sh"
		}
	}
}

// elsewhere gives the first worker another mail server.
func elsewhere(url string) func(int, *exec.Cmd) {
	return func(number int, cmd *exec.Cmd) {
		if number == 0 {
			cmd.Env = append(cmd.Env, "HERALD_SMTP_URL="+url)
		}
	}
}

// config sets a setting of Redis for a while.
func config(name, spoilt, well string, span time.Duration) func(*chaos, []*exec.Cmd) {
	return func(c *chaos, _ []*exec.Cmd) {
		rdb := c.redis.Client()
		if err := rdb.ConfigSet(context.Background(), name, spoilt).Err(); err != nil {
			c.t.Fatal(err)
		}
		time.Sleep(span)
		if err := rdb.ConfigSet(context.Background(), name, well).Err(); err != nil {
			c.t.Fatal(err)
		}
	}
}

var faults = slices.Concat(redisFaults, []faulty{
	{name: "none"},
	{name: "a worker that lacks the channel", prepare: func(number int, cmd *exec.Cmd) {
		if number == 0 {
			cmd.Env = append(cmd.Env, "HERALD_SMTP_URL=", "HERALD_CHAT_URL=https://chat.example.com/")
		}
	}},
	{name: "all workers killed, others started", killed: 3, happens: func(c *chaos, workers []*exec.Cmd) {
		for i, w := range workers {
			c.signal(w, syscall.SIGKILL)
			_ = w.Wait()
			workers[i] = c.worker(chaosWorkers + i)
		}
	}},
	{name: "a worker frozen for 5 s", happens: func(c *chaos, workers []*exec.Cmd) {
		c.signal(workers[0], syscall.SIGSTOP)
		time.Sleep(5 * time.Second)
		c.signal(workers[0], syscall.SIGCONT)
	}},
	{name: "a worker whose mail server doesn't resolve", prepare: elsewhere("smtp://mail..invalid:25?tls=none")}, // two dots: no resolver is asked for it
	{name: "a worker whose mail server refuses the connection", prepare: elsewhere("smtp://127.0.0.1:1?tls=none")},
	{name: "a worker with 24 file descriptors", prepare: limited(24)},
	{name: "mail server away for 20 s", happens: func(c *chaos, _ []*exec.Cmd) {
		c.refuses.Store(&catcher.Reply{Code: 421, Enhanced: [3]int{4, 3, 2}, Text: "away"})
		time.Sleep(20 * time.Second)
		c.refuses.Store(nil)
	}},
	{name: "mail server says 451 for 10 s", happens: func(c *chaos, _ []*exec.Cmd) {
		c.refuses.Store(&catcher.Reply{Code: 451, Enhanced: [3]int{4, 3, 0}, Text: "later"})
		time.Sleep(10 * time.Second)
		c.refuses.Store(nil)
	}},
	{name: "554 for all until the bulk pauses itself", forgets: true, happens: func(c *chaos, _ []*exec.Cmd) {
		c.refuses.Store(&catcher.Reply{Code: 554, Enhanced: [3]int{5, 0, 0}, Text: "no"})
		await(c.t, "the bulk pauses by itself", func() bool { return c.status().State == bulk.Pausing })
		c.refuses.Store(nil)
		c.herald("bulk", "resume", "chaos")
		await(c.t, "all others have theirs", func() bool { return c.status().State == bulk.Completed })
		c.herald("bulk", "resend", "chaos", "--state", "failed")
	}},
	{name: "a worker frozen beyond its lease", killed: 1, happens: func(c *chaos, workers []*exec.Cmd) {
		c.signal(workers[0], syscall.SIGSTOP)
		time.Sleep(40 * time.Second)
		c.signal(workers[0], syscall.SIGCONT)
	}},
	{name: "a worker killed", killed: 1, happens: func(c *chaos, workers []*exec.Cmd) { c.signal(workers[0], syscall.SIGKILL) }},
	{name: "a worker stopped (SIGTERM)", happens: func(c *chaos, workers []*exec.Cmd) { c.signal(workers[0], syscall.SIGTERM) }},
	{name: "everything paused for 5 s", happens: func(c *chaos, _ []*exec.Cmd) {
		c.herald("pause", "--all")
		time.Sleep(5 * time.Second)
		c.herald("resume", "--all")
	}},
})

func (c *chaos) signal(cmd *exec.Cmd, s syscall.Signal) {
	if err := cmd.Process.Signal(s); err != nil {
		c.t.Fatal(err)
	}
}

// Each fault hits a bulk in its middle, while single messages are sent. Nobody is lost, the books balance, and nothing goes
// out twice but what was in flight when a process died, under "resend". A sick worker slows nobody: the healthy ones finish
// in the time that they need without it. Prints a table.
func TestFaults(t *testing.T) {
	if !*chaosFaults {
		t.Skip("run by make chaos")
	}
	binary := builtProgram(t)
	table := []string{fmt.Sprintf("%-50s %-7s %6s %6s %8s %9s %12s", "fault", "policy", "lost", "double", "unknown", "seconds", "singles p99")}
	for _, f := range faults {
		for _, policy := range []string{"resend", "hold"} {
			t.Run(f.name+"/"+policy, func(t *testing.T) {
				c := &chaos{t: t, binary: binary, policy: policy, prepare: f.prepare}
				if f.redis != nil {
					f.redis(c)
				} else {
					c.redis = redistest.Start(t)
				}
				table = append(table, c.suffer(f))
			})
		}
	}
	t.Log("\n" + strings.Join(table, "\n"))
}

// suffer lets one fault happen in the middle of a bulk, and returns its line of the table.
func (c *chaos) suffer(f faulty) string {
	began := time.Now()
	workers := c.begin(20 * time.Millisecond)
	ctx, stop := context.WithCancel(context.Background())
	var sending sync.WaitGroup
	sending.Go(func() { c.singles.send(ctx, c) })
	if f.happens != nil {
		f.happens(c, workers)
	}
	last := time.Now()
	status := c.finish(last)
	took := time.Since(began)
	stop()
	sending.Wait()
	await(c.t, "the single messages", func() bool {
		_, open := c.singles.p99()
		return open == 0 || f.killed > 0 && c.policy == "hold" || f.forgets
	})
	c.judge(status, f.killed, time.Since(last))
	lost, doubles := c.count()
	if doubles > f.killed*chaosConnections {
		c.t.Errorf("%d doubles: nobody died with messages in flight", doubles)
	}
	p99, _ := c.singles.p99()
	return fmt.Sprintf("%-50s %-7s %6d %6d %8d %9.1f %12s", f.name, c.policy, lost, doubles, status.Unknown, took.Seconds(), p99.Round(time.Millisecond))
}
