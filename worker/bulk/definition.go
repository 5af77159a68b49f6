package bulk

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// Definition is what a bulk sends, the same for all recipients. It doesn't change once it is stored.
type Definition struct {
	ID string `json:"id"`
	message.Labels
	// Messages are those for each recipient, at most one on each channel.
	Messages []Part `json:"messages,omitempty"`
	// Context is a JSON object. Each recipient's own context overrides it, key by key at its top level.
	Context json.RawMessage `json:"context,omitempty"`
	// Locale and Timezone are for recipients without their own.
	Locale   string `json:"locale,omitempty"`
	Timezone string `json:"timezone,omitempty"`
	// Country is the ISO 3166 code for phone numbers without a country's code; without Country these are errors.
	Country string           `json:"country,omitempty"`
	OnIssue task.IssuePolicy `json:"onIssue,omitempty"`
	// Deduplicate sends to each address once on each channel. Where it comes again, it is skipped.
	Deduplicate bool `json:"deduplicate,omitempty"`
	// Rate is how many messages a second all workers together may start; 0 is no limit. It can be changed while the bulk
	// runs: Store.SetRate.
	Rate float64 `json:"rate,omitempty"`
	// SendAt is when the bulk begins; zero is at once.
	SendAt time.Time `json:"sendAt,omitzero"`
	// SendAtLocal is when each recipient's messages are sent, by the local clock of the recipient, in LocalLayout:
	// 2026-12-01T09:00. If that time has passed, they are sent at once. It excludes SendAt and Canary.
	SendAtLocal string `json:"sendAtLocal,omitempty"`
	// SendBefore is when the bulk is too late: from then on pending messages are skipped, as "expired".
	SendBefore time.Time `json:"sendBefore,omitzero"`
	Canary     *Canary   `json:"canary,omitempty"`
	// Actions change each recipient's conversation once, after the last of the messages. A bulk may have actions and
	// no messages.
	Actions *task.Actions `json:"actions,omitempty"`
	// Events adds an event for each message to those of the bulk.
	Events    bool      `json:"events,omitempty"`
	CreatedAt time.Time `json:"createdAt"`
	// CreatedBy is who made it, who can't approve it; "" where nobody knows.
	CreatedBy string `json:"createdBy,omitempty"`
	// Layout is set by Store.Create: see task.Layout.
	Layout int `json:"layout,omitempty"`
}

// Same reports whether a stored definition is d, apart from what storing and starting adds.
func (d Definition) Same(stored Definition) (bool, error) {
	stored.CreatedAt, stored.CreatedBy, stored.Layout = d.CreatedAt, d.CreatedBy, d.Layout
	stored.Messages = slices.Clone(stored.Messages)
	for i := range min(len(d.Messages), len(stored.Messages)) {
		if d.Messages[i].Sources == "" {
			stored.Messages[i].Sources = ""
		}
	}
	ours, err := json.Marshal(d)
	if err != nil {
		return false, fmt.Errorf("compare bulks: %w", err)
	}
	theirs, err := json.Marshal(stored)
	if err != nil {
		return false, fmt.Errorf("compare bulks: %w", err)
	}
	return bytes.Equal(ours, theirs), nil
}

// LocalLayout is the form of Definition.SendAtLocal, for package time.
const LocalLayout = "2006-01-02T15:04"

// Part is the message of a bulk on one channel.
type Part struct {
	Channel message.Channel `json:"channel"`
	// From is the sender: an address for email, a number for SMS.
	From    string `json:"from,omitempty"`
	ReplyTo string `json:"replyTo,omitempty"`
	task.Content
	// Attachments go to everyone, before a recipient's own.
	Attachments []message.Ref      `json:"attachments,omitempty"`
	Policy      task.Policy        `json:"policy,omitempty"`
	Unsubscribe bool               `json:"unsubscribe,omitempty"` // see task.Message
	Headers     []message.Header   `json:"headers,omitempty"`
	Chat        message.ChatFields `json:"chat,omitzero"`
	Note        message.NoteFields `json:"note,omitzero"`
}

// Canary sends to the first Percent of the audience. The others follow only if at most MaxFailurePercent of these
// have failed. Otherwise the bulk pauses; resuming it overrules the canary.
type Canary struct {
	Percent           float64 `json:"percent"`           // over 0, under 100
	MaxFailurePercent float64 `json:"maxFailurePercent"` // 0 to 100, of those sent, failed or unknown
}

