package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/worker/app"
	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/strictjson"
	"github.com/heraldsend/herald/worker/task"
)

type bulkSendCmd struct {
	contentFlags `embed:""`
	Channel      []string  `enum:"${channels}" default:"email" help:"${channelWords}, or several, separated by commas: each recipient gets the shortcut on each of them."`
	SMSFrom      string    `name:"sms-from" placeholder:"NUMBER" help:"Sender of the SMS, where --from is that of the emails."`
	Definition   string    `placeholder:"FILE" help:"JSON with all that is sent, in the form of POST /v1/bulks, instead of the flags for that."`
	Audience     string    `required:"" placeholder:"FILE" help:"CSV with a header row of field paths (customer.email,customer.firstName,locale), or NDJSON; packed by gzip or Zstandard, too. - for standard input."`
	ID           string    `name:"id" help:"Id of the bulk; a fresh one when empty."`
	OnBadRow     string    `enum:"stop,skip" default:"stop" help:"Send nothing when a row can't be read, or skip that row."`
	Deduplicate  bool      `help:"Send to each address once."`
	Rate         float64   `placeholder:"N" help:"Messages a second that all workers together may send of this bulk; no limit when 0."`
	At           time.Time `placeholder:"TIME" help:"When to begin, such as 2026-12-01T09:00:00+01:00. At once when empty."`
	AtLocal      string    `placeholder:"TIME" help:"When to send, by the local clock of each recipient, such as 2026-12-01T09:00."`
	Before       time.Time `placeholder:"TIME" help:"When it is too late: from then on pending messages are skipped."`
	Canary       float64   `placeholder:"PERCENT" help:"Send to the first PERCENT of the audience, and to the others only if that went well."`
	CanaryFails  float64   `placeholder:"PERCENT" default:"5" help:"How many percent of the canary's messages may fail; with more the bulk pauses."`
	HoldBack     bool      `help:"Store the bulk and don't start it: bulk start does, perhaps with the plan of a dry run."`

	DryRun       bool    `help:"Send nothing: render all messages and report failures, blank fields and costs."`
	Sample       int     `placeholder:"N" help:"With --dry-run: show N of the messages of each channel."`
	Suppressions bool    `help:"With --dry-run: look up the suppression list in Redis."`
	SMSPrice     float64 `name:"sms-price" placeholder:"N" help:"With --dry-run: what a segment of an SMS costs."`
	Plan         string  `placeholder:"HASH" help:"Send only what a dry run looked at: the hash that it printed."`

	Wait    bool   `help:"Wait until the bulk is complete, and show its progress."`
	Results string `placeholder:"FILE" help:"Write what became of each message to this CSV file. Needs --wait."`
	JSON    bool   `name:"json" help:"Print JSON."`
}

// Run stores the bulk, starts it and prints its id. With --wait it returns when the bulk is complete.
func (b *bulkSendCmd) Run(ctx context.Context, c *app.Settings, std stdio) (err error) {
	if b.Results != "" && !b.Wait || b.Wait && b.HoldBack {
		return usageError{errors.New("--results needs --wait, and --wait does not go with --hold-back")}
	}
	d, err := b.definition(c, std)
	if err != nil {
		return err
	}
	file, name, err := openInput(b.Audience, std)
	if err != nil {
		return err
	}
	defer file.Close()
	audience, err := bulk.OpenAudience(file, name, d.Channels()...)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if b.DryRun {
		return b.dryRun(ctx, c, std, d, audience)
	}
	return b.send(ctx, c, std, d, audience, name)
}

