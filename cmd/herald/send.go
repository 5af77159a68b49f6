package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/heraldsend/herald/worker/app"
	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/strictjson"
	"github.com/heraldsend/herald/worker/task"
)

type sendCmd struct {
	contentFlags `embed:""`
	Channel      string        `enum:"${channels}" default:"email" help:"${channelWords}."`
	To           string        `required:"" placeholder:"ADDR" help:"Recipient: an email address, a phone number, or a conversation's id for chat and note."`
	InReplyTo    string        `placeholder:"ID" help:"Message-ID of the mail that this email answers."`
	Cc           []string      `placeholder:"ADDR" sep:"none" help:"Further recipient of the email. Can be given again."`
	Bcc          []string      `placeholder:"ADDR" sep:"none" help:"Further recipient of the email whom the others don't see. Can be given again."`
	ID           string        `name:"id" help:"Id of the message. Sending again under the same id is harmless."`
	Actions      string        `placeholder:"FILE" help:"JSON object with changes of the conversation after the message was sent: tags, queue, status, …."`
	At           time.Time     `placeholder:"TIME" help:"When to send, such as 2026-12-01T09:00:00+01:00. At once when empty."`
	Before       time.Time     `placeholder:"TIME" help:"When it is too late: from then on it is skipped."`
	Wait         bool          `help:"Wait until the message was sent or given up."`
	WaitTimeout  time.Duration `default:"5m" help:"How long --wait waits."`
	JSON         bool          `name:"json" help:"Print JSON."`
}

// Run enqueues one message. With --wait it fails unless the message was sent.
func (s *sendCmd) Run(ctx context.Context, c *app.Settings, std stdio) (err error) {
	// Mistakes that need no server to be seen come first.
	data, err := s.context(std)
	if err != nil {
		return err
	}
	actions, err := s.actions(std)
	if err != nil {
		return err
	}
	labels, err := s.labels()
	if err != nil {
		return err
	}
	channel := message.Channel(s.Channel)
	m := task.Message{
		ID: first(s.ID, enqueue.NewID()), Labels: labels, Channel: channel, From: s.From, To: s.To, ReplyTo: s.ReplyTo, Context: data,
		Locale: c.Locale, Timezone: c.Timezone, Country: c.Country, Policy: task.Policy(s.Policy), OnIssue: task.IssuePolicy(s.OnIssue), Unsubscribe: s.Unsubscribe,
		Actions: actions, SendAt: s.At, SendBefore: s.Before, Cc: s.Cc, Bcc: s.Bcc, InReplyTo: s.InReplyTo,
	}
	m.Chat, m.Note = s.fields(channel)
	if err := s.useDefault(c, channel); err != nil {
		return err
	}
	if m.Content, err = s.named(); err != nil {
		return err
	}
	wrong := fault.In(fault.Join(enqueue.CheckMessage(m), s.subjectFault(channel), c.CheckTopic(m.Labels, m.Unsubscribe)))
	if err := wrong.Merge(fault.In(compose.CheckRecipient(m))).Err(); err != nil {
		return inFlags(err, nil)
	}
	q, err := app.NewClient(ctx, c, c.Logger(std.err))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, q.Close()) }()
	if m.Content, err = s.content(ctx, q, c); err != nil {
		return err
	}
	if m.Attachments, err = s.attachments(ctx, q.Blobs, q.SourceRetention(), attach.Single(channel)); err != nil {
		return err
	}
	id, err := q.Message(ctx, m)
	if err != nil {
		return inFlags(err, nil)
	}
	if !s.Wait {
		return printFate(std, s.JSON, id, queuedFor(s.At), ledger.Reason{})
	}
	ctx, cancel := context.WithTimeout(ctx, s.WaitTimeout)
	defer cancel()
	record, err := awaitMessage(ctx, q.MessageStatus, id)
	if err != nil {
		return fmt.Errorf("message %s: %w", id, err)
	}
	if err := printFate(std, s.JSON, id, record.State.String(), record.Reason); err != nil {
		return err
	}
	if !record.State.Happened() {
		return fmt.Errorf("message %s: %s: %s", id, record.State, record.Reason.Text)
	}
	return nil
}

// actions reads those of --actions.
func (s *sendCmd) actions(std stdio) (*task.Actions, error) {
	if s.Actions == "" {
		return nil, nil
	}
	data, err := readInput(s.Actions, std, task.MaxContextBytes)
	if err != nil {
		return nil, err
	}
	a := &task.Actions{}
	return a, inFlags(fault.Under("/actions", strictjson.Read(data, a, strictjson.Limits{}, strictjson.Leniency{})), nil)
}

// queuedFor is the state of what was just enqueued.
func queuedFor(at time.Time) string {
	if at.After(time.Now()) {
		return "scheduled"
	}
	return "queued"
}

// printFate prints what became of a message.
func printFate(std stdio, asJSON bool, id, state string, r ledger.Reason) error {
	if asJSON {
		return json.NewEncoder(std.out).Encode(struct {
			ID     string `json:"id"`
			State  string `json:"state"`
			Code   string `json:"code,omitempty"`
			Reason string `json:"reason,omitempty"`
		}{id, state, r.Code, r.Text})
	}
	_, err := fmt.Fprintf(std.out, "%s %s\n", id, state)
	return err
}

// awaitMessage waits until a message or forward has a final state.
func awaitMessage(ctx context.Context, status func(context.Context, string) (enqueue.Status, error), id string) (enqueue.Status, error) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		record, err := status(ctx, id)
		if err == nil && record.State.Final() {
			return record, nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				if w := record.Waiting; w != nil && w.Code != ledger.WaitQueued {
					return record, fmt.Errorf("still pending, and it stays so for now: %s", codeAndText(w.Code, w.Text))
				}
				return record, errors.New("still pending; it stays queued, is a worker running?")
			}
			return record, context.Cause(ctx)
		}
	}
}
