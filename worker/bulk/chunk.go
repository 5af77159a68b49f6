package bulk

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"

	"github.com/heraldsend/herald/worker/task"
)

// maxChunkBytes bounds a chunk in Redis and in memory, before compression: recipients with large contexts travel in
// smaller company.
const maxChunkBytes = 4 << 20

// ChunkWriter gathers recipients into chunks: one JSON object a line, compressed by Zstandard. It is not safe for
// concurrent use.
type ChunkWriter struct {
	put  func(data []byte, n int) error
	enc  *zstd.Encoder
	raw  bytes.Buffer
	json *json.Encoder
	n    int
}

// NewChunkWriter returns a writer that hands each finished chunk, with its number of recipients, to put. The bytes
// are put's to keep.
func NewChunkWriter(put func(data []byte, n int) error) (*ChunkWriter, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	w := &ChunkWriter{put: put, enc: enc}
	w.json = json.NewEncoder(&w.raw)
	w.json.SetEscapeHTML(false)
	return w, nil
}

// Add appends r.
func (w *ChunkWriter) Add(r Recipient) error {
	if err := task.CheckContext(r.Context); err != nil {
		return err
	}
	before := w.raw.Len()
	if err := w.json.Encode(r); err != nil {
		w.raw.Truncate(before)
		return fmt.Errorf("encode recipient: %w", err)
	}
	w.n++
	if w.n == ChunkSize || w.raw.Len() >= maxChunkBytes {
		return w.Flush()
	}
	return nil
}

// Flush hands over what has gathered, if anything.
func (w *ChunkWriter) Flush() error {
	if w.n == 0 {
		return nil
	}
	data := w.enc.EncodeAll(w.raw.Bytes(), nil)
	n := w.n
	w.raw.Reset()
	w.n = 0
	return w.put(data, n)
}

// DecodeChunk is the reverse of ChunkWriter.
func DecodeChunk(data []byte) ([]Recipient, error) {
	dec, err := zstd.NewReader(bytes.NewReader(data), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(64<<20))
	if err != nil {
		return nil, err
	}
	defer dec.Close()
	var recipients []Recipient
	lines := json.NewDecoder(dec)
	for {
		var r Recipient
		err := lines.Decode(&r)
		if err == io.EOF {
			return recipients, nil
		}
		if err != nil {
			return nil, fmt.Errorf("recipient %d: %w", len(recipients), err)
		}
		recipients = append(recipients, r)
	}
}
