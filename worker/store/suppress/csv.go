package suppress

import (
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/heraldsend/herald/worker/message"
)

// header are the columns of an export.
var header = []string{"address", "list", "reason", "source", "time", "topic"}

// The two lists as the column "list" names them.
const (
	listBlock = "block"
	listAllow = "allow"
)

// batch is how many rows of an import are stored at a time.
const batch = 1000

// mostFaults is how many faults of an import are reported one by one.
const mostFaults = 20

// Export writes the entries of a channel as CSV (RFC 4180) that Import reads, and returns how many. An address that a
// spreadsheet would take for a formula begins with an apostrophe; phone numbers don't.
func (s *Store) Export(ctx context.Context, c message.Channel, to io.Writer) (int, error) {
	w := csv.NewWriter(to)
	if err := w.Write(header); err != nil {
		return 0, err
	}
	n := 0
	for e, err := range s.List(ctx, c) {
		if err != nil {
			return n, err
		}
		if err := w.Write(row(e)); err != nil {
			return n, err
		}
		n++
	}
	w.Flush()
	return n, w.Error()
}

// row is an entry's under header.
func row(e Entry) []string {
	list, at := listBlock, ""
	if e.Allow {
		list = listAllow
	}
	if !e.At.IsZero() {
		at = e.At.Format(time.RFC3339)
	}
	return []string{guard(e.Address), list, e.Reason, guard(e.Source), at, e.Topic}
}

// formula are the characters that begin a formula in spreadsheets, and the apostrophe that marks a text.
const formula = "=+-@'"

// guard keeps a spreadsheet from taking text for a formula. A number with a sign is no formula.
func guard(s string) string {
	if s == "" || !strings.ContainsRune(formula, rune(s[0])) || strings.Trim(s[1:], "0123456789") == "" {
		return s
	}
	return "'" + s
}

// unguard takes guard's apostrophe away.
func unguard(s string) string {
	if len(s) > 1 && s[0] == '\'' && strings.ContainsRune(formula, rune(s[1])) {
		return s[1:]
	}
	return s
}

// Import adds the rows of a CSV in UTF-8: address and reason code, or columns in any order under a header row that
// has "address" and any of list (block, allow), reason, source, time (RFC 3339) and topic (* for all). fallback has the values for what
// a row leaves out. Wrong rows are left out and reported by line; the others are stored. It returns how many were
// stored.
func (s *Store) Import(ctx context.Context, c message.Channel, from io.Reader, fallback Entry) (stored int, err error) {
	fallback.Reason = cmp.Or(fallback.Reason, Manual)
	if err := errors.Join(checkReason(fallback.Reason), checkSource(fallback.Source)); err != nil {
		return 0, err
	}
	var pending []Entry
	store := func() error {
		if err := s.Add(ctx, c, pending...); err != nil {
			return err
		}
		stored += len(pending)
		pending = pending[:0]
		return nil
	}
	var faults faults
	for e, err := range s.read(c, from, fallback) {
		if err != nil {
			faults.add(err)
			continue
		}
		if pending = append(pending, e); len(pending) == batch {
			if err := store(); err != nil {
				return stored, err
			}
		}
	}
	err = errors.Join(store(), faults.err())
	return stored, err
}

// read yields the entries of a CSV, and an error for each wrong row. If reading from fails, that is the last error.
func (s *Store) read(c message.Channel, from io.Reader, fallback Entry) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		rows := csv.NewReader(from)
		rows.FieldsPerRecord = -1
		rows.ReuseRecord = true
		columns := columnsOf([]string{"address", "reason"})
		for first := true; ; first = false {
			row, err := rows.Read()
			var syntax *csv.ParseError
			switch {
			case errors.Is(err, io.EOF):
				return
			case errors.As(err, &syntax):
				if !yield(Entry{}, fmt.Errorf("line %d: %w", syntax.Line, syntax.Err)) {
					return
				}
				continue
			case err != nil:
				yield(Entry{}, err)
				return
			}
			line, _ := rows.FieldPos(0)
			if first {
				row[0] = strings.TrimPrefix(row[0], "\ufeff")
				if named := columnsOf(row); named["address"] >= 0 {
					columns = named
					continue
				}
			}
			e, err := columns.entry(row, fallback)
			if err == nil {
				e, err = s.normal(c, e)
			}
			if err != nil {
				err = fmt.Errorf("line %d: %w", line, err)
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// columns are the indexes of the columns by name, -1 for those that are not there.
type columns map[string]int

func columnsOf(row []string) columns {
	at := columns{}
	for _, name := range header {
		at[name] = slices.IndexFunc(row, func(cell string) bool { return strings.EqualFold(strings.TrimSpace(cell), name) })
	}
	return at
}

func (c columns) entry(row []string, fallback Entry) (e Entry, err error) {
	cell := func(name, otherwise string) string {
		if i := c[name]; i >= 0 && i < len(row) {
			if text := unguard(strings.TrimSpace(row[i])); text != "" {
				return text
			}
		}
		return otherwise
	}
	e = fallback
	e.Address = cell("address", "")
	e.Reason = cell("reason", fallback.Reason)
	e.Source = cell("source", fallback.Source)
	e.Topic = cell("topic", fallback.Topic)
	switch list := cell("list", ""); list {
	case "":
	case listBlock, listAllow:
		e.Allow = list == listAllow
	default:
		return e, fmt.Errorf("list %.60q: want %s or %s", list, listBlock, listAllow)
	}
	if at := cell("time", ""); at != "" {
		if e.At, err = time.Parse(time.RFC3339, at); err != nil {
			return e, fmt.Errorf("time %.60q: want one such as 2026-11-21T07:30:00Z", at)
		}
	}
	return e, nil
}

// faults are rows that were left out.
type faults struct {
	first []error
	more  int
}

func (f *faults) add(err error) {
	if len(f.first) < mostFaults {
		f.first = append(f.first, err)
	} else {
		f.more++
	}
}

func (f *faults) err() error {
	if f.more > 0 {
		return errors.Join(append(f.first, fmt.Errorf("and %d more lines", f.more))...)
	}
	return errors.Join(f.first...)
}
