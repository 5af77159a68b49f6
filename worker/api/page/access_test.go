package page_test

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/heraldsend/herald/worker/api/page/browsertest"
)

// states are what the pages are looked at in: how to get there from the first shortcut, and when one is there.
var states = []struct {
	name, script, until string
}{
	{"email", ``, `document.querySelector("iframe.frame")`},
	{"email-phone-dark", `document.querySelector("[data-key='phone-true']").click(); if (document.querySelector("#dark").getAttribute("aria-pressed") === "false") document.querySelector("#dark").click()`, `document.querySelector(".canvas.phone.dark")`},
	{"text", `document.querySelector("[data-key='email-text']").click()`, `document.querySelector("pre.plain")?.innerText.includes("Hi Ada")`},
	{"source", `document.querySelector("[data-key='email-source']").click()`, `document.querySelector("pre.plain")?.innerText.includes("MIME-Version: 1.0")`},
	{"explain", `document.querySelector("#explain").click()`, `document.querySelector(".explain")`},
	{"sms", `document.querySelector("#tab-sms").click(); type("#message", "It’s on its way, {{customer.firstName}} — we’ve sent “{{kobjects.order.title}}” for {{customer.custom.totalNum}} €. It will be in your cabin when you arrive on {{dateFormat customer.custom.reservationDateAt}}.")`, `document.querySelectorAll(".cost").length > 4 && document.querySelector(".segment.odd")`},
	{"chat", `document.querySelector("#tab-chat").click()`, `document.querySelector("#rich strong")`},
	{"note", `document.querySelector("#tab-note").click()`, `document.querySelector(".thread.note")`},
	{"error", `type("#message", "Dear {{customer.firstName}},\n\nyour parcel leaves on {{dateFormt customer.custom.deliveryDateAt}}.\n")`, `document.querySelector(".mistake") && document.querySelector(".line.error")`},
	{"issues", `type("#message", "Dear {{customer.fristName}},\n\nyour parcel leaves on {{dateFormat customer.custom.nothingAt}}.\n")`, `document.querySelectorAll(".issue-go").length >= 2`},
	{"csv", `document.querySelector("#fromCSV").click(); setTimeout(() => document.querySelector("#sampleCSV").click(), 50)`, `document.querySelector(".cells dd")`},
	{"choosing", `document.querySelector("#pick").click()`, `document.querySelector(".picker-option")`},
	{"completing", `type("#message", "Hello {{customer.f")`, `document.querySelector(".complete:not([hidden]) li")`},
	{"test", `document.querySelector("#test").click()`, `document.querySelector("dialog[open]")`},
}

// typing is what the states' scripts write with.
const typing = `window.type = (selector, text) => { const a = document.querySelector(selector); a.focus(); a.select(); document.execCommand("insertText", false, text); };`

// TestAccess looks at every state in light and dark, wide and on a phone. With -shots it leaves pictures of what it saw.
func TestAccess(t *testing.T) {
	url := serve(t, nil)
	p := browsertest.Open(t, url+"/")
	for _, look := range []struct {
		name          string
		width, height int64
		dark          bool
	}{{"light", 1440, 900, false}, {"dark", 1440, 900, true}, {"phone", 390, 844, false}} {
		t.Run(look.name, func(t *testing.T) {
			p := p.In(t)
			p.Look(look.width, look.height, look.dark)
			for _, s := range states {
				p.Go(url + "/ui/icon.svg") // the page keeps its drafts when it is left
				browsertest.Eval[bool](p, `sessionStorage.clear(); localStorage.clear(); true`)
				p.Go(url + "/#order-issue-before-arrival/email/en")
				p.Await(`document.querySelector("#shownSubject") && document.querySelector("#name").innerText === "order-issue-before-arrival"`)
				browsertest.Eval[bool](p, `(() => { `+typing+s.script+`; return true })()`)
				p.Await(s.until)
				browsertest.CheckAccess(p, s.name)
				if wide := browsertest.Eval[int](p, `document.documentElement.scrollWidth - innerWidth`); wide > 0 {
					t.Errorf("%s: %d pixels wider than the window", s.name, wide)
				}
				shoot(p, s.name+"-"+look.name)
			}
			p.Go(url + "/ui/operations")
			p.Await(`document.querySelectorAll(".lane").length === 4 && document.querySelector("#bulkList .empty")`)
			browsertest.CheckAccess(p, "operations")
			shoot(p, "operations-"+look.name)
		})
	}
	check(t, p)
}

// shoot leaves a picture where HERALD_SHOTS names a folder, for people to look at.
func shoot(p *browsertest.Page, name string) {
	if dir := os.Getenv("HERALD_SHOTS"); dir != "" {
		p.Shot(filepath.Join(dir, name+".png"))
	}
}

