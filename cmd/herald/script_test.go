package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/heraldsend/herald/worker/channel/catcher"
	"github.com/heraldsend/herald/worker/redistest"
	"github.com/heraldsend/herald/worker/store/dead"
	"github.com/heraldsend/herald/worker/store/ledger"
)

// The test binary is the program too, so that scripts start real processes.
func TestMain(m *testing.M) {
	testscript.Main(tests{m}, map[string]func(){
		"herald": func() {
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			os.Exit(run(ctx, os.Args[1:], os.Getenv, stdio{os.Stdin, os.Stdout, os.Stderr}))
		},
	})
}

// TestScripts runs the command line as people do: each file of testdata/script is one story.
func TestScripts(t *testing.T) {
	commands := shortCommands(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("GORACE", "atexit_sleep_ms=0") // else each process that looks for races ends after a second of sleep
			env.Setenv("PATH", commands+string(os.PathListSeparator)+env.Getenv("PATH"))
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"redis":    startRedis,
			"redisdo":  redisDo,
			"given-up": givenUp,
			"mailbox":  startMailbox,
			"received": received,
			"arriving": arriving,
			"sigterm":  sigterm,
			"audience": audience,
			"file":     makeFile,
			"hence":    hence,
			"receiver": startReceiver,
			"told":     toldEvents,
			"json":     jsonField,
			"unsure":   unsure,
		},
	})
}

// json VAR FIELD sets a variable to a field of the JSON that the last command printed.
func jsonField(ts *testscript.TestScript, _ bool, args []string) {
	var object map[string]any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &object))
	ts.Setenv(args[0], fmt.Sprint(object[args[1]]))
}

// redis [args…] starts a Redis and points HERALD_REDIS_URL at it.
func startRedis(ts *testscript.TestScript, _ bool, args []string) {
	s := redistest.Start(scriptTB{ts: ts}, args...)
	ts.Setenv("HERALD_REDIS_URL", s.URL())
	ts.Setenv("REDIS", s.Addr)
}

// redisdo COMMAND ARG… sends one command to the Redis of the script.
func redisDo(ts *testscript.TestScript, _ bool, args []string) {
	rdb := redis.NewClient(&redis.Options{Addr: ts.Getenv("REDIS")})
	defer rdb.Close()
	command := make([]any, len(args))
	for i, a := range args {
		command[i] = a
	}
	answer, err := rdb.Do(context.Background(), command...).Result()
	ts.Check(err)
	ts.Logf("%v", answer)
}

// given-up N waits until there are N dead letters.
func givenUp(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	rdb := redis.NewClient(&redis.Options{Addr: ts.Getenv("REDIS")})
	defer rdb.Close()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		counts, err := dead.New(rdb).Count(context.Background())
		ts.Check(err)
		total := 0
		for _, m := range counts {
			total += m
		}
		if total == n {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%d dead letters after 30 s, want %d", total, n)
		}
	}
}

// unsure KIND:ID [SLOT] makes it unknown whether a message arrived, as a worker that died while sending leaves it under hold.
func unsure(ts *testscript.TestScript, _ bool, args []string) {
	rdb := redis.NewClient(&redis.Options{Addr: ts.Getenv("REDIS")})
	defer rdb.Close()
	kind, id, _ := strings.Cut(args[0], ":")
	slot := 0
	if len(args) == 2 {
		var err error
		slot, err = strconv.Atoi(args[1])
		ts.Check(err)
	}
	books := ledger.Owner{Kind: ledger.Kind(kind), ID: id}.Chunk(0)
	// Its state's letter, and what counts it.
	key := books.Key("states")
	before, err := rdb.GetRange(context.Background(), key, int64(slot*5), int64(slot*5)).Result()
	ts.Check(err)
	ts.Check(rdb.SetRange(context.Background(), key, int64(slot*5), "u").Err())
	ts.Check(rdb.HSet(context.Background(), books.Key("reasons"), slot, `{"code":"interrupted","text":"the worker stopped"}`).Err())
	if kind == "bulk" {
		counts := strings.TrimSuffix(books.Key("counts"), ":0")
		ts.Check(rdb.HIncrBy(context.Background(), counts, before, -1).Err())
		ts.Check(rdb.HIncrBy(context.Background(), counts, "u", 1).Err())
	}
}

// mailbox [delay] starts a mail catcher and points HERALD_SMTP_URL at it. The delay is the server's for each message.
func startMailbox(ts *testscript.TestScript, _ bool, args []string) {
	o := catcher.Options{}
	if len(args) == 1 {
		delay, err := time.ParseDuration(args[0])
		ts.Check(err)
		o.OnMail = func(*catcher.Mail) error { time.Sleep(delay); return nil }
	}
	c, err := catcher.Start(o)
	ts.Check(err)
	ts.Defer(func() { _ = c.Close() })
	ts.Setenv("HERALD_SMTP_URL", c.URL())
	mailboxes.Store(ts.Getenv("WORK"), c)
}

// mailboxes are the scripts' catchers by work folder.
var mailboxes sync.Map

