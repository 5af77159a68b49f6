// Package remake makes messages again that were sent: what a person got, byte for byte. It asks the same compose and the same
// channels as a worker does, with the pinned templates, the stored recipient and the time of sending. The digest that was stored
// with the mark says whether the result is what left.
//
// It sends nothing and changes nothing.
package remake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// The reasons why there is nothing to show.
var (
	ErrNotSent = errors.New("nothing was sent")
	// ErrGone: what the message was made of is not all there any more.
	ErrGone = errors.New("it can't be made again")
)

// Writer writes messages as their channel sends them.
type Writer interface {
	// Written returns a message as it was sent at a time.
	Written(m *message.Message, date time.Time) []send.Written
}

// Options for New; all are required.
type Options struct {
	Ledger *ledger.Ledger
	Bulks  *bulk.Store
	// Composer makes messages as they were made at a time, with the settings of the workers.
	Composer func(at time.Time) (*compose.Composer, error)
	// Writers are those of each channel: one for each account that may have sent a message.
	Writers map[message.Channel][]Writer
}

// Maker makes messages again. It is safe for concurrent use.
type Maker struct{ Options }

// New checks the options.
func New(o Options) (*Maker, error) {
	if o.Ledger == nil || o.Bulks == nil || o.Composer == nil || len(o.Writers) == 0 {
		return nil, errors.New("remake: Ledger, Bulks, Composer and Writers are required")
	}
	return &Maker{o}, nil
}

// Proof is what the stored digest says.
type Proof string

// The proofs.
const (
	Same    Proof = "same"    // what was made again is what left
	Differs Proof = "differs" // it is not: something that is stored, a setting or the version was changed since
	Unknown Proof = "unknown" // no digest was stored
)

// Made is a message that was made again.
type Made struct {
	Channel message.Channel
	Type    string // media type of Bytes
	Bytes   []byte // without a DKIM signature
	Proof   Proof
	Begun   time.Time // when it was enqueued; of a bulk, when that was made; zero where nobody knows
	Date    time.Time // of the mail; zero elsewhere
}

// sent is a message that was sent, and its place.
type sent struct {
	books  ledger.Chunk
	slot   int
	record ledger.Record
	job    compose.Job
	begun  time.Time
}

// Message makes a message again: a single one or one of a bulk. The error is ledger.ErrNotFound, ErrNotSent, ErrGone with the
// reason, or trouble with Redis.
func (m *Maker) Message(ctx context.Context, id string) (Made, error) {
	s, composer, err := m.find(ctx, id)
	if err != nil {
		return Made{}, err
	}
	out, err := composer.Compose(ctx, s.job)
	var trouble *compose.Trouble
	switch {
	case errors.As(err, &trouble):
		return Made{}, fmt.Errorf("%w: %s", ErrGone, trouble.Error())
	case err != nil:
		return Made{}, err
	case out.Verdict != nil:
		return Made{}, fmt.Errorf("%w: %s: %s", ErrGone, out.Verdict.Code, out.Verdict.Text)
	}
	return m.compare(ctx, s, out.Message)
}

// compare writes the message as each account would, and finds the one that left.
func (m *Maker) compare(ctx context.Context, s sent, msg *message.Message) (Made, error) {
	channel := s.job.Message.Channel
	made := Made{Channel: channel, Begun: s.begun, Proof: Unknown}
	var all []send.Written
	var by []Writer
	for _, w := range m.Writers[channel] {
		for _, written := range w.Written(msg, s.record.At) {
			all, by = append(all, written), append(by, w)
		}
	}
	if len(all) == 0 {
		return made, fmt.Errorf("%w: nothing writes for %s", ErrGone, channel)
	}
	sums := make([][sha256.Size]byte, len(all))
	for i, written := range all {
		sums[i] = written.Sum
	}
	dated := channel.Spec().Mail
	same, date, known, err := m.Ledger.CheckProof(ctx, s.books, s.slot, s.record.At, sums, dated)
	if err != nil {
		return made, err
	}
	if known {
		made.Proof = Differs
	}
	if dated {
		made.Date = s.record.At
	}
	i := max(0, same)
	made.Type, made.Bytes = all[i].Type, all[i].Bytes
	if same >= 0 && intact(msg) {
		made.Proof = Same
		if dated {
			made.Date = date
			made.Bytes = by[i].Written(msg, date)[0].Bytes
		}
	}
	return made, nil
}

// intact reports whether the files are those whose hashes the message has.
func intact(msg *message.Message) bool {
	for _, a := range msg.Attachments {
		if sum := sha256.Sum256(a.Data); a.SHA256 != "" && len(a.Data) > 0 && hex.EncodeToString(sum[:]) != a.SHA256 {
			return false
		}
	}
	return true
}

