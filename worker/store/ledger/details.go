package ledger

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/seal"
)

// Details are what is known of a message besides its state. No decision depends on them: a worker that is killed
// after sending may leave none.
type Details struct {
	// Channel, To, the country for its phone numbers and Labels are kept only for single messages and forwards: those of a bulk
	// are in its definition and audience.
	Channel string `json:"channel,omitempty"`
	To      string `json:"to,omitempty"`
	Country string `json:"country,omitempty"`
	message.Labels
	Subject    string  `json:"subject,omitempty"`    // as it was sent
	ProviderID string  `json:"providerId,omitempty"` // the other side's id of it
	Words      string  `json:"words,omitempty"`      // the other side's last answer, without the recipients' addresses
	Attempts   int     `json:"attempts,omitempty"`   // that were made
	Issues     []Issue `json:"issues,omitempty"`
}

// Issue is something that rendering found, and went on.
type Issue struct {
	Code  string `json:"code"`            // stable, such as missing_field
	Text  string `json:"text,omitempty"`  // for people; it may quote a value
	Field string `json:"field,omitempty"` // the field or snippet it concerns
	Part  string `json:"part,omitempty"`  // subject, preheader, message or layout
}

// Wait is why a message is still pending.
type Wait struct {
	Reason
	Since    time.Time // when it began to wait for that, to the second; zero if there is no trouble
	Attempts int       // so far
}

// The codes of a Wait without trouble.
const (
	WaitQueued    = "queued"      // its task waits for a free worker
	WaitSending   = "sending"     // a worker has it in hand
	WaitScheduled = "scheduled"   // its time has not come
	WaitPaused    = "paused"      // its bulk is paused
	WaitCanary    = "canary"      // its bulk's canary is out
	WaitStart     = "not_started" // its bulk was not started
)

// Unhurried is why a message waits that is in state s, pending or claimed, and due at a time, if no trouble holds it
// up.
func Unhurried(s State, due time.Time) *Wait {
	switch {
	case s == Claimed:
		return &Wait{Reason: Reason{WaitSending, "a worker has it in hand"}}
	case due.After(time.Now()):
		return &Wait{Reason: Reason{WaitScheduled, "until " + due.UTC().Format(time.RFC3339)}}
	}
	return &Wait{Reason: Reason{WaitQueued, "for a free worker"}}
}

func (c Chunk) waitKey() string    { return c.Key("wait") }
func (c Chunk) detailsKey() string { return c.Key("details") }

// keepWait is how long the reason of a waiting chunk is kept: longer than any pause between two attempts.
const keepWait = 6 * time.Hour

// waitScript puts down why a chunk waits. KEYS: its wait. ARGV: code, text, now in Unix seconds, attempts, seconds to keep it.
var waitScript = redis.NewScript(`
if redis.call('HGET', KEYS[1], 'code') ~= ARGV[1] then redis.call('HSET', KEYS[1], 'since', ARGV[3]) end
redis.call('HSET', KEYS[1], 'code', ARGV[1], 'text', ARGV[2], 'attempts', ARGV[4])
return redis.call('EXPIRE', KEYS[1], ARGV[5])
`)

// PutWait records why the pending messages of a chunk wait. All have the same reason, since the five bytes of a slot
// hold none.
func (l *Ledger) PutWait(ctx context.Context, c Chunk, r Reason, attempts int) error {
	args := []any{r.Code, seal.Private(cut(r.Text)), l.now().Unix(), attempts, int64(keepWait / time.Second)}
	if err := waitScript.Run(ctx, l.rdb, []string{c.waitKey()}, args...).Err(); err != nil {
		return fmt.Errorf("put down why chunk %d of %s waits: %w", c.Index, c.Owner, err)
	}
	return nil
}

// RemoveWait removes the reason of a chunk.
func (l *Ledger) RemoveWait(ctx context.Context, c Chunk) error {
	if err := l.rdb.Del(ctx, c.waitKey()).Err(); err != nil {
		return fmt.Errorf("put down that chunk %d of %s does not wait: %w", c.Index, c.Owner, err)
	}
	return nil
}

// Wait returns why the pending messages of a chunk wait; nil if they only wait in the queue.
func (l *Ledger) Wait(ctx context.Context, c Chunk) (*Wait, error) {
	fields, err := l.rdb.HGetAll(ctx, c.waitKey()).Result()
	if err != nil {
		return nil, fmt.Errorf("read why chunk %d of %s waits: %w", c.Index, c.Owner, err)
	}
	if fields["code"] == "" {
		return nil, nil
	}
	w := &Wait{Reason: Reason{fields["code"], fields["text"]}}
	since, errSince := strconv.ParseInt(fields["since"], 10, 64)
	attempts, errAttempts := strconv.Atoi(fields["attempts"])
	if err := errors.Join(errSince, errAttempts); err != nil {
		return nil, fmt.Errorf("read why chunk %d of %s waits: %w: %w", c.Index, c.Owner, ErrForeign, err)
	}
	w.Since, w.Attempts = time.Unix(since, 0).UTC(), attempts
	return w, nil
}

