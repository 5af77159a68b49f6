package lint

import (
	"fmt"
	"testing"
	"testing/fstest"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/rendertest"
	"github.com/heraldsend/herald/templates"
)

// A folder of 2,000 shortcuts: read, compiled and checked. The aim is one second for the texts; mails are rendered in a
// few milliseconds each.
func BenchmarkFolder(b *testing.B) {
	b.Run("texts", func(b *testing.B) { benchmarkFolder(b, Options{Texts: true}) })
	b.Run("mails", func(b *testing.B) { benchmarkFolder(b, Options{}) })
}

func benchmarkFolder(b *testing.B, o Options) {
	files := fstest.MapFS{}
	for name, file := range rendertest.Folder("emails/default.hbs", rendertest.LayoutEmail, "snippets/sn.greeting.yaml", rendertest.GreetingSnippet) {
		files[name] = file
	}
	for i := range 2000 {
		files[fmt.Sprintf("shortcuts/s%04d.yaml", i)] = &fstest.MapFile{Mode: 0o644, Data: []byte(fmt.Sprintf(
			"subject: Order {{customer.custom.order%dStr}}\nmessage: |\n  [[sn.greeting]],\n\n  your **order** %d ships {{dateFormat customer.custom.shipAt format=\"LL\"}}.\n\n"+
				"  {{#ifCond customer.custom.tierStr \"==\" \"Gold\"}}Thanks, {{../customer.firstName}}.{{else}}Thanks.{{/ifCond}}\n"+
				"channels:\n  sms:\n    message: Order %d ships today, {{customer.firstName}}.\ntags: [a, b]\n", i, i, i))}
	}
	for b.Loop() {
		report := Folder(files, o)
		if len(report.Findings) > 0 || report.Shortcuts != 2000 {
			b.Fatalf("%d findings, first %v", len(report.Findings), report.Findings[:min(3, len(report.Findings))])
		}
	}
}

// One shortcut with all that it is made of, as every job has it checked. The aim is a millisecond.
func BenchmarkBundle(b *testing.B) {
	c, err := catalog.Load(templates.Catalog())
	if err != nil {
		b.Fatal(err)
	}
	for _, name := range []string{templates.DemoShortcut, "booking-confirmed", "opening-hours"} {
		bundle, err := c.Bundle(name)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if f := Bundle(c, bundle); len(f) > 0 {
					b.Fatal(f)
				}
			}
		})
	}
}
