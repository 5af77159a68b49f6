package catalog

import (
	"fmt"
	"sort"
	"strings"
)

// Severity says whether a finding stops anything.
type Severity string

// An Error keeps a catalog from loading or a template from compiling. A Warning is something that a customer may
// notice.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Finding is one fault of a catalog, at the place where its author can correct it.
type Finding struct {
	Severity Severity `json:"severity"`
	Code     string   `json:"code"` // stable, e.g. "unknown_snippet"; templates/README.md lists them
	File     string   `json:"file"` // slash-separated, relative to the catalog's root
	Line     int      `json:"line,omitempty"`
	Column   int      `json:"column,omitempty"` // 1-based, in runes; 0: the whole line
	// EndLine and EndColumn are behind the fault; 0: only its beginning is known.
	EndLine   int    `json:"endLine,omitempty"`
	EndColumn int    `json:"endColumn,omitempty"`
	Message   string `json:"message"`
	Subject   string `json:"subject,omitempty"` // the shortcut, snippet, or template it is about
	Template  string `json:"-"`                 // the text, as Locate names it; "" where it is in none
	Fix       *Fix   `json:"fix,omitempty"`     // how to correct it; nil if only the author can know
}

// Fix corrects a finding: all edits together, in the file of the finding.
type Fix struct {
	Edits []Edit `json:"edits"` // in the order of the file, none over another
}

// Edit replaces a text by another. It counts lines and columns like a Finding. If both ends are equal, it inserts the
// text.
type Edit struct {
	Line      int    `json:"line"`
	Column    int    `json:"column"`
	EndLine   int    `json:"endLine"`
	EndColumn int    `json:"endColumn"`
	Text      string `json:"text"`
}

// String returns "file:line:col: message".
func (f Finding) String() string {
	var b strings.Builder
	b.WriteString(f.File)
	if f.Line > 0 {
		fmt.Fprintf(&b, ":%d", f.Line)
		if f.Column > 0 {
			fmt.Fprintf(&b, ":%d", f.Column)
		}
	}
	if f.File != "" {
		b.WriteString(": ")
	}
	if f.Severity == Warning {
		b.WriteString("warning: ")
	}
	b.WriteString(f.Message)
	return b.String()
}

// LoadError has all faults that keep a catalog from loading.
type LoadError struct {
	Findings []Finding
}

func (e *LoadError) Error() string {
	lines := make([]string, len(e.Findings))
	for i, f := range e.Findings {
		lines[i] = f.String()
	}
	return strings.Join(lines, "\n")
}

// ErrorsOf returns the findings of severity Error.
func ErrorsOf(all []Finding) []Finding {
	var out []Finding
	for _, f := range all {
		if f.Severity == Error {
			out = append(out, f)
		}
	}
	return out
}

// SortFindings orders findings by file and line.
func SortFindings(all []Finding) {
	sort.SliceStable(all, func(i, j int) bool {
		a, b := all[i], all[j]
		switch {
		case a.File != b.File:
			return a.File < b.File
		case a.Line != b.Line:
			return a.Line < b.Line
		case a.Column != b.Column:
			return a.Column < b.Column
		case a.Code != b.Code:
			return a.Code < b.Code
		}
		return a.Message < b.Message
	})
}
