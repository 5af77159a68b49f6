package bulk

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"path"
	"strings"

	"github.com/heraldsend/herald/worker/message"
)

// maxRow bounds one row of an audience, in bytes: a context of the largest size, fully escaped, and its surroundings.
const maxRow = 4 << 20

// OpenAudience reads an audience for channels as CSV or as NDJSON, packed by gzip or Zstandard or not at all. What it is, its first
// bytes say, and where they don't, the extension of its name, which may be empty. The error is for what can't be an
// audience at all. The sequence can be ranged over once; a *RowError in it stands for its row alone, any other error is
// the last thing yielded. Memory use does not depend on the size of the audience.
func OpenAudience(r io.Reader, name string, channels ...message.Channel) (iter.Seq2[Recipient, error], error) {
	in, err := unpack(r)
	if err != nil {
		return nil, err
	}
	head, err := in.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if err := checkHead(head); err != nil {
		return nil, err
	}
	if isNDJSON(head, name) {
		return NewNDJSON(in, channels...).All(), nil
	}
	c, err := NewCSV(in, channels...)
	if err != nil {
		return nil, err
	}
	return c.All(), nil
}

// checkHead knows the files that people take for an audience by mistake.
func checkHead(head []byte) error {
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return errors.New("this is a ZIP archive or an Excel workbook: save it as CSV in UTF-8")
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		return errors.New("this is UTF-16: save it in UTF-8")
	case bytes.HasPrefix(head, gzipMagic), bytes.HasPrefix(head, zstdMagic):
		return errors.New("this is packed twice: unpack it once")
	case firstByte(head) == '[':
		return errors.New("this is one JSON array: want one object a line, as `jq -c '.[]'` makes of it")
	}
	return nil
}

func isNDJSON(head []byte, name string) bool {
	if firstByte(head) == '{' {
		return true
	}
	name = strings.ToLower(name)
	for _, packed := range []string{".gz", ".zst", ".zstd"} {
		name = strings.TrimSuffix(name, packed)
	}
	switch path.Ext(name) {
	case ".ndjson", ".jsonl", ".json":
		return true
	}
	return false
}

// firstByte is the first byte that is neither a byte order mark nor white space, or 0.
func firstByte(head []byte) byte {
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte(utf8Mark)), " \t\r\n")
	if len(head) == 0 {
		return 0
	}
	return head[0]
}

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

// rowBound ends reading where one row goes on for ever, such as after a quote that is never closed.
type rowBound struct {
	r    io.Reader
	left int
}

// errLongRow is what a rowBound ends with.
var errLongRow = fmt.Errorf("a row of more than %d bytes: is a quote left open?", maxRow)

func (b *rowBound) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errLongRow
	}
	n, err := b.r.Read(p)
	b.left -= n
	return n, err
}

// next begins a row.
func (b *rowBound) next() { b.left = maxRow }
