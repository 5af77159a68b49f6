package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/explain"
	"github.com/heraldsend/herald/render/sms"
	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/message"
)

// print shows the preview to people.
func (p *previewResult) print(page *page) {
	page.heading(p.Shortcut.Name, p.Shortcut.Description)
	if p.Title != p.Shortcut.Name {
		page.row("Listed as", p.Title)
	}
	page.row("Templates", p.Templates)
	page.row("Context", p.Context)
	page.row("Locale", p.Locale+", time zone "+p.Timezone)
	page.row("Afterwards", afterwards(&p.Shortcut))
	if p.Shortcut.Visibility != "" && p.Shortcut.Visibility != catalog.Public {
		page.row("Visible", p.Shortcut.Audience())
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
	if c.Channel.Form() != catalog.FormMarkdown {
		return false
	}
	other.Content = &render.Content{Channel: c.Channel, Text: other.Text, Attachments: other.Content.Attachments, Issues: other.Content.Issues}
	other.Unsent = c.Unsent // the page doesn't show it
	a, errA := json.Marshal(c)
	b, errB := json.Marshal(other)
	return errA == nil && errB == nil && bytes.Equal(a, b)
}

func channelTitle(c catalog.Channel) string { return message.Channel(c).Spec().Title }

// afterwards says what using the shortcut does besides sending.
func afterwards(s *catalog.Shortcut) string {
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

func (c previewContent) print(page *page, title string, p *previewResult) {
	page.heading(title, c.summary(&p.Shortcut))
	page.row("Subject", c.Subject)
	page.row("Preheader", c.Preheader)
	if c.SMS != nil {
		page.row("Unicode", unicodeText(c.SMS.Forcing))
	}
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
func (c previewContent) summary(s *catalog.Shortcut) string {
	switch {
	case c.SMS != nil && c.Text != "":
		return fmt.Sprintf("%s of %s, %s, room for %d more", count(c.SMS.Segments, "segment"), c.SMS.Encoding, count(c.SMS.Characters, "character"), c.SMS.Left)
	case c.Channel.Form() == catalog.FormHTML:
		layout := "no layout"
		if name := s.For(c.Channel).EmailTemplate; name != "" && name != catalog.NoTemplate {
			layout = "layout " + name
		}
		return fmt.Sprintf("%s, %d KB of HTML; this is its text", layout, (len(c.HTML)+1023)/1024)
	case c.Channel.Form() == catalog.FormMarkdown:
		return "Markdown"
	}
	return ""
}

// unicodeText says which characters make an SMS costlier, and what could be written instead.
func unicodeText(forcing []sms.Forcing) string {
	const most = 5
	var parts []string
	for _, f := range forcing[:min(len(forcing), most)] {
		r, _ := utf8.DecodeRuneInString(f.Text)
		part := fmt.Sprintf("%U", r)
		if unicode.IsGraphic(r) && !unicode.IsSpace(r) {
			part = f.Text
		}
		switch f.Swap {
		case "":
		case " ":
			part += " (a plain space would do)"
		default:
			part += fmt.Sprintf(" (%s would do)", f.Swap)
		}
		parts = append(parts, part)
	}
	text := strings.Join(parts, ", ")
	if n := len(forcing) - most; n > 0 {
		text += fmt.Sprintf(" and %d more", n)
	}
	if text == "" {
		return ""
	}
	return "70 characters fit into a segment, not 160, because of " + text
}

func (c previewContent) printFiles(page *page) {
	policy := attach.Single(message.Channel(c.Channel))
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
func printSnippets(page *page, uses []explain.SnippetUse, locale string) {
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
