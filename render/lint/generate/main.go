// Command generate writes ../clients.json, which features of HTML and CSS large mail clients lack, from the data of
// caniemail.com (MIT, Rémi Parmentier; see ../clients.LICENSE):
//
//	git clone https://github.com/hteumeuleu/caniemail && go run ./render/lint/generate caniemail
package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// features are those without which a mail falls apart or loses something. What only makes a mail nicer is not among them.
var features = []string{
	"css-animation", "css-at-import", "css-background-image", "css-clip-path", "css-column-count", "css-conic-gradient", "css-display-flex", "css-display-grid",
	"css-filter", "css-float", "css-function-clamp", "css-function-light-dark", "css-function-max", "css-function-min", "css-grid-template", "css-inset",
	"css-left-right-top-bottom", "css-linear-gradient", "css-mask-image", "css-mix-blend-mode", "css-modern-color", "css-nesting", "css-object-fit", "css-position",
	"css-radial-gradient", "css-shape-outside", "css-transform", "css-unit-calc", "css-unit-vh", "css-unit-vmax", "css-unit-vmin", "css-unit-vw",
	"css-variables", "css-writing-mode", "css-z-index",
	"html-audio", "html-base", "html-button-submit", "html-dialog", "html-form", "html-input-checkbox", "html-input-radio", "html-input-submit", "html-input-text",
	"html-link", "html-marquee", "html-meter", "html-object", "html-picture", "html-popover", "html-progress", "html-select", "html-srcset", "html-svg",
	"html-textarea", "html-video",
	"image-apng", "image-avif", "image-base64", "image-bmp", "image-hdr", "image-heif", "image-mp4", "image-svg", "image-tiff", "image-webp",
}

// clients are the large ones, by family and platform, with their names.
var clients = []struct{ family, platform, name string }{
	{"gmail", "desktop-webmail", "Gmail"},
	{"gmail", "ios", "Gmail for iOS"},
	{"gmail", "android", "Gmail for Android"},
	{"outlook", "windows", "Outlook for Windows"},
	{"outlook", "outlook-com", "Outlook.com"},
	{"apple-mail", "macos", "Apple Mail"},
	{"apple-mail", "ios", "Apple Mail for iOS"},
	{"yahoo", "desktop-webmail", "Yahoo Mail"},
}

type feature struct {
	Title string                                  `yaml:"title"`
	Stats map[string]map[string]map[string]string `yaml:"stats"`
}

// lacking is a feature with the clients that lack it.
type lacking struct {
	Feature string   `json:"feature"`
	Title   string   `json:"title"`
	Lack    []string `json:"lack"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 2 {
		return fmt.Errorf("want the folder of caniemail's repository")
	}
	out := []lacking{}
	for _, name := range features {
		data, err := os.ReadFile(filepath.Join(os.Args[1], "_features", name+".md"))
		if err != nil {
			return err
		}
		head, _, ok := strings.Cut(strings.TrimPrefix(strings.ReplaceAll(string(data), "\r", ""), "---\n"), "\n---")
		if !ok {
			return fmt.Errorf("%s: no front matter", name)
		}
		var f feature
		if err := yaml.Unmarshal([]byte(strings.ReplaceAll(head, "\t", "    ")), &f); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		l := lacking{Feature: name, Title: f.Title}
		for _, c := range clients {
			if strings.HasPrefix(latest(f.Stats[c.family][c.platform]), "n") {
				l.Lack = append(l.Lack, c.name)
			}
		}
		if len(l.Lack) > 0 {
			out = append(out, l)
		}
	}
	data, err := json.MarshalIndent(out, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile("render/lint/clients.json", append(data, '\n'), 0o644)
}

// latest is the result of the newest version: y, n, a (almost) or u (unknown), and notes.
func latest(versions map[string]string) string {
	keys := slices.SortedFunc(maps.Keys(versions), func(a, b string) int {
		if len(a) != len(b) && !strings.Contains(a+b, "-") { // 9.0 is before 12.1
			return cmp.Compare(len(a), len(b))
		}
		return cmp.Compare(a, b)
	})
	if len(keys) == 0 {
		return ""
	}
	return versions[keys[len(keys)-1]]
}
