package page_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/api"
	"github.com/heraldsend/herald/worker/api/page/browsertest"
	"github.com/heraldsend/herald/worker/store/dead"
)

func get(t *testing.T, url string, header ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

func TestServe(t *testing.T) {
	url := serve(t, nil)
	for path, mediaType := range map[string]string{
		"/": "text/html; charset=utf-8", "/ui/operations": "text/html; charset=utf-8", "/ui/preview.js": "text/javascript; charset=utf-8",
		"/ui/base.css": "text/css; charset=utf-8", "/ui/icon.svg": "image/svg+xml",
	} {
		resp, body := get(t, url+path)
		h := resp.Header
		if resp.StatusCode != http.StatusOK || h.Get("Content-Type") != mediaType || body == "" {
			t.Errorf("%s: %d, %s", path, resp.StatusCode, h.Get("Content-Type"))
		}
		if p := h.Get("Content-Security-Policy"); !strings.HasPrefix(p, "default-src 'none'; script-src 'self';") || !strings.Contains(p, "frame-ancestors 'none'") {
			t.Errorf("%s: the policy is %q", path, p)
		}
		again, body := get(t, url+path, "If-None-Match", h.Get("ETag"))
		if again.StatusCode != http.StatusNotModified || body != "" {
			t.Errorf("%s again: %d", path, again.StatusCode)
		}
	}
	for _, path := range []string{"/ui/", "/ui/preview.html", "/ui/../page.go", "/ui/%2e%2e/page.go", "/ui/static/preview.js", "/ui/none.js"} {
		if resp, _ := get(t, url+path); resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
	}
}

// TestToken: where the API wants a token the page asks for it, says when it is wrong, and keeps it to its tab.
func TestToken(t *testing.T) {
	secret, token, err := api.NewToken(api.Token{Name: "author", Scopes: []api.Scope{api.ScopePreview}})
	if err != nil {
		t.Fatal(err)
	}
	url := serve(t, func(o *api.Options) { o.Tokens = []api.Token{token} })
	p := browsertest.Open(t, url+"/")
	p.Await(`document.querySelector("dialog[open] #tokenInput")`)
	browsertest.CheckAccess(p, "asking for a token")
	p.Press("herald_wrong" + browsertest.Enter)
	p.Await(`document.querySelector("dialog[open]")?.innerText.includes("does not know the token")`)
	p.Press(secret + browsertest.Enter)
	p.Await(`document.querySelector("#shownSubject")?.innerText.startsWith("Order A-10027") && !document.querySelector("dialog")`)
	if kept := browsertest.Eval[string](p, `JSON.stringify(localStorage) + document.cookie`); kept != "{}" {
		t.Errorf("the browser keeps %q", kept)
	}
	p.Click("#test")
	p.Write("#testTo", "me@example.com"+browsertest.Enter)
	p.Await(`document.querySelector(".test-state .error-text")`) // this token may look, not send
	p.Press(browsertest.Escape)
	p.Go(url + "/ui/operations")
	p.Await(`document.querySelector("#trouble")?.hidden === false`)
	p.Go(url + "/")
	p.Await(`document.querySelector("#shownSubject")?.innerText.startsWith("Order A-10027")`)
	p.Click("#token")
	p.Await(`document.querySelector("dialog[open] #tokenInput")`)
	check(t, p)
}

// TestDeadLetters: what was given up on is tried again or dropped, and the list says so.
func TestDeadLetters(t *testing.T) {
	var letters *dead.Store
	url := serve(t, func(o *api.Options) { letters = dead.New(o.Redis) })
	for _, kind := range []string{"bulk.start", "event.deliver"} {
		if err := letters.Put(t.Context(), dead.Letter{
			ID: kind + "-1", Kind: kind, Payload: []byte(`{"bulk":"b"}`), Reason: "its bulk is <b>gone</b>", Owner: "b", Attempts: 3, At: time.Now(),
		}); err != nil {
			t.Fatal(err)
		}
	}
	p := browsertest.Open(t, url+"/ui/operations")
	p.Await(`document.querySelectorAll(".dead").length === 2 && document.querySelector(".dead").innerText.includes("its bulk is <b>gone</b>")`)
	browsertest.CheckAccess(p, "dead letters")
	p.Click(`[aria-label="Drop: event.deliver"]`)
	p.Await(`document.querySelector("dialog[open]")?.innerText.includes("Drop this letter?")`)
	p.Click(`dialog [value="no"]`)
	p.Await(`!document.querySelector("dialog") && document.querySelectorAll(".dead").length === 2`)
	p.Click(`[aria-label="Drop: event.deliver"]`)
	p.Click(`dialog [value="yes"]`)
	p.Await(`document.querySelectorAll(".dead").length === 1`)
	if counts, err := letters.Count(t.Context()); err != nil || counts["event.deliver"] != 0 || counts["bulk.start"] != 1 {
		t.Errorf("%v, %v", counts, err)
	}
	p.Click(`[aria-label="Try again: bulk.start"]`)
	p.Await(`document.querySelector("#deadList .empty")`)
	check(t, p)
}
