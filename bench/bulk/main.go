// Command bulk measures a whole bulk: an audience from CSV is enqueued, workers render and send it to a sink, with the
// ledger on and a Redis that syncs every write. Beside it, in the same run, stands the bare sender of bench/email: what a
// message costs when nothing is rendered, queued or recorded.
//
//	go run ./bench/bulk [-recipients 100000] [-workers 1] [-delay 0]
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
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
	recipients := flag.Int("recipients", 100_000, "size of the audience")
	workers := flag.Int("workers", 1, "worker processes")
	concurrency := flag.Int("concurrency", 64, "messages that a worker sends at the same time")
	delay := flag.Duration("delay", 0, "the sink waits this long before it replies")
	flag.Parse()
	b := &bench{recipients: *recipients, workers: *workers, concurrency: *concurrency, delay: *delay}
	if err := errors.Join(b.run(), b.close()); err != nil {
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
	floor, err := b.floor()
	if err != nil {
		return err
	}
	before := b.memory()
	took, rss, err := b.enqueue()
	if err != nil {
		return err
	}
	memory := b.memory() - before
	fmt.Printf("%d recipients, %d worker(s) × %d, replies after %s\n\n", b.recipients, b.workers, b.concurrency, b.delay)
	fmt.Printf("enqueue   %.0f recipients/s, peak memory %d MB; Redis %.1f MB per million\n",
		float64(b.recipients)/took.Seconds(), rss>>10, float64(memory)/float64(b.recipients))
	return b.send(floor)
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
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return fmt.Errorf("start the sink: %w", err)
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
		"HERALD_TEMPLATES="+filepath.Join(b.dir, "templates"), "HERALD_LOG_LEVEL=warn", fmt.Sprintf("HERALD_CONCURRENCY=%d", b.concurrency))
	return nil
}

// floor is what the bare sender of ready bytes costs, in CPU seconds a 1,000 messages.
func (b *bench) floor() (float64, error) {
	out, err := exec.Command(b.dir+"/email", "-only", "3 KB HTML and text").Output()
	if err != nil {
		return 0, fmt.Errorf("measure the floor: %w", err)
	}
	fmt.Printf("%s\n", strings.TrimSpace(string(out)))
	row := regexp.MustCompile(`(?m)^.*floor.*?([\d.]+)\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)\s*$`).FindStringSubmatch(string(out))
	if row == nil {
		return 0, errors.New("bench/email printed no floor")
	}
	fmt.Println()
	return strconv.ParseFloat(row[3], 64)
}

// enqueue writes the audience and stores it, and returns how long storing took and the command's peak memory in KB.
func (b *bench) enqueue() (time.Duration, int64, error) {
	path := filepath.Join(b.dir, "audience.csv")
	f, err := os.Create(path)
	if err != nil {
		return 0, 0, err
	}
	w := bufio.NewWriter(f)
	fmt.Fprintln(w, "customer.email,customer.firstName,customer.lastName,locale,customer.custom.orderNumberStr,customer.custom.shipAt,customer.custom.cityStr,customer.custom.tierStr,customer.custom.deliveryStr,customer.custom.notesTxt")
	tiers, locales := []string{"Diamond", "Gold", "Silver"}, []string{"en", "fr"}
	filler := strings.Repeat("A longer note about this customer as a help desk keeps it. ", 12)
	for i := range b.recipients {
		fmt.Fprintf(w, "user%d@example.com,First%d,Last%d,%s,A-%d,2026-11-%02dT08:00:00Z,City %d,%s,%d.90 EUR,%s%d\n",
			i, i%977, i%1009, locales[i%2], 100_000+i, i%28+1, i%313, tiers[i%3], i%7, filler, i)
	}
	if err := errors.Join(w.Flush(), f.Close()); err != nil {
		return 0, 0, err
	}
	cmd := exec.Command(b.dir+"/herald", "bulk", "send", "--shortcut", "bench", "--from", "Shop <shop@shop.example>", "--audience", path, "--id", "bench")
	cmd.Env = b.env
	started := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		return 0, 0, fmt.Errorf("enqueue: %w\n%s", err, out)
	}
	return time.Since(started), cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss, nil
}

// send runs the workers until the bulk is complete.
func (b *bench) send(floor float64) error {
	redisBefore := b.redisCPU()
	started := time.Now()
	for range b.workers {
		cmd := exec.Command(b.dir+"/herald", "worker")
		cmd.Env = b.env
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			return err
		}
		b.started = append(b.started, cmd)
	}
	var status struct {
		State string
		Sent  int
	}
	for status.State != "completed" {
		time.Sleep(100 * time.Millisecond)
		cmd := exec.Command(b.dir+"/herald", "bulk", "status", "bench", "--json")
		cmd.Env = b.env
		out, err := cmd.Output()
		if err != nil {
			return fmt.Errorf("status: %w", err)
		}
		if err := json.Unmarshal(out, &status); err != nil {
			return err
		}
		if time.Since(started) > 10*time.Minute {
			return fmt.Errorf("not complete after ten minutes: %s", out)
		}
	}
	took := time.Since(started)
	redisCPU := b.redisCPU() - redisBefore
	var cpu time.Duration
	for _, w := range b.started {
		if err := w.Process.Signal(syscall.SIGTERM); err != nil {
			return err
		}
		if err := w.Wait(); err != nil {
			return fmt.Errorf("worker: %w", err)
		}
		cpu += w.ProcessState.UserTime() + w.ProcessState.SystemTime()
	}
	b.started = nil
	if status.Sent != b.recipients {
		return fmt.Errorf("%d of %d were sent", status.Sent, b.recipients)
	}
	thousands := float64(b.recipients) / 1000
	worker, both := cpu.Seconds()/thousands, cpu.Seconds()/thousands+redisCPU/thousands
	fmt.Printf("send      %.0f messages/s; CPU s/1,000: worker %.4f, Redis %.4f, both %.4f = %.2f × floor (%.4f)\n",
		float64(b.recipients)/took.Seconds(), worker, redisCPU/thousands, both, both/floor, floor)
	return nil
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
