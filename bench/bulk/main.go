// Command bulk measures a whole bulk: an audience from CSV is enqueued, workers render and send it to a sink, with the
// ledger on and a Redis that syncs every write. Beside it, in the same run, before and after, stands the bare sender of
// bench/email: what a message costs when nothing is rendered, queued or recorded.
//
//	go run ./bench/bulk [-recipients 100000] [-workers 1] [-concurrency 64] [-delay 0]
//	go run ./bench/bulk -enqueue 1000000     only store an audience, with a bad row in its middle
//	go run ./bench/bulk -scaling             1, 2, 4 and 8 workers, replies after 20 ms
//	go run ./bench/bulk -rate 1000           8 workers under one limit
//	go run ./bench/bulk -find 10000000       look for people among so many recipients
//	go run ./bench/bulk -singles 20000 -concurrency 256  single messages that wait; then the latency of 500 a second
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
)

func main() {
	b := &bench{}
	flag.IntVar(&b.recipients, "recipients", 100_000, "size of the audience")
	flag.IntVar(&b.workers, "workers", 1, "worker processes")
	flag.IntVar(&b.concurrency, "concurrency", 64, "messages that a worker sends at the same time")
	flag.DurationVar(&b.delay, "delay", 0, "the sink waits this long before it replies")
	enqueue := flag.Int("enqueue", 0, "only enqueue so many, with a bad row in the middle")
	scaling := flag.Bool("scaling", false, "measure 1, 2, 4 and 8 workers")
	rate := flag.Float64("rate", 0, "measure 8 workers under a limit of so many messages a second")
	singles := flag.Int("singles", 0, "measure so many single messages, then their latency")
	find := flag.Int("find", 0, "look for people among so many recipients")
	flag.Parse()
	run := b.run
	switch {
	case *enqueue > 0:
		run = func() error { return b.enqueueOnly(*enqueue) }
	case *find > 0:
		run = func() error { return b.find(*find) }
	case *singles > 0:
		run = func() error { return b.singles(*singles, 500, 10*time.Second) }
	case *scaling:
		run = b.scaling
	case *rate > 0:
		run = func() error { return b.limited(*rate) }
	}
	if err := errors.Join(run(), b.close()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

type bench struct {
	recipients, workers, concurrency int
	delay                            time.Duration

	dir     string
	redis   *redis.Client
	stop    []func() error
	started []*exec.Cmd
	env     []string
	count   func() (int, error) // messages that the sink has taken
}

const shortcut = `subject: "Order {{customer.custom.orderNumberStr}}: on its way"
message: |
  Hi {{customer.firstName}} {{customer.lastName}},

  [[sn.bench]]

  Your order **{{customer.custom.orderNumberStr}}** leaves on {{dateFormat customer.custom.shipAt}} and goes to
  {{customer.custom.cityStr}}. {{#ifCond customer.custom.tierStr "==" "Diamond"}}As a Diamond member you pay no
  delivery, {{../customer.firstName}}.{{else}}Delivery is {{customer.custom.deliveryStr}}.{{/ifCond}}

  - You can follow it at [our site](https://shop.example/orders).
  - You can change the address until it leaves.
  - You can send anything back within 30 days.
`

const snippet = `source: en
texts:
  en: Thank you for your order, {{customer.firstName}}. We have packed it with care.
  fr: Merci pour votre commande, {{customer.firstName}}. Nous l'avons emballée avec soin.
`

func (b *bench) run() error {
	if err := b.prepare(); err != nil {
		return err
	}
	before, err := b.floor()
	if err != nil {
		return err
	}
	empty := b.memory()
	stored, err := b.enqueue("bench", b.recipients, -1)
	if err != nil {
		return err
	}
	cost, err := b.send()
	if err != nil {
		return err
	}
	kept := float64(b.memory()-empty) / float64(b.recipients)
	after, err := b.floor()
	if err != nil {
		return err
	}
	floor := (before + after) / 2
	fmt.Printf("%d recipients, %d worker(s) × %d, replies after %s\n\n", b.recipients, b.workers, b.concurrency, b.delay)
	fmt.Println(stored)
	fmt.Printf("kept      Redis %.1f MB per million when all are sent\n", kept)
	fmt.Printf("floor     CPU s/1,000: %.4f before, %.4f after\n", before, after)
	fmt.Printf("send      %.0f messages/s; CPU s/1,000: worker %.4f, Redis %.4f, both %.4f = %.2f × floor\n",
		cost.rate, cost.worker, cost.redis, cost.worker+cost.redis, (cost.worker+cost.redis)/floor)
	return nil
}

// prepare builds the program, and starts Redis and the sink.
func (b *bench) prepare() (err error) {
	if b.dir, err = os.MkdirTemp("", "herald-bench-"); err != nil {
		return err
	}
	b.stop = append(b.stop, func() error { return os.RemoveAll(b.dir) })
	for _, pkg := range []string{"./cmd/herald", "./bench/email"} {
		if out, err := exec.Command("go", "build", "-o", b.dir+"/", pkg).CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", pkg, err, out)
		}
	}
	// The built-in catalog, for its layouts, and the shortcut that is measured.
	if err := os.CopyFS(filepath.Join(b.dir, "templates"), os.DirFS("templates")); err != nil {
		return err
	}
	for name, text := range map[string]string{"shortcuts/bench.yaml": shortcut, "snippets/sn.bench.yaml": snippet} {
		path := filepath.Join(b.dir, "templates", name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			return err
		}
	}
	if err := b.startRedis(); err != nil {
		return err
	}
	sink := exec.Command(b.dir+"/email", "-sink", "-delay", b.delay.String())
	hold, err := sink.StdinPipe() // the sink ends when it closes
	if err != nil {
		return err
	}
	out, err := sink.StdoutPipe()
	if err != nil {
		return err
	}
	if err := sink.Start(); err != nil {
		return err
	}
	b.stop = append(b.stop, func() error { _ = hold.Close(); return sink.Wait() })
	answers := bufio.NewReader(out)
	addr, err := answers.ReadString('\n')
	if err != nil {
		return fmt.Errorf("start the sink: %w", err)
	}
	b.count = func() (int, error) {
		if _, err := io.WriteString(hold, "how many?\n"); err != nil {
			return 0, err
		}
		line, err := answers.ReadString('\n')
		if err != nil {
			return 0, err
		}
		return strconv.Atoi(strings.TrimSpace(line))
	}
	b.env = append(b.env, "HERALD_SMTP_URL=smtp://"+strings.TrimSpace(addr)+"?tls=none")
	return nil
}

func (b *bench) startRedis() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	addr := l.Addr().String()
	_, port, _ := net.SplitHostPort(addr)
	if err := l.Close(); err != nil {
		return err
	}
	server := exec.Command("redis-server", "--bind", "127.0.0.1", "--port", port, "--dir", b.dir, "--save", "",
		"--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction")
	if err := server.Start(); err != nil {
		return fmt.Errorf("start redis-server: %w", err)
	}
	b.stop = append(b.stop, func() error { _ = server.Process.Kill(); _ = server.Wait(); return nil })
	b.redis = redis.NewClient(&redis.Options{Addr: addr})
	for deadline := time.Now().Add(5 * time.Second); b.redis.Ping(context.Background()).Err() != nil; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			return errors.New("redis-server does not answer")
		}
	}
	b.env = append(os.Environ(), "HERALD_REDIS_URL=redis://"+addr+"/0", "HERALD_LISTEN=127.0.0.1:0",
		"HERALD_TEMPLATES="+filepath.Join(b.dir, "templates"), "HERALD_LOG_LEVEL=error", fmt.Sprintf("HERALD_CONCURRENCY=%d", b.concurrency))
	return nil
}

