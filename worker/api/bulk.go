package api

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/task"
)

// BulkBody is what a bulk sends, the same for all recipients.
type BulkBody struct {
	ID string `json:"id,omitempty" maxLength:"100" pattern:"^[A-Za-z0-9][A-Za-z0-9_-]*(\\.[A-Za-z0-9_-]+)*$" patternDescription:"of 1 to 100 letters, digits, '_', '-' and single dots, starting with a letter or digit" doc:"Taken for as long as the bulk is known (HERALD_RETENTION, 30 days unless set). A fresh one where missing."`
	LabelFields
	Messages    PerChannel[PartBody] `json:"messages,omitempty" doc:"The messages for each recipient: at most one on each channel."`
	Context     Object               `json:"context,omitempty" doc:"Context of all recipients; each recipient's own overrides it, key by key at its top level."`
	Locale      string               `json:"locale,omitempty" maxLength:"100" doc:"For recipients without their own."`
	Country     string               `json:"country,omitempty" pattern:"^[A-Z]{2}$" doc:"Default country: ISO 3166 code for phone numbers without a country's code. The server's own where missing." example:"GB"`
	Timezone    string               `json:"timezone,omitempty" maxLength:"100" doc:"For recipients without their own."`
	OnIssue     string               `json:"onIssue,omitempty" enum:"send,skip" doc:"What happens where rendering raises issues. send where missing."`
	Deduplicate bool                 `json:"deduplicate,omitempty" doc:"Sends to each address once, on each channel."`
	Rate        float64              `json:"rate,omitempty" minimum:"0" doc:"Messages a second that all workers together may start; 0 is no limit."`
	SendAt      time.Time            `json:"sendAt,omitzero" doc:"When it begins, once started."`
	SendAtLocal string               `json:"sendAtLocal,omitempty" maxLength:"40" example:"2026-12-01T09:00" doc:"When each recipient's messages are sent, by the recipient's local clock."`
	SendBefore  time.Time            `json:"sendBefore,omitzero" doc:"When the bulk is too late: from then on pending messages are skipped, as expired."`
	Canary      *CanaryBody          `json:"canary,omitempty"`
	Actions     *ActionsBody         `json:"actions,omitempty" doc:"Change each recipient's conversation once, after the last of its messages."`
	Events      bool                 `json:"events,omitempty" doc:"Asks for an event for each message, besides those of the bulk."`
}

// PartBody is the message of a bulk on one channel.
type PartBody struct {
	Channel message.Channel `json:"channel"`
	From    string          `json:"from,omitempty" maxLength:"1000" example:"Fernhill <stay@fernhill.example>"`
	ReplyTo string          `json:"replyTo,omitempty" maxLength:"1000"`
	ContentFields
	Attachments []FileRef     `json:"attachments,omitempty" maxItems:"50" doc:"For all recipients, before a recipient's own."`
	Policy      task.Policy   `json:"policy,omitempty"`
	Unsubscribe bool          `json:"unsubscribe,omitempty" doc:"Adds an unsubscribe link of each recipient's own to an email."`
	Headers     []HeaderField `json:"headers,omitempty" maxItems:"50"`
	Chat        ChatFields    `json:"chat,omitzero"`
	Note        NoteFields    `json:"note,omitzero"`
}

// CanaryBody sends to the first of the audience, and to the others only if few of those have failed.
type CanaryBody struct {
	Percent           float64 `json:"percent" exclusiveMinimum:"0" exclusiveMaximum:"100" doc:"Of the audience."`
	MaxFailurePercent float64 `json:"maxFailurePercent" minimum:"0" maximum:"100" doc:"Of those sent, failed or unknown. Above it the bulk pauses."`
}

func (s *Server) registerBulks(api huma.API) {
	const tag = "Bulks"
	add := func(id, method, path, summary string, status int, errs ...int) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Tags: []string{tag}, Summary: summary, DefaultStatus: status, Errors: errs}
	}
	const gone, conflict = http.StatusNotFound, http.StatusConflict
	create := add("create-bulk", http.MethodPost, "/v1/bulks", "Define a bulk", http.StatusCreated, conflict)
	create.MaxBodyBytes = maxMessage
	create.Description = "Stores what is sent. Then store the audience, and start it: until then nothing is sent."
	Handle(api, ScopeSend, create, s.createBulk)
	list := add("list-bulks", http.MethodGet, "/v1/bulks", "Bulks, the newest first", 0)
	list.Description = "Pages. With a state, a page may hold few items, or none, and still have a next one. Bulks that are created meanwhile move nothing."
	Handle(api, ScopeRead, list, s.listBulks)
	Handle(api, ScopeRead, add("get-bulk", http.MethodGet, "/v1/bulks/{id}", "How far a bulk is", 0, gone), s.getBulk)
	s.registerAudience(api)
	s.registerBulkControl(api)
	s.registerResults(api)
	s.registerBulkEvents(api)
}

