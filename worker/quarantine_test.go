package worker

import (
	"context"
	"errors"
	"testing"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// With a task that workers died over, recipients are claimed and sent to one by one; the one that a worker dies over
// next is found, and only that one.
func TestQuarantineAfterCrashes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ctx := context.Background()
	id := s.bulk(bulk.Definition{ID: "poison", Messages: []bulk.Part{{Content: task.Content{Shortcut: "hello"}}}}, 20)
	chunk := ledger.Owner{Kind: ledger.Bulk, ID: id}.Chunk(0)
	taskID, queueName, err := queue.Address(task.BulkChunk{Bulk: id, Layout: task.Layout, Channel: message.Email})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.rdb.HSet(ctx, "herald:{"+queueName+"}:crashes", taskID, 3).Err(); err != nil {
		t.Fatal(err)
	}
	books, err := ledger.New(ledger.Options{Redis: s.rdb, Log: s.log})
	if err != nil {
		t.Fatal(err)
	}
	defer books.Close()
	if ok, err := books.Claim(ctx, chunk, 5); err != nil || !ok { // the worker died over this one
		t.Fatal(ok, err)
	}
	var wrong error
	s.out.answer = func(*message.Message, int) error {
		counts, err := books.Counts(ctx, chunk.Owner)
		if err != nil || counts.Claimed != 1 {
			wrong = errors.Join(err, errors.New("a message was sent without exactly one claim"))
		}
		return nil
	}
	s.worker()
	s.complete(id)
	s.want(id, map[string]int{"sent": 19, "unknown interrupted": 1})
	if wrong != nil {
		t.Error(wrong)
	}
}
