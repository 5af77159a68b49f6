package bulk

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// Result is what became of one message.
type Result struct {
	Index   int    // of the recipient among all, from 0
	ID      string // of the message
	To      string
	Channel message.Channel
	ledger.Record
}

// Results yields every message in the order of the audience (where recipients have times of their own: in the order of
// those), reading one chunk at a time. It ends after an error.
func (s *Store) Results(ctx context.Context, id string) iter.Seq2[Result, error] {
	return func(yield func(Result, error) bool) {
		b, err := s.Bulk(ctx, id)
		if err != nil {
			yield(Result{}, err)
			return
		}
		first := 0
		for chunk := range b.Chunks {
			results, err := s.ChunkResults(ctx, b, chunk)
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

// ChunkResults reads what became of the messages of one chunk, in their order. Their Index counts from the chunk's first
// recipient.
func (s *Store) ChunkResults(ctx context.Context, b Bulk, chunk int) ([]Result, error) {
	recipients, err := s.Recipients(ctx, b.Definition, chunk)
	if err != nil {
		return nil, err
	}
	records, err := s.ledger.Chunk(ctx, b.Owner().Chunk(chunk))
	if err != nil {
		return nil, err
	}
	if len(records) != len(recipients)*b.Slots() {
		return nil, fmt.Errorf("chunk %d of bulk %s: %d recipients, %d records", chunk, b.ID, len(recipients), len(records))
	}
	results := make([]Result, len(records))
	for slot, record := range records {
		c, i := b.Part(slot).Channel, slot/b.Slots()
		results[slot] = Result{i, b.MessageID(chunk, slot), recipients[i].Address(c), c, record}
	}
	return results, nil
}

// MessageResult reads what became of a message of a bulk by its id, or returns ErrNotFound.
func (s *Store) MessageResult(ctx context.Context, id string) (Result, error) {
	gone := fmt.Errorf("message %.150q: %w", id, ErrNotFound)
	owner, part, derived := task.SplitDerived(id)
	if !derived { // in layout 0 the parts were joined as the parts of an id are
		fields := strings.Split(id, ".")
		if len(fields) < 4 {
			return Result{}, gone
		}
		owner = strings.Join(fields[:len(fields)-3], ".")
		part = strings.Join(fields[len(fields)-3:], ".")
	}
	fields := strings.Split(part, ".")
	chunk, err := strconv.Atoi(fields[0])
	if err != nil || len(fields) != 3 || chunk < 0 {
		return Result{}, gone
	}
	b, err := s.Bulk(ctx, owner)
	if errors.Is(err, ErrNotFound) || err == nil && chunk >= b.Chunks {
		return Result{}, gone
	}
	if err != nil {
		return Result{}, err
	}
	results, err := s.ChunkResults(ctx, b, chunk)
	if err != nil {
		return Result{}, err
	}
	for _, r := range results {
		if r.ID == id {
			return r, nil
		}
	}
	return Result{}, gone
}

// ResultWriter writes results as CSV. Cells that a spreadsheet would take for a formula are prefixed with an apostrophe.
type ResultWriter struct {
	csv *csv.Writer
	row [6]string
}

// NewResultWriter writes the header row.
func NewResultWriter(to io.Writer) (*ResultWriter, error) {
	w := &ResultWriter{csv: csv.NewWriter(to), row: [6]string{"recipient", "channel", "state", "code", "reason", "time"}}
	return w, w.csv.Write(w.row[:])
}

// Write writes one result. Whoever is claimed right now is pending, as the counts show it.
func (w *ResultWriter) Write(r Result) error {
	if r.State == ledger.Claimed {
		r.State = ledger.Pending
	}
	var at string
	if !r.At.IsZero() {
		at = r.At.Format(time.RFC3339)
	}
	w.row = [6]string{r.To, string(r.Channel), r.State.String(), r.Reason.Code, r.Reason.Text, at}
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
