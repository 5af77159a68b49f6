package edit_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/edit"
)

// folder writes files into a folder of their own and opens it.
func folder(t *testing.T, files ...string) (*edit.Folder, string) {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i+1 < len(files); i += 2 {
		name := filepath.Join(dir, files[i])
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(files[i+1]), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	f, err := edit.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f, dir
}

func read(t *testing.T, dir, file string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

const commented = `# Who writes: Robin
name: hello # the old name
subject: "Hello"   # short

# The text.
# Two lines of comment.
message: |
  Hi {{customer.firstName}}

  # a heading, no comment
# for phones
channels:
  sms: # 160 characters
    message: >-
      Hi
      you
    # the end of sms
  email:
    subject: 'Mail'

tags: [a, b]
# last
`

// TestSaveKeeps: what does not change stays, line by line.
func TestSaveKeeps(t *testing.T) {
	text := func(s string) *string { return &s }
	for name, one := range map[string]struct {
		change   func(s *catalog.Shortcut)
		old, now string // what is replaced in the file
	}{
		"nothing":     {func(*catalog.Shortcut) {}, "", ""},
		"line":        {func(s *catalog.Shortcut) { s.Subject = "Hi: {{customer.email}}" }, `subject: "Hello"   # short`, `subject: "Hi: {{customer.email}}" # short`},
		"block":       {func(s *catalog.Shortcut) { s.Message = "One\n# Two\n" }, "  Hi {{customer.firstName}}\n\n  # a heading, no comment\n", "  One\n  # Two\n"},
		"block, open": {func(s *catalog.Shortcut) { s.Message = " a\n\n" }, "message: |\n  Hi {{customer.firstName}}\n\n  # a heading, no comment\n", "message: |2+\n   a\n\n"},
		"within": {func(s *catalog.Shortcut) { s.Channels["sms"] = catalog.Override{Message: text("Yo")} },
			"    message: >-\n      Hi\n      you\n", "    message: Yo\n"},
		"new":        {func(s *catalog.Shortcut) { s.Preheader = "Look" }, "  # short\n", "  # short\npreheader: Look\n"},
		"new within": {func(s *catalog.Shortcut) { s.Channels["note"] = catalog.Override{Message: text("n")} }, "    subject: 'Mail'\n", "    subject: 'Mail'\n  note:\n    message: \"n\"\n"},
		"gone":       {func(s *catalog.Shortcut) { s.Tags = nil }, "tags: [a, b]\n", ""},
		"list":       {func(s *catalog.Shortcut) { s.Tags = []string{"c", "d: e"} }, "[a, b]", `[c, "d: e"]`},
	} {
		t.Run(name, func(t *testing.T) {
			for _, ends := range []string{"\n", "\r\n"} {
				file := strings.ReplaceAll(commented, "\n", ends)
				f, dir := folder(t, "shortcuts/hello.yaml", file)
				c, err := catalog.Load(f.Files())
				if err != nil {
					t.Fatal(err)
				}
				s, err := c.Shortcut("hello")
				if err != nil {
					t.Fatal(err)
				}
				one.change(&s)
				change, err := f.Save("hello", &s, edit.When{Version: c.Version("shortcut", "hello")}, false)
				if err != nil || len(change.Errors()) > 0 {
					t.Fatalf("%v, %v", err, change.Errors())
				}
				want := commented
				if one.old != "" {
					if !strings.Contains(want, one.old) {
						t.Fatal("the case replaces nothing")
					}
					want = strings.Replace(want, one.old, one.now, 1)
				}
				if got := strings.ReplaceAll(read(t, dir, "shortcuts/hello.yaml"), "\r\n", "\n"); got != want {
					t.Errorf("it is now\n%s\nwant\n%s", got, want)
				}
				if change.Version != catalog.Version("shortcuts/hello.yaml", []byte(read(t, dir, "shortcuts/hello.yaml"))) {
					t.Error("the version is not that of the file")
				}
				if info, err := os.Stat(filepath.Join(dir, "shortcuts/hello.yaml")); err != nil || info.Mode().Perm() != 0o640 {
					t.Errorf("%v, %v", info.Mode(), err)
				}
			}
		})
	}
}

// pieces are what texts are made of: all that YAML could take for something else.
var pieces = []string{"\n", "\n\n", " ", "  ", "\t", "a", "word", "- ", ": ", "#", " #", "'", "\"", "\\", "|", ">", "[x]", "é", "😀", "\u0085", "\u2028", "\ufeff", "\u00a0", "no", "1", "~", "---", "...", "%", "@", "`", "&a", "*a", "!t", "\x07", "\x7f", "null"}

func anyText(r *rand.Rand) string {
	var b strings.Builder
	for range r.IntN(7) {
		b.WriteString(pieces[r.IntN(len(pieces))])
	}
	return b.String()
}

func anyShortcut(r *rand.Rand) catalog.Shortcut {
	s := catalog.Shortcut{Name: "hello", Message: anyText(r), Subject: strings.Join(strings.Fields(anyText(r)), " ")}
	if r.IntN(2) == 0 {
		s.Tags = []string{"t", "u v", "#w"}[:1+r.IntN(3)]
	}
	if r.IntN(2) == 0 {
		s.Channels = map[catalog.Channel]catalog.Override{}
		for _, c := range []catalog.Channel{"email", "sms", "note"}[:1+r.IntN(3)] {
			m := anyText(r)
			s.Channels[c] = catalog.Override{Message: &m}
		}
	}
	if r.IntN(3) == 0 {
		s.Priority, s.CustomFields = 1+r.IntN(5), map[string]any{"aStr": "x: " + fmt.Sprint(r.IntN(9)), "bNum": float64(r.IntN(9)) / 2}
	}
	return s
}

// TestSaveAny: whatever a shortcut becomes, its file says it, and all comments are still there.
func TestSaveAny(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	f, dir := folder(t)
	first := catalog.Shortcut{Name: "hello", Message: "m"}
	if _, err := f.Save("hello", &first, edit.When{New: true}, false); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "shortcuts/hello.yaml")
	comments := 0
	for n := range 200 {
		if text := read(t, dir, "shortcuts/hello.yaml"); n%5 == 0 { // somebody comments a member
			lines := strings.SplitAfter(text, "\n")
			for i, line := range lines {
				if len(line) > 2 && line[0] >= 'a' && line[0] <= 'z' && r.IntN(3) == 0 {
					lines[i] = fmt.Sprintf("# comment %d\n", comments) + line
					comments++
					break
				}
			}
			if err := os.WriteFile(file, []byte(strings.Join(lines, "")), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		before, want := read(t, dir, "shortcuts/hello.yaml"), anyShortcut(r)
		change, err := f.Save("hello", &want, edit.When{}, false)
		if err != nil {
			t.Fatalf("%v\n%s\nto become %+v", err, before, want)
		}
		if len(change.Errors()) > 0 {
			continue // a text that is no template
		}
		c, err := catalog.Load(f.Files())
		if err != nil {
			t.Fatal(err)
		}
		got, _ := c.Shortcut("hello")
		a, _ := json.Marshal(got)
		b, _ := json.Marshal(want)
		if string(a) != string(b) {
			t.Fatalf("%s\nis not\n%s", a, b)
		}
		for i := range comments {
			if now := read(t, dir, "shortcuts/hello.yaml"); !strings.Contains(now, fmt.Sprintf("# comment %d\n", i)) {
				t.Fatalf("comment %d is lost:\n%s\nbecame\n%s", i, before, now)
			}
		}
	}
	if comments < 20 {
		t.Errorf("only %d comments", comments)
	}
}

const layout = `name: sn.hi
source: en
texts:
  en: Hello
  de_DE: Hallo # Robin's
outdated: [de-de]
`

func TestSnippet(t *testing.T) {
	f, dir := folder(t, "snippets/deep/hi.yaml", layout, "shortcuts/a.yaml", "message: \"[[sn.hi]]\"\n")
	c, err := catalog.Load(f.Files())
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.Snippet("sn.hi")
	if err != nil {
		t.Fatal(err)
	}
	s.Texts["fr"], s.Texts["en"] = "Salut", "Hi"
	if _, err := f.Save("sn.hi", &s, edit.When{Version: c.Version("snippet", "sn.hi")}, false); err != nil {
		t.Fatal(err)
	}
	if got, want := read(t, dir, "snippets/deep/hi.yaml"), strings.Replace(layout, "en: Hello\n", "en: Hi\n  fr: Salut\n", 1); got != want {
		t.Errorf("it is now\n%s\nwant\n%s", got, want)
	}
	change, err := f.Remove(edit.Snippet, "sn.hi", edit.When{}, false)
	if err != nil || len(change.Errors()) == 0 {
		t.Errorf("a snippet that is used: %v, %v", change.Findings, err)
	}
	read(t, dir, "snippets/deep/hi.yaml")
	if _, err := f.Remove(edit.Shortcut, "a", edit.When{}, false); err != nil {
		t.Error(err)
	}
	if change, err := f.Remove(edit.Snippet, "sn.hi", edit.When{}, false); err != nil || len(change.Errors()) > 0 {
		t.Errorf("%v, %v", change.Findings, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "snippets/deep/hi.yaml")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
}

// TestRefused: what would do harm is not written, and says so.
func TestRefused(t *testing.T) {
	const two = "name: two\nmessage: x\n"
	f, dir := folder(t, "shortcuts/one.yaml", "message: x\n", "shortcuts/sub/two.yaml", two, "shortcuts/flow.yaml", "{name: flow, message: x}\n", "shortcuts/odd.yaml", "broken: true\n")
	outside := filepath.Join(t.TempDir(), "outside.yaml")
	if err := os.WriteFile(outside, []byte("message: x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "shortcuts/link.yaml")); err != nil {
		t.Fatal(err)
	}
	var before []string
	tree := func() (all []string) {
		_ = filepath.WalkDir(dir, func(file string, e os.DirEntry, err error) error {
			if err == nil && !e.IsDir() && e.Type().IsRegular() {
				data, _ := os.ReadFile(file)
				all = append(all, file+": "+string(data))
			}
			return err
		})
		data, _ := os.ReadFile(outside)
		return append(all, string(data))
	}
	before = tree()
	shortcut := func(name, message string) *catalog.Shortcut {
		return &catalog.Shortcut{Name: name, Message: message}
	}
	var conflict *edit.ConflictError
	var exists *edit.ExistsError
	for name, one := range map[string]struct {
		of    string
		value *catalog.Shortcut
		when  edit.When
		want  any // where errors.As puts it; nil for findings
	}{
		"no template":        {"one", shortcut("one", "{{#if x}}"), edit.When{}, nil},
		"unknown snippet":    {"one", shortcut("one", "[[sn.none]]"), edit.When{}, nil},
		"a name with a path": {"one", shortcut("../one", "x"), edit.When{}, nil},
		"a path of its own":  {"../../etc/x", shortcut("../../etc/x", "x"), edit.When{}, nil},
		"an empty layout":    {"one", &catalog.Shortcut{Name: "one", Message: "x", EmailTemplate: "none-such"}, edit.When{}, nil},
		"another version":    {"one", shortcut("one", "y"), edit.When{Version: "0123"}, &conflict},
		"a version of none":  {"none", shortcut("none", "y"), edit.When{Version: "0123"}, &conflict},
		"new, but there":     {"one", shortcut("one", "y"), edit.When{New: true}, &exists},
		"a taken name":       {"one", shortcut("two", "y"), edit.When{}, &exists},
	} {
		change, err := f.Save(one.of, one.value, one.when, false)
		switch {
		case one.want == nil && (err != nil || len(change.Errors()) == 0):
			t.Errorf("%s: %v, %v", name, change.Findings, err)
		case one.want != nil && !errors.As(err, one.want):
			t.Errorf("%s: %v", name, err)
		}
		if now := tree(); !reflect.DeepEqual(now, before) {
			t.Errorf("%s: the folder is now %q", name, now)
		}
	}
	for _, name := range []string{"flow", "link"} {
		if _, err := f.Save(name, shortcut(name, "y"), edit.When{}, false); name == "flow" && !errors.Is(err, edit.ErrByHand) {
			t.Errorf("%s: %v", name, err)
		}
		if now := tree(); name == "flow" && !reflect.DeepEqual(now, before) {
			t.Errorf("%s: the folder is now %q", name, now)
		}
	}
	if data, _ := os.ReadFile(outside); string(data) != "message: x\n" {
		t.Errorf("beyond the folder: %q", data)
	}
	// Another file that is broken keeps nobody from saving; a try writes nothing; another name is another file.
	if change, err := f.Save("one", shortcut("uno", "y"), edit.When{}, true); err != nil || change.File != "shortcuts/uno.yaml" || change.Was != "shortcuts/one.yaml" {
		t.Errorf("%+v, %v", change, err)
	}
	read(t, dir, "shortcuts/one.yaml")
	if change, err := f.Save("one", shortcut("uno", "y"), edit.When{}, false); err != nil || len(change.Errors()) > 0 {
		t.Errorf("%+v, %v", change, err)
	}
	if got := read(t, dir, "shortcuts/uno.yaml"); got != "message: \"y\"\n" {
		t.Errorf("it says %q", got)
	}
	if _, err := os.Stat(filepath.Join(dir, "shortcuts/one.yaml")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the old file: %v", err)
	}
}
