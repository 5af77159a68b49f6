package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/worker/app"
	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/channel/email"
	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/conversation"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/task"
	"github.com/heraldsend/herald/worker/transcript"
)

// preview makes the mail as the worker does, and shows it. It fails where sending would.
func (f *forwardCmd) preview(ctx context.Context, c *app.Settings, std stdio, t task.Forward, talk []byte, files []conversation.Attachment) error {
	if t.ID == "" {
		t.ID = "preview"
	}
	bundle, forwarder, err := f.bundle(c, t)
	if err != nil {
		return err
	}
	prepared, err := forwarder.Open(bundle)
	if err != nil {
		return err
	}
	made, err := forwarder.Make(ctx, prepared, t, talk)
	if err != nil {
		return err
	}
	if err := checkTotal(files); err != nil {
		return err
	}
	if err := f.finish(ctx, c, std, made); err != nil {
		return err
	}
	if f.HTML != "" {
		if err := writeOut(f.HTML, std, []byte(made.Message.HTML)); err != nil {
			return err
		}
	}
	if f.EML != "" {
		raw, err := email.Compose(made.Message, time.Now())
		if err != nil {
			return fmt.Errorf("--eml: %w", err)
		}
		if err := writeOut(f.EML, std, raw); err != nil {
			return err
		}
	}
	switch {
	case f.HTML == "-" || f.EML == "-":
		return nil
	case f.JSON:
		enc := json.NewEncoder(std.out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(previewOf(made, files))
	}
	p := newPage(std)
	f.show(p, made, files)
	_, err = p.WriteTo(std.out)
	return err
}

// forwardPreview is what --preview --json prints.
type forwardPreview struct {
	From        message.Address   `json:"from"`
	ReplyTo     *message.Address  `json:"replyTo,omitempty"`
	To          []message.Address `json:"to"`
	Subject     string            `json:"subject"`
	HTML        string            `json:"html"`
	Text        string            `json:"text"`
	Attachments []transcript.File `json:"attachments"`
	Issues      []render.Issue    `json:"issues"`
}

func previewOf(made *transcript.Made, files []conversation.Attachment) forwardPreview {
	m := made.Message
	p := forwardPreview{
		From: m.From, ReplyTo: m.ReplyTo, To: m.To, Subject: m.Subject, HTML: m.HTML, Text: m.Text,
		Attachments: make([]transcript.File, len(files)), Issues: issuesOf(made),
	}
	for i, ref := range made.Files {
		p.Attachments[i] = transcript.File{Name: attach.CleanName(ref.Name, i+1), Type: ref.Type, Size: files[i].Size}
	}
	return p
}

// issuesOf are the issues of a transcript that matter: it needs no introduction.
func issuesOf(made *transcript.Made) []render.Issue {
	issues := []render.Issue{}
	for _, i := range made.Issues {
		if i.Part != "message" || i.Code != render.IssueEmptyMessage {
			issues = append(issues, i)
		}
	}
	return issues
}

// show prints the mail for people.
func (f *forwardCmd) show(p *page, made *transcript.Made, files []conversation.Attachment) {
	m := made.Message
	p.heading("Forward", "layout "+first(f.Template, transcript.DefaultTemplate)+"; this is its text")
	p.row("From", m.From.String())
	if m.ReplyTo != nil {
		p.row("Reply to", m.ReplyTo.String())
	}
	to := make([]string, len(m.To))
	for i, a := range m.To {
		to[i] = a.String()
	}
	p.row("To", strings.Join(to, ", "))
	p.row("Subject", m.Subject)
	label := "Attached"
	for i, ref := range made.Files {
		p.row(label, fmt.Sprintf("%s, %s", attach.CleanName(ref.Name, i+1), sizeText(files[i].Size)))
		label = ""
	}
	var issues []string
	for _, i := range issuesOf(made) {
		issues = append(issues, i.Message)
	}
	p.mistakes(yellow, "Issues", issues)
	p.line()
	p.quote(strings.TrimRight(m.Text, "\n"))
}

func sizeText(n int64) string {
	if n <= 0 {
		return "of a size that the conversation doesn't tell"
	}
	return bytesText(n)
}

// checkTotal holds the sizes that the conversation tells against the limit.
func checkTotal(files []conversation.Attachment) error {
	all := make([]attach.File, len(files))
	for i, a := range files {
		all[i] = attach.File{Name: attach.CleanName(a.Name, i+1), Size: max(a.Size, 0)}
	}
	return attach.Forward().Check(all)
}

// finish makes the message whole, as sending does. Its files are read only where the whole mail is asked for: they stand
// in the conversation itself, or in the folder of attachments.
func (f *forwardCmd) finish(ctx context.Context, c *app.Settings, std stdio, made *transcript.Made) (err error) {
	catalog, err := c.Catalog()
	if err != nil {
		return err
	}
	looks, err := c.NewLooks(c.Logger(std.err), nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, looks.Close()) }()
	composer, err := looks.Composer(catalog)
	if err != nil {
		return err
	}
	files := &compose.Files{}
	if f.EML != "" {
		if files, err = composer.Find(ctx, attach.Forward(), made.Files); err != nil {
			return fmt.Errorf("--eml: %w", err)
		}
	}
	return composer.Finish(ctx, made.Message, files)
}

// writeOut writes a file, or standard output for "-".
func writeOut(name string, std stdio, data []byte) error {
	if name == "-" {
		_, err := std.out.Write(data)
		return err
	}
	return os.WriteFile(name, data, 0o644)
}
