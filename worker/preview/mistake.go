package preview

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/handlebars"
	"github.com/heraldsend/herald/render/lint"
	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/compose"
)

// Place is the place of something. Path names a text of the shown shortcut, and Line and Column count in that text.
// Without a Path they count in File, a file of the templates' folder.
type Place struct {
	Path     string `json:"path,omitempty" doc:"Key in the shortcut: message, subject, channels.sms.message, …; context or from"`
	Template string `json:"template,omitempty" doc:"The template's name, such as sn.greeting@de"`
	File     string `json:"file,omitempty" doc:"File below the templates' folder"`
	Line     int    `json:"line,omitempty" doc:"From 1"`
	Column   int    `json:"column,omitempty" doc:"From 1, in characters"`
}

// Mistake is why a message can't be rendered.
type Mistake struct {
	Code       string          `json:"code"`
	Message    string          `json:"message"`
	Channel    catalog.Channel `json:"channel,omitempty" doc:"The only channel that it concerns"`
	Source     string          `json:"source,omitempty" doc:"The line of the template"`
	Suggestion string          `json:"suggestion,omitempty" doc:"The name that was probably meant"`
	Fix        []catalog.Edit  `json:"fix,omitempty" doc:"What mends it: edits of the text at the path, all together"`
	Place
}

// Warning is something that recipients would notice, though perhaps not this one.
type Warning struct {
	Code    string         `json:"code"`
	Message string         `json:"message"`
	Fix     []catalog.Edit `json:"fix,omitempty" doc:"What mends it: edits of the text at the path, all together"`
	Place
}

// editsOf are the edits of a finding's fix.
func editsOf(f catalog.Finding) []catalog.Edit {
	if f.Fix == nil {
		return nil
	}
	return f.Fix.Edits
}

// recognise says of the mistakes what their author probably meant, as lint does.
func (r *rendering) recognise() {
	s := r.req.Inline
	if s == nil {
		named, err := r.catalog.Shortcut(r.req.Shortcut)
		if err != nil {
			return
		}
		s = &named
	}
	told := slices.Concat([]Mistake{}, r.result.Mistakes)
	faulty := func(path string) bool {
		return slices.ContainsFunc(r.result.Mistakes, func(m Mistake) bool { return m.Path == path })
	}
	seen := map[string]bool{}
	for _, a := range lint.Shortcut(r.catalog, *s, lint.Options{Faults: true, Texts: true}) {
		if a.Severity != catalog.Error || !faulty(a.Path) {
			continue
		}
		if !seen[a.Path] { // lint tells all that is wrong with a text, the engine's words for it are not needed
			told = slices.DeleteFunc(told, func(m Mistake) bool { return m.Path == a.Path })
			seen[a.Path] = true
		}
		m := Mistake{Code: a.Code, Message: a.Message, Fix: editsOf(a.Finding), Source: r.sourceLine(a.Path, a.Line, ""),
			Place: Place{Path: a.Path, Template: r.result.Name + "/" + a.Path, Line: a.Line, Column: a.Column}}
		for _, known := range r.result.Mistakes {
			if known.Path == a.Path && !before(known.Line, known.Column, a.Line, a.Column) && before(known.Line, known.Column, a.EndLine, a.EndColumn) {
				m.Suggestion, m.Channel, m.Source = known.Suggestion, known.Channel, first(m.Source, known.Source)
			}
		}
		told = append(told, m)
	}
	r.result.Mistakes = told
}

// before says whether a place comes before another.
func before(line, column, otherLine, otherColumn int) bool {
	return line < otherLine || line == otherLine && column < otherColumn
}

// place is the place of a template's line, for the person who edits the shortcut.
func (r *rendering) place(template string, line, column int) Place {
	p := Place{Template: template, Line: line, Column: column}
	if path, ok := strings.CutPrefix(template, r.result.Name+"/"); ok {
		p.Path = path
		return p
	}
	if template != "" {
		p.File, p.Line, p.Column = r.catalog.Locate(template, line, column)
	}
	return p
}

// mistake adds an error; of joined errors each, and each only once: channels share their texts.
func (r *rendering) mistake(channel catalog.Channel, err error) {
	for _, fault := range catalog.Faults(err) {
		r.addMistake(channel, r.mistakeOf(fault))
	}
}

func (r *rendering) addMistake(channel catalog.Channel, f Mistake) {
	for i := range r.result.Mistakes {
		known := &r.result.Mistakes[i]
		if f.Code == known.Code && f.Message == known.Message && f.Place == known.Place {
			known.Channel = "" // more than one has it
			return
		}
	}
	f.Channel = channel
	r.result.Mistakes = append(r.result.Mistakes, f)
}

func (r *rendering) mistakeOf(err error) Mistake {
	var template *catalog.TemplateError
	var engine *handlebars.Error
	var unknown *catalog.UnknownError
	var file *attach.Error
	var verdict *compose.Verdict
	switch {
	case errors.As(err, &template) && errors.As(template.Err, &engine):
		f := Mistake{Code: template.Code, Message: template.Message, Suggestion: engine.Suggestion}
		line, column := template.Line, template.Column
		if template.File != "" { // the place is already the file's
			line, column = engine.Line, engine.Column
		}
		f.Place = r.place(template.Template, line, column)
		f.Source = r.sourceLine(f.Path, f.Line, template.Source)
		return f
	case errors.As(err, &unknown):
		return Mistake{Code: "unknown_" + strings.ReplaceAll(unknown.Kind, " ", "_"), Message: unknown.Error(), Suggestion: unknown.Suggestion}
	case errors.As(err, &file):
		return Mistake{Code: file.Code, Message: file.Error()}
	case errors.As(err, &verdict):
		return Mistake{Code: verdict.Code, Message: verdict.Text}
	case errors.Is(err, context.DeadlineExceeded):
		return Mistake{Code: "timeout", Message: "the message took too long to render"}
	}
	return Mistake{Code: "invalid", Message: err.Error()}
}

// sourceLine is the author's line; the engine may have seen a marked copy of it.
func (r *rendering) sourceLine(path string, line int, known string) string {
	s := r.req.Inline
	if known != "" || s == nil || line < 1 {
		return known
	}
	texts := map[string]string{"subject": s.Subject, "preheader": s.Preheader, "message": s.Message}
	lines := strings.Split(texts[path], "\n")
	if line > len(lines) {
		return ""
	}
	if text := []rune(lines[line-1]); len(text) > 100 {
		return string(text[:97]) + "..."
	}
	return lines[line-1]
}

// contextMistake gives a fault of the context its place.
func contextMistake(data []byte, err error) Mistake {
	f := Mistake{Code: "context", Message: strings.TrimPrefix(err.Error(), "context: "), Place: Place{Path: "context", Line: 1, Column: 1}}
	var fault *handlebars.JSONError
	if errors.As(err, &fault) {
		f.Message = fault.Message
		f.Line, f.Column = LineAndColumn(data, fault.Offset)
	}
	return f
}

// LineAndColumn turns a byte offset into a place: both from 1, columns in characters.
func LineAndColumn(data []byte, offset int) (line, column int) {
	before := string(data[:min(max(offset, 0), len(data))])
	return strings.Count(before, "\n") + 1, len([]rune(before[strings.LastIndexByte(before, '\n')+1:])) + 1
}
