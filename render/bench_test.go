package render

import (
	"context"
	"testing"

	"github.com/heraldsend/herald/render/handlebars"
	"github.com/heraldsend/herald/render/plain"
	"github.com/heraldsend/herald/templates"
)

// The shortcut of the benchmarks: 1 KB of Markdown with fields, dates, a
// condition and snippets, in the default layout.
func benchPrepared(b *testing.B) *Prepared {
	return open(b, sampleCatalog(b), templates.DemoShortcut)
}

// From a JSON context to subject, HTML and text.
func BenchmarkEmail(b *testing.B) {
	p := benchPrepared(b)
	req := Request{Channel: Email, Context: templates.DemoContext(), Locale: "en"}
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
	req := Request{Channel: Email, Context: templates.DemoContext(), Locale: "en"}
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
	req := Request{Channel: SMS, Context: templates.DemoContext(), Locale: "en"}
	for b.Loop() {
		if _, err := p.Render(context.Background(), req); err != nil {
			b.Fatal(err)
		}
	}
}

// The shares of BenchmarkEmail.

func BenchmarkShareJSON(b *testing.B) {
	for b.Loop() {
		if _, err := handlebars.ParseJSON(templates.DemoContext()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkShareHandlebars(b *testing.B) {
	p := benchPrepared(b)
	r := newRun()
	plan := p.plans[Email]
	if err := r.begin(context.Background(), p, plan, Request{Channel: Email, Context: templates.DemoContext(), Locale: "en"}); err != nil {
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
func BenchmarkShareMarkdown(b *testing.B) {
	c := newConverter()
	source := benchMessage(b)
	for b.Loop() {
		if _, err := c.html(source); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSharePlainText(b *testing.B) {
	page, err := newConverter().html(benchMessage(b))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := plain.FromHTML(page); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkShareFirstLayout(b *testing.B) {
	c := newConverter()
	p := benchPrepared(b)
	skeleton, _ := split([]byte(benchMessage(b)), nil, nil)
	for b.Loop() {
		if _, err := p.plans[Email].message.layOut(c, skeleton); err != nil {
			b.Fatal(err)
		}
	}
}

func benchMessage(b *testing.B) string {
	return renderOne(b, benchPrepared(b), Chat, string(templates.DemoContext()), "en").Text
}
