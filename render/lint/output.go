package lint

import (
	"strings"

	"github.com/aymerick/raymond/ast"
	"golang.org/x/net/html"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/content"
	"github.com/heraldsend/herald/render/handlebars/syntax"
)

// output checks where in the page values are printed.
func (t *text) output() {
	if !t.isMarkup() {
		return
	}
	o := &output{text: t, tokens: content.NewTokens([]byte(t.Text.Text))}
	source := o.skeleton()
	if t.Role == catalog.RoleBody || t.Role == catalog.RoleSnippet {
		o.markdownLinks(source)
	}
	o.page(source)
}

// output is the text without its tags: a token stands where each value is printed.
type output struct {
	*text
	values []*ast.MustacheStatement
	tokens content.Tokens
}

func (o *output) skeleton() string {
	var b strings.Builder
	pos := 0
	tag := func(at syntax.Span) {
		if at.Start >= pos {
			b.WriteString(o.Text.Text[pos:at.Start])
			pos = at.End
		}
	}
	var walk func(p *ast.Program)
	walk = func(p *ast.Program) {
		if p == nil {
			return
		}
		for _, n := range p.Body {
			switch n := n.(type) {
			case *ast.MustacheStatement:
				tag(o.tree.Span(n))
				b.WriteString(o.tokens.Token(len(o.values), printsValue(n)))
				o.values = append(o.values, n)
			case *ast.BlockStatement:
				tags := o.tree.Tags(n)
				tag(tags.Open)
				if tags.Raw {
					tag(tags.Close)
					continue
				}
				first, other := n.Program, n.Inverse
				if strings.HasPrefix(o.tree.Inside(tags.Open), "^") {
					first, other = other, first
				}
				walk(first)
				if tags.Else != (syntax.Span{}) {
					tag(tags.Else)
				}
				walk(other)
				if !tags.IsLink() {
					tag(tags.Close)
				}
			case *syntax.PartialBlock:
				tag(o.tree.Tags(n).Open)
				walk(n.Program)
				tag(o.tree.Tags(n).Close)
			case *syntax.Decorator:
				if n.Program == nil {
					continue
				}
				tag(o.tree.Tags(n).Open)
				walk(n.Program)
				tag(o.tree.Tags(n).Close)
			case *ast.PartialStatement, *ast.CommentStatement:
				tag(o.tree.Span(n))
			}
		}
	}
	walk(o.tree.Program)
	b.WriteString(o.Text.Text[pos:])
	return b.String()
}

// each calls found for every token in s.
func (o *output) each(s string, found func(at int, n *ast.MustacheStatement)) {
	for done := 0; ; {
		at, index, _ := o.tokens.Next(s[done:])
		if at < 0 {
			return
		}
		if index < len(o.values) {
			found(done+at, o.values[index])
		}
		done += at + o.tokens.Length()
	}
}

func (o *output) warn(n *ast.MustacheStatement, code, format string, args ...any) {
	o.report(o.tree.Span(n), catalog.Warning, code, format, args...)
}

// markdownLinks looks at [text](address).
func (o *output) markdownLinks(source string) {
	o.each(source, func(at int, n *ast.MustacheStatement) {
		if strings.HasSuffix(source[:at], "](") {
			o.address(n)
		}
	})
}

func (o *output) address(n *ast.MustacheStatement) {
	if field := o.scopes.field(n.Expression.Path); len(field) > 0 && field[0] == "customer" {
		path := strings.Join(field, ".")
		o.warn(n, "address_from_data", "the whole address comes from %s: it is replaced by # unless it is http, https, mailto, or tel", path)
	}
}

func (o *output) page(source string) {
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
				o.each(raw, func(_ int, n *ast.MustacheStatement) {
					o.warn(n, "unsafe_place", "a value in a script is left out: no value is safe there")
				})
			}
		}
	}
}

func (o *output) startTag(z *html.Tokenizer, raw string) string {
	nameBytes, more := z.TagName()
	name := string(nameBytes)
	if !o.tokens.Has(raw) {
		return name
	}
	o.each(name, func(_ int, n *ast.MustacheStatement) {
		o.warn(n, "unsafe_place", "a value as the name of an element is printed as text")
	})
	for more {
		var key, value []byte
		key, value, more = z.TagAttr()
		o.attribute(string(key), string(value), raw)
	}
	return name
}

func (o *output) attribute(name, value, raw string) {
	o.each(name, func(_ int, n *ast.MustacheStatement) {
		o.warn(n, "unsafe_place", "a value as the name of an attribute is left out")
	})
	o.each(value, func(at int, n *ast.MustacheStatement) {
		token := value[at : at+o.tokens.Length()]
		if at == 0 && strings.Contains(raw, "="+token) {
			o.unquoted(n, name, value == token)
		}
		if n.Unescaped {
			o.warn(n, "raw_in_attribute", "three braces do nothing in an attribute: the value of %s is escaped all the same", name)
		}
		switch {
		case strings.HasPrefix(name, "on") || name == "srcdoc":
			o.warn(n, "unsafe_place", "a value in %s is left out: no value is safe there", name)
		case content.IsAddress(name) && strings.TrimSpace(value[:at]) == "":
			o.address(n)
		}
	})
}

// unquoted tells of <a href={{x}}>; alone says that nothing else is in the attribute.
func (o *output) unquoted(n *ast.MustacheStatement, name string, alone bool) {
	at := o.tree.Span(n)
	var edits []edit
	if alone {
		edits = []edit{{syntax.Span{Start: at.Start, End: at.Start}, `"`}, {syntax.Span{Start: at.End, End: at.End}, `"`}}
	}
	o.mend(at, edits, catalog.Warning, "unquoted_attribute", "the value of %s stands without quotes; write %s=\"…\"", name, name)
}
