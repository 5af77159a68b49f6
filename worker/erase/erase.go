// Package erase removes a person from everything that is stored: by an address, a mailbox or a phone number, in any of its
// spellings.
//
// What names the address goes: single messages and forwards with their contents, the person's row in every bulk, waiting
// events, dead letters, tasks, blobs, reasons, the suppression list. What was pending is skipped, with the code erased. The
// counts stay: states, times and codes name nobody.
//
// Workers may run meanwhile. A pass over everything first takes away what later runs would read; a run that began before
// may still send, and writes what it learns. So Run waits for the tasks that it touched, and passes again until a pass finds
// nothing.
package erase

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/address/phone"
	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/outbox"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/blob"
	"github.com/heraldsend/herald/worker/store/caught"
	"github.com/heraldsend/herald/worker/store/dead"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/store/suppress"
)

// Patience is how long Run waits for tasks in the hands of workers, by default.
const Patience = time.Minute

// Options for New. Redis, Ledger and Suppressions are required; they stay the caller's to close.
type Options struct {
	Redis        redis.UniversalClient
	Ledger       *ledger.Ledger
	Suppressions *suppress.Store
	Country      string // for phone numbers without a country's code
	Log          *slog.Logger
	Patience     time.Duration // Patience when zero
}

// Eraser erases. It is safe for concurrent use.
type Eraser struct {
	Options
	bulks  *bulk.Store
	blobs  *blob.Store
	dead   *dead.Store
	events *outbox.Store
	queue  *queue.Client
	caught *caught.Store
}

