package catalog

import (
	"slices"
	"strings"

	"github.com/heraldsend/herald/helpers"
	"github.com/heraldsend/herald/render/handlebars"
)

// Table is the table of helpers for compiling templates. Helpers keep caches: share one table between compilations.
type Table []handlebars.Helper

// NewTable makes one.
func NewTable() Table { return helpers.All() }

// NewEnv makes the environment for compiling, with snippets and partials as their authors wrote them. dates are paths
// of fields that hold dates although neither the catalogue of fields nor their names say so.
func NewEnv(t Table, snippets map[string]*Snippet, partials map[string]string, dates []string, limits handlebars.Limits, marks *handlebars.Marks) (*handlebars.Env, error) {
	o := handlebars.Options{Helpers: t, Partials: partials, Limits: limits, Marks: marks, Show: shown(dates), Languages: Languages, Snippets: make(map[string]handlebars.Snippet, len(snippets))}
	for name, s := range snippets {
		o.Snippets[name] = handlebars.Snippet{Source: s.Source, Texts: s.Texts}
	}
	return handlebars.New(o)
}

// shown says how fields are printed that stand alone in a tag, as Kustomer prints them: dates with their time, the
// first and last message of a conversation as their text.
func shown(dates []string) func(path []string) handlebars.Show {
	bare := helpers.BareDates()
	return func(path []string) handlebars.Show {
		switch {
		case len(path) == 0:
			return nil
		case IsMessage(path[len(path)-1]):
			return messageText
		case TypeOfName(path[len(path)-1]) == TypeDate || slices.Contains(dates, strings.Join(path, ".")):
			return bare
		}
		return nil
	}
}

// IsMessage reports whether a field is a message, whose text is printed.
func IsMessage(name string) bool { return name == "firstMessageIn" || name == "lastMessageOut" }

// messageText is the text of a message that a context gives as an object.
func messageText(v handlebars.Value, _ *handlebars.Exec) handlebars.Value {
	if v.Kind() != handlebars.KindObject {
		return v
	}
	for _, name := range []string{"body", "preview", "subject"} {
		if text, ok := v.Get(name).Str(); ok && text != "" {
			return handlebars.String(text)
		}
	}
	return handlebars.String("")
}
