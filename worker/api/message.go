package api

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/heraldsend/herald/worker/address/phone"
	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/task"
)

// maxMessage bounds the body of one message: a context of the largest size and 9.5 MB of files in base64.
const maxMessage = 16 << 20

// MessageBody is one message to one recipient.
type MessageBody struct {
	ID      string          `json:"id,omitempty" maxLength:"100" pattern:"^[A-Za-z0-9][A-Za-z0-9_-]*(\\.[A-Za-z0-9_-]+)*$" patternDescription:"of 1 to 100 letters, digits, '_', '-' and single dots, starting with a letter or digit" doc:"Names the message: enqueueing it again is harmless, for as long as it is known (HERALD_RETENTION, 30 days unless set). A fresh one where missing. A forward or bulk may have the same id."`
	Channel message.Channel `json:"channel"`
	From    string          `json:"from,omitempty" maxLength:"1000" doc:"An email needs it. Elsewhere the channel's own where missing." example:"Fernhill <stay@fernhill.example>"`
	To      string          `json:"to" minLength:"1" maxLength:"1000" doc:"An email address, a phone number, or (chat and note) a conversation's id." example:"ada@example.com"`
	ReplyTo string          `json:"replyTo,omitempty" maxLength:"1000"`
	Cc      []string        `json:"cc,omitempty" maxItems:"50"`
	Bcc     []string        `json:"bcc,omitempty" maxItems:"50"`
	ContentFields
	LabelFields
	Context     Object        `json:"context,omitempty" doc:"What the template may use: customer, conversation, currentUser, …. Numbers stay exact."`
	Locale      string        `json:"locale,omitempty" maxLength:"100" example:"fr-CA"`
	Country     string        `json:"country,omitempty" pattern:"^[A-Z]{2}$" doc:"Default country: ISO 3166 code for phone numbers without a country's code. The server's own where missing." example:"GB"`
	Timezone    string        `json:"timezone,omitempty" maxLength:"100" example:"America/Toronto"`
	Attachments []FileRef     `json:"attachments,omitempty" maxItems:"50"`
	Policy      task.Policy   `json:"policy,omitempty"`
	OnIssue     string        `json:"onIssue,omitempty" enum:"send,skip" doc:"What happens where rendering raises issues, such as a missing field. send where missing."`
	Unsubscribe bool          `json:"unsubscribe,omitempty" doc:"Adds an unsubscribe link of the recipient's own to an email."`
	InReplyTo   string        `json:"inReplyTo,omitempty" maxLength:"300" doc:"Message-ID of the mail that an email answers: mail programs show them together." example:"<CAF1@mail.example.com>"`
	References  []string      `json:"references,omitempty" maxItems:"100" doc:"Message-IDs of the mails before that, the oldest first. A mail carries the first and the last 19."`
	Headers     []HeaderField `json:"headers,omitempty" maxItems:"50" doc:"Further header fields of an email."`
	Chat        ChatFields    `json:"chat,omitzero"`
	Note        NoteFields    `json:"note,omitzero"`
	SendAt      time.Time     `json:"sendAt,omitzero" doc:"When it is sent; now where missing."`
	Actions     *ActionsBody  `json:"actions,omitempty" doc:"Change the conversation of the context after the message was sent."`
	SendBefore  time.Time     `json:"sendBefore,omitzero" doc:"When the message is too late: from then on it is skipped."`
}

// Accepted has the id of what was stored.
type Accepted struct {
	ID string `json:"id"`
}

// AcceptedOutput is a 202.
type AcceptedOutput struct {
	Location string `header:"Location" doc:"Where it can be followed."`
	Replayed string `header:"Idempotent-Replayed" doc:"true where an earlier call with the same id or key stored it; missing otherwise."`
	Body     Accepted
}

// IDInput is the id of an operation's subject.
type IDInput struct {
	ID string `path:"id" minLength:"1" maxLength:"200" doc:"Its id. A token with the scope admin names what is an owner's as OWNER~ID."`
}

