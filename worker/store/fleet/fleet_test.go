package fleet

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/redistest"
)

// Living workers are known, and no others.
func TestWorkers(t *testing.T) {
	t.Parallel()
	rdb, ctx := redistest.Start(t).Client(), context.Background()
	s := New(rdb)
	old := time.Now().Add(-Silent - 2*time.Second).Unix()
	rdb.HSet(ctx, workersKey, "silent", fmt.Sprintf(`%d {"id":"silent"}`, old), "foreign", fmt.Sprintf("%d ?", time.Now().Unix()), "ancient", `1 {"id":"ancient"}`)
	for _, id := range []string{"b", "a"} {
		w := Worker{ID: id, Host: id, PID: 7, Lines: map[message.Channel]Line{message.SMS: {Code: NoSender}}}
		var writes []int64
		for want := range int64(3) {
			var err error
			if writes, err = s.Put(ctx, w, writes, time.Minute); err != nil || len(writes) != 1 || writes[0] != want+1 {
				t.Fatal(writes, err)
			}
		}
	}
	workers, err := s.Workers(ctx)
	if err != nil || len(workers) != 2 || workers[0].Name() != "a:7" || workers[1].Lines[message.SMS].Code != NoSender {
		t.Errorf("%+v, %v", workers, err)
	}
	if n := rdb.HLen(ctx, workersKey).Val(); n != 4 {
		t.Errorf("%d entries are kept: the ancient one should be gone", n)
	}
	if err := s.Remove(ctx, "a"); err != nil {
		t.Fatal(err)
	}
	if workers, err = s.Workers(ctx); err != nil || len(workers) != 1 {
		t.Errorf("%+v, %v", workers, err)
	}
	if n := rdb.Exists(ctx, writesKey(0, "a"), writesKey(0, "b")).Val(); n != 1 {
		t.Errorf("%d counters are kept", n)
	}
	if last := rdb.Get(ctx, aliveKey).Val(); last == "rest" {
		t.Error("at rest, and a worker lives")
	}
	rdb.HDel(ctx, workersKey, "foreign") // it may be a newer worker
	if err := s.Remove(ctx, "b"); err != nil {
		t.Fatal(err)
	}
	if last := rdb.Get(ctx, aliveKey).Val(); last != "rest" {
		t.Errorf("no worker lives, and the last sign of life is %q", last)
	}
}

// The first worker after a long silence enters safe mode, unless the fleet was at rest. One that only could not reach Redis
// does not.
func TestOldData(t *testing.T) {
	t.Parallel()
	rdb, ctx := redistest.Start(t).Client(), context.Background()
	s := New(rdb)
	ago := func(d time.Duration) string { return fmt.Sprint(time.Now().Add(-d).Unix()) }
	for name, c := range map[string]struct {
		alive  string
		writes []int64 // of the worker, as it knows them
		stored int64   // and as Redis does
		old    time.Duration
		safe   bool
	}{
		"nobody ever":                     {"", nil, 0, time.Minute, false},
		"a moment ago":                    {ago(5 * time.Second), nil, 0, time.Minute, false},
		"long ago":                        {ago(time.Hour), nil, 0, time.Minute, true},
		"long ago, and nobody minds":      {ago(time.Hour), nil, 0, 0, false},
		"at rest":                         {"rest", nil, 0, time.Minute, false},
		"long ago, while Redis was away":  {ago(time.Hour), []int64{7}, 7, time.Minute, false},
		"a living worker, an old backup":  {ago(time.Hour), []int64{700}, 7, time.Minute, true},
		"a living worker, a young backup": {ago(30 * time.Second), []int64{700}, 7, time.Minute, false},
	} {
		t.Run(name, func(t *testing.T) {
			rdb.FlushAll(ctx)
			if c.alive != "" {
				rdb.Set(ctx, aliveKey, c.alive, 0)
			}
			if c.stored > 0 {
				rdb.Set(ctx, writesKey(0, "w"), c.stored, 0)
			}
			if _, err := s.Put(ctx, Worker{ID: "w"}, c.writes, c.old); err != nil {
				t.Fatal(err)
			}
			safe, err := s.Safe(ctx)
			if err != nil || safe.On() != c.safe {
				t.Fatalf("%+v, %v; want %t", safe, err, c.safe)
			}
			if !c.safe {
				return
			}
			if safe.Why != OldData || safe.OnlyHold || fmt.Sprint(safe.Since.Unix()) != c.alive || !strings.Contains(safe.Words(), "herald resume --from") {
				t.Errorf("%+v: %s", safe, safe.Words())
			}
			if err := s.EnterSafe(ctx, Safe{Why: WorkerIsGone, OnlyHold: true}); err != nil {
				t.Fatal(err)
			}
			if narrower, err := s.Safe(ctx); err != nil || narrower != safe {
				t.Errorf("it became narrower: %+v, %v", narrower, err)
			}
			if err := s.LeaveSafe(ctx); err != nil {
				t.Fatal(err)
			}
			if over, err := s.Safe(ctx); err != nil || over.On() {
				t.Errorf("%+v, %v", over, err)
			}
		})
	}
}

