package bulk

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/heraldsend/herald/worker/message"
)

func TestChunksRoundTrip(t *testing.T) {
	var want, got []Recipient
	var sizes []int
	w, err := NewChunkWriter(Definition{}, nil, func(p Packed) error {
		chunk, err := DecodeChunk(p.Data)
		if err != nil {
			return err
		}
		if len(chunk) != p.Recipients {
			return fmt.Errorf("%d recipients, said %d", len(chunk), p.Recipients)
		}
		got = append(got, chunk...)
		sizes = append(sizes, p.Recipients)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3007 {
		r := Recipient{
			Email: fmt.Sprintf("user%d@example.com", i), Locale: "de", Timezone: "Europe/Berlin",
			Context:     json.RawMessage(fmt.Sprintf(`{"customer":{"custom":{"orderNum":%d,"t":"<&>\u2028"}}}`, 9007199254740993+i)),
			Attachments: []message.Ref{{File: "a.pdf"}},
		}
		want = append(want, r)
		if err := w.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Error("recipients changed on the way")
	}
	// A tenth of all before them, from 20 to ChunkSize.
	if n := len(sizes); !slices.IsSorted(sizes[:n-1]) || sizes[0] != minChunk || sizes[n-2] != ChunkSize {
		t.Errorf("chunks of %v", sizes)
	}
}

// Large contexts make smaller chunks, so that no chunk outgrows Redis or memory.
func TestLargeContextsTravelInSmallerChunks(t *testing.T) {
	var sizes []int
	w, err := NewChunkWriter(Definition{}, nil, func(p Packed) error { sizes = append(sizes, p.Recipients); return nil })
	if err != nil {
		t.Fatal(err)
	}
	big := json.RawMessage(`{"x":"` + strings.Repeat("a", 900_000) + `"}`)
	for range 12 {
		if err := w.Add(Recipient{Email: "a@b.com", Context: big}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(sizes, []int{5, 5, 2}) {
		t.Errorf("chunks of %v", sizes)
	}
}

func TestBadContextsAreRefused(t *testing.T) {
	w, err := NewChunkWriter(Definition{}, nil, func(Packed) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{`[1]`, `{"a":`, `"x"`, `{"x":"` + strings.Repeat("a", 1<<20) + `"}`} {
		if err := w.Add(Recipient{Email: "a@b.com", Context: json.RawMessage(bad)}); err == nil {
			t.Errorf("took %.20s", bad)
		}
	}
}

func TestOverlay(t *testing.T) {
	cases := []struct{ shared, own, want string }{
		{``, `{"a":1}`, `{"a":1}`},
		{`{"a":1}`, ``, `{"a":1}`},
		{`{"a":1,"b":2}`, `{"b":3}`, `{"a":1,"b":3}`},
		{`{"a":1}`, `{"a":2}`, `{"a":2}`},
		{`{"a":1}`, `{}`, `{"a":1}`},
		{`{}`, `{"a":1}`, `{"a":1}`},
		{`{}`, `{}`, `{}`},
		{`{"n":9007199254740993}`, ` {"m":1.10}`, `{"n":9007199254740993,"m":1.10}`},
	}
	for _, c := range cases {
		got, err := overlay(json.RawMessage(c.shared), json.RawMessage(c.own))
		if err != nil || string(got) != c.want {
			t.Errorf("%s over %s: %s %v, want %s", c.own, c.shared, got, err, c.want)
		}
	}
}

// Torn or foreign bytes are an error, never a panic or a recipient out of nowhere.
func FuzzDecodeChunk(f *testing.F) {
	w, err := NewChunkWriter(Definition{}, nil, func(p Packed) error { f.Add(p.Data); return nil })
	if err != nil {
		f.Fatal(err)
	}
	if err := errors.Join(w.Add(Recipient{Email: "a@b.com", Context: json.RawMessage(`{}`), Attachments: []message.Ref{{File: "x"}}}), w.Flush()); err != nil {
		f.Fatal(err)
	}
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte("\x02\x00\x05abc"))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, _ = DecodeChunk(data)
		all, err := DecodeChunk(enc.EncodeAll(data, nil)) // past the compression
		if err == nil && len(all) > len(data) {
			t.Errorf("%d recipients out of %d bytes", len(all), len(data))
		}
	})
}
