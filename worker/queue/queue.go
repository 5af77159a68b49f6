// Package queue turns payloads into Asynq tasks: it decides about queue, task id, number of tries, and how long an id
// stays taken. It decides nothing about sending.
package queue

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// Messages is the queue of what needs no channel: the starts of bulks, tests, and messages that only change something. Versions
// before layout 2 put all single messages there.
const Messages = "message"

// Events is the queue of the tasks that send events.
const Events = "event"

// BulkShards is the number of queues that share the chunks of bulks. A queue is one slot of a Redis Cluster, so a
// large bulk uses as many slots.
const BulkShards = 8

// MaxAttempts is how often Asynq may run a task before it gives up. It is too large to be reached, on purpose: the
// worker decides when a message has failed, and Asynq's archive drops tasks silently when it is full.
const MaxAttempts = 1 << 20

// Retention is how long the id of a finished task stays taken, so that enqueueing it again is harmless.
const Retention = 24 * time.Hour

// timeout is the longest one run of a task may take. Without one, Asynq sets 30 minutes.
const timeout = 24 * time.Hour

// Line is the queue of the single messages of a channel, for which a person or a service waits. Each channel has one,
// so that a worker takes nothing that it can't send.
func Line(c message.Channel) string { return Messages + ":" + string(c) }

// Singles returns the names of all queues of single messages.
func Singles() []string {
	names := []string{Messages}
	for _, c := range message.Channels {
		names = append(names, Line(c))
	}
	return names
}

// BulkShard returns the n-th queue of the chunks of a channel's bulks. That of "" has those of bulks on several channels,
// and those of all bulks that versions before layout 2 stored.
func BulkShard(c message.Channel, n int) string {
	if c == "" {
		return "bulk:" + strconv.Itoa(n)
	}
	return "bulk:" + string(c) + ":" + strconv.Itoa(n)
}

// BulksOf returns the queues of the chunks of a channel's bulks; see BulkShard.
func BulksOf(c message.Channel) []string {
	names := make([]string, BulkShards)
	for i := range names {
		names[i] = BulkShard(c, i)
	}
	return names
}

// Bulks returns the names of all queues of bulk chunks.
func Bulks() []string {
	names := BulksOf("")
	for _, c := range message.Channels {
		names = append(names, BulksOf(c)...)
	}
	return names
}

// All returns the names of all queues.
func All() []string { return append(append(Bulks(), Singles()...), Events) }

// ErrUnavailable is wrapped by the errors of Enqueue and its like if Redis was not reached or did not store the task.
// Asynq's own errors are only text.
var ErrUnavailable = errors.New("not stored")

// Client enqueues. It is safe for concurrent use.
type Client struct {
	rdb       redis.UniversalClient
	asynq     *asynq.Client
	inspector *asynq.Inspector
}

// New returns a client on rdb, which stays the caller's to close.
func New(rdb redis.UniversalClient) *Client {
	return &Client{rdb: rdb, asynq: asynq.NewClientFromRedisClient(rdb), inspector: asynq.NewInspectorFromRedisClient(rdb)}
}

// Enqueue stores p durably. If a task with the same identity is queued, running, or finished within Retention, it
// does nothing and reports added as false. That task may come from this very call, when the Redis client repeats it
// after a lost answer.
func (c *Client) Enqueue(ctx context.Context, p task.Payload) (added bool, err error) {
	return c.EnqueueAt(ctx, p, time.Time{})
}

// EnqueueAt is Enqueue for a task that must not run before a time. A time that has passed, or the zero time, is now.
func (c *Client) EnqueueAt(ctx context.Context, p task.Payload, at time.Time) (added bool, err error) {
	data, err := task.Encode(p)
	if err != nil {
		return false, err
	}
	return c.enqueue(ctx, p, data, at)
}

// enqueue is EnqueueAt for a payload that was encoded.
func (c *Client) enqueue(ctx context.Context, p task.Payload, data []byte, at time.Time) (added bool, err error) {
	id, name, err := Address(p)
	if err != nil {
		return false, err
	}
	options := []asynq.Option{asynq.TaskID(id), asynq.Queue(name), asynq.MaxRetry(MaxAttempts), asynq.Timeout(timeout)}
	if name != Events { // a run that has ended finds another run in charge of its stream
		options = append(options, asynq.Retention(Retention))
	}
	if at.After(time.Now()) {
		// Asynq cuts a time to its second, which would be too early.
		options = append(options, asynq.ProcessAt(at.Add(time.Second-1).Truncate(time.Second)))
	}
	_, err = c.asynq.EnqueueContext(ctx, asynq.NewTask(p.Kind(), data), options...)
	switch {
	case errors.Is(err, asynq.ErrTaskIDConflict):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("enqueue %s: %w: %w", p.Kind(), ErrUnavailable, err)
	}
	return true, nil
}

