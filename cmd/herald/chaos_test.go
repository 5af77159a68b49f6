package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/channel/catcher"
	"github.com/heraldsend/herald/worker/logtest"
	"github.com/heraldsend/herald/worker/redistest"
)

// `make chaos` raises these to 20,000 recipients and 20 kills.
var (
	chaosRecipients = flag.Int("chaos.recipients", 2000, "recipients of the kill test's bulk")
	chaosKills      = flag.Int("chaos.kills", 3, "workers that the kill test kills")
	chaosFaults     = flag.Bool("chaos.faults", false, "run the slow faults too: Redis away, mail server away, a worker frozen")
)

const (
	chaosWorkers     = 3
	chaosConnections = 16 // a worker's
)

// Workers are killed with SIGKILL at random times in the middle of a bulk, then Redis is, and everything is started
// again. Whatever the policy, nobody is lost and the books balance; "hold" sends to nobody twice, "resend" at most to
// those who were in flight.
func TestChaos(t *testing.T) {
	if testing.Short() {
		t.Skip("-short")
	}
	binary := builtProgram(t)
	for _, policy := range []string{"resend", "hold"} {
		t.Run(policy, func(t *testing.T) {
			c := &chaos{t: t, binary: binary, redis: redistest.Start(t), policy: policy}
			c.run()
		})
	}
}

type chaos struct {
	t       *testing.T
	refuses atomic.Pointer[catcher.Reply] // what the mail server answers; nil takes everything
	binary  string
	policy  string
	redis   *redistest.Server // nil where url leads to several
	url     string
	mailbox *catcher.Catcher
	logs    sync.Map // of each worker that was started: *logtest.Buffer by number
	// prepare changes how a worker is started; nil changes nothing.
	prepare func(number int, cmd *exec.Cmd)
	singles singles
	doubted bool // an operator made what may have gone out unknown
}

// begin starts a mail server, a bulk and its workers, and returns when the first messages arrived.
func (c *chaos) begin(pace time.Duration) (workers []*exec.Cmd) {
	mailbox, err := catcher.Start(catcher.Options{OnMail: func(m *catcher.Mail) error {
		if reply := c.refuses.Load(); reply != nil {
			return reply
		}
		c.singles.arrived(m.To[0])
		time.Sleep(pace)
		return nil
	}})
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = mailbox.Close() })
	c.mailbox = mailbox
	audience := filepath.Join(c.t.TempDir(), "audience.csv")
	var rows bytes.Buffer
	rows.WriteString("customer.email,customer.firstName\n")
	for i := range *chaosRecipients {
		fmt.Fprintf(&rows, "user%d@example.com,User %d\n", i, i)
	}
	if err := os.WriteFile(audience, rows.Bytes(), 0o600); err != nil {
		c.t.Fatal(err)
	}
	c.herald("bulk", "send", "--from", "help@acme.example", "--subject", "Hi", "--text", "Hi {{customer.firstName}}",
		"--audience", audience, "--policy", c.policy, "--id", "chaos")
	workers = make([]*exec.Cmd, chaosWorkers)
	for i := range workers {
		workers[i] = c.worker(i)
	}
	c.t.Cleanup(func() {
		for _, w := range workers {
			_ = w.Process.Kill()
			_ = w.Wait()
		}
	})
	await(c.t, "the first messages", func() bool { return mailbox.Count() > 0 })
	return workers
}

// run kills.
func (c *chaos) run() {
	// So slow that the kills happen in the middle of the bulk.
	workers := c.begin(max(time.Millisecond, time.Duration(*chaosKills)*500*time.Millisecond*chaosWorkers*chaosConnections/time.Duration(*chaosRecipients)))
	killed := 0
	for ; killed < *chaosKills && c.status().State != bulk.Completed; killed++ {
		time.Sleep(100*time.Millisecond + rand.N(600*time.Millisecond))
		i := rand.N(chaosWorkers)
		_ = workers[i].Process.Kill()
		_ = workers[i].Wait()
		workers[i] = c.worker(chaosWorkers + killed)
	}
	if killed < *chaosKills {
		c.t.Fatalf("the bulk was complete after %d kills: make it slower", killed)
	}
	c.redis.Kill()
	time.Sleep(500 * time.Millisecond)
	c.redis.Restart()
	last := time.Now()
	status := c.finish(last)
	took := time.Since(last)
	c.judge(status, killed, took)
	if took > time.Minute { // Asynq alone needs 95 s at least
		c.t.Errorf("complete only %s after the last kill", took)
	}
}

// finish waits until the bulk is complete.
func (c *chaos) finish(last time.Time) bulk.Status {
	for {
		status := c.status()
		if status.State == bulk.Completed {
			return status
		}
		if time.Since(last) > 2*time.Minute {
			c.t.Fatalf("not complete two minutes after the last fault: %+v\n%s", status, c.lastLogs())
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// count compares what arrived with what the books say.
func (c *chaos) count() (lost, duplicates int) {
	arrived := map[string]int{}
	for _, m := range c.mailbox.Messages() {
		if arrived[m.To[0]]++; arrived[m.To[0]] > 1 {
			duplicates++
		}
	}
	// Lost: the books say sent, but nothing arrived; or the books have no account of someone at all.
	states := map[string]string{}
	for row := range strings.Lines(c.herald("bulk", "export", "chaos")) {
		cells := strings.Split(strings.TrimSpace(row), ",")
		states[cells[0]] = cells[2]
	}
	for i := range *chaosRecipients {
		to := fmt.Sprintf("user%d@example.com", i)
		if arrived[to] == 0 && states[to] != "unknown" {
			lost++
		}
	}
	return lost, duplicates
}

// judge says what became of everybody.
func (c *chaos) judge(status bulk.Status, killed int, took time.Duration) {
	lost, duplicates := c.count()
	c.t.Logf("policy %s: %d recipients, %d faults and one of Redis: %d lost, %d duplicated, %d unknown; complete %.1f s after the last",
		c.policy, *chaosRecipients, killed, lost, duplicates, status.Unknown, took.Seconds())
	if sum := status.Sent + status.Done + status.Failed + status.Suppressed + status.Skipped + status.Unknown + status.Pending; sum != status.Planned || status.Planned != *chaosRecipients {
		c.t.Errorf("the books don't balance: %+v", status)
	}
	if lost > 0 || status.Failed > 0 {
		c.t.Errorf("%d lost, %d failed", lost, status.Failed)
	}
	inFlight := (killed + 1) * chaosConnections
	switch c.policy {
	case "hold":
		if duplicates > 0 || status.Unknown > inFlight && !c.doubted {
			c.t.Errorf("%d duplicated, want 0; %d unknown, want at most %d", duplicates, status.Unknown, inFlight)
		}
	case "resend":
		if duplicates > inFlight {
			c.t.Errorf("%d duplicated, want at most %d", duplicates, inFlight)
		}
	}
}

// worker starts one more worker process.
func (c *chaos) worker(number int) *exec.Cmd {
	log := &logtest.Buffer{}
	c.logs.Store(number, log)
	cmd := exec.Command(c.binary, "worker")
	cmd.Env = append(os.Environ(), "HERALD_REDIS_URL="+c.redisURL(), "HERALD_SMTP_URL="+c.mailbox.URL(),
		"HERALD_LISTEN=127.0.0.1:0", fmt.Sprintf("HERALD_CONCURRENCY=%d", chaosConnections))
	cmd.Stderr = log
	if c.prepare != nil {
		c.prepare(number, cmd)
	}
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	return cmd
}

func (c *chaos) lastLogs() string {
	var all strings.Builder
	c.logs.Range(func(number, log any) bool {
		text := log.(*logtest.Buffer).String()
		fmt.Fprintf(&all, "worker %v:\n%s\n", number, text[max(0, len(text)-2000):])
		return true
	})
	return all.String()
}

func (c *chaos) redisURL() string {
	if c.url != "" {
		return c.url
	}
	return c.redis.URL()
}

// herald runs a command in this process.
func (c *chaos) herald(args ...string) string {
	p := &program{c.t, map[string]string{"HERALD_REDIS_URL": c.redisURL()}}
	code, out, log := p.run(context.Background(), args...)
	if code != exitOK {
		c.t.Fatalf("herald %s: code %d, %s", strings.Join(args, " "), code, log)
	}
	return out
}

func (c *chaos) status() bulk.Status {
	var s bulk.Status
	if err := json.Unmarshal([]byte(c.herald("bulk", "status", "chaos", "--json")), &s); err != nil {
		c.t.Fatal(err)
	}
	return s
}
