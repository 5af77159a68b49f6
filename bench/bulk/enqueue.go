package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// stored is what storing an audience took.
type stored struct {
	recipients int
	took, cpu  time.Duration
	memory     int64 // the command's peak, in bytes
	redis      int64 // by how much Redis grew, in bytes
	said       string
}

func (s stored) String() string {
	return fmt.Sprintf("enqueue   %d recipients, %.0f a second, %.0f a CPU second, peak memory %d MB; Redis %.1f MB, %.1f per million",
		s.recipients, float64(s.recipients)/s.took.Seconds(), float64(s.recipients)/s.cpu.Seconds(), s.memory>>20, float64(s.redis)/1e6, float64(s.redis)/float64(s.recipients))
}

// audience writes a CSV. The row of the bad one, counted from 0, has a cell too few; -1 for none.
func (b *bench) audience(n, bad int) (path string, err error) {
	path = filepath.Join(b.dir, "audience.csv")
	f, err := os.Create(path)
	if err != nil {
		return "", err
	}
	w := bufio.NewWriter(f)
	fmt.Fprintln(w, "customer.email,customer.firstName,customer.lastName,locale,customer.custom.orderNumberStr,customer.custom.shipAt,customer.custom.cityStr,customer.custom.tierStr,customer.custom.deliveryStr,customer.custom.notesTxt")
	tiers, locales := []string{"Diamond", "Gold", "Silver"}, []string{"en", "fr"}
	filler := strings.Repeat("A longer note about this customer as a help desk keeps it. ", 12)
	for i := range n {
		if i == bad {
			fmt.Fprintf(w, "user%d@example.com,First%d\n", i, i%977)
			continue
		}
		fmt.Fprintf(w, "user%d@example.com,First%d,Last%d,%s,A-%d,2026-11-%02dT08:00:00Z,City %d,%s,%d.90 EUR,%s%d\n",
			i, i%977, i%1009, locales[i%2], 100_000+i, i%28+1, i%313, tiers[i%3], i%7, filler, i)
	}
	return path, errors.Join(w.Flush(), f.Close())
}

// enqueue writes an audience and stores it under this id. With a bad row it is left out.
func (b *bench) enqueue(id string, n, bad int) (stored, error) {
	path, err := b.audience(n, bad)
	if err != nil {
		return stored{}, err
	}
	onBad := "stop"
	if bad >= 0 {
		onBad = "skip"
		n--
	}
	before := b.memory()
	cmd := b.enqueueCmd(id, path, onBad)
	started := time.Now()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return stored{}, fmt.Errorf("enqueue: %w\n%s", err, out)
	}
	return stored{
		recipients: n, took: time.Since(started), cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(),
		memory: cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss << 10,
		redis:  b.memory() - before, said: strings.TrimSpace(string(out)),
	}, nil
}

func (b *bench) enqueueCmd(id, path, onBad string) *exec.Cmd {
	cmd := exec.Command(b.dir+"/herald", "bulk", "send", "--shortcut", "bench", "--from", "Shop <shop@shop.example>",
		"--audience", path, "--id", id, "--on-bad-row", onBad)
	cmd.Env = b.env
	return cmd
}

// enqueueOnly stores a tenth of the audience, then all of it with a bad row in the middle: which stops it, and then is
// left out. Then it exports both.
func (b *bench) enqueueOnly(n int) error {
	if err := b.prepare(); err != nil {
		return err
	}
	tenth, err := b.enqueue("tenth", n/10, -1)
	if err != nil {
		return err
	}
	fmt.Println(tenth)
	path, err := b.audience(n, n/2)
	if err != nil {
		return err
	}
	out, err := b.enqueueCmd("stopped", path, "stop").CombinedOutput()
	if err == nil {
		return fmt.Errorf("a bad row was taken: %s", out)
	}
	fmt.Printf("\nrow %d is bad, --on-bad-row stop:\n%s\n\n", n/2+1, strings.TrimSpace(string(out)))
	whole, err := b.enqueue("whole", n, n/2)
	if err != nil {
		return err
	}
	fmt.Printf("%s\n--on-bad-row skip:\n%s\n\n", whole, whole.said)
	for _, id := range []string{"tenth", "whole"} {
		if err := b.export(id); err != nil {
			return err
		}
	}
	return nil
}

// export writes what became of each message of a bulk.
func (b *bench) export(id string) error {
	cmd := exec.Command(b.dir+"/herald", "bulk", "export", id)
	cmd.Env, cmd.Stderr = b.env, os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	started := time.Now()
	if err := cmd.Start(); err != nil {
		return err
	}
	rows := -1 // the header
	for lines := bufio.NewScanner(out); lines.Scan(); {
		rows++
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	took := time.Since(started)
	fmt.Printf("export    %d rows in %.2f s, %.0f a second, %.2f s of CPU, peak memory %d MB\n", rows, took.Seconds(), float64(rows)/took.Seconds(),
		(cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds(), cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss>>10)
	return nil
}