type createBulkInput struct {
	IdempotencyKey
	Body BulkBody
}

func (s *Server) createBulk(ctx context.Context, in *createBulkInput) (*AcceptedOutput, error) {
	const operation = "bulks"
	by := callerOf(ctx)
	d, err := s.definition(ctx, in.Body, in.identity(by, operation, in.Body.ID))
	if err != nil {
		return nil, err
	}
	d.CreatedBy = by.person()
	var stored enqueue.Receipt
	err = s.bind(ctx, in.IdempotencyKey, operation, in.Body, func() (err error) {
		stored, err = s.Client.DefineBulk(ctx, d)
		return err
	})
	if err != nil {
		return nil, err
	}
	return by.accepted("/v1/bulks", stored), nil
}

// definition makes the definition of a request and checks it.
func (s *Server) definition(ctx context.Context, b BulkBody, id string) (bulk.Definition, error) {
	b.Country = cmp.Or(b.Country, s.Country)
	d := b.definition(id)
	if err := callerOf(ctx).checkBulk(d); err != nil {
		return d, err
	}
	wrong := []error{d.Validate(), checkCountry(d.Country), d.CheckAhead(s.now()), s.Client.CheckBulkTopic(d)}
	for i := range d.Messages {
		wrong = append(wrong, fault.Under(fault.Pointer("messages", i), s.judge(d.Messages[i].Channel, d.Messages[i].Content)))
	}
	if err := fault.Join(wrong...); err != nil {
		return d, err
	}
	for i := range d.Messages {
		var err error
		p := &d.Messages[i]
		if p.Attachments, err = s.references(ctx, attach.Bulk(p.Channel), p.Attachments, fault.Pointer("messages", i, "attachments")); err != nil {
			return d, err
		}
	}
	return d, nil
}

// definition is the definition that a body asks for.
func (b *BulkBody) definition(id string) bulk.Definition {
	d := bulk.Definition{
		ID: id, Labels: b.labels(), Context: contextBytes(b.Context), Locale: b.Locale, Timezone: b.Timezone, Country: b.Country, OnIssue: task.IssuePolicy(b.OnIssue),
		Deduplicate: b.Deduplicate, Rate: b.Rate, SendAt: b.SendAt, SendAtLocal: b.SendAtLocal, SendBefore: b.SendBefore,
		Canary: (*bulk.Canary)(b.Canary), Events: b.Events, Actions: b.Actions.actions(),
	}
	for _, p := range b.Messages {
		d.Messages = append(d.Messages, bulk.Part{
			Channel: p.Channel, From: p.From, ReplyTo: p.ReplyTo, Content: p.content(), Attachments: fileRefs(p.Attachments),
			Policy: p.Policy, Unsubscribe: p.Unsubscribe, Headers: headerFields(p.Headers),
			Chat: message.ChatFields(p.Chat), Note: message.NoteFields(p.Note),
		})
	}
	return d
}

// faults implements ownRules.
func (b *BulkBody) faults() error {
	d := b.definition(cmp.Or(b.ID, "fresh"))
	wrong := []error{d.Validate()}
	for i, p := range d.Messages {
		wrong = append(wrong, fault.Under(fault.Pointer("messages", i), compose.CheckSubject(p.Channel, p.Content)))
	}
	return fault.Join(wrong...)
}

// BulkStatus is the progress of a bulk in messages, one for each recipient and channel. Planned is always the sum of
// the other counts.
type BulkStatus struct {
	ID string `json:"id"`
	LabelFields
	State      string                      `json:"state" enum:"loading,ready,scheduled,running,completed,paused,cancelled"`
	Planned    int                         `json:"planned"`
	Pending    int                         `json:"pending"`
	Sent       int                         `json:"sent"`
	Failed     int                         `json:"failed"`
	Suppressed int                         `json:"suppressed"`
	Skipped    int                         `json:"skipped"`
	Unknown    int                         `json:"unknown"`
	Done       int                         `json:"done" doc:"There are only actions, and no message."`
	Issues     int                         `json:"issues" doc:"Messages that were rendered with issues, in any state."`
	Feedback   *bulk.Feedback              `json:"feedback,omitempty" doc:"What came back about those that were sent, whose sum it is; missing while nothing has."`
	Canary     string                      `json:"canary,omitempty" doc:"out while only the canary is sent, then its verdict."`
	Rate       float64                     `json:"rate" doc:"Messages a second; 0 is no limit."`
	CreatedAt  time.Time                   `json:"createdAt"`
	StartedAt  *time.Time                  `json:"startedAt,omitempty"`
	Channels   PerChannel[message.Channel] `json:"channels" nullable:"false"`
	Shortcut   string                      `json:"shortcut,omitempty" doc:"Of its first message."`

	Approvals []BulkApproval `json:"approvals,omitempty" doc:"Who approved it, the first one first."`

	Cause            *Reason       `json:"cause,omitempty" doc:"Why it waits or is slow; missing where nothing holds it up."`
	PerSecond        float64       `json:"perSecond" doc:"Messages settled a second, on the average of the last 10 to 20 s."`
	RemainingSeconds *int          `json:"remainingSeconds,omitempty" doc:"How long it takes at this pace."`
	Troubles         []BulkTrouble `json:"troubles,omitempty" doc:"Workers that can't send on one of its channels."`
}

