package page_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"go.yaml.in/yaml/v3"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/rendertest"
	"github.com/heraldsend/herald/worker/api"
	"github.com/heraldsend/herald/worker/api/page/browsertest"
)

// TestWriting is what an author meets while they write: nothing blinks, jumps, or is lost.
func TestWriting(t *testing.T) {
	p := open(t)
	t.Run("the frame stays, and what is read in it", func(t *testing.T) {
		p := p.In(t)
		p.Click("#fresh")
		p.Paste("#message", strings.Repeat("A line of many.\n\n", 80))
		p.Await(frame + `.includes("A line of many.")`)
		browsertest.Eval[bool](p, `(() => { const f = document.querySelector("iframe.frame"); f.marked = true; f.contentDocument.scrollingElement.scrollTo(0, 700); return true })()`)
		for _, word := range []string{"one", "two", "three"} {
			p.Press(word)
			p.Await(frame + `.includes("` + word + `")`)
		}
		if !browsertest.Eval[bool](p, `document.querySelector("iframe.frame").marked === true`) {
			t.Error("the frame was made anew")
		}
		if at := browsertest.Eval[float64](p, `document.querySelector("iframe.frame").contentDocument.scrollingElement.scrollTop`); at != 700 {
			t.Errorf("it scrolled to %v", at)
		}
		p.Click(`[data-key="phone-true"]`)
		p.Await(`document.querySelector(".canvas.phone iframe.frame")?.marked === true`)
		p.Click(`[data-key="phone-false"]`)
	})
	t.Run("blocks are closed", func(t *testing.T) {
		p := p.In(t)
		p.Write("#message", "{{#if")
		p.Await(`document.querySelector("#message-complete:not([hidden]) [aria-selected]")?.innerText.startsWith("if")`)
		if first := p.Text("#message-complete [aria-selected] .c-label"); first != "if" {
			t.Errorf("%s comes first", first)
		}
		p.Press(browsertest.Enter + "customer.id")
		p.Press(browsertest.Escape)
		p.Press("}}")
		p.Await(`document.querySelector("#message").value === "{{#if customer.id}}{{/if}}"`)
		p.Press("yes")
		p.Await(`document.querySelector("#message").value === "{{#if customer.id}}yes{{/if}}"`)
		p.Paste("#message", "{{/each}} {{#each list}")
		p.Press("}")
		p.Await(`document.querySelector("#message").value === "{{/each}} {{#each list}}"`) // it has one
	})
	t.Run("half a tag is no mistake", func(t *testing.T) {
		p := p.In(t)
		p.Paste("#message", "Hello")
		p.Await(frame + `.includes("Hello") && !document.querySelector(".mistake")`)
		top := browsertest.Eval[float64](p, `document.querySelector("#view").getBoundingClientRect().top`)
		browsertest.Eval[bool](p, `(() => { const now = performance.now(); performance.now = () => now; return true })()`) // a busy machine types slowly
		for _, key := range " {{#" {
			p.Press(string(key))
			if browsertest.Eval[bool](p, `Boolean(document.querySelector(".mistake"))`) {
				t.Fatalf("a mistake while %q is typed", key)
			}
		}
		browsertest.Eval[bool](p, `delete performance.now`)
		p.Press(browsertest.Escape)
		p.Await(`document.querySelector(".mistake")`)
		if now := browsertest.Eval[float64](p, `document.querySelector("#view").getBoundingClientRect().top`); now != top {
			t.Errorf("the mistake moves the mail from %v to %v", top, now)
		}
	})
	t.Run("pages of lines", func(t *testing.T) {
		p := p.In(t)
		p.Paste("#message", strings.Repeat("line\n", 200))
		line := `document.querySelector("#message").value.slice(0, document.querySelector("#message").selectionStart).split("\n").length`
		p.Chord(browsertest.Home, browsertest.Control)
		p.Press(browsertest.PageDown)
		first := browsertest.Eval[int](p, line)
		p.Press(browsertest.PageDown)
		if second := browsertest.Eval[int](p, line); first < 5 || second != 2*first-1 {
			t.Errorf("at lines %d and %d", first, second)
		}
		p.Press(browsertest.PageUp)
		p.Press(browsertest.PageUp)
		if at := browsertest.Eval[int](p, line); at != 1 {
			t.Errorf("back at line %d", at)
		}
	})
	t.Run("a large recipient slows nothing", func(t *testing.T) {
		p := p.In(t)
		browsertest.Eval[bool](p, `(() => { const a = document.querySelector("#context"); a.value = JSON.stringify({customer: {firstName: "Bo"}, list: Array.from({length: 20000}, (_, i) => ({i, text: "item"}))}, null, 1);
			a.dispatchEvent(new Event("input", {bubbles: true})); return true })()`)
		p.Paste("#message", "Hi {{customer.firstName}}, {{list.[19999].text}}")
		p.Await(frame + `.includes("Hi Bo, item")`)
		if n := browsertest.Eval[int](p, `document.querySelectorAll("#contextEditor *").length`); n > 2000 {
			t.Errorf("%d elements in the editor", n)
		}
		if got := p.Text("#contextEditor .editor-long"); !strings.HasPrefix(got, "The beginning of 80,") {
			t.Errorf("it says %q", got)
		}
		p.Click("#contextEditor .editor-long button")
		p.Paste("#context", `{"customer":{"firstName":"Cy"}}`)
		p.Await(frame + `.includes("Hi Cy,") && document.querySelector("#contextEditor .editor-long").hidden`)
	})
}

