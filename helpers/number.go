package helpers

import (
	"fmt"
	"strings"

	"golang.org/x/text/currency"

	"github.com/heraldsend/herald/render/handlebars"
)

func numberEntries() []Entry {
	n := &numberPrinter{styles: newStyleCache(256)}
	return []Entry{{
		Name: "number", Signature: "number value decimals= locale=",
		Doc: "The number as the locale writes it, with at most 3 decimals, or exactly `decimals` of them; halves round away from 0. Any number " +
			"of digits stays exact. Text that is no number prints as it is and raises an issue.",
		Examples: []Example{
			{Template: `{{number n}}`, Context: `{"n":1234567.891}`, Output: "1,234,567.891"},
			{Template: `{{number n locale="de" decimals=2}}`, Context: `{"n":"1234.5"}`, Output: "1.234,50"},
			{Template: `{{number n}}`, Context: `{"n":9007199254740993}`, Output: "9,00,71,99,25,47,40,993", Locale: "hi"},
		},
		helper: handlebars.Helper{
			Name: "number", MinArgs: 1, MaxArgs: 1, Options: []string{"decimals", "locale"}, Prepare: prepareNumber, Append: n.number,
		},
	}, {
		Name: "currency", Signature: "currency amount code decimals= locale=",
		Doc: "The amount with the currency's sign and decimals as the locale writes them. The code is of ISO 4217.",
		Examples: []Example{
			{Template: `{{currency total "USD"}}`, Context: `{"total":-1234.5}`, Output: "-$1,234.50"},
			{Template: `{{currency total code locale="de"}}`, Context: `{"total":"19.9","code":"EUR"}`, Output: "19,90\u00a0€"},
			{Template: `{{currency total "JPY"}}`, Context: `{"total":1500}`, Output: "￥1,500", Locale: "ja"},
		},
		helper: handlebars.Helper{
			Name: "currency", MinArgs: 2, MaxArgs: 2, Options: []string{"decimals", "locale"}, Prepare: prepareNumber, Append: n.currency,
		},
	}}
}

// numberPrinter is the helpers number and currency.
type numberPrinter struct {
	styles *styleCache
}

// maxDecimals is what decimals= takes at most, as JavaScript's Intl.NumberFormat did for long.
const maxDecimals = 20

func prepareNumber(site *handlebars.Site) (any, error) {
	if v, ok := site.Option("decimals"); ok {
		if n, ok := length(v); !ok || n > maxDecimals {
			return nil, fmt.Errorf("decimals must be a whole number from 0 to %d", maxDecimals)
		}
	}
	if code, ok := site.Arg(1); ok {
		if _, err := currency.ParseISO(code.Text()); err != nil {
			return nil, fmt.Errorf("%s is no currency code", quote(code))
		}
	}
	return nil, nil
}

func (p *numberPrinter) number(c *handlebars.Call, dst []byte) ([]byte, error) {
	d, ok := argDecimal(c)
	if !ok {
		return c.Arg(0).AppendText(dst), nil
	}
	if n, ok := length(c.Option("decimals")); ok {
		d = d.round(min(n, maxDecimals), true)
	} else {
		d = d.round(3, false)
	}
	s := p.styles.get(tag(c))
	if d.negative {
		dst = append(dst, s.minusBefore...)
	}
	dst = s.append(dst, d)
	if d.negative {
		dst = append(dst, s.minusAfter...)
	}
	return dst, nil
}

func (p *numberPrinter) currency(c *handlebars.Call, dst []byte) ([]byte, error) {
	d, ok := argDecimal(c)
	if !ok {
		return c.Arg(0).AppendText(dst), nil
	}
	l := tag(c)
	scale, sign := 2, ""
	code := c.Arg(1).Text()
	unit, err := currency.ParseISO(strings.TrimSpace(code))
	if err == nil {
		scale, _ = currency.Standard.Rounding(unit)
		sign = p.styles.sign(l, unit)
	} else {
		c.Issue(IssueUnknownCurrency, c.ArgText(1), quoteText(code)+" is no currency code; the amount stands alone")
	}
	if n, ok := length(c.Option("decimals")); ok {
		scale = min(n, maxDecimals)
	}
	return p.styles.get(l).appendCurrency(dst, d.round(scale, true), sign, findCurrencyPattern(l)), nil
}

// argDecimal reads the call's number. Where there is none, it raises the issue and returns false.
func argDecimal(c *handlebars.Call) (decimal, bool) {
	v := c.Arg(0)
	text, isText := v.Str()
	if v.IsNil() || isText && strings.TrimSpace(text) == "" {
		c.Issue(handlebars.IssueMissingField, c.ArgText(0), "there is no number")
		return decimal{}, false
	}
	if !isText && v.Kind() == handlebars.KindNumber {
		text, isText = v.Text(), true
	}
	if isText {
		if d, ok := parseDecimal(strings.TrimSpace(text)); ok {
			return d, true
		}
	}
	c.Issue(IssueInvalidNumber, c.ArgText(0), "no number: "+quote(v))
	return decimal{}, false
}
