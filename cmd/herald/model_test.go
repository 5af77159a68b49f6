package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/channel/catcher"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/logtest"
	"github.com/heraldsend/herald/worker/redistest"
)

// `make chaos` raises the calls to 5,000.
var (
	modelCalls = flag.Int("model.calls", 200, "calls of the model test")
	modelSeed  = flag.Uint64("model.seed", 0, "seed of the model test; a random one when 0")
)

// modelFaults is how many calls lie between two faults.
const modelFaults = 45

// Random calls of the public interfaces, by several callers at once: messages, forwards and bulks are sent, sent again,
// cancelled, paused, resumed and resolved under few ids, through the HTTP API and the Go client. Connections are cut, the
// API and workers are killed, Redis is killed and restarted. In the end everything that was promised holds: see judge.
func TestModel(t *testing.T) {
	if testing.Short() {
		t.Skip("-short")
	}
	seed := *modelSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("-model.seed %d -model.calls %d", seed, *modelCalls)
	w := newWorld(t, seed)
	w.run()
	w.settle()
	w.judge()
}

// world is a whole Herald, what was asked of it, and what arrived.
type world struct {
	t      *testing.T
	seed   uint64
	binary string
	redis  *redistest.Server
	client *enqueue.Client
	url    string // of the API
	env    []string
	fault  sync.Mutex // one at a time
	api    *process
	worker [2]*process
	logs   logtest.Buffer

	calls atomic.Int64
	mu    sync.Mutex // guards what follows
	asked map[string]*asked
	mails map[string]*arrived
	slow  map[string]bool // who has refused a first try
	did   map[string]int  // calls by name and answer
	bad   []string        // violations that were seen on the way
}

// arrived is what the mail server took for one message.
type arrived struct {
	n        int
	variants map[string]bool
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{t: t, seed: seed, asked: map[string]*asked{}, mails: map[string]*arrived{}, slow: map[string]bool{}, did: map[string]int{}}
	w.binary = builtProgram(t)
	mailbox, err := catcher.Start(catcher.Options{OnMail: w.take, Forget: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = mailbox.Close() })
	w.redis = redistest.Start(t)
	rdb := redis.NewClient(&redis.Options{Addr: w.redis.Addr, ContextTimeoutEnabled: true})
	if w.client, err = enqueue.New(enqueue.Options{Redis: rdb, Log: slog.New(slog.DiscardHandler)}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.client.Close(); _ = rdb.Close() })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	w.url = "http://" + addr
	w.env = append(os.Environ(), "HERALD_REDIS_URL="+w.redis.URL(), "HERALD_SMTP_URL="+mailbox.URL(), "HERALD_CONCURRENCY=8", "HERALD_API_RATE=0", "HERALD_LOG_LEVEL=warn")
	w.api = w.start("serve", "HERALD_LISTEN="+addr)
	for i := range w.worker {
		w.worker[i] = w.start("worker", "HERALD_LISTEN=127.0.0.1:0")
	}
	t.Cleanup(func() {
		for _, p := range append(w.worker[:], w.api) {
			p.kill()
		}
	})
	await(t, "the API", w.reachable)
	return w
}

// process is one of Herald's.
type process struct {
	cmd   *exec.Cmd
	ended chan struct{}
}

func (w *world) start(command, listen string) *process {
	p := &process{exec.Command(w.binary, command), make(chan struct{})}
	p.cmd.Env, p.cmd.Stderr, p.cmd.Stdout = append(slices.Clone(w.env), listen), &w.logs, io.Discard
	if err := p.cmd.Start(); err != nil {
		w.t.Error(err)
	}
	go func() { _ = p.cmd.Wait(); close(p.ended) }()
	return p
}

func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
}

// revive starts what has ended by itself: whatever comes up while Redis is away does.
func (w *world) revive() {
	w.fault.Lock()
	defer w.fault.Unlock()
	ended := func(p *process) bool {
		select {
		case <-p.ended:
			return true
		default:
			return false
		}
	}
	if ended(w.api) {
		w.api = w.start("serve", "HERALD_LISTEN="+strings.TrimPrefix(w.url, "http://"))
	}
	for i, p := range w.worker {
		if ended(p) {
			w.worker[i] = w.start("worker", "HERALD_LISTEN=127.0.0.1:0")
		}
	}
}

