package bulk

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// Result is the state of one message.
type Result struct {
	Index   int    // of the recipient among all, from 0
	ID      string // of the message
	To      string
	Channel message.Channel
	ledger.Record
	ledger.Details
	// Waiting is why it is pending; nil once it is settled.
	Waiting *ledger.Wait
	// Feedback is what came back about it after it was sent.
	Feedback ledger.Feedback
}

// readAhead is how many chunks are read while the results of one are used.
const readAhead = 8

// Results yields every message in the order of the audience, or, if recipients have times of their own, in the order
// of those. It reads a few chunks at the same time and ends after an error. Memory use does not depend on the size of the bulk.
func (s *Store) Results(ctx context.Context, id string) iter.Seq2[Result, error] {
	return func(yield func(Result, error) bool) {
		b, err := s.Bulk(ctx, id)
		if err != nil {
			yield(Result{}, err)
			return
		}
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		first := 0
		for read := range s.readChunks(ctx, b) {
			results, err := read()
			if err != nil {
				yield(Result{}, err)
				return
			}
			for _, r := range results {
				r.Index += first
				if !yield(r, nil) {
					return
				}
			}
			first += len(results) / b.Slots()
		}
	}
}

// readChunks begins to read the chunks of a bulk, some of them ahead, until ctx ends. It gives for each, in their order, a
// function that waits for its results.
func (s *Store) readChunks(ctx context.Context, b Bulk) <-chan func() ([]Result, error) {
	reads := make(chan func() ([]Result, error), readAhead)
	go func() {
		defer close(reads)
		for chunk := range b.Chunks {
			var results []Result
			var err error
			done := make(chan struct{})
			wait := func() ([]Result, error) {
				<-done
				return results, err
			}
			select {
			case reads <- wait:
			case <-ctx.Done():
				return
			}
			go func() {
				defer close(done)
				results, err = s.ChunkResults(ctx, b, chunk)
			}()
		}
	}()
	return reads
}

// ChunkResults reads the states of the messages of one chunk, in order. Their Index counts from the chunk's first
// recipient.
func (s *Store) ChunkResults(ctx context.Context, b Bulk, chunk int) ([]Result, error) {
	recipients, err := s.Recipients(ctx, b.Definition, chunk)
	if err != nil {
		return nil, err
	}
	return s.chunkResults(ctx, b, chunk, recipients)
}

// chunkResults is ChunkResults for a chunk whose recipients were read.
func (s *Store) chunkResults(ctx context.Context, b Bulk, chunk int, recipients []Recipient) ([]Result, error) {
	records, err := s.ledger.Chunk(ctx, b.Owner().Chunk(chunk))
	if err != nil {
		return nil, err
	}
	if len(records) != len(recipients)*b.Slots() {
		return nil, fmt.Errorf("chunk %d of bulk %s: %d recipients, %d records", chunk, b.ID, len(recipients), len(records))
	}
	details, err := s.ledger.Details(ctx, b.Owner().Chunk(chunk))
	if err != nil {
		return nil, err
	}
	came, err := s.ledger.Feedback(ctx, b.Owner().Chunk(chunk))
	if err != nil {
		return nil, err
	}
	var wait *ledger.Wait
	if slices.ContainsFunc(records, func(r ledger.Record) bool { return !r.State.Final() }) {
		if wait, err = s.waiting(ctx, b, chunk); err != nil {
			return nil, err
		}
	}
	results := make([]Result, len(records))
	for slot, record := range records {
		c, i := b.Part(slot).Channel, slot/b.Slots()
		r := Result{i, b.MessageID(chunk, slot), recipients[i].Address(c), c, record, details[slot], nil, came[slot]}
		if !record.State.Final() {
			if r.Waiting = wait; record.State == ledger.Claimed {
				r.Waiting = ledger.Unhurried(record.State, time.Time{})
			}
			r.Attempts = max(r.Attempts, r.Waiting.Attempts)
		}
		results[slot] = r
	}
	return results, nil
}

// waiting is why the pending messages of a chunk wait.
func (s *Store) waiting(ctx context.Context, b Bulk, chunk int) (*ledger.Wait, error) {
	wait, err := s.ledger.Wait(ctx, b.Owner().Chunk(chunk))
	if err != nil {
		return nil, err
	}
	if b.Control == Paused {
		paused := &ledger.Wait{Reason: ledger.Reason{Code: ledger.WaitPaused, Text: "the bulk is paused"}}
		if wait != nil {
			paused.Attempts = wait.Attempts
		}
		return paused, nil
	}
	if wait != nil {
		return wait, nil
	}
	due := b.SendAt
	if b.SendAtLocal != "" {
		dues, err := s.Dues(ctx, b.ID)
		if err != nil {
			return nil, err
		}
		due = dues[chunk]
	}
	switch {
	case b.Started.IsZero() && b.Round == 0 && !due.After(time.Now()):
		return &ledger.Wait{Reason: ledger.Reason{Code: ledger.WaitStart, Text: "the bulk was not started yet"}}, nil
	case chunk >= b.Open():
		return &ledger.Wait{Reason: ledger.Reason{Code: ledger.WaitCanary, Text: "the canary is out"}}, nil
	}
	return ledger.Unhurried(ledger.Pending, due), nil
}

