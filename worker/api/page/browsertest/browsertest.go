// Package browsertest opens pages in a real browser for tests: Debian's Chromium, without a window, driven over its
// DevTools protocol. A machine without it fails the test: it never skips.
package browsertest

import (
	"context"
	"encoding/json"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// patience bounds every wait: machines that run tests are slow.
const patience = 3 * time.Minute

// Keys that tests press.
const (
	Tab       = kb.Tab
	Enter     = kb.Enter
	Escape    = kb.Escape
	Space     = " "
	ArrowDown = kb.ArrowDown
	Right     = kb.ArrowRight
	Left      = kb.ArrowLeft
	Backspace = kb.Backspace
	Home      = kb.Home
	PageDown  = kb.PageDown
	PageUp    = kb.PageUp
)

// Page is one page in a browser of its own.
type Page struct {
	t testing.TB // whom a step that fails ends
	*browser
}

// browser is what all views of a page share.
type browser struct {
	ctx context.Context
	url string

	mutex    sync.Mutex
	requests []request // what the page asked for
	failures []string  // what scripts threw, and what the browser complained of
}

type request struct {
	id  network.RequestID
	url string
}

// In is the same page in a subtest: what fails there ends that one alone.
func (p *Page) In(t testing.TB) *Page { return &Page{t, p.browser} }

// Open starts a browser and opens the address. When the test ends the browser does too.
func Open(t testing.TB, address string) *Page {
	t.Helper()
	path := chromium(t)
	host := mustURL(t, address).Hostname()
	dir, err := os.MkdirTemp("", "herald-browser-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	ctx, cancel := chromedp.NewExecAllocator(context.Background(),
		chromedp.ExecPath(path), chromedp.UserDataDir(dir), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("disable-extensions", true), chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.Flag("force-color-profile", "srgb"), chromedp.Flag("hide-scrollbars", false),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE "+host),
	)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	p := &Page{t, &browser{ctx: ctx, url: address}}
	p.must(chromedp.Do(ctx))
	p.must(chromedp.Listen(ctx, p.event))
	_, err = chromedp.Call(ctx, network.Enable, network.EnableParams{})
	p.must(err)
	p.must(chromedp.Do(ctx, chromedp.EmulateViewport(1440, 900)))
	p.Go(address)
	return p
}

func chromium(t testing.TB) string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("chromium is not installed: run `make deps` (Debian: apt-get install chromium)")
	return ""
}

func mustURL(t testing.TB, address string) *url.URL {
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func (p *Page) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatalf("browser: %v", err)
	}
}

func (p *Page) event(ev any) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	switch e := ev.(type) {
	case *network.EventRequestWillBeSent:
		p.requests = append(p.requests, request{e.RequestID, e.Request.URL})
	case *network.EventLoadingFailed:
		if e.BlockedReason != "" { // it was never made
			p.requests = slices.DeleteFunc(p.requests, func(r request) bool { return r.id == e.RequestID })
		}
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			text += " " + e.ExceptionDetails.Exception.Description
		}
		p.failures = append(p.failures, text)
	}
}

func (p *Page) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	p.must(chromedp.Do(ctx, steps...))
}

// Go opens an address.
func (p *Page) Go(address string) {
	p.t.Helper()
	p.do(chromedp.Navigate(address))
}

// Eval gives what an expression comes to.
func Eval[T any](p *Page, expression string) T {
	p.t.Helper()
	v, err := eval[T](p, expression)
	if err != nil {
		p.t.Fatalf("browser: %s: %v", expression, err)
	}
	return v
}

func eval[T any](p *Page, expression string) (T, error) {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// Await waits until an expression holds. One that throws does not hold yet: what it asks for may not be on the page so early.
func (p *Page) Await(expression string) {
	p.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		holds, err := eval[bool](p, "Boolean("+expression+")")
		if holds {
			return
		}
		if time.Now().After(deadline) {
			p.Shot(filepath.Join(os.TempDir(), "herald-browser-failed.png"))
			p.t.Fatalf("browser: never came true: %s\nlast error: %v\nfailures: %q\nthe page says: %.2000s", expression, err, p.Failures(), Eval[string](p, "document.body.innerText"))
		}
		time.Sleep(20 * time.Millisecond) // between two looks
	}
}

