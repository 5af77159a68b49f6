package migrate

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/lint"
	"github.com/heraldsend/herald/render/rendertest"
)

var update = flag.Bool("update", false, "write the wanted files")

// memory is a folder of files.
func memory(t *testing.T, files map[string][]byte) fs.FS {
	t.Helper()
	fsys, err := Memory(files)
	if err != nil {
		t.Fatal(err)
	}
	return fsys
}

func imported(t *testing.T, read func(fs.FS) (*Folder, error), files fs.FS) *Folder {
	t.Helper()
	f, err := read(files)
	if err != nil {
		t.Fatal(err)
	}
	if report := lint.Folder(memory(t, f.Files), lint.Options{Texts: true}); report.Errors() > 0 {
		t.Fatalf("the folder doesn't lint: %v", catalog.ErrorsOf(report.Findings))
	}
	return f
}

// golden compares a whole import with what is wanted.
func golden(t *testing.T, f *Folder, name string) {
	t.Helper()
	var b bytes.Buffer
	report, err := json.MarshalIndent(f.Report, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&b, "%s\n", report)
	for _, file := range slices.Sorted(maps.Keys(f.Files)) {
		fmt.Fprintf(&b, "-- %s --\n%s", file, f.Files[file])
	}
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(want, b.Bytes()) {
		t.Errorf("%s is not what is wanted (%v): go test ./worker/migrate -update shows the difference in git", name, err)
	}
}

// An organisation's objects become a folder that lints; going out and in again changes nothing.
func TestKustomerRoundTrip(t *testing.T) {
	files := os.DirFS("testdata/kustomer")
	f := imported(t, Kustomer, files)
	if n := f.Report.Shortcuts + f.Report.Snippets + f.Report.Templates + f.Report.Categories; n < 40 {
		t.Errorf("%d objects", n)
	}
	if len(f.Report.Left) > 0 {
		t.Errorf("left: %v", f.Report.Left)
	}
	golden(t, f, "kustomer.txt")
	out, err := ToKustomer(memory(t, f.Files))
	if err != nil || len(out.Report.Left) > 0 {
		t.Fatalf("%v, %v", out, err)
	}
	again := imported(t, Kustomer, memory(t, out.Files))
	if !reflect.DeepEqual(again.Files, f.Files) {
		for name := range f.Files {
			if !bytes.Equal(again.Files[name], f.Files[name]) {
				t.Errorf("%s: %s\nwas %s", name, again.Files[name], f.Files[name])
			}
		}
		t.Errorf("%d files, were %d", len(again.Files), len(f.Files))
	}
	sameObjects(t, files, memory(t, out.Files))
}

// sameObjects compares what Kustomer had with what it would get: ids, names, texts and changes.
func sameObjects(t *testing.T, before, after fs.FS) {
	t.Helper()
	index := func(files fs.FS) map[string]object {
		all, _, err := read(files)
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]object{}
		for _, o := range all {
			out[kustomerKind(o.kind)+" "+o.id] = o
		}
		return out
	}
	was, is := index(before), index(after)
	for key, o := range was {
		kind, _, _ := strings.Cut(key, " ")
		if kind == "category" || kind == "attachment" {
			continue // their ids follow from their places and names
		}
		other, ok := is[key]
		if !ok {
			t.Errorf("%s is gone", key)
			continue
		}
		for _, field := range []string{"name", "key", "conversation", "isPrivate", "langs", "source", "html"} {
			if field == "name" && kind == "snippet" {
				continue
			}
			if a, b := o.fields[field], other.fields[field]; a != nil && !reflect.DeepEqual(a, b) {
				t.Errorf("%s, %s: %v, was %v", key, field, b, a)
			}
		}
		if text := member(o.fields, "draft")["text"]; text != "" && text != member(other.fields, "draft")["text"] {
			t.Errorf("%s: %q, was %q", key, member(other.fields, "draft")["text"], text)
		}
	}
}

func page(objects ...string) string { return `{"data":[` + strings.Join(objects, ",") + `]}` }