// find reads what a message was made of.
func (m *Maker) find(ctx context.Context, id string) (sent, *compose.Composer, error) {
	var books ledger.Chunk
	err := fmt.Errorf("message %.100q: %w", id, ledger.ErrNotFound)
	if task.CheckID(id) == nil {
		books, err = m.Ledger.Single(ctx, ledger.Owner{Kind: ledger.Message, ID: id})
	}
	if errors.Is(err, ledger.ErrNotFound) {
		b, at, other := m.Bulks.Locate(ctx, id)
		if errors.Is(other, bulk.ErrNotFound) {
			if _, forward := m.Ledger.Single(ctx, ledger.Owner{Kind: ledger.Forward, ID: id}); forward == nil && task.CheckID(id) == nil {
				err = fmt.Errorf("%w: the transcript of a forward is not kept", ErrGone)
			}
			return sent{}, nil, err
		}
		if other != nil {
			return sent{}, nil, other
		}
		return m.ofBulk(ctx, b, at)
	}
	if err != nil {
		return sent{}, nil, err
	}
	return m.single(ctx, books)
}

func (m *Maker) single(ctx context.Context, books ledger.Chunk) (s sent, c *compose.Composer, err error) {
	s.books = books
	if s.record, err = m.sentRecord(ctx, books, 0); err != nil {
		return s, nil, err
	}
	r, err := m.Ledger.Content(ctx, books)
	if errors.Is(err, ledger.ErrNotFound) {
		return s, nil, fmt.Errorf("%w: its content was not kept", ErrGone)
	}
	if err != nil {
		return s, nil, err
	}
	p, err := task.Parse(r.Kind, r.Payload)
	msg, ok := p.(task.Message)
	if err != nil || !ok {
		return s, nil, fmt.Errorf("%w: this version can't read its content", ErrGone)
	}
	if c, err = m.Composer(s.record.At); err != nil {
		return s, nil, err
	}
	content, err := c.Open(ctx, msg.Content)
	var v *compose.Verdict
	if errors.As(err, &v) {
		return s, nil, fmt.Errorf("%w: %s", ErrGone, v.Text)
	}
	if err != nil {
		return s, nil, err
	}
	s.begun = msg.EnqueuedAt
	s.job = compose.Job{Message: msg, Content: content, Owner: msg.ID, Now: msg.Begins()}
	return s, c, nil
}

func (m *Maker) ofBulk(ctx context.Context, b bulk.Bulk, at bulk.Place) (s sent, c *compose.Composer, err error) {
	s.books, s.slot, s.begun = b.Owner().Chunk(at.Chunk), at.Slot, b.CreatedAt
	if s.record, err = m.sentRecord(ctx, s.books, at.Slot); err != nil {
		return s, nil, err
	}
	recipients, err := m.Bulks.Recipients(ctx, b.Definition, at.Chunk)
	switch i := at.Slot / b.Slots(); {
	case errors.Is(err, bulk.ErrNotFound):
		return s, nil, fmt.Errorf("%w: its recipient is not stored any more", ErrGone)
	case errors.Is(err, bulk.ErrDamaged):
		return s, nil, fmt.Errorf("%w: %w", ErrGone, err)
	case err != nil:
		return s, nil, err
	case recipients[i].Erased():
		return s, nil, fmt.Errorf("%w: its recipient was erased", ErrGone)
	}
	if c, err = m.Composer(s.record.At); err != nil {
		return s, nil, err
	}
	part := b.Part(at.Slot)
	if part.Sources == "" {
		return s, nil, fmt.Errorf("%w: its templates were not pinned", ErrGone)
	}
	opened, err := c.OpenBulk(ctx, b.Definition, func(_ message.Channel, _ string) (string, error) { return "", errors.New("not pinned") })
	if err != nil {
		return s, nil, err
	}
	s.job = opened.Job(at.Chunk, at.Slot, recipients[at.Slot/b.Slots()], nil)
	if s.job.Part != nil && s.job.Part.Refused != nil {
		return s, nil, fmt.Errorf("%w: %s", ErrGone, s.job.Part.Refused.Text)
	}
	if s.job.Unreadable != nil {
		return s, nil, fmt.Errorf("%w: %w", ErrGone, s.job.Unreadable)
	}
	return s, c, nil
}

// sentRecord is the record of a message that was sent.
func (m *Maker) sentRecord(ctx context.Context, books ledger.Chunk, slot int) (ledger.Record, error) {
	records, err := m.Ledger.Chunk(ctx, books)
	if err != nil {
		return ledger.Record{}, err
	}
	if slot >= len(records) {
		return ledger.Record{}, fmt.Errorf("slot %d of %s: %w", slot, books.Owner, ledger.ErrNotFound)
	}
	if r := records[slot]; r.State != ledger.Sent {
		if r.State == ledger.Claimed {
			r.State = ledger.Pending
		}
		return r, fmt.Errorf("it is %s: %w", r.State, ErrNotSent)
	}
	return records[slot], nil
}
