package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/message"
)

type previewCmd struct {
	authorFlags `embed:""`
	Channel     string `enum:"all,email,sms,chat,note" default:"all" help:"Only email, sms, chat or note."`
	HTML        string `name:"html" placeholder:"FILE" help:"Write the email's HTML to this file; - for standard output, alone."`
	EML         string `name:"eml" placeholder:"FILE" help:"Write the whole email as it travels to this file, which mail programs open; - for standard output, alone."`
	JSON        bool   `name:"json" help:"Print everything as JSON."`
}

// preview is what --json prints.
type preview struct {
	Shortcut  render.Shortcut  `json:"shortcut"`
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
	Attachments []render.Attachment `json:"attachments"`
	Snippets    []render.SnippetUse `json:"snippets"`
	Issues      []placedIssue       `json:"issues"`
	Problem     string              `json:"problem,omitempty"` // why this could not be sent
}

// Run renders the shortcut as sending does, and shows what each channel gets. It fails where sending would.
func (cmd *previewCmd) Run(ctx context.Context, c *config, std stdio) error {
	if err := cmd.check(); err != nil {
		return err
	}
	o, err := cmd.open(c, std)
	if err != nil {
		return err
	}
	p := preview{
		Shortcut: o.prepared.Bundle().Shortcut, Templates: fmt.Sprint(o.folder), Context: o.context,
		Locale: o.request.Locale, Timezone: o.request.Timezone, Hash: o.prepared.Bundle().Hash(),
	}
	for _, channel := range render.Channels() {
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
	case (cmd.HTML != "" || cmd.EML != "") && cmd.Channel != "all" && cmd.Channel != string(render.Email):
		return usageError{fmt.Errorf("--html and --eml write the email: leave out --channel %s", cmd.Channel)}
	case cmd.HTML == "-" && cmd.EML == "-":
		return usageError{errors.New("only one of --html and --eml can go to standard output")}
	case cmd.JSON && (cmd.HTML == "-" || cmd.EML == "-"):
		return usageError{errors.New("--json goes to standard output too: give --html and --eml a file")}
	}
	return nil
}

// problems is the error of a preview that could not be sent.
func (p *preview) problems() error {
	var errs []error
	for _, content := range p.Contents {
		if content.Problem != "" {
			errs = append(errs, fmt.Errorf("%s: could not be sent: %s", content.Channel, content.Problem))
		}
	}
	return errors.Join(errs...)
}

// preview renders one channel.
func (o *opened) preview(ctx context.Context, channel render.Channel) (previewContent, error) {
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
	if err := o.checkFiles(channel, content.Attachments); err != nil {
		out.Problem = err.Error()
	}
	if out.Attachments == nil {
		out.Attachments = []render.Attachment{}
	}
	if out.Snippets == nil {
		out.Snippets = []render.SnippetUse{}
	}
	return out, nil
}

// checkFiles holds the attachments against the limits that sending keeps.
func (o *opened) checkFiles(channel render.Channel, files []render.Attachment) error {
	checked := make([]attach.File, len(files))
	for i, file := range files {
		data, err := o.catalog.Attachment(file.SHA256)
		if err != nil {
			return err
		}
		checked[i] = attach.File{Name: attach.CleanName(file.Name, i+1), Size: int64(len(data)), Head: data}
	}
	return attach.For(message.Channel(channel)).Check(checked)
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
		raw, err := o.compose(ctx, email.Content)
		if err != nil {
			return nil, fmt.Errorf("--eml: %w", err)
		}
		if err := write(cmd.EML, "the email as it travels", raw); err != nil {
			return nil, err
		}
	}
	return lines, nil
}

// print shows the preview to people.
func (p *preview) print(page *page) {
	page.heading(p.Shortcut.Name, p.Shortcut.Description)
	page.row("Templates", p.Templates)
	page.row("Context", p.Context)
	page.row("Locale", p.Locale+", time zone "+p.Timezone)
	page.row("Afterwards", afterwards(&p.Shortcut))
	if p.Shortcut.Visibility != "" && p.Shortcut.Visibility != render.Public {
		page.row("Visible", audienceOf(&p.Shortcut))
	}
	for i := 0; i < len(p.Contents); i++ {
		names := channelTitle(p.Contents[i].Channel)
		for i+1 < len(p.Contents) && p.Contents[i].same(p.Contents[i+1]) {
			i++
			names += " and " + strings.ToLower(channelTitle(p.Contents[i].Channel))
		}
		p.Contents[i].print(page, names, p)
	}
}

