package bulk

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/strictjson"
	"github.com/heraldsend/herald/worker/task"
)

// The columns of an audience that are about the recipient and not part of the context.
const (
	columnTo          = "to"          // the address; without it, the fields of message.AddressField
	columnLocale      = "locale"      // BCP 47 tag
	columnTimezone    = "timezone"    // IANA name
	columnAttachments = "attachments" // files below the worker's attachment folder, separated by ";"
)

// RowError says what is wrong with one row of an audience. The rows after it can still be read.
type RowError struct {
	Line int // line of the file, from 1 (the header); without a file, the number of the recipient
	// Err holds the faults. Their pointers begin at the row: for NDJSON within its object, for CSV with the name of the
	// column.
	Err     error
	columns bool // the row is one of a CSV
}

// Error gives the line and Words.
func (e *RowError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Words()) }

// Words give each fault with its column or pointer.
func (e *RowError) Words() string {
	faults := fault.Of(e.Err)
	texts := make([]string, len(faults))
	for i, f := range faults {
		switch {
		case f.Pointer == "":
			texts[i] = f.Detail
		case e.columns:
			texts[i] = fmt.Sprintf("column %s: %s", fault.Quote(fault.Steps(f.Pointer)[0]), f.Detail)
		default:
			texts[i] = f.Error()
		}
	}
	return strings.Join(texts, "; ")
}

// Unwrap returns the faults.
func (e *RowError) Unwrap() error { return e.Err }

// Column is the column of a CSV that holds a fault of the row; "" if the fault concerns the whole row.
func (e *RowError) Column(f fault.Fault) string {
	if !e.columns || f.Pointer == "" {
		return ""
	}
	return fault.Steps(f.Pointer)[0]
}

// CSV reads an audience from comma-separated values (RFC 4180) in UTF-8. The header row names fields by their
// path: customer.email,customer.firstName,customer.custom.tierStr,locale. A field whose name ends in Num under
// "custom" becomes a JSON number, one in Bool a boolean, every other a string; an empty cell is a missing field. Blanks
// around cells don't count. Semicolons, tabs and bars between cells are recognised, and the line ends of any system.
type CSV struct {
	rows      *csv.Reader
	input     *bufio.Reader // of rows
	kept      *rows
	began     int64 // offset of the file at which rows begins, and
	lines     int   // how many lines come before
	separator rune
	columns   []string
	root      *node
	to        []addressColumn
	extra     map[string]int
	// The columns of extra that each row is asked for; -1 where there is none.
	locale, timezone, attachments int
}

// addressColumn is where one of the addresses is.
type addressColumn struct {
	kind   address.Kind
	column int
}

// NewCSV reads the header of an audience for these channels. The errors say which column is missing, doubled or
// impossible.
func NewCSV(r io.Reader, channels ...message.Channel) (*CSV, error) {
	in := newInput(r)
	head, err := in.Peek(maxHead)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	d := dialectOf(head)
	_, _ = in.Discard(d.preface)
	c := &CSV{kept: &rows{r: in}, separator: d.separator, root: &node{}, extra: map[string]int{}}
	if d.cr {
		c.kept.r = crLines{in}
	}
	c.input = bufio.NewReaderSize(c.kept, 1<<16)
	if d.preface > 0 {
		c.lines = 1
	}
	c.restart(0, c.lines)
	c.kept.begin(0)
	header, err := c.rows.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the audience is empty: want a header row such as customer.email,customer.firstName")
	}
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	for len(header) > 1 && strings.TrimSpace(header[len(header)-1]) == "" { // spreadsheets write more columns than are used
		header = header[:len(header)-1]
	}
	if len(header) > maxColumns {
		return nil, fmt.Errorf("header: %d columns, at most %d", len(header), maxColumns)
	}
	for i, cell := range header {
		if len(cell) > maxColumnName { // every row repeats it
			return nil, fmt.Errorf("header: column %d: a name of %d bytes, at most %d", i+1, len(cell), maxColumnName)
		}
		if err := c.addColumn(i, norm.NFC.String(strings.TrimSpace(cell))); err != nil {
			return nil, fmt.Errorf("header: column %d: %w", i+1, err)
		}
	}
	if err := c.findAddresses(addressesOf(channels)); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	c.locale, c.timezone, c.attachments = c.column(columnLocale), c.column(columnTimezone), c.column(columnAttachments)
	return c, nil
}