// Text is what an element shows, by a CSS selector.
func (p *Page) Text(selector string) string {
	p.t.Helper()
	return Eval[string](p, "(document.querySelector("+strconv.Quote(selector)+")?.innerText ?? 'no such element')")
}

// Click clicks an element where it stands on the screen, once it has come to rest there.
func (p *Page) Click(selector string) {
	p.t.Helper()
	p.Await(`(() => { const e = document.querySelector(` + strconv.Quote(selector) + `); if (!e) return false;
		const at = JSON.stringify(e.getBoundingClientRect()), rests = e.restsAt === at; e.restsAt = at; return rests })()`)
	p.do(chromedp.Click(chromedp.CSS(selector)))
}

// Press types keys into whatever has the focus.
func (p *Page) Press(keys string) {
	p.t.Helper()
	p.do(chromedp.KeyEvent(keys, rawly))
}

// rawly makes a key that the page handles type nothing, as keyboards do.
func rawly(event *input.DispatchKeyEventParams) {
	if event.Type == kb.KeyDown {
		event.Type = kb.KeyRawDown
	}
}

// Chord presses one key with modifiers.
func (p *Page) Chord(key string, modifiers ...chromedp.Modifier) {
	p.t.Helper()
	p.do(chromedp.KeyEvent(key, rawly, chromedp.KeyModifiers(modifiers...)))
}

// Control and Shift are modifiers of Chord.
const (
	Control = kb.ModifierCtrl
	Shift   = kb.ModifierShift
)

// Focus puts the focus on an element.
func (p *Page) Focus(selector string) {
	p.t.Helper()
	p.do(chromedp.Focus(chromedp.CSS(selector)))
}

// Write replaces the text of a field by typing.
func (p *Page) Write(selector, text string) {
	p.t.Helper()
	p.clear(selector)
	p.Press(text)
}

// Paste replaces the text of a field at once.
func (p *Page) Paste(selector, text string) {
	p.t.Helper()
	p.clear(selector)
	Eval[bool](p, `document.execCommand("insertText", false, `+quote(p.t, text)+`)`)
}

func (p *Page) clear(selector string) {
	p.t.Helper()
	p.Focus(selector)
	p.Chord("a", Control)
	p.Press(Backspace)
}

// quote writes a text as a script does.
func quote(t testing.TB, text string) string {
	data, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// Look sets the size of the window, and whether its user prefers dark.
func (p *Page) Look(width, height int64, dark bool) {
	p.t.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	p.do(chromedp.EmulateViewport(width, height))
	_, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	p.must(err)
}

// Shot writes what is seen as a PNG.
func (p *Page) Shot(file string) {
	p.t.Helper()
	data, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	p.must(err)
	if err := os.WriteFile(file, data, 0o644); err != nil {
		p.t.Fatal(err)
	}
}

// URL is the address that Open was given.
func (p *Page) URL() string { return p.url }

// Context is what chromedp's own calls take.
func (p *Page) Context() context.Context { return p.ctx }

// Elsewhere lists the requests for other hosts than the page's.
func (p *Page) Elsewhere() []string {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	own := mustURL(p.t, p.url).Host
	var out []string
	for _, r := range p.requests {
		address := r.url
		u, err := url.Parse(address)
		if err == nil && (u.Host == own || u.Scheme == "data" || u.Scheme == "about" || u.Scheme == "blob") {
			continue
		}
		out = append(out, address)
	}
	return out
}

// Requests counts the requests whose address holds a part.
func (p *Page) Requests(part string) int {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	n := 0
	for _, r := range p.requests {
		address := r.url
		if strings.Contains(address, part) {
			n++
		}
	}
	return n
}

// Failures are the errors that scripts threw.
func (p *Page) Failures() []string {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return append([]string(nil), p.failures...)
}
