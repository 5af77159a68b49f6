package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/scan"
	"github.com/heraldsend/herald/worker/task"
)

// find stores bulks with so many recipients together, and 10,000 single messages, and looks for people in them.
func (b *bench) find(n int) error {
	const bulks, singles, searches = 10, 10_000, 50
	if err := b.prepare(); err != nil {
		return err
	}
	ctx := context.Background()
	client, err := enqueue.New(enqueue.Options{Redis: b.redis, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	filler := strings.Repeat("A longer note about this customer as a help desk keeps it. ", 12)
	row := func(i int) bulk.Recipient {
		return bulk.Recipient{Email: fmt.Sprintf("user%d@example.com", i), Context: json.RawMessage(fmt.Sprintf(
			`{"customer":{"firstName":"First%d","lastName":"Last%d","custom":{"orderNumberStr":"A-%d","cityStr":"City %d","notesTxt":"%s%d"}}}`, i%977, i%1009, 100_000+i, i%313, filler, i))}
	}
	for k := range bulks {
		d := bulk.Definition{ID: fmt.Sprintf("bench%d", k), Messages: []bulk.Part{{Channel: message.Email, From: "shop@shop.example", Content: task.Content{Text: "Hi", Subject: "Hi"}}}}
		if _, err := client.CreateBulk(ctx, d); err != nil {
			return err
		}
		if _, err := client.LoadBulk(ctx, d.ID, func(yield func(bulk.Recipient, error) bool) {
			for i := k * n / bulks; i < (k+1)*n/bulks && yield(row(i), nil); i++ {
			}
		}, enqueue.BulkOptions{}); err != nil {
			return err
		}
	}
	before := b.memory()
	for first := 0; first < singles; first += 500 {
		var list []task.Message
		for i := first; i < first+500; i++ {
			list = append(list, task.Message{Channel: message.Email, From: "shop@shop.example", To: fmt.Sprintf("user%d@example.com", i), Content: task.Content{Text: "Hi", Subject: "Hi"}})
		}
		if _, err := client.Messages(ctx, list); err != nil {
			return err
		}
	}
	each := float64(b.memory()-before) / singles
	index, err := b.size(ctx, "herald:{to:*")
	if err != nil {
		return err
	}
	filters, err := b.size(ctx, "herald:bulk:*:filters:*")
	if err != nil {
		return err
	}
	fmt.Printf("%d recipients in %d bulks; Redis has %.1f MB\nfilters   %.2f MB a million recipients\nindex     %.0f of the %.0f bytes of a single message that waits\n",
		n, bulks, float64(b.memory())/1e6, float64(filters)/float64(n), float64(index)/singles, each)
	var took []time.Duration
	cpu, redisCPU := ownCPU(), b.redisCPU()
	for range searches {
		i := rand.N(n)
		started := time.Now()
		found, err := client.Find(ctx, enqueue.Search{Recipient: fmt.Sprintf("USER%d@example.com", i), Most: 50})
		took = append(took, time.Since(started))
		want := 1
		if i < singles {
			want = 2
		}
		if err != nil || len(found.Matches) != want || found.Next != "" {
			return fmt.Errorf("user %d: %d matches, want %d: %w", i, len(found.Matches), want, err)
		}
	}
	slices.Sort(took)
	fmt.Printf("find      %s median, %s the slowest of %d; CPU each: %s, Redis %.0f ms\n", took[len(took)/2].Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond), searches,
		((ownCPU() - cpu) / searches).Round(time.Millisecond), 1000*(b.redisCPU()-redisCPU)/searches)
	return nil
}

// ownCPU is the CPU time that this process has used.
func ownCPU() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // of itself it never fails
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// size is what the keys of a pattern take in Redis, in bytes.
func (b *bench) size(ctx context.Context, pattern string) (total int64, err error) {
	err = scan.Keys(ctx, b.redis, pattern, func(key string) error {
		n, err := b.redis.MemoryUsage(ctx, key, 0).Result()
		total += n
		return err
	})
	return total, err
}
