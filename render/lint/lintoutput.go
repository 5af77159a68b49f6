package lint

import (
	"strings"

	"golang.org/x/net/html"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/content"
	"github.com/heraldsend/herald/render/handlebars/syntax"
)

// output checks where in the page values are printed.
func (l *linter) output(p *catalog.Text) {
	switch p.Role {
	case catalog.RoleText, catalog.RoleTwin:
		return
	}
	tags := syntax.ScanTags(p.Text)
	var skeleton strings.Builder
	pos := 0
	t := content.NewTokens([]byte(p.Text))
	for i, tag := range tags {
		skeleton.WriteString(p.Text[pos:tag.Start])
		pos = tag.End
		switch tag.Kind {
		case syntax.TagPrint:
			skeleton.WriteString(t.Token(i, content.KindValue))
		case syntax.TagPrintRaw:
			skeleton.WriteString(t.Token(i, content.KindRaw))
		}
	}
	skeleton.WriteString(p.Text[pos:])
	o := &outputLinter{linter: l, place: p, tags: tags, tokens: t}
	if p.Role == catalog.RoleBody || p.Role == catalog.RoleSnippet {
		o.markdownLinks(skeleton.String())
	}
	o.page(skeleton.String())
}

type outputLinter struct {
	*linter
	place  *catalog.Text
	tags   []syntax.Tag
	tokens content.Tokens
}

// each calls found for every token in s.
func (o *outputLinter) each(s string, found func(at int, t syntax.Tag)) {
	for done := 0; ; {
		at, index, _ := o.tokens.Next(s[done:])
		if at < 0 {
			return
		}
		if index < len(o.tags) {
			found(done+at, o.tags[index])
		}
		done += at + o.tokens.Length()
	}
}

func (o *outputLinter) warn(t syntax.Tag, code, format string, args ...any) {
	o.at(o.place, t.Start, catalog.Warning, code, format, args...)
}

// markdownLinks looks at [text](address).
func (o *outputLinter) markdownLinks(source string) {
	o.each(source, func(at int, t syntax.Tag) {
		if strings.HasSuffix(source[:at], "](") {
			o.address(t)
		}
	})
}

func (o *outputLinter) address(t syntax.Tag) {
	path := strings.TrimSpace(t.Inside)
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
				o.each(raw, func(_ int, t syntax.Tag) {
					o.warn(t, "unsafe_place", "a value in a script is left out: no value is safe there")
				})
			}
		}
	}
}

func (o *outputLinter) startTag(z *html.Tokenizer, raw string) string {
	nameBytes, more := z.TagName()
	name := string(nameBytes)
	if !o.tokens.Has(raw) {
		return name
	}
	o.each(name, func(_ int, t syntax.Tag) {
		o.warn(t, "unsafe_place", "a value as the name of an element is printed as text")
	})
	for more {
		var key, value []byte
		key, value, more = z.TagAttr()
		o.attribute(string(key), string(value), raw)
	}
	return name
}

func (o *outputLinter) attribute(name, value, raw string) {
	o.each(name, func(_ int, t syntax.Tag) {
		o.warn(t, "unsafe_place", "a value as the name of an attribute is left out")
	})
	o.each(value, func(at int, t syntax.Tag) {
		token := value[at : at+o.tokens.Length()]
		if at == 0 && strings.Contains(raw, "="+token) {
			o.warn(t, "unquoted_attribute", "the value of %s stands without quotes; write %s=\"…\"", name, name)
		}
		if t.Kind == syntax.TagPrintRaw {
			o.warn(t, "raw_in_attribute", "three braces do nothing in an attribute: the value of %s is escaped all the same", name)
		}
		switch {
		case strings.HasPrefix(name, "on") || name == "srcdoc":
			o.warn(t, "unsafe_place", "a value in %s is left out: no value is safe there", name)
		case content.IsAddress(name) && strings.TrimSpace(value[:at]) == "":
			o.address(t)
		}
	})
}
