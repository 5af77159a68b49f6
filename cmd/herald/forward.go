package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/app"
	"github.com/heraldsend/herald/worker/conversation"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
	"github.com/heraldsend/herald/worker/transcript"
)

type forwardCmd struct {
	Conversation string        `required:"" placeholder:"FILE" help:"The conversation as JSON; - for standard input."`
	From         string        `required:"" placeholder:"ADDR" help:"Sender, and where replies go, such as 'Robin <robin@desk.example>'."`
	To           string        `required:"" placeholder:"LIST" help:"Recipients, separated by commas, at most 100. All of them get one email."`
	ReplyTo      string        `placeholder:"ADDR" help:"Where replies go, if not to the sender."`
	Introduction string        `placeholder:"TEMPLATE" help:"Text above the conversation, in Markdown."`
	Subject      string        `placeholder:"TEMPLATE" help:"Subject; the conversation's when empty."`
	Template     string        `placeholder:"NAME" help:"Email layout of the transcript; transcript when empty."`
	Attach       []string      `placeholder:"NAME" sep:"none" help:"File of the conversation to attach, by id or name. Can be given again."`
	Order        string        `enum:"newest,oldest" default:"newest" help:"Which message comes first: newest or oldest."`
	Overflow     string        `enum:"fail,shorten" default:"fail" help:"What becomes of a transcript of more than 5 MB: fail, or shorten: the newest messages, and how many are left out."`
	Quotes       string        `enum:"keep,drop," default:"" help:"What becomes of text that messages quote: keep or drop. When empty, it is dropped if a message is withheld."`
	By           string        `placeholder:"NAME" help:"Who forwards, such as 'Robin Hale <robin@desk.example>'."`
	Policy       string        `enum:"resend,hold," default:"" help:"What happens if a worker is killed while sending: resend (when empty), or hold for a person."`
	ID           string        `name:"id" help:"Id of the forward. Forwarding again under the same id is harmless."`
	At           time.Time     `placeholder:"TIME" help:"When to send, such as 2026-12-01T09:00:00+01:00. At once when empty."`
	Before       time.Time     `placeholder:"TIME" help:"When it is too late: from then on it is skipped."`
	Wait         bool          `help:"Wait until it was sent or given up."`
	WaitTimeout  time.Duration `default:"5m" help:"How long --wait waits."`
	JSON         bool          `name:"json" help:"Print JSON."`
	Preview      bool          `help:"Show the mail instead of sending it. Needs no Redis."`
	HTML         string        `name:"html" placeholder:"FILE" help:"With --preview: write the HTML to this file; - for standard output, alone."`
	EML          string        `name:"eml" placeholder:"FILE" help:"With --preview: write the whole email to this file; - for standard output, alone."`
}

// Run enqueues a forward, or shows it. With --wait it fails unless the forward was sent.
func (f *forwardCmd) Run(ctx context.Context, c *app.Settings, std stdio) (err error) {
	if err := f.check(); err != nil {
		return err
	}
	talk, err := readInput(f.Conversation, std, conversation.MaxBytes)
	if err != nil {
		return err
	}
	t, err := f.task(c)
	if err != nil {
		return err
	}
	check := t
	check.ID = first(t.ID, "fresh")
	read, err := enqueue.CheckForward(check, talk)
	if err != nil {
		return inFlags(err, map[string]string{"/conversation": f.Conversation, "/template": "--template"})
	}
	files, err := read.Choose(t.Attachments)
	if err != nil {
		return err
	}
	if f.Preview {
		return f.preview(ctx, c, std, t, talk, files)
	}
	q, err := app.NewClient(ctx, c, c.Logger(std.err))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, q.Close()) }()
	bundle, _, err := f.bundle(c, t)
	if err != nil {
		return err
	}
	// What this command saw is what is sent.
	if t.Sources, err = q.Blobs.Put(ctx, bundle.Encode(), q.SourceRetention()); err != nil {
		return err
	}
	id, err := q.Forward(ctx, t, talk)
	if err != nil {
		return err
	}
	return f.follow(ctx, q, std, id)
}

// check finds mistakes that need no file to be seen.
func (f *forwardCmd) check() error {
	switch {
	case !f.Preview && (f.HTML != "" || f.EML != ""):
		return usageError{errors.New("--html and --eml belong to --preview")}
	case f.JSON && (f.HTML == "-" || f.EML == "-"):
		return usageError{errors.New("--json goes to standard output too: give --html and --eml a file")}
	case f.HTML == "-" && f.EML == "-":
		return usageError{errors.New("only one of --html and --eml can go to standard output")}
	}
	return nil
}

func (f *forwardCmd) task(c *app.Settings) (task.Forward, error) {
	t := task.Forward{
		ID: f.ID, Layout: task.Layout, From: f.From, ReplyTo: f.ReplyTo, To: f.To, Subject: f.Subject, Introduction: f.Introduction, Template: f.Template,
		Attachments: f.Attach, Locale: c.Locale, Timezone: c.Timezone, Order: task.ForwardOrder(f.Order), Overflow: task.ForwardOverflow(f.Overflow), Quotes: task.ForwardQuotes(f.Quotes), Policy: task.Policy(f.Policy),
		SendAt: f.At, SendBefore: f.Before,
	}
	if !strings.Contains(f.By, "<") {
		if f.By != "" {
			t.ForwardedBy = &task.Agent{DisplayName: f.By}
		}
		return t, nil
	}
	by, err := address.ParseMailbox(f.By)
	if err != nil {
		return t, usageError{fmt.Errorf("--by: %w", err)}
	}
	t.ForwardedBy = &task.Agent{DisplayName: by.Name, Email: by.Addr}
	return t, nil
}

// bundle gathers and compiles the templates.
func (f *forwardCmd) bundle(c *app.Settings, t task.Forward) (*catalog.Bundle, *transcript.Forwarder, error) {
	catalog, err := c.Catalog()
	if err != nil {
		return nil, nil, err
	}
	renderer, err := c.Renderer()
	if err != nil {
		return nil, nil, err
	}
	forwarder, err := transcript.New(renderer)
	if err != nil {
		return nil, nil, err
	}
	b, err := forwarder.Bundle(catalog, t)
	return b, forwarder, err
}

// follow prints what became of a forward.
func (f *forwardCmd) follow(ctx context.Context, q *app.Client, std stdio, id string) error {
	if !f.Wait {
		return printFate(std, f.JSON, id, queuedFor(f.At), ledger.Reason{})
	}
	ctx, cancel := context.WithTimeout(ctx, f.WaitTimeout)
	defer cancel()
	record, err := awaitMessage(ctx, q.ForwardStatus, id)
	if err != nil {
		return fmt.Errorf("forward %s: %w", id, err)
	}
	if err := printFate(std, f.JSON, id, record.State.String(), record.Reason); err != nil {
		return err
	}
	if record.State != ledger.Sent {
		return fmt.Errorf("forward %s: %s: %s", id, record.State, record.Reason.Text)
	}
	return nil
}
