package lint

import (
	"strings"
	"testing"

	"github.com/heraldsend/herald/render/rendertest"
)

// No file of a catalog, however broken, does more than give findings; what Fix writes has nothing left to fix.
func FuzzCatalog(f *testing.F) {
	f.Add("subject: x\nmessage: |\n  {{customer.name}}\nchannels: {sms: {message: y}}\n", rendertest.GreetingSnippet, rendertest.LayoutEmail)
	f.Add("a: &x [*x]", "texts: {en: [[sn.a]]}", "---\n")
	for _, text := range []string{"{{ x | }}", "{{ | }}", "{{x |:}}", "{{()}}", "{{x.()}}", "{{else if}}", "{{#for in}}", "{{dateFormat x \"\"}}", "[[ ]]", "{{''}}", "{{/}}", "{{#}}", "{{}}", "{% %}", "{%%}"} {
		f.Add(shortcutOf(text), text, text)
	}
	for _, m := range mistakes {
		text := strings.NewReplacer("‹", "", "›", "").Replace(m.text)
		f.Add(shortcutOf(text), rendertest.GreetingSnippet, text)
	}
	for _, m := range fileMistakes {
		f.Add(m.text, m.text, m.text)
	}
	f.Fuzz(func(t *testing.T, shortcut, snippet, email string) {
		files := rendertest.Folder("shortcuts/s.yaml", shortcut, "snippets/sn.a.yaml", snippet, "emails/e.hbs", email)
		fixed := Fix(files, Options{})
		for name, data := range fixed.Files {
			files[name].Data = data
		}
		if again := Fix(files, Options{}); len(again.Files) > 0 && len(fixed.Findings) < maxRounds {
			t.Errorf("a second run changes it again: %q", again.Files)
		}
	})
}