// TestWhatIsKept: edits are lost only by who undoes them.
func TestWhatIsKept(t *testing.T) {
	p := open(t)
	fresh := func(text, name string) {
		t.Helper()
		p.Click("#fresh")
		p.Paste("#message", text)
		p.Await(`document.querySelector("#name").innerText === "` + name + `" && !document.querySelector("#draft").hidden && ` + frame + `.includes("` + text + `")`)
	}
	fresh("my first", "untitled")
	fresh("my second", "untitled-2")
	fresh("my third", "untitled-3")
	p.Await(`localStorage.getItem("herald.draft.untitled-3")?.includes("my third")`)
	p.Go("about:blank")
	p.Go(p.URL())
	p.Await(frame + `.includes("my third")`)
	choose := func(words, text string) {
		t.Helper()
		p.Chord("k", browsertest.Control)
		p.Press(words)
		p.Await(`document.querySelectorAll(".picker-option").length === 1`)
		p.Press(browsertest.Enter)
		p.Await(frame + `.includes("` + text + `")`)
	}
	choose("my first", "my first")
	p.Click("#revert")
	p.Await(`document.querySelector("#draft").hidden && !localStorage.getItem("herald.draft.untitled")`)
	choose("my second", "my second")

	// The text of a channel that was given up for the common one comes back.
	p.Click("#tab-sms")
	p.Click("#scopeSwitch")
	p.Paste("#message", "short")
	p.Await(`document.querySelector("#bubble")?.innerText === "short"`)
	p.Click("#scopeSwitch")
	p.Await(`document.querySelector("#bubble")?.innerText === "my second"`)
	p.Click("#scopeSwitch")
	p.Await(`document.querySelector("#bubble")?.innerText === "short"`)
	check(t, p)
}

// TestRowsWithoutLanguage: a row without locale and time zone is shown as a bulk sends it, whatever the row before had.
func TestRowsWithoutLanguage(t *testing.T) {
	p := open(t)
	p.Click("#fresh")
	p.Paste("#message", `{{customer.firstName}}: {{dateFormat "2019-01-18T23:30:00Z" format="LL z"}}`)
	p.Click("#fromCSV")
	const rows = "customer.firstName,locale,timezone\nUne,fr,Europe/Paris\nTwo,,\nDrei,de,\n"
	browsertest.Eval[bool](p, `(() => { const files = new DataTransfer(); files.items.add(new File([`+"`"+rows+"`"+`], "a.csv")); const f = document.querySelector("#csvFile"); f.files = files.files; f.dispatchEvent(new Event("change")); return true })()`)
	shows := func(text string) {
		t.Helper()
		p.Await(frame + `.includes("` + text + `")`)
	}
	shows("Une: 19 janvier 2019 CET")
	p.Click("#nextRow")
	shows("Two: January 18, 2019 UTC")
	p.Click("#nextRow")
	shows("Drei: 18. Januar 2019 UTC")
	p.Click("#fromJSON")
	shows("January 18, 2019 UTC")
}