// received N checks that exactly N messages arrived, to N recipients, waiting for them if need be. received FILE
// writes the text of the only message to a file, its header's subject first.
func received(ts *testscript.TestScript, _ bool, args []string) {
	started, ok := mailboxes.Load(ts.Getenv("WORK"))
	if !ok || len(args) != 1 {
		ts.Fatalf("usage: received N|FILE, after mailbox")
	}
	c := started.(*catcher.Catcher)
	n, err := strconv.Atoi(args[0])
	if err != nil {
		n = 1
	}
	for deadline := time.Now().Add(30 * time.Second); c.Count() < n && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	people := map[string]bool{}
	for _, m := range c.Messages() {
		people[m.To[0]] = true
	}
	if c.Count() != n || len(people) != n {
		ts.Fatalf("%d messages to %d recipients, want %d", c.Count(), len(people), n)
	}
	if err != nil {
		parsed, err := c.Messages()[0].Parse()
		ts.Check(err)
		text := fmt.Sprintf("Subject: %s\n%s\n", parsed.GetHeader("Subject"), strings.ReplaceAll(parsed.Text, "\r\n", "\n"))
		for _, a := range parsed.Attachments {
			text += fmt.Sprintf("Attached: %s %d\n", a.FileName, len(a.Content))
		}
		ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
	}
}

// arriving N waits until at least N messages arrived.
func arriving(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	started, ok := mailboxes.Load(ts.Getenv("WORK"))
	if !ok {
		ts.Fatalf("arriving needs a mailbox")
	}
	c := started.(*catcher.Catcher)
	for deadline := time.Now().Add(30 * time.Second); c.Count() < n; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			ts.Fatalf("%d messages after 30 s, want %d", c.Count(), n)
		}
	}
}

// sigterm ends all background processes as an orchestrator does.
func sigterm(ts *testscript.TestScript, _ bool, _ []string) {
	for _, cmd := range ts.BackgroundCmds() {
		ts.Check(cmd.Process.Signal(syscall.SIGTERM))
	}
}

// audience FILE N writes a CSV of N people.
func audience(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	var b bytes.Buffer
	b.WriteString("customer.email,customer.firstName,locale\n")
	for i := range n {
		fmt.Fprintf(&b, "user%d@example.com,User %d,en\n", i, i)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b.Bytes(), 0o600))
}

// file NAME BYTES writes a text file of that size.
func makeFile(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	ts.Check(os.MkdirAll(filepath.Dir(ts.MkAbs(args[0])), 0o700))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), bytes.Repeat([]byte("a"), n), 0o600))
}

// hence NAME DURATION sets an environment variable to the time so long from now.
func hence(ts *testscript.TestScript, _ bool, args []string) {
	d, err := time.ParseDuration(args[1])
	ts.Check(err)
	ts.Setenv(args[0], time.Now().Add(d).Format(time.RFC3339Nano))
}

// receivers are the scripts' endpoints for events by work folder.
var receivers sync.Map

// eventReceiver is an endpoint for events that refuses them with a status until it is opened.
type eventReceiver struct {
	status atomic.Int64 // 0 takes them
	mu     sync.Mutex
	types  []string
}

func (r *eventReceiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	var e struct{ Type string }
	if err := json.NewDecoder(req.Body).Decode(&e); err != nil || req.Header.Get("webhook-signature") == "" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if status := r.status.Load(); status != 0 {
		w.WriteHeader(int(status))
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.types = append(r.types, e.Type)
}

// receiver [status] starts an endpoint for events and points HERALD_EVENTS_URL at it; once started, it only changes the
// status with which it refuses them, 0 for none.
func startReceiver(ts *testscript.TestScript, _ bool, args []string) {
	r := &eventReceiver{}
	if known, ok := receivers.LoadOrStore(ts.Getenv("WORK"), r); ok {
		r = known.(*eventReceiver)
	} else {
		server := httptest.NewServer(r)
		ts.Defer(server.Close)
		ts.Setenv("HERALD_EVENTS_URL", server.URL)
		ts.Setenv("HERALD_ALLOW_NETWORKS", "127.0.0.0/8")
		ts.Setenv("HERALD_WEBHOOK_SECRETS", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	}
	if len(args) == 1 {
		status, err := strconv.Atoi(args[0])
		ts.Check(err)
		r.status.Store(int64(status))
	}
}

// told TYPE… waits until events of exactly these types arrived, in any order.
func toldEvents(ts *testscript.TestScript, _ bool, args []string) {
	known, ok := receivers.Load(ts.Getenv("WORK"))
	if !ok {
		ts.Fatalf("told needs a receiver")
	}
	r := known.(*eventReceiver)
	slices.Sort(args)
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		r.mu.Lock()
		got := slices.Sorted(slices.Values(r.types))
		r.mu.Unlock()
		if slices.Equal(got, args) {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("told %v, want %v", got, args)
		}
	}
}

// scriptTB is as much of a testing.TB as redistest needs.
type scriptTB struct {
	testing.TB
	ts *testscript.TestScript
}

func (s scriptTB) Helper()                      {}
func (s scriptTB) Cleanup(f func())             { s.ts.Defer(f) }
func (s scriptTB) Fatal(args ...any)            { s.ts.Fatalf("%s", fmt.Sprint(args...)) }
func (s scriptTB) Fatalf(f string, args ...any) { s.ts.Fatalf(f, args...) }
func (s scriptTB) TempDir() string {
	dir, err := os.MkdirTemp(s.ts.Getenv("WORK"), "redis-")
	s.ts.Check(err)
	return dir
}
