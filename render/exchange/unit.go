package exchange

import (
	"fmt"

	"github.com/heraldsend/herald/render/catalog"
)

// State says what a translator has to do.
type State string

// The states.
const (
	Missing  State = "missing"  // there is no text in the language
	Outdated State = "outdated" // the source has changed since
	Current  State = "current"  // nothing
)

// Unit is one snippet in one language.
type Unit struct {
	Name   string // of the snippet
	Note   string // its description
	Source string // text in the source language
	Target string // text in the language; "" where it is missing
	State  State
}

// Sheet is what goes to a translator: texts from one language to another.
type Sheet struct {
	From, To string // language tags
	Units    []Unit // by name
}

// Limits of what is read.
const (
	MaxBytes = 16 << 20 // of a file
	maxUnits = 50_000
	maxText  = 256 << 10 // bytes of one text
	maxDepth = 32        // elements within each other
)

// NewSheet collects the snippets whose source language is from and their texts in the language to, all of them or only
// those with something to do. others counts the snippets with another source language, which are left out.
func NewSheet(c *catalog.Catalog, from, to string, all bool) (sheet Sheet, others int, err error) {
	if sheet.From, err = catalog.NormalLanguage(from); err != nil {
		return Sheet{}, 0, err
	}
	if sheet.To, err = catalog.NormalLanguage(to); err != nil {
		return Sheet{}, 0, err
	}
	if sheet.From == sheet.To {
		return Sheet{}, 0, fmt.Errorf("%s is the language that the texts are in", sheet.To)
	}
	for s := range c.AllSnippets() {
		if s.Source != sheet.From {
			others++
			continue
		}
		u := Unit{Name: s.Name, Note: s.Description, Source: s.Texts[s.Source], Target: s.Texts[sheet.To], State: StateOf(s, sheet.To)}
		if all || u.State != Current {
			sheet.Units = append(sheet.Units, u)
		}
	}
	return sheet, others, nil
}

// StateOf is the state of a snippet in a language, given as the catalog normalizes it.
func StateOf(s *catalog.Snippet, language string) State {
	if _, has := s.Texts[language]; !has {
		return Missing
	}
	for _, outdated := range s.Outdated {
		if outdated == language {
			return Outdated
		}
	}
	return Current
}