// TestWidths: nothing is cut off or wider than the window, and the page itself scrolls only where it has to.
func TestWidths(t *testing.T) {
	p := open(t)
	for _, width := range []int64{1360, 1024, 390, 320} {
		p.Look(width, 800, false)
		p.Await(fmt.Sprintf(`innerWidth === %d`, width))
		if wide := browsertest.Eval[int](p, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); wide > 0 {
			t.Errorf("%d: %d pixels too wide", width, wide)
		}
		cut := browsertest.Eval[[]string](p, `[...document.querySelectorAll(".bar *, .tools *, .field-head *")].filter((e) => e.checkVisibility() && !e.closest(".hidden") && e.getBoundingClientRect().right > document.documentElement.clientWidth + 1).map((e) => e.id || e.textContent)`)
		if len(cut) > 0 {
			t.Errorf("%d: cut off: %q", width, cut)
		}
		if high := browsertest.Eval[int](p, `document.documentElement.scrollHeight - innerHeight`); width > 1000 && high > 0 {
			t.Errorf("%d: the page scrolls by %d pixels", width, high)
		}
	}
}

// TestFileChanges: what changes in the templates' folder is seen when the window is looked at again.
func TestFileChanges(t *testing.T) {
	var now atomic.Pointer[catalog.Catalog]
	store := func(message string, more ...string) {
		t.Helper()
		files := fstest.MapFS{}
		for name, f := range rendertest.Folder(append([]string{"shortcuts/hello.yaml", "name: hello\nsubject: Hello\nmessage: " + message + "\n"}, more...)...) {
			files[name] = f
		}
		c, err := catalog.Load(files)
		if err != nil {
			t.Fatal(err)
		}
		now.Store(c)
	}
	store("first")
	p := browsertest.Open(t, serve(t, func(o *api.Options) { o.Preview = previewOf(t, now.Load) })+"/#hello")
	p.Await(frame + `.includes("first")`)
	look := func() { browsertest.Eval[bool](p, `dispatchEvent(new Event("focus"))`) }
	store("second", "shortcuts/other.yaml", "name: other\nsubject: Other\nmessage: other\n")
	look()
	p.Await(frame + `.includes("second")`)
	p.Click("#pick")
	p.Await(`document.querySelectorAll(".picker-option").length === 2`)
	p.Press(browsertest.Escape)
	p.Paste("#message", "mine")
	p.Await(frame + `.includes("mine")`)
	store("third")
	look()
	p.Await(`document.querySelector("#draftText").innerText.includes("meanwhile its file has changed") && ` + frame + `.includes("mine")`)
	p.Click("#revert")
	p.Await(frame + `.includes("third") && document.querySelector("#draft").hidden`)
	check(t, p)
}

// TestTokenDeclined: who gives no token isn't asked again, and may change their mind.
func TestTokenDeclined(t *testing.T) {
	secret, token, err := api.NewToken(api.Token{Name: "author", Scopes: []api.Scope{api.ScopePreview}})
	if err != nil {
		t.Fatal(err)
	}
	url := serve(t, func(o *api.Options) { o.Tokens = []api.Token{token} })
	p := browsertest.Open(t, url+"/")
	p.Await(`document.querySelector("dialog[open] #tokenInput")`)
	p.Press(browsertest.Escape)
	p.Await(`!document.querySelector("dialog") && !document.querySelector("#token").hidden`)
	p.Click("#fresh")
	p.Press("x")
	p.Await(`document.querySelector(".mistake")`)
	if browsertest.Eval[bool](p, `Boolean(document.querySelector("dialog"))`) {
		t.Error("it asks at each key")
	}
	p.Click("#token")
	p.Await(`document.querySelector("dialog[open] #tokenInput")`)
	p.Click("#tokenRemember")
	p.Write("#tokenInput", secret+browsertest.Enter)
	p.Await(`document.querySelector("#shownSubject") && localStorage.getItem("herald.token") && !sessionStorage.getItem("herald.token")`)
	p.Click("#token")
	p.Await(`document.querySelector("dialog[open] #tokenInput") && !localStorage.getItem("herald.token")`)
}

