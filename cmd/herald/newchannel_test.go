package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/redistest"
)

// faxEdits are what adding the channel of testdata/newchannel takes besides its package: what is added behind which line.
var faxEdits = []struct{ file, line, add string }{
	{"worker/message/channel.go", `	Note  Channel = "note"`, `	Fax Channel = "fax"`},
	{"worker/message/channel.go", `var specs = []Spec{`, `	{Channel: Fax, Title: "Fax", Address: address.Phone, Form: FormText, Hold: true, Refused: "unsubscribed",
		Files: FileRule{MaxTotal: MaxFileTotal, Types: fileTypes}},`},
	{"render/catalog/channel.go", `	{Note, FormMarkdown, true, FileLimits{0, maxFiles}},`, `	{"fax", FormText, false, FileLimits{0, maxFiles}},`},
	{"worker/app/channels.go", `	"github.com/heraldsend/herald/worker/channel/email"`, `	"github.com/heraldsend/herald/worker/channel/fax"`},
	{"worker/app/channels.go", `var ways = []way{`, `	{
		channel: message.Fax, check: fax.Check, setting: "fax-url", address: func(s *Settings) string { return s.FaxURL },
		open: func(s *Settings, _ *slog.Logger) (sender, error) {
			if s.FaxURL == "" {
				return nil, nil
			}
			return fax.New(s.FaxURL)
		},
		faults: func(s *Settings, fault func(setting, format string, args ...any)) {
			if s.FaxURL == "" {
				return
			}
			if err := fax.CheckURL(s.FaxURL); err != nil {
				fault("fax-url", "%w", err)
			}
		},
	},`},
	{"worker/app/settings.go", `type Settings struct {`, "	FaxURL string `name:\"fax-url\" placeholder:\"URL\" help:\"Address that faxes are posted to.\" group:\"settings\"`"},
}

// docs are the files that adding a channel changes besides, and that nothing is compiled from.
var faxDocs = []string{"README.md", "CONTRIBUTING.md"}

// A channel is a package and at most six other files, those that CONTRIBUTING lists: with no more than that it can be sent,
// looked at and suppressed.
func TestNewChannel(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short")
	}
	checkListed(t)
	h := &faxHouse{t: t, binary: buildFax(t), redis: redistest.Start(t).URL(), dir: t.TempDir()}
	var stop func()
	h.ctx, stop = context.WithTimeout(t.Context(), 3*time.Minute)
	defer stop()
	h.machine = httptest.NewServer(http.HandlerFunc(h.receive))
	t.Cleanup(h.machine.Close)
	h.write("people.csv", "customer.phone,customer.firstName\n+447912345678,Ada\n07912 345679,Bob\n+447912345680,"+strings.Repeat("x", 200)+"\n,Dora\n")
	h.write("names.csv", "customer.firstName\nAda\n")
	h.write("context.json", `{"customer":{"phone":"+447912345678","firstName":"Ada"}}`)
	bulk := []string{"bulk", "send", "--channel", "fax", "--text", "Hi {{customer.firstName}}", "--audience", "people.csv", "--id", "b"}

	h.run("send --channel", "fax, email, sms, chat or note", "send", "--help")
	h.fails("preview", "would not be sent: invalid_message: /text: ", "preview", "weather-warning", "--channel", "fax", "--context", "context.json")
	h.run("dry run", `"channel":"fax","sendable":2,"failing":1,"skipped":1`, append(bulk, "--dry-run", "--json")...)
	h.fails("the header", `no column "customer.phone", which fax or sms needs`, "bulk", "send", "--channel", "fax", "--text", "Hi", "--audience", "names.csv")
	h.fails("a number", "--to:", "send", "--channel", "fax", "--text", "Hi", "--to", "nobody")

	h.describes()
	h.worker()
	h.run("send", "sent", "send", "--channel", "fax", "--text", "Hi", "--to", "07912 345678", "--id", "m", "--wait")
	h.run("bulk", "4 planned, 0 pending, 2 sent, 1 failed, 0 suppressed, 1 skipped, 0 unknown", append(bulk, "--wait")...)
	h.run("suppress", "", "suppress", "add", "--channel", "fax", "+44 7912 345678")
	h.fails("suppressed", "suppressed", "send", "--channel", "fax", "--text", "Hi", "--to", "07912345678", "--wait")
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, want := range []string{`{"id":"m","text":"Hi","to":"+447912345678"}`, `{"id":"b+0.0.fax","text":"Hi Ada","to":"+447912345678"}`, `{"id":"b+0.1.fax","text":"Hi Bob","to":"+447912345679"}`} {
		if h.got[want] != 1 {
			t.Errorf("%s arrived %d times; all: %v", want, h.got[want], h.got)
		}
	}
	if len(h.got) != 3 {
		t.Errorf("arrived: %v", h.got)
	}
}

