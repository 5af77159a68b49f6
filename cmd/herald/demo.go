package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"

	"github.com/heraldsend/herald/templates"
	"github.com/heraldsend/herald/worker/app"
	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/channel/catcher"
	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// demoFrom sends the demo's bulk. Its audience has two bad rows on purpose: an address that is none, and app.TooLarge.
const demoFrom = "Fernhill Cabins <stay@fernhill.example>"

type demoCmd struct {
	JSON bool `name:"json" help:"Print JSON."`
}

// demoResult is what the demo found, and its JSON form.
type demoResult struct {
	Bulk              bulk.Status   `json:"bulk"`
	Received          int           `json:"received"`
	MessagesPerSecond int           `json:"messagesPerSecond"`
	Failures          []demoFailure `json:"failures"`
	Message           demoMessage   `json:"message"`
}

type demoFailure struct {
	State     string `json:"state"`
	Code      string `json:"code"`
	Count     int    `json:"count"`
	Recipient string `json:"recipient"` // the first of them
	Reason    string `json:"reason"`
}

type demoMessage struct {
	From        string     `json:"from"`
	To          string     `json:"to"`
	Subject     string     `json:"subject"`
	Text        string     `json:"text"`
	Attachments []demoFile `json:"attachments"`
}

type demoFile struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Size int    `json:"size"`
}

// Run starts an embedded Redis and a mail catcher, joins the real worker and the real client to them, and sends the
// sample bulk. Nothing leaves the process.
func (d *demoCmd) Run(ctx context.Context, _ *app.Settings, std stdio) (err error) {
	servers, err := app.StartEmbedded(ctx, catcher.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, servers.Close()) }()
	c, mailbox := servers.Settings, servers.Mailbox
	if !d.JSON {
		fmt.Fprintf(std.out, "Herald demo: a bulk of emails from a CSV, through a queue, a worker and a mail server.\n"+
			"Everything runs in this process; nothing leaves it.\n\n"+
			"  Redis      %s (embedded)\n  SMTP       %s (keeps what it gets)\n  Shortcut   %s\n  Audience   templates/samples/audience.csv\n\n",
			app.RedisHost(c.RedisURL)[len("Redis at "):], mailbox.Addr(), templates.DemoShortcut)
	}
	started := time.Now()
	status, results, err := d.sendBulk(ctx, c, std)
	if err != nil {
		return err
	}
	took := time.Since(started)
	result := demoResult{
		Bulk: status, Received: mailbox.Count(), Failures: failures(results),
		MessagesPerSecond: int(float64(status.Sent) / took.Seconds()),
	}
	if result.Message, err = demoShow(mailbox.Messages()); err != nil {
		return err
	}
	if d.JSON {
		err = json.NewEncoder(std.out).Encode(result)
	} else {
		err = result.print(std)
	}
	if err == nil && result.Received != status.Sent {
		err = fmt.Errorf("the mail server received %d messages, the books say %d", result.Received, status.Sent)
	}
	return err
}

// sendBulk runs a worker until the sample bulk is complete.
func (d *demoCmd) sendBulk(ctx context.Context, c *app.Settings, std stdio) (_ bulk.Status, _ []bulk.Result, err error) {
	log := slog.New(slog.NewTextHandler(std.err, &slog.HandlerOptions{Level: slog.LevelError}))
	w, err := app.NewWorker(ctx, app.WorkerOptions{Settings: c, Log: log, Metrics: app.NewMetrics()})
	if err != nil {
		return bulk.Status{}, nil, err
	}
	halt := w.Start(ctx, func(error) {}) // halt says it
	defer func() { err = errors.Join(err, halt(), w.Close()) }()
	q, err := app.NewClient(ctx, c, log)
	if err != nil {
		return bulk.Status{}, nil, err
	}
	defer func() { err = errors.Join(err, q.Close()) }()
	catalog, err := c.Catalog()
	if err != nil {
		return bulk.Status{}, nil, err
	}
	content := task.Content{Shortcut: templates.DemoShortcut}
	if content.Sources, err = compose.Pin(ctx, q.Blobs, q.SourceRetention(), catalog, content); err != nil {
		return bulk.Status{}, nil, err
	}
	rows, err := bulk.NewCSV(bytes.NewReader(templates.DemoAudience()), message.Email)
	if err != nil {
		return bulk.Status{}, nil, err
	}
	id, err := q.Bulk(ctx, bulk.Definition{Messages: []bulk.Part{{Channel: message.Email, From: demoFrom, Content: content}}}, rows.All(), enqueue.BulkOptions{})
	if err != nil {
		return bulk.Status{}, nil, err
	}
	if d.JSON {
		std.err = nil // no progress bar
	}
	status, err := awaitBulk(ctx, q, std, id)
	if err != nil {
		return status, nil, err
	}
	var results []bulk.Result
	for r, err := range q.Bulks().Results(ctx, id) {
		if err != nil {
			return status, nil, err
		}
		results = append(results, r)
	}
	return status, results, nil
}