// TestJSONFaults: the place of what is wrong is where it is to be mended.
func TestJSONFaults(t *testing.T) {
	faults := []struct{ text, says, at string }{
		{"{\n  \"a\": 1\n  \"b\": 2\n}", "a comma is missing", "2:9"},
		{"{\"a\": 1,\n}", "a comma too many", "2:1"},
		{"[1, 2,\n]", "a comma too many", "2:1"},
		{"{\"a\": bad}", "bad is no value", "1:7"},
		{"{\n \"ä\": 'x'}", "double quotes", "2:7"},
		{"{\"a\": \"x\n\"}", "closing quote", "1:7"},
		{"{\"a\": \"x", "closing quote", "1:7"},
		{"{a: 1}", "double quotes", "1:2"},
		{"{\"a\" 1}", "colon is missing", "1:5"},
		{"{\"a\":\n}", "a comma too many before }, or a value", "2:1"},
		{"{\"a\": {\"b\": [1, 2\n\n", "] is missing", "1:18"},
		{"", "a value is missing", "1:1"},
		{"{} {}", "nothing may follow", "1:4"},
		{"{\"a\": 01}", "no number", "1:7"},
		{"{\"a\": .5}", "no number", "1:7"},
		{"{\"a\": \"\\x\"}", "backslash", "1:7"},
		{"{\n// why\n\"a\": 1}", "no comments", "2:1"},
		{"{\"a\": 1]", "a comma is missing here, or }", "1:8"},
		{"{\"a\": 1, 2}", "a name", "1:10"},
		{"{\"😀\": tru}", "tru is no value", "1:7"},
		{"{\"a\": 1e}", "no number", "1:7"},
	}
	p := browsertest.Open(t, serve(t, nil)+"/")
	find := func(text string) string {
		quoted, _ := json.Marshal(text)
		return browsertest.Eval[string](p, `import("/ui/jsonfault.js").then(({jsonFault}) => { const f = jsonFault(`+string(quoted)+`); return f ? f.line + ":" + f.column + " " + f.message : "" })`)
	}
	for _, f := range faults {
		if got := find(f.text); !strings.HasPrefix(got, f.at+" ") || !strings.Contains(got, f.says) {
			t.Errorf("%q: %s, want %s … %s", f.text, got, f.at, f.says)
		}
	}
	// Whatever one cuts, drops or doubles, it is found, and no good text is blamed.
	r := rand.New(rand.NewPCG(1, 2))
	const good = "{\"a\": [1, -2.5e3, true, null, \"x\\n\\u00e4\"],\n \"b\": {\"c\": {}, \"d\": []}}"
	if got := find(good); got != "" {
		t.Errorf("good: %s", got)
	}
	for range 300 {
		at := r.IntN(len(good))
		text := good[:at] + good[at+1:]
		if r.IntN(2) == 0 {
			text = good[:at] + string(good[r.IntN(len(good))]) + good[at:]
		}
		if got := find(text); (got == "") != json.Valid([]byte(text)) || strings.Contains(got, "this is no JSON") {
			t.Errorf("%q: %q", text, got)
		}
	}
}

// TestYAML: what "Copy YAML" gives is the shortcut for whoever reads YAML.
func TestYAML(t *testing.T) {
	p := browsertest.Open(t, serve(t, nil)+"/")
	r := rand.New(rand.NewPCG(3, 4))
	pieces := []string{"\n", "\n\n", " ", "  ", "\t", "a", "word", "- ", ": ", "#", "'", "\"", "\\", "|", ">", "{{x}}", "[[sn.a]]", "é", "😀", "\u0085", "\u2028", "\ufeff", "\u00a0", "no", "1", "~", "---", "...", "%", "@", "`", "&a", "*a", "!t", "\r\n", "\x07", "\x7f"}
	for range 400 {
		text := func() string {
			var b strings.Builder
			for range r.IntN(7) {
				b.WriteString(pieces[r.IntN(len(pieces))])
			}
			return b.String()
		}
		want := map[string]any{"name": "a" + text(), "message": text() + "x", "tags": []any{text(), "b"}, "channels": map[string]any{"sms": map[string]any{"message": text()}}, "customFields": map[string]any{"no": text(), text() + "k": float64(1)}}
		data, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		written := browsertest.Eval[string](p, `import("/ui/yaml.js").then(({yaml}) => yaml(`+string(data)+`))`)
		var got map[string]any
		if err := yaml.Unmarshal([]byte(written), &got); err != nil {
			t.Fatalf("%v:\n%s", err, written)
		}
		again, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		var plain map[string]any
		if err := json.Unmarshal(again, &plain); err != nil || !reflect.DeepEqual(plain, want) {
			t.Fatalf("%s\nis read as %s, want %s", written, again, data)
		}
	}
}