// focused describes what has the focus.
const focused = `(() => { const e = document.activeElement; return e === document.body ? "" : e.id || e.getAttribute("aria-label") || e.innerText.trim() || e.localName })()`

// TestKeyboardAlone walks through the page without a mouse: everything is reached in the order in which it stands, what has
// the focus can be seen, and nothing keeps it.
func TestKeyboardAlone(t *testing.T) {
	p := open(t)
	var order []string
	for range 80 {
		p.Press(browsertest.Tab)
		now := browsertest.Eval[string](p, focused)
		if now == "" || len(order) > 0 && now == order[0] {
			break
		}
		order = append(order, now)
		if !browsertest.Eval[bool](p, `(() => { const e = document.activeElement; const s = getComputedStyle(e); const around = e.closest(".editor");
			return s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2 || around && getComputedStyle(around).boxShadow !== "none" || e.localName === "iframe" })()`) {
			t.Errorf("%q has the focus, and it can't be seen", now)
		}
	}
	want := []string{"Skip to the preview", "Herald", "Preview", "Snippets", "Operations", "API", "pick", "fresh", "more", "subject", "preheader", "scopeSwitch", "insert", "message",
		"format", "layout", "fromJSON", "fromCSV", "timezone", "context", "tab-email", "English", "locale", "Email", "Text", "Source", "Wide", "Phone", "dark", "explain", "test"}
	at := 0
	for _, now := range order {
		if at < len(want) && now == want[at] {
			at++
		}
	}
	if at < len(want) {
		t.Errorf("the walk misses %q or meets it out of order: %q", want[at], order)
	}

	p.Chord("k", browsertest.Control)
	p.Press("lost found")
	p.Await(`document.querySelectorAll(".picker-option").length === 1`)
	p.Press(browsertest.Enter)
	p.Await(`document.querySelector("#name").innerText === "lost-and-found"`)
	if now := browsertest.Eval[string](p, focused); now != "pick" {
		t.Errorf("after choosing, the focus is at %q", now)
	}

	p.Focus("#message")
	p.Chord("a", browsertest.Control)
	p.Press("Hi {{customer.fi")
	p.Await(`document.querySelector("#message-complete:not([hidden]) [aria-selected]")?.innerText.startsWith("customer.firstName")`)
	if !browsertest.Eval[bool](p, `document.getElementById(document.querySelector("#message").getAttribute("aria-activedescendant")).innerText.startsWith("customer.firstName")`) {
		t.Error("a screen reader is not told of the suggestion")
	}
	p.Press(browsertest.Enter)
	p.Await(`document.querySelector("#message").value === "Hi {{customer.firstName}}"`)
	p.Press(" [[sn.gree")
	p.Await(`!document.querySelector("#message-complete").hidden`)
	p.Press(browsertest.Escape)
	p.Await(`document.querySelector("#message-complete").hidden && document.querySelector("#message").value.endsWith("[[sn.gree")`)
	p.Press("t")
	p.Await(`!document.querySelector("#message-complete").hidden`)
	p.Press(browsertest.Tab)
	p.Await(`document.querySelector("#message").value.endsWith("[[sn.greeting]]")`)
	p.Press(browsertest.Tab)
	if now := browsertest.Eval[string](p, focused); now == "message" {
		t.Error("the editor keeps the focus")
	}

	p.Focus("#tab-email")
	p.Press(browsertest.Right)
	p.Await(`document.querySelector("#tab-sms").getAttribute("aria-selected") === "true" && document.activeElement.id === "tab-sms" && document.querySelector("#bubble")`)
	p.Press(browsertest.Left)
	p.Await(`document.querySelector("#tab-email").getAttribute("aria-selected") === "true"`)
	p.Focus("#explain")
	p.Press(browsertest.Space)
	p.Await(`document.querySelector(".piece") && document.activeElement.id === "explain"`)
	p.Focus(".piece[tabindex='0']")
	for range 200 {
		if strings.HasPrefix(p.Text(".explain-about"), "Field {{customer.firstName}}") {
			break
		}
		p.Press(browsertest.Right)
	}
	if got := p.Text(".explain-about"); !strings.Contains(got, "Field {{customer.firstName}}") {
		t.Errorf("no piece tells of the field: %q", got)
	}
	p.Press(browsertest.Enter)
	p.Await(`document.activeElement.localName === "textarea" && document.activeElement.value.slice(document.activeElement.selectionStart).startsWith("{{customer.firstName}}")`)
}

// TestNames: everything that can be operated has a name and a role, by Chromium's own accessibility tree.
func TestNames(t *testing.T) {
	p := open(t)
	nameless := browsertest.Eval[[]string](p, `[...document.querySelectorAll("button, a, input, select, textarea, summary, [tabindex]")]
		.filter((e) => e.checkVisibility() && !(e.ariaLabel || e.ariaLabelledByElements?.length || e.labels?.length || e.title || e.innerText?.trim() || e.tabIndex < 0))
		.map((e) => e.outerHTML.slice(0, 120))`)
	if len(nameless) > 0 {
		t.Errorf("without a name: %q", nameless)
	}
}