// floor is what the bare sender of ready bytes costs, in CPU seconds a 1,000 messages.
func (b *bench) floor() (float64, error) {
	out, err := exec.Command(b.dir+"/email", "-floor", "-only", "3 KB HTML and text").Output()
	if err != nil {
		return 0, fmt.Errorf("measure the floor: %w", err)
	}
	row := regexp.MustCompile(`(?m)^.*floor.*?([\d.]+)\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)\s*$`).FindStringSubmatch(string(out))
	if row == nil {
		return 0, errors.New("bench/email printed no floor")
	}
	return strconv.ParseFloat(row[3], 64)
}

// cost of sending: messages a second, and CPU seconds for 1,000 messages.
type cost struct{ rate, worker, redis float64 }

// send runs the workers until the bulk is complete.
func (b *bench) send() (cost, error) {
	redisBefore := b.redisCPU()
	started := time.Now()
	if err := b.startWorkers(b.workers); err != nil {
		return cost{}, err
	}
	if err := b.await(b.recipients); err != nil {
		return cost{}, err
	}
	took := time.Since(started)
	redisCPU := b.redisCPU() - redisBefore
	cpu, err := b.stopWorkers()
	if err != nil {
		return cost{}, err
	}
	status, err := b.herald("bulk", "status", "bench", "--json")
	if want := fmt.Sprintf(`"sent":%d,`, b.recipients); err != nil || !strings.Contains(status, want) {
		return cost{}, fmt.Errorf("the books: %s %w", status, err)
	}
	thousands := float64(b.recipients) / 1000
	return cost{float64(b.recipients) / took.Seconds(), cpu.Seconds() / thousands, redisCPU / thousands}, nil
}

