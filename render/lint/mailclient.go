package lint

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"

	"golang.org/x/net/html"
)

// clientsJSON is made by generate, from the data of caniemail.com (clients.LICENSE).
//
//go:embed clients.json
var clientsJSON []byte

// lacking are the mail clients that lack a feature, by caniemail's name for it.
var lacking = sync.OnceValue(func() map[string]lack {
	var list []lack
	if err := json.Unmarshal(clientsJSON, &list); err != nil {
		panic("lint: clients.json: " + err.Error()) // embedded at compile time
	}
	out := make(map[string]lack, len(list))
	for _, l := range list {
		out[l.Feature] = l
	}
	return out
})

type lack struct {
	Feature string   `json:"feature"`
	Title   string   `json:"title"`
	Lack    []string `json:"lack"`
}

// byProperty are the features that a property needs, whatever its value is.
var byProperty = map[string]string{
	"animation": "css-animation", "animation-name": "css-animation", "clip-path": "css-clip-path", "column-count": "css-column-count", "columns": "css-column-count",
	"filter": "css-filter", "float": "css-float", "grid-template": "css-grid-template", "grid-template-columns": "css-grid-template", "grid-template-areas": "css-grid-template",
	"inset": "css-inset", "mask-image": "css-mask-image", "mix-blend-mode": "css-mix-blend-mode", "object-fit": "css-object-fit", "shape-outside": "css-shape-outside",
	"transform": "css-transform", "writing-mode": "css-writing-mode", "z-index": "css-z-index", "background-image": "css-background-image",
	"left": "css-left-right-top-bottom", "right": "css-left-right-top-bottom", "top": "css-left-right-top-bottom", "bottom": "css-left-right-top-bottom",
}

// byWord are those that a word in a value needs.
var byWord = []struct{ word, feature string }{
	{"var(", "css-variables"}, {"calc(", "css-unit-calc"}, {"clamp(", "css-function-clamp"}, {"min(", "css-function-min"}, {"max(", "css-function-max"},
	{"light-dark(", "css-function-light-dark"}, {"linear-gradient(", "css-linear-gradient"}, {"radial-gradient(", "css-radial-gradient"},
	{"conic-gradient(", "css-conic-gradient"}, {"url(", "css-background-image"}, {"oklch(", "css-modern-color"}, {"lab(", "css-modern-color"}, {"color-mix(", "css-modern-color"},
}

var byUnit = map[string]string{"vw": "css-unit-vw", "vh": "css-unit-vh", "vmin": "css-unit-vmin", "vmax": "css-unit-vmax"}

// byElement are those that an element needs.
var byElement = map[string]string{
	"audio": "html-audio", "base": "html-base", "dialog": "html-dialog", "form": "html-form", "marquee": "html-marquee", "meter": "html-meter", "object": "html-object",
	"embed": "html-object", "picture": "html-picture", "progress": "html-progress", "select": "html-select", "svg": "html-svg", "textarea": "html-textarea", "video": "html-video",
	"button": "html-button-submit",
}

var byEnding = map[string]string{
	".webp": "image-webp", ".svg": "image-svg", ".avif": "image-avif", ".heic": "image-heif", ".heif": "image-heif", ".tif": "image-tiff", ".tiff": "image-tiff",
	".apng": "image-apng", ".bmp": "image-bmp", ".mp4": "image-mp4",
}

// featureOf is the feature that a declaration needs; "" if all have it.
func featureOf(d declaration) string {
	value := strings.ToLower(d.value)
	switch {
	case strings.HasPrefix(d.name, "--"):
		return "css-variables"
	case strings.HasPrefix(d.name, "mso-"), strings.HasPrefix(d.name, "-"):
		return ""
	case d.name == "display" && strings.Contains(value, "flex"):
		return "css-display-flex"
	case d.name == "display" && strings.Contains(value, "grid"):
		return "css-display-grid"
	case d.name == "position" && value != "static":
		return "css-position"
	case d.name == "float" && value == "none", d.name == "transform" && value == "none", d.name == "background-image" && value == "none":
		return ""
	}
	for _, w := range byWord {
		if at := strings.Index(value, w.word); at == 0 || at > 0 && (value[at-1] == ' ' || value[at-1] == ',' || value[at-1] == '(') {
			return w.feature
		}
	}
	for field := range strings.FieldsSeq(value) {
		number := strings.TrimLeft(field, "-+.0123456789")
		if f := byUnit[number]; f != "" && number != field {
			return f
		}
	}
	return byProperty[d.name]
}

// unsupported finds what large mail clients lack. Rules within @media are left out: they add to what all have.
func (m *mailCheck) unsupported() {
	for n := range m.page.root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		for _, d := range declarationsOf(attributeOf(n, "style")) {
			m.lacks(featureOf(d), d.name+":"+d.value, d.value, d.name)
		}
		m.element(n)
	}
	for _, r := range m.page.rules {
		if r.media != "" {
			continue
		}
		for _, d := range r.declarations {
			m.lacks(featureOf(d), d.name+": "+d.value, d.value, d.name)
		}
	}
	for n := range m.page.root.Descendants() {
		if n.Type == html.ElementNode && n.Data == "style" && n.FirstChild != nil && strings.Contains(n.FirstChild.Data, "@import") {
			m.lacks("css-at-import", "@import")
		}
	}
}

func (m *mailCheck) element(n *html.Node) {
	m.lacks(byElement[n.Data], "<"+n.Data)
	switch n.Data {
	case "link":
		if strings.EqualFold(attributeOf(n, "rel"), "stylesheet") {
			m.lacks("html-link", "<link")
		}
	case "input":
		kind := strings.ToLower(attributeOf(n, "type"))
		if kind == "" {
			kind = "text"
		}
		if kind != "checkbox" || !hasAttribute(n, "disabled") { // of a task list, which is read as it is
			m.lacks("html-input-"+kind, "<input")
		}
	case "img":
		src := strings.ToLower(attributeOf(n, "src"))
		if strings.HasPrefix(src, "data:") {
			m.lacks("image-base64", "data:")
			return
		}
		src, _, _ = strings.Cut(src, "?")
		m.lacks(byEnding[path.Ext(src)], attributeOf(n, "src"), "<img")
		if hasAttribute(n, "srcset") {
			m.lacks("html-srcset", "srcset")
		}
	}
	if attributeOf(n, "popover") != "" {
		m.lacks("html-popover", "popover")
	}
}

// lacks tells of a feature that some clients lack.
func (m *mailCheck) lacks(feature string, written ...string) {
	l, ok := lacking()[feature]
	if !ok {
		return
	}
	m.find("client_support", written, fmt.Sprintf("%s has no effect in %s (caniemail.com/features/%s)", l.Title, listed(l.Lack), feature))
}

// listed is "a, b and c".
func listed(names []string) string {
	if n := len(names) - 1; n > 0 {
		names = append(slices.Clone(names[:n-1]), names[n-1]+" and "+names[n])
	}
	return strings.Join(names, ", ")
}
