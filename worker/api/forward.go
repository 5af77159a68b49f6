package api

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/task"
)

// maxForward bounds a conversation with its inline files, in bytes of JSON.
const maxForward = 24 << 20

// ForwardBody is a conversation that is sent to people outside.
type ForwardBody struct {
	ID           string      `json:"id,omitempty" maxLength:"100" pattern:"^[A-Za-z0-9][A-Za-z0-9_-]*(\\.[A-Za-z0-9_-]+)*$" patternDescription:"of 1 to 100 letters, digits, '_', '-' and single dots, starting with a letter or digit" doc:"Forwarding again under the same id is harmless, for as long as it is known (HERALD_RETENTION, 30 days unless set). A fresh one where missing. A message or bulk may have the same id."`
	From         string      `json:"from" minLength:"1" maxLength:"1000" doc:"The sender, and where replies go unless replyTo says otherwise." example:"Robin <robin@desk.example>"`
	ReplyTo      string      `json:"replyTo,omitempty" maxLength:"1000"`
	To           string      `json:"to" minLength:"1" maxLength:"40000" doc:"Addresses separated by commas, at most 100. All of them get one email." example:"lawyer@example.com, ada@example.com"`
	Subject      string      `json:"subject,omitempty" maxLength:"10000" doc:"Template; the conversation's subject where missing."`
	Introduction string      `json:"introduction,omitempty" maxLength:"65536" doc:"Template in Markdown, above the conversation."`
	Template     string      `json:"template,omitempty" maxLength:"200" doc:"Email layout of the transcript."`
	Conversation Object      `json:"conversation" doc:"The conversation: id, name, customer, messages, …. Private notes are never sent, what is redacted stays so."`
	Attachments  []string    `json:"attachments,omitempty" maxItems:"100" doc:"Files of the conversation to attach, by id or name."`
	Locale       string      `json:"locale,omitempty" maxLength:"100"`
	Timezone     string      `json:"timezone,omitempty" maxLength:"100"`
	Order        string      `json:"order,omitempty" enum:"newest,oldest" doc:"Which message comes first. newest where missing."`
	Overflow     string      `json:"overflow,omitempty" enum:"fail,shorten" doc:"What happens to a transcript of more than 5 MB. fail where missing; shorten sends the newest messages and says how many are left out."`
	Quotes       string      `json:"quotes,omitempty" enum:"keep,drop" doc:"What becomes of text that messages quote. Where missing, it is dropped if a message of the conversation is withheld."`
	ForwardedBy  *AgentBody  `json:"forwardedBy,omitempty" doc:"Who forwards, for templates and the event."`
	Policy       task.Policy `json:"policy,omitempty"`
	SendAt       time.Time   `json:"sendAt,omitzero" doc:"When it is sent; now where missing."`
	SendBefore   time.Time   `json:"sendBefore,omitzero" doc:"When it is too late: from then on it is skipped."`
}

// AgentBody is a member of the team.
type AgentBody struct {
	ID          string `json:"id,omitempty" maxLength:"200"`
	DisplayName string `json:"displayName,omitempty" maxLength:"200"`
	Email       string `json:"email,omitempty" maxLength:"1000"`
}

func (s *Server) registerForwards(api huma.API) {
	Handle(api, ScopeSend, huma.Operation{
		OperationID: "forward-conversation", Method: http.MethodPost, Path: "/v1/forwards", Tags: []string{"Forwards"}, Summary: "Forward a conversation",
		Description:   "Stores a transcript to be sent as one email. GET /v1/forwards/{id} has its state.",
		DefaultStatus: http.StatusAccepted, MaxBodyBytes: maxForward,
		Errors: []int{http.StatusConflict},
	}, s.forward)
	Handle(api, ScopeRead, huma.Operation{
		OperationID: "get-forward", Method: http.MethodGet, Path: "/v1/forwards/{id}", Tags: []string{"Forwards"},
		Summary: "What became of a forward", Errors: []int{http.StatusNotFound},
	}, s.getState(s.Client.ForwardStatus))
	Handle(api, ScopeSend, huma.Operation{
		OperationID: "cancel-forward", Method: http.MethodDelete, Path: "/v1/forwards/{id}", Tags: []string{"Forwards"},
		Summary: "Cancel a forward", DefaultStatus: http.StatusNoContent,
		Description: "As with messages.", Errors: []int{http.StatusNotFound, http.StatusConflict},
	}, s.cancel(s.Client.CancelForward))
	Handle(api, ScopeSend, huma.Operation{
		OperationID: "resolve-forward", Method: http.MethodPost, Path: "/v1/forwards/{id}/resolve", Tags: []string{"Forwards"},
		Summary: "Settle a forward in state unknown", Description: "As with messages.", Errors: []int{http.StatusNotFound, http.StatusConflict},
	}, s.resolve(s.Client.ResolveForward, s.Client.ForwardStatus))
}

type forwardInput struct {
	IdempotencyKey
	Body ForwardBody
}

func (s *Server) forward(ctx context.Context, in *forwardInput) (*AcceptedOutput, error) {
	const operation = "forwards"
	b, by := in.Body, callerOf(ctx)
	if err := by.checkSending(message.Email, b.From, ""); err != nil {
		return nil, err
	}
	f := b.task(in.identity(by, operation, b.ID))
	if _, err := enqueue.CheckForward(f, b.Conversation); err != nil {
		return nil, err
	}
	var stored enqueue.Receipt
	err := s.bind(ctx, in.IdempotencyKey, operation, b, func() (err error) {
		stored, err = s.Client.EnqueueForward(ctx, f, b.Conversation)
		return err
	})
	if err != nil {
		return nil, err
	}
	return by.accepted("/v1/forwards", stored), nil
}

// task is the forward that a body asks for.
func (b *ForwardBody) task(id string) task.Forward {
	return task.Forward{
		ID: id, Layout: task.Layout, From: b.From, ReplyTo: b.ReplyTo, To: b.To, Subject: b.Subject, Introduction: b.Introduction, Template: b.Template,
		Attachments: b.Attachments, Locale: b.Locale, Timezone: b.Timezone, Order: task.ForwardOrder(b.Order), Overflow: task.ForwardOverflow(b.Overflow),
		Quotes: task.ForwardQuotes(b.Quotes), ForwardedBy: (*task.Agent)(b.ForwardedBy), Policy: b.Policy, SendAt: b.SendAt, SendBefore: b.SendBefore,
	}
}

// faults implements ownRules.
func (b *ForwardBody) faults() error {
	_, err := enqueue.CheckForward(b.task(cmp.Or(b.ID, "fresh")), b.Conversation)
	return err
}
