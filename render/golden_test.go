package render

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/heraldsend/herald/render/catalog"
)

var update = flag.Bool("update", false, "write what is rendered into the goldens")

// A golden is a catalog with the shortcut s, a context, and what must come out
// of them, side by side. Run with -update to write what is rendered.
func TestGoldens(t *testing.T) {
	files, err := filepath.Glob("testdata/golden/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("%v, %d goldens", err, len(files))
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { golden(t, file) })
	}
}

func golden(t *testing.T, file string) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	req := Request{Channel: catalog.Email}
	for line := range strings.Lines(string(archive.Comment)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch key {
		case "channel":
			req.Channel = catalog.Channel(value)
		case "locale":
			req.Locale = value
		}
	}
	for _, f := range archive.Files {
		if path, ok := strings.CutPrefix(f.Name, "catalog/"); ok {
			files = append(files, path, string(f.Data))
		}
		if f.Name == "context.json" {
			req.Context = f.Data
		}
	}
	content, err := open(t, load(t, files...), "s").Render(context.Background(), req)
	if err != nil {
		t.Fatal(err)
	}
	got := content.Sections()
	var issues strings.Builder
	for _, i := range content.Issues {
		fmt.Fprintf(&issues, "%s:%d:%d %s %s: %s\n", i.Template, i.Line, i.Column, i.Code, i.Field, i.Message)
	}
	got["issues"] = issues.String()
	for i := range archive.Files {
		f := &archive.Files[i]
		name, ok := strings.CutPrefix(f.Name, "want/")
		if !ok {
			continue
		}
		text, known := got[name]
		if !known {
			t.Fatalf("unknown section %s", f.Name)
		}
		rendered := []byte(text)
		if text != "" && !strings.HasSuffix(text, "\n") {
			rendered = append(rendered, '\n')
		}
		if !bytes.Equal(rendered, f.Data) {
			if !*update {
				t.Errorf("%s", diff.Diff("want", f.Data, "got", rendered))
			}
			f.Data = rendered
		}
	}
	if *update {
		if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