// Validate reports every fault at once, as a fault.List.
func (d Definition) Validate() error {
	var f fault.List
	f.Join("/id", task.CheckID(d.ID))
	f.Join("", d.Labels.Validate())
	if len(d.Messages) == 0 && d.Actions.IsZero() {
		f.Add("/messages", fault.Missing, "none, and no actions; give a message for each channel that is to be used")
	}
	if most := len(message.Channels); len(d.Messages) > most {
		f.Add("/messages", fault.TooMany, "%d messages, at most %d: one for each channel", len(d.Messages), most)
		return f.Err()
	}
	for i, p := range d.Messages {
		at := fault.Pointer("messages", i)
		if slices.ContainsFunc(d.Messages[:i], func(q Part) bool { return q.Channel == p.Channel }) {
			f.Add(at+"/channel", fault.Duplicate, "a second message for %.100s", p.Channel)
		}
		f.Join(at, p.message().ValidatePart())
	}
	f.Join("/context", task.CheckContext(d.Context))
	f.Join("/locale", task.CheckLocale(d.Locale))
	f.Join("/timezone", task.CheckTimezone(d.Timezone))
	f.Join("/country", address.CheckCountry(d.Country))
	f.Join("/actions", d.Actions.Validate())
	message.CheckOneOf(&f, "/onIssue", d.OnIssue, task.IssuePolicies)
	f.Join("/rate", CheckRate(d.Rate))
	f.Join("", d.checkTimes())
	f.Join("/canary", d.Canary.validate())
	return f.Err()
}

// CheckTopic asks a function what the topics have against the labels of the bulk, and against links to unsubscribe.
func (d Definition) CheckTopic(check func(message.Labels, bool) error) error {
	var f fault.List
	f.Join("", check(d.Labels, false))
	for i, p := range d.Messages {
		if p.Unsubscribe && len(f) == 0 {
			f.Join(fault.Pointer("messages", i), check(d.Labels, true))
			break
		}
	}
	return f.Err()
}

func (d Definition) checkTimes() error {
	var f fault.List
	if d.SendAtLocal == "" {
		if !d.SendBefore.IsZero() && !d.SendBefore.After(d.SendAt) {
			f.Add("/sendBefore", fault.OutOfRange, "not after sendAt, so nobody would get anything")
		}
		return f.Err()
	}
	if _, err := time.Parse(LocalLayout, d.SendAtLocal); err != nil {
		f.Add("/sendAtLocal", fault.Malformed, "%s is not a time such as 2026-12-01T09:00", fault.Quote(d.SendAtLocal))
	}
	if !d.SendAt.IsZero() {
		f.Add("/sendAtLocal", fault.NotAllowed, "sendAt is given too")
	}
	if d.Canary != nil {
		f.Add("/canary", fault.NotAllowed, "a bulk by local time has no first recipients")
	}
	return f.Err()
}

func (c *Canary) validate() error {
	if c == nil {
		return nil
	}
	var f fault.List
	if !(c.Percent > 0 && c.Percent < 100) {
		f.Add("/percent", fault.OutOfRange, "%v is not between 0 and 100", c.Percent)
	}
	if !(c.MaxFailurePercent >= 0 && c.MaxFailurePercent <= 100) {
		f.Add("/maxFailurePercent", fault.OutOfRange, "%v is not from 0 to 100", c.MaxFailurePercent)
	}
	return f.Err()
}

// CheckRate reports whether a rate is a number of messages a second; 0 is no limit.
func CheckRate(perSecond float64) error {
	if !(perSecond >= 0) || math.IsInf(perSecond, 1) {
		return fault.At("", fault.OutOfRange, "%v is not a number of messages a second", perSecond)
	}
	return nil
}

// Channels are those of the messages, in their order.
func (d Definition) Channels() []message.Channel {
	channels := make([]message.Channel, len(d.Messages))
	for i, p := range d.Messages {
		channels[i] = p.Channel
	}
	return channels
}

// Holds reports whether the message of a slot is claimed before it is sent.
func (d Definition) Holds(slot int) bool {
	return d.Part(slot).message().PolicyOrDefault() == task.Hold
}

// HoldsSome reports whether some messages are claimed before they are sent.
func (d Definition) HoldsSome() bool {
	return slices.ContainsFunc(d.Messages, func(p Part) bool { return p.message().PolicyOrDefault() == task.Hold })
}

// Slots is the number of messages for each recipient. The ledger has so many slots for each: recipient by recipient,
// in the order of Messages. A bulk of actions alone has one.
func (d Definition) Slots() int { return max(1, len(d.Messages)) }

