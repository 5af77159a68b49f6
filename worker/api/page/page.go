// Package page holds the pages of Herald in a browser: the preview for template authors, all languages of the snippets, the
// operations page, a page for each bulk, and one for a person. They are plain HTML, CSS and ES modules below static/,
// embedded as they are: there is nothing to build, and nothing is fetched from elsewhere. They get their data from the API,
// with the token of the person who looks, and the table of channels from a module that this package writes.
package page

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/message"
)

//go:embed static
var static embed.FS

// policy is the Content-Security-Policy of the pages. Previews of emails and chats are in frames without a source.
// These inherit the policy and add a stricter one. Their styles are the reason why inline styles are allowed.
const policy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// pages are the documents, by path.
var pages = map[string]string{
	"/":              "preview.html",
	"/ui/operations": "operations.html",
	"/ui/bulk":       "bulk.html",
	"/ui/snippets":   "snippets.html",
	"/ui/person":     "person.html",
}

// mediaTypes are the types of the files, independent of the machine.
var mediaTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
}

// Handler serves the pages: GET / and everything below /ui/.
func Handler() (http.Handler, error) {
	files, err := readAll()
	if err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, known := pages[r.URL.Path]
		if !known {
			name = strings.TrimPrefix(r.URL.Path, "/ui/")
		}
		f, ok := files[name]
		if !ok || !known && path.Ext(name) == ".html" {
			http.Error(w, "there is no such page", http.StatusNotFound)
			return
		}
		f.serve(w, r)
	}), nil
}

// file is one file in memory.
type file struct {
	data      []byte
	mediaType string
	tag       string // its ETag
}

func readAll() (map[string]file, error) {
	files := make(map[string]file)
	err := fs.WalkDir(static, "static", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := static.ReadFile(name)
		if err != nil {
			return err
		}
		mediaType, ok := mediaTypes[path.Ext(name)]
		if !ok {
			return fmt.Errorf("page: %s is of no known type", name)
		}
		files[strings.TrimPrefix(name, "static/")] = newFile(data, mediaType)
		return nil
	})
	if err != nil {
		return nil, err
	}
	data, err := channelModule()
	files["channels.js"] = newFile(data, mediaTypes[".js"])
	return files, err
}

func newFile(data []byte, mediaType string) file {
	sum := sha256.Sum256(data)
	return file{data, mediaType, `"` + hex.EncodeToString(sum[:12]) + `"`}
}

// channelModule is the table of channels for the pages, as an ES module.
func channelModule() ([]byte, error) {
	type channel struct {
		Title   string       `json:"title"`
		Address address.Kind `json:"address"`
		Form    message.Form `json:"form"`
		Mail    bool         `json:"mail"`
	}
	var b bytes.Buffer
	b.WriteString("// What the channels are, by name and in their order. The server writes this file.\nexport const channels = {\n")
	for _, c := range message.Channels {
		spec := c.Spec()
		row, err := json.Marshal(channel{spec.Title, spec.Address, spec.Form, spec.Mail})
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "  %q: %s,\n", string(c), row)
	}
	b.WriteString("};\n")
	return b.Bytes(), nil
}

func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cache-Control", "no-cache") // asked for each time, sent only when it changed
	h.Set("ETag", f.tag)
	if r.Header.Get("If-None-Match") == f.tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", f.mediaType)
	_, _ = w.Write(f.data)
}
