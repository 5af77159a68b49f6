package conversation

import (
	"errors"
	"fmt"

	"github.com/klauspost/compress/zstd"
)

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
