package catalog

import (
	"regexp"
	"strings"
)

// snippetCall is a snippet in a text, with its name and the language that it names.
var snippetCall = regexp.MustCompile(`\[\[(sn\.[A-Za-z0-9_.-]+)(?: lang=([A-Za-z0-9_-]+))?\]\]`)

// shownDepth bounds snippets within snippets; those that lead to themselves don't compile.
const shownDepth = 8

// maxShown bounds what Shown inserts, in bytes; what is beyond stays as it is written.
const maxShown = 256 << 10

// Shown is a text as authors and agents read it in a list: its snippets in the language of the locale, or of the
// snippets' source, everything else as it is written. An unknown snippet stays.
func (c *Catalog) Shown(text, locale string) string {
	languages, err := Languages(locale)
	if err != nil {
		languages = nil
	}
	size := len(text)
	for range shownDepth {
		if !strings.Contains(text, "[["+SnippetPrefix) {
			break
		}
		text = snippetCall.ReplaceAllStringFunc(text, func(call string) string {
			parts := snippetCall.FindStringSubmatch(call)
			s, languages := c.snippets[parts[1]], languages
			if own, err := Languages(parts[2]); err == nil {
				languages = own
			}
			if s == nil || size > maxShown {
				return call
			}
			shown := strings.TrimSpace(s.In(languages))
			size += len(shown)
			return shown
		})
	}
	return text
}

// In is the snippet's text in the first of the languages that it has, or in its source language.
func (s *Snippet) In(languages []string) string {
	for _, language := range languages {
		if text, ok := s.Texts[language]; ok {
			return text
		}
	}
	return s.Texts[s.Source]
}
