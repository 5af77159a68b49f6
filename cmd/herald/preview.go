package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/worker/app"
	"github.com/heraldsend/herald/worker/preview"
)

type previewCmd struct {
	authorFlags `embed:""`
	Channel     string `enum:"all,email,sms,chat,note" default:"all" help:"Only email, sms, chat or note."`
	HTML        string `name:"html" placeholder:"FILE" help:"Write the email's HTML to this file; - for standard output, alone."`
	EML         string `name:"eml" placeholder:"FILE" help:"Write the whole email as it travels to this file, which mail programs open; - for standard output, alone."`
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
	Snippets    []render.SnippetUse  `json:"snippets"`
	Issues      []placedIssue        `json:"issues"`
	Problem     string               `json:"problem,omitempty"` // why this could not be sent
}

// Run renders the shortcut as sending does, and shows what each channel gets. It fails where sending would.
func (cmd *previewCmd) Run(ctx context.Context, c *app.Settings, std stdio) error {
	if err := cmd.check(); err != nil {
		return err
	}
	o, err := cmd.open(c, std)
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
		content, err := o.preview(ctx, channel)
		if err != nil {
			return err
		}
		p.Contents = append(p.Contents, content)
	}
	written, err := cmd.write(ctx, o, p.Contents[0], std)
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
			errs = append(errs, fmt.Errorf("%s: could not be sent: %s", content.Channel, content.Problem))
		}
	}
	return errors.Join(errs...)
}

// preview renders one channel.
func (o *opened) preview(ctx context.Context, channel catalog.Channel) (previewContent, error) {
	request := o.request
	request.Channel = channel
	content, err := o.prepared.Render(ctx, request)
	if err != nil {
		return previewContent{}, o.locate(err)
	}
	out := previewContent{Content: content, Attachments: content.Attachments, Issues: o.place(content.Issues)}
	if out.Snippets, err = o.snippetsOf(ctx, channel); err != nil {
		return out, err
	}
	files, err := preview.Attached(o.catalog, channel, content.Attachments)
	if err != nil {
		return out, err
	}
	out.Problem = files.Problem
	if out.Attachments == nil {
		out.Attachments = []catalog.Attachment{}
	}
	if out.Snippets == nil {
		out.Snippets = []render.SnippetUse{}
	}
	return out, nil
}

// write writes the files that --html and --eml ask for, and gives a line about each.
func (cmd *previewCmd) write(ctx context.Context, o *opened, email previewContent, std stdio) ([]string, error) {
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
		if err := write(cmd.HTML, "the email's HTML", []byte(email.HTML)); err != nil {
			return nil, err
		}
	}
	if cmd.EML != "" {
		mail, err := preview.Compose(ctx, o.catalog, email.Content, o.request.Context, nil)
		if err != nil {
			return nil, fmt.Errorf("--eml: %w", err)
		}
		if err := write(cmd.EML, "the email as it travels", mail.Raw); err != nil {
			return nil, err
		}
	}
	return lines, nil
}