// issuesField is the field of a bulk's counts that counts messages with issues.
const issuesField = "i"

// detailsScript stores the details of a chunk, and counts the messages with issues.
//
// KEYS: details, counts; one hash tag. ARGV: the details, seconds to keep them, by how many more messages have issues, the field that counts those.
var detailsScript = redis.NewScript(`
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
if ARGV[3] ~= '0' then
  redis.call('HINCRBY', KEYS[2], ARGV[4], ARGV[3])
  if redis.call('TTL', KEYS[2]) < 0 then redis.call('EXPIRE', KEYS[2], ARGV[2]) end
end
return 1
`)

// PutDetails adds what a run learned about a chunk of a bulk, by slot, to what was known before. One run at a time
// calls it.
func (l *Ledger) PutDetails(ctx context.Context, c Chunk, learned map[int]Details) error {
	if len(learned) == 0 {
		return nil
	}
	all, err := l.Details(ctx, c)
	if err != nil {
		return err
	}
	before := withIssues(all)
	if all == nil {
		all = map[int]Details{}
	}
	maps.Copy(all, learned)
	left, err := l.rdb.TTL(ctx, c.statesKey()).Result() // they are kept as long as the records
	if err != nil {
		return fmt.Errorf("store the details of chunk %d of %s: %w", c.Index, c.Owner, err)
	}
	if left <= 0 {
		return nil
	}
	args := []any{packDetails(all), int64(left / time.Second), withIssues(all) - before, issuesField}
	if err := detailsScript.Run(ctx, l.rdb, []string{c.detailsKey(), c.countsKey()}, args...).Err(); err != nil {
		return fmt.Errorf("store the details of chunk %d of %s: %w", c.Index, c.Owner, err)
	}
	return nil
}

func withIssues(all map[int]Details) int {
	n := 0
	for _, d := range all {
		if len(d.Issues) > 0 {
			n++
		}
	}
	return n
}

// Details returns those of a chunk of a bulk, by slot.
func (l *Ledger) Details(ctx context.Context, c Chunk) (map[int]Details, error) {
	packed, err := l.rdb.Get(ctx, c.detailsKey()).Bytes()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	var all map[int]Details
	if err == nil {
		if all, err = unpackDetails(packed); err != nil {
			err = fmt.Errorf("%w: %w", ErrForeign, err)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("read the details of chunk %d of %s: %w", c.Index, c.Owner, err)
	}
	return all, nil
}

// Conclude records the details of a message or forward when nothing is left to do for it, and takes it off the lists.
// It deletes the request, unless a person may still want to send it, according to state. d is nil if this run learned
// nothing. sent, if not nil, is the task with all that the message was made of: it is kept, so that its content can be shown.
func (l *Ledger) Conclude(ctx context.Context, o Owner, c Chunk, state State, d *Details, sent *Request) error {
	var a about
	var payload []byte
	if d == nil || state == Unknown {
		known, asked, err := l.about(ctx, c)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		if a = known; state == Unknown {
			payload = asked
		} else if a.Kept { // this is another run of the same task
			payload = packer.EncodeAll(asked, nil)
		}
	}
	if d != nil {
		a.Details = *d
	}
	if sent != nil && state == Sent && !l.forgets {
		a.Kind, a.Kept, payload = sent.Kind, true, packer.EncodeAll(sent.Payload, nil)
	}
	pipe := l.rdb.Pipeline()
	pipe.SetArgs(ctx, c.aboutKey(), a.with(payload), redis.SetArgs{Mode: "XX", KeepTTL: true})
	pipe.ZRem(ctx, o.unsettledKey(), o.entry())
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return fmt.Errorf("conclude %s: %w", o, err)
	}
	return nil
}

// Account is all that is known about a message or forward.
type Account struct {
	Record
	Details
	Request Request // without a payload if that is not kept any more
	Wait    *Wait   // nil if it only waits in the queue, or is settled
}

// Account reads all that is known about a message or forward, or returns ErrNotFound.
func (l *Ledger) Account(ctx context.Context, c Chunk) (Account, error) {
	records, err := l.Chunk(ctx, c)
	if err == nil && len(records) != 1 {
		err = fmt.Errorf("%s: %w", c.Owner, ErrNotFound)
	}
	if err != nil {
		return Account{}, err
	}
	out := Account{Record: records[0]}
	a, payload, err := l.about(ctx, c)
	if err != nil && !errors.Is(err, ErrNotFound) { // an older version stored nothing
		return Account{}, err
	}
	out.Details, out.Request = a.Details, a.request(payload)
	if !out.State.Final() {
		out.Wait, err = l.Wait(ctx, c)
		return out, err
	}
	return out, nil
}
