package catalog

import (
	"slices"
	"strings"

	"github.com/heraldsend/herald/helpers"
	"github.com/heraldsend/herald/render/handlebars"
)

// Table is the helpers that templates are compiled with. They keep caches: share
// a table where templates are compiled again and again.
type Table []handlebars.Helper

// NewTable makes one.
func NewTable() Table { return helpers.All() }

// NewEnv compiles against snippets and partials as their authors wrote them. dates are paths of fields that hold dates, though
// neither the catalogue of fields nor their names tell it.
func NewEnv(t Table, snippets map[string]*Snippet, partials map[string]string, dates []string, limits handlebars.Limits, marks *handlebars.Marks) (*handlebars.Env, error) {
	o := handlebars.Options{Helpers: t, Partials: partials, Limits: limits, Marks: marks, Show: shown(dates), Snippets: make(map[string]handlebars.Snippet, len(snippets))}
	for name, s := range snippets {
		o.Snippets[name] = handlebars.Snippet{Source: s.Source, Texts: s.Texts}
	}
	return handlebars.New(o)
}

// shown says how fields are printed that stand in a tag by themselves, as Kustomer prints them: dates with their time, the first
// and last message of a conversation by their text.
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

// IsMessage says whether a field is a message, of which the text is printed.
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
