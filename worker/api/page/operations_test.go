package page_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/api"
	"github.com/heraldsend/herald/worker/api/page/browsertest"
	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/store/dead"
)

// send makes a call and gives its answer's body.
func send(t *testing.T, method, url, mediaType, body string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewBufferString(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", mediaType)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= 300 {
		t.Fatalf("%s %s: %d %s, %v", method, url, resp.StatusCode, data, err)
	}
	return string(data)
}

// twoLooks waits until the operations page has looked twice more.
func twoLooks(p *browsertest.Page) {
	browsertest.Eval[bool](p, `performance.clearResourceTimings(); true`)
	p.Await(`performance.getEntriesByType("resource").filter((e) => e.name.includes("/v1/lanes")).length > 1`)
}

// TestOperations is what an operator meets: nothing jumps, nothing is stale, errors stay, and looking costs little.
func TestOperations(t *testing.T) {
	var letters *dead.Store
	var bulks *bulk.Store
	url := serve(t, func(o *api.Options) { letters, bulks = dead.New(o.Redis), o.Client.Bulks() })
	if err := letters.Put(t.Context(), dead.Letter{ID: "l", Kind: "bulk.start", Payload: []byte(`{"bulk":"b"}`), Reason: "gone", Owner: "b", Attempts: 1, At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	var rows strings.Builder
	rows.WriteString("customer.email,customer.firstName\n")
	for range 150 {
		rows.WriteString("guest@example.com,Ada\n")
	}
	rows.WriteString("Grace.Hopper@example.org,Grace\n")
	send(t, http.MethodPost, url+"/v1/bulks", "application/json", `{"id":"news","messages":[{"channel":"email","from":"a@example.com","shortcut":"order-issue-before-arrival"}]}`)
	send(t, http.MethodPut, url+"/v1/bulks/news/recipients", "text/csv", rows.String())
	p := browsertest.Open(t, url+"/ui/operations")
	p.Await(`!document.querySelector("#desk.loading") && document.querySelector(".dead")`)

	t.Run("nothing jumps", func(t *testing.T) {
		p := p.In(t)
		p.Go(url + "/ui/operations")
		p.Await(`!document.querySelector("#desk.loading") && document.querySelector(".dead")`)
		shift := browsertest.Eval[float64](p, `new Promise((done) => { let sum = 0; new PerformanceObserver((l) => { for (const e of l.getEntries()) sum += e.value }).observe({ type: "layout-shift", buffered: true }); setTimeout(() => done(sum), 300) })`)
		if shift >= 0.05 {
			t.Errorf("it shifts by %v", shift)
		}
	})
	t.Run("looking again costs little", func(t *testing.T) {
		p := p.In(t)
		twoLooks(p)
		size := browsertest.Eval[int](p, `performance.getEntriesByType("resource").filter((e) => e.name.includes("/v1/")).reduce((n, e) => n + e.encodedBodySize * (e.transferSize > 300 ? 1 : 0), 0)`)
		if size > 4000 {
			t.Errorf("two looks take %d bytes though nothing has changed", size)
		}
	})
	t.Run("times go on", func(t *testing.T) {
		p := p.In(t)
		browsertest.Eval[bool](p, `(() => { const now = Date.now; Date.now = () => now() + 7200_000; return true })()`)
		p.Await(`document.querySelector(".dead").innerText.includes("2 h ago")`)
	})
	t.Run("errors of actions stay", func(t *testing.T) {
		p := p.In(t)
		browsertest.Eval[bool](p, `(() => { const real = fetch; window.fetch = (path, o) => path.endsWith("/retry") ? Promise.resolve(new Response('{"detail":"it is busy"}', {status: 409})) : real(path, o); return true })()`)
		p.Click(`[aria-label="Try again: bulk.start"]`)
		p.Await(`document.querySelector("#trouble").innerText === "it is busy"`)
		twoLooks(p)
		if said := p.Text("#trouble"); said != "it is busy" {
			t.Errorf("after two looks it says %q", said)
		}
	})
	t.Run("pausing takes until nothing moves", func(t *testing.T) {
		p := p.In(t)
		said := browsertest.Eval[[]string](p, `import("/ui/bulkview.js").then(({BulkView}) => { const v = new BulkView({});
			return [["running", 50], ["paused", 45], ["paused", 20], ["paused", 20], ["running", 19]].map(([state, pending]) => { v.show({id: "x", state, pending, planned: 60, sent: 0, done: 0, failed: 0, suppressed: 0, skipped: 0, unknown: 0, channels: [], perSecond: 0}); return v.state.textContent }) })`)
		if want := []string{"Running", "Pausing…", "Pausing…", "Paused", "Running"}; strings.Join(said, " ") != strings.Join(want, " ") {
			t.Errorf("it says %q, want %q", said, want)
		}
	})
	t.Run("everything pauses", func(t *testing.T) {
		p := p.In(t)
		p.Click("#pauseAll")
		p.Await(`document.querySelector("dialog[open]")?.innerText.includes("Pause everything?")`)
		browsertest.CheckAccess(p, "asking whether to pause everything")
		p.Click(`dialog [value="yes"]`)
		p.Await(`document.querySelector("#paused").innerText.startsWith("Everything has been paused") && document.querySelector("#pauseAll").innerText === "Resume everything"`)
		p.Click("#pauseAll")
		p.Await(`document.querySelector("#paused").hidden`)
	})
	t.Run("a channel gets a limit", func(t *testing.T) {
		p := p.In(t)
		p.Click(`[data-rate="sms"]`)
		p.Await(`document.querySelector("dialog[open] #asked")`)
		p.Write("#asked", "2.5"+browsertest.Enter)
		p.Await(`!document.querySelector("dialog") && document.querySelector("#trouble").hidden`)
		if _, body := get(t, url+"/v1/rates"); !strings.Contains(body, `"sms":2.5`) {
			t.Errorf("the rates are %s", body)
		}
	})
	t.Run("the page of a bulk", func(t *testing.T) { onePage(t, p.In(t), url, bulks) })
	check(t, p)
}

// onePage goes from the list to a bulk: its recipients are found, and it is steered.
func onePage(t *testing.T, p *browsertest.Page, url string, bulks *bulk.Store) {
	p.Click(`[data-id="news"] .bulk-name a`)
	p.Await(`document.querySelector("h1")?.innerText === "order-issue-before-arrival" && document.querySelectorAll("tbody tr").length === 100`)
	browsertest.CheckAccess(p, "a bulk")
	p.Click("#moreRecipients")
	p.Await(`document.querySelectorAll("tbody tr").length === 151 && document.querySelector("#moreRecipients").hidden`)
	p.Write("#find", "hopper")
	p.Await(`document.querySelectorAll("tbody tr").length === 1 && document.querySelector("tbody summary").innerText === "Grace.Hopper@example.org"`)
	p.Click("tbody summary")
	p.Await(`document.querySelector(".line-facts").innerText.includes("news+")`)
	p.Click(`[data-do="rate"]`)
	p.Await(`document.querySelector("dialog[open] #asked")`)
	browsertest.CheckAccess(p, "asking for a rate")
	p.Write("#asked", "7"+browsertest.Enter)
	p.Await(`document.querySelector(".bulk-about").innerText.includes("at most 7 a second")`)
	for _, width := range []int64{1360, 1024, 390, 320} {
		for _, path := range []string{"/ui/bulk?id=news", "/ui/operations"} {
			p.Look(width, 800, width == 1024)
			p.Go(url + path)
			p.Await(`!document.querySelector("#desk.loading") && document.querySelector(".bulk")`)
			if wide := browsertest.Eval[int](p, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); wide > 0 {
				t.Errorf("%s at %d: %d pixels too wide", path, width, wide)
			}
		}
	}
	// A bulk that lacks an approval. Whoever made it can't give it.
	if err := bulks.PauseUnapproved(t.Context(), "news", 1); err != nil {
		t.Fatal(err)
	}
	p.Go(url + "/ui/bulk?id=news")
	p.Await(`document.querySelector('[data-do="approve"]')`)
	p.Click(`[data-do="approve"]`)
	p.Await(`document.querySelector("dialog[open]")`)
	browsertest.CheckAccess(p, "approving")
	p.Click(`dialog[open] button[value="yes"]`)
	p.Await(`document.querySelector("#trouble").innerText.includes("another person has to approve it")`)
	if _, err := bulks.Approve(t.Context(), "news", "token:boss", ""); err != nil {
		t.Fatal(err)
	}
	p.Go(url + "/ui/bulk?id=news")
	p.Await(`document.body.innerText.includes("Approved by token:boss") && !document.querySelector('[data-do="approve"]')`)
	p.Go(url + "/ui/bulk?id=none")
	p.Await(`document.querySelector("#trouble").innerText !== ""`)
}
