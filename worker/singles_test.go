package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/redistest"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// fuse is a hook on a Redis client: at a certain round trip it calls do. From then on every round trip fails, where dead
// is set, as if the process had ended.
type fuse struct {
	left int
	do   func()
	dead bool
}

var errDead = errors.New("this process has ended")

func (f *fuse) burn() error {
	if f.left--; f.left == 0 && f.do != nil {
		f.do()
	}
	if f.dead && f.left <= 0 {
		return errDead
	}
	return nil
}

func (f *fuse) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

func (f *fuse) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if err := f.burn(); err != nil {
			return err
		}
		return next(ctx, cmd)
	}
}

func (f *fuse) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if err := f.burn(); err != nil {
			for _, c := range cmds {
				c.SetErr(err)
			}
			return err
		}
		return next(ctx, cmds)
	}
}

// letters is a client whose Redis connection can burn through.
type letters struct {
	t      *testing.T
	server *redistest.Server
	rdb    *redis.Client // a sound one
	books  *ledger.Ledger
	look   *singles
	later  time.Duration // by which the reconciler's clock is ahead
	found  int           // tasks that it brought back
}

func newLetters(t *testing.T) *letters {
	l := &letters{t: t, server: redistest.Start(t)}
	l.rdb = l.server.Client()
	var err error
	log := slog.New(slog.DiscardHandler)
	if l.books, err = ledger.New(ledger.Options{Redis: l.rdb, Log: log, Now: func() time.Time { return time.Now().Add(l.later) }}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.books.Close() })
	l.look = &singles{l.books, queue.New(l.rdb), &abandoned{ledger: l.books}, log, func(string, int) { l.found++ }}
	return l
}