func (s *Server) registerMessages(api huma.API) {
	Handle(api, ScopeSend, huma.Operation{
		OperationID: "send-message", Method: http.MethodPost, Path: "/v1/messages", Tags: []string{"Messages"},
		Summary: "Send one message", DefaultStatus: http.StatusAccepted, MaxBodyBytes: maxMessage,
		Description: "Stores the message for the workers. 202 means that it is stored, as durably as Redis is set up to store.",
		Errors:      []int{http.StatusConflict},
	}, s.sendMessage)
	Handle(api, ScopeRead, huma.Operation{
		OperationID: "get-message", Method: http.MethodGet, Path: "/v1/messages/{id}", Tags: []string{"Messages"},
		Summary: "What became of a message", Errors: []int{http.StatusNotFound},
		Description: "Ids of a bulk's messages work too. If no message has the id, the answer is about the forward with this id.",
	}, s.getState(s.Client.MessageStatus))
	Handle(api, ScopeSend, huma.Operation{
		OperationID: "cancel-message", Method: http.MethodDelete, Path: "/v1/messages/{id}", Tags: []string{"Messages"},
		Summary: "Cancel a message", DefaultStatus: http.StatusNoContent,
		Description: "A message that waits for its time, for a free worker or for its next try is skipped, with the code cancelled. A message that was sent, or is being sent, can't be cancelled. Cancelling twice is harmless. If no message has the id, the forward with this id is cancelled.",
		Errors:      []int{http.StatusNotFound, http.StatusConflict},
	}, s.cancel(s.Client.CancelMessage))
	Handle(api, ScopeSend, huma.Operation{
		OperationID: "resolve-message", Method: http.MethodPost, Path: "/v1/messages/{id}/resolve", Tags: []string{"Messages"},
		Summary: "Settle a message in state unknown", Errors: []int{http.StatusNotFound, http.StatusConflict},
		Description: "Settles a message in state unknown, as a person found out. Its event follows. Ids of a bulk's messages work too. If no message has the id, the forward with this id is settled.",
	}, s.resolve(s.Client.ResolveMessage, s.Client.MessageStatus))
}

type sendMessageInput struct {
	IdempotencyKey
	Body MessageBody
}

func (s *Server) sendMessage(ctx context.Context, in *sendMessageInput) (*AcceptedOutput, error) {
	const operation = "messages"
	by := callerOf(ctx)
	if err := by.checkSending(in.Body.Channel, in.Body.From, cmp.Or(in.Body.Country, s.Country)); err != nil {
		return nil, err
	}
	m, err := s.message(ctx, in.Body, in.identity(by, operation, in.Body.ID))
	if err != nil {
		return nil, err
	}
	var stored enqueue.Receipt
	err = s.bind(ctx, in.IdempotencyKey, operation, in.Body, func() (err error) {
		stored, err = s.Client.Enqueue(ctx, m)
		return err
	})
	if err != nil {
		return nil, err
	}
	return by.accepted("/v1/messages", stored), nil
}

// message makes the task of a request and checks it.
func (s *Server) message(ctx context.Context, b MessageBody, id string) (task.Message, error) {
	b.Country = cmp.Or(b.Country, s.Country)
	m := b.task(id)
	if m.Shortcut == "" && m.Text == "" && s.Judge != nil {
		m.Shortcut = s.Judge.DefaultShortcut(m.Channel)
	}
	wrong := fault.In(fault.Join(enqueue.CheckMessage(m), checkCountry(m.Country), s.judge(m.Channel, m.Content), s.Client.CheckTopic(m.Labels, m.Unsubscribe)))
	if err := wrong.Merge(fault.In(compose.CheckRecipient(m))).Err(); err != nil {
		return m, err
	}
	var err error
	m.Attachments, err = s.references(ctx, attach.Single(m.Channel), m.Attachments, "/attachments")
	return m, err
}

// checkCountry wants a country that has phone numbers, or none.
func checkCountry(code string) error {
	var f fault.List
	f.Join("/country", phone.CheckCountry(code))
	return f.Err()
}

// task is the task that a body asks for.
func (b *MessageBody) task(id string) task.Message {
	return task.Message{
		ID: id, Channel: b.Channel, From: b.From, To: b.To, ReplyTo: b.ReplyTo, Cc: b.Cc, Bcc: b.Bcc,
		Content: b.content(), Labels: b.labels(), Context: contextBytes(b.Context), Locale: b.Locale, Timezone: b.Timezone, Country: b.Country, Attachments: fileRefs(b.Attachments),
		Policy: b.Policy, OnIssue: task.IssuePolicy(b.OnIssue), Unsubscribe: b.Unsubscribe, Actions: b.Actions.actions(),
		InReplyTo: b.InReplyTo, References: b.References, Headers: headerFields(b.Headers), Chat: message.ChatFields(b.Chat), Note: message.NoteFields(b.Note), SendAt: b.SendAt, SendBefore: b.SendBefore,
	}
}

// faults implements ownRules.
func (b *MessageBody) faults() error {
	m := b.task(cmp.Or(b.ID, "fresh"))
	if m.Shortcut == "" && m.Text == "" && slices.Contains(message.Channels, m.Channel) {
		m.Shortcut = "default" // the templates may have one: message looks
	}
	return fault.Join(enqueue.CheckMessage(m), compose.CheckSubject(m.Channel, m.Content))
}

// cancel cancels a message or forward.
func (s *Server) cancel(do func(context.Context, string) error) func(context.Context, *IDInput) (*struct{}, error) {
	return func(ctx context.Context, in *IDInput) (*struct{}, error) {
		return nil, do(ctx, in.ID)
	}
}
