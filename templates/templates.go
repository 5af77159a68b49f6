// Package templates holds what Herald brings along: the shortcuts, snippets,
// email templates and attachments of a small support team, as a catalog folder
// that works as it is and shows how to write one's own, and the sample audience
// of `herald demo`. It holds data only.
package templates

import (
	"embed"
	"io/fs"
)

//go:embed defaults.yaml shortcuts snippets emails attachments tests samples/*.csv samples/*.json
var files embed.FS

// Catalog is the folder that render.LoadCatalog reads.
func Catalog() fs.FS { return files }

//go:embed all:start schema
var start embed.FS

// Start is the folder that `herald init` makes: one of each kind of file, an editor's settings, and the JSON Schemas that
// editors complete from.
func Start() fs.FS {
	folder, err := fs.Sub(start, "start")
	if err != nil {
		panic("templates: " + err.Error()) // embedded at compile time
	}
	return folder
}

// Schemas are the JSON Schemas, below "schema".
func Schemas() fs.FS { return start }

// DemoShortcut is the shortcut that `herald demo` sends to DemoAudience.
const DemoShortcut = "order-issue-before-arrival"

// DemoAudience is a CSV of 1,000 recipients: a header row of field paths, then
// a row each. One row has an address that is none, and one asks for the
// attachment "catalogue.pdf", which no folder holds: the demo makes it, larger
// than a file may be.
func DemoAudience() []byte { return sample("audience.csv") }

// DemoContext is the context of one recipient, as JSON, for previews.
func DemoContext() []byte { return sample("customer.json") }

func sample(name string) []byte {
	data, err := files.ReadFile("samples/" + name)
	if err != nil {
		panic("templates: " + err.Error()) // embedded at compile time
	}
	return data
}
