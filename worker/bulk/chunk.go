package bulk

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/klauspost/compress/zstd"

	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/store/fingerprint"
	"github.com/heraldsend/herald/worker/task"
)

// maxChunkBytes bounds a chunk in Redis and in memory, before compression: with large contexts a chunk has fewer
// recipients.
const maxChunkBytes = 4 << 20

// chunkVersion is the first byte of a chunk before compression. Recipients follow, each as a byte of duplicates and
// seven strings: email, phone, conversation, locale, time zone, context, attachments as JSON or nothing. A string is its
// length as a varint and its bytes.
const chunkVersion = 2

// Chunks hold a tenth of all recipients before them, within these bounds. So several workers share even a small bulk,
// and a canary of a few percent is hardly larger.
const (
	minChunk = 20
	// ChunkSize is the largest number of messages of a chunk.
	ChunkSize = 200
	// chunkSeconds is how long a chunk of a slow bulk keeps a worker busy, so that a worker that stops hands back
	// little.
	chunkSeconds = 30
)

// ChunkWriter packs recipients into chunks, compressed by Zstandard. It is not safe for concurrent use.
type ChunkWriter struct {
	most    int // recipients of a chunk
	put     func(Packed) error
	key     *fingerprint.Key
	kinds   []address.Kind // of the addresses that are written to
	prints  []uint64       // of the open chunk
	enc     *zstd.Encoder
	raw     []byte
	n, size int  // recipients of the open chunk, and how many it will have
	whole   bool // all recipients are one chunk
	all     int  // recipients of the chunks before
}

// NewChunkWriter returns a writer for the recipients of a definition. It calls put with each finished chunk, which has a filter of
// its addresses if there is a key. put may keep the bytes.
func NewChunkWriter(d Definition, key *fingerprint.Key, put func(Packed) error) (*ChunkWriter, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	messages := ChunkSize
	if d.Rate > 0 {
		messages = min(messages, max(minChunk, int(d.Rate*chunkSeconds)))
	}
	return &ChunkWriter{most: max(1, messages/d.Slots()), put: put, key: key, kinds: addressesOf(d.Channels()), enc: enc}, nil
}

// Add checks r and appends it. The error holds its faults.
func (w *ChunkWriter) Add(r Recipient) error {
	if err := r.check(); err != nil {
		return err
	}
	var files []byte
	if len(r.Attachments) > 0 {
		var err error
		if files, err = json.Marshal(r.Attachments); err != nil {
			return fmt.Errorf("attachments: %w", err)
		}
	}
	if w.n == 0 {
		w.raw = append(w.raw[:0], chunkVersion)
		w.size = min(max(minChunk, w.all/10), w.most)
	}
	w.raw = append(w.raw, r.duplicates)
	w.raw = appendField(w.raw, r.Email)
	w.raw = appendField(w.raw, r.Phone)
	w.raw = appendField(w.raw, r.Conversation)
	w.raw = appendField(w.raw, r.Locale)
	w.raw = appendField(w.raw, r.Timezone)
	w.raw = appendField(w.raw, r.Context)
	w.raw = appendField(w.raw, files)
	w.n++
	if w.key != nil {
		w.prints = r.fingerprints(w.key, w.kinds, w.prints)
	}
	if !w.whole && (w.n == w.size || len(w.raw) >= maxChunkBytes) {
		return w.Flush()
	}
	return nil
}

func appendField[T string | []byte | json.RawMessage](dst []byte, s T) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// Flush finishes the open chunk, if it has recipients.
func (w *ChunkWriter) Flush() error {
	if w.n == 0 {
		return nil
	}
	packed := Packed{Data: w.enc.EncodeAll(w.raw, nil), Recipients: w.n}
	if w.key != nil {
		packed.Filter = fingerprint.NewFilter(w.prints)
	}
	w.all += w.n
	w.n, w.prints = 0, w.prints[:0]
	return w.put(packed)
}

// decoder reads chunks of any writer. It keeps no state between calls.
var decoder = func() *zstd.Decoder {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(2*maxChunkBytes+4*task.MaxContextBytes))
	if err != nil {
		panic(err) // the options are constants
	}
	return d
}()

var errTorn = errors.New("the chunk is torn")

// DecodeChunk is the reverse of ChunkWriter. The contexts share memory with each other.
func DecodeChunk(data []byte) ([]Recipient, error) {
	raw, err := decoder.DecodeAll(data, nil)
	if err != nil {
		return nil, err
	}
	if len(raw) == 0 || raw[0] != chunkVersion {
		return nil, errors.New("the chunk is of another version of Herald")
	}
	raw = raw[1:]
	var torn bool
	next := func() []byte {
		n, size := binary.Uvarint(raw)
		if size <= 0 || n > uint64(len(raw)-size) {
			torn, raw = true, nil
			return nil
		}
		field := raw[size : size+int(n) : size+int(n)]
		raw = raw[size+int(n):]
		return field
	}
	recipients := make([]Recipient, 0, ChunkSize)
	for len(raw) > 0 {
		r := Recipient{duplicates: raw[0]}
		raw = raw[1:]
		r.Email, r.Phone, r.Conversation = string(next()), string(next()), string(next())
		r.Locale, r.Timezone, r.Context = string(next()), string(next()), next()
		if len(r.Context) == 0 {
			r.Context = nil
		}
		if files := next(); len(files) > 0 {
			if err := json.Unmarshal(files, &r.Attachments); err != nil {
				return nil, fmt.Errorf("recipient %d: attachments: %w", len(recipients), err)
			}
		}
		if torn {
			return nil, fmt.Errorf("recipient %d: %w", len(recipients), errTorn)
		}
		recipients = append(recipients, r)
	}
	return recipients, nil
}
