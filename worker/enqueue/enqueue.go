// Package enqueue is the client that other services import: it puts messages and bulks into the queue and reads
// what became of them. It talks to Redis and to nothing else, and links neither templates nor locale data.
//
//	client, err := enqueue.New(enqueue.Options{Redis: rdb})
//	id, err := client.Message(ctx, task.Message{
//		Channel: message.Email, From: "Acme Support <help@acme.example>", To: "ada@example.com",
//		Content: task.Content{Shortcut: "order_delayed"},
//		Context: json.RawMessage(`{"customer":{"firstName":"Ada"}}`),
//	})
//
// What a call returned without an error is stored, as durably as Redis is set up to store it.
package enqueue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/outbox"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/blob"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// ErrConflict says that another message was enqueued under the same id.
var ErrConflict = errors.New("another message has this id")

// Client enqueues messages and bulks. It is safe for concurrent use.
type Client struct {
	rdb    redis.UniversalClient
	queue  *queue.Client
	ledger *ledger.Ledger
	bulks  *bulk.Store
	blobs  *blob.Store
	events *outbox.Store
	phones address.PhoneParser
}

// Options for New.
type Options struct {
	Redis redis.UniversalClient // required; stays the caller's to close
	Log   *slog.Logger          // slog.Default() when nil
	// Phones reads phone numbers: phone.Parse of worker/address/phone. Only a bulk of SMS with Deduplicate needs it. It
	// brings about 3 MB of numbering plans, so whoever doesn't need it leaves it out.
	Phones address.PhoneParser
}

// New returns a client. Close it before its Redis client.
func New(o Options) (*Client, error) {
	if o.Redis == nil {
		return nil, errors.New("enqueue: Redis is required")
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	events, err := outbox.New(outbox.Options{Redis: o.Redis})
	if err != nil {
		return nil, err
	}
	books, err := ledger.New(ledger.Options{Redis: o.Redis, Log: o.Log})
	if err != nil {
		return nil, err
	}
	return &Client{
		rdb: o.Redis, queue: queue.New(o.Redis), ledger: books,
		bulks: bulk.NewStore(o.Redis, books), blobs: blob.New(o.Redis), events: events, phones: o.Phones,
	}, nil
}

// Close releases what New started.
func (c *Client) Close() error { return c.ledger.Close() }

// NewID returns a fresh id for a message or a bulk. Later ones sort after earlier ones.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }

// Attach stores the bytes of an attachment once, whoever sends it how often, and returns the reference that
// messages and bulks carry. The type, where empty, is found from name and content.
func (c *Client) Attach(ctx context.Context, name, mediaType string, data []byte) (message.Ref, error) {
	sha, err := c.blobs.Put(ctx, data, bulk.SourceRetention)
	if err != nil {
		return message.Ref{}, err
	}
	return message.Ref{Name: name, Type: mediaType, Blob: sha}, nil
}

// Pin stores template sources and returns the hash that Content.Sources takes.
func (c *Client) Pin(ctx context.Context, sources []byte) (string, error) {
	return c.blobs.Put(ctx, sources, bulk.SourceRetention)
}

// messageKey holds what was enqueued under an id, so that a repeated call can be told from a conflict.
func messageKey(id string) string { return "herald:message:{" + id + "}" }

// Message enqueues one message and returns its id, a fresh one where m has none. Enqueueing the same message again
// is harmless and returns the same id; another message under the same id is ErrConflict.
func (c *Client) Message(ctx context.Context, m task.Message) (string, error) {
	if m.ID == "" {
		m.ID = NewID()
	}
	if err := CheckMessage(m); err != nil {
		return "", err
	}
	if err := c.CheckFiles(ctx, m.Channel, m.Attachments); err != nil {
		return "", fault.Under("/attachments", err)
	}
	data, err := task.Encode(m)
	if err != nil {
		return "", err
	}
	if err := c.once(ctx, m.ID, data, m, m.SendAt); err != nil {
		return "", err
	}
	return m.ID, nil
}

// CheckMessage finds every fault of a message that can be known without looking at anything else, as a fault.List.
func CheckMessage(m task.Message) error {
	var faults fault.List
	faults.Join("", m.Validate())
	faults.Join("/sendAt", checkAhead(m.SendAt))
	return faults.Err()
}

// CheckFiles tells what is wrong with files that are to go along on a channel, as far as references and the sizes of what
// is stored tell it. The faults have places in refs; any other error is trouble with Redis.
func (c *Client) CheckFiles(ctx context.Context, channel message.Channel, refs []message.Ref) error {
	var blobs []string
	for _, ref := range refs {
		if ref.Blob != "" {
			blobs = append(blobs, ref.Blob)
		}
	}
	sizes, err := c.blobs.Sizes(ctx, blobs...)
	if err != nil {
		return err
	}
	return attach.For(channel).CheckKnown(refs, sizes)
}

// once enqueues what data is the encoding of, for a time, unless that was done before; ErrConflict where something else
// was. What is kept of it outlives that time as usual.
func (c *Client) once(ctx context.Context, id string, data []byte, p task.Payload, at time.Time) error {
	longer := ahead(at)
	// One round trip. Books that are there stay as they are, so opening them changes nothing where the id is taken.
	pipe := c.rdb.Pipeline()
	fresh := pipe.SetNX(ctx, messageKey(id), blob.Hash(data), bulk.Retention+longer)
	c.ledger.OpenNewIn(ctx, pipe, ledger.Chunk{Owner: id}, 1, longer)
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("enqueue message: %w", err)
	}
	if !fresh.Val() {
		known, err := c.rdb.Get(ctx, messageKey(id)).Result()
		if err != nil {
			return fmt.Errorf("enqueue message: %w", err)
		}
		if known != blob.Hash(data) {
			return fmt.Errorf("message %s: %w", id, ErrConflict)
		}
	}
	_, err := c.queue.EnqueueAt(ctx, p, at)
	return err
}

// MessageStatus returns what became of a message, or ledger.ErrNotFound.
func (c *Client) MessageStatus(ctx context.Context, id string) (ledger.Record, error) {
	records, err := c.ledger.Chunk(ctx, ledger.Chunk{Owner: id})
	if err != nil {
		return ledger.Record{}, err
	}
	if len(records) != 1 {
		return ledger.Record{}, fmt.Errorf("message %s: %w", id, ledger.ErrNotFound)
	}
	return records[0], nil
}

// Bulks reads stored bulks: status and results.
func (c *Client) Bulks() *bulk.Store { return c.bulks }

func now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }
