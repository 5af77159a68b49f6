package bulk

import (
	"bytes"
	"errors"
	"io"
	"iter"
	"path"
	"strings"

	"github.com/heraldsend/herald/worker/message"
)

// Audience is an audience while it is read.
type Audience struct {
	// Columns are the field paths of a CSV's header that are part of the context; none for NDJSON.
	Columns []string
	csv     *CSV // nil: NDJSON
	all     iter.Seq2[Recipient, error]
}

// All yields the recipients. It can be ranged over once. A *RowError stands for one row; any other error is the last
// thing that it yields.
func (a *Audience) All() iter.Seq2[Recipient, error] { return a.all }

// Types gives the types of columns by their paths: "number" and "boolean" become those of JSON, every other type a
// text. If kind returns "", the type follows from the column's name. Call it before All. NDJSON has types of its own.
func (a *Audience) Types(kind func(path string) string) {
	if a.csv != nil {
		a.csv.root.setKinds("", kind)
	}
}

// OpenAudience reads an audience for channels: CSV or NDJSON, in UTF-8 or UTF-16, perhaps packed by gzip or
// Zstandard. Its first bytes tell the form; if they don't, the extension of its name does, which may be empty. The
// error is for what can't be an audience. Memory use does not depend on the size of the audience.
func OpenAudience(r io.Reader, name string, channels ...message.Channel) (*Audience, error) {
	in, err := unpack(r)
	if err != nil {
		return nil, err
	}
	if in, err = decoded(in); err != nil {
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
		return &Audience{all: NewNDJSON(in, channels...).All()}, nil
	}
	c, err := NewCSV(in, channels...)
	if err != nil {
		return nil, err
	}
	return &Audience{Columns: c.fields(), csv: c, all: c.All()}, nil
}

// checkHead recognises files that people take for an audience by mistake.
func checkHead(head []byte) error {
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return errors.New("this is a ZIP archive or an Excel workbook: save it as CSV in UTF-8")
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