// column is the number of an extra column, or -1.
func (c *CSV) column(name string) int {
	if i, given := c.extra[name]; given {
		return i
	}
	return -1
}

// maxColumns bounds the header. A row of a customer database has some hundreds.
const maxColumns = 1000

// maxColumnName bounds the name of a column, in bytes: a field of a context, or a person's words for it.
const maxColumnName = 1000

// maxHead is how much of a file is looked at to tell how it is written.
const maxHead = 4096

// restart reads rows from here on, an offset of the file before which these lines are.
func (c *CSV) restart(offset int64, lines int) {
	c.began, c.lines = offset, lines
	c.input.Reset(c.kept)
	c.rows = csv.NewReader(c.input) // which takes the buffer as its own
	c.rows.Comma, c.rows.ReuseRecord, c.rows.FieldsPerRecord = c.separator, true, -1
	c.rows.TrimLeadingSpace = c.separator != '\t'
}

// fields are the columns that are part of the context.
func (c *CSV) fields() []string {
	return slices.DeleteFunc(slices.Clone(c.columns), func(name string) bool {
		_, extra := c.extra[name]
		return extra
	})
}

// findAddresses finds the columns of the addresses.
func (c *CSV) findAddresses(kinds []address.Kind) error {
	to, given := c.extra[columnTo]
	if given && len(kinds) > 1 {
		fields := make([]string, len(kinds))
		for i, kind := range kinds {
			fields[i] = message.AddressField(kind)
		}
		return fmt.Errorf("%q could be any of the channels' addresses: name it %s", columnTo, message.Join(fields, "or"))
	}
	for _, kind := range kinds {
		column, path := to, message.AddressField(kind)
		if !given {
			column = slices.Index(c.columns, path)
		}
		if column < 0 {
			or := ""
			if len(kinds) == 1 {
				or = fmt.Sprintf(" (or %q)", columnTo)
			}
			meant := ""
			if near := strictjson.Nearest(path, c.columns); near != "" {
				meant = fmt.Sprintf("; is %.100q meant for it?", near)
			}
			return fmt.Errorf("no column %q, which %s needs%s; it has %.100s%s", path, whoNeeds(kind), or, strings.Join(c.columns, ", "), meant)
		}
		c.to = append(c.to, addressColumn{kind, column})
	}
	return nil
}

func (c *CSV) addColumn(i int, name string) error {
	if name == "" {
		return errors.New("no name")
	}
	if slices.Contains(c.columns, name) {
		return fmt.Errorf("%.100q stands twice", name)
	}
	c.columns = append(c.columns, name)
	switch name {
	case columnTo, columnLocale, columnTimezone, columnAttachments:
		c.extra[name] = i
		return nil
	}
	at := c.root
	parts := strings.Split(name, ".")
	for depth, part := range parts {
		if !utf8.ValidString(part) {
			return errors.New("not UTF-8: save the file in UTF-8")
		}
		if part == "" {
			return fmt.Errorf("%.100q is not a field path such as customer.firstName", name)
		}
		leaf := depth == len(parts)-1
		child := at.child(part)
		switch {
		case child == nil:
			child = &node{name: part, column: -1}
			at.children = append(at.children, child)
		case leaf || child.column >= 0:
			return fmt.Errorf("%.100q is a field and holds fields", strings.Join(parts[:depth+1], "."))
		}
		if leaf {
			child.column = i
			child.kind = kindOf(parts)
		}
		at = child
	}
	return nil
}

