package conversation

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// Encode is c as JSON, in one form whatever form it was read from: what was exchanged, without private notes and whatever
// else Read doesn't look at.
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

// only is c with these messages alone.
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

// Pack makes a conversation's JSON small enough to be kept: Zstandard. The same JSON gives the same bytes.
func Pack(data []byte) ([]byte, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	return enc.EncodeAll(data, nil), nil
}

// Unpack undoes Pack. It refuses what comes to more than MaxBytes.
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
