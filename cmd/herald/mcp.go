package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"runtime/debug"
	"strings"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/heraldsend/herald/worker/app"
)

type mcpCmd struct{}

// Run answers the Model Context Protocol on standard input and output, until the input ends. Its tools are the commands of
// template authors that only read; they know the templates and nothing else: neither the queue nor secrets.
func (mcpCmd) Run(ctx context.Context, c *app.Settings, std stdio) error {
	err := newMCP(c).Run(ctx, &mcp.IOTransport{Reader: io.NopCloser(std.in), Writer: stays{std.out}})
	if errors.Is(err, io.EOF) || errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// stays is a writer that is not the server's to close.
type stays struct{ io.Writer }

func (stays) Close() error { return nil }

// toolRunner runs commands, one at a time.
type toolRunner struct {
	mu     sync.Mutex
	getenv func(string) string
}

// newMCP is a server with the tools of template authors.
func newMCP(c *app.Settings) *mcp.Server {
	env := map[string]string{"HERALD_TEMPLATES": c.Templates, "HERALD_LOCALE": c.Locale, "HERALD_TIMEZONE": c.Timezone}
	t := &toolRunner{getenv: func(name string) string { return env[name] }}
	version := "0"
	if info, ok := debug.ReadBuildInfo(); ok {
		version = info.Main.Version
	}
	server := mcp.NewServer(&mcp.Implementation{Name: "herald", Title: "Herald", Version: version}, &mcp.ServerOptions{
		Instructions: "Herald renders shortcuts (Handlebars canned responses) for email, SMS, chat and notes. These tools search, check and preview its templates; none sends or changes anything.",
	})
	add(server, t, "search_shortcuts", "Find shortcuts by words of their names, tags or texts, the best first; all without words.", func(in searchInput) call {
		return call{args: append([]string{"shortcuts", "--json", "--as=" + in.As, "--"}, strings.Fields(in.Query)...)}
	})
	add(server, t, "list_fields", "The dynamic text that templates may use, such as customer.firstName.", func(in matchInput) call {
		return call{args: optional([]string{"fields", "--json", "--"}, in.Match)}
	})
	add(server, t, "list_helpers", "The helpers that templates may use, such as dateFormat, with examples.", func(in nameInput) call {
		return call{args: optional([]string{"helpers", "--json", "--"}, in.Name)}
	})
	add(server, t, "preview_shortcut", "What a customer gets from a shortcut on each channel: subject, HTML, text, SMS segments, issues, and why it would not be sent.", func(in previewInput) call {
		return in.call("preview", "--channel="+orElse(in.Channel, "all"))
	})
	add(server, t, "explain_shortcut", "Where each piece of a message comes from: templates, snippets, fields and helpers.", func(in previewInput) call {
		return in.call("explain", "--channel="+orElse(in.Channel, "email"))
	})
	add(server, t, "render_text", "Render a Handlebars text with a context, without a shortcut. The answer has the output and its issues, or the mistake and its place.", func(in renderInput) call {
		line, _ := json.Marshal(in) // texts and JSON that was read: can't fail
		return call{args: []string{"render", "--jsonl"}, in: line}
	})
	add(server, t, "lint", "What is wrong with the templates, with file, line, column and a hint.", func(lintInput) call {
		return call{args: []string{"lint", "--format=json"}}
	})
	return server
}

func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

func optional(args []string, text string) []string {
	if text == "" {
		return args
	}
	return append(args, text)
}

// The inputs of tools. Their tags become the schemas that assistants read.
type (
	searchInput struct {
		Query string `json:"query,omitempty" jsonschema:"words that all must be found"`
		As    string `json:"as,omitempty" jsonschema:"only what they may use: a user, then their teams, with commas between"`
	}
	matchInput struct {
		Match string `json:"match,omitempty" jsonschema:"only fields whose name or path contains this"`
	}
	nameInput struct {
		Name string `json:"name,omitempty" jsonschema:"one helper; all where missing"`
	}
	previewInput struct {
		Shortcut string         `json:"shortcut" jsonschema:"the name of the shortcut"`
		Channel  string         `json:"channel,omitempty" jsonschema:"email, sms, chat or note"`
		Context  map[string]any `json:"context,omitempty" jsonschema:"customer, conversation, currentUser and so on; the templates' sample where missing"`
		As       string         `json:"as,omitempty" jsonschema:"who uses the shortcut: a user or a team"`
	}
	renderInput struct {
		Template string         `json:"template" jsonschema:"Handlebars text"`
		Context  map[string]any `json:"context,omitempty" jsonschema:"what the text may use"`
		Locale   string         `json:"locale,omitempty" jsonschema:"such as fr-CA"`
		Timezone string         `json:"timezone,omitempty" jsonschema:"such as Europe/Berlin"`
		Escape   string         `json:"escape,omitempty" jsonschema:"html, markdown or text"`
	}
	lintInput struct{}
)

// call is a command with its standard input.
type call struct {
	args []string
	in   []byte
}

func (p previewInput) call(command, channel string) call {
	c := call{args: []string{command, "--json", channel, "--as=" + p.As}}
	if p.Context != nil {
		c.in, _ = json.Marshal(p.Context) // JSON that was read: can't fail
		c.args = append(c.args, "--context=-")
	}
	c.args = append(c.args, "--", p.Shortcut)
	return c
}

// add adds a tool that runs a command. What the command prints is the answer; if it prints nothing and fails, its error is.
func add[In any](server *mcp.Server, t *toolRunner, name, words string, command func(In) call) {
	closed := false
	mcp.AddTool(server, &mcp.Tool{
		Name: name, Description: words, Annotations: &mcp.ToolAnnotations{ReadOnlyHint: true, IdempotentHint: true, OpenWorldHint: &closed},
	}, func(ctx context.Context, _ *mcp.CallToolRequest, in In) (*mcp.CallToolResult, any, error) {
		text, failed := t.run(ctx, command(in))
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: text}}, IsError: failed}, nil, nil
	})
}

func (t *toolRunner) run(ctx context.Context, c call) (text string, failed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var args []string
	for _, arg := range c.args {
		if arg != "--as=" { // nobody in particular
			args = append(args, arg)
		}
	}
	var out, errs bytes.Buffer
	err := parseAndRun(ctx, args, t.getenv, stdio{bytes.NewReader(c.in), &out, &errs})
	if out.Len() > 0 {
		return out.String(), false
	}
	if err != nil {
		printError(&errs, err)
		return errs.String(), true
	}
	return errs.String(), false
}