// BulkApproval says who approved a bulk.
type BulkApproval struct {
	By string    `json:"by" doc:"token:NAME, or user:NAME on the command line."`
	At time.Time `json:"at"`
}

// BulkTrouble is a worker that can't send on a channel.
type BulkTrouble struct {
	Worker  string          `json:"worker" doc:"Host and process." example:"mailer-2:4711"`
	Channel message.Channel `json:"channel"`
	Account string          `json:"account,omitempty" doc:"User and host."`
	Code    string          `json:"code" example:"smtp_connect"`
	Detail  string          `json:"detail,omitempty" doc:"For people."`
	Since   *time.Time      `json:"since,omitempty"`
}

// bulkStatus reads the progress of a bulk, by the id under which it is stored.
func (s *Server) bulkStatus(ctx context.Context, by caller, id string) (BulkStatus, error) {
	if task.CheckID(id) != nil {
		return BulkStatus{}, bulk.ErrNotFound
	}
	b, err := s.Client.Bulks().Head(ctx, id)
	if err != nil {
		return BulkStatus{}, err
	}
	status, err := s.Client.ProgressOf(ctx, b)
	if err != nil {
		return BulkStatus{}, err
	}
	controls, err := s.Client.Bulks().Controls(ctx, id)
	if err != nil {
		return BulkStatus{}, err
	}
	out := BulkStatus{
		ID: by.shown(id), LabelFields: labelsOf(b.Labels), State: string(status.State), Planned: status.Planned, Pending: status.Pending, Sent: status.Sent, Done: status.Done, Failed: status.Failed,
		Suppressed: status.Suppressed, Skipped: status.Skipped, Unknown: status.Unknown, Issues: status.Issues, Feedback: status.Feedback, Canary: status.Canary,
		Rate: controls.Rate, CreatedAt: b.CreatedAt, Channels: PerChannel[message.Channel]{},
	}
	for _, a := range b.Approvals {
		out.Approvals = append(out.Approvals, BulkApproval(a))
	}
	if !b.Started.IsZero() {
		out.StartedAt = &b.Started
	}
	out.PerSecond, out.RemainingSeconds = status.PerSecond, status.RemainingSeconds
	if status.Cause != nil {
		out.Cause = &Reason{status.Cause.Code, status.Cause.Text}
	}
	for _, t := range status.Troubles {
		out.Troubles = append(out.Troubles, BulkTrouble{t.Worker, t.Channel, t.Account, t.Code, t.Detail, someTime(t.Since)})
	}
	for i, p := range b.Messages {
		out.Channels = append(out.Channels, p.Channel)
		if i == 0 {
			out.Shortcut = p.Shortcut
		}
	}
	return out, nil
}

// BulkStatusOutput is the progress of a bulk.
type BulkStatusOutput struct{ Body BulkStatus }

func (s *Server) getBulk(ctx context.Context, in *IDInput) (*BulkStatusOutput, error) {
	status, err := s.bulkStatus(ctx, callerOf(ctx), in.ID)
	return &BulkStatusOutput{status}, err
}

// steer changes the control of a bulk and answers with its progress.
func (s *Server) steer(ask func(context.Context, string) error) func(context.Context, *IDInput) (*BulkStatusOutput, error) {
	return func(ctx context.Context, in *IDInput) (*BulkStatusOutput, error) {
		if task.CheckID(in.ID) != nil {
			return nil, bulk.ErrNotFound
		}
		if err := ask(ctx, in.ID); err != nil {
			return nil, err
		}
		return s.getBulk(ctx, in)
	}
}

type bulkRateInput struct {
	IDInput
	Body struct {
		PerSecond float64 `json:"perSecond" minimum:"0" doc:"Messages a second that all workers together may start; 0 is no limit."`
	}
}

func (s *Server) setBulkRate(ctx context.Context, in *bulkRateInput) (*BulkStatusOutput, error) {
	return s.steer(func(ctx context.Context, id string) error {
		return s.Client.Bulks().SetRate(ctx, id, in.Body.PerSecond)
	})(ctx, &in.IDInput)
}
