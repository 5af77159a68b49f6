package main

import (
	"bytes"
	"os"
	"testing"
)

// What is committed is what the generator writes.
func TestCommittedFiles(t *testing.T) {
	for file, want := range map[string][]byte{"../audience.csv": audience(), "../../attachments/welcome-guide.pdf": guide()} {
		got, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s differs: run go run ./generate in templates/samples", file)
		}
	}
}