// Once another Redis answers, nothing passes the guard before Trust: neither on new connections, nor on those that it had.
func TestGuard(t *testing.T) {
	t.Parallel()
	server, ctx := redistest.Start(t), context.Background()
	raw, g := server.Client(), NewGuard()
	rdb := redis.NewClient(&redis.Options{Addr: server.Addr, OnConnect: g.OnConnect})
	defer func() { _ = rdb.Close() }()
	rdb.AddHook(g.Hook(""))
	write := func() error { return rdb.Set(ctx, "k", 1, 0).Err() }
	piped := func() error {
		_, err := rdb.Pipelined(ctx, func(p redis.Pipeliner) error { p.Set(ctx, "k", 1, 0); return nil })
		return err
	}
	if err := write(); err != nil {
		t.Fatalf("before it trusts anybody: %v", err)
	}
	first, err := Identify(ctx, raw)
	if err != nil || len(first) != 1 || first[""] == "" || !g.Knows(first) {
		t.Fatal(first, err)
	}
	g.Trust(first)
	if err := write(); err != nil {
		t.Fatal(err)
	}
	server.Restart()
	for range 3 { // the first may be the end of an old connection
		err = write()
	}
	if !errors.Is(err, ErrUntrusted) || !errors.Is(piped(), ErrUntrusted) {
		t.Fatalf("another process answers, and a write says %v", err)
	}
	select {
	case <-g.Changed:
	default:
		t.Error("nobody was told")
	}
	second, err := Identify(ctx, raw)
	if err != nil || g.Knows(second) || second.Epoch() == first.Epoch() {
		t.Fatalf("%v after %v, %v", second, first, err)
	}
	g.Trust(second)
	if err := errors.Join(write(), piped()); err != nil {
		t.Error(err)
	}
}

func TestWhyNobody(t *testing.T) {
	t.Parallel()
	can, none := Line{}, Line{Code: NoSender, Detail: "HERALD_SMS_URL is not set"}
	down := Line{Code: "http_connect", Detail: "http_connect at POST: refused", Where: "AC1 at api.twilio.com"}
	on := func(l Line) Worker {
		return Worker{Host: "h", PID: 1, Lines: map[message.Channel]Line{message.SMS: l}}
	}
	for name, c := range map[string]struct {
		workers  []Worker
		code     string
		words    string
		troubles int
	}{
		"no worker":                {nil, NoWorker, "herald worker", 0},
		"one can":                  {[]Worker{on(none), on(can)}, "", "", 0},
		"one can, one is sick":     {[]Worker{on(down), on(can)}, "", "", 1},
		"none has a sender":        {[]Worker{on(none), on(none)}, NoSender, "HERALD_SMS_URL is not set", 2},
		"who has a sender is sick": {[]Worker{on(none), on(down)}, "http_connect", "h:1 by AC1 at api.twilio.com: http_connect (http_connect at POST: refused)", 2},
		"of another version":       {[]Worker{{}}, NoSender, "sms", 0},
	} {
		t.Run(name, func(t *testing.T) {
			why := WhyNobody(c.workers, message.SMS)
			if (why == nil) != (c.code == "") || why != nil && (why.Code != c.code || !strings.Contains(why.Text, c.words)) {
				t.Errorf("%+v, want %s %s", why, c.code, c.words)
			}
			if got := Troubles(c.workers, []message.Channel{message.SMS}); len(got) != c.troubles {
				t.Errorf("%+v, want %d", got, c.troubles)
			}
		})
	}
}