// What can't be carried over is told, by name, field and reason, and nothing else is.
func TestKustomerReport(t *testing.T) {
	shortcut := func(id, attributes, relationships string) string {
		return `{"type":"shortcut","id":"` + id + `","attributes":` + attributes + `,"relationships":` + relationships + `}`
	}
	f := imported(t, Kustomer, rendertest.Folder("in.json", page(
		shortcut("1", `{"name":"gone","deleted":true}`, `{}`),
		shortcut("2", `{"name":"off","draft":{"text":"x"},"appDisabled":true}`, `{}`),
		shortcut("2", `{"name":"again","draft":{"text":"y"}}`, `{}`),
		shortcut("3", `{"name":"both","draft":{"text":"x"}}`, `{"accessTeams":{"data":[{"id":"t1"}]},"accessUsers":{"data":[{"id":"u1"}]}}`),
		shortcut("4", `{"name":"nobody","draft":{"text":"x"},"isPrivate":true}`, `{}`),
		shortcut("5", `{"name":"lost","draft":{"text":"x"}}`, `{"parent":{"data":{"id":"c9"}},"attachments":{"data":[{"id":"a1"},{"id":"a9"}]}}`),
		shortcut("6", `{"name":"odd","draft":{"text":"x","rtf":"y"},"sentiment":3,"conversation":{"tags":{"operator":"remove","value":["a"]},"status":{"operator":"toggle","value":"x"},"snooze":{"operator":"set","value":{"time":"soon"}},"name":{"operator":"append","value":"x"},"spam":{"operator":"set","value":true},"custom":{"listTree":{"operator":"set","value":["a"]},"nNum":{"operator":"add","value":1}}}}`, `{}`),
		shortcut("7", `{"name":"replaces","draft":{"text":"x"},"conversation":{"tags":{"operator":"set","value":["a"]}}}`, `{}`),
		shortcut("8", `{"name":"torn","draft":{"text":"{{#if customer.name}}x"}}`, `{}`),
		shortcut("9", `{"name":"builtin","draft":{"text":"[[sn.kustomer.hello]]"}}`, `{}`),
		shortcut("10", `{"name":"uses torn","draft":{"text":"[[sn.org.torn]]"}}`, `{}`),
		shortcut("11", `{"name":"bad status","draft":{"text":"x"},"conversation":{"status":{"operator":"set","value":"paused"}}}`, `{}`),
		shortcut("12", `{"name":"rich","payload":{"text":{"blocks":[{"type":"unstyled","text":"under","inlineStyleRanges":[{"offset":0,"length":5,"style":"UNDERLINE"}],"entityRanges":[{"offset":0,"length":5,"key":0}]},{"type":"poll","text":"?"}],"entityMap":{"0":{"type":"MENTION","data":{}}}}}}`, `{}`),
		shortcut("13", `{"name":"  ","draft":{"text":"x"}}`, `{}`),
		`{"type":"attachment","id":"a1","attributes":{"name":"far.pdf"}}`,
		`{"type":"snippet","id":"s1","attributes":{"key":"sn.org.torn","source":"en","langs":{"en":{"value":"{{/if}}"}}}}`,
		`{"type":"snippet","id":"s2","attributes":{"key":"org bad.. key","source":"xx_yy_zz","langs":{"en_gb":{"value":"x"},"nolang!":{"value":"y"},"fr":{"value":null}}}}`,
		`{"type":"snippet","id":"s3","attributes":{"key":"sn.org.empty","langs":{}}}`,
		`{"type":"template","id":"t1","attributes":{"name":"blank"}}`,
		`{"type":"template","id":"t2","attributes":{"name":"no body","html":"<p>hello</p>"}}`,
		`{"type":"queue","id":"q1","attributes":{"name":"Billing"}}`,
	)))
	golden(t, f, "report.txt")
}

