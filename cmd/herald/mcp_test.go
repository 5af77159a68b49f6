package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/heraldsend/herald/worker/app"
)

// An assistant finds, checks, previews and explains templates; nothing that it says runs another command, and no tool
// changes anything.
func TestMCP(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "shortcuts"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"hello.yaml": "subject: Hello\nmessage: Hi {{customer.firstName}}, see you.\n",
		"typo.yaml":  "subject: Hello\nmessage: Hi {{customer.fristName}}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, "shortcuts", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	near, far := mcp.NewInMemoryTransports()
	serving, err := newMCP(&app.Settings{Templates: dir}).Connect(t.Context(), far, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer serving.Close()
	session, err := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil).Connect(t.Context(), near, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	list, err := session.ListTools(t.Context(), nil)
	if err != nil || len(list.Tools) != 7 {
		t.Fatalf("%d tools, %v", len(list.Tools), err)
	}
	for _, tool := range list.Tools {
		if tool.Description == "" || tool.InputSchema == nil || tool.Annotations == nil || !tool.Annotations.ReadOnlyHint {
			t.Errorf("%+v", tool)
		}
	}
	type object = map[string]any
	for _, c := range []struct {
		name, tool string
		arguments  object
		want       string
		failed     bool
	}{
		{"search", "search_shortcuts", object{"query": "see you"}, `"name": "hello"`, false},
		{"all", "search_shortcuts", object{}, `"name": "typo"`, false},
		{"search in vain", "search_shortcuts", object{"query": "elephants"}, "no shortcut has all of", true},
		{"fields", "list_fields", object{"match": "firstName"}, "customer.firstName", false},
		{"helpers", "list_helpers", object{"name": "dateFormat"}, "dateFormat", false},
		{"preview", "preview_shortcut", object{"shortcut": "hello", "channel": "sms", "context": object{"customer": object{"firstName": "Ada"}}}, "Hi Ada, see you.", false},
		{"preview of none", "preview_shortcut", object{"shortcut": "helo"}, "hello", true},
		{"explain", "explain_shortcut", object{"shortcut": "hello", "context": object{"customer": object{"firstName": "Ada"}}}, "customer.firstName", false},
		{"render", "render_text", object{"template": "Hi {{name}}", "context": object{"name": "Ada"}}, "Hi Ada", false},
		{"a mistake", "render_text", object{"template": "Hi {{#if x}}"}, `"line":1`, false},
		{"lint", "lint", object{}, "customer.fristName", false},
		{"a flag is a name", "preview_shortcut", object{"shortcut": "--html=" + filepath.Join(dir, "stolen")}, "--html", true},
		{"a flag is a word", "search_shortcuts", object{"query": "--help"}, "no shortcut has all of", true},
		{"a flag is a channel", "preview_shortcut", object{"shortcut": "hello", "channel": "sms --html=x"}, "--channel", true},
		{"a flag is somebody", "preview_shortcut", object{"shortcut": "hello", "as": "x --html=y"}, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: c.tool, Arguments: c.arguments})
			if err != nil {
				t.Fatal(err)
			}
			text := result.Content[0].(*mcp.TextContent).Text
			if result.IsError != c.failed || !strings.Contains(text, c.want) {
				t.Errorf("error %t: %.600s", result.IsError, text)
			}
		})
	}
	if _, err := os.Stat(filepath.Join(dir, "stolen")); err == nil {
		t.Error("a tool wrote a file")
	}
}

// The command speaks the protocol on standard input and output.
func TestMCPCommand(t *testing.T) {
	in := `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}` + "\n" +
		`{"jsonrpc":"2.0","method":"notifications/initialized"}` + "\n" +
		`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"list_fields","arguments":{"match":"firstName"}}}` + "\n"
	answers := &answered{want: 2, all: make(chan struct{})}
	code := make(chan int, 1)
	reader := &untilAnswered{strings.NewReader(in), answers.all}
	go func() {
		code <- run(t.Context(), []string{"mcp"}, func(string) string { return "" }, stdio{reader, answers, answers})
	}()
	if got := <-code; got != exitOK {
		t.Errorf("exit code %d: %s", got, answers.text())
	}
	if text := answers.text(); !strings.Contains(text, `"serverInfo"`) || !strings.Contains(text, "customer.firstName") || !json.Valid([]byte(strings.SplitN(text, "\n", 2)[0])) {
		t.Errorf("%.500s", text)
	}
}

// answered is an output that knows when so many lines have come.
type answered struct {
	mu   sync.Mutex
	got  strings.Builder
	want int
	all  chan struct{}
}

func (a *answered) Write(p []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	before := strings.Count(a.got.String(), "\n")
	a.got.Write(p)
	if before < a.want && strings.Count(a.got.String(), "\n") >= a.want {
		close(a.all)
	}
	return len(p), nil
}

func (a *answered) text() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.got.String()
}

// untilAnswered ends when all answers have come.
type untilAnswered struct {
	in  io.Reader
	all chan struct{}
}

func (u *untilAnswered) Read(p []byte) (int, error) {
	n, err := u.in.Read(p)
	if err != nil {
		<-u.all
	}
	return n, err
}
