package lint

import (
	"strings"

	"github.com/heraldsend/herald/render/catalog"
)

// Advice is a finding about a shortcut that is in no file. Line and Column of
// the finding count in the text at Path.
type Advice struct {
	catalog.Finding
	Path string `json:"path"` // key in the shortcut: "message", "channels.sms.message"
}

// Shortcut checks the texts of a shortcut as Folder would if it were in the
// catalog: what a customer would notice, on ways through the text too that no
// sample takes. What keeps a text from compiling is left to InlineBundle.
func Shortcut(c *catalog.Catalog, s catalog.Shortcut, o Options) []Advice {
	if o.Segments <= 0 {
		o.Segments = 3
	}
	with := c.With(s)
	l := newLinter(with, o)
	var out []Advice
	take := func(path string) {
		catalog.SortFindings(l.findings)
		for _, f := range l.findings {
			out = append(out, Advice{Finding: f, Path: path})
		}
		l.findings = nil
	}
	for _, p := range s.Texts() {
		if _, err := c.Compile(p.Name, p.Text); err != nil {
			continue
		}
		l.expressions(&p)
		l.output(&p)
		take(strings.TrimPrefix(p.Name, s.Name+"/"))
	}
	l.segments()
	take("channels.sms.message")
	return out
}
