package page_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/heraldsend/herald/worker/api/page/browsertest"
)

// TestSave is an author's day with a folder that may be written: a new shortcut, somebody else's change, another name, a
// copy, an end.
func TestSave(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, "shortcuts", name) }
	if err := os.Mkdir(filepath.Join(dir, "shortcuts"), 0o755); err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(path(name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	holds := func(name, want string) {
		t.Helper()
		if data, err := os.ReadFile(path(name)); err != nil || string(data) != want {
			t.Errorf("%s: %q, %v, want %q", name, data, err, want)
		}
	}
	write("hello.yaml", "# Robin's\nsubject: Hello\nmessage: first # short\n")
	url, live := editable(t, dir)
	p := browsertest.Open(t, url+"/#hello")
	p.Await(frame + `.includes("first")`)
	open := func(selector string) {
		t.Helper()
		p.Click(selector)
		p.Await(`document.querySelector("dialog[open] .diff")`)
	}
	menu := func(item string) {
		t.Helper()
		p.Click("#more")
		p.Click("#" + item)
	}
	saved := func(name string) {
		t.Helper()
		p.Click("#saveNow")
		p.Await(`!document.querySelector("dialog") && document.querySelector("#name").innerText === "` + name + `" && document.querySelector("#told").innerText.startsWith("Saved in") && document.querySelector("#draft").hidden`)
	}

	p.Paste("#message", "second")
	open("#save")
	p.Await(`document.querySelector(".diff-line.gone .diff-text").innerText === "message: first # short" && document.querySelector(".diff-line.added .diff-text").innerText === "message: second # short"`)
	browsertest.CheckAccess(p, "saving")
	saved("hello")
	holds("hello.yaml", "# Robin's\nsubject: Hello\nmessage: second # short\n")

	// Somebody else changes the file meanwhile.
	p.Paste("#message", "mine")
	p.Await(frame + `.includes("mine")`)
	write("hello.yaml", "# Ada's\nsubject: Hello\nmessage: theirs\n")
	if _, err := live.Reload(); err != nil {
		t.Fatal(err)
	}
	open("#save")
	p.Await(`document.querySelector(".save-said").innerText.includes("has changed since you began") && document.querySelector(".diff-line.gone .diff-text").innerText === "message: theirs"`)
	holds("hello.yaml", "# Ada's\nsubject: Hello\nmessage: theirs\n")
	saved("hello")
	holds("hello.yaml", "# Ada's\nsubject: Hello\nmessage: mine\n")

	menu("rename")
	p.Await(`document.querySelector("dialog[open] #saveName")`)
	p.Write("#saveName", "good-day")
	p.Await(`document.querySelector(".save-file").innerText === "shortcuts/hello.yaml → shortcuts/good-day.yaml"`)
	saved("good-day")
	holds("good-day.yaml", "# Ada's\nsubject: Hello\nmessage: mine\n")

	menu("duplicate")
	p.Await(`document.querySelector("#name").innerText === "good-day-copy"`)
	p.Paste("#message", "{{#if customer.firstName}} [[sn.none]]")
	open("#save")
	p.Await(`document.querySelector(".save-findings")?.innerText.includes("unknown snippet") && document.querySelector("#saveNow").disabled`)
	browsertest.CheckAccess(p, "what can't be saved")
	p.Press(browsertest.Escape)
	p.Paste("#message", "fine")
	p.Chord("s", browsertest.Control)
	p.Await(`document.querySelector("dialog[open] .diff-line.added")`)
	saved("good-day-copy")
	holds("good-day-copy.yaml", "name: good-day-copy\nsubject: Hello\nmessage: fine\n")

	menu("remove")
	p.Click(`dialog [value="yes"]`)
	p.Await(`document.querySelector("#name").innerText === "good-day" && !document.querySelector("dialog")`)
	if left, err := filepath.Glob(path("*")); err != nil || len(left) != 1 || !strings.HasSuffix(left[0], "good-day.yaml") {
		t.Errorf("left: %q, %v", left, err)
	}
	check(t, p)
}
