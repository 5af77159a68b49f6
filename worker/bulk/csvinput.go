package bulk

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// maxRow bounds one row of an audience, in bytes: a context of the largest size, fully escaped, and its surroundings.
const maxRow = 4 << 20

// errLongRow ends reading where one line goes on for ever.
var errLongRow = fmt.Errorf("a row of more than %d bytes", maxRow)

// utf8Mark is what some programs put before text in UTF-8.
const utf8Mark = "\ufeff"

// newInput buffers r and drops a byte order mark.
func newInput(r io.Reader) *bufio.Reader {
	in := bufio.NewReaderSize(r, 1<<16)
	if mark, err := in.Peek(len(utf8Mark)); err == nil && string(mark) == utf8Mark {
		_, _ = in.Discard(len(utf8Mark))
	}
	return in
}

// decoded gives text in UTF-16 as UTF-8, and all other text as it is. UTF-16 begins with a byte order mark, or with an
// ASCII character, which has a zero beside it.
func decoded(in *bufio.Reader) (*bufio.Reader, error) {
	head, err := in.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	var order unicode.Endianness
	switch {
	case len(head) < 2:
		return in, nil
	case string(head) == "\xff\xfe", head[0] != 0 && head[1] == 0:
		order = unicode.LittleEndian
	case string(head) == "\xfe\xff", head[0] == 0 && head[1] != 0:
		order = unicode.BigEndian
	default:
		return in, nil
	}
	return newInput(transform.NewReader(in, unicode.UTF16(order, unicode.IgnoreBOM).NewDecoder())), nil
}

// dialect is how a CSV is written, as its head shows.
type dialect struct {
	separator rune
	preface   int  // bytes of a line "sep=;" before the header, as Excel reads and writes it
	cr        bool // lines end with CR alone
}

// separators are what stands between cells, the usual first.
const separators = ",;\t|"

// dialectOf reads the head of a CSV: the header row, or as much as there is of it.
func dialectOf(head []byte) dialect {
	d := dialect{separator: ','}
	if i := bytes.IndexByte(head, '\r'); i >= 0 && i+1 < len(head) && bytes.IndexByte(head, '\n') < 0 {
		d.cr = true
	}
	header, _, ended := bytes.Cut(head, []byte{'\n'})
	if d.cr {
		header, _, ended = bytes.Cut(head, []byte{'\r'})
	}
	line := strings.ToLower(strings.Trim(string(header), " \t\r\""))
	if own, ok := strings.CutPrefix(line, "sep="); ok && ended && utf8.RuneCountInString(own) == 1 {
		d.separator, _ = utf8.DecodeRuneInString(own)
		d.preface = len(header) + 1
		return d
	}
	most := 0
	for _, s := range separators {
		if n := strings.Count(line, string(s)); n > most { // no field has one in its name
			d.separator, most = s, n
		}
	}
	return d
}

// crLines gives CR as LF.
type crLines struct {
	r io.Reader
}

func (c crLines) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	for i, b := range p[:n] {
		if b == '\r' {
			p[i] = '\n'
		}
	}
	return n, err
}

// rows remembers what was read since a row began, so that its lines can be read again, and bounds the row.
type rows struct {
	r    io.Reader
	kept []byte // from offset base of the file on
	base int64
	next int // of kept, what Read gives next
	row  int64
	last int64 // the row before
	end  int64
}

func (r *rows) Read(p []byte) (int, error) {
	if r.next < len(r.kept) { // again, in small parts: the next row may go back, too
		n := copy(p[:min(len(p), 4096)], r.kept[r.next:])
		r.next += n
		return n, nil
	}
	if r.base+int64(r.next) >= r.end {
		return 0, errLongRow
	}
	n, err := r.r.Read(p)
	r.kept = append(r.kept, p[:n]...)
	r.next += n
	return n, err
}

// begin begins a row at an offset.
func (r *rows) begin(offset int64) {
	r.last, r.row, r.end = r.row, offset, offset+maxRow
	if gone := int(r.last - r.base); gone > len(r.kept)/2 && gone > 1<<16 {
		r.kept = r.kept[:copy(r.kept, r.kept[gone:])]
		r.base, r.next = r.last, r.next-gone
	}
}

// linesBefore counts the lines from where the row before began to this one.
func (r *rows) linesBefore() int {
	return bytes.Count(r.kept[r.last-r.base:r.row-r.base], []byte{'\n'})
}

// linesUntil counts the line ends from where the row began to an offset.
func (r *rows) linesUntil(offset int64) int {
	return bytes.Count(r.kept[r.row-r.base:offset-r.base], []byte{'\n'})
}

// secondLine goes back to where the second line of the row begins, and returns that offset; false where there is none.
func (r *rows) secondLine() (int64, bool) {
	from := int(r.row - r.base)
	i := bytes.IndexByte(r.kept[from:], '\n')
	if i < 0 {
		return 0, false
	}
	r.next = from + i + 1
	return r.row + int64(i) + 1, true
}