// Again is Enqueue for a task that may have just ended: it runs once more. A task that is queued or running is left
// alone.
func (c *Client) Again(ctx context.Context, p task.Payload) (added bool, err error) {
	return c.AgainAt(ctx, p, time.Time{})
}

// AgainAt is Again for a task that must not run before a time.
func (c *Client) AgainAt(ctx context.Context, p task.Payload, at time.Time) (added bool, err error) {
	if added, err = c.EnqueueAt(ctx, p, at); added || err != nil {
		return added, err
	}
	id, name, err := Address(p)
	if err != nil {
		return false, err
	}
	info, err := c.info(name, id)
	switch {
	case errors.Is(err, ErrNoTask): // it ended at this very moment
	case err != nil:
		return false, err
	case info.State != asynq.TaskStateArchived && info.State != asynq.TaskStateCompleted:
		return false, nil
	default:
		if err := c.inspector.DeleteTask(name, id); err != nil && !errors.Is(err, asynq.ErrTaskNotFound) {
			return false, fmt.Errorf("make room for task %s: %w", id, err)
		}
	}
	return c.EnqueueAt(ctx, p, at)
}

// Restore is AgainAt for a message or forward that may be in the queue of an older version: then it does nothing.
func (c *Client) Restore(ctx context.Context, p task.Payload, at time.Time) (added bool, err error) {
	if older, err := c.older(p); older || err != nil {
		return false, err
	}
	return c.AgainAt(ctx, p, at)
}

// Repeat is EnqueueAt for a message or forward that was enqueued before, perhaps by an older version.
func (c *Client) Repeat(ctx context.Context, p task.Payload, at time.Time) (added bool, err error) {
	if older, err := c.older(p); older || err != nil {
		return false, err
	}
	return c.EnqueueAt(ctx, p, at)
}

// older reports whether a task waits or runs in the queue of an older version.
func (c *Client) older(p task.Payload) (bool, error) {
	id, names, err := places(p)
	if err != nil {
		return false, err
	}
	for _, name := range names[1:] {
		info, err := c.info(name, id)
		switch {
		case errors.Is(err, ErrNoTask):
		case err != nil:
			return false, err
		case info.State != asynq.TaskStateArchived && info.State != asynq.TaskStateCompleted:
			return true, nil
		}
	}
	return false, nil
}

// RunNow runs at once the task of a payload that waits for its time or its next try. It reports false if the task is due
// or running anyway, has ended, or does not exist. Of a message or forward, id and layout suffice.
func (c *Client) RunNow(p task.Payload) (bool, error) {
	id, names, err := places(p)
	if err != nil {
		return false, err
	}
	for _, name := range names {
		failed := c.inspector.RunTask(name, id)
		if failed == nil {
			return true, nil
		}
		info, err := c.info(name, id)
		switch {
		case errors.Is(err, ErrNoTask):
		case err != nil:
			return false, err
		case info.State == asynq.TaskStateScheduled, info.State == asynq.TaskStateRetry, info.State == asynq.TaskStateArchived:
			return false, fmt.Errorf("run task %s: %w: %w", id, ErrUnavailable, failed)
		default:
			return false, nil
		}
	}
	return false, nil
}

// ErrNoTask says that no such task is stored: none that waits or runs, and none that ended within Retention.
var ErrNoTask = errors.New("no such task")

// Payload reads the kind and the payload of a stored task, or ErrNoTask. Of a message or forward, id and layout suffice.
func (c *Client) Payload(p task.Payload) (kind string, payload []byte, err error) {
	id, names, err := places(p)
	if err != nil {
		return "", nil, err
	}
	for _, name := range names {
		info, err := c.info(name, id)
		if err == nil {
			return info.Type, info.Payload, nil
		}
		if !errors.Is(err, ErrNoTask) {
			return "", nil, err
		}
	}
	return "", nil, fmt.Errorf("task %s: %w", id, ErrNoTask)
}

