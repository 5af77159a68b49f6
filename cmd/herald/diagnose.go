package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/heraldsend/herald/worker/app"
	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/har"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/fleet"
)

type diagnoseCmd struct {
	Out string `default:"herald-diagnosis.zip" placeholder:"FILE" help:"The zip file to write."`
	HAR string `name:"har" placeholder:"FILE" help:"A HAR of a browser to put in, without its secrets."`
}

// Limits of a bundle.
const (
	diagnosedLetters = 100
	diagnosedBulks   = 20
	diagnoseTime     = 30 * time.Second
)

// letterFacts is a dead letter without what it holds and whose it is.
type letterFacts struct {
	Kind     string    `json:"kind"`
	Reason   string    `json:"reason"`
	Attempts int       `json:"attempts"`
	At       time.Time `json:"at"`
}

// Run packs what somebody needs who helps: nothing of customers, and no secrets. A server that can't be reached is a
// finding, and no reason to write nothing.
func (d *diagnoseCmd) Run(ctx context.Context, c *app.Settings, std stdio) error {
	parts := map[string]any{
		"version.json":  map[string]string{"version": versionText(), "go": runtime.Version(), "system": runtime.GOOS + "/" + runtime.GOARCH, "at": time.Now().UTC().Format(time.RFC3339)},
		"settings.json": c.Shown(),
	}
	looking, done := context.WithTimeout(ctx, diagnoseTime)
	defer done()
	report := app.Diagnose(looking, app.DoctorOptions{Settings: c})
	parts["doctor.json"] = report
	reading, stop := context.WithTimeout(ctx, diagnoseTime) // its own time: the doctor may have waited for a server that is away
	defer stop()
	if err := d.stores(reading, c, std, parts); err != nil {
		parts["unreached.json"] = map[string]string{"error": "the queue could not be read: see doctor.json"}
	}
	if d.HAR != "" {
		data, err := readInput(d.HAR, std, har.MaxBytes)
		if err != nil {
			return err
		}
		record, err := har.Read(data, har.NoBodies)
		if err != nil {
			return fmt.Errorf("%s: %w", d.HAR, err)
		}
		parts["browser.har"] = record
	}
	files := map[string][]byte{}
	for name, part := range parts {
		data, err := json.MarshalIndent(part, "", "  ")
		if err != nil {
			return err
		}
		files[name] = append(data, '\n')
	}
	data, err := packed(files)
	if err != nil {
		return err
	}
	if err := os.WriteFile(d.Out, data, 0o600); err != nil {
		return err
	}
	if err := printReport(std.out, report); err != nil {
		return err
	}
	_, err = fmt.Fprintf(std.out, "\n%s has %d files: look at them before you send it on\n", d.Out, len(files))
	return err
}

// stores reads figures of the queue: workers, the newest bulks, dead letters, events that wait.
func (d *diagnoseCmd) stores(ctx context.Context, c *app.Settings, std stdio, parts map[string]any) error {
	return withDead(ctx, c, std, func(q *app.Client) error {
		workers, fleetErr := q.Fleet(ctx)
		counts, deadErr := q.Dead().Count(ctx)
		events, eventsErr := q.Events().Stats(ctx)
		ids, bulksErr := q.Bulks().List(ctx, "", diagnosedBulks)
		if err := errors.Join(fleetErr, deadErr, eventsErr, bulksErr); err != nil {
			return err
		}
		parts["workers.json"], parts["dead-counts.json"], parts["events.json"] = workersOf(workers), counts, events
		letters, _, err := q.Dead().List(ctx, "", "", diagnosedLetters)
		if err != nil {
			return err
		}
		facts := make([]letterFacts, len(letters))
		for i, l := range letters {
			facts[i] = letterFacts{l.Kind, l.Reason, l.Attempts, l.At}
		}
		parts["dead.json"] = facts
		states := []bulk.Status{}
		for _, id := range ids {
			progress, err := q.BulkProgress(ctx, id)
			if err != nil {
				continue // it has ended, or can't be read: doctor and lists tell
			}
			progress.ID = fmt.Sprintf("bulk-%d", len(states)+1) // ids are callers' words
			states = append(states, progress.Status)
		}
		parts["bulks.json"] = states
		return nil
	})
}

// workerFacts is a worker and, by channel, the code of what keeps it from sending; "" where nothing does.
type workerFacts struct {
	Host  string                     `json:"host"`
	PID   int                        `json:"pid"`
	Lines map[message.Channel]string `json:"lines"`
}

func workersOf(all []fleet.Worker) []workerFacts {
	out := make([]workerFacts, len(all))
	for i, w := range all {
		out[i] = workerFacts{w.Host, w.PID, map[message.Channel]string{}}
		for channel, line := range w.Lines {
			out[i].Lines[channel] = line.Code
		}
	}
	return out
}
