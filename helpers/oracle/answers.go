package oracle

import (
	"bytes"
	"fmt"
	"os"
	"strings"

	"github.com/klauspost/compress/zstd"
)

const separator = "\x1e" // no case prints it

// WriteAnswers stores answers, compressed.
func WriteAnswers(file string, answers []string) error {
	for _, a := range answers {
		if strings.Contains(a, separator) {
			return fmt.Errorf("the answer %q holds the separator", a)
		}
	}
	w, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithWindowSize(1<<25), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	return os.WriteFile(file, w.EncodeAll([]byte(strings.Join(answers, separator)), nil), 0o644)
}

// ReadAnswers reads what WriteAnswers wrote.
func ReadAnswers(file string) ([]string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	r, err := zstd.NewReader(bytes.NewReader(data), zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	defer r.Close()
	text, err := r.DecodeAll(data, nil)
	if err != nil {
		return nil, err
	}
	return strings.Split(string(text), separator), nil
}