// send stores the bulk and starts it. name is that of the audience.
func (b *bulkSendCmd) send(ctx context.Context, c *app.Settings, std stdio, d bulk.Definition, audience *bulk.Audience, name string) (err error) {
	var results *os.File
	if b.Results != "" {
		if results, err = os.Create(b.Results); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, results.Close()) }()
	}
	q, err := app.NewClient(ctx, c, c.Logger(std.err))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, q.Close()) }()
	catalog, err := c.Catalog()
	if err != nil {
		return err
	}
	audience.Types(catalog.OwnKind)
	if err := b.pin(ctx, q.Blobs, q.SourceRetention(), catalog, &d); err != nil {
		return err
	}
	if err := warnUnused(std, catalog, &d, audience); err != nil {
		return err
	}
	show := newProgress(std)
	options := enqueue.BulkOptions{OnProgress: show.stored}
	skipped := 0
	if b.OnBadRow == "skip" {
		options.OnBadRow = func(bad *bulk.RowError) error {
			if skipped++; skipped <= 10 {
				fmt.Fprintf(std.err, "herald: %s: %v (skipped)\n", name, bad)
			}
			return nil
		}
	}
	if b.Plan != "" || b.HoldBack {
		if options.Plan, err = bulk.NewPlan(d); err != nil {
			return err
		}
	}
	id, err := q.CreateBulk(ctx, d)
	if err == nil {
		_, err = q.LoadBulk(ctx, id, audience.All(), options)
	}
	if err == nil && !b.HoldBack {
		err = startPlanned(ctx, q, id, b.Plan)
	}
	show.storedAll()
	var bad *bulk.RowError
	if errors.As(err, &bad) {
		return fmt.Errorf("%s: %w; nothing was sent: correct the row, or pass --on-bad-row skip", name, bad)
	}
	if errors.Is(err, bulk.ErrPlan) {
		return errors.Join(err, q.CancelBulk(ctx, id))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if skipped > 0 {
		fmt.Fprintf(std.err, "herald: %s: %d rows skipped in all\n", name, skipped)
	}
	if !b.Wait {
		return b.print(ctx, q, std, id)
	}
	if !b.JSON {
		fmt.Fprintln(std.out, id)
	}
	status, err := awaitBulk(ctx, q, std, id)
	if err != nil {
		return fmt.Errorf("bulk %s: %w", id, err)
	}
	if results != nil {
		if err := export(ctx, q, results, id, nil); err != nil {
			return err
		}
	}
	return printStatus(std, status, b.JSON)
}

func (b *bulkSendCmd) print(ctx context.Context, q *app.Client, std stdio, id string) error {
	if b.JSON {
		return printBulk(ctx, q, std, id, true)
	}
	_, err := fmt.Fprintln(std.out, id)
	return err
}

// startPlanned starts a stored bulk, if it is what was planned. An empty plan is none.
func startPlanned(ctx context.Context, q *app.Client, id, plan string) error {
	if plan == "" {
		return q.StartBulk(ctx, id)
	}
	stored, err := q.Bulks().Bulk(ctx, id)
	if err != nil {
		return err
	}
	if stored.Plan != plan {
		return fmt.Errorf("%w: it is %.12s… now, not %.12s…; nothing was sent: look at it again with --dry-run", bulk.ErrPlan, stored.Plan, plan)
	}
	return q.StartBulk(ctx, id)
}

type bulkStartCmd struct {
	ID   string `arg:"" help:"Id of the bulk."`
	Plan string `placeholder:"HASH" help:"Start only what a dry run looked at: the hash that it printed."`
	Wait bool   `help:"Wait until the bulk is complete, and show its progress."`
	JSON bool   `name:"json" help:"Print JSON."`
}

// Run starts a stored bulk.
func (b *bulkStartCmd) Run(ctx context.Context, c *app.Settings, std stdio) error {
	return withClient(ctx, c, std, func(q *app.Client) error {
		if err := startPlanned(ctx, q, b.ID, b.Plan); err != nil {
			return err
		}
		if b.Wait {
			if _, err := awaitBulk(ctx, q, std, b.ID); err != nil {
				return fmt.Errorf("bulk %s: %w", b.ID, err)
			}
		}
		return printBulk(ctx, q, std, b.ID, b.JSON)
	})
}

