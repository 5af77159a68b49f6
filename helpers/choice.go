package helpers

import (
	"errors"
	"fmt"
	"strings"

	"github.com/heraldsend/herald/helpers/decimal"
	"github.com/heraldsend/herald/helpers/intl"
	"github.com/heraldsend/herald/render/handlebars"
)

func choiceEntries() []Entry {
	return []Entry{{
		Name: "plural", Signature: "plural number zero= one= two= few= many= other= decimals= ordinal= locale=",
		Doc: "The text for a number in the locale's grammar, as JavaScript's `Intl.PluralRules` chooses it: English needs `one` and `other`, Polish " +
			"`one`, `few` and `many`. `#` in a text stands for the number as `number` prints it, `##` for a `#`. `other` is required, and stands in " +
			"for a form that is not given. `zero` is taken for 0 in every language. `ordinal=true` chooses by places in a row: 1st, 2nd, 3rd.",
		Examples: []Example{
			{Template: `{{plural n one="# item" other="# items"}}`, Context: `{"n":1}`, Output: "1 item"},
			{Template: `{{plural n zero="no items" one="# item" other="# items"}}`, Context: `{"n":0}`, Output: "no items"},
			{Template: `{{plural n one="# plik" few="# pliki" many="# plików" other="# pliku"}}`, Context: `{"n":1234}`, Output: "1234 pliki", Locale: "pl"},
			{Template: `{{plural n one="#st" two="#nd" few="#rd" other="#th" ordinal=true}} visit`, Context: `{"n":22}`, Output: "22nd visit"},
			{Template: `You have {{n}} new {{plural n one="message" other="messages"}}`, Context: `{"n":"2"}`, Output: "You have 2 new messages"},
		},
		Args: []Param{{Name: "number", Kind: Number}},
		Options: append(pluralOptions(), Param{Name: "decimals", Kind: Number}, Param{Name: "ordinal", Kind: Bool},
			Param{Name: "locale", Kind: Language}),
		Gives:  Text,
		helper: handlebars.Helper{Prepare: preparePlural, Append: plural},
	}, {
		Name: "select", Signature: "select value case= … other=",
		Doc: "The text whose name is the value: `open=\"…\"` for the value `open`, `[on hold]=\"…\"` for one with blanks. `other` is required, for every " +
			"other value and for none.",
		Examples: []Example{
			{
				Template: `{{select status open="We are on it." done="It is solved." other="We have your message."}}`,
				Context:  `{"status":"done"}`, Output: "It is solved.",
			},
			{Template: `{{select title mr="Dear Mr" ms="Dear Ms" other="Dear"}} {{name}}`, Context: `{"name":"Kim Doe"}`, Output: "Dear Kim Doe"},
			{Template: `{{select vip true="gold" other="standard"}}`, Context: `{"vip":true}`, Output: "gold"},
			{Template: `{{select status [on hold]="We wait." other="We work."}}`, Context: `{"status":"on hold"}`, Output: "We wait."},
		},
		Args: []Param{{Name: "value"}}, Options: []Param{{Name: "*", Kind: Text}, {Name: other, Kind: Text}}, Gives: Text,
		helper: handlebars.Helper{Prepare: prepareSelect, Append: selectCase},
	}}
}

func pluralOptions() (out []Param) {
	for _, form := range pluralForms() {
		out = append(out, Param{Name: form, Kind: Text})
	}
	return out
}

func pluralForms() (out []string) {
	for _, c := range intl.Categories() {
		out = append(out, string(c))
	}
	return out
}

// pluralTexts are the forms that are written out, cut where the number goes.
type pluralTexts map[string][]string

const other = string(intl.Other)

func preparePlural(site *handlebars.Site) (any, error) {
	if !site.Has(other) {
		return nil, errors.New(`plural needs other="…", the text for all numbers that no other form is for`)
	}
	if _, err := prepareNumber(site); err != nil {
		return nil, err
	}
	if v, ok := site.Option("ordinal"); ok && v.Kind() != handlebars.KindBool {
		return nil, fmt.Errorf("ordinal must be true or false, without quotes, not %s", quote(v))
	}
	texts := pluralTexts{}
	for _, form := range pluralForms() {
		if v, ok := site.Option(form); ok {
			texts[form] = cutAtNumber(v.Text())
		}
	}
	return texts, nil
}

// cutAtNumber gives the parts of a text before, between and after its single "#"; "##" is a "#" of the text.
func cutAtNumber(text string) []string {
	var parts []string
	var part strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] != '#':
			part.WriteByte(text[i])
		case strings.HasPrefix(text[i:], "##"):
			part.WriteByte('#')
			i++
		default:
			parts = append(parts, part.String())
			part.Reset()
		}
	}
	return append(parts, part.String())
}

func plural(c *handlebars.Call, dst []byte) ([]byte, error) {
	d, ok := argDecimal(c, 0)
	if !ok {
		if v := c.Arg(0); !v.IsNil() && strings.TrimSpace(v.Text()) != "" {
			return appendForm(c, dst, other, func(dst []byte) []byte { return v.AppendText(dst) })
		}
		return dst, nil
	}
	d = roundAsAsked(c, d)
	l := numberLocale(c)
	return appendForm(c, dst, pluralForm(c, l, d), func(dst []byte) []byte { return l.AppendNumber(dst, d) })
}

// pluralForm is the name of the option to take.
func pluralForm(c *handlebars.Call, l *intl.Locale, d decimal.Decimal) string {
	if d.IsZero() && c.Has(string(intl.Zero)) {
		return string(intl.Zero)
	}
	form := string(l.Cardinal(d))
	if c.Option("ordinal").Truthy() {
		form = string(l.Ordinal(d))
	}
	if !c.Has(form) {
		return other
	}
	return form
}

// appendForm prints a form with the number in it. A text from data is printed as it is.
func appendForm(c *handlebars.Call, dst []byte, form string, number func([]byte) []byte) ([]byte, error) {
	parts, ok := c.Prepared().(pluralTexts)[form]
	if !ok {
		return c.Option(form).AppendText(dst), nil
	}
	start := len(dst)
	for i, part := range parts {
		if i > 0 {
			dst = number(dst)
		}
		if dst = append(dst, part...); len(dst)-start > c.MaxOutput() {
			return dst, errTooLong
		}
	}
	return dst, nil
}

func prepareSelect(site *handlebars.Site) (any, error) {
	if !site.Has(other) {
		return nil, errors.New(`select needs other="…", the text for every other value and for none`)
	}
	return nil, nil
}

func selectCase(c *handlebars.Call, dst []byte) ([]byte, error) {
	name := c.Arg(0).Text()
	if c.Arg(0).IsNil() || !c.Has(name) {
		name = other
	}
	return c.Option(name).AppendText(dst), nil
}
