package worker

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

var damageEvery = flag.Int("damage.every", 23, "TestDamageStopsOneThing tries every n-th damage")

// damages are what others may do to a key.
var damages = []struct {
	name string
	do   func(ctx context.Context, rdb redis.UniversalClient, key string) error
}{
	{"string", func(ctx context.Context, rdb redis.UniversalClient, key string) error {
		return rdb.Set(ctx, key, "x", 0).Err()
	}},
	{"list", func(ctx context.Context, rdb redis.UniversalClient, key string) error {
		return rdb.RPush(ctx, key, "x").Err()
	}},
	{"set", func(ctx context.Context, rdb redis.UniversalClient, key string) error {
		return rdb.SAdd(ctx, key, "x").Err()
	}},
	{"sorted set", func(ctx context.Context, rdb redis.UniversalClient, key string) error {
		return rdb.ZAdd(ctx, key, redis.Z{Score: 1, Member: "x"}).Err()
	}},
	{"hash", func(ctx context.Context, rdb redis.UniversalClient, key string) error {
		return rdb.HSet(ctx, key, "x", "y").Err()
	}},
	{"stream", func(ctx context.Context, rdb redis.UniversalClient, key string) error {
		return rdb.XAdd(ctx, &redis.XAddArgs{Stream: key, Values: []string{"x", "y"}}).Err()
	}},
	{"nothing", func(context.Context, redis.UniversalClient, string) error { return nil }},
	{"garbage", nil}, {"half", nil},
}