// MessageResult reads the state of a message of a bulk by its id, or returns ErrNotFound.
func (s *Store) MessageResult(ctx context.Context, id string) (Result, error) {
	b, at, err := s.Locate(ctx, id)
	if err != nil {
		return Result{}, err
	}
	results, err := s.ChunkResults(ctx, b, at.Chunk)
	if err == nil && at.Slot >= len(results) {
		err = fmt.Errorf("message %.150q: %w", id, ErrNotFound)
	}
	if err != nil {
		return Result{}, err
	}
	result := results[at.Slot]
	result.Labels = b.Labels
	return result, nil
}

// Place is a slot of a bulk.
type Place struct{ Chunk, Slot int }

// Locate finds the bulk and the place of a message by its id, or returns ErrNotFound. The chunk may have fewer slots.
func (s *Store) Locate(ctx context.Context, id string) (Bulk, Place, error) {
	gone := fmt.Errorf("message %.150q: %w", id, ErrNotFound)
	owner, part, derived := task.SplitDerived(id)
	if !derived { // in layout 0 the parts were joined as the parts of an id are
		fields := strings.Split(id, ".")
		if len(fields) < 4 {
			return Bulk{}, Place{}, gone
		}
		owner = strings.Join(fields[:len(fields)-3], ".")
		part = strings.Join(fields[len(fields)-3:], ".")
	}
	fields := strings.Split(part, ".")
	if len(fields) != 3 {
		return Bulk{}, Place{}, gone
	}
	chunk, errChunk := strconv.Atoi(fields[0])
	recipient, errRecipient := strconv.Atoi(fields[1])
	if errChunk != nil || errRecipient != nil || chunk < 0 || recipient < 0 || recipient >= ChunkSize {
		return Bulk{}, Place{}, gone
	}
	b, err := s.Bulk(ctx, owner)
	if errors.Is(err, ErrNotFound) || err == nil && chunk >= b.Chunks {
		return Bulk{}, Place{}, gone
	}
	if err != nil {
		return Bulk{}, Place{}, err
	}
	for i := range b.Slots() {
		if slot := recipient*b.Slots() + i; b.MessageID(chunk, slot) == id {
			return b, Place{chunk, slot}, nil
		}
	}
	return Bulk{}, Place{}, gone
}

// ResultWriter writes results as CSV. A cell that a spreadsheet would take for a formula begins with an apostrophe.
type ResultWriter struct {
	csv *csv.Writer
	row [15]string
}

// NewResultWriter writes the header row.
func NewResultWriter(to io.Writer) (*ResultWriter, error) {
	w := &ResultWriter{csv: csv.NewWriter(to), row: [15]string{
		"recipient", "channel", "state", "code", "reason", "time", "waiting", "attempts", "subject", "provider_id", "issues",
		"feedback", "feedback_time", "feedback_source", "feedback_words",
	}}
	return w, w.csv.Write(w.row[:])
}

// Write writes one result; issues are their codes and fields. A message that is claimed at this moment counts as
// pending.
func (w *ResultWriter) Write(r Result) error {
	if r.State == ledger.Claimed {
		r.State = ledger.Pending
	}
	var at string
	if !r.At.IsZero() {
		at = r.At.Format(time.RFC3339)
	}
	var waiting, attempts string
	if r.Waiting != nil {
		waiting = strings.TrimSuffix(r.Waiting.Code+": "+r.Waiting.Text, ": ")
	}
	if r.Attempts > 0 {
		attempts = strconv.Itoa(r.Attempts)
	}
	issues := make([]string, len(r.Issues))
	for i, issue := range r.Issues {
		issues[i] = strings.TrimSuffix(issue.Code+" "+issue.Field, " ")
	}
	var came [4]string
	if f := r.Feedback; f.State != ledger.Unconfirmed {
		came = [4]string{f.State.String(), f.At.Format(time.RFC3339), f.Source, strings.TrimSpace(f.Status + " " + f.Words)}
	}
	w.row = [15]string{
		r.To, string(r.Channel), r.State.String(), r.Reason.Code, r.Reason.Text, at, waiting, attempts, r.Subject, r.ProviderID, strings.Join(issues, "; "),
		came[0], came[1], came[2], came[3],
	}
	for i := range w.row {
		w.row[i] = plainCell(w.row[i])
	}
	return w.csv.Write(w.row[:])
}

// Flush writes what is still held back.
func (w *ResultWriter) Flush() error {
	w.csv.Flush()
	return w.csv.Error()
}

func plainCell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
