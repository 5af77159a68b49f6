// Package feedback takes what comes back about a message after it was sent, from wherever: a bounce, a complaint, a
// provider's webhook, a click on an unsubscribe link. It keeps it beside the message's record, puts the recipient on the
// suppression list where that says so, and tells the caller by an event.
//
// These rules hold:
//
//   - Feedback counts for the recipient that the message was sent to. An address that a report names is compared with that
//     one, and never blocked by itself.
//   - The same feedback twice is the same as once, whatever was killed in between: whoever gives it may give it again until
//     Record returns nil.
//   - Old feedback again, a day later and more, changes nothing: an operator may have taken the address off the list meanwhile.
package feedback

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/outbox"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/store/suppress"
	"github.com/heraldsend/herald/worker/task"
	"github.com/heraldsend/herald/worker/testmode"
)

// Report is what somebody says about a message.
type Report struct {
	ID        string // of the message, as its sender knows it
	State     ledger.FeedbackState
	Source    string // one of ledger.Sources
	Status    string // RFC 3463, or the provider's code
	Words     string // the other side's
	Recipient string // whom the report names; "" where it names nobody
	Several   bool   // the message went to several recipients: the report must name one
}

// Result says what became of a report.
type Result string

// The results.
const (
	Kept    Result = "kept"    // it is the state of its message now
	Known   Result = "known"   // that was known already, or something that weighs more
	NotSent Result = "unsent"  // the message was not sent: a report about it is a mistake
	Other   Result = "other"   // it is about another recipient of the message than the one that is recorded
	Nothing Result = "nowhere" // there is no such message, or no longer
)

// again is how long the same feedback may come again to finish what was begun.
const again = 24 * time.Hour

// Suppressions are the addresses that must not be written to: *suppress.Store.
type Suppressions interface {
	Suppress(ctx context.Context, c message.Channel, address, reason, source string) error
	Unsubscribe(ctx context.Context, c message.Channel, topic, address, source string) error
	TopicOf(name string) string // that one refuses who unsubscribes from a message of a topic
	Soft(ctx context.Context, c message.Channel, address, id string, rule suppress.SoftRule, at time.Time) (bool, error)
	Arrived(ctx context.Context, c message.Channel, address string) error
}

// Options for New.
type Options struct {
	Ledger       *ledger.Ledger // required
	Bulks        *bulk.Store    // required
	Suppressions Suppressions   // required
	Events       *outbox.Store  // nil: there are none
	Soft         suppress.SoftRule
	Metrics      prometheus.Registerer // required
	Now          func() time.Time      // time.Now where nil
}

// Recorder takes reports. It is safe for concurrent use.
type Recorder struct {
	Options
	total *prometheus.CounterVec
}

// New checks the options.
func New(o Options) (*Recorder, error) {
	if o.Ledger == nil || o.Bulks == nil || o.Suppressions == nil || o.Metrics == nil {
		return nil, errors.New("feedback: Ledger, Bulks, Suppressions and Metrics are required")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	r := &Recorder{Options: o, total: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "herald_feedback_total", Help: "What came back about sent messages: delivered, bounced_soft, bounced_hard, opted_out, unsubscribed, complained. Result: kept, known (again, or outweighed), unsent, other (another recipient), nowhere (no such message).",
	}, []string{"source", "state", "result"})}
	return r, o.Metrics.Register(r.total)
}

// sent is a message that was sent, as the books know it.
type sent struct {
	books   ledger.Chunk
	slot    int
	bulk    string
	forward bool
	channel message.Channel
	to      string
	labels  message.Labels
	several bool
}

// Record takes a report. An error means that it may not be kept, or not all that follows from it: give it again.
func (r *Recorder) Record(ctx context.Context, in Report) (Result, error) {
	result, err := r.record(ctx, in)
	if err == nil {
		r.total.WithLabelValues(in.Source, in.State.String(), string(result)).Inc()
	}
	return result, err
}

// OfTest records what comes back about a message of a test that was sent to an address: what its magic address says, else
// nothing.
func (r *Recorder) OfTest(ctx context.Context, id, to string) error {
	state, status, words := testmode.Feedback(to)
	if !task.IsTest(id) || state == ledger.Unconfirmed {
		return nil
	}
	_, err := r.Record(ctx, Report{ID: id, State: state, Source: "test", Status: status, Words: words, Recipient: to})
	return err
}

func (r *Recorder) record(ctx context.Context, in Report) (Result, error) {
	m, err := r.find(ctx, in.ID)
	if errors.Is(err, ledger.ErrNotFound) || errors.Is(err, bulk.ErrNotFound) {
		return Nothing, nil
	}
	if err != nil {
		return "", err
	}
	kind := m.channel.Address()
	named := in.Recipient != "" && m.to != "" && same(kind, in.Recipient, m.to)
	switch {
	case (m.several || in.Several) && !named:
		return Other, nil
	case in.State == ledger.BouncedHard && in.Recipient != "" && !named:
		in.State = ledger.BouncedSoft // it was forwarded: where it went does not exist, its recipient may
	}
	f := ledger.Feedback{State: in.State, At: r.Now(), Source: in.Source, Status: in.Status, Words: withoutAddresses(in.Words)}
	kept, err := r.Ledger.PutFeedback(ctx, m.books, m.slot, f)
	switch {
	case errors.Is(err, ledger.ErrNotFound):
		return Nothing, nil
	case err != nil:
		return "", err
	case !kept.Sent:
		return NotSent, nil
	case !kept.Stored && kept.Before != in.State, !kept.Stored && f.At.Sub(kept.Since) > again:
		return Known, nil
	}
	if in.State == ledger.Unsubscribed {
		m.labels.Topic = r.Suppressions.TopicOf(m.labels.Topic)
	}
	reason, err := r.follow(ctx, in, m)
	if err != nil {
		return "", err
	}
	if err := r.publish(ctx, in, m, f, reason); err != nil {
		return "", err
	}
	if !kept.Stored {
		return Known, nil
	}
	return Kept, nil
}

