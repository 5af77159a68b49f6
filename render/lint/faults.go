package lint

import (
	"cmp"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/handlebars"
	"github.com/heraldsend/herald/render/handlebars/syntax"
)

// faults tells what keeps the text from compiling: what was meant where that is known, else what the engine says.
func (t *text) faults() {
	_, err := t.catalog.Compile(t.Name, t.Text.Text)
	if err == nil {
		return
	}
	var first *handlebars.Error
	if !errors.As(err, &first) {
		t.tell(span(0, 0), nil, catalog.Error, "template", err.Error())
		return
	}
	var own []*handlebars.Error
	for _, e := range append([]*handlebars.Error{first}, first.More...) {
		if e.Template == t.Name {
			if e.Code != handlebars.CodeUnknownPartial || t.Role != catalog.RolePartial || !t.inlines[t.nameAt(t.offset(e.Line, e.Column))] { // its caller may bring it
				own = append(own, e)
			}
		} else {
			t.elsewhereFault(e)
		}
	}
	if len(own) == 0 {
		return
	}
	for _, tag := range t.raw() {
		if t.isFaulty(tag.Span) {
			continue
		}
		if g, ok := t.ending(tag); ok && (t.hasFault(own, tag) || tag.sigil == "" || g.code == "else_tag") {
			t.toldBlock(tag, g)
		} else if t.hasFault(own, tag) {
			if g, ok := t.recognise(tag); ok {
				t.toldBlock(tag, g)
			}
		}
	}
	for _, e := range own {
		t.fault(e)
	}
}

// elsewhereFault tells a fault that lies in another text. That text's own are told with it.
func (t *text) elsewhereFault(e *handlebars.Error) {
	switch syntax.FaultCode(e.Code) {
	case syntax.FaultSyntax, syntax.FaultUnclosed, syntax.FaultSnippet:
		return
	}
	switch e.Code {
	case handlebars.CodeArgument, handlebars.CodeUnknownHelper, handlebars.CodeUnknownPartial, handlebars.CodeUnknownSnippet:
		return
	}
	f := catalog.Finding{Severity: catalog.Error, Code: string(e.Code), Message: e.Message, Subject: t.Subject}
	f.File, f.Line, f.Column = t.catalog.Locate(e.Template, e.Line, e.Column)
	if name, _, ok := strings.Cut(e.Template, "@"); ok {
		f.Subject = "snippet " + name
	}
	t.add(f)
}

func (t *text) hasFault(own []*handlebars.Error, tag rawTag) bool {
	return slices.ContainsFunc(own, func(e *handlebars.Error) bool {
		at := t.offset(e.Line, e.Column)
		return tag.Start <= at && at < tag.End && string(e.Code) != string(syntax.FaultUnclosed)
	})
}

// offset turns line and column into a byte offset.
func (t *text) offset(line, column int) int {
	at := 0
	for ; line > 1; line-- {
		i := strings.IndexByte(t.Text.Text[at:], '\n')
		if i < 0 {
			break
		}
		at += i + 1
	}
	for i := range t.Text.Text[at:] {
		if column--; column <= 0 {
			return at + i
		}
	}
	return len(t.Text.Text)
}

// toldBlock is told, and notes what the tag is to the blocks around it.
func (t *text) toldBlock(tag rawTag, g guess) {
	if g.closes {
		if o, ok := t.openAt(tag); ok {
			t.ended = append(t.ended, o.at)
		}
	}
	if g.opens != "" {
		t.begun = append(t.begun, tag)
	}
	t.told(tag, g)
}

// fault tells what the engine says, unless it follows from what is told.
func (t *text) fault(e *handlebars.Error) {
	at := t.offset(e.Line, e.Column)
	tag, inTag := t.tagAt(at)
	unclosed := string(e.Code) == string(syntax.FaultUnclosed)
	switch {
	case unclosed && inTag && (slices.Contains(t.ended, tag.Start) || slices.Contains(t.guessed, tag.Start)):
		return
	case !unclosed && inTag && (t.isFaulty(tag.Span) || t.followsBegun(tag)):
		return
	case t.isFaulty(span(at, at+1)) && !unclosed:
		return
	}
	where := span(at, at)
	var edits []edit
	message := e.Message
	if inTag {
		where, edits, message = t.mendFault(e, at, tag)
	} else if e.Code == handlebars.CodeUnknownSnippet {
		where, edits, message = t.mendSnippet(e, at)
	}
	t.tell(where, edits, catalog.Error, string(e.Code), message)
	if unclosed { // its tag may have faults of its own
		return
	}
	t.faulty = append(t.faulty, span(where.Start, max(where.End, where.Start+1)))
	if inTag {
		t.faulty = append(t.faulty, tag.Span)
	}
}

// followsBegun says whether a tag is of a block whose opening tag was recognised though it lacks its #.
func (t *text) followsBegun(tag rawTag) bool {
	return slices.ContainsFunc(t.begun, func(b rawTag) bool {
		word, _ := b.word()
		return b.Start < tag.Start && (tag.sigil == "/" && tag.inner == word || tag.inner == "else" || tag.sigil == "else" || tag.sigil == "^")
	})
}

// nameAt is the name at a place.
func (t *text) nameAt(at int) string {
	rest := t.Text.Text[at:]
	return strings.Trim(rest[:strings.IndexAny(rest+" ", " \t\n}~)=")], `"'`)
}

var optionBefore = regexp.MustCompile(`([^\s=()]+)\s*=\s*$`)

// mendFault narrows the place of a fault in a tag, and mends a name that is nearly right.
func (t *text) mendFault(e *handlebars.Error, at int, tag rawTag) (where syntax.Span, edits []edit, message string) {
	where, message = span(at, max(at, tag.at.End)), e.Message
	if string(e.Code) == string(syntax.FaultUnclosed) {
		return tag.Span, nil, message
	}
	name := t.nameAt(at)
	switch e.Code {
	case handlebars.CodeUnknownHelper, handlebars.CodeUnknownPartial:
		where = span(at, at+len(name))
		if e.Suggestion != "" && name != "" {
			edits = []edit{{where, e.Suggestion}}
			if end, ok := t.closerOf(tag, name); ok && tag.sigil == "#" {
				edits = append(edits, edit{end.at, e.Suggestion})
			}
		}
	case handlebars.CodeArgument:
		m := optionBefore.FindStringSubmatchIndex(t.Text.Text[tag.Start:at])
		if m == nil || !strings.Contains(message, "has no option") {
			return where, nil, message
		}
		where = span(tag.Start+m[2], tag.Start+m[3])
		meant := cmp.Or(e.Suggestion, optionAliases[strings.ToLower(t.tree.Source(where))])
		if meant != "" && e.Suggestion == "" {
			message += "; did you mean " + handlebars.Quote(meant) + "?"
		}
		if meant != "" {
			edits = []edit{{where, meant}}
		}
	}
	return where, edits, message
}

// mendSnippet mends the name of a snippet that is nearly right.
func (t *text) mendSnippet(e *handlebars.Error, at int) (where syntax.Span, edits []edit, message string) {
	end := strings.Index(t.Text.Text[at:], "]]")
	if end < 0 {
		return span(at, at), nil, e.Message
	}
	where = span(at, at+end+2)
	name := strings.Trim(t.tree.Source(where), "[]")
	if meant := cmp.Or(t.snippetNamed(name), e.Suggestion); meant != "" {
		return where, []edit{{where, "[[" + meant + "]]"}}, "unknown snippet " + handlebars.Quote(name) + "; did you mean " + handlebars.Quote(meant) + "?"
	}
	return where, nil, e.Message
}
