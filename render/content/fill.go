package content

import (
	"errors"
	"fmt"
	"html"
	"strconv"

	"github.com/heraldsend/herald/render/handlebars"
	"github.com/heraldsend/herald/render/meter"
	"github.com/heraldsend/herald/render/plain"
)

// Filling has the values for the holes, for one recipient.
type Filling struct {
	Meter     *meter.Meter // charged for all work
	Converter *Converter
	Limit     int    // of what is appended at once, in bytes
	HTMLBody  []byte // the message, for a layout
	TextBody  []byte
	Words     *Words // nil: English

	LeftOut func(value []byte)          // called with each value at a place where none is safe
	Address func(url []byte, err error) // called with each address that differs from what its author meant; see Nowhere

	output   []byte // of the marked template
	skeleton []byte
	spans    []span
	scratch  []byte
	label    int          // where the text of a link begins
	line     markdownLine // that is being written
	err      error        // of a value that could not be converted
}

// How often conversions read their source, as far as their time shows it.
const (
	markdownReads  = 4
	htmlReads      = 2
	sanitiserReads = 3
)

// charge takes the steps of n bytes. The error is one of a limit, or that of the context.
func (f *Filling) charge(n int) error { return f.limited(f.Meter.Bytes(n)) }

func (f *Filling) value(i int) []byte {
	if i >= len(f.spans) {
		return nil
	}
	return f.output[f.spans[i].start:f.spans[i].end]
}

// errOutput says that a content is larger than its limit.
func errOutput(limit int) error {
	return &handlebars.Error{Code: handlebars.CodeLimitOutput, Message: "the content has more than " + strconv.Itoa(limit) + " bytes"}
}

// limited turns an error of the meter or of the conversion to plain text into one of a limit.
func (f *Filling) limited(err error) error {
	switch {
	case errors.Is(err, plain.ErrTooLong):
		return errOutput(f.Limit)
	case errors.Is(err, meter.ErrSpent):
		return &handlebars.Error{Code: handlebars.CodeLimitSteps, Message: fmt.Sprintf("the content takes more than %d steps of work", f.Meter.Steps())}
	case errors.Is(err, plain.ErrTooDeep):
		return &handlebars.Error{Code: handlebars.CodeLimitNesting, Message: err.Error()}
	}
	return err
}

// fill appends p with its holes filled.
func (f *Filling) fill(dst []byte, p *pieces) ([]byte, error) {
	f.line = markdownLine{}
	f.err = nil
	most := len(dst) + f.Limit
	for i := range p.parts {
		part := &p.parts[i]
		dst = append(dst, part.text...)
		if part.hole.context != holeNone {
			dst = f.hole(dst, &part.hole)
		}
		if len(dst) > most {
			return nil, errOutput(f.Limit)
		}
		if err := f.Meter.Charge(1); err != nil {
			return nil, f.limited(err)
		}
		if f.err != nil {
			return nil, f.err
		}
	}
	return dst, nil
}

func (f *Filling) hole(dst []byte, h *hole) []byte {
	switch h.context {
	case holeHTML, holeAttribute:
		return appendHTML(dst, f.value(h.value), "\n")
	case holeHTMLBreaks:
		return appendHTML(dst, f.value(h.value), "<br>\n")
	case holeText:
		return appendLines(dst, f.value(h.value), h)
	case holeHTMLBody:
		return append(dst, f.HTMLBody...)
	case holeTextBody:
		return appendIndented(dst, f.TextBody, h.indent)
	case holeTextInHTML:
		return appendHTML(dst, f.TextBody, "<br>\n")
	case holeTextInAttribute:
		return appendHTML(dst, f.TextBody, "\n")
	case holeNoBody:
		f.leftOut([]byte("the message"))
	case holeAddress:
		return append(dst, html.EscapeString(f.target(h))...)
	case holeLabel:
		f.label = len(dst)
	case holeLink:
		label := string(dst[f.label:])
		return append(dst[:f.label], plain.Link(label, string(f.assembled(h)))...)
	case holeAddressText:
		return append(dst, plain.Link("", string(f.assembled(h)))...)
	case holeRaw, holeRawMarkdown, holeAgent:
		return append(dst, f.foreign(h)...)
	case holeRawText, holeRawMarkText, holeAgentText:
		return appendLines(dst, f.text(f.foreign(h)), h)
	case holeMarkdown, holeMarkdownRaw, holeMarkdownCode:
		return f.markdown(dst, h)
	case holeMarkdownBody:
		return append(dst, f.TextBody...)
	case holeMarkdownAddress:
		return append(dst, markdownAddress.Replace(f.target(h))...)
	case holeComment:
		return appendComment(dst, f.value(h.value))
	case holeCSS:
		before := len(dst)
		if dst = appendCSS(dst, f.value(h.value)); len(dst) == before {
			f.leftOut(f.value(h.value))
		}
	case holeWord, holeWordInText:
		return append(dst, f.Words.word(h.value, h.context == holeWordInText)...)
	case holeDrop:
		f.leftOut(f.value(h.value))
	}
	return dst
}

// foreign is the HTML of a value, in a form that is safe at its place.
func (f *Filling) foreign(h *hole) []byte {
	value := f.value(h.value)
	if err := f.charge(sanitiserReads * len(value)); err != nil {
		f.err = errors.Join(f.err, err)
		return nil
	}
	switch h.context {
	case holeRawMarkdown, holeRawMarkText:
		return f.Converter.rawMarkdown(f.Meter, value, h)
	case holeAgent, holeAgentText:
		return f.Converter.agentHTML(value, h)
	}
	return f.Converter.rawHTML(value, h)
}

// text is the text of a value's HTML.
func (f *Filling) text(safe []byte) []byte {
	out, err := f.Converter.rawText(f.Meter, safe, f.Limit)
	if err != nil {
		f.err = errors.Join(f.err, f.limited(err))
	}
	return []byte(out)
}

// assembled is a complete URL; "#" if it leads nowhere.
func (f *Filling) assembled(h *hole) []byte {
	url, err := h.address.assemble(f.scratch[:0], f.value)
	f.scratch = url
	if err != nil {
		f.Address(url, err)
		if Nowhere(err) {
			f.scratch = append(f.scratch[:0], nowhere...)
		}
	}
	return f.scratch
}

// target is a URL in the form that works.
func (f *Filling) target(h *hole) string {
	url := string(f.assembled(h))
	target, ok := plain.Address(url)
	if !ok {
		f.Address([]byte(url), errBadNumber)
		return nowhere
	}
	return target
}

func (f *Filling) leftOut(value []byte) {
	if len(value) > 0 {
		f.LeftOut(value)
	}
}
