// Package enqueue is the client that other services import: it enqueues messages and bulks and reads their state. It
// talks only to Redis, and links neither templates nor locale data.
//
//	client, err := enqueue.New(enqueue.Options{Redis: rdb})
//	id, err := client.Message(ctx, task.Message{
//		Channel: message.Email, From: "Acme Support <help@acme.example>", To: "ada@example.com",
//		Content: task.Content{Shortcut: "order_delayed"},
//		Context: json.RawMessage(`{"customer":{"firstName":"Ada"}}`),
//	})
//
// When a call returns without an error, its data is stored, as durably as Redis is set up to store it.
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
	"github.com/heraldsend/herald/worker/store/fleet"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
	"github.com/heraldsend/herald/worker/topic"
)

// ErrConflict says that another message, forward or bulk is stored under the same id.
var ErrConflict = errors.New("another one with other content has this id")

// Client enqueues messages and bulks. It is safe for concurrent use.
type Client struct {
	rdb    redis.UniversalClient
	queue  *queue.Client
	ledger *ledger.Ledger
	bulks  *bulk.Store
	blobs  *blob.Store
	events *outbox.Store
	phones address.PhoneParser
	fleet  *fleet.Store
	topics *topic.Set
}

// Options for New.
type Options struct {
	Redis redis.UniversalClient // required; stays the caller's to close
	Log   *slog.Logger          // slog.Default() when nil
	// Phones reads phone numbers: phone.Parse of worker/address/phone. Only a bulk of SMS with Deduplicate needs it.
	// It adds about 3 MB of numbering plans to a program.
	Phones address.PhoneParser
	// Retention is how long what is enqueued is known after it was to be sent: its state, its content, its id. The same for
	// clients and workers (HERALD_RETENTION). ledger.DefaultRetention, 30 days, when zero.
	Retention time.Duration
	// Topics are those of the workers (topic.Open of HERALD_TOPICS), so that messages of others are refused at once. nil:
	// they are not looked at, and messages of a topic that no worker knows wait.
	Topics *topic.Set
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
	books, err := ledger.New(ledger.Options{Redis: o.Redis, Log: o.Log, Retention: o.Retention})
	if err != nil {
		return nil, err
	}
	return &Client{
		rdb: o.Redis, queue: queue.New(o.Redis), ledger: books,
		bulks: bulk.NewStore(o.Redis, books), blobs: blob.New(o.Redis), events: events, phones: o.Phones, fleet: fleet.New(o.Redis), topics: o.Topics,
	}, nil
}

// Close releases what New started.
func (c *Client) Close() error { return c.ledger.Close() }

// Retention is how long what is enqueued is known after it was to be sent. Until then its id is taken; after that the same id
// is another message.
func (c *Client) Retention() time.Duration { return c.ledger.Retention() }

// SourceRetention is how long template sources and attachments are kept after they were last stored.
func (c *Client) SourceRetention() time.Duration { return bulk.SourceRetention(c.Retention()) }

// NewID returns a fresh id for a message or a bulk. Later ones sort after earlier ones.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }

// Attach stores the bytes of an attachment, once for all who send it, and returns the reference for messages and
// bulks. An empty type is found from name and content.
func (c *Client) Attach(ctx context.Context, name, mediaType string, data []byte) (message.Ref, error) {
	sha, err := c.blobs.Put(ctx, data, c.SourceRetention())
	if err != nil {
		return message.Ref{}, err
	}
	return message.Ref{Name: name, Type: mediaType, Blob: sha}, nil
}

// Pin stores template sources and returns the hash that Content.Sources takes.
func (c *Client) Pin(ctx context.Context, sources []byte) (string, error) {
	return c.blobs.Put(ctx, sources, c.SourceRetention())
}

// Message enqueues one message and returns its id, a fresh one if m has none. Enqueueing the same message again is
// harmless and returns the same id; another message under the same id is ErrConflict. A forward or a bulk may have
// the same id: they are separate.
func (c *Client) Message(ctx context.Context, m task.Message) (string, error) {
	r, err := c.Enqueue(ctx, m)
	return r.ID, err
}

// CheckMessage finds every fault that the message alone shows, as a fault.List.
func CheckMessage(m task.Message) error {
	var faults fault.List
	faults.Join("", m.Validate())
	faults.Join("/sendAt", checkAhead(m.SendAt))
	return faults.Err()
}

