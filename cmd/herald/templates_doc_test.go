package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/content"
	"github.com/heraldsend/herald/render/lint"
)

// guide is docs/templates.md, cut at its marks: <!-- file: PATH -->, <!-- run -->, <!-- prints -->, <!-- wrong -->, <!-- wrong: yaml -->.
type guide struct {
	files  fstest.MapFS
	runs   []string
	prints [][]string
	wrong  [][]string
	yaml   [][]string
}

var (
	guideMark = regexp.MustCompile("(?s)<!-- (file: \\S+|run|prints|wrong|wrong: yaml) -->\n(?:```\\w*\n(.*?)```|((?:\\|[^\n]*\n)+))")
	guideCell = regexp.MustCompile("`((?:[^`])*)`")
)

func readGuide(t *testing.T) guide {
	t.Helper()
	data, err := os.ReadFile("../../docs/templates.md")
	if err != nil {
		t.Fatal(err)
	}
	g := guide{files: fstest.MapFS{}}
	marks := guideMark.FindAllStringSubmatch(string(data), -1)
	if len(marks) != strings.Count(string(data), "<!-- file:")+strings.Count(string(data), "<!-- run")+strings.Count(string(data), "<!-- prints")+strings.Count(string(data), "<!-- wrong") {
		t.Fatal("a mark has no example behind it")
	}
	for _, m := range marks {
		kind, block, table := m[1], m[2], m[3]
		var rows [][]string
		for _, line := range strings.Split(table, "\n") {
			cells := guideCell.FindAllStringSubmatch(strings.ReplaceAll(line, `\|`, "|"), -1)
			if len(cells) == 2 && !strings.Contains(line, "`--fix`") {
				rows = append(rows, []string{cells[0][1], cells[1][1]})
			}
		}
		switch kind {
		case "run":
			g.runs = append(g.runs, strings.Split(strings.TrimSpace(block), "\n")...)
		case "prints":
			g.prints = append(g.prints, rows...)
		case "wrong":
			g.wrong = append(g.wrong, rows...)
		case "wrong: yaml":
			g.yaml = append(g.yaml, rows...)
		default:
			g.files[strings.TrimPrefix(kind, "file: ")] = &fstest.MapFile{Data: []byte(block), Mode: 0o644}
		}
	}
	if len(g.files) < 8 || len(g.prints) < 18 || len(g.wrong) < 8 || len(g.yaml) < 5 || len(g.runs) < 10 {
		t.Fatalf("%d files, %d prints, %d wrong, %d of YAML, %d commands", len(g.files), len(g.prints), len(g.wrong), len(g.yaml), len(g.runs))
	}
	return g
}

// The examples of the guide are a folder in which nothing is wrong, and print what the guide says.
func TestGuide(t *testing.T) {
	g := readGuide(t)
	for _, f := range lint.Folder(g.files, lint.Options{}).Findings {
		t.Errorf("%v (%s)", f, f.Code)
	}
	c, err := catalog.Load(g.files)
	if err != nil {
		t.Fatal(err)
	}
	r, err := render.New(render.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range g.prints {
		b, err := c.InlineBundle(catalog.Shortcut{Message: row[0], Format: content.Text})
		if err != nil {
			t.Errorf("%s: %v", row[0], err)
			continue
		}
		p, err := r.Open(b)
		if err != nil {
			t.Fatal(err)
		}
		got, err := p.Render(context.Background(), render.Request{Channel: catalog.SMS, Context: g.files["samples/customer.json"].Data})
		if err != nil || got.Text != row[1] {
			t.Errorf("%s prints %q, %v; the guide says %q", row[0], got.Text, err, row[1])
		}
	}
}

// What the guide calls wrong is found and mended as it says.
func TestGuideMistakes(t *testing.T) {
	g := readGuide(t)
	check := func(shortcut, want string) {
		t.Helper()
		files := fstest.MapFS{}
		for name, f := range g.files {
			files[name] = f
		}
		files["shortcuts/s.yaml"] = &fstest.MapFile{Data: []byte(shortcut), Mode: 0o644}
		if got := lint.Fix(files, lint.Options{}).Files["shortcuts/s.yaml"]; string(got) != want {
			t.Errorf("%s\nis mended to\n%s\nthe guide says\n%s", shortcut, got, want)
		}
	}
	for _, row := range g.wrong {
		in := func(message string) string { return "subject: x\nmessage: |\n  " + message + "\n" }
		check(in(row[0]), in(row[1]))
	}
	for _, row := range g.yaml {
		check(row[0]+"\nmessage: x\n", row[1]+"\nmessage: x\n")
	}
}

// The commands of the guide work in its folder.
func TestGuideCommands(t *testing.T) {
	g := readGuide(t)
	dir := t.TempDir()
	for name, f := range g.files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(t.TempDir())
	for _, line := range g.runs {
		command, _, _ := strings.Cut(line, "#")
		args := strings.Fields(command)
		var out bytes.Buffer
		getenv := func(name string) string { return map[string]string{"HERALD_TEMPLATES": dir}[name] }
		if code := run(context.Background(), args[1:], getenv, stdio{in: strings.NewReader(""), out: &out, err: &out}); code != exitOK {
			t.Errorf("%s: exit code %d\n%s", command, code, out.String())
		}
	}
}
