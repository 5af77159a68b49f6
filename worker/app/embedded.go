package app

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/heraldsend/herald/worker/channel/catcher"
	"github.com/heraldsend/herald/worker/message"
)

// TooLarge is a file in the audience of the samples that is over the limit on purpose.
const TooLarge = "catalogue.pdf"

// Embedded are the servers of a real set-up, in this process: a Redis, and a mail server that keeps what it gets.
// Nothing durable is promised.
type Embedded struct {
	Settings *Settings // they lead to the servers
	Mailbox  *catcher.Catcher
	stack
}

// StartEmbedded starts them.
func StartEmbedded(ctx context.Context, o catcher.Options) (_ *Embedded, err error) {
	var open stack
	defer open.undo(&err)
	redis := miniredis.NewMiniRedis()
	if err := redis.Start(); err != nil {
		return nil, fmt.Errorf("start the embedded Redis: %w", err)
	}
	open.add(func() error { redis.Close(); return nil })
	ticking, halt := context.WithCancel(ctx)
	open.add(func() error { halt(); return nil })
	go tick(ticking, redis)
	mailbox, err := catcher.Start(o)
	if err != nil {
		return nil, err
	}
	open.add(mailbox.Close)
	dir, err := os.MkdirTemp("", "herald-demo-")
	if err != nil {
		return nil, err
	}
	open.add(func() error { return os.RemoveAll(dir) })
	large := append([]byte("%PDF-1.7\n"), bytes.Repeat([]byte(" "), message.MaxFile)...)
	if err := os.WriteFile(filepath.Join(dir, TooLarge), large, 0o600); err != nil {
		return nil, err
	}
	return &Embedded{stack: open, Mailbox: mailbox, Settings: &Settings{
		RedisURL: "redis://" + redis.Addr() + "/0", AllowVolatileRedis: true, SMTPURL: mailbox.URL(), Unconfigured: "log",
		Attachments: dir, Concurrency: 16, DrainTimeout: 10 * time.Second, LogLevel: "error", LogFormat: "text",
	}}, nil
}

// tick moves the embedded Redis's clock, which stands still by itself.
func tick(ctx context.Context, redis *miniredis.Miniredis) {
	const step = 500 * time.Millisecond
	t := time.NewTicker(step)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			redis.FastForward(step)
		case <-ctx.Done():
			return
		}
	}
}