// checkListed compares what the test changes with what CONTRIBUTING says.
func checkListed(t *testing.T) {
	data, err := os.ReadFile("../../CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(data), "- **a channel**:")
	text, _, _ = strings.Cut(text, "\n- **")
	listed := map[string]bool{}
	for _, m := range regexp.MustCompile("`([a-z/]+\\.go|[A-Z]+\\.md)`").FindAllStringSubmatch(text, -1) {
		listed[m[1]] = true
	}
	changed := map[string]bool{}
	for _, e := range faxEdits {
		changed[e.file] = true
	}
	for _, file := range faxDocs {
		changed[file] = true
	}
	if len(changed) > 6 {
		t.Errorf("a channel takes %d files besides its package", len(changed))
	}
	for file := range changed {
		if !listed[file] {
			t.Errorf("CONTRIBUTING doesn't say that a channel changes %s", file)
		}
	}
	for file := range listed {
		if !changed[file] {
			t.Errorf("CONTRIBUTING says that a channel changes %s, and it needn't", file)
		}
	}
}

// buildFax builds the program with the channel in it, of files that stand over those of the module.
func buildFax(t *testing.T) string {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	source, err := filepath.Abs("testdata/newchannel/fax.go")
	if err != nil {
		t.Fatal(err)
	}
	over := map[string]string{filepath.Join(root, "worker/channel/fax/fax.go"): source}
	texts := map[string]string{}
	for _, e := range faxEdits {
		if texts[e.file] == "" {
			data, err := os.ReadFile(filepath.Join(root, e.file))
			if err != nil {
				t.Fatal(err)
			}
			texts[e.file] = string(data)
		}
		if strings.Count(texts[e.file], e.line+"\n") != 1 {
			t.Fatalf("%s has no single line %q", e.file, e.line)
		}
		texts[e.file] = strings.Replace(texts[e.file], e.line+"\n", e.line+"\n"+e.add+"\n", 1)
	}
	for file, text := range texts {
		changed := filepath.Join(dir, strings.ReplaceAll(file, "/", "_"))
		if err := os.WriteFile(changed, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		over[filepath.Join(root, file)] = changed
	}
	overlay, err := json.Marshal(map[string]any{"Replace": over})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, "herald")
	if out, err := exec.Command("go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return binary
}

// faxHouse runs the program that knows faxes.
type faxHouse struct {
	t                  *testing.T
	ctx                context.Context // ends what still runs when the worker has ended
	binary, redis, dir string
	machine            *httptest.Server
	mu                 sync.Mutex
	got                map[string]int // how often each body arrived
}

func (h *faxHouse) receive(_ http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		h.t.Error(err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.got == nil {
		h.got = map[string]int{}
	}
	h.got[string(body)]++
}

func (h *faxHouse) write(name, text string) {
	if err := os.WriteFile(filepath.Join(h.dir, name), []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

func (h *faxHouse) command(args ...string) *exec.Cmd {
	c := exec.CommandContext(h.ctx, h.binary, args...)
	c.WaitDelay = time.Second
	c.Dir = h.dir
	c.Env = append(os.Environ(), "HERALD_REDIS_URL="+h.redis, "HERALD_FAX_URL="+h.machine.URL, "HERALD_COUNTRY=GB", "HERALD_ALLOW_VOLATILE_REDIS=true",
		"HERALD_SMTP_URL=smtp://127.0.0.1:1?tls=none", "HERALD_LISTEN=127.0.0.1:0")
	return c
}

// worker starts one, and ends it with the test. Without it nothing else goes on.
func (h *faxHouse) worker() {
	c := h.command("worker")
	var ended context.CancelFunc
	h.ctx, ended = context.WithCancel(h.ctx)
	log, err := c.StderrPipe()
	if err != nil {
		h.t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		h.t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer ended()
		for lines := bufio.NewScanner(log); lines.Scan(); {
			h.t.Log(lines.Text())
		}
	}()
	h.t.Cleanup(func() {
		_ = c.Process.Signal(syscall.SIGTERM)
		<-done
		_ = c.Wait()
	})
}

// describes checks that the API takes the channel wherever its description lists channels.
func (h *faxHouse) describes() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		h.t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	c := h.command("serve")
	c.Env = append(c.Env, "HERALD_LISTEN="+addr)
	if err := c.Start(); err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = c.Process.Kill(); _ = c.Wait() }()
	var body []byte
	for deadline := time.Now().Add(time.Minute); len(body) == 0; time.Sleep(50 * time.Millisecond) {
		if resp, err := http.Get("http://" + addr + "/openapi.json"); err == nil {
			body, err = io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if err != nil {
				h.t.Fatal(err)
			}
		} else if time.Now().After(deadline) {
			h.t.Fatal(err)
		}
	}
	lists := regexp.MustCompile(`\["[^\]]*"email"[^\]]*\]|\["email"[^\]]*\]`).FindAllString(string(body), -1)
	for _, list := range lists {
		if !strings.Contains(list, `"fax"`) {
			h.t.Errorf("a list of the API's description lacks the channel: %s", list)
		}
	}
	if len(lists) < 8 {
		h.t.Errorf("only %d lists of channels", len(lists))
	}
}

func (h *faxHouse) run(what, want string, args ...string) {
	h.t.Helper()
	out, err := h.try(args...)
	if err != nil || !strings.Contains(out, want) {
		h.t.Errorf("%s: %v, want %q:\n%s", what, err, want, out)
	}
}

func (h *faxHouse) fails(what, want string, args ...string) {
	h.t.Helper()
	out, err := h.try(args...)
	if err == nil || !strings.Contains(out, want) {
		h.t.Errorf("%s: %v, want %q:\n%s", what, err, want, out)
	}
}

func (h *faxHouse) try(args ...string) (string, error) {
	out, err := h.command(args...).CombinedOutput()
	return string(out), err
}