// definition is what the flags say, but for files and template sources.
func (b *bulkSendCmd) definition(c *app.Settings, std stdio) (bulk.Definition, error) {
	var d bulk.Definition
	if b.Definition != "" {
		if b.Shortcut != "" || b.Text != "" || b.From != "" || b.Context != "" {
			return d, usageError{errors.New("--definition says all of what is sent: leave out --shortcut, --text, --from and --context")}
		}
		data, err := readInput(b.Definition, std, 2*task.MaxContextBytes)
		if err != nil {
			return d, err
		}
		if err := strictjson.Read(data, &d, strictjson.Limits{}, strictjson.Leniency{}); err != nil {
			return d, inFile("definition "+b.Definition, err)
		}
	} else {
		content, err := b.named()
		if err != nil {
			return d, err
		}
		if d.Context, err = b.context(std); err != nil {
			return d, err
		}
		d.OnIssue = task.IssuePolicy(b.OnIssue)
		for _, channel := range b.Channel {
			p := bulk.Part{Channel: message.Channel(channel), From: b.From, Content: content, Policy: task.Policy(b.Policy)}
			mail := p.Channel.Spec().Mail
			if !mail && len(b.Channel) > 1 {
				p.From = "" // it is that of the emails
			}
			if mail {
				p.ReplyTo, p.Unsubscribe = b.ReplyTo, b.Unsubscribe
			}
			if p.Channel == message.SMS {
				p.From = first(b.SMSFrom, p.From)
			}
			p.Chat, p.Note = b.fields(p.Channel)
			d.Messages = append(d.Messages, p)
		}
	}
	labels, err := b.labels()
	if err != nil {
		return d, err
	}
	b.override(&d, c, labels)
	check := d
	check.ID = first(d.ID, "bulk")
	channels := make([]message.Channel, len(b.Channel))
	for i, channel := range b.Channel {
		channels[i] = message.Channel(channel)
	}
	return d, b.where(fault.Join(check.Validate(), check.CheckAhead(time.Now()), check.CheckTopic(c.CheckTopic), b.subjectFault(channels...)), d)
}

// where says in which flags, or in which members of the definition's file, the faults of err are.
func (b *bulkSendCmd) where(err error, d bulk.Definition) error {
	if b.Definition != "" {
		return inFile("definition "+b.Definition, err)
	}
	own := map[string]string{}
	var list fault.List
	for _, f := range fault.In(err) {
		for i, p := range d.Messages {
			at := fault.Pointer("messages", i)
			if p.Channel == message.SMS && b.SMSFrom != "" {
				own[at+"/from"] = "--sms-from"
			}
			// All messages have the same flags.
			if rest, ok := strings.CutPrefix(f.Pointer, at+"/"); ok && own[f.Pointer] == "" {
				f.Pointer = "/" + rest
			}
		}
		if !slices.Contains(list, f) {
			list = append(list, f)
		}
	}
	if len(list) == 0 {
		return err
	}
	return inFlags(list, own)
}

// override sets what flags say beside a definition.
func (b *bulkSendCmd) override(d *bulk.Definition, c *app.Settings, labels message.Labels) {
	d.ID, d.Locale, d.Timezone, d.Country = first(b.ID, d.ID), first(d.Locale, c.Locale), first(d.Timezone, c.Timezone), first(d.Country, c.Country)
	d.Topic, d.Tags = first(labels.Topic, d.Topic), append(d.Tags, labels.Tags...)
	for key, text := range labels.Metadata {
		if d.Metadata == nil {
			d.Metadata = map[string]string{}
		}
		d.Metadata[key] = text
	}
	d.CreatedBy = person()
	d.Deduplicate = d.Deduplicate || b.Deduplicate
	if b.Rate != 0 {
		d.Rate = b.Rate
	}
	if !b.At.IsZero() {
		d.SendAt = b.At
	}
	if !b.Before.IsZero() {
		d.SendBefore = b.Before
	}
	d.SendAtLocal = first(b.AtLocal, d.SendAtLocal)
	if b.Canary != 0 {
		d.Canary = &bulk.Canary{Percent: b.Canary, MaxFailurePercent: b.CanaryFails}
	}
}

// pin stores files and template sources for so long, so that what this command saw is what is sent.
func (b *bulkSendCmd) pin(ctx context.Context, blobs compose.Blobs, keep time.Duration, catalog *catalog.Catalog, d *bulk.Definition) error {
	var policies []attach.Policy
	for _, channel := range d.Channels() {
		policies = append(policies, attach.Bulk(channel))
	}
	files, err := b.attachments(ctx, blobs, keep, policies...)
	if err != nil {
		return err
	}
	for i := range d.Messages {
		p := &d.Messages[i]
		p.Attachments = append(p.Attachments, files...)
		if p.Sources, err = compose.Pin(ctx, blobs, keep, catalog, p.Content); err != nil {
			return err
		}
	}
	return nil
}

// warnUnused tells the columns of an audience that print nowhere: a field is mistyped there, or in the template.
func warnUnused(std stdio, catalog *catalog.Catalog, d *bulk.Definition, audience *bulk.Audience) error {
	contents := make([]task.Content, len(d.Messages))
	for i := range d.Messages {
		contents[i] = d.Messages[i].Content
	}
	unused, err := compose.UnusedColumns(catalog, contents, audience.Columns)
	for _, u := range unused {
		fmt.Fprintf(std.err, "herald: warning: %v\n", u)
	}
	return err
}
