package lint

import (
	"testing"

	"github.com/heraldsend/herald/render/rendertest"
)

// No file of a catalog, however broken, does more than give findings.
func FuzzCatalog(f *testing.F) {
	f.Add("subject: x\nmessage: |\n  {{customer.name}}\nchannels: {sms: {message: y}}\n", rendertest.GreetingSnippet, rendertest.LayoutEmail)
	f.Add("a: &x [*x]", "texts: {en: [[sn.a]]}", "---\n")
	f.Fuzz(func(_ *testing.T, shortcut, snippet, email string) {
		Folder(rendertest.Folder("shortcuts/s.yaml", shortcut, "snippets/sn.a.yaml", snippet, "emails/e.hbs", email), Options{})
	})
}
