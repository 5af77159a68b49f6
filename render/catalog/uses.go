package catalog

import (
	"slices"
	"strings"
)

// Use is a place where a snippet is shown.
type Use struct {
	Kind   string `json:"kind"`   // shortcut, snippet, email template, or partial
	Name   string `json:"name"`   // of the shortcut, snippet, …
	Direct bool   `json:"direct"` // whether its own text names the snippet; else it shows one that does
	File   string `json:"file,omitempty"`
}

// Uses lists what shows a snippet, directly or by way of other snippets and partials: shortcuts first, then snippets,
// email templates and partials, each by name.
func (c *Catalog) Uses(snippet string) []Use {
	var out []Use
	for _, t := range c.Texts() {
		direct := false
		for _, call := range snippetCall.FindAllStringSubmatch(t.Text, -1) {
			direct = direct || call[1] == snippet
		}
		if !direct {
			compiled, err := c.Compile(t.Name, t.Text)
			if err != nil || !slices.Contains(compiled.Refs().Snippets, snippet) {
				continue
			}
		}
		use := Use{Direct: direct}
		for _, kind := range []string{"shortcut", "snippet", "email template", "partial"} {
			if name, is := strings.CutPrefix(t.Subject, kind+" "); is {
				use.Kind, use.Name = kind, name
			}
		}
		if use.File, _, _ = c.Locate(t.Name, 1, 1); use.Kind == "snippet" && use.Name == snippet {
			continue
		}
		same := func(u Use) bool { return u.Kind == use.Kind && u.Name == use.Name }
		if i := slices.IndexFunc(out, same); i >= 0 {
			out[i].Direct = out[i].Direct || direct
			continue
		}
		out = append(out, use)
	}
	return out
}