func (w *world) reachable() bool {
	resp, err := http.Get(w.url + "/readyz")
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// take is the mail server's side. Its answer to a message depends on the recipient; whatever it takes is counted.
func (w *world) take(m *catcher.Mail) error {
	time.Sleep(rand.N(30 * time.Millisecond))
	_, subject, _ := bytes.Cut(m.Raw, []byte("\r\nSubject: "))
	subject, _, _ = bytes.Cut(subject, []byte("\r\n"))
	variant, name, _ := strings.Cut(string(subject), " ") // v0 message:m1
	to := m.To[0]
	if strings.HasPrefix(name, "bulk:") {
		name += "/" + to
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case strings.HasPrefix(to, "bad"):
		return &catcher.Reply{Code: 554, Enhanced: [3]int{5, 6, 0}, Text: "content refused"}
	case strings.HasPrefix(to, "slow") && !w.slow[name]:
		w.slow[name] = true
		return &catcher.Reply{Code: 452, Enhanced: [3]int{4, 2, 2}, Text: "mailbox full"}
	}
	a := w.mails[name]
	if a == nil {
		a = &arrived{variants: map[string]bool{}}
		w.mails[name] = a
	}
	a.n++
	a.variants[variant] = true
	return nil
}

// run makes the calls.
func (w *world) run() {
	var callers sync.WaitGroup
	for caller := range 4 {
		r := rand.New(rand.NewPCG(w.seed, uint64(caller)))
		callers.Go(func() {
			for n := w.calls.Add(1); n <= int64(*modelCalls); n = w.calls.Add(1) {
				if n%modelFaults == 0 {
					w.breakSomething(r)
				} else if n%7 == 0 {
					w.revive()
				}
				w.call(r)
			}
		})
	}
	callers.Wait()
}

// breakSomething kills a worker, the API or Redis, and starts it again.
func (w *world) breakSomething(r *rand.Rand) {
	w.fault.Lock()
	defer w.fault.Unlock()
	switch what := r.IntN(4); what {
	case 0:
		w.redis.Kill()
		time.Sleep(time.Duration(r.IntN(200)) * time.Millisecond)
		w.redis.Restart()
	case 1:
		w.api.kill()
		w.api = w.start("serve", "HERALD_LISTEN="+strings.TrimPrefix(w.url, "http://"))
	default:
		i := what % 2
		w.worker[i].kill()
		w.worker[i] = w.start("worker", "HERALD_LISTEN=127.0.0.1:0")
	}
}

// answer is what became of a call.
type answer struct {
	status int    // of HTTP; 0 where no answer came
	code   string // of the problem
	body   []byte
}

func (a answer) ok() bool   { return a.status >= 200 && a.status < 300 }
func (a answer) lost() bool { return a.status == 0 || a.status == http.StatusServiceUnavailable }

// http makes a call of the API, which is cut after the timeout.
func (w *world) http(timeout time.Duration, method, path string, body any) answer {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	var in io.Reader
	if text, ok := body.(string); ok {
		in = strings.NewReader(text)
	} else if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			w.t.Error(err)
		}
		in = bytes.NewReader(data)
	}
	r, err := http.NewRequestWithContext(ctx, method, w.url+path, in)
	if err != nil {
		w.t.Error(err)
		return answer{}
	}
	if _, lines := body.(string); lines {
		r.Header.Set("Content-Type", "application/x-ndjson")
	} else if in != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return answer{}
	}
	defer resp.Body.Close()
	a := answer{status: resp.StatusCode}
	if a.body, err = io.ReadAll(resp.Body); err != nil {
		return answer{}
	}
	var problem struct{ Code string }
	if !a.ok() {
		_ = json.Unmarshal(a.body, &problem)
		a.code = problem.Code
	}
	if a.status >= 500 && a.status != http.StatusServiceUnavailable {
		w.violation("%s %s: %d %.300s", method, path, a.status, a.body)
	}
	return a
}

func (w *world) violation(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bad = append(w.bad, fmt.Sprintf(format, args...))
}

// note counts a call for the log.
func (w *world) note(what string, a answer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := a.code
	switch {
	case a.ok():
		out = "ok"
	case a.status == 0:
		out = "no answer"
	}
	w.did[what+" "+out]++
}

// of is the answer that the API would have given for an error of the client.
func of(err error, conflicts ...error) answer {
	if err == nil {
		return answer{status: http.StatusOK}
	}
	for _, c := range conflicts {
		if errors.Is(err, c) {
			return answer{status: http.StatusConflict, code: c.Error()}
		}
	}
	return answer{}
}
