package catalog

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/heraldsend/herald/render/handlebars"
)

// Snippet is a text in several languages, written [[name]] in a template. Its
// texts may hold dynamic text, helpers, and other snippets.
type Snippet struct {
	Name        string            `json:"name"` // with its prefix: sn.org_order_issue
	Description string            `json:"description,omitempty"`
	Category    string            `json:"category,omitempty"`
	Source      string            `json:"source"`             // language the others are translated from, and the last resort
	Texts       map[string]string `json:"texts"`              // by language tag; the catalog lowers case and writes "-"
	Outdated    []string          `json:"outdated,omitempty"` // languages whose text lags behind the source
}

// SnippetPrefix begins the name of every snippet; TranscriptSnippets begins those of snippets that forwards use by
// themselves.
const (
	SnippetPrefix      = "sn."
	TranscriptSnippets = "sn.transcript."
)

func (s *Snippet) faults() []fieldFault {
	var out []fieldFault
	add := func(path, code, format string, args ...any) {
		out = append(out, fieldFault{path, code, fmt.Sprintf(format, args...)})
	}
	if !isSnippetName(s.Name) {
		add("name", "snippet_name", "a snippet's name begins with sn. and holds letters, digits, dots, dashes and underscores: %s", handlebars.Quote(s.Name))
	}
	if s.Source == "" {
		add("source", "snippet_source", "source is missing: the language the others are translated from")
	} else if _, err := NormalLanguage(s.Source); err != nil {
		add("source", "language", "source: %v", err)
	}
	seen := make(map[string]string)
	for _, key := range slices.Sorted(maps.Keys(s.Texts)) {
		tag, err := NormalLanguage(key)
		if err != nil {
			add("texts."+key, "language", "texts: %v", err)
			continue
		}
		if other, twice := seen[tag]; twice {
			add("texts."+key, "language", "texts: %s and %s are the same language", handlebars.Quote(other), handlebars.Quote(key))
		}
		seen[tag] = key
	}
	if tag, err := NormalLanguage(s.Source); err == nil && seen[tag] == "" {
		add("texts", "snippet_source", "texts has nothing for the source language %s", handlebars.Quote(s.Source))
	}
	for i, key := range s.Outdated {
		tag, err := NormalLanguage(key)
		if err != nil || seen[tag] == "" {
			add(fmt.Sprintf("outdated.%d", i), "language", "outdated: there is no text for %s", handlebars.Quote(key))
		}
	}
	return out
}

func (s *Snippet) nameField() *string { return &s.Name }

// normalize brings the language tags to one form.
func (s *Snippet) normalize(at positions) {
	normal := make(map[string]string, len(s.Texts))
	for key, text := range s.Texts {
		if tag, err := NormalLanguage(key); err == nil {
			normal[tag] = text
			at["texts."+tag] = at["texts."+key]
		}
	}
	s.Texts = normal
	if tag, err := NormalLanguage(s.Source); err == nil {
		s.Source = tag
	}
	for i, key := range s.Outdated {
		if tag, err := NormalLanguage(key); err == nil {
			s.Outdated[i] = tag
		}
	}
}

func isSnippetName(name string) bool {
	rest, ok := strings.CutPrefix(name, SnippetPrefix)
	if !ok || rest == "" || len(name) > 128 {
		return false
	}
	for part := range strings.SplitSeq(rest, ".") {
		if part == "" {
			return false
		}
		for _, r := range part {
			if r != '_' && r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
				return false
			}
		}
	}
	return true
}
