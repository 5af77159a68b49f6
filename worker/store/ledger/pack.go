package ledger

import (
	"encoding/binary"
	"errors"
	"maps"
	"slices"

	"github.com/klauspost/compress/zstd"

	"github.com/heraldsend/herald/worker/seal"
)

// The details of a bulk's chunk are one blob, packed by Zstandard, because what a chunk's messages have in common is most of
// it. Before that it is a version byte and then, for each slot in order: the slot, the attempts and the number of issues as
// varints, and subject, provider id, words and the four texts of each issue. A text is its length as a varint and its bytes.

const detailsVersion = 1

var (
	packer = func() *zstd.Encoder {
		e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(128<<10))
		if err != nil {
			panic(err) // the options are constants
		}
		return e
	}()
	unpacker = func() *zstd.Decoder {
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxDetails))
		if err != nil {
			panic(err) // the options are constants
		}
		return d
	}()
)

// maxDetails bounds those of a chunk, in bytes: hundreds of messages with all that each may have.
const maxDetails = 64 << 20

func packDetails(all map[int]Details) seal.Private {
	raw := append(make([]byte, 0, 256*len(all)), detailsVersion)
	text := func(s string) { raw = append(binary.AppendUvarint(raw, uint64(len(s))), s...) }
	for _, slot := range slices.Sorted(maps.Keys(all)) {
		d := all[slot]
		raw = binary.AppendUvarint(raw, uint64(slot))
		raw = binary.AppendUvarint(raw, uint64(d.Attempts))
		raw = binary.AppendUvarint(raw, uint64(len(d.Issues)))
		text(d.Subject)
		text(d.ProviderID)
		text(d.Words)
		for _, i := range d.Issues {
			text(i.Code)
			text(i.Text)
			text(i.Field)
			text(i.Part)
		}
	}
	return packer.EncodeAll(raw, nil)
}

var errDetails = errors.New("the details are torn, or of another version of Herald")

func unpackDetails(packed []byte) (map[int]Details, error) {
	raw, err := unpacker.DecodeAll(packed, nil)
	if err != nil {
		return nil, err
	}
	if len(raw) == 0 || raw[0] != detailsVersion {
		return nil, errDetails
	}
	raw = raw[1:]
	torn := false
	number := func() int {
		n, size := binary.Uvarint(raw)
		if size <= 0 || n > maxDetails {
			torn, raw = true, nil
			return 0
		}
		raw = raw[size:]
		return int(n)
	}
	text := func() string {
		n := number()
		if n > len(raw) {
			torn, raw = true, nil
			return ""
		}
		s := string(raw[:n])
		raw = raw[n:]
		return s
	}
	all := map[int]Details{}
	for len(raw) > 0 {
		slot := number()
		d := Details{Attempts: number()}
		issues := number()
		d.Subject, d.ProviderID, d.Words = text(), text(), text()
		for range issues {
			if torn {
				break
			}
			d.Issues = append(d.Issues, Issue{Code: text(), Text: text(), Field: text(), Part: text()})
		}
		if torn {
			return nil, errDetails
		}
		all[slot] = d
	}
	return all, nil
}
