package app

import (
	"context"
	"log/slog"

	"github.com/heraldsend/herald/worker/address/phone"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/store/blob"
)

// Client is for the commands that enqueue. Close ends it.
type Client struct {
	*enqueue.Client
	Blobs *blob.Store
	open  stack
}

// NewClient connects to the queue.
func NewClient(ctx context.Context, s *Settings, log *slog.Logger) (_ *Client, err error) {
	var open stack
	defer open.undo(&err)
	rdb, err := ConnectRedis(ctx, s)
	if err != nil {
		return nil, err
	}
	open.add(rdb.Close)
	topics, err := s.topics()
	if err != nil {
		return nil, err
	}
	queue, err := enqueue.New(enqueue.Options{Redis: rdb, Log: log, Phones: phone.Parse, Retention: s.Retention, Topics: topics})
	if err != nil {
		return nil, err
	}
	open.add(queue.Close)
	return &Client{Client: queue, Blobs: blob.New(rdb), open: open}, nil
}

// Close ends the client and its connection.
func (c *Client) Close() error { return c.open.Close() }
