package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/heraldsend/herald/helpers"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/handlebars"
	"github.com/heraldsend/herald/worker/app"
)

// maxRenderLine bounds one line of input, in bytes.
const maxRenderLine = 16 << 20

type renderCmd struct {
	JSONL bool `name:"jsonl" required:"" help:"Read and write JSON lines; the README lists the fields."`
}

// renderRequest is one line of input. Fields that are not named here are ignored.
type renderRequest struct {
	ID       json.RawMessage          `json:"id"`
	Template string                   `json:"template"`
	Context  json.RawMessage          `json:"context"`
	Escape   string                   `json:"escape"`
	Locale   string                   `json:"locale"`
	Timezone string                   `json:"timezone"`
	Snippets map[string]renderSnippet `json:"snippets"`
	Partials map[string]string        `json:"partials"`
}

type renderSnippet struct {
	Source string            `json:"source"`
	Texts  map[string]string `json:"texts"`
}

type renderOutput struct {
	ID     json.RawMessage `json:"id"`
	Output string          `json:"output"`
	Issues []renderIssue   `json:"issues"`
}

type renderIssue struct {
	Code     string `json:"code"`
	Message  string `json:"message"`
	Field    string `json:"field,omitempty"`
	Template string `json:"template,omitempty"`
	Line     int    `json:"line,omitempty"`
	Column   int    `json:"column,omitempty"`
}

type renderFailure struct {
	ID    json.RawMessage `json:"id"`
	Error renderError     `json:"error"`
}

type renderError struct {
	Message  string `json:"message"`
	Template string `json:"template"`
	Line     int    `json:"line"`
	Column   int    `json:"column"`
}

// Run answers each line of input with one line, in order, until the input ends.
func (renderCmd) Run(ctx context.Context, c *app.Settings, std stdio) error {
	plain, err := handlebars.New(handlebars.Options{Helpers: helpers.All()})
	if err != nil {
		return err
	}
	in := bufio.NewReaderSize(std.in, 1<<16)
	out := bufio.NewWriter(std.out)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	for n := 1; ; n++ {
		line, err := readLine(in, maxRenderLine)
		if errors.Is(err, io.EOF) {
			return out.Flush()
		}
		if err != nil && !errors.Is(err, errLongLine) {
			return fmt.Errorf("read standard input: %w", err)
		}
		if len(bytes.TrimSpace(line)) == 0 && err == nil {
			continue
		}
		var answer any
		if err == nil {
			answer, err = renderLine(ctx, c, plain, line)
		}
		if err != nil {
			answer = failure(nil, fmt.Errorf("line %d: %w", n, err))
		}
		if err := enc.Encode(answer); err != nil {
			return err
		}
		// Someone may wait for this answer before writing the next line.
		if in.Buffered() == 0 {
			if err := out.Flush(); err != nil {
				return err
			}
		}
	}
}

// renderLine answers one line. The error says that the line itself is malformed.
func renderLine(ctx context.Context, c *app.Settings, env *handlebars.Env, line []byte) (any, error) {
	var r renderRequest
	if err := json.Unmarshal(line, &r); err != nil {
		return nil, err
	}
	if len(r.ID) == 0 {
		r.ID = json.RawMessage("null")
	}
	if err := handlebars.ValidateJSON(line); err != nil {
		return failure(r.ID, err), nil
	}
	out, err := r.render(ctx, c, env)
	if err != nil {
		return failure(r.ID, err), nil
	}
	return out, nil
}

func (r *renderRequest) render(ctx context.Context, c *app.Settings, env *handlebars.Env) (*renderOutput, error) {
	var err error
	if len(r.Snippets) > 0 || len(r.Partials) > 0 {
		snippets := make(map[string]handlebars.Snippet, len(r.Snippets))
		for name, s := range r.Snippets {
			snippets[name] = handlebars.Snippet{Source: s.Source, Texts: s.Texts}
		}
		env, err = handlebars.New(handlebars.Options{Helpers: helpers.All(), Snippets: snippets, Partials: r.Partials})
		if err != nil {
			return nil, err
		}
	}
	out := &renderOutput{ID: r.ID, Issues: []renderIssue{}}
	x := handlebars.Exec{
		Locale: first(r.Locale, c.Locale, app.DefaultLocale), Timezone: first(r.Timezone, c.Timezone, app.DefaultTimezone),
		OnIssue: func(i handlebars.Issue) {
			out.Issues = append(out.Issues, renderIssue{string(i.Code), i.Message, i.Field, i.Template, i.Line, i.Column})
		},
	}
	switch r.Escape {
	case "", "html":
		x.Escape = handlebars.EscapeHTML
	case "markdown":
		x.Escape = handlebars.EscapeMarkdown
	case "text":
		x.Escape = handlebars.EscapeText
	default:
		return nil, fmt.Errorf("escape: %.100q is not html, markdown or text", r.Escape)
	}
	if x.Languages, err = catalog.Languages(x.Locale); err != nil {
		return nil, fmt.Errorf("locale: %w", err)
	}
	t, err := env.Compile("template", r.Template)
	if err != nil {
		return nil, err
	}
	if len(r.Context) > 0 {
		if x.Context, err = handlebars.ParseJSON(r.Context); err != nil {
			return nil, fmt.Errorf("context: %w", err)
		}
	}
	text, err := t.Append(ctx, nil, &x)
	out.Output = string(text)
	return out, err
}

func failure(id json.RawMessage, err error) renderFailure {
	if id == nil {
		id = json.RawMessage("null")
	}
	f := renderFailure{ID: id, Error: renderError{Message: err.Error()}}
	var known *handlebars.Error
	if errors.As(err, &known) {
		f.Error = renderError{known.Message, known.Template, known.Line, known.Column}
	}
	return f
}

func first(all ...string) string {
	for _, s := range all {
		if s != "" {
			return s
		}
	}
	return ""
}

var errLongLine = fmt.Errorf("the line is over %d bytes", maxRenderLine)

// readLine reads up to the next line break, which it leaves out. A line over most bytes is read to its end and is
// errLongLine.
func readLine(in *bufio.Reader, most int) ([]byte, error) {
	var line []byte
	long := false
	for {
		part, err := in.ReadSlice('\n')
		if !long {
			line = append(line, part...)
			if len(line) > most {
				line, long = nil, true
			}
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case long && (err == nil || errors.Is(err, io.EOF)):
			return nil, errLongLine
		case errors.Is(err, io.EOF) && len(line) > 0:
			return line, nil
		case err != nil:
			return nil, err
		}
		return line[:len(line)-1], nil
	}
}
