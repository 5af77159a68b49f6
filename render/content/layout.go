package content

import (
	"slices"
	"strings"

	"github.com/heraldsend/herald/render/cache"
)

// Format is the language of a message.
type Format string

// The formats. Markdown is CommonMark with tables, strikethrough and bare
// links; values of fields never become Markdown or HTML.
const (
	Markdown Format = "markdown"
	HTML     Format = "html"
	Text     Format = "text"
)

// Message lays out the output of one template, as HTML and text, or as Markdown. It keeps the layouts: equal texts of
// the author have the same layout, whatever the values are. It is safe for concurrent use.
type Message struct {
	Format Format
	Styles map[string]string // inlined on elements of a Markdown message
	Files  map[string]string // content ids of the pictures that travel with an email, by file name
	// RightToLeft is for languages that are written so; Styles are in that form already.
	RightToLeft bool

	laidOut layouts
	marked  layouts
}

// Page lays out the output of an email template. It is safe for concurrent use.
type Page struct {
	Files   map[string]string // as a Message's
	laidOut layouts
	twins   layouts
}

// layouts are those that were made, by skeleton.
type layouts = cache.Map[string, *Laid]

// Laid is a layout with holes for values.
type Laid struct {
	html, text *pieces
	HasBody    bool // of an email template or its text, and of a note's: the message stands in it
}

// Buffer is the memory of the last output, for reuse.
func (f *Filling) Buffer() []byte { return f.output[:0] }

// take takes the output of a marked template: its values fill the holes.
func (f *Filling) take(output []byte) {
	f.output = output
	f.skeleton, f.spans = split(output, f.skeleton[:0], f.spans[:0])
}

// LayMessage takes a message's output and finds its layout as HTML and as text.
func (f *Filling) LayMessage(m *Message, output []byte) (*Laid, error) {
	f.take(output)
	if found, ok := m.laidOut.All()[string(f.skeleton)]; ok {
		return found, nil
	}
	made, err := f.layOut(m)
	if err != nil {
		return nil, err
	}
	return putLayout(&m.laidOut, f.skeleton, made), nil
}

func (f *Filling) layOut(m *Message) (*Laid, error) {
	t := NewTokens(f.skeleton)
	source := t.insert(f.skeleton, m.Format != Text)
	o := htmlOptions{styles: m.Styles, files: m.Files}
	out := &Laid{}
	switch m.Format {
	case Text:
		o.breaks = true
		out.text = textPieces(strings.TrimSpace(source), t, nil, false, false)
		source = textToHTML(source)
	case Markdown:
		o.breaks, o.markdown, o.mirrored = true, true, m.RightToLeft
		converted, err := f.Converter.html(f.Meter, source, t)
		if err != nil {
			return nil, f.limited(err)
		}
		source = withoutEmptied(converted, t)
	}
	laid, err := f.layOutHTML(source, t, o)
	if err != nil {
		return nil, err
	}
	out.html = laid.html
	if out.text == nil {
		text, err := f.layOutText(laid, t, o.markdown)
		if err != nil {
			return nil, err
		}
		out.text = text
	}
	return out, nil
}

// layOutHTML is layOutHTML within the limits of the filling.
func (f *Filling) layOutHTML(source string, t Tokens, o htmlOptions) (htmlLayout, error) {
	if err := f.charge(htmlReads * len(source)); err != nil {
		return htmlLayout{}, err
	}
	return layOutHTML(source, t, o), nil
}

// layOutText is layOutText within the limits of the filling.
func (f *Filling) layOutText(l htmlLayout, t Tokens, markdown bool) (*pieces, error) {
	p, err := layOutText(f.Meter, l, t, f.Limit*t.Length(), markdown)
	if err != nil {
		return nil, f.limited(err)
	}
	return p, nil
}

// LayPage takes the output of an email template and finds its layout. Its text is laid out if there is no twin.
func (f *Filling) LayPage(p *Page, output []byte, twin bool) (*Laid, error) {
	f.take(output)
	if found, ok := p.laidOut.All()[string(f.skeleton)]; ok {
		return found, nil
	}
	t := NewTokens(f.skeleton)
	laid, err := f.layOutHTML(t.insert(f.skeleton, true), t, htmlOptions{files: p.Files})
	if err != nil {
		return nil, err
	}
	made := &Laid{html: laid.html, HasBody: laid.html.haveBody()}
	if !twin {
		if made.text, err = f.layOutText(laid, t, false); err != nil {
			return nil, err
		}
	}
	return putLayout(&p.laidOut, f.skeleton, made), nil
}

// LayTwin takes the output of an email template's text and finds its layout, which is text alone.
func (f *Filling) LayTwin(p *Page, output []byte) *Laid {
	f.take(output)
	if found, ok := p.twins.All()[string(f.skeleton)]; ok {
		return found
	}
	t := NewTokens(f.skeleton)
	text := textPieces(t.insert(f.skeleton, false), t, nil, false, false)
	return putLayout(&p.twins, f.skeleton, &Laid{text: text, HasBody: text.haveBody()})
}

// haveBody reports whether p holds the message.
func (p *pieces) haveBody() bool {
	return slices.ContainsFunc(p.parts, func(part piece) bool {
		switch part.hole.context {
		case holeHTMLBody, holeTextBody, holeTextInHTML, holeMarkdownBody:
			return true
		}
		return false
	})
}

// AppendHTML appends a layout's HTML with its values. The errors are that of the limit and that of ctx.
func (f *Filling) AppendHTML(dst []byte, l *Laid) ([]byte, error) { return f.fill(dst, l.html) }

// AppendText appends a layout's text, or Markdown, with its values.
func (f *Filling) AppendText(dst []byte, l *Laid) ([]byte, error) { return f.fill(dst, l.text) }

// AppendOneLine appends text with every run of white space as one space, none at the ends.
func AppendOneLine(dst, text []byte) []byte { return appendOneLine(dst, text) }

// Unmark removes the marks from the output of a marked template, in place.
func Unmark(output []byte) []byte { return unmark(output) }

// AppendAsMarkdown appends the output of a marked text template as Markdown that shows it unchanged.
func AppendAsMarkdown(dst, output []byte) []byte { return AppendTextAsMarkdown(dst, unmark(output)) }

// maxCachedSkeleton bounds, in bytes, the skeletons that are kept. Larger ones mostly belong to a single recipient:
// that of a transcript has a mark for every message.
const maxCachedSkeleton = 64 << 10

// putLayout keeps the layout of a skeleton.
func putLayout[V any](c *cache.Map[string, V], skeleton []byte, value V) V {
	if len(skeleton) > maxCachedSkeleton {
		return value
	}
	return c.Put(string(skeleton), value)
}
