package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/heraldsend/herald/worker/api/page/browsertest"
)

var apiURL = regexp.MustCompile(`url=(http://[^ ]+/)`)

// playgroundURL starts `herald serve --embedded` and gives its address.
func playgroundURL(t *testing.T) string {
	t.Helper()
	p := &program{t: t, env: map[string]string{"HERALD_LISTEN": "127.0.0.1:0"}}
	log, _ := p.background("serve", "--embedded")
	await(t, "the playground", func() bool { return apiURL.MatchString(log.String()) })
	return apiURL.FindStringSubmatch(log.String())[1]
}

// TestPlaygroundInBrowser is what somebody does who wants to know what Herald is: start the sample bulk, watch it, pause it,
// let it go on, see who got nothing and what was sent; then send a message of one's own on every channel.
func TestPlaygroundInBrowser(t *testing.T) {
	t.Parallel()
	url := playgroundURL(t)
	p := browsertest.Open(t, url+"ui/operations")
	p.Await(`!document.querySelector("#sample").hidden && document.querySelectorAll(".lane").length === 4`)
	p.Click("#sample")
	p.Await(`document.querySelector(".bulk .pill")?.innerText === "Running" && Number(document.querySelector(".n-sent dd").innerText) > 0`)
	p.Click(`[data-do="pause"]`)
	p.Await(`document.querySelector(".bulk .pill").innerText === "Paused"`)
	p.Click(`[data-do="resume"]`)
	p.Await(`document.querySelector(".bulk .pill").innerText === "Completed"`)
	for selector, want := range map[string]string{".n-sent dd": "998", ".n-failed dd": "2"} {
		if got := p.Text(selector); got != want {
			t.Errorf("%s says %q, want %q", selector, got, want)
		}
	}
	if got := browsertest.Eval[string](p, `document.querySelector(".track").getAttribute("aria-valuetext")`); got != "1,000 of 1,000" {
		t.Errorf("the progress bar says %q", got)
	}
	if got := p.Text("#state"); !strings.Contains(got, "is complete: 998 sent, 2 failed.") {
		t.Errorf("a screen reader hears %q", got)
	}
	p.Await(`document.querySelector(".lane-hour").innerText === "998 sent, 2 failed in the last hour"`)
	p.Click(`.bulk button[aria-expanded]`)
	p.Await(`document.querySelector(".bulk tbody")?.innerText.includes("guest0418(at)example.com") && document.querySelector(".bulk tbody").innerText.includes("catalogue.pdf")`)

	// Three clicks send again to those who failed; here they fail again.
	p.Click(`.bulk-name a`)
	p.Await(`document.querySelector(".pill")?.innerText === "Completed" && document.querySelectorAll("tbody tr").length > 50`)
	p.Click(`[data-do="resend"]`)
	p.Await(`document.querySelector("dialog[open]")?.innerText.includes("2 failed")`)
	p.Click(`dialog .primary`)
	p.Await(`document.querySelector("#state").innerText.startsWith("The bulk ") && document.querySelector(".n-failed dd").innerText === "2"`)
	p.Click(`[data-state="failed"]`)
	p.Await(`document.querySelectorAll("tbody tr").length === 2 && document.querySelector("tbody").innerText.includes("guest0418(at)example.com")`)
	p.Go(url + "ui/operations")

	p.Await(`document.querySelector(".bulk") && !document.querySelector("#desk.loading")`)
	browsertest.CheckAccess(p, "operations")
	p.Await(`document.querySelectorAll(".caught").length === 50`)
	p.Click(".caught")
	p.Await(`document.querySelector("dialog iframe.frame")?.contentDocument?.documentElement?.outerHTML.includes("Fernhill") && document.querySelector("dialog").innerText.includes("welcome-guide.pdf")`)
	browsertest.CheckAccess(p, "a caught mail")
	if sandbox := browsertest.Eval[string](p, `document.querySelector("dialog iframe").getAttribute("sandbox")`); sandbox != "allow-same-origin" {
		t.Errorf("the caught mail's frame may %q", sandbox)
	}
	p.Press(browsertest.Escape)
	p.Await(`!document.querySelector("dialog")`)

	p.Await(`[...document.querySelectorAll("#caughtChannels button")].some((b) => b.innerText === "Events")`)
	p.Click("#caughtChannels button:last-child")
	p.Await(`[...document.querySelectorAll(".caught .caught-to")].some((e) => e.innerText === "bulk.completed")`)
	p.Click(".caught")
	p.Await(`document.querySelector("dialog h2")?.innerText === "bulk.completed" && JSON.parse(document.querySelector("dialog pre").innerText).sent === 998`)
	browsertest.CheckAccess(p, "a caught event")
	p.Press(browsertest.Escape)
	p.Await(`!document.querySelector("dialog")`)

	for channel, to := range map[string]string{"email": "me@example.com", "sms": "+15550142", "chat": "c-1", "note": "c-2"} {
		p.Go("about:blank")
		p.Go(url + "#points-balance/" + channel + "/es")
		p.Await(`document.querySelector("#name").innerText === "points-balance" && document.querySelector("#tab-` + channel + `").getAttribute("aria-selected") === "true" && document.querySelector("#view").innerText.length > 20`)
		p.Click("#test")
		p.Write("#testTo", to+browsertest.Enter)
		p.Await(`document.querySelector(".test-state").innerText === "Sent."`)
	}
	p.Go(url + "ui/operations")
	p.Await(`[...document.querySelectorAll(".caught")].slice(0, 4).map((c) => c.querySelector(".tag-channel").innerText).sort().join() === "Chat,Email,Note,SMS"`)
	p.Go(url + "ui/person#me@example.com")
	p.Await(`document.querySelector(".got button")?.innerText === "What it said"`)
	p.Click(".got button")
	p.Await(`document.querySelector("dialog iframe.frame")?.contentDocument?.body?.innerText.includes("Fernhill") && document.querySelector("dialog .panel-note").innerText !== ""`)
	browsertest.CheckAccess(p, "what a message said")
	if elsewhere := p.Elsewhere(); len(elsewhere) > 0 {
		t.Errorf("requests for other hosts: %q", elsewhere)
	}
	if failures := p.Failures(); len(failures) > 0 {
		t.Errorf("scripts failed: %q", failures)
	}
}
