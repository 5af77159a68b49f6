package bulk

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/heraldsend/herald/worker/message"
)

func gzipped(t testing.TB, s string) string {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := io.WriteString(w, s); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func zstandard(t testing.TB, s string) string {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	return string(w.EncodeAll([]byte(s), nil))
}

// What breaks off within is the last thing yielded, and no row's fault.
func TestPackedAudienceBreaksOff(t *testing.T) {
	var text strings.Builder
	text.WriteString("customer.email,customer.name\n")
	for i := range 20_000 {
		fmt.Fprintf(&text, "user%d@example.com,%x\n", i, i*i*7919)
	}
	for name, packed := range map[string]string{"gzip": gzipped(t, text.String()), "zstd": zstandard(t, text.String())} {
		t.Run(name, func(t *testing.T) {
			audience, err := OpenAudience(strings.NewReader(packed[:len(packed)*3/4]), "", message.Email)
			if err != nil {
				t.Fatal(err)
			}
			all, bad, err := collect(audience.All())
			if len(all) == 0 || len(all) == 20_000 || len(bad) > 0 || err == nil || !strings.Contains(err.Error(), "unpack "+name) {
				t.Errorf("%d recipients, bad rows %v, error %v", len(all), bad, err)
			}
		})
	}
}

// zeros is endless text of one kind.
type zeros byte

func (z zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(z)
	}
	return len(p), nil
}

func TestBombs(t *testing.T) {
	const size = 2 * unpackFree
	pack := map[string]func(io.Writer) (io.WriteCloser, error){
		"gzip": func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriterLevel(w, gzip.BestSpeed) },
		"zstd": func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) },
	}
	for name, open := range pack {
		t.Run(name, func(t *testing.T) {
			var packed bytes.Buffer
			w, err := open(&packed)
			if err != nil {
				t.Fatal(err)
			}
			// One long line: a reader that passes over it in constant memory would go on until it is stopped.
			if _, err := io.Copy(w, io.MultiReader(strings.NewReader("{}\n"), io.LimitReader(zeros(' '), size))); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			audience, err := OpenAudience(&packed, "a.ndjson", message.Email)
			if err != nil {
				t.Fatal(err)
			}
			if all, _, err := collect(audience.All()); len(all) != 1 || !errors.Is(err, ErrBomb) {
				t.Errorf("%d recipients, error %v", len(all), err)
			}
		})
	}
}

// One row without an end does not fill the memory.
func TestEndlessRows(t *testing.T) {
	t.Run("csv", func(t *testing.T) {
		audience, err := OpenAudience(io.MultiReader(strings.NewReader("to\na@b.com\n\"b@b.com\n"), zeros('x')), "", message.Email)
		if err != nil {
			t.Fatal(err)
		}
		all, bad, err := collect(audience.All())
		if len(all) != 1 || len(bad) != 1 || bad[0].Line != 3 || !errors.Is(err, errLongRow) || !strings.Contains(err.Error(), "after line 3") {
			t.Errorf("%d recipients, bad rows %v, error %v", len(all), bad, err)
		}
	})
	t.Run("csv header", func(t *testing.T) {
		if _, err := OpenAudience(zeros('x'), "", message.Email); !errors.Is(err, errLongRow) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("ndjson", func(t *testing.T) {
		in := io.MultiReader(strings.NewReader("{}\n"), io.LimitReader(zeros('{'), 3*maxRow), strings.NewReader("\n{}\n"))
		audience, err := OpenAudience(in, "", message.Email)
		if err != nil {
			t.Fatal(err)
		}
		all, bad, err := collect(audience.All())
		if err != nil || len(all) != 2 || len(bad) != 1 || bad[0].Line != 2 || !strings.Contains(bad[0].Error(), "longer than") {
			t.Errorf("%d recipients, bad rows %v, error %v", len(all), bad, err)
		}
	})
}