// CheckTopic finds what Options.Topics have against a message with these labels; unsubscribe says that it is to have a link.
func (c *Client) CheckTopic(l message.Labels, unsubscribe bool) error {
	if c.topics == nil {
		return nil
	}
	return c.topics.Check(l, unsubscribe)
}

// CheckBulkTopic is CheckTopic for a bulk.
func (c *Client) CheckBulkTopic(d bulk.Definition) error { return d.CheckTopic(c.CheckTopic) }

// CheckFiles finds what is wrong with files under a policy, as far as references and the sizes of stored files show
// it. The faults have places in refs; any other error is trouble with Redis.
func (c *Client) CheckFiles(ctx context.Context, p attach.Policy, refs []message.Ref) error {
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
	return p.CheckKnown(refs, sizes)
}

// patience bounds how long a call goes on after its caller has gone.
const patience = 10 * time.Second

// toTheEnd is a context for work that must not stop halfway: it ignores for a while that the caller has gone. If the
// work can't be finished then, because Redis hangs or this process dies, a worker finishes it.
func toTheEnd(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), patience)
}

// once enqueues a message or forward for a time, unless that was done before; fresh reports that it was not. It returns
// ErrConflict if another one has the id. The data is kept as long as usual after that time.
func (c *Client) once(ctx context.Context, p task.Payload, at time.Time) (fresh bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err // nothing was begun
	}
	ctx, cancel := toTheEnd(ctx)
	defer cancel()
	p, admission, err := c.admit(ctx, p, ahead(at))
	if err != nil {
		return false, err
	}
	p = enqueued(p, time.Now())
	if admission.Fresh { // whatever the queue still knows under its id is of one that is forgotten
		_, err = c.queue.AgainAt(ctx, p, at)
	} else {
		_, err = c.queue.Repeat(ctx, p, at)
	}
	return admission.Fresh, err
}

// enqueued is a message or forward with the time at which it was enqueued; any other payload is as it was.
func enqueued(p task.Payload, at time.Time) task.Payload {
	at = at.UTC().Truncate(time.Second)
	switch p := p.(type) {
	case task.Message:
		p.EnqueuedAt = at
		return p
	case task.Forward:
		p.EnqueuedAt = at
		return p
	}
	return p
}

// admit creates the record of a message or forward, unless there is one. It returns ErrConflict if another one has
// the id. The payload that it returns has the layout of the record.
func (c *Client) admit(ctx context.Context, p task.Payload, longer time.Duration) (task.Payload, ledger.Admission, error) {
	p = enqueued(task.InLayout(p, 0), time.Time{}) // it is the same message, whenever it is enqueued
	owner := ownerOf(p)
	asked, err := RequestOf(p)
	if err != nil {
		return nil, ledger.Admission{}, err
	}
	key, err := c.ledger.Fingerprints().Key(ctx)
	if err != nil {
		return nil, ledger.Admission{}, err
	}
	asked.Recipients = fingerprints(key, p)
	admission, err := c.ledger.OpenOnce(ctx, owner, blob.Hash(asked.Payload), asked, longer)
	if err != nil {
		return nil, ledger.Admission{}, err
	}
	if !admission.Same {
		return nil, admission, fmt.Errorf("%s: %w", owner, ErrConflict)
	}
	return task.InLayout(p, admission.Owner.Layout(task.Layout)), admission, nil
}

// RequestOf is the request of a message or forward, as the ledger keeps it with the record.
func RequestOf(p task.Payload) (ledger.Request, error) {
	p = task.InLayout(p, 0)
	data, err := task.Encode(p)
	if err != nil {
		return ledger.Request{}, err
	}
	r := ledger.Request{Kind: p.Kind(), Payload: data}
	switch p := p.(type) {
	case task.Message:
		r.Channel, r.To, r.Country, r.Labels = string(p.Channel), p.To, CountryOf(p), p.Labels
	case task.Forward:
		r.Channel, r.To = string(message.Email), p.To
	}
	return r, nil
}

// ownerOf is the owner of a message's or forward's record.
func ownerOf(p task.Payload) ledger.Owner {
	switch p := p.(type) {
	case task.Message:
		return ledger.Owner{Kind: ledger.Message, ID: p.ID}
	case task.Forward:
		return ledger.Owner{Kind: ledger.Forward, ID: p.ID}
	}
	return ledger.Owner{}
}

// Bulks reads stored bulks: status and results.
func (c *Client) Bulks() *bulk.Store { return c.bulks }

func now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }
