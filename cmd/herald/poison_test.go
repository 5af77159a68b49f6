package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/channel/catcher"
	"github.com/heraldsend/herald/worker/redistest"
)

// One message among 1,000 kills every worker that sends it, and each time somebody starts a new one. After three deaths
// it is singled out: the fourth shows whose it is, it is unknown, and the 999 others arrive.
func TestPoison(t *testing.T) {
	if !*chaosFaults {
		t.Skip("run by make chaos")
	}
	binary := builtProgram(t)
	const (
		people = 1000
		poison = "user500@example.com"
	)
	c := &chaos{t: t, binary: binary, redis: redistest.Start(t), policy: "resend"}
	var (
		current atomic.Pointer[exec.Cmd]
		deaths  atomic.Int64
	)
	mailbox, err := catcher.Start(catcher.Options{OnMail: func(m *catcher.Mail) error {
		if m.To[0] == poison {
			deaths.Add(1)
			_ = current.Load().Process.Kill()
			return &catcher.Reply{Code: 421, Enhanced: [3]int{4, 3, 2}, Text: "nobody hears this"}
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = mailbox.Close() })
	c.mailbox = mailbox
	var rows bytes.Buffer
	rows.WriteString("customer.email\n")
	for i := range people {
		fmt.Fprintf(&rows, "user%d@example.com\n", i)
	}
	audience := filepath.Join(t.TempDir(), "audience.csv")
	if err := os.WriteFile(audience, rows.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	c.herald("bulk", "send", "--from", "help@acme.example", "--subject", "Hi", "--text", "Hi", "--audience", audience, "--id", "chaos")

	current.Store(c.worker(0))
	var over atomic.Bool
	var keeper sync.WaitGroup
	keeper.Go(func() {
		for number := 1; !over.Load(); number++ {
			_ = current.Load().Wait()
			if !over.Load() {
				current.Store(c.worker(number))
			}
		}
	})
	status := c.finish(time.Now().Add(3 * time.Minute)) // deaths are noticed after some 15 s each
	over.Store(true)
	_ = current.Load().Process.Kill()
	keeper.Wait()

	arrived := map[string]bool{}
	for _, m := range mailbox.Messages() {
		arrived[m.To[0]] = true
	}
	t.Logf("%d workers died; %d of %d arrived, %d unknown", deaths.Load(), len(arrived), people, status.Unknown)
	if want := (bulk.Status{ID: "chaos", State: bulk.Completed, Planned: people, Sent: people - 1, Unknown: 1}); status != want {
		t.Errorf("%+v, want %+v", status, want)
	}
	if len(arrived) != people-1 || arrived[poison] {
		t.Errorf("%d arrived", len(arrived))
	}
	if n := deaths.Load(); n != 4 {
		t.Errorf("%d workers died, want 4", n)
	}
}
