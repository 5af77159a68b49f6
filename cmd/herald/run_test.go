package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/channel/catcher"
	"github.com/heraldsend/herald/worker/logtest"
	"github.com/heraldsend/herald/worker/redistest"
)

// program runs commands in this process, with an environment of their own.
type program struct {
	t   *testing.T
	env map[string]string
}

func (p *program) run(ctx context.Context, args ...string) (code int, out, log string) {
	p.t.Helper()
	var stdout, stderr logtest.Buffer
	code = run(ctx, args, func(name string) string { return p.env[name] }, stdio{strings.NewReader(""), &stdout, &stderr})
	return code, stdout.String(), stderr.String()
}

// background runs a command until the returned function stops it, as SIGTERM would; that gives its exit code and log.
func (p *program) background(args ...string) (log *logtest.Buffer, stop func() int) {
	ctx, cancel := context.WithCancel(context.Background())
	log = &logtest.Buffer{}
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, args, func(name string) string { return p.env[name] }, stdio{strings.NewReader(""), io.Discard, log})
	}()
	var once sync.Once
	code := -1
	stop = func() int {
		once.Do(func() { cancel(); code = <-done })
		return code
	}
	p.t.Cleanup(func() { stop() })
	return log, stop
}

func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(3 * time.Minute); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// The documentation's examples: what an author writes, and what a customer reads.
const documented = `name: documented
subject: "For {{customer.firstName}}"
emailTemplate: none
message: |
  default: {{dateFormat customer.custom.reservationDateAt}}

  short: {{dateFormat customer.custom.reservationDateAt format="ll"}}

  british: {{dateFormat customer.custom.reservationDateAt locale="en-gb"}}

  pacific: {{dateFormat customer.custom.reservationDateAt format="LL z" timezone="America/Los_Angeles"}}

  tier: {{#ifCond customer.custom.userBillingTierStr "==" "Diamond"}}Welcome back, {{../customer.firstName}}!{{else}}Hello, {{../customer.firstName}}.{{/ifCond}}

  boolean: {{#ifCond customer.custom.memberBool "==" "1"}}member{{else}}guest{{/ifCond}}

  number: {{#ifCond customer.custom.ordersNum ">=" "1"}}ordered{{else}}new{{/ifCond}}

  snippet: [[sn.org_order_issue]]
`

const documentedSnippet = `name: sn.org_order_issue
source: en
texts:
  en: We are sorry, {{customer.firstName}}.
  fr: Nous sommes désolés, {{customer.firstName}}.
  ja: 申し訳ございません、{{customer.firstName}}様。
`