func (c *Client) info(name, id string) (*asynq.TaskInfo, error) {
	info, err := c.inspector.GetTaskInfo(name, id)
	switch {
	case errors.Is(err, asynq.ErrTaskNotFound), errors.Is(err, asynq.ErrQueueNotFound):
		return nil, fmt.Errorf("task %s: %w", id, ErrNoTask)
	case err != nil:
		return nil, fmt.Errorf("look at task %s: %w: %w", id, ErrUnavailable, err)
	}
	return info, nil
}

// places are the queues in which the task of a payload may be: its own one first, then that of an older version. If the
// channel of a message is not known, that is every queue of single messages.
func places(p task.Payload) (id string, names []string, err error) {
	id, name, err := Address(p)
	if err != nil {
		return "", nil, err
	}
	names = []string{name}
	switch p := p.(type) {
	case task.Message:
		if p.Channel == "" && p.Layout >= task.LayoutLines {
			return id, Singles(), nil
		}
		if name != Messages {
			names = append(names, Messages)
		}
	case task.Forward:
		if name != Messages {
			names = append(names, Messages)
		}
	}
	return id, names, nil
}

// Address returns the task id and the queue of a payload. The id begins with the kind and the id of the owner.
func Address(p task.Payload) (id, name string, err error) {
	switch p := p.(type) {
	case task.Message:
		return owned(p.Layout, ledger.Message, p.ID), single(p.Layout, p.ID, p.Channel), nil
	case task.Forward:
		return owned(p.Layout, ledger.Forward, p.ID), single(p.Layout, p.ID, message.Email), nil
	case task.BulkStart:
		// It is not in the queues of the chunks: a cancelled bulk must end and a new one begin while others keep all
		// workers busy.
		return owned(p.Layout, ledger.Bulk, p.Bulk) + ":start:" + strconv.Itoa(p.Round), Messages, nil
	case task.BulkChunk:
		return owned(p.Layout, ledger.Bulk, p.Bulk) + ":" + strconv.Itoa(p.Chunk), shard(p), nil
	case task.EventDeliver:
		return p.Stream + ":" + strconv.FormatInt(p.Run, 10), Events, nil
	}
	return "", "", fmt.Errorf("queue: payload %T has no queue", p)
}

func owned(layout int, k ledger.Kind, id string) string {
	if layout == 0 {
		return id
	}
	return string(k) + ":" + id
}

// KindOf is the kind of a task by its place in the queues, or "unreadable" where that doesn't say it.
func KindOf(name, id string) string {
	switch owner, rest, _ := strings.Cut(id, ":"); {
	case name == Events:
		return task.EventDeliver{}.Kind()
	case owner == string(ledger.Message):
		return task.Message{}.Kind()
	case owner == string(ledger.Forward):
		return task.Forward{}.Kind()
	case owner == string(ledger.Bulk) && strings.Contains(rest, ":start:"):
		return task.BulkStart{}.Kind()
	case owner == string(ledger.Bulk):
		return task.BulkChunk{}.Kind()
	}
	return "unreadable"
}

// BulkOf is the id of the bulk that a task of this id belongs to.
func BulkOf(id string) (bulk string, ok bool) {
	kind, rest, _ := strings.Cut(id, ":")
	bulk, _, ok = strings.Cut(rest, ":")
	return bulk, ok && kind == string(ledger.Bulk)
}

// Owner names, for people, the owner of a task: message:order-17, bulk:news, or the stream of an event.
func Owner(p task.Payload) string {
	switch p := p.(type) {
	case task.Message:
		return owned(task.Layout, ledger.Message, p.ID)
	case task.Forward:
		return owned(task.Layout, ledger.Forward, p.ID)
	case task.BulkStart:
		return owned(task.Layout, ledger.Bulk, p.Bulk)
	case task.BulkChunk:
		return owned(task.Layout, ledger.Bulk, p.Bulk)
	case task.EventDeliver:
		return p.Stream
	}
	return ""
}

func single(layout int, id string, c message.Channel) string {
	if layout < task.LayoutLines || c == "" || task.IsTest(id) {
		return Messages
	}
	return Line(c)
}

// shard distributes the chunks of a bulk evenly, and the first chunks of small bulks over all queues.
func shard(p task.BulkChunk) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(p.Bulk))
	channel := p.Channel
	if task.IsTest(p.Bulk) {
		channel = ""
	}
	return BulkShard(channel, int((h.Sum32()+uint32(p.Chunk))%BulkShards))
}