// New checks the options.
func New(o Options) (*Eraser, error) {
	if o.Redis == nil || o.Ledger == nil || o.Suppressions == nil {
		return nil, errors.New("erase: Redis, Ledger and Suppressions are required")
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Patience == 0 {
		o.Patience = Patience
	}
	events, err := outbox.New(outbox.Options{Redis: o.Redis})
	if err != nil {
		return nil, err
	}
	kept, err := caught.New(o.Redis)
	if err != nil {
		return nil, err
	}
	return &Eraser{
		Options: o, bulks: bulk.NewStore(o.Redis, o.Ledger), blobs: blob.New(o.Redis), dead: dead.New(o.Redis), events: events, queue: queue.New(o.Redis), caught: kept,
	}, nil
}

// AddressError says that an address can't be read.
type AddressError struct{ Err error }

// Error implements error.
func (e *AddressError) Error() string {
	return "want an email address or a phone number: " + e.Err.Error()
}

// Unwrap implements errors.Unwrap.
func (e *AddressError) Unwrap() error { return e.Err }

// Report says what was touched: how many things, each once. It names nobody.
type Report struct {
	Messages     int `json:"messages" doc:"Single messages whose content and recipient are gone."`
	Forwards     int `json:"forwards" doc:"Forwarded conversations, with their content."`
	Recipients   int `json:"recipients" doc:"Rows of bulks, in all bulks together."`
	Bulks        int `json:"bulks" doc:"Bulks in which something was removed."`
	Skipped      int `json:"skipped" doc:"Single messages and forwards that were pending and are skipped now."`
	Events       int `json:"events" doc:"Waiting events without the address now."`
	DeadLetters  int `json:"deadLetters"`
	Tasks        int `json:"tasks" doc:"Tasks of the queue, waiting or finished."`
	Files        int `json:"files" doc:"Stored contents: conversations, texts, files with the address in plain text."`
	Suppressions int `json:"suppressions" doc:"Entries of the suppression lists."`
	Caught       int `json:"caught" doc:"Messages that tests would have sent."`
	Hashed       int `json:"hashed" doc:"Channels on which a keyed hash stays suppressed."`
	// InFlight are the tasks that a worker still had in hand in the end.
	InFlight []string `json:"inFlight,omitempty" doc:"What a worker still had in hand in the end: erase once more when it is over."`
	// Kept are places that name the address and were left alone.
	Kept []string `json:"kept,omitempty" doc:"What names the address and stays, because it is no person's alone: the text or the sender of a bulk."`
}

// Complete reports whether nothing is left to erase.
func (r Report) Complete() bool { return len(r.InFlight) == 0 }

// run is one erasure.
type run struct {
	*Eraser
	find    *address.Finder
	report  Report
	touched map[string]bool   // ids of tasks that may have in memory what was removed
	changed bool              // in this pass
	counted map[string]bool   // what the report counts, each once
	needed  map[string]string // blobs that stay, and what for
	orphans map[string]bool   // conversations of forwards that were erased
	files   map[string]bool   // files of messages that were erased
}

// mostPasses bounds the passes; each but the first has only what workers wrote since the one before.
const mostPasses = 10

// Run erases an address. If suppress says so, or the address was suppressed, a keyed hash of it stays on the suppression
// list. The error is an *AddressError, suppress.ErrNoKey before anything is touched, or trouble with Redis, after which it
// can be called again.
func (e *Eraser) Run(ctx context.Context, text string, block bool) (Report, error) {
	find, err := e.finder(text)
	if err != nil {
		return Report{}, err
	}
	r := &run{Eraser: e, find: find, touched: map[string]bool{}, counted: map[string]bool{}, needed: map[string]string{}, orphans: map[string]bool{}, files: map[string]bool{}}
	// First of all nothing more is sent.
	if err := r.suppressions(ctx, text, block); err != nil {
		return r.report, err
	}
	deadline := time.Now().Add(e.Patience)
	for range mostPasses {
		r.changed, r.report.Kept = false, nil
		for _, part := range []func(context.Context) error{r.bulkRows, r.singles, r.index, r.letters, r.waiting, r.tasks, r.contents, r.ofTests} {
			if err := part(ctx); err != nil {
				return r.report, err
			}
		}
		over, err := r.await(ctx, deadline)
		if err != nil || !over || !r.changed {
			return r.report, err
		}
	}
	return r.report, nil
}

// finder reads the address: an email address if there is an @ in it, else a phone number.
func (e *Eraser) finder(text string) (*address.Finder, error) {
	kind := address.Phone
	if strings.Contains(text, "@") {
		kind = address.Mailbox
	}
	find, err := address.NewFinder(phone.Parser(e.Country), kind, text)
	if err != nil {
		return nil, &AddressError{err}
	}
	return find, nil
}

// count counts a thing once, and notes that something changed.
func (r *run) count(n *int, kind, id string) {
	r.changed = true
	if key := kind + "\x00" + id; !r.counted[key] {
		r.counted[key] = true
		*n++
	}
}

func (r *run) suppressions(ctx context.Context, text string, block bool) error {
	for _, c := range message.ChannelsWith(r.find.Kind()) {
		there, hashed, err := r.Suppressions.Erase(ctx, c, text, block)
		if err != nil {
			return err
		}
		if there {
			r.report.Suppressions++
		}
		if hashed {
			r.report.Hashed++
		}
	}
	return nil
}

// await waits until no worker has a touched task in hand. It reports false when patience is over first.
func (r *run) await(ctx context.Context, deadline time.Time) (bool, error) {
	for {
		running, err := r.queue.Running(ctx)
		if err != nil {
			return false, err
		}
		var busy []string
		for id := range r.touched {
			if running[id] {
				busy = append(busy, id)
			}
		}
		slices.Sort(busy)
		if r.report.InFlight = busy; len(busy) == 0 {
			return true, nil
		}
		if time.Now().After(deadline) {
			return false, nil
		}
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// kept puts down a place that is left alone.
func (r *run) kept(format string, args ...any) {
	if place := fmt.Sprintf(format, args...); !slices.Contains(r.report.Kept, place) {
		r.report.Kept = append(r.report.Kept, place)
	}
}

// index removes the address from the index of messages: whatever it led to is gone, or names it no more.
func (r *run) index(ctx context.Context) error {
	key, err := r.Ledger.Fingerprints().Key(ctx)
	if err != nil {
		return err
	}
	print, ok := key.Address(r.find.Kind(), r.find.Key())
	if !ok {
		return nil
	}
	changed, err := r.Ledger.EraseIndex(ctx, print, bulk.MaxAhead, func(o ledger.Owner) (bool, error) {
		if r.find.Kind() != address.Phone {
			return true, nil
		}
		// Numbers that end alike share the fingerprint.
		a, err := r.Ledger.Account(ctx, o.Chunk(0))
		if errors.Is(err, ledger.ErrNotFound) {
			return true, nil
		}
		return err == nil && (a.Details.To == "" || r.find.Is(a.Details.To, a.Details.Country)), err
	})
	r.changed = r.changed || changed
	return err
}

// waiting empties events.
func (r *run) waiting(ctx context.Context) error {
	n, err := r.events.Erase(ctx, r.find.In)
	r.report.Events += n
	r.changed = r.changed || n > 0
	return err
}

// ofTests drops what tests would have sent.
func (r *run) ofTests(ctx context.Context) error {
	n, err := r.caught.Erase(ctx, r.find.In)
	r.report.Caught += n
	r.changed = r.changed || n > 0
	return err
}

// letters drops dead letters that name the address.
func (r *run) letters(ctx context.Context) error {
	for after := ""; ; {
		letters, next, err := r.dead.List(ctx, "", after, 500)
		if err != nil {
			return err
		}
		for _, l := range letters {
			if !r.find.InJSON(l.Payload) && !r.find.In(string(l.Bytes())) && !r.find.In(l.Reason) {
				continue
			}
			if err := r.dead.Drop(ctx, l.ID); err != nil && !errors.Is(err, dead.ErrNotFound) {
				return err
			}
			r.count(&r.report.DeadLetters, "letter", l.ID)
		}
		if next == "" {
			return nil
		}
		after = next
	}
}

// tasks deletes the tasks whose payload names the address. Their messages were settled before.
func (r *run) tasks(ctx context.Context) error {
	found := map[string]queue.Stored{}
	if err := r.queue.Each(ctx, func(t queue.Stored) error {
		if r.find.InJSON(t.Payload) {
			t.Payload = nil
			found[t.Queue+"\x00"+t.ID] = t
		}
		return nil
	}); err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(found)) {
		t := found[key]
		gone, err := r.queue.Delete(t.Queue, t.ID)
		if err != nil {
			return err
		}
		r.touched[t.ID] = true
		if gone {
			r.count(&r.report.Tasks, "task", key)
		} else {
			r.changed = true // it goes with the next pass
		}
	}
	return nil
}
