package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/rivo/uniseg"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/explain"
	"github.com/heraldsend/herald/worker/app"
)

type explainCmd struct {
	authorFlags `embed:""`
	Channel     string `enum:"${channels}" default:"email" help:"${channelWords}."`
	Layout      bool   `help:"Explain the email's layout too."`
	JSON        bool   `name:"json" help:"Print everything as JSON."`
}

// explanation is what --json prints.
type explanation struct {
	Shortcut string               `json:"shortcut"`
	Channel  catalog.Channel      `json:"channel"`
	Context  string               `json:"context"`
	Locale   string               `json:"locale"`
	Parts    []explainedPart      `json:"parts"`
	Snippets []explain.SnippetUse `json:"snippets"`
	Issues   []placedIssue        `json:"issues"`
}

type explainedPart struct {
	Part  string        `json:"part"`
	Spans []explainSpan `json:"spans"`
}

// explainSpan is a span at its place in the author's file.
type explainSpan struct {
	explain.Span
	File string `json:"file,omitempty"`
}

// Run renders one message and tells what produced each piece of it.
func (cmd *explainCmd) Run(ctx context.Context, c *app.Settings, std stdio) error {
	if cmd.Layout && catalog.Channel(cmd.Channel).Form() != catalog.FormHTML {
		return usageError{fmt.Errorf("--layout: only an email has one; leave out --channel %s", cmd.Channel)}
	}
	o, err := cmd.open(c, std)
	if err != nil {
		return err
	}
	request := o.request
	request.Channel = catalog.Channel(cmd.Channel)
	x, err := explain.Explain(ctx, o.prepared, request)
	if err != nil {
		return o.locate(err)
	}
	e := explanation{
		Shortcut: cmd.Shortcut, Channel: x.Channel, Context: o.context, Locale: request.Locale,
		Snippets: slices.Concat([]explain.SnippetUse{}, x.Uses), Issues: o.place(x.Issues),
	}
	for _, part := range x.Parts {
		if part.Part == "layout" && !cmd.Layout && !cmd.JSON {
			continue
		}
		spans := make([]explainSpan, len(part.Spans))
		for i, s := range part.Spans {
			var file string
			spans[i].Span = s
			file, spans[i].Line, spans[i].Column = o.catalog.Locate(s.Template, s.Line, s.Column)
			spans[i].File = o.path(file)
		}
		e.Parts = append(e.Parts, explainedPart{part.Part, spans})
	}
	if cmd.JSON {
		enc := json.NewEncoder(std.out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(e)
	}
	page := newPage(std)
	e.print(page)
	_, err = page.WriteTo(std.out)
	return err
}

func (e *explanation) print(page *page) {
	page.heading(e.Shortcut, string(e.Channel))
	page.row("Context", e.Context)
	page.row("Locale", e.Locale)
	printSnippets(page, e.Snippets, e.Locale)
	printIssues(page, e.Issues)
	for _, part := range e.Parts {
		page.heading(strings.ToUpper(part.Part[:1])+part.Part[1:], "")
		part.print(page)
	}
}

// print writes a row for every span, below the blocks that it stands in. White space alone is left out.
func (p explainedPart) print(page *page) {
	var rows [][]string
	var within []string
	for _, s := range p.Spans {
		if strings.TrimSpace(s.Text) == "" {
			continue
		}
		for depth, label := range s.Branches {
			if depth >= len(within) || !slices.Equal(within[:depth+1], s.Branches[:depth+1]) {
				rows = append(rows, []string{strings.Repeat("  ", depth) + branchText(label)})
				within = slices.Clone(s.Branches[:depth+1])
			}
		}
		within = slices.Clone(s.Branches)
		indent := strings.Repeat("  ", len(s.Branches))
		rows = append(rows, []string{indent + flat(s.Text), s.from(), s.where()})
	}
	page.explained(rows)
}

// explained writes the rows; one with a single cell is a block's.
func (p *page) explained(rows [][]string) {
	const mostText, mostFrom = 36, 44
	text, from := 0, 0
	for _, row := range rows {
		if len(row) > 1 {
			text, from = max(text, uniseg.StringWidth(row[0])), max(from, uniseg.StringWidth(row[1]))
		}
	}
	text, from = min(text, mostText), min(from, mostFrom)
	for _, row := range rows {
		if len(row) == 1 {
			p.line("  ", p.style(dim, clipped(shown(row[0]), p.width-2)))
			continue
		}
		p.line("  ", padded(clipped(shown(row[0]), text), text), "  ", padded(clipped(shown(row[1]), from), from), "  ", p.style(dim, row[2]))
	}
}

// branchText shows a block as its author wrote it.
func branchText(label string) string {
	if of, ok := strings.CutPrefix(label, "else of "); ok {
		return "{{else}} of " + branchText(of)
	}
	if strings.HasPrefix(label, "^") {
		return "{{" + label + "}}"
	}
	return "{{#" + label + "}}"
}

// flat shows text on one line, without the white space at its ends.
func flat(s string) string {
	return strings.ReplaceAll(strings.TrimSpace(strings.ReplaceAll(s, "\r", "")), "\n", "⏎")
}

// from says what produced a span.
func (s explainSpan) from() string {
	switch {
	case s.Kind != explain.SpanText && s.Snippet != "":
		return fmt.Sprintf("{{%s}} in %s (%s)", s.Source, s.Snippet, s.Language)
	case s.Kind != explain.SpanText:
		return "{{" + s.Source + "}}"
	case s.Snippet != "":
		return fmt.Sprintf("%s (%s)", s.Snippet, s.Language)
	}
	return "text"
}

func (s explainSpan) where() string {
	return strings.TrimSuffix(catalog.Finding{File: s.File, Line: s.Line, Column: s.Column}.String(), ": ")
}