// All yields the audience. A *RowError stands for one row; any other error is the last thing that it yields.
func (c *CSV) All() iter.Seq2[Recipient, error] {
	return func(yield func(Recipient, error) bool) {
		after := 1 + c.lines // the line on which the last row began
		for {
			c.kept.begin(c.began + c.rows.InputOffset())
			row, err := c.rows.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			var torn *csv.ParseError
			switch {
			case errors.As(err, &torn), errors.Is(err, errLongRow):
				line, bad := c.torn(torn, after)
				if bad == nil {
					yield(Recipient{}, fmt.Errorf("after line %d: %w", after, err))
					return
				}
				if after = line; !yield(Recipient{}, &RowError{line, bad, true}) {
					return
				}
				continue
			case err != nil:
				yield(Recipient{}, fmt.Errorf("after line %d: %w", after, err))
				return
			}
			line, _ := c.rows.FieldPos(0)
			after = c.lines + line
			for i, cell := range row {
				row[i] = strings.TrimSpace(cell)
			}
			if isBlank(row) {
				continue
			}
			r, err := c.recipient(row)
			r.line, r.csv = after, true
			if err != nil {
				err = &RowError{after, err, true}
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// torn says what is wrong with a row whose quotation marks don't match, and its line. Later rows that such a mark
// swallowed are read again. Nothing is wrong with the row if the file itself can't be read further.
func (c *CSV) torn(e *csv.ParseError, after int) (line int, err error) {
	line, several := after+c.kept.linesBefore(), true
	if e != nil {
		line, several = c.lines+e.StartLine, e.Line > e.StartLine
	}
	if several {
		next, ok := c.kept.secondLine()
		if !ok && e == nil {
			return 0, nil
		}
		if ok {
			c.restart(next, line)
		}
	}
	return line, fault.At("", fault.Malformed, "its quotation marks don't match: a cell with one is written \"like \"\"this\"\" one\"")
}

// isBlank says whether nothing stands in a row.
func isBlank(row []string) bool {
	return !slices.ContainsFunc(row, func(cell string) bool { return cell != "" })
}

func (c *CSV) recipient(row []string) (Recipient, error) {
	if given := len(row); given < len(c.columns) || !isBlank(row[len(c.columns):]) {
		open := ""
		if more := c.kept.linesUntil(c.began + c.rows.InputOffset() - 1); more > 0 {
			line, _ := c.rows.FieldPos(0)
			open = fmt.Sprintf("; it goes on to line %d: is a quotation mark left open?", c.lines+line+more)
		}
		return Recipient{}, fault.At("", fault.Malformed, "%d cells, but the header has %d%s", given, len(c.columns), open)
	}
	row = row[:len(c.columns)]
	var faults fault.List
	for i, cell := range row {
		if !utf8.ValidString(cell) {
			faults.Add(fault.Pointer(c.columns[i]), fault.BadCharacter, "not UTF-8")
		}
	}
	r := Recipient{Locale: cell(row, c.locale), Timezone: cell(row, c.timezone)}
	for _, to := range c.to {
		*r.address(to.kind) = row[to.column]
	}
	for name := range strings.SplitSeq(cell(row, c.attachments), ";") {
		if name = strings.TrimSpace(name); name != "" {
			r.Attachments = append(r.Attachments, message.Ref{File: name})
		}
	}
	room := 0 // usually enough for names, quotes and commas, too
	for _, cell := range row {
		room += len(cell) + 24
	}
	r.Context, r.checked = c.appendObject(make([]byte, 0, room), c.root, row, &faults), true // appendObject writes JSON
	faults.Join("", task.CheckObject(r.Context))
	faults.Join("", r.checkPlace())
	return r, faults.Err()
}

// cell is the cell of a column, or "" where there is no such column.
func cell(row []string, column int) string {
	if column < 0 {
		return ""
	}
	return row[column]
}
