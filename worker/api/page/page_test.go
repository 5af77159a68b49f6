package page_test

import (
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/templates"
	"github.com/heraldsend/herald/worker/address/phone"
	"github.com/heraldsend/herald/worker/api"
	"github.com/heraldsend/herald/worker/api/page"
	"github.com/heraldsend/herald/worker/api/page/browsertest"
	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/redistest"
	"github.com/heraldsend/herald/worker/store/suppress"
)

// serve runs an API with its pages; configure, which may be nil, changes its options.
func serve(t *testing.T, configure func(*api.Options)) string {
	t.Helper()
	loaded, err := catalog.Load(templates.Catalog())
	if err != nil {
		t.Fatal(err)
	}
	rdb := redistest.Start(t).Client()
	log := slog.New(slog.DiscardHandler)
	client, err := enqueue.New(enqueue.Options{Redis: rdb, Log: log, Phones: phone.Parse})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	suppressions, err := suppress.New(suppress.Options{Redis: rdb})
	if err != nil {
		t.Fatal(err)
	}
	o := api.Options{Redis: rdb, Client: client, Suppressions: suppressions, Log: log, Metrics: prometheus.NewRegistry()}
	o.Preview = previewOf(t, func() *catalog.Catalog { return loaded })
	if o.Page, err = page.Handler(); err != nil {
		t.Fatal(err)
	}
	if configure != nil {
		configure(&o)
	}
	service, err := api.New(o)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(service)
	t.Cleanup(server.Close)
	t.Cleanup(service.Drain)
	return server.URL
}

// previewOf looks at templates as they are at the time.
func previewOf(t *testing.T, now func() *catalog.Catalog) *api.Preview {
	t.Helper()
	return previewWith(t, now, func(*api.PreviewOptions) {})
}

func previewWith(t *testing.T, now func() *catalog.Catalog, configure func(*api.PreviewOptions)) *api.Preview {
	t.Helper()
	renderer, err := render.New(render.Options{})
	if err != nil {
		t.Fatal(err)
	}
	o := api.PreviewOptions{Catalog: now, Renderer: renderer, Files: templates.Catalog(),
		Composer: func(c *catalog.Catalog) (*compose.Composer, error) {
			return compose.NewLocal(c, renderer, compose.Rules{Links: compose.SampleLinks{}})
		},
	}
	configure(&o)
	p, err := api.NewPreview(o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// open opens the preview and waits until it shows the first shortcut.
func open(t *testing.T) *browsertest.Page {
	t.Helper()
	p := browsertest.Open(t, serve(t, nil)+"/")
	p.Await(`document.querySelector("#shownSubject")?.innerText.startsWith("Order A-10027")`)
	t.Cleanup(func() { check(t, p) })
	return p
}

// check is what must hold after every test.
func check(t *testing.T, p *browsertest.Page) {
	t.Helper()
	if elsewhere := p.Elsewhere(); len(elsewhere) > 0 {
		t.Errorf("requests for other hosts: %q", elsewhere)
	}
	if failures := p.Failures(); len(failures) > 0 {
		t.Errorf("scripts failed: %q", failures)
	}
}

// frame is the email's document, as its frame has it.
const frame = `(document.querySelector("iframe.frame")?.contentDocument?.documentElement?.outerHTML ?? "")`

func TestTypeAndSee(t *testing.T) {
	p := open(t)
	p.Click("#fresh")
	p.Write("#subject", "Hello {{customer.firstName")
	p.Press("}}")
	p.Write("#message", "Your parcel **{{customer.custom.trackingNumberStr}}** leaves today.")
	p.Await(frame + `.includes("FH204815GB</strong> leaves today.")`)
	p.Await(`document.querySelector("#shownSubject").innerText === "Hello Ada"`)
	p.Click("#tab-sms")
	p.Await(`document.querySelector("#bubble")?.innerText === "Your parcel FH204815GB leaves today."`)
	p.Click("#tab-chat")
	p.Await(`document.querySelector("#rich strong")?.innerText === "FH204815GB"`)
	if got := p.Text("#took"); !strings.HasPrefix(got, "Rendered in ") {
		t.Errorf("it says %q", got)
	} else {
		t.Log(got)
	}
}

func TestErrorAtItsLine(t *testing.T) {
	p := open(t)
	p.Click("#fresh")
	p.Write("#message", "Dear customer,"+browsertest.Enter+browsertest.Enter+"until {{dateFormt customer.custom.deliveryDateAt ")
	p.Press("}}.")
	p.Await(`document.querySelector("#messageEditor .line.error .m-error")?.innerText === "dateFormt"`) // not what is wrong while one types
	if got := browsertest.Eval[int](p, `[...document.querySelectorAll("#messageEditor .line")].findIndex((l) => l.classList.contains("error")) + 1`); got != 3 {
		t.Errorf("line %d is marked", got)
	}
	if got := p.Text("#mistakes .mistake-text"); !strings.Contains(got, `unknown helper "dateFormt"; did you mean "dateFormat"?`) {
		t.Errorf("the page says %q", got)
	}
	if !browsertest.Eval[bool](p, `document.querySelector("#message").getAttribute("aria-invalid") === "true" && document.getElementById(document.querySelector("#message").getAttribute("aria-describedby")).innerText.startsWith("Line 3: ")`) {
		t.Error("a screen reader is not told")
	}
	p.Click("#mistakes .small") // Change to dateFormat
	p.Await(`!document.querySelector(".line.error") && ` + frame + `.includes("until January 21, 2019.")`)
}

func TestLanguages(t *testing.T) {
	p := open(t)
	browsertest.Eval[bool](p, `Boolean(window.de = document.querySelector('#languages [data-tag="de"]'))`)
	p.Click(`#languages [data-tag="de"]`)
	p.Await(`document.querySelector("#shownSubject").innerText.startsWith("Bestellung A-10027") && ` + frame + `.includes("18. Januar 2019")`)
	p.Press(browsertest.Right)
	p.Await(`document.querySelector("#shownSubject").innerText.includes("Pedido") || ` + frame + `.includes("de enero de 2019")`)
	p.Write("#locale", "fr-CA"+browsertest.Enter)
	p.Await(frame + `.includes("18 janvier 2019")`)
	if !browsertest.Eval[bool](p, `de.isConnected`) {
		t.Error("a button was made anew: a click that had begun on it would be lost")
	}
}
