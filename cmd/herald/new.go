package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/worker/app"
)

type newCmd struct {
	Kind string `arg:"" enum:"shortcut,snippet,layout" help:"shortcut, snippet or layout."`
	Name string `arg:"" help:"Its name: letters, digits, dots, - and _."`
}

// Run writes a file to begin with into the folder of templates: HERALD_TEMPLATES, else the current folder.
func (n *newCmd) Run(c *app.Settings, std stdio) error {
	if !isNewName(n.Name) {
		return usageError{fmt.Errorf("%.100q can't be a name: it has letters, digits, dots, - and _", n.Name)}
	}
	dir := cmp.Or(c.Templates, ".")
	if !holdsTemplates(dir) {
		return usageError{fmt.Errorf("%.100q holds none of shortcuts/, snippets/ and emails/: make a folder with herald init, or set HERALD_TEMPLATES", dir)}
	}
	f, err := openFolder(dir, c)
	if err != nil {
		return err
	}
	templates, _ := catalog.Read(f.files)
	files := map[string][]byte{}
	switch n.Kind {
	case "shortcut":
		if slices.Contains(templates.Shortcuts(), n.Name) {
			return usageError{errors.New("there is a shortcut " + n.Name + " already")}
		}
		files["shortcuts/"+n.Name+".yaml"] = []byte(newShortcut)
	case "snippet":
		name := catalog.SnippetPrefix + strings.TrimPrefix(n.Name, catalog.SnippetPrefix)
		if templates.HasSnippet(name) {
			return usageError{errors.New("there is a snippet " + name + " already")}
		}
		files["snippets/"+name+".yaml"] = newSnippet(templates.Defaults().Languages)
	case "layout":
		files["emails/"+n.Name+".hbs"], files["emails/"+n.Name+".txt.hbs"] = []byte(newLayout), []byte("{{draft.textBody}}\n")
	}
	return writeNew(dir, files, std)
}

const newShortcut = `# yaml-language-server: $schema=../schema/shortcut.schema.json
subject: "A subject"
message: |
  Hi {{default customer.firstName "there"}},

  what you have to say.

  Kind regards,
  {{currentUser.displayName}}
`

func newSnippet(languages []string) []byte {
	if len(languages) == 0 {
		languages = []string{"en"}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# yaml-language-server: $schema=../schema/snippet.schema.json\nsource: %s\ntexts:\n", languages[0])
	for _, l := range languages {
		fmt.Fprintf(&b, "  %s: \"A text\"\n", l)
	}
	return []byte(b.String())
}

const newLayout = `---
styles:
  p: "margin:0 0 16px"
---
<!DOCTYPE html>
<html lang="{{draft.lang}}" dir="{{draft.dir}}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{draft.subject}}</title></head>
<body style="margin:0;padding:24px;font-family:Arial,sans-serif;font-size:16px;line-height:24px;overflow-wrap:anywhere;word-break:break-word">
{{{draft.htmlBody}}}
</body>
</html>
`

func sortedKeys[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }
