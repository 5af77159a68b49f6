// Command email compares senders over SMTP by the CPU time that a message costs: a bare sender of ready bytes (the
// floor), Herald's, and go-mail's with a kept connection and with one connection a message. The server is a sink in a
// process of its own, so that only the sender's time is counted.
//
//	go run ./bench/email [-scale 1] [-only NAME] [-check]
//
// With -check the exit code is 1 where a bar of the design is missed.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"text/tabwriter"
	"time"
)

func main() {
	sink := flag.Bool("sink", false, "be the server (used by the benchmark itself)")
	delay := flag.Duration("delay", 0, "the sink waits this long before it replies")
	scale := flag.Float64("scale", 1, "times the number of messages")
	only := flag.String("only", "", "run the scenarios whose name holds this")
	floor := flag.Bool("floor", false, "run the bare sender alone")
	check := flag.Bool("check", false, "fail where a bar is missed")
	flag.Parse()
	run := func() error { return bench(*scale, *only, *floor, *check) }
	if *sink {
		run = func() error { return serve(*delay) }
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// scenario is one load and the bar that Herald's sender must hold against the floor.
type scenario struct {
	name     string
	messages int
	conns    int
	delay    time.Duration
	load     load
	senders  []sender
	maxCPU   float64 // × floor
	minRate  float64 // × floor
}

func bench(scale float64, only string, floorOnly, check bool) error {
	scenarios := []scenario{
		{"3 KB HTML and text", 20_000, 8, 0, mailOf(0, false), everySender, 1.6, 0},
		{"3 KB with umlauts", 20_000, 8, 0, mailOf(0, true), everySender[:2], 0, 0},
		{"5 MB attachment", 200, 4, 0, mailOf(5<<20, false), everySender, 1.3, 0},
		{"3 KB, replies after 2 ms, 16 connections", 12_000, 16, 2 * time.Millisecond, mailOf(0, false), everySender[:3], 0, 3},
	}
	missed := false
	for _, sc := range scenarios {
		if !strings.Contains(sc.name, only) {
			continue
		}
		if floorOnly {
			sc.senders, sc.maxCPU, sc.minRate = sc.senders[:1], 0, 0
		}
		fmt.Printf("\n%s\n", sc.name)
		table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprint(table, "sender\tmessages/s\t× floor\tCPU s/1,000\t× floor\t\n")
		var floor result
		for i, s := range sc.senders {
			r, err := measure(sc, s, max(1, int(float64(sc.messages)*scale*s.share)))
			if err != nil {
				return fmt.Errorf("%s, %s: %w", sc.name, s.name, err)
			}
			if i == 0 {
				floor = r
			}
			cpu, rate := r.cpu/floor.cpu, r.rate/floor.rate
			fmt.Fprintf(table, "%s\t%.0f\t%.2f\t%.4f\t%.2f\t\n", s.name, r.rate, rate, r.cpu, cpu)
			if i == 1 {
				missed = missed || sc.maxCPU > 0 && cpu > sc.maxCPU || sc.minRate > 0 && rate < sc.minRate
			}
		}
		_ = table.Flush()
		switch {
		case sc.maxCPU > 0:
			fmt.Printf("bar: herald's CPU ≤ %.1f × floor\n", sc.maxCPU)
		case sc.minRate > 0:
			fmt.Printf("bar: herald's messages/s ≥ %.1f × floor\n", sc.minRate)
		}
	}
	if check && missed {
		return fmt.Errorf("a bar was missed")
	}
	return nil
}

type result struct{ rate, cpu float64 }

// measure runs one sender against a fresh sink: messages a second, and CPU seconds for 1,000 messages.
func measure(sc scenario, s sender, messages int) (result, error) {
	addr, stop, err := startSink(sc.delay)
	if err != nil {
		return result{}, err
	}
	defer stop()
	send, done, err := s.open(addr, sc)
	if err != nil {
		return result{}, err
	}
	defer done()
	if err := spread(sc.conns, sc.conns*2, send); err != nil { // connections up, caches warm
		return result{}, err
	}
	cpu, start := cpuTime(), time.Now()
	if err := spread(sc.conns, messages, send); err != nil {
		return result{}, err
	}
	n := float64(messages)
	return result{n / time.Since(start).Seconds(), (cpuTime() - cpu).Seconds() / n * 1000}, nil
}

// spread calls send for 0 … n-1 on conns goroutines; each goroutine passes its own number too.
func spread(conns, n int, send func(worker, i int) error) error {
	var wg sync.WaitGroup
	errs := make(chan error, conns)
	for w := range conns {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := w; i < n; i += conns {
				if err := send(w, i); err != nil {
					errs <- err
					return
				}
			}
		}()
	}
	wg.Wait()
	select {
	case err := <-errs:
		return err
	default:
		return nil
	}
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// startSink runs this program as the server and reads its address from its output.
func startSink(delay time.Duration) (addr string, stop func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	cmd := exec.Command(self, "-sink", "-delay", delay.String())
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe() // its end tells the sink to go
	if err != nil {
		return "", nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		_ = in.Close()
		_ = cmd.Wait()
	}
	if _, err := fmt.Fscanln(out, &addr); err != nil {
		stop()
		return "", nil, err
	}
	return addr, stop, nil
}
