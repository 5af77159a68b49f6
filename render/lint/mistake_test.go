package lint

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/handlebars/syntax"
	"github.com/heraldsend/herald/render/rendertest"
)

// folderOf is a folder with one shortcut that is checked, and what it may refer to.
func folderOf(shortcut string) fstest.MapFS {
	return rendertest.Folder(
		"shortcuts/s.yaml", shortcut,
		"shortcuts/other.yaml", "subject: x\nmessage: \"[[sn.greeting]] [[sn.org_order_issue]]\"\n",
		"snippets/sn.greeting.yaml", "source: en\ntexts: {en: Hello}\n",
		"snippets/sn.org_order_issue.yaml", "source: en\ntexts: {en: An issue}\n",
		"attachments/bike.png", "\x89PNG\r\n\x1a\n",
	)
}

func shortcutOf(message string) string {
	return "subject: x\nmessage: |-\n  " + strings.ReplaceAll(message, "\n", "\n  ") + "\n"
}

// Every mistake is told once, in words that help, where it stands; its fix makes it go away, and writes what is wanted.
func TestMistakes(t *testing.T) {
	kinds := map[string]bool{}
	manual, err := os.ReadFile("../../templates/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range mistakes {
		if !strings.Contains(string(manual), "`"+m.code+"`") {
			t.Errorf("the templates' README does not list %s", m.code)
		}
		kinds[m.kind] = true
		t.Run(m.kind+"/"+m.text, func(t *testing.T) {
			start, end := strings.Index(m.text, "‹"), strings.Index(m.text, "›")-len("‹")
			text := strings.NewReplacer("‹", "", "›", "").Replace(m.text)
			line, column := syntax.Position(text, start)
			endLine, endColumn := syntax.Position(text, end)
			files := folderOf(shortcutOf(text))
			report := Folder(files, Options{})
			if len(report.Findings) != 1 {
				t.Fatalf("%d findings: %v", len(report.Findings), report.Findings)
			}
			f := report.Findings[0]
			if f.Code != m.code || !strings.Contains(f.Message, m.says) {
				t.Errorf("%s: %s, want %s: %s", f.Code, f.Message, m.code, m.says)
			}
			got := fmt.Sprintf("%s %d:%d-%d:%d", f.File, f.Line, f.Column, f.EndLine, f.EndColumn)
			if want := fmt.Sprintf("shortcuts/s.yaml %d:%d-%d:%d", line+2, column+2, endLine+2, endColumn+2); got != want {
				t.Errorf("at %s, want %s", got, want)
			}
			mended(t, files, report, shortcutOf(m.fixed), m.fixed == "")
		})
	}
	for _, m := range fileMistakes {
		kinds[m.kind] = true
		t.Run(m.kind+"/"+m.text, func(t *testing.T) {
			text := strings.NewReplacer("‹", "", "›", "").Replace(m.text)
			files := folderOf(text)
			report := Folder(files, Options{})
			if len(report.Findings) == 0 {
				t.Fatal("nothing is found")
			}
			f := report.Findings[0]
			if got := fmt.Sprintf("%d:%d", f.Line, f.Column); got != m.place || f.Code != m.code || !strings.Contains(f.Message, m.says) {
				t.Errorf("%s %s: %s, want %s %s: %s", got, f.Code, f.Message, m.place, m.code, m.says)
			}
			if m.fixed == "" {
				m.fixed = strings.Replace(text, "custmer", "customer", 1)
			}
			mended(t, files, report, m.fixed, false)
		})
	}
	if n := len(mistakes) + len(fileMistakes); n < 120 || len(kinds) < 20 {
		t.Errorf("%d mistakes of %d kinds", n, len(kinds))
	}
}

// mended checks what Fix makes of the shortcut, and that nothing is left to say.
func mended(t *testing.T, files fstest.MapFS, report *Report, want string, none bool) {
	t.Helper()
	fixed := Fix(files, Options{})
	got, changed := fixed.Files["shortcuts/s.yaml"]
	switch {
	case none && changed:
		t.Errorf("it is changed to\n%s", got)
	case none:
	case !changed:
		t.Errorf("there is no fix: %+v", report.Findings)
	case string(got) != want:
		t.Errorf("the fix gives\n%s\nwant\n%s", got, want)
	default:
		left := slices.DeleteFunc(slices.Clone(fixed.Report.Findings), func(f catalog.Finding) bool {
			return f.Code == "bare_date" && len(report.Findings) == 1 && report.Findings[0].Code != "bare_date"
		})
		if len(left) > 0 {
			t.Errorf("left: %v", left)
		}
		if len(fixed.Findings) == 0 || fixed.Findings[0].Before == fixed.Findings[0].After {
			t.Errorf("it doesn't show what it did: %+v", fixed.Findings)
		}
		again := maps.Clone(files)
		again["shortcuts/s.yaml"] = &fstest.MapFile{Data: got, Mode: fs.ModePerm}
		if more := Fix(again, Options{}); len(more.Files) > 0 && report.Findings[0].Code != "unknown_field" {
			t.Errorf("a second run changes it again: %s", more.Files["shortcuts/s.yaml"])
		}
	}
}