// failures counts the recipients that got nothing, by reason, the most frequent first.
func failures(results []bulk.Result) []demoFailure {
	found := []demoFailure{}
	for _, r := range results {
		if r.State == ledger.Sent {
			continue
		}
		i := slices.IndexFunc(found, func(f demoFailure) bool { return f.State == r.State.String() && f.Code == r.Reason.Code })
		if i < 0 {
			found = append(found, demoFailure{r.State.String(), r.Reason.Code, 0, r.To, r.Reason.Text})
			i = len(found) - 1
		}
		found[i].Count++
	}
	slices.SortStableFunc(found, func(a, b demoFailure) int { return cmp.Compare(b.Count, a.Count) })
	return found
}

// demoShow decodes one received message: the first in the order of its recipient's address.
func demoShow(mails []*catcher.Mail) (demoMessage, error) {
	if len(mails) == 0 {
		return demoMessage{}, errors.New("the mail server received nothing")
	}
	mail := slices.MinFunc(mails, func(a, b *catcher.Mail) int { return cmp.Compare(a.To[0], b.To[0]) })
	parsed, err := mail.Parse()
	if err != nil {
		return demoMessage{}, fmt.Errorf("parse a received message: %w", err)
	}
	m := demoMessage{
		From: parsed.GetHeader("From"), To: parsed.GetHeader("To"), Subject: parsed.GetHeader("Subject"),
		Text: strings.TrimSpace(parsed.Text), Attachments: []demoFile{},
	}
	for _, a := range parsed.Attachments {
		m.Attachments = append(m.Attachments, demoFile{a.FileName, a.ContentType, len(a.Content)})
	}
	return m, nil
}

func (r demoResult) print(std stdio) error {
	var b bytes.Buffer
	table := tabwriter.NewWriter(&b, 0, 0, 3, ' ', 0)
	fmt.Fprintf(table, "  OUTCOME\tRECIPIENTS\tREASON\n")
	fmt.Fprintf(table, "  sent\t%d\t\n", r.Bulk.Sent)
	for _, f := range r.Failures {
		fmt.Fprintf(table, "  %s\t%d\t%s: %s\n", f.State, f.Count, f.Code, f.Reason)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(&b, "\n  %d planned = %d sent + %d failed + %d skipped, %d pending; %d messages a second\n",
		r.Bulk.Planned, r.Bulk.Sent, r.Bulk.Failed, r.Bulk.Skipped, r.Bulk.Pending, r.MessagesPerSecond)
	fmt.Fprintf(&b, "\nOne of them, as it arrived:\n\n  From:     %s\n  To:       %s\n  Subject:  %s\n", r.Message.From, r.Message.To, r.Message.Subject)
	for _, a := range r.Message.Attachments {
		fmt.Fprintf(&b, "  Attached: %s, %s, %d bytes\n", a.Name, a.Type, a.Size)
	}
	fmt.Fprintln(&b)
	for _, line := range wrap(r.Message.Text, 92) {
		fmt.Fprintf(&b, "  | %s\n", line)
	}
	fmt.Fprintf(&b, "\nNext: `docker compose up` starts Redis, workers and a mail catcher; README.md shows how to enqueue.\n")
	_, err := b.WriteTo(std.out)
	return err
}

// wrap breaks text into lines of at most width characters where its words allow it.
func wrap(text string, width int) []string {
	var lines []string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \r\n")
		for utf8.RuneCountInString(line) > width {
			at := strings.LastIndexByte(string([]rune(line)[:width+1]), ' ')
			if at <= 0 {
				break
			}
			lines = append(lines, line[:at])
			line = line[at+1:]
		}
		lines = append(lines, line)
	}
	return lines
}