func (b *bench) startWorkers(n int) error {
	for range n {
		cmd := exec.Command(b.dir+"/herald", "worker")
		cmd.Env = b.env
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			return err
		}
		b.started = append(b.started, cmd)
	}
	return nil
}

// stopWorkers lets the workers drain, and returns the CPU time that they used.
func (b *bench) stopWorkers() (cpu time.Duration, err error) {
	for _, w := range b.started {
		if err := w.Process.Signal(syscall.SIGTERM); err != nil {
			return 0, err
		}
	}
	for _, w := range b.started {
		if err := w.Wait(); err != nil {
			return 0, fmt.Errorf("worker: %w", err)
		}
		cpu += w.ProcessState.UserTime() + w.ProcessState.SystemTime()
	}
	b.started = nil
	return cpu, nil
}

// await waits until the sink has taken n messages.
func (b *bench) await(n int) error {
	for started := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		taken, err := b.count()
		if err != nil || taken >= n {
			return err
		}
		if time.Since(started) > 20*time.Minute {
			return fmt.Errorf("%d of %d messages arrived in 20 minutes", taken, n)
		}
	}
}

// herald runs a command and returns what it prints.
func (b *bench) herald(args ...string) (string, error) {
	cmd := exec.Command(b.dir+"/herald", args...)
	cmd.Env = b.env
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("herald %s: %w\n%s", strings.Join(args[:2], " "), err, out)
	}
	return string(out), nil
}

// memory is what Redis holds, in bytes.
func (b *bench) memory() int64 {
	return int64(b.info("memory", "used_memory"))
}

// redisCPU is the CPU time that Redis has used, in seconds.
func (b *bench) redisCPU() float64 {
	return b.info("cpu", "used_cpu_user") + b.info("cpu", "used_cpu_sys")
}

func (b *bench) info(section, name string) float64 {
	text, err := b.redis.Info(context.Background(), section).Result()
	if err != nil {
		return 0
	}
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), name+":"); ok {
			n, _ := strconv.ParseFloat(value, 64)
			return n
		}
	}
	return 0
}

func (b *bench) close() error {
	var errs []error
	for _, w := range b.started {
		_ = w.Process.Kill()
		_ = w.Wait()
	}
	for i := len(b.stop) - 1; i >= 0; i-- {
		errs = append(errs, b.stop[i]())
	}
	return errors.Join(errs...)
}