// message has the fields that all messages of the part share.
func (p Part) message() task.Message {
	return task.Message{
		Channel: p.Channel, From: p.From, ReplyTo: p.ReplyTo, Content: p.Content, Attachments: p.Attachments, Policy: p.Policy,
		Unsubscribe: p.Unsubscribe, Headers: p.Headers, Chat: p.Chat, Note: p.Note,
	}
}

// Part is the message of a slot of the ledger; it is empty in a bulk of actions alone.
func (d Definition) Part(slot int) Part {
	if len(d.Messages) == 0 {
		return Part{}
	}
	return d.Messages[slot%len(d.Messages)]
}

// MessageID is the id of the message in a slot of a chunk, for ever.
func (d Definition) MessageID(chunk, slot int) string {
	return d.RecipientID(chunk, slot) + "." + cmp.Or(string(d.Part(slot).Channel), "actions")
}

// RecipientID is the id of the recipient in a slot of a chunk, on any channel.
func (d Definition) RecipientID(chunk, slot int) string {
	part := fmt.Sprintf("%d.%d", chunk, slot/d.Slots())
	if d.Layout == 0 {
		return d.ID + "." + part
	}
	return task.Derive(d.ID, part)
}

// Owner is the owner of the bulk's records.
func (d Definition) Owner() ledger.Owner { return ledger.OwnerIn(d.Layout, ledger.Bulk, d.ID) }

// StartTask is the task that starts the bulk.
func (d Definition) StartTask(round int) task.BulkStart {
	return task.BulkStart{Bulk: d.ID, Round: round, Layout: d.Layout}
}

// ChunkTask is the task that sends one of its chunks.
func (d Definition) ChunkTask(chunk int) task.BulkChunk {
	t := task.BulkChunk{Bulk: d.ID, Chunk: chunk, Layout: d.Layout}
	if channels := d.Channels(); d.Layout >= task.LayoutLines && len(channels) == 1 {
		t.Channel = channels[0]
	}
	return t
}

// lastDue is when the last messages are due; the zero time is at once.
func (d Definition) lastDue() time.Time {
	if local, err := time.Parse(LocalLayout, d.SendAtLocal); err == nil {
		return local.Add(12 * time.Hour) // no zone is further west
	}
	return d.SendAt
}

// Begins is the time that a recipient's messages are written for: when they may go out, or else when the bulk was made.
func (d Definition) Begins(r Recipient) time.Time {
	begins := d.CreatedAt
	due, err := d.Due(r)
	if err != nil {
		return begins // it has no messages
	}
	for _, t := range []time.Time{d.SendAt, due} {
		if t.After(begins) {
			begins = t
		}
	}
	return begins
}

// Due is when a recipient's messages are due; the zero time is at once. Their zone is an IANA name. If the clocks
// there skip that time or show it twice, it is one of the two possible times.
func (d Definition) Due(r Recipient) (time.Time, error) {
	if d.SendAtLocal == "" {
		return time.Time{}, nil
	}
	given := cmp.Or(r.Timezone, d.Timezone, "UTC")
	name, ok := task.Zone(given)
	if !ok {
		return time.Time{}, fault.At("/timezone", fault.BadTimezone, "%s is not an IANA time zone such as Europe/Berlin, so there is no local time to send at", fault.Quote(given))
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return time.Time{}, fault.At("/timezone", fault.BadTimezone, "%s is a time zone that this system does not know", name)
	}
	due, err := time.ParseInLocation(LocalLayout, d.SendAtLocal, zone)
	if err != nil {
		return time.Time{}, fmt.Errorf("sendAtLocal: %w", err)
	}
	return due.UTC(), nil
}

// Message joins the definition and the recipient in a slot of a chunk into the message that the worker sends. It is
// always the same.
func (d Definition) Message(chunk, slot int, r Recipient) (task.Message, error) {
	ctx, err := overlay(d.Context, r.Context)
	if err != nil {
		return task.Message{}, fmt.Errorf("context: %w", err)
	}
	part := d.Part(slot)
	m := part.message()
	m.ID, m.Labels = d.MessageID(chunk, slot), d.Labels
	m.To, m.Country, m.Context, m.Locale, m.Timezone = r.Address(part.Channel), d.Country, ctx, d.Locale, d.Timezone
	m.OnIssue, m.SendBefore, m.Actions = d.OnIssue, d.SendBefore, d.Actions
	if r.Locale != "" {
		m.Locale = r.Locale
	}
	if r.Timezone != "" {
		m.Timezone = r.Timezone
	}
	if len(r.Attachments) > 0 {
		m.Attachments = append(m.Attachments[:len(m.Attachments):len(m.Attachments)], r.Attachments...)
	}
	return m, nil
}