// follow draws the consequences for the recipient, and returns the reason for which they are blocked.
func (r *Recorder) follow(ctx context.Context, in Report, m sent) (reason string, err error) {
	put := r.Suppressions
	if task.IsTest(in.ID) { // it puts nobody on a list
		put = noLists{}
	}
	if m.to == "" { // an older version kept no recipient, or the person was erased
		return "", nil
	}
	switch in.State {
	case ledger.Delivered:
		return "", put.Arrived(ctx, m.channel, m.to)
	case ledger.BouncedSoft:
		blocked, err := put.Soft(ctx, m.channel, m.to, in.ID, r.Soft, r.Now())
		if blocked {
			reason = suppress.SoftBounces
		}
		return reason, err
	case ledger.BouncedHard:
		reason = suppress.HardBounce
	case ledger.Complained:
		reason = suppress.Complaint
	case ledger.Unsubscribed: // from the message's topic
		return suppress.Unsubscribed, put.Unsubscribe(ctx, m.channel, m.labels.Topic, m.to, m.books.ID)
	case ledger.OptedOut: // by STOP, which ends all
		reason = suppress.Unsubscribed
	case ledger.Unconfirmed:
		return "", nil
	}
	return reason, put.Suppress(ctx, m.channel, m.to, reason, m.books.ID)
}

// noLists are the suppression lists of tests.
type noLists struct{}

func (noLists) Suppress(context.Context, message.Channel, string, string, string) error { return nil }

func (noLists) Unsubscribe(context.Context, message.Channel, string, string, string) error {
	return nil
}

func (noLists) TopicOf(name string) string { return name }

func (noLists) Soft(context.Context, message.Channel, string, string, suppress.SoftRule, time.Time) (bool, error) {
	return false, nil
}

func (noLists) Arrived(context.Context, message.Channel, string) error { return nil }

func (r *Recorder) publish(ctx context.Context, in Report, m sent, f ledger.Feedback, reason string) error {
	fact := outbox.Feedback{
		ID: in.ID, Forward: m.forward, Bulk: m.bulk, Channel: m.channel, Labels: m.labels, Feedback: f.State.String(), Source: f.Source, Status: f.Status, Words: f.Words,
		Suppressed: reason, At: f.At.UTC().Truncate(time.Second),
	}
	if m.forward {
		fact.ID = m.books.ID
	}
	if m.bulk != "" {
		fact.To, fact.Group = m.to, strconv.Itoa(m.books.Index)
	}
	return r.Events.Append(ctx, fact)
}

// find reads where a message is recorded and whom it went to.
func (r *Recorder) find(ctx context.Context, id string) (sent, error) {
	owner, part, derived := task.SplitDerived(id)
	if task.CheckID(owner) != nil {
		return sent{}, fmt.Errorf("message %.150q: %w", id, ledger.ErrNotFound)
	}
	switch {
	case derived && part == "forward":
		return r.single(ctx, ledger.Owner{Kind: ledger.Forward, ID: owner})
	case derived:
		return r.ofBulk(ctx, id)
	}
	return r.single(ctx, ledger.Owner{Kind: ledger.Message, ID: id})
}

func (r *Recorder) single(ctx context.Context, o ledger.Owner) (sent, error) {
	books, err := r.Ledger.Single(ctx, o)
	if err != nil {
		return sent{}, err
	}
	a, err := r.Ledger.Account(ctx, books)
	if err != nil {
		return sent{}, err
	}
	m := sent{books: books, forward: o.Kind == ledger.Forward, channel: message.Channel(a.Details.Channel), to: a.Details.To, labels: a.Labels}
	m.several = m.forward && strings.Contains(m.to, ",")
	return m, nil
}

func (r *Recorder) ofBulk(ctx context.Context, id string) (sent, error) {
	b, at, err := r.Bulks.Locate(ctx, id)
	if err != nil {
		return sent{}, err
	}
	recipients, err := r.Bulks.Recipients(ctx, b.Definition, at.Chunk)
	if err != nil {
		return sent{}, err
	}
	i := at.Slot / b.Slots()
	if i >= len(recipients) {
		return sent{}, fmt.Errorf("message %.150q: %w", id, ledger.ErrNotFound)
	}
	c := b.Part(at.Slot).Channel
	return sent{books: b.Owner().Chunk(at.Chunk), slot: at.Slot, bulk: b.ID, labels: b.Labels, channel: c, to: recipients[i].Address(c)}, nil
}

// same reports whether two texts are the same address. Numbers are compared by their digits.
func same(k address.Kind, a, b string) bool {
	if k == address.Phone {
		return digits(a) == digits(b)
	}
	left, errA := address.Parser{}.Parse(k, a)
	right, errB := address.Parser{}.Parse(k, b)
	return errA == nil && errB == nil && k.Key(left.Addr) == k.Key(right.Addr)
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

var mailbox = regexp.MustCompile(`[^\s<>"(),:;]+@[^\s<>"(),:;]+`)

// withoutAddresses hides the addresses in what the other side said: it is kept beside the recipient, listed and exported.
func withoutAddresses(words string) string {
	return mailbox.ReplaceAllLiteralString(words, "[recipient]")
}
