package migrate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Report says what an import or export made, and what it could not carry over.
type Report struct {
	Shortcuts  int       `json:"shortcuts"`
	Snippets   int       `json:"snippets"`
	Templates  int       `json:"templates"`
	Categories int       `json:"categories"`
	Renamed    []Renamed `json:"renamed"`
	Left       []Left    `json:"left"`
}

// Renamed is a name that could not stay as it was.
type Renamed struct {
	Kind string `json:"kind"`
	ID   string `json:"id,omitempty"`
	From string `json:"from"`
	To   string `json:"to"`
}

// Left is something that was not carried over.
type Left struct {
	Kind  string `json:"kind"`            // shortcut, snippet, template, …
	Name  string `json:"name"`            // of the object
	Field string `json:"field,omitempty"` // "" for the whole object
	Why   string `json:"why"`
}

// String is a line for people.
func (l Left) String() string {
	what := l.Kind + " " + l.Name
	if l.Field != "" {
		what += ", " + l.Field
	}
	return what + ": " + l.Why
}

func (r *Report) left(kind, name, field, format string, args ...any) {
	r.Left = append(r.Left, Left{kind, name, field, fmt.Sprintf(format, args...)})
}

// sort brings the lists into one order.
func (r *Report) sort() {
	slices.SortStableFunc(r.Left, func(a, b Left) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Name, b.Name), strings.Compare(a.Field, b.Field))
	})
	slices.SortStableFunc(r.Renamed, func(a, b Renamed) int { return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.To, b.To)) })
}
