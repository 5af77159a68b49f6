package handlebars

import (
	"context"
	"testing"
)

func TestSmoke(t *testing.T) {
	ifCond := Helper{Name: "ifCond", MinArgs: 3, MaxArgs: 3, Form: Block, Depth: true, Func: func(c *Call) (Value, error) {
		if LooseEqual(c.Arg(0), c.Arg(2)) {
			return Value{}, c.Body(nil)
		}
		return Value{}, c.Inverse(nil)
	}}
	up := Helper{Name: "twice", MinArgs: 1, MaxArgs: 1, Options: []string{"sep"}, Append: func(c *Call, dst []byte) ([]byte, error) {
		return append(append(append(dst, c.Arg(0).Text()...), c.Option("sep").Text()...), c.Arg(0).Text()...), nil
	}}
	env, err := New(Options{Helpers: []Helper{ifCond, up}, Partials: map[string]string{"p": "<{{x}}>"},
		Snippets: map[string]Snippet{"sn.hi": {Source: "en", Texts: map[string]string{"en": "Hi {{customer.name}}", "de_AT": "Servus {{customer.name}}"}}}})
	if err != nil {
		t.Fatal(err)
	}
	data, err := ParseJSON([]byte(`{"a":"1","b":1,"customer":{"name":"Ann & Co"},"items":[{"n":1},{"n":2}],"o":{"k":"v"},"html":"<b>"}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ in, want string }{
		{`{{customer.name}} {{{html}}}{{html}}`, `Ann &amp; Co <b>&lt;b&gt;`},
		{`{{#ifCond a b}}x{{/ifCond}}`, `error`},
		{`{{#ifCond a "==" b}}Hi {{../customer.name}}{{else}}no{{/ifCond}}`, `Hi Ann &amp; Co`},
		{`{{#ifCond a "==" 3}}x{{else}}Hi {{../customer.name}}{{/ifCond}}`, `Hi Ann &amp; Co`},
		{`{{#each items}}{{#ifCond n "==" 1}}{{../customer.name}}{{else}}{{../n}}{{/ifCond}}{{@index}}{{#unless @last}},{{/unless}}{{/each}}`, `Ann &amp; Co0,21`},
		{`{{#each o as |v k|}}{{k}}={{v}}{{/each}}{{#with customer}}{{name}}{{/with}}{{lookup o "k"}}`, `k=vAnn &amp; Cov`},
		{`{{twice (twice html) sep="-"}}`, `&lt;b&gt;&lt;b&gt;-&lt;b&gt;&lt;b&gt;`},
		{`[[sn.hi]]! [[sn]] {{> p x=1}}`, `Servus Ann &amp; Co! [[sn]] <1>`},
		{`{{#if missing}}a{{else if a}}b{{else}}c{{/if}}`, `b`},
		{`{{#*inline "q"}}[{{a}}]{{/inline}}{{> q}}{{> q a=2}}`, `[1][2]`},
	} {
		tmpl, err := env.Compile("t", c.in)
		if err != nil {
			if c.want != "error" {
				t.Errorf("%s: %v", c.in, err)
			}
			continue
		}
		out, err := tmpl.Append(context.Background(), nil, &Exec{Context: data, Languages: []string{"de-at"}})
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
		} else if string(out) != c.want {
			t.Errorf("%s:\n got %q\nwant %q", c.in, out, c.want)
		}
	}
}
