package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/task"
	"github.com/heraldsend/herald/worker/transcript"
)

type renderForwardInput struct {
	Body ForwardBody
}

// ForwardPreview is the email that a forward would send.
type ForwardPreview struct {
	From        message.Address   `json:"from"`
	ReplyTo     *message.Address  `json:"replyTo,omitempty"`
	To          []message.Address `json:"to" nullable:"false"`
	Subject     string            `json:"subject"`
	HTML        string            `json:"html"`
	Text        string            `json:"text"`
	Attachments []string          `json:"attachments" nullable:"false" doc:"Names of the attached files"`
}

type renderForwardOutput struct {
	Body ForwardPreview
}

// forward shows a forward. If it would not be sent, the answer is a problem with the code that its state would have.
func (p *Preview) forward(ctx context.Context, in *renderForwardInput) (*renderForwardOutput, error) {
	f := in.Body.task("preview")
	if _, err := enqueue.CheckForward(f, in.Body.Conversation); err != nil {
		return nil, err
	}
	select {
	case p.forwards <- struct{}{}:
		defer func() { <-p.forwards }()
	case <-ctx.Done():
		return nil, busy(ctx.Err())
	}
	if ctx.Err() != nil {
		return nil, busy(context.Cause(ctx))
	}
	made, err := p.make(ctx, f, in.Body.Conversation)
	if err != nil {
		return nil, rendered(err)
	}
	m := made.Message
	composer, err := p.options.Composer(p.options.Catalog())
	if err != nil {
		return nil, err
	}
	// Its files are looked up when it is sent.
	if err := verdictProblem(composer.Finish(ctx, m, &compose.Files{})); err != nil {
		return nil, err
	}
	out := ForwardPreview{From: m.From, ReplyTo: m.ReplyTo, To: m.To, Subject: m.Subject, HTML: m.HTML, Text: m.Text, Attachments: []string{}}
	for i, ref := range made.Files {
		out.Attachments = append(out.Attachments, attach.CleanName(ref.Name, i+1))
	}
	return &renderForwardOutput{out}, nil
}

// make renders a transcript with the catalog in use.
func (p *Preview) make(ctx context.Context, f task.Forward, talk []byte) (*transcript.Made, error) {
	b, err := p.forwarder.Bundle(p.options.Catalog(), f)
	if err != nil {
		return nil, problem(http.StatusUnprocessableEntity, "template_error", "%s", err.Error())
	}
	var prepared *render.Prepared
	if prepared, err = p.forwarder.Open(b); err != nil {
		return nil, problem(http.StatusUnprocessableEntity, "template_error", "%s", err.Error())
	}
	made, err := p.forwarder.Make(ctx, prepared, f, talk)
	return made, verdictProblem(err)
}

// verdictProblem makes a problem of a verdict. Any other error stays what it is.
func verdictProblem(err error) error {
	var v *compose.Verdict
	if errors.As(err, &v) {
		return problem(http.StatusUnprocessableEntity, v.Code, "%s", v.Text)
	}
	return err
}