// TestMendIssue: an issue leads to its place, and what was meant is put there.
func TestMendIssue(t *testing.T) {
	p := open(t)
	p.Paste("#message", "a\nHello {{customer.fristName}}")
	p.Await(`document.querySelector("#messageEditor .line.issue .m-issue")?.innerText === "customer.fristName"`)
	// What sending would refuse is said here, too.
	if got := p.Text("#issues .fate"); !strings.Contains(got, "Would not be sent: ") || !strings.Contains(got, `unknown field "customer.fristName"`) {
		t.Errorf("of the message's fate it says %q", got)
	}
	p.Click("#issues .issue-go")
	p.Await(`document.activeElement.id === "message" && document.activeElement.selectionStart === 10`)
	p.Click("#issues .small")
	p.Await(frame + `.includes("Hello Ada") && !document.querySelector(".issue-go, .fate")`)
	p.Click("#revert")
	p.Await(`document.querySelector("#draft").hidden && ` + frame + `.includes("Hi Ada,")`)
}

// TestWarnings: what other recipients would notice is marked and listed apart.
func TestWarnings(t *testing.T) {
	p := open(t)
	p.Paste("#message", "Hello\n{{#unless customer.id}}{{dateFormat customer.firstName}}{{/unless}}")
	p.Await(`document.querySelector("#issues h2")?.innerText === "1 warning for other recipients" && document.querySelector("#messageEditor .line.issue .m-issue")`)
	if got := p.Text("#issues .issue-go"); !strings.Contains(got, "dateFormat wants a date; customer.firstName is a text") || !strings.Contains(got, "Message, line 2") {
		t.Errorf("it says %q", got)
	}
}

// TestDrafts: edits outlive another shortcut and a reload.
func TestDrafts(t *testing.T) {
	p := open(t)
	p.Paste("#message", "my draft")
	p.Await(frame + `.includes("my draft")`)
	choose := func(words, name string) {
		p.Chord("k", browsertest.Control)
		p.Press(words)
		p.Await(`document.querySelectorAll(".picker-option").length === 1`)
		p.Press(browsertest.Enter)
		p.Await(`document.querySelector("#name").innerText === "` + name + `"`)
	}
	choose("lost found", "lost-and-found")
	p.Await(`document.querySelector("#draft").hidden`)
	choose("issue-before", "order-issue-before-arrival")
	p.Await(frame + `.includes("my draft") && !document.querySelector("#draft").hidden`)
	p.Await(`localStorage.getItem("herald.draft.order-issue-before-arrival")?.includes("my draft")`)
	p.Go("about:blank")
	p.Go(p.URL())
	p.Await(frame + `.includes("my draft")`)
	p.Click("#revert")
	p.Await(frame + `.includes("Hi Ada,")`)
}

// TestCSVRow: a row of an audience is the recipient, with its locale.
func TestCSVRow(t *testing.T) {
	p := open(t)
	p.Click("#fromCSV")
	p.Click("#sampleCSV")
	p.Await(`document.querySelector(".cells")?.innerText.includes("ada.lovelace@example.com")`)
	p.Click("#nextRow")
	p.Await(frame + `.includes("Hi Grace,") && document.querySelector("#locale").value === "en-gb"`)
	p.Write("#row", "418")
	p.Await(`document.querySelector(".cells").innerText.includes("guest0418(at)example.com")`)
	p.Click("#fromJSON")
	p.Await(frame + `.includes("Hi Ada,")`)
}

// TestContextFault: JSON that is none is marked where it breaks, and what was shown stays.
func TestContextFault(t *testing.T) {
	p := open(t)
	p.Paste("#context", "{\n  \"customer\": {\n    \"firstName\": \"Bo\"\n    \"email\": 1\n  }\n}")
	p.Await(`document.querySelector("#contextEditor .line.error") && document.querySelector("#context").getAttribute("aria-invalid") === "true"`)
	line := browsertest.Eval[int](p, `[...document.querySelectorAll("#contextEditor .line")].findIndex((l) => l.classList.contains("error")) + 1`)
	if !slices.Contains([]int{3, 4}, line) {
		t.Errorf("line %s is marked", strconv.Itoa(line))
	}
	p.Paste("#context", `{"customer":{"firstName":"Bo"},"n":9007199254740993}`)
	p.Await(`!document.querySelector(".mistake") && ` + frame + `.includes("Hi Bo,")`)
	p.Paste("#message", "{{n}}")
	p.Await(frame + `.includes("9007199254740993")`)
}
