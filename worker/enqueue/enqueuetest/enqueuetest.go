// Package enqueuetest is a client for the tests of services: the real client, on a Redis within the process. What it refuses
// in a test it refuses in production, and what was enqueued can be looked at. Nothing is rendered or sent; Settle says what
// became of a message.
//
//	fake := enqueuetest.New(t)
//	shop := NewShop(fake.Client)
//	shop.Ship(order)
//	sent := fake.Messages()
package enqueuetest

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// Fake is a client and what was enqueued by it. It is safe for concurrent use.
type Fake struct {
	Client *enqueue.Client
	Redis  redis.UniversalClient // within the process
	t      testing.TB
	ledger *ledger.Ledger
}

// New starts one, which ends with the test.
func New(t testing.TB) *Fake {
	t.Helper()
	server := miniredis.NewMiniRedis()
	if err := server.Start(); err != nil {
		t.Fatalf("enqueuetest: %v", err)
	}
	t.Cleanup(server.Close)
	rdb := redis.NewClient(&redis.Options{Addr: server.Addr()})
	t.Cleanup(func() { _ = rdb.Close() })
	quiet := slog.New(slog.DiscardHandler)
	books, err := ledger.New(ledger.Options{Redis: rdb, Log: quiet})
	if err != nil {
		t.Fatalf("enqueuetest: %v", err)
	}
	t.Cleanup(func() { _ = books.Close() })
	client, err := enqueue.New(enqueue.Options{Redis: rdb, Log: quiet})
	if err != nil {
		t.Fatalf("enqueuetest: %v", err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return &Fake{Client: client, Redis: rdb, t: t, ledger: books}
}

// Messages are the single messages that were enqueued and are neither cancelled nor settled, also those for later, in the
// order of their ids. Ids that the client made sort by time.
func (f *Fake) Messages() []enqueue.Message {
	f.t.Helper()
	var all []enqueue.Message
	f.each(func(p task.Payload) {
		if m, ok := p.(task.Message); ok && f.state(m.ID) == ledger.Pending {
			all = append(all, m)
		}
	})
	slices.SortFunc(all, func(a, b enqueue.Message) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// Bulks are the ids of the bulks that were started, in their order.
func (f *Fake) Bulks() []string {
	f.t.Helper()
	var all []string
	f.each(func(p task.Payload) {
		if b, ok := p.(task.BulkStart); ok && !slices.Contains(all, b.Bulk) {
			all = append(all, b.Bulk)
		}
	})
	slices.Sort(all)
	return all
}

// Recipients is the audience of a bulk.
func (f *Fake) Recipients(id string) []enqueue.Recipient {
	f.t.Helper()
	b, err := f.Client.Bulks().Bulk(context.Background(), id)
	if err != nil {
		f.t.Fatalf("enqueuetest: %v", err)
	}
	var all []enqueue.Recipient
	for chunk := range b.Chunks {
		some, err := f.Client.Bulks().Recipients(context.Background(), b.Definition, chunk)
		if err != nil {
			f.t.Fatalf("enqueuetest: %v", err)
		}
		all = append(all, some...)
	}
	return all
}

// Settle says what became of a pending message: enqueue.Sent, or another final state with a code. MessageStatus tells it then.
func (f *Fake) Settle(id string, s enqueue.State, code string) {
	f.t.Helper()
	reason := ledger.Reason{}
	if code != "" {
		reason = ledger.Reason{Code: code, Text: "a test says so"}
	}
	books := ledger.Owner{Kind: ledger.Message, ID: id}.Chunk(0)
	if f.state(id) != ledger.Pending {
		f.t.Fatalf("enqueuetest: message %s is not pending", id)
	}
	if err := f.ledger.Mark(context.Background(), books, 0, s, reason); err != nil {
		f.t.Fatalf("enqueuetest: %v", err)
	}
}

// state is the state of a message; Unknown where there is none.
func (f *Fake) state(id string) ledger.State {
	status, err := f.Client.MessageStatus(context.Background(), id)
	if err != nil {
		return ledger.Unknown
	}
	return status.State
}

func (f *Fake) each(see func(task.Payload)) {
	f.t.Helper()
	if err := queue.New(f.Redis).Each(context.Background(), func(s queue.Stored) error {
		p, err := task.Parse(s.Kind, s.Payload)
		if err == nil {
			see(p)
		}
		return err
	}); err != nil {
		f.t.Fatalf("enqueuetest: %v", err)
	}
}
