package conversation

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// Encode is c as JSON, in one form for all forms that Read takes: the exchanged messages, without private notes and
// fields that Read ignores.
func (c *Conversation) Encode() ([]byte, error) {
	exchanged := map[*Message]bool{}
	for _, m := range c.Exchanged() {
		exchanged[m] = true
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(c.only(exchanged)); err != nil {
		return nil, err
	}
	if out.Len() > MaxBytes {
		return nil, fmt.Errorf("the conversation has %d bytes as it is stored; at most %d are taken", out.Len(), MaxBytes)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

// only is c with nothing but these messages.
func (c *Conversation) only(these map[*Message]bool) *Conversation {
	out := *c
	out.Messages, out.Merged = nil, nil
	for i := range c.Messages {
		if these[&c.Messages[i]] {
			out.Messages = append(out.Messages, c.Messages[i])
		}
	}
	for i := range c.Merged {
		out.Merged = append(out.Merged, *c.Merged[i].only(these))
	}
	return &out
}

// Pack packs a conversation's JSON for storage (Zstandard). The same JSON gives the same bytes.
func Pack(data []byte) ([]byte, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	return enc.EncodeAll(data, nil), nil
}

// Unpack is the reverse of Pack. It refuses more than MaxBytes.
func Unpack(packed []byte) ([]byte, error) {
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(MaxBytes), zstd.WithDecoderLowmem(true))
	if err != nil {
		return nil, err
	}
	defer dec.Close()
	data, err := dec.DecodeAll(packed, nil)
	if errors.Is(err, zstd.ErrDecoderSizeExceeded) {
		return nil, fmt.Errorf("the conversation has more than %d bytes", MaxBytes)
	}
	if err != nil {
		return nil, fmt.Errorf("unpack the conversation: %w", err)
	}
	return data, nil
}