// damage does it. Garbage and half change the values of a key of the same type.
func damage(t *testing.T, rdb redis.UniversalClient, key string, n int) {
	t.Helper()
	ctx := t.Context()
	if d := damages[n]; d.do != nil {
		if err := errors.Join(rdb.Del(ctx, key).Err(), d.do(ctx, rdb, key)); err != nil {
			t.Fatal(err)
		}
		return
	}
	spoil := func(s string) string { return "\xff{garbage" }
	if damages[n].name == "half" {
		spoil = func(s string) string { return s[:len(s)/2] }
	}
	kind, err := rdb.Type(ctx, key).Result()
	if err != nil {
		t.Fatal(err)
	}
	switch kind {
	case "string":
		s, getErr := rdb.Get(ctx, key).Result()
		err = errors.Join(getErr, rdb.Set(ctx, key, spoil(s), redis.KeepTTL).Err())
	case "hash":
		fields, getErr := rdb.HGetAll(ctx, key).Result()
		err = getErr
		for field, s := range fields {
			err = errors.Join(err, rdb.HSet(ctx, key, field, spoil(s)).Err())
		}
	case "list":
		values, getErr := rdb.LRange(ctx, key, 0, -1).Result()
		err = getErr
		for i, s := range values {
			err = errors.Join(err, rdb.LSet(ctx, key, int64(i), spoil(s)).Err())
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// guests are recipients of a bulk, whose addresses say which.
func guests(of string, n int) iter.Seq2[bulk.Recipient, error] {
	return func(yield func(bulk.Recipient, error) bool) {
		for i := range n {
			if !yield(bulk.Recipient{Email: fmt.Sprintf("%s%d@example.com", of, i), Context: json.RawMessage(`{"customer":{"firstName":"U"}}`)}, nil) {
				return
			}
		}
	}
}

// enqueueAll enqueues one of everything under a name.
func (s *site) enqueueAll(name string) {
	s.t.Helper()
	ctx := context.Background()
	d := bulk.Definition{ID: name, Messages: []bulk.Part{{Channel: message.Email, From: "Acme <help@acme.example>", Content: task.Content{Shortcut: "hello"}}}}
	_, bulkErr := s.client.Bulk(ctx, d, guests(name, 5), enqueue.BulkOptions{})
	_, err := s.client.Message(ctx, task.Message{ID: name, Channel: message.Email, From: "help@acme.example", To: name + "-m@example.com", Content: task.Content{Shortcut: "hello"}, Context: json.RawMessage(`{"customer":{"firstName":"U"}}`)})
	_, forwardErr := s.client.Forward(ctx, task.Forward{ID: name, From: "desk@desk.example", To: name + "-f@example.com"}, []byte(`{"id":"`+name+`","messages":[{"direction":"in","body":"`+name+`"}]}`))
	if err := errors.Join(bulkErr, err, forwardErr); err != nil {
		s.t.Fatal(err)
	}
}

// keys are all keys of Redis.
func (s *site) keys() []string {
	s.t.Helper()
	keys, err := s.rdb.Keys(context.Background(), "*").Result()
	if err != nil {
		s.t.Fatal(err)
	}
	slices.Sort(keys)
	return keys
}

// damageable are the keys that belong to one bulk, message or forward alone.
func damageable(t *testing.T) []string {
	t.Helper()
	s := newSite(t)
	s.enqueueAll("good")
	before := s.keys()
	s.enqueueAll("bad")
	return slices.DeleteFunc(s.keys(), func(key string) bool {
		// Asynq's lists are of a queue, whichever task came first.
		return slices.Contains(before, key) || strings.HasPrefix(key, "asynq:") && !strings.Contains(key, ":t:")
	})
}

// Whatever happens to the data of one bulk, message or forward in Redis, the others are sent, what waits is listed, and the
// worker ends in order.
func TestDamageStopsOneThing(t *testing.T) {
	t.Parallel()
	keys := damageable(t)
	if len(keys) < 10 {
		t.Fatalf("only %q", keys)
	}
	for n := 0; n < len(keys)*len(damages); n += *damageEvery {
		key, what := keys[n/len(damages)], n%len(damages)
		t.Run(damages[what].name+" "+key, func(t *testing.T) {
			s := newSite(t)
			s.enqueueAll("good")
			s.enqueueAll("bad")
			damage(t, s.rdb, key, what)
			s.goodIsSent("good")
		})
	}
}

// goodIsSent starts a worker and waits until all of a name is sent, whatever there is besides; then what there is can be listed.
func (s *site) goodIsSent(name string) {
	s.t.Helper()
	ctx := context.Background()
	stop := s.worker()
	s.awaitSent(name, "0", "1", "2", "3", "4", "-m", "-f")
	s.complete(name)
	ids, err := s.client.Bulks().List(ctx, "", 100)
	if err != nil || !slices.Contains(ids, name) {
		s.t.Errorf("bulks %q, %v", ids, err)
	}
	for _, id := range ids {
		if _, err := s.client.BulkProgress(ctx, id); err != nil && !bulk.IsUnreadable(err) && !errors.Is(err, bulk.ErrNotFound) {
			s.t.Errorf("status of %s: %v", id, err)
		}
	}
	for what, status := range map[string]func(context.Context, string) (enqueue.Status, error){"message": s.client.MessageStatus, "forward": s.client.ForwardStatus} {
		if got, err := status(ctx, name); err != nil || got.State != ledger.Sent {
			s.t.Errorf("%s %s: %+v, %v", name, what, got, err)
		}
	}
	stop()
}

func (s *site) awaitSent(name string, parts ...string) {
	s.t.Helper()
	s.await(fmt.Sprintf("%q of %s are sent", parts, name), func() bool {
		s.out.mu.Lock()
		defer s.out.mu.Unlock()
		return !slices.ContainsFunc(parts, func(part string) bool { return s.out.sent[name+part+"@example.com"] == 0 })
	})
}

// sendHalf lets a worker send what is bad, but one that is refused, and one that a mail server puts off; then it stops.
func (s *site) sendHalf() {
	s.t.Helper()
	s.out.answer = func(m *message.Message, _ int) error {
		switch m.To[0].Addr {
		case "bad0@example.com":
			return &send.Error{Permanent: true, Code: "554", Err: errors.New("not wanted")}
		case "bad1@example.com":
			return &send.Error{Code: "451", Err: errors.New("later")}
		}
		return nil
	}
	stop := s.worker()
	s.awaitSent("bad", "2", "3", "4", "-m", "-f")
	s.await("the last one waits", func() bool {
		n, err := s.rdb.Exists(context.Background(), "herald:bulk:{bad:0}:wait:0").Result()
		return err == nil && n == 1
	})
	stop()
}

// The same for data that comes with sending: reasons, details, why something waits, what is told.
func TestDamageOfWhatIsSent(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.enqueueAll("bad")
	before := s.keys()
	s.sendHalf()
	keys := slices.DeleteFunc(s.keys(), func(key string) bool {
		return slices.Contains(before, key) || !strings.Contains(key, "bad") // those of all, such as counts of a channel, are no one thing
	})
	if len(keys) < 3 {
		t.Fatalf("only %q", keys)
	}
	every := max(1, *damageEvery/4)
	for n := 0; n < len(keys)*len(damages); n += every {
		key, what := keys[n/len(damages)], n%len(damages)
		t.Run(damages[what].name+" "+key, func(t *testing.T) {
			s := newSite(t)
			s.enqueueAll("bad")
			s.sendHalf()
			damage(t, s.rdb, key, what)
			s.enqueueAll("good")
			s.goodIsSent("good")
		})
	}
}

// A task that can't be read becomes a dead letter, and its message fails and says why. A chunk of a bulk gets another task.
func TestUnreadableTasksBecomeDeadLetters(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.enqueueAll("bad")
	ctx := context.Background()
	garbage := func(key string) {
		if n, err := s.rdb.Exists(ctx, key).Result(); err != nil || n != 1 {
			t.Fatalf("%s: %d, %v", key, n, err)
		}
		if err := s.rdb.HSet(ctx, key, "msg", "\xffgarbage").Err(); err != nil {
			t.Fatal(err)
		}
	}
	garbage("asynq:{message:email}:t:message:bad")
	garbage("asynq:{message:email}:t:forward:bad")
	garbage("asynq:{message}:t:bulk:bad:start:0")
	s.worker()
	for _, id := range []string{"message.send/message:bad", "conversation.forward/forward:bad", "bulk.start/bulk:bad:start:0"} {
		if l := s.deadLetter(id); !strings.Contains(string(l.Payload), "base64") || l.Reason != "its data in Redis can't be read" {
			t.Errorf("%s: %+v", id, l)
		}
	}
	for name, status := range map[string]func(context.Context, string) (enqueue.Status, error){"message": s.client.MessageStatus, "forward": s.client.ForwardStatus} {
		got, err := status(ctx, "bad")
		if err != nil || got.State != ledger.Failed || got.Reason.Code != enqueue.CodeRefused || !strings.Contains(got.Reason.Text, "can't be read") {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	s.complete("bad")
}
