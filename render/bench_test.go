package render

import (
	"context"
	"testing"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/content"
	"github.com/heraldsend/herald/render/handlebars"
	"github.com/heraldsend/herald/render/meter"
	"github.com/heraldsend/herald/render/plain"
	"github.com/heraldsend/herald/templates"
)

// The shortcut of the benchmarks: 1 KB of Markdown with fields, dates, a
// condition and snippets, in the default layout.
const benchContext = `{"customer":{"id":"5f0c1e7a9d","name":"Ada Lovelace","firstName":"Ada","lastName":"Lovelace","email":"ada.lovelace@example.com",` +
	`"phone":"+15550142","custom":{"userBillingTierStr":"Diamond","reservationDateAt":"2019-01-18T00:00:00Z","cabinStr":"Heron Cabin",` +
	`"orderNumberStr":"A-10027","parcelsNum":2,"breakfastBool":true,"refundAmountStr":"£48.50","deliveryDateAt":"2019-01-21T09:00:00Z",` +
	`"trackingNumberStr":"FH204815GB","notesTxt":"Prefers the cabin by the lake; arrives by train and needs a lift from the station. Travels with a dog.",` +
	`"visitsNum":7,"newsletterBool":false,"languageStr":"en","sourceStr":"website"}},"conversation":{"id":"60b7d2c4e1","name":"My lamp has not arrived",` +
	`"status":"open","channels":["email","chat"],"firstMessageIn":{"sentAt":"2019-01-15T08:12:00Z","channel":"email","preview":"Hello, I ordered a lamp."}},` +
	`"currentUser":{"displayName":"Robin Hale","email":"robin@fernhill.example"}}`

func benchPrepared(b *testing.B) *Prepared {
	return open(b, sampleCatalog(b), templates.DemoShortcut)
}

// From a JSON context to subject, HTML and text.
func BenchmarkEmail(b *testing.B) {
	p := benchPrepared(b)
	req := Request{Channel: catalog.Email, Context: []byte(benchContext), Locale: "en"}
	b.ReportAllocs()
	bytes := 0
	for b.Loop() {
		c, err := p.Render(context.Background(), req)
		if err != nil {
			b.Fatal(err)
		}
		bytes += len(c.HTML) + len(c.Text)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "contents/s")
	b.ReportMetric(float64(bytes)/float64(b.N), "B/content")
}

func BenchmarkEmailParallel(b *testing.B) {
	p := benchPrepared(b)
	req := Request{Channel: catalog.Email, Context: []byte(benchContext), Locale: "en"}
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := p.Render(context.Background(), req); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "contents/s")
}

func BenchmarkSMS(b *testing.B) {
	p := benchPrepared(b)
	req := Request{Channel: catalog.SMS, Context: []byte(benchContext), Locale: "en"}
	for b.Loop() {
		if _, err := p.Render(context.Background(), req); err != nil {
			b.Fatal(err)
		}
	}
}

// The shares of BenchmarkEmail.

func BenchmarkShareJSON(b *testing.B) {
	data := []byte(benchContext)
	var d handlebars.Decoder
	for b.Loop() {
		if _, err := d.Decode(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkShareHandlebars(b *testing.B) {
	p := benchPrepared(b)
	r := newRun()
	plan := p.plans[catalog.Email]
	if err := r.begin(context.Background(), p, plan, Request{Channel: catalog.Email, Context: []byte(benchContext), Locale: "en"}); err != nil {
		b.Fatal(err)
	}
	var out []byte
	for b.Loop() {
		for _, t := range []*handlebars.Template{plan.subject, plan.preheader, plan.message.template, plan.layout.html, plan.layout.text} {
			var err error
			if out, err = t.Append(r.ctx, out[:0], &r.exec); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// What laying out costs when it is not done once for all: Markdown to HTML,
// then HTML to text.
func BenchmarkShareFirstLayout(b *testing.B) {
	f := content.Filling{Meter: meter.New(b.Context(), 1<<50), Converter: content.NewConverter(), Limit: 1 << 20}
	source := []byte(benchMessage(b))
	for b.Loop() {
		if _, err := f.LayMessage(&content.Message{Format: content.Markdown}, source); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSharePlainText(b *testing.B) {
	page := renderOne(b, benchPrepared(b), catalog.Email, benchContext, "en").HTML
	for b.Loop() {
		if _, err := plain.FromHTML(meter.New(b.Context(), 1<<50), page, plain.Options{Limit: 1 << 20}); err != nil {
			b.Fatal(err)
		}
	}
}

// What a job pays before its first content: bundle, and compilation.

func BenchmarkBundle(b *testing.B) {
	c := sampleCatalog(b)
	for b.Loop() {
		if _, err := c.Bundle(templates.DemoShortcut); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	bundle, err := sampleCatalog(b).Bundle(templates.DemoShortcut)
	if err != nil {
		b.Fatal(err)
	}
	r, err := New(Options{})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := r.Open(bundle); err != nil {
			b.Fatal(err)
		}
	}
}

func benchMessage(b *testing.B) string {
	return renderOne(b, benchPrepared(b), catalog.Chat, benchContext, "en").Text
}