// same reports whether two channels get the same, so that it need be shown once only.
func (c previewContent) same(other previewContent) bool {
	if c.Channel == render.Email || c.Channel == render.SMS {
		return false
	}
	other.Content = &render.Content{Channel: c.Channel, Text: other.Text, Attachments: other.Content.Attachments, Issues: other.Content.Issues}
	a, errA := json.Marshal(c)
	b, errB := json.Marshal(other)
	return errA == nil && errB == nil && bytes.Equal(a, b)
}

func channelTitle(c render.Channel) string {
	switch c {
	case render.Email:
		return "Email"
	case render.SMS:
		return "SMS"
	case render.Chat:
		return "Chat"
	}
	return "Note"
}

// afterwards says what using the shortcut does besides sending.
func afterwards(s *render.Shortcut) string {
	var parts []string
	add := func(what string, values ...string) {
		if text := strings.Join(values, ", "); text != "" {
			parts = append(parts, what+" "+text)
		}
	}
	add("status", s.Status)
	add("tags", s.Tags...)
	add("teams", s.AssignedTeams...)
	add("users", s.AssignedUsers...)
	add("queue", s.Queue)
	return strings.Join(parts, "; ")
}

func (c previewContent) print(page *page, title string, p *preview) {
	page.heading(title, c.summary(&p.Shortcut))
	page.row("Subject", c.Subject)
	page.row("Preheader", c.Preheader)
	c.printFiles(page)
	printSnippets(page, c.Snippets, p.Locale)
	printIssues(page, c.Issues)
	if c.Problem != "" {
		page.mistakes(red, "Problem", []string{c.Problem})
	}
	if c.Text != "" {
		page.line()
		page.quote(strings.TrimRight(c.Text, "\n"))
	}
}

// summary is a channel's line of facts.
func (c previewContent) summary(s *render.Shortcut) string {
	switch {
	case c.SMS != nil && c.Text != "":
		return fmt.Sprintf("%s of %s, %s, room for %d more", count(c.SMS.Segments, "segment"), c.SMS.Encoding, count(c.SMS.Characters, "character"), c.SMS.Left)
	case c.Channel == render.Email:
		layout := "no layout"
		if name := s.For(render.Email).EmailTemplate; name != "" && name != render.NoTemplate {
			layout = "layout " + name
		}
		return fmt.Sprintf("%s, %s of HTML; this is its text", layout, bytesText(int64(len(c.HTML))))
	case c.Channel != render.SMS:
		return "Markdown"
	}
	return ""
}

func (c previewContent) printFiles(page *page) {
	policy := attach.For(message.Channel(c.Channel))
	label, total := "Attached", int64(0)
	for _, file := range c.Attachments {
		limit := policy.MaxFile
		if limit == 0 {
			limit = policy.MaxTotal
		}
		total += int64(file.Size)
		page.row(label, fmt.Sprintf("%s, %s, %s of %s", file.Name, strings.SplitN(file.Type, ";", 2)[0], bytesText(int64(file.Size)), bytesText(limit)))
		label = ""
	}
	if len(c.Attachments) > 1 {
		page.row("", fmt.Sprintf("together %s of %s", bytesText(total), bytesText(policy.MaxTotal)))
	}
}

// printSnippets lists snippets by the language that they are shown in, in a message of this locale.
func printSnippets(page *page, uses []render.SnippetUse, locale string) {
	label := "Snippets"
	var languages []string
	names := make(map[string][]string)
	for _, use := range uses {
		language := use.Language
		if use.Fallback {
			language += ", for lack of " + locale
		}
		if names[language] == nil {
			languages = append(languages, language)
		}
		names[language] = append(names[language], use.Name)
	}
	for _, language := range languages {
		code := ""
		if strings.Contains(language, " ") {
			code = yellow
		}
		page.styledRow(code, label, language+": "+strings.Join(names[language], ", "))
		label = ""
	}
}

func printIssues(page *page, issues []placedIssue) {
	lines := make([]string, len(issues))
	for i, issue := range issues {
		lines[i] = issue.String()
	}
	page.mistakes(yellow, "Issues", lines)
}

// count is "1 segment", "2 segments".
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// bytesText is a size for people, in units of 1,024.
func bytesText(n int64) string {
	switch {
	case n < 1<<10:
		return count(int(n), "byte")
	case n < 1<<20:
		return trimPoint(float64(n)/(1<<10)) + " KB"
	}
	return trimPoint(float64(n)/(1<<20)) + " MB"
}

func trimPoint(f float64) string { return strings.TrimSuffix(fmt.Sprintf("%.1f", f), ".0") }
