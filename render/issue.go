package render

import (
	"strings"

	"github.com/heraldsend/herald/render/handlebars"
)

// Issue is something that rendering found, and went on, and that the recipient may notice: a field without a value, a
// snippet in another language.
type Issue struct {
	Code     string `json:"code"` // stable: see the Issue constants, and those of render/handlebars and helpers
	Message  string `json:"message"`
	Field    string `json:"field,omitempty"` // the field or snippet it concerns
	Part     string `json:"part,omitempty"`  // subject, preheader, message, layout
	Template string `json:"template,omitempty"`
	Line     int    `json:"line,omitempty"`
	Column   int    `json:"column,omitempty"`
}

// Codes of issues of this package.
const (
	IssueMissingField    = string(handlebars.IssueMissingField)
	IssueEmptyField      = string(handlebars.IssueEmptyField)
	IssueSnippetFallback = string(handlebars.IssueSnippetFallback)
	IssueUnknownLocale   = "unknown_locale" // the locale is no language tag: the default was used
	IssueUnsafeURL       = "unsafe_url"     // an address with a value that could run a script or leads nowhere: "#" was used
	IssueUnsafePlace     = "unsafe_place"   // data at a place where none is safe, such as a script, was left out
	IssueSubjectLines    = "subject_lines"  // a subject had line breaks: they became spaces
	IssueEmptySubject    = "empty_subject"  // an email's subject is empty
	IssueEmptyMessage    = "empty_message"  // there is no text to send
)

// maxIssues bounds the issues of one content.
const maxIssues = 100

// issueLog collects the issues of one rendering, each once.
type issueLog struct {
	list []Issue
	part string
}

func (l *issueLog) add(i Issue) {
	if len(l.list) >= maxIssues {
		return
	}
	for _, other := range l.list {
		if other == i {
			return
		}
	}
	l.list = append(l.list, i)
}

// note is the engine's OnIssue.
func (l *issueLog) note(i handlebars.Issue) {
	if i.Code == handlebars.IssueEmptyField && strings.HasPrefix(i.Field, "draft.") {
		return // what a layout prints of the message itself: an empty subject or text is an issue of its own
	}
	l.add(Issue{
		Code: string(i.Code), Message: i.Message, Field: i.Field, Part: l.part,
		Template: i.Template, Line: i.Line, Column: i.Column,
	})
}
