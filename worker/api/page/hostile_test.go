package page_test

import (
	"bufio"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/domsnapshot"
	"github.com/chromedp/chromedp"

	"github.com/heraldsend/herald/worker/api/page/browsertest"
)

// canary is a server that nobody may call. It notes every connection, whether or not something is asked over it.
type canary struct {
	address string
	mutex   sync.Mutex
	calls   []string
	forgive atomic.Bool // connections over which nothing was asked
}

func newCanary(t *testing.T) *canary {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	c := &canary{address: l.Addr().String()}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go c.note(conn)
		}
	}()
	return c
}

func (c *canary) note(conn net.Conn) {
	defer conn.Close()
	_ = conn.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	line, err := bufio.NewReader(conn).ReadString('\n')
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if err != nil {
		if c.forgive.Load() {
			return
		}
		line = "a connection alone"
	}
	c.calls = append(c.calls, strings.TrimSpace(line))
}

// take gives what was called since the last time.
func (c *canary) take() []string {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	calls := c.calls
	c.calls = nil
	return calls
}

// hostile is HTML that tries everything that a mail could: to run, to fetch, to navigate, to reach the page around it.
func hostile(address string) string {
	return strings.ReplaceAll(`<h1 id="seen">hostile</h1>
<script>parent.pwned = "script"; top.document.title = "pwned"; fetch("http://CANARY/fetch")</script>
<img src="http://CANARY/img" onerror="parent.pwned='onerror'"><img src=x onerror="parent.pwned='onerror'"><img srcset="http://CANARY/srcset 1x">
<svg onload="parent.pwned='svg'"><script>parent.pwned='svg script'</script><image href="http://CANARY/svg"/><use href="http://CANARY/use#x"/></svg>
<iframe srcdoc="<script>top.pwned='srcdoc'</script>"></iframe>
<object data="http://CANARY/object"></object><embed src="http://CANARY/embed"><video poster="http://CANARY/poster" src="http://CANARY/video" autoplay></video><audio src="http://CANARY/audio" autoplay></audio>
<link rel="stylesheet" href="http://CANARY/css"><link rel="preload" as="image" href="http://CANARY/preload"><link rel="prefetch" href="http://CANARY/prefetch">
<link rel="icon" href="http://CANARY/icon"><link rel="manifest" href="http://CANARY/manifest">
<meta http-equiv="refresh" content="0;url=http://CANARY/refresh"><base href="http://CANARY/">
<style>@import url("http://CANARY/import"); @font-face { font-family: f; src: url("http://CANARY/font"); } body { background: url("http://CANARY/background"); font-family: f; }</style>
<div style="background-image:url('http://CANARY/style')">x</div><table background="http://CANARY/table"><tr><td>x</td></tr></table>
<form action="http://CANARY/form" target="_top"><input name="a" autofocus onfocus="parent.pwned='onfocus'"><button id="submit">send</button></form>
<a id="link" href="http://CANARY/link" target="_top">link</a> <a href="javascript:parent.pwned='javascript'" id="script">script</a>
<details open ontoggle="parent.pwned='ontoggle'"><summary>x</summary></details><math><mtext><img src=x onerror="parent.pwned='mathml'"></mtext></math>
<template shadowrootmode="open"><img src="http://CANARY/shadow"></template><input type="image" src="http://CANARY/input">
`, "CANARY", address)
}

// hinting is what makes a browser connect before it asks its policies: it has to be taken out.
func hinting(address string) string {
	return `<link rel="preconnect" href="http://` + address + `"><link rel="dns-prefetch" href="http://` + address + `"><iframe src="http://` + address + `/"></iframe>`
}