// client is one that the fuse is on.
func (l *letters) client(f *fuse) *enqueue.Client {
	l.t.Helper()
	rdb := redis.NewClient(&redis.Options{Addr: l.server.Addr, ContextTimeoutEnabled: true, MaxRetries: -1})
	rdb.AddHook(f)
	c, err := enqueue.New(enqueue.Options{Redis: rdb, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { _ = c.Close(); _ = rdb.Close() })
	return c
}

// enqueueAs enqueues one of a kind.
func enqueueAs(ctx context.Context, c *enqueue.Client, kind ledger.Kind, id string, at time.Time) error {
	var err error
	if kind == ledger.Forward {
		talk := []byte(`{"id":"c1","messages":[{"id":"m1","channel":"email","direction":"in","sentAt":"2026-01-02T03:04:05Z","body":"Hi"}]}`)
		_, err = c.Forward(ctx, task.Forward{ID: id, From: "help@acme.example", To: "lawyer@example.com", SendAt: at}, talk)
	} else {
		_, err = c.Message(ctx, task.Message{
			ID: id, Channel: message.Email, From: "help@acme.example", To: "ada@example.com", Content: task.Content{Text: "Hi"}, SendAt: at,
		})
	}
	return err
}

// state reads the books and the queue: "" for no books, "pending" or "pending, no task".
func (l *letters) state(kind ledger.Kind, id string) string {
	l.t.Helper()
	o := ledger.Owner{Kind: kind, ID: id}
	books, err := l.books.Single(context.Background(), o)
	if errors.Is(err, ledger.ErrNotFound) {
		return ""
	}
	if err != nil {
		l.t.Fatal(err)
	}
	records, err := l.books.Chunk(context.Background(), books)
	if err != nil {
		l.t.Fatal(err)
	}
	var p task.Payload = task.Message{ID: id, Channel: message.Email, Layout: books.Layout(task.Layout)}
	if kind == ledger.Forward {
		p = task.Forward{ID: id, Layout: books.Layout(task.Layout)}
	}
	taskID, name, err := queue.Address(p)
	if err != nil {
		l.t.Fatal(err)
	}
	out := records[0].State.String()
	_, err = asynq.NewInspectorFromRedisClient(l.rdb).GetTaskInfo(name, taskID)
	if errors.Is(err, asynq.ErrTaskNotFound) || errors.Is(err, asynq.ErrQueueNotFound) {
		return out + ", no task"
	}
	if err != nil {
		l.t.Fatal(err)
	}
	return out
}

func (l *letters) round(later time.Duration) {
	l.t.Helper()
	l.later = later
	if err := l.look.round(context.Background()); err != nil {
		l.t.Fatal(err)
	}
}

// Whatever its caller does, a call that has begun to store is brought to its end: each call is given up at each of its
// round trips in turn.
func TestCallsThatAreGivenUpAreFinished(t *testing.T) {
	t.Parallel()
	l := newLetters(t)
	for _, kind := range []ledger.Kind{ledger.Message, ledger.Forward} {
		given := 0
		for trip := 1; trip <= 12; trip++ {
			ctx, giveUp := context.WithCancel(context.Background())
			f := &fuse{left: trip, do: giveUp}
			id := fmt.Sprintf("%s-%d", kind, trip)
			err := enqueueAs(ctx, l.client(f), kind, id, time.Time{})
			if f.left <= 0 {
				given++
			}
			giveUp()
			if state := l.state(kind, id); state != "pending" && (state != "" || err == nil) {
				t.Errorf("%s given up at round trip %d: %q, %v", kind, trip, state, err)
			}
		}
		if given < 3 {
			t.Errorf("%s: given up only %d times", kind, given)
		}
	}
}

// A process that ends in the middle of enqueueing leaves nothing, or a message that gets its task from a worker: at its
// time, once.
func TestMessagesWithoutTaskGetOne(t *testing.T) {
	t.Parallel()
	l := newLetters(t)
	ctx := context.Background()
	for name, due := range map[string]time.Duration{"now": 0, "later": 2 * time.Hour} {
		for _, kind := range []ledger.Kind{ledger.Message, ledger.Forward} {
			lost := 0
			for trip := 1; trip <= 12; trip++ {
				id := fmt.Sprintf("%s-%s-%d", kind, name, trip)
				var at time.Time
				if due > 0 {
					at = time.Now().Add(due)
				}
				err := enqueueAs(ctx, l.client(&fuse{left: trip, dead: true}), kind, id, at)
				before := l.state(kind, id)
				if err == nil && before != "pending" {
					t.Errorf("%s: %q after a call that was finished", id, before)
				}
				l.found = 0
				l.round(due + time.Minute)
				want := before
				if before == "pending, no task" {
					lost++
					want = "pending"
				}
				if got := l.state(kind, id); got != want || (l.found == 1) != (got != before) {
					t.Errorf("%s: %q, then %q, %d brought back", id, before, got, l.found)
				}
				l.round(due + 20*time.Minute)
				if l.found > 1 {
					t.Errorf("%s: brought back %d times", id, l.found)
				}
			}
			if lost == 0 {
				t.Errorf("%s %s: no round trip after which the task is missing", kind, name)
			}
		}
	}
}

// What an older version stored, and died over, gets its task as soon as the call is repeated, whoever dies over that.
func TestOlderMessagesWithoutTaskGetOne(t *testing.T) {
	t.Parallel()
	l := newLetters(t)
	ctx := context.Background()
	for _, kind := range []ledger.Kind{ledger.Message, ledger.Forward} {
		lost := 0
		for trip := 1; trip <= 12; trip++ {
			id := fmt.Sprintf("%s-%d", kind, trip)
			if err := enqueueAs(ctx, l.client(&fuse{}), kind, id, time.Time{}); err != nil {
				t.Fatal(err)
			}
			// As layout 0 had it: the request without a layout, the books under the bare id, no task.
			request, own := "herald:"+string(kind)+":{"+id+"}", ledger.Owner{Kind: kind, ID: id}
			hash := strings.TrimPrefix(l.rdb.Get(ctx, request).Val(), "1 ")
			if err := asynq.NewInspectorFromRedisClient(l.rdb).DeleteTask(queue.Line(message.Email), string(kind)+":"+id); err != nil {
				t.Fatal(err)
			}
			l.rdb.Del(ctx, append(l.rdb.Keys(ctx, "herald:*{"+id+"}*").Val(), l.rdb.Keys(ctx, "herald:{unsettled*").Val()...)...)
			l.rdb.Set(ctx, "herald:message:{"+id+"}", hash, time.Hour)
			l.rdb.Set(ctx, "herald:{"+id+":0}:states:0", make([]byte, 5), time.Hour)
			if state := l.state(kind, id); state != "pending, no task" {
				t.Fatalf("%s: %q", own, state)
			}
			err := enqueueAs(ctx, l.client(&fuse{left: trip, dead: true}), kind, id, time.Time{})
			listed, _ := l.rdb.Exists(ctx, "herald:{"+id+":0}:about:0").Result()
			l.round(time.Minute)
			want := "pending, no task"
			if err == nil || listed == 1 {
				want = "pending"
			}
			if err != nil && want == "pending" {
				lost++
			}
			if got := l.state(kind, id); got != want {
				t.Errorf("%s, round trip %d: %q, %v", own, trip, got, err)
			}
		}
		if lost == 0 {
			t.Errorf("%s: no round trip after which the task is missing", kind)
		}
	}
}

// Many calls, each given up after a random while.
func TestRandomCuts(t *testing.T) {
	t.Parallel()
	l := newLetters(t)
	c := l.client(&fuse{left: -1})
	for i := range 400 {
		kind := []ledger.Kind{ledger.Message, ledger.Forward}[i%2]
		ctx, giveUp := context.WithTimeout(context.Background(), rand.N(1500*time.Microsecond))
		id := fmt.Sprintf("cut-%d", i)
		err := enqueueAs(ctx, c, kind, id, time.Time{})
		giveUp()
		if state := l.state(kind, id); state != "pending" && (state != "" || err == nil) {
			t.Errorf("%s: %q, %v", id, state, err)
		}
	}
}

// What is settled, or was never stored, is not looked at for ever.
func TestSettledMessagesAreForgotten(t *testing.T) {
	t.Parallel()
	l := newLetters(t)
	ctx := context.Background()
	c := l.client(&fuse{left: -1})
	for _, id := range []string{"sent", "unknown", "pending"} {
		if err := enqueueAs(ctx, c, ledger.Message, id, time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	for id, s := range map[string]ledger.State{"sent": ledger.Sent, "unknown": ledger.Unknown} {
		if err := l.books.Mark(ctx, ledger.Owner{Kind: ledger.Message, ID: id}.Chunk(0), 0, s, ledger.Reason{Code: "c"}); err != nil {
			t.Fatal(err)
		}
	}
	sent := ledger.Owner{Kind: ledger.Message, ID: "sent"}
	if err := l.books.Conclude(ctx, sent, sent.Chunk(0), ledger.Sent, nil, nil); err != nil {
		t.Fatal(err)
	}
	if err := l.books.AddUnsettled(ctx, sent); err != nil { // as if somebody had asked again
		t.Fatal(err)
	}
	if err := l.books.AddUnsettled(ctx, ledger.Owner{Kind: ledger.Forward, ID: "never"}); err != nil {
		t.Fatal(err)
	}
	l.round(time.Minute)
	l.later += time.Hour
	left, err := l.books.Overdue(ctx, time.Hour, 100)
	if err != nil || len(left) != 1 || left[0].ID != "pending" || l.found != 0 {
		t.Errorf("%v are left, %d brought back, %v", left, l.found, err)
	}
}

// A stored task that this version refuses has no future: its message fails. One that it can't read waits for a newer worker,
// and the log does not quote it.
func TestStoredTasksThatCannotRun(t *testing.T) {
	t.Parallel()
	l := newLetters(t)
	ctx := context.Background()
	c := l.client(&fuse{left: -1})
	for id, change := range map[string][2]string{"refused": {"ada@example.com", "ada at example"}, "newer": {`"to":`, `"color":"red","to":`}} {
		if err := enqueueAs(ctx, c, ledger.Message, id, time.Time{}); err != nil {
			t.Fatal(err)
		}
		if err := asynq.NewInspectorFromRedisClient(l.rdb).DeleteTask(queue.Line(message.Email), "message:"+id); err != nil {
			t.Fatal(err)
		}
		key := ledger.Owner{Kind: ledger.Message, ID: id}.Chunk(0).Key("about")
		head, payload, _ := strings.Cut(l.rdb.Get(ctx, key).Val(), "\n")
		l.rdb.Set(ctx, key, head+"\n"+strings.Replace(payload, change[0], change[1], 1), time.Hour)
	}
	l.later = time.Minute
	err := l.look.round(ctx)
	if err == nil || strings.Contains(err.Error(), "example") {
		t.Errorf("the round: %v", err)
	}
	if got := l.state(ledger.Message, "refused"); got != "failed, no task" {
		t.Errorf("refused: %q", got)
	}
	if got := l.state(ledger.Message, "newer"); got != "pending, no task" {
		t.Errorf("newer: %q", got)
	}
	if status, err := c.MessageStatus(ctx, "refused"); err != nil || status.Reason.Code != enqueue.CodeRefused || !strings.Contains(status.Reason.Text, "ada at example") {
		t.Errorf("%+v, %v", status, err)
	}
}