func TestHostileInput(t *testing.T) {
	many := strings.TrimSuffix(strings.Repeat(`{"type":"shortcut","id":"x","attributes":{}},`, maxObjects+1), ",")
	for name, data := range map[string]string{
		"nothing": "", "text": `"x"`, "a number": "3", "torn": `{"data":[`, "not UTF-8": "{\"a\":\"\xff\"}", "twice": `{"id":"1","id":"2"}`,
		"depth": strings.Repeat("[", 70) + strings.Repeat("]", 70), "a list of texts": `["x"]`, "too many": "[" + many + "]", "more behind": `{} {}`,
	} {
		for tool, read := range map[string]func(fs.FS) (*Folder, error){"kustomer": Kustomer, "zendesk": Zendesk, "intercom": Intercom, "gorgias": Gorgias} {
			if name == "too many" && tool != "kustomer" {
				continue // the same reader, a second each
			}
			if f, err := read(rendertest.Folder("in.json", data)); err == nil {
				t.Errorf("%s, %s: %+v", tool, name, f.Report)
			} else if len(err.Error()) > 500 {
				t.Errorf("%s, %s: an error of %d bytes", tool, name, len(err.Error()))
			}
		}
	}
	// Names can't leave the folder, take other files' places, or be another's.
	var objects []string
	for i, name := range []string{"../../etc/passwd", "..", ".", "/", "a/b", `a\\b`, "A/B", "con\u0000trol", ".hidden", "-", "shortcut-9", "{{x}}", "[[sn.x]]", strings.Repeat("long ", 99), "é", "é"} {
		quoted, _ := json.Marshal(name)
		objects = append(objects, fmt.Sprintf(`{"type":"shortcut","id":"%d","attributes":{"name":%s,"draft":{"text":"x"}}}`, i, quoted),
			fmt.Sprintf(`{"type":"snippet","id":"%d","attributes":{"key":%s,"source":"en","langs":{"en":{"value":"x"}}}}`, i, quoted),
			fmt.Sprintf(`{"type":"template","id":"%d","attributes":{"name":%s,"html":"{{{draft.htmlBody}}}"}}`, i, quoted))
	}
	f := imported(t, Kustomer, rendertest.Folder("in.json", page(objects...)))
	for name := range f.Files {
		if !fs.ValidPath(name) || strings.Contains(name, "..") || strings.Contains(name, "/.") {
			t.Errorf("a file %q", name)
		}
	}
	if n := f.Report.Shortcuts + f.Report.Snippets + f.Report.Templates + len(f.Report.Left); n != 48 {
		t.Errorf("%d of 48 are told of: %+v", n, f.Report)
	}
}

func TestRichTextOffsets(t *testing.T) {
	for _, c := range []struct{ block, want string }{
		{`{"text":"a b c","inlineStyleRanges":[{"offset":2,"length":1,"style":"BOLD"}]}`, "a **b** c"},
		{`{"text":"a b c","inlineStyleRanges":[{"offset":1,"length":3,"style":"BOLD"}]}`, "a **b** c"},
		{`{"text":"abcd","inlineStyleRanges":[{"offset":0,"length":3,"style":"BOLD"},{"offset":2,"length":2,"style":"ITALIC"}]}`, "**ab*c****d*"},
		{`{"text":"😀b","inlineStyleRanges":[{"offset":2,"length":1,"style":"BOLD"}]}`, "😀**b**"},
		{`{"text":"ab","inlineStyleRanges":[{"offset":-1,"length":9,"style":"BOLD"},{"offset":5,"length":1,"style":"BOLD"},{"offset":0,"length":0,"style":"BOLD"}]}`, "ab"},
		{`{"text":"1. # > - * _ [x] <b> {{a_b}} [[sn.a_b]]"}`, `1\. # > - \* \_ \[x\] \<b> {{a_b}} [[sn.a_b]]`},
		{`{"text":"line\n- two"}`, "line\\\n\\- two"},
	} {
		d := json.NewDecoder(strings.NewReader(`{"blocks":[` + c.block + `],"entityMap":{}}`))
		d.UseNumber()
		var raw map[string]any
		if err := d.Decode(&raw); err != nil {
			t.Fatal(err)
		}
		if got, _ := richText(raw); got != c.want {
			t.Errorf("%s: %q, want %q", c.block, got, c.want)
		}
	}
}

func FuzzKustomer(f *testing.F) {
	f.Add(page(`{"type":"shortcut","id":"1","attributes":{"name":"a","draft":{"text":"x"}}}`))
	f.Fuzz(func(t *testing.T, data string) {
		folder, err := Kustomer(rendertest.Folder("in.json", data))
		if err != nil {
			return
		}
		for name := range folder.Files {
			if !fs.ValidPath(name) {
				t.Errorf("a file %q", name)
			}
		}
	})
}
