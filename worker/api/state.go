package api

import (
	"context"
	"time"

	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/ledger"
)

// MessageState is the state of a message or forward.
type MessageState struct {
	ID      string          `json:"id"`
	Channel message.Channel `json:"channel,omitempty"`
	To      string          `json:"to,omitempty" doc:"As it was asked for."`
	State   string          `json:"state" enum:"pending,sent,done,failed,suppressed,skipped,unknown"`
	At      *time.Time      `json:"at,omitempty" doc:"When the state was reached; missing while pending."`
	LabelFields
	Reason  *Reason  `json:"reason,omitempty"`
	Waiting *Waiting `json:"waiting,omitempty" doc:"Why it is pending; missing once it is settled."`
	SentDetails
	Feedback *MessageFeedback `json:"feedback,omitempty" doc:"What came back after it was sent; missing where nothing did."`
}

// MessageFeedback is what came back about a message after it was sent.
type MessageFeedback struct {
	State  string    `json:"state" enum:"delivered,bounced_soft,bounced_hard,opted_out,unsubscribed,complained"`
	At     time.Time `json:"at" doc:"When it came."`
	Source string    `json:"source" doc:"mail, link, or the provider." example:"mail"`
	Status string    `json:"status,omitempty" doc:"RFC 3463, or the provider's code." example:"5.1.1"`
	Words  string    `json:"words,omitempty" doc:"The other side's." example:"550 5.1.1 user unknown"`
}

func feedbackOf(f ledger.Feedback) *MessageFeedback {
	if f.State == ledger.Unconfirmed {
		return nil
	}
	return &MessageFeedback{f.State.String(), f.At, f.Source, f.Status, f.Words}
}

// SentDetails are what is known about a message besides its state. A worker that was killed after sending may leave
// none.
type SentDetails struct {
	Subject    string        `json:"subject,omitempty" doc:"As it was rendered."`
	ProviderID string        `json:"providerId,omitempty" doc:"What the other side calls it: Message-ID, Twilio's sid, …."`
	Words      string        `json:"words,omitempty" doc:"The other side's last answer." example:"250 2.0.0 Ok: queued as 4ZKQ2v"`
	Attempts   int           `json:"attempts,omitempty" doc:"That were made."`
	Issues     []RenderIssue `json:"issues,omitempty" doc:"The first ten issues of rendering."`
}

// RenderIssue is something that rendering found, and went on.
type RenderIssue struct {
	Code  string `json:"code" doc:"Stable, for programs." example:"missing_field"`
	Text  string `json:"text" doc:"For people."`
	Field string `json:"field,omitempty" doc:"The field or snippet it concerns."`
	Part  string `json:"part,omitempty" doc:"subject, preheader, message or layout."`
}

// Reason says why something is in its state.
type Reason struct {
	Code string `json:"code" doc:"Stable, for programs." example:"invalid_address"`
	Text string `json:"text" doc:"For people."`
}

// Waiting says why something is still pending.
type Waiting struct {
	Code     string     `json:"code" doc:"queued, sending, scheduled, paused, canary or not_started where no trouble is behind it; no_worker or no_sender where no worker runs or can send it; else what the trouble is." example:"smtp_auth"`
	Text     string     `json:"text,omitempty" doc:"For people: the other side's words, where it said something."`
	Since    *time.Time `json:"since,omitempty" doc:"Since when it waits for this."`
	Attempts int        `json:"attempts,omitempty" doc:"That were in vain."`
}

func reasonOf(r ledger.Reason) *Reason {
	if r == (ledger.Reason{}) {
		return nil
	}
	return &Reason{r.Code, r.Text}
}

func waitingOf(w *ledger.Wait) *Waiting {
	if w == nil {
		return nil
	}
	return &Waiting{w.Code, w.Text, someTime(w.Since), w.Attempts}
}

func someTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func detailsOf(d ledger.Details) SentDetails {
	out := SentDetails{Subject: d.Subject, ProviderID: d.ProviderID, Words: d.Words, Attempts: d.Attempts}
	for _, i := range d.Issues {
		out.Issues = append(out.Issues, RenderIssue(i))
	}
	return out
}

// stateName is the public name of a state: claimed is pending.
func stateName(s ledger.State) string {
	if s == ledger.Claimed {
		s = ledger.Pending
	}
	return s.String()
}

// MessageStateOutput is a message's state.
type MessageStateOutput struct{ Body MessageState }

// getState answers with the state of a message or forward.
func (s *Server) getState(status func(context.Context, string) (enqueue.Status, error)) func(context.Context, *IDInput) (*MessageStateOutput, error) {
	return func(ctx context.Context, in *IDInput) (*MessageStateOutput, error) {
		found, err := status(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return &MessageStateOutput{messageState(callerOf(ctx), found)}, nil
	}
}

func messageState(by caller, s enqueue.Status) MessageState {
	return MessageState{
		ID: by.shown(s.ID), Channel: s.Channel, To: s.To, LabelFields: labelsOf(s.Labels), State: stateName(s.State), At: someTime(s.At), Reason: reasonOf(s.Reason),
		Waiting: waitingOf(s.Waiting), SentDetails: detailsOf(s.Details), Feedback: feedbackOf(s.Feedback),
	}
}

// ResolveInput is what a person found out.
type ResolveInput struct {
	IDInput
	Body struct {
		As string `json:"as" enum:"sent,failed,resend" doc:"sent: it arrived; failed: it did not; resend: it did not, send it again under the same message id."`
	}
}

// resolve settles a message or forward in state unknown, and answers with its state.
func (s *Server) resolve(do func(context.Context, string, enqueue.Resolution) error, status func(context.Context, string) (enqueue.Status, error)) func(context.Context, *ResolveInput) (*MessageStateOutput, error) {
	return func(ctx context.Context, in *ResolveInput) (*MessageStateOutput, error) {
		if err := do(ctx, in.ID, enqueue.Resolution(in.Body.As)); err != nil {
			return nil, err
		}
		return s.getState(status)(ctx, &in.IDInput)
	}
}

// Resolved is how many messages of a bulk were settled, and the progress of the bulk.
type Resolved struct {
	Resolved int        `json:"resolved"`
	Bulk     BulkStatus `json:"bulk"`
}

type resolvedOutput struct{ Body Resolved }

// resolveBulk settles the messages of a bulk in state unknown.
func (s *Server) resolveBulk(ctx context.Context, in *ResolveInput) (*resolvedOutput, error) {
	n, err := s.Client.ResolveBulk(ctx, in.ID, enqueue.Resolution(in.Body.As))
	if err != nil {
		return nil, err
	}
	status, err := s.bulkStatus(ctx, callerOf(ctx), in.ID)
	return &resolvedOutput{Resolved{n, status}}, err
}
