package lint

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/handlebars"
	"github.com/heraldsend/herald/render/sms"
)

// segments renders every text of an SMS in every language, with fields of a
// usual length, and reports those that cost much.
func (l *linter) segments() {
	r, err := render.New(render.Options{})
	if err != nil {
		return
	}
	for s := range l.catalog.AllShortcuts() {
		for _, c := range catalog.Channels() {
			if c.Form() == catalog.FormText {
				l.segmentsOn(r, s, c)
			}
		}
	}
}

// segmentsOn looks at what was written for a channel. What was not is judged when it is sent.
func (l *linter) segmentsOn(r *render.Renderer, s *catalog.Shortcut, c catalog.Channel) {
	if own := s.Channels[c].Message; own == nil || *own == "" {
		return
	}
	only := *s
	only.Channels = map[catalog.Channel]catalog.Override{c: s.Channels[c]}
	only.Subject, only.Preheader, only.Message, only.Attachments, only.EmailTemplate = "", "", "", nil, catalog.NoTemplate
	b, err := l.catalog.InlineBundle(only)
	if err != nil {
		return // reported where it stands
	}
	if p, err := r.Open(b); err == nil {
		l.worstSegments(p, s, c)
	}
}

func (l *linter) worstSegments(p *render.Prepared, s *catalog.Shortcut, channel catalog.Channel) {
	languages := map[string]bool{"en": true}
	for _, snippet := range p.Bundle().Snippets {
		for language := range snippet.Texts {
			languages[language] = true
		}
	}
	data := l.exampleContext(s)
	at := &catalog.Text{Name: s.Name + "/channels." + string(channel) + ".message", Text: *s.Channels[channel].Message, Subject: "shortcut " + s.Name}
	var worst *sms.Size
	in := ""
	for _, language := range slices.Sorted(maps.Keys(languages)) {
		c, err := p.Render(context.Background(), render.Request{Channel: channel, Context: data, Locale: language})
		if err != nil {
			return
		}
		if worst == nil || c.SMS.Segments > worst.Segments {
			worst, in = c.SMS, language
		}
		if c.SMS.Encoding == sms.UCS2 && isLatin(language) {
			f := firstTypographic(c.SMS.Forcing)
			if f == nil {
				continue // letters of the language: the author knows
			}
			l.start(at, catalog.Warning, "sms_unicode", "in %s, %s makes this a Unicode message of %s; %s would not", language, handlebars.Quote(f.Text), counted(c.SMS.Segments, "segment"), handlebars.Quote(f.Swap))
		}
	}
	if worst != nil && worst.Segments > l.options.Segments {
		l.start(at, catalog.Warning, "sms_segments", "in %s this is about %d segments (%s)", in, worst.Segments, worst.Encoding)
	}
}

// firstTypographic finds a quote, dash, or space that could be a plain one.
func firstTypographic(list []sms.Forcing) *sms.Forcing {
	for i, f := range list {
		if r, _ := utf8.DecodeRuneInString(f.Text); f.Swap != "" && !unicode.IsLetter(r) {
			return &list[i]
		}
	}
	return nil
}

// isLatin says whether a language is usually written in letters that GSM-7
// has mostly.
func isLatin(language string) bool {
	switch base, _, _ := strings.Cut(language, "-"); base {
	case "en", "de", "fr", "es", "it", "nl", "pt", "sv", "da", "fi", "nb", "no":
		return true
	}
	return false
}

// exampleContext holds every field that the shortcut prints, of a usual length.
func (l *linter) exampleContext(s *catalog.Shortcut) []byte {
	root := make(map[string]any)
	for _, source := range s.Texts() {
		t, err := l.catalog.Compile(source.Name, source.Text)
		if err != nil {
			continue
		}
		for _, path := range t.Refs().Fields {
			parts := strings.Split(path, ".")
			at := root
			for _, part := range parts[:len(parts)-1] {
				next, ok := at[part].(map[string]any)
				if !ok {
					next = make(map[string]any)
					at[part] = next
				}
				at = next
			}
			if _, taken := at[parts[len(parts)-1]]; !taken {
				at[parts[len(parts)-1]] = l.example(path)
			}
		}
	}
	data, err := json.Marshal(root)
	if err != nil {
		panic(fmt.Sprintf("render: maps of texts must encode: %v", err))
	}
	return data
}

// example is the sample that fields.yaml has for a field, or a value of a usual length.
func (l *linter) example(path string) any {
	for _, f := range l.own {
		if f.Path == path && f.Sample != nil {
			return f.Sample
		}
	}
	kind, _ := l.fields.Find(strings.Split(path, "."))
	return exampleOf(kind)
}

func exampleOf(t catalog.FieldType) any {
	switch t {
	case catalog.TypeNumber:
		return 120
	case catalog.TypeBool:
		return true
	case catalog.TypeDate:
		return "2019-09-18T00:00:00Z"
	}
	return "Alexandria"
}
