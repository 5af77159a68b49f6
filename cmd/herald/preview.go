package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/explain"
	"github.com/heraldsend/herald/worker/app"
	"github.com/heraldsend/herald/worker/channel/email"
	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/preview"
	"github.com/heraldsend/herald/worker/task"
)

type previewCmd struct {
	authorFlags `embed:""`
	Channel     string `enum:"all,${channels}" default:"all" help:"Only ${channelWords}."`
	HTML        string `name:"html" placeholder:"FILE" help:"Write the email's HTML to this file; - for standard output, alone."`
	EML         string `name:"eml" placeholder:"FILE" help:"Write the whole email, as it is sent, to this file, which mail programs open; - for standard output, alone."`
	JSON        bool   `name:"json" help:"Print everything as JSON."`
}

// previewResult is what --json prints.
type previewResult struct {
	Shortcut  catalog.Shortcut `json:"shortcut"`
	Title     string           `json:"title"` // its name with dynamic text filled in
	Templates string           `json:"templates"`
	Context   string           `json:"context"` // where it is from
	Locale    string           `json:"locale"`
	Timezone  string           `json:"timezone"`
	Hash      string           `json:"hash"` // of everything that the shortcut needs
	Contents  []previewContent `json:"contents"`
}

// previewContent is what the customer gets on one channel.
type previewContent struct {
	*render.Content
	Attachments []catalog.Attachment `json:"attachments"`
	Snippets    []explain.SnippetUse `json:"snippets"`
	Issues      []placedIssue        `json:"issues"`
	From        string               `json:"from,omitempty"`
	To          string               `json:"to,omitempty"`
	Problem     string               `json:"problem,omitempty"` // why this would not be sent
	Unsent      string               `json:"unsent,omitempty"`  // why it waits or is skipped, where the channel is not configured here
	message     *message.Message     // nil where it would not be sent
}

// Run renders the shortcut as sending does, and shows what each channel gets. It fails where sending would.
func (cmd *previewCmd) Run(ctx context.Context, c *app.Settings, std stdio) (err error) {
	if err := cmd.check(); err != nil {
		return err
	}
	o, err := cmd.open(c, std)
	if err != nil {
		return err
	}
	looks, err := c.NewLooks(c.Logger(std.err), nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, looks.Close()) }()
	composer, err := looks.Composer(o.catalog)
	if err != nil {
		return err
	}
	p := previewResult{
		Shortcut: o.prepared.Bundle().Shortcut, Templates: fmt.Sprint(o.folder), Context: o.context,
		Locale: o.request.Locale, Timezone: o.request.Timezone, Hash: o.prepared.Bundle().Hash(),
	}
	if p.Title, err = o.prepared.Title(ctx, o.request); err != nil {
		return o.locate(err)
	}
	for _, channel := range catalog.Channels() {
		if cmd.Channel != "all" && cmd.Channel != string(channel) {
			continue
		}
		content, err := o.preview(ctx, composer, c.Country, channel)
		if err != nil {
			return err
		}
		p.Contents = append(p.Contents, content)
	}
	written, err := cmd.write(p.Contents[0], std)
	if err != nil {
		return err
	}
	switch {
	case cmd.HTML == "-" || cmd.EML == "-":
	case cmd.JSON:
		enc := json.NewEncoder(std.out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		err = enc.Encode(p)
	default:
		page := newPage(std)
		p.print(page)
		for i, line := range written {
			if i == 0 {
				page.line()
			}
			page.line(line)
		}
		_, err = page.WriteTo(std.out)
	}
	return errors.Join(err, p.problems())
}

func (cmd *previewCmd) check() error {
	switch {
	case (cmd.HTML != "" || cmd.EML != "") && cmd.Channel != "all" && cmd.Channel != string(catalog.Email):
		return usageError{fmt.Errorf("--html and --eml write the email: leave out --channel %s", cmd.Channel)}
	case cmd.HTML == "-" && cmd.EML == "-":
		return usageError{errors.New("only one of --html and --eml can go to standard output")}
	case cmd.JSON && (cmd.HTML == "-" || cmd.EML == "-"):
		return usageError{errors.New("--json goes to standard output too: give --html and --eml a file")}
	}
	return nil
}

// problems is the error of a preview that could not be sent.
func (p *previewResult) problems() error {
	var errs []error
	for _, content := range p.Contents {
		if content.Problem != "" {
			errs = append(errs, fmt.Errorf("%s: would not be sent: %s", content.Channel, content.Problem))
		}
	}
	return errors.Join(errs...)
}

// preview renders one channel.
func (o *opened) preview(ctx context.Context, composer *compose.Composer, country string, channel catalog.Channel) (previewContent, error) {
	m, err := preview.Addressed(task.Message{
		Channel: message.Channel(channel), Context: o.request.Context, Locale: o.request.Locale, Timezone: o.request.Timezone, Country: country,
	})
	if err != nil {
		return previewContent{}, err
	}
	composed, err := composer.Show(ctx, compose.Job{Message: m, Content: compose.NewContent(o.prepared).Checked(o.catalog), Owner: m.ID})
	if err != nil {
		return previewContent{}, err
	}
	content := composed.Content
	if content == nil {
		return previewContent{}, o.locate(composed.Verdict)
	}
	out := previewContent{
		Content: content, Attachments: content.Attachments, Issues: o.place(content.Issues), From: m.From, To: m.To, message: composed.Message,
	}
	switch v := composed.Verdict; {
	case v == nil:
		out.Unsent = composer.Waits(m.Channel)
	case v.Code == compose.LoggedOnly: // no fault of the shortcut
		out.Unsent = v.Code + ": " + v.Text
	default:
		out.Problem = v.Code + ": " + v.Text
	}
	if out.Snippets, err = o.snippetsOf(ctx, channel); err != nil {
		return out, err
	}
	if out.Attachments == nil {
		out.Attachments = []catalog.Attachment{}
	}
	if out.Snippets == nil {
		out.Snippets = []explain.SnippetUse{}
	}
	return out, nil
}

// write writes the files that --html and --eml ask for, and gives a line about each.
func (cmd *previewCmd) write(content previewContent, std stdio) ([]string, error) {
	var lines []string
	write := func(name, what string, data []byte) error {
		if name == "-" {
			_, err := std.out.Write(data)
			return err
		}
		if err := os.WriteFile(name, data, 0o644); err != nil {
			return err
		}
		lines = append(lines, fmt.Sprintf("Wrote %s: %s, %s", name, what, bytesText(int64(len(data)))))
		return nil
	}
	if cmd.HTML != "" {
		if err := write(cmd.HTML, "the email's HTML", []byte(content.HTML)); err != nil {
			return nil, err
		}
	}
	if cmd.EML != "" {
		if content.message == nil {
			return nil, fmt.Errorf("--eml: %s", content.Problem)
		}
		raw, err := email.Compose(content.message, time.Now())
		if err != nil {
			return nil, fmt.Errorf("--eml: %w", err)
		}
		if err := write(cmd.EML, "the email as it is sent", raw); err != nil {
			return nil, err
		}
	}
	return lines, nil
}
