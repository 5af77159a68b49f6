package exchange

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"
)

// csvHeader are the columns of a sheet. The languages stand in each row, so that a row is whole by itself.
var csvHeader = []string{"name", "from", "to", "state", "source", "target"}

// WriteCSV writes a sheet with a header, as RFC 4180 has it.
func WriteCSV(w io.Writer, s Sheet) error {
	out := csv.NewWriter(w)
	if err := out.Write(csvHeader); err != nil {
		return err
	}
	for _, u := range s.Units {
		if err := out.Write([]string{u.Name, s.From, s.To, string(u.State), u.Source, u.Target}); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// ReadCSV reads a sheet with a header. Columns may stand in any order, and others beside them; name, to and target must
// be there. All rows are of the same languages. A row without a target is missing.
func ReadCSV(data []byte) (Sheet, error) {
	if len(data) > MaxBytes {
		return Sheet{}, fmt.Errorf("the file has %d bytes; at most %d are read", len(data), MaxBytes)
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if !utf8.Valid(data) {
		return Sheet{}, errors.New("the file is not UTF-8")
	}
	in := csv.NewReader(bytes.NewReader(data))
	header, err := in.Read()
	if err != nil {
		return Sheet{}, fmt.Errorf("the header: %w", err)
	}
	column := map[string]int{}
	for _, name := range csvHeader {
		at := slices.Index(header, name)
		if at < 0 && (name == "name" || name == "to" || name == "target") {
			return Sheet{}, fmt.Errorf("line 1: there is no column %s: want %q", name, csvHeader)
		}
		column[name] = at
	}
	var s Sheet
	seen := map[string]bool{}
	for {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			return s, nil
		}
		if err != nil {
			return Sheet{}, err
		}
		line, _ := in.FieldPos(0)
		cell := func(name string) string {
			if at := column[name]; at >= 0 {
				return row[at]
			}
			return ""
		}
		u := Unit{Name: cell("name"), Source: cell("source"), Target: cell("target"), State: Current}
		switch {
		case seen[u.Name]:
			return Sheet{}, fmt.Errorf("line %d: %.100q stands here twice", line, u.Name)
		case len(seen) >= maxUnits:
			return Sheet{}, fmt.Errorf("line %d: more than %d rows", line, maxUnits)
		case len(u.Source) > maxText || len(u.Target) > maxText:
			return Sheet{}, fmt.Errorf("line %d: a text has more than %d bytes", line, maxText)
		case len(seen) > 0 && (cell("to") != s.To || cell("from") != s.From):
			return Sheet{}, fmt.Errorf("line %d: another language than in the rows before: one file a language", line)
		}
		switch {
		case u.Target == "":
			u.State = Missing
		case cell("state") == string(Outdated):
			u.State = Outdated
		}
		seen[u.Name] = true
		s.From, s.To, s.Units = cell("from"), cell("to"), append(s.Units, u)
	}
}