// TestHostileStaysInert is line 33 of the bad inputs: the email is shown, and nothing in it does anything.
func TestHostileStaysInert(t *testing.T) {
	p := open(t)
	bird := newCanary(t)
	address := bird.address
	p.Click("#fresh")
	p.Paste("#message", hostile(address)+hinting(address)+"{{{customer.firstName}}}{{customer.lastName}}")
	browsertest.Eval[bool](p, `(() => { const f = document.querySelector("#format"); f.value = "html"; f.dispatchEvent(new Event("change")); return true })()`)
	p.Paste("#context", `{"customer":{"firstName":`+strconv.Quote("<b>first</b>"+hostile(address))+`,"lastName":"<script>parent.pwned='escaped'</script>"}}`)
	p.Await(frame + `.includes("hostile") && ` + frame + `.includes("&lt;script&gt;parent.pwned")`)

	if n := browsertest.Eval[int](p, `document.querySelectorAll("iframe").length`); n != 1 {
		t.Errorf("%d frames", n)
	}
	sandbox := browsertest.Eval[string](p, `document.querySelector("iframe.frame").getAttribute("sandbox")`)
	if sandbox != "allow-same-origin" { // the page may change what it holds; the frame may nothing
		t.Errorf("the frame may %q", sandbox)
	}
	_, head, _ := strings.Cut(browsertest.Eval[string](p, frame), "<head>")
	if !strings.HasPrefix(head, `<meta http-equiv="Content-Security-Policy" content="default-src 'none';`) {
		t.Errorf("the head begins with %.200s", head)
	}
	if text := pierced(t, p); !strings.Contains(text, "hostile") || !strings.Contains(text, "first") {
		t.Errorf("the frame shows %.300q", text)
	}
	clickInFrame(t, p)
	quiet(t, p, bird)

	// The other channels get the same.
	for _, channel := range []string{"sms", "chat", "note"} {
		p.Click("#tab-" + channel)
		p.Await(`document.querySelector("#tab-` + channel + `").getAttribute("aria-selected") === "true" && document.querySelector("#view").innerText.includes("hostile")`)
	}
	p.Click("#tab-email")
	p.Click("#explain")
	p.Await(`document.querySelector(".explain")?.innerText.includes("hostile")`)
	quiet(t, p, bird)
}

// TestEveryLockHoldsAlone puts the same HTML, as it is, into frames that have only one of the locks: the sandbox, and the
// page's policy that frames inherit.
func TestEveryLockHoldsAlone(t *testing.T) {
	p := browsertest.Open(t, serve(t, nil)+"/")
	bird := newCanary(t)
	for _, sandboxed := range []bool{true, false} {
		t.Run(fmt.Sprintf("sandboxed %v", sandboxed), func(t *testing.T) {
			bird.forgive.Store(!sandboxed) // a navigation that the policy forbids connects, and asks for nothing
			browsertest.Eval[bool](p, `new Promise((done) => {
				const f = document.createElement("iframe");
				if (`+strconv.FormatBool(sandboxed)+`) f.setAttribute("sandbox", "allow-same-origin");
				f.onload = () => done(true);
				f.srcdoc = `+strconv.Quote(hostile(bird.address))+`;
				document.body.append(f);
			})`)
			quiet(t, p, bird)
		})
	}
}

// quiet checks that nothing ran and nothing was called. What a page does on its own it does within some frames.
func quiet(t *testing.T, p *browsertest.Page, bird *canary) {
	t.Helper()
	browsertest.Eval[bool](p, `new Promise((done) => setTimeout(() => requestAnimationFrame(() => done(true)), 500))`)
	if calls := bird.take(); len(calls) > 0 {
		t.Errorf("the canary was called: %q", calls)
	}
	if pwned := browsertest.Eval[string](p, `String(window.pwned)`); pwned != "undefined" {
		t.Errorf("%s ran", pwned)
	}
	if title := browsertest.Eval[string](p, `document.title`); title != "Preview · Herald" {
		t.Errorf("the page is now titled %q", title)
	}
	if address := browsertest.Eval[string](p, `location.pathname`); address != "/" {
		t.Errorf("the page went to %q", address)
	}
}

// pierced is the text of the page and of all frames within.
func pierced(t *testing.T, p *browsertest.Page) string {
	t.Helper()
	got, err := chromedp.Call(p.Context(), domsnapshot.CaptureSnapshot, domsnapshot.CaptureSnapshotParams{ComputedStyles: []string{}})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(got.Strings, "\n")
}

// clickInFrame clicks all over the email, on its links and buttons too.
func clickInFrame(t *testing.T, p *browsertest.Page) {
	t.Helper()
	type box struct{ X, Y, Width, Height float64 }
	b := browsertest.Eval[box](p, `(({x, y, width, height}) => ({x, y, width, height}))(document.querySelector("iframe.frame").getBoundingClientRect())`)
	for row := range 16 {
		for column := range 9 {
			if err := chromedp.Do(p.Context(), chromedp.MouseClickXY(b.X+b.Width*float64(column+1)/10, b.Y+b.Height*(float64(row)+0.5)/16)); err != nil {
				t.Fatal(err)
			}
		}
	}
}