// The whole program in this process: a CSV, a shortcut, a real Redis, a worker, a mail server, and its own account of it.
func TestWholePath(t *testing.T) {
	mailbox, err := catcher.Start(catcher.Options{OnMail: func(*catcher.Mail) error { time.Sleep(20 * time.Millisecond); return nil }})
	if err != nil {
		t.Fatal(err)
	}
	defer mailbox.Close()
	dir := t.TempDir()
	audience := filepath.Join(dir, "audience.csv")
	write(t, filepath.Join(dir, "templates/shortcuts/documented.yaml"), documented)
	write(t, filepath.Join(dir, "templates/snippets/sn.org_order_issue.yaml"), documentedSnippet)
	var rows strings.Builder
	rows.WriteString("customer.email,customer.firstName,locale,customer.custom.reservationDateAt,customer.custom.userBillingTierStr,customer.custom.memberBool,customer.custom.ordersNum\n" +
		"ada@example.com,Ada,en,2019-01-18T00:00:00.000Z,Diamond,true,3\n" +
		"bob@example.com,Bob,fr-CA,2019-01-18T00:00:00.000Z,Gold,false,0\n" +
		"chiyo@example.com,Chiyo,ja,2019-01-18T00:00:00.000Z,Diamond,true,1\n")
	for i := range 597 {
		fmt.Fprintf(&rows, "canary%d@example.com,Canary,en,2019-01-18T00:00:00.000Z,Gold,false,1\n", i)
	}
	write(t, audience, rows.String())

	p := &program{t, map[string]string{
		"HERALD_REDIS_URL": redistest.Start(t).URL(), "HERALD_SMTP_URL": mailbox.URL(), "HERALD_LISTEN": "127.0.0.1:0",
		"HERALD_TEMPLATES": filepath.Join(dir, "templates"), "HERALD_LOG_LEVEL": "debug",
	}}
	log, stop := p.background("worker")
	code, out, stderr := p.run(context.Background(), "bulk", "send", "--shortcut", "documented", "--from", "Acme <help@acme.example>", "--audience", audience)
	if code != exitOK || stderr != "" {
		t.Fatalf("bulk send: code %d, %s", code, stderr)
	}
	id := strings.TrimSpace(out)

	// In the middle of it the worker is told to stop.
	await(t, "the first messages", func() bool { return mailbox.Count() >= 50 })
	health := regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(log.String())
	for path, want := range map[string]string{
		"/healthz": "ok", "/readyz": "ready",
		"/metrics": `herald_sends_total{channel="email",outcome="sent",reason=""}`,
	} {
		if got := get(t, health+path); !strings.Contains(got, want) {
			t.Errorf("%s does not say %q:\n%.500s", path, want, got)
		}
	}
	metrics := get(t, health+"/metrics")
	for _, name := range []string{"herald_tasks_total", "herald_task_seconds_bucket", "herald_send_seconds_bucket", "herald_queue_tasks", "herald_redis_up 1"} {
		if !strings.Contains(metrics, name) {
			t.Errorf("no metric %s", name)
		}
	}
	if code := stop(); code != exitOK {
		t.Fatalf("worker: code %d\n%s", code, log)
	}
	if n := mailbox.Count(); n >= 600 {
		t.Fatalf("all %d messages were out before the worker stopped", n)
	}

	again, stop := p.background("worker")
	code, _, stderr = p.run(context.Background(), "bulk", "export", id)
	if code != exitOK {
		t.Fatalf("export: code %d, %s", code, stderr)
	}
	await(t, "the bulk", func() bool {
		_, out, _ = p.run(context.Background(), "bulk", "status", id)
		return strings.HasPrefix(out, "completed")
	})
	if want := "completed: 600 planned, 0 pending, 600 sent, 0 failed, 0 suppressed, 0 skipped, 0 unknown\n"; out != want {
		t.Errorf("status %q, want %q", out, want)
	}
	stop()
	got := map[string]string{}
	for _, m := range mailbox.Messages() {
		if got[m.To[0]] != "" {
			t.Errorf("%s got two messages", m.To[0])
		}
		parsed, err := m.Parse()
		if err != nil {
			t.Fatal(err)
		}
		got[m.To[0]] = strings.TrimSpace(strings.ReplaceAll(parsed.Text, "\r\n", "\n"))
	}
	if len(got) != 600 {
		t.Errorf("%d recipients", len(got))
	}
	for to, want := range map[string]string{
		"ada@example.com": "default: January 18, 2019\n\nshort: Jan 18, 2019\n\nbritish: 18 January 2019\n\npacific: January 17, 2019 PST\n\n" +
			"tier: Welcome back, Ada!\n\nboolean: member\n\nnumber: ordered\n\nsnippet: We are sorry, Ada.",
		"bob@example.com": "default: 18 janvier 2019\n\nshort: 18 janv. 2019\n\nbritish: 18 January 2019\n\npacific: 17 janvier 2019 PST\n\n" +
			"tier: Hello, Bob.\n\nboolean: guest\n\nnumber: new\n\nsnippet: Nous sommes désolés, Bob.",
		"chiyo@example.com": "default: 2019年1月18日\n\nshort: 2019年1月18日\n\nbritish: 18 January 2019\n\npacific: 2019年1月17日 PST\n\n" +
			"tier: Welcome back, Chiyo!\n\nboolean: member\n\nnumber: ordered\n\nsnippet: 申し訳ございません、Chiyo様。",
	} {
		if got[to] != want {
			t.Errorf("%s got\n%s\nwant\n%s", to, got[to], want)
		}
	}
	for place, text := range map[string]string{"log": log.String() + again.String(), "metrics": metrics} {
		if strings.Contains(strings.ToLower(text), "canary") {
			t.Errorf("the %s holds personal data", place)
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
