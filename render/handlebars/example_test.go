package handlebars_test

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/heraldsend/herald/render/handlebars"
)

func Example() {
	env, err := handlebars.New(handlebars.Options{
		Partials: map[string]string{"signature": "Yours, {{currentUser.displayName}}"},
		Snippets: map[string]handlebars.Snippet{
			"sn.greeting": {Source: "en", Texts: map[string]string{"en": "Hello {{customer.firstName}}", "de": "Hallo {{customer.firstName}}"}},
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	template, err := env.Compile("order", `[[sn.greeting]],
{{#each order.items}}
{{@index}}. {{name}}{{#unless @last}},{{/unless}}
{{/each}}
{{> signature}}`)
	if err != nil {
		fmt.Println(err)
		return
	}
	data, err := handlebars.ParseJSON([]byte(`{
		"customer": {"firstName": "Ann"}, "currentUser": {"displayName": "Robin"},
		"order": {"items": [{"name": "Socks & shoes"}, {"name": "Hat"}]}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	out, err := template.Append(context.Background(), nil, &handlebars.Exec{
		Context:   data,
		Escape:    handlebars.EscapeText,
		Languages: []string{"de-at", "de"},
	})
	fmt.Println(string(out), err)
	// Output:
	// Hallo Ann,
	// 0. Socks & shoes,
	// 1. Hat
	// Yours, Robin <nil>
}

// A helper that returns a value: printed, or used as an argument.
func ExampleHelper() {
	initials := handlebars.Helper{
		Name: "initials", MinArgs: 1, MaxArgs: 1, Options: []string{"sep"},
		Func: func(c *handlebars.Call) (handlebars.Value, error) {
			var out []string
			for _, word := range strings.Fields(c.Arg(0).Text()) {
				out = append(out, word[:1])
			}
			return handlebars.String(strings.Join(out, c.Option("sep").Text())), nil
		},
	}
	fmt.Println(render(initials, `{{initials name}} {{initials name sep="."}} {{#if (initials missing)}}…{{else}}nobody{{/if}}`, `{"name":"Ann Lee"}`))
	// Output: AL A.L nobody
}

// A helper with a block: it decides how often, and in which context, the block is
// executed.
func ExampleHelper_block() {
	times := handlebars.Helper{
		Name: "times", MinArgs: 1, MaxArgs: 1, Form: handlebars.Block,
		Func: func(c *handlebars.Call) (handlebars.Value, error) {
			n, _ := c.Arg(0).Float()
			if n < 1 {
				return handlebars.Value{}, c.Inverse(nil)
			}
			for i := range int(n) {
				scope := &handlebars.Scope{
					Params: []handlebars.Value{handlebars.Int(int64(i))},
					Data:   []handlebars.Member{{Key: "even", Value: handlebars.Bool(i%2 == 0)}},
				}
				if err := c.Body(scope); err != nil {
					return handlebars.Value{}, err
				}
			}
			return handlebars.Value{}, nil
		},
	}
	fmt.Println(render(times, `{{#times n as |i|}}{{i}}{{#if @even}}!{{/if}} {{/times}}{{#times 0}}{{else}}none{{/times}}`, `{"n":3}`))
	// Output: 0! 1 2! none
}

// A helper that appends to the output, and looks at its literal arguments once,
// when the template is compiled.
func ExampleHelper_append() {
	pad := handlebars.Helper{
		Name: "pad", MinArgs: 2, MaxArgs: 2,
		Prepare: func(s *handlebars.Site) (any, error) {
			if width, ok := s.Arg(1); ok {
				if n, isNumber := width.Float(); !isNumber || n < 0 || n > 100 {
					return nil, fmt.Errorf("the width is not a number from 0 to 100")
				}
			}
			return nil, nil
		},
		Append: func(c *handlebars.Call, dst []byte) ([]byte, error) {
			width, _ := c.Arg(1).Float()
			start := len(dst)
			for dst = c.Arg(0).AppendText(dst); len(dst)-start < int(width); {
				dst = append(dst, '_')
			}
			return dst, nil
		},
	}
	fmt.Println(render(pad, `{{pad name 6}}|`, `{"name":"Ann"}`))
	fmt.Println(render(pad, `{{pad name "wide"}}`, `{"name":"Ann"}`))
	// Output:
	// Ann___|
	// example:1:3: helper "pad": the width is not a number from 0 to 100
}

// An error has a code, a place, and a line to show it in.
func ExampleError() {
	env, _ := handlebars.New(handlebars.Options{})
	_, err := env.Compile("welcome", "Hi!\n{{#if customer}}\n  {{#eech orders}}…{{/eech}}\n{{/if}}")
	var e *handlebars.Error
	if errors.As(err, &e) {
		fmt.Println(e.Code)
		fmt.Println(e.Detail())
	}
	// Output:
	// unknown_helper
	// welcome:3:6: unknown helper "eech"; did you mean "each"?
	//	  {{#eech orders}}…{{/eech}}
	//	     ^
}

// OnIssue hears of what a rendering went on in spite of.
func ExampleExec_issues() {
	env, _ := handlebars.New(handlebars.Options{})
	template, _ := env.Compile("welcome", "Hi {{customer.name}}, {{customer.email}}")
	_, _ = template.Append(context.Background(), nil, &handlebars.Exec{
		Context: handlebars.FromGo(map[string]any{"customer": map[string]any{"name": "Ann"}}),
		OnIssue: func(i handlebars.Issue) { fmt.Println(i.Code, i.Field, i.Line, i.Column) },
	})
	// Output: missing_field customer.email 1 25
}

// A Decoder decodes contexts one after the other without garbage.
func ExampleDecoder() {
	env, _ := handlebars.New(handlebars.Options{})
	template, _ := env.Compile("row", "{{name}}: {{total}};")
	var decoder handlebars.Decoder
	var out []byte
	for _, row := range []string{`{"name":"Ann","total":12.50}`, `{"name":"Bob","total":9007199254740993}`} {
		data, err := decoder.Decode([]byte(row))
		if err != nil {
			fmt.Println(err)
			return
		}
		if out, err = template.Append(context.Background(), out, &handlebars.Exec{Context: data}); err != nil {
			fmt.Println(err)
			return
		}
	}
	fmt.Println(string(out))
	// Output: Ann: 12.5;Bob: 9007199254740993;
}

func render(h handlebars.Helper, text, data string) string {
	env, err := handlebars.New(handlebars.Options{Helpers: []handlebars.Helper{h}})
	if err != nil {
		return err.Error()
	}
	template, err := env.Compile("example", text)
	if err != nil {
		return err.Error()
	}
	v, err := handlebars.ParseJSON([]byte(data))
	if err != nil {
		return err.Error()
	}
	out, err := template.Append(context.Background(), nil, &handlebars.Exec{Context: v})
	if err != nil {
		return err.Error()
	}
	return string(out)
}
