package render

import (
	"strings"

	"golang.org/x/net/html"
)

// output checks where in the page values are printed.
func (l *linter) output(p *TemplateText) {
	switch p.Role {
	case RoleText, RoleTwin:
		return
	}
	tags := scanTags(p.Text)
	var skeleton strings.Builder
	pos := 0
	t := newTokens([]byte(p.Text))
	for i, tag := range tags {
		skeleton.WriteString(p.Text[pos:tag.start])
		pos = tag.end
		switch tag.kind {
		case tagPrint:
			skeleton.WriteString(t.string(i, kindValue))
		case tagPrintRaw:
			skeleton.WriteString(t.string(i, kindRaw))
		}
	}
	skeleton.WriteString(p.Text[pos:])
	o := &outputLinter{linter: l, place: p, tags: tags, tokens: t}
	if p.Role == RoleBody || p.Role == RoleSnippet {
		o.markdownLinks(skeleton.String())
	}
	o.page(skeleton.String())
}

type outputLinter struct {
	*linter
	place  *TemplateText
	tags   []tag
	tokens tokens
}

// each calls found for every token in s.
func (o *outputLinter) each(s string, found func(at int, t tag)) {
	for done := 0; ; {
		at, index, _ := o.tokens.next(s[done:])
		if at < 0 {
			return
		}
		if index < len(o.tags) {
			found(done+at, o.tags[index])
		}
		done += at + o.tokens.length()
	}
}

func (o *outputLinter) warn(t tag, code, format string, args ...any) {
	o.at(o.place, t.start, Warning, code, format, args...)
}

// markdownLinks looks at [text](address).
func (o *outputLinter) markdownLinks(source string) {
	o.each(source, func(at int, t tag) {
		if strings.HasSuffix(source[:at], "](") {
			o.address(t)
		}
	})
}

func (o *outputLinter) address(t tag) {
	path := strings.TrimSpace(t.inside)
	if strings.HasPrefix(path, "customer.") || strings.HasPrefix(path, "../customer.") {
		o.warn(t, "address_from_data", "the whole address comes from %s: it is replaced by # unless it is http, https, mailto, or tel", path)
	}
}

func (o *outputLinter) page(source string) {
	z := html.NewTokenizer(strings.NewReader(source))
	within := ""
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return
		}
		raw := string(z.Raw())
		switch kind {
		case html.StartTagToken, html.SelfClosingTagToken:
			within = o.startTag(z, raw)
		case html.EndTagToken:
			within = ""
		case html.TextToken:
			if within == "script" {
				o.each(raw, func(_ int, t tag) {
					o.warn(t, "unsafe_place", "a value in a script is left out: no value is safe there")
				})
			}
		}
	}
}

func (o *outputLinter) startTag(z *html.Tokenizer, raw string) string {
	nameBytes, more := z.TagName()
	name := string(nameBytes)
	if !o.tokens.has(raw) {
		return name
	}
	o.each(name, func(_ int, t tag) { o.warn(t, "unsafe_place", "a value as the name of an element is printed as text") })
	for more {
		var key, value []byte
		key, value, more = z.TagAttr()
		o.attribute(string(key), string(value), raw)
	}
	return name
}

func (o *outputLinter) attribute(name, value, raw string) {
	o.each(name, func(_ int, t tag) { o.warn(t, "unsafe_place", "a value as the name of an attribute is left out") })
	o.each(value, func(at int, t tag) {
		token := value[at : at+o.tokens.length()]
		if at == 0 && strings.Contains(raw, "="+token) {
			o.warn(t, "unquoted_attribute", "the value of %s stands without quotes; write %s=\"…\"", name, name)
		}
		if t.kind == tagPrintRaw {
			o.warn(t, "raw_in_attribute", "three braces do nothing in an attribute: the value of %s is escaped all the same", name)
		}
		switch {
		case strings.HasPrefix(name, "on") || name == "srcdoc":
			o.warn(t, "unsafe_place", "a value in %s is left out: no value is safe there", name)
		case isAddress(name) && strings.TrimSpace(value[:at]) == "":
			o.address(t)
		}
	})
}
