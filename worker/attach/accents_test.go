package attach

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/text/unicode/norm"

	"github.com/heraldsend/herald/worker/message"
)

func TestFilesAreFoundHoweverAccentsAreWritten(t *testing.T) {
	const name = "Größe é.txt"
	for stored, asked := range map[string]string{norm.NFC.String(name): norm.NFD.String(name), norm.NFD.String(name): norm.NFC.String(name)} {
		folder := t.TempDir()
		if err := os.WriteFile(filepath.Join(folder, stored), []byte("hello"), 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := New(Options{Root: folder})
		if err != nil {
			t.Fatal(err)
		}
		files, err := r.Resolve(context.Background(), Bulk(message.Email), []message.Ref{{File: asked}})
		if err != nil || len(files) != 1 || string(files[0].Data) != "hello" || files[0].Name != norm.NFC.String(name) {
			t.Errorf("%+v, %v", files, err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
