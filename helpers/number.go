package helpers

import (
	"fmt"
	"strings"

	"github.com/heraldsend/herald/helpers/decimal"
	"github.com/heraldsend/herald/helpers/intl"
	"github.com/heraldsend/herald/render/handlebars"
)

func numberEntries() []Entry {
	decimals := []Param{{Name: "decimals", Kind: Number}, {Name: "locale", Kind: Language}}
	return []Entry{{
		Name: "number", Signature: "number value decimals= locale=",
		Doc: "The number as the locale writes it, as JavaScript's `Intl.NumberFormat` does in its 941 locales: with at most 3 decimals, or " +
			"exactly `decimals` of them; halves round away from 0. Any number of digits stays exact. Text that is no number prints as it is and " +
			"raises an issue.",
		Examples: []Example{
			{Template: `{{number n}}`, Context: `{"n":1234567.891}`, Output: "1,234,567.891"},
			{Template: `{{number n locale="de" decimals=2}}`, Context: `{"n":"1234.5"}`, Output: "1.234,50"},
			{Template: `{{number n}}`, Context: `{"n":9007199254740993}`, Output: "9,00,71,99,25,47,40,993", Locale: "hi"},
		},
		Args:    []Param{{Name: "value", Kind: Number}},
		Options: decimals,
		Gives:   Text,
		helper:  handlebars.Helper{OrField: true, Prepare: prepareNumber, Append: number},
	}, {
		Name: "currency", Signature: "currency amount code decimals= locale=",
		Doc: "The amount with the currency's sign and decimals as the locale writes them, as JavaScript's `Intl.NumberFormat` does. The code " +
			"is of ISO 4217.",
		Examples: []Example{
			{Template: `{{currency total "USD"}}`, Context: `{"total":-1234.5}`, Output: "-$1,234.50"},
			{Template: `{{currency total code locale="de"}}`, Context: `{"total":"19.9","code":"EUR"}`, Output: "19,90\u00a0€"},
			{Template: `{{currency total "JPY"}}`, Context: `{"total":1500}`, Output: "￥1,500", Locale: "ja"},
		},
		Args:    []Param{{Name: "amount", Kind: Number}, {Name: "code", Kind: Currency}},
		Options: decimals,
		Gives:   Text,
		helper:  handlebars.Helper{OrField: true, Prepare: prepareNumber, Append: currency},
	}}
}

func prepareNumber(site *handlebars.Site) (any, error) {
	if v, ok := site.Option("decimals"); ok {
		if n, ok := length(v); !ok || n > decimal.MaxPlaces {
			return nil, fmt.Errorf("decimals must be a whole number from 0 to %d", decimal.MaxPlaces)
		}
	}
	if code, ok := site.Arg(1); ok {
		if _, _, ok := findCurrency(code.Text()); !ok {
			return nil, fmt.Errorf(`%s is no currency code; write one of ISO 4217, such as "EUR"`, quote(code))
		}
	}
	return nil, nil
}

// findCurrency reads a code in any case.
func findCurrency(text string) (code string, places int, ok bool) {
	code = strings.ToUpper(strings.TrimSpace(text))
	places, ok = intl.Places(code)
	return code, places, ok
}

func number(c *handlebars.Call, dst []byte) ([]byte, error) {
	d, ok := argDecimal(c, 0)
	if !ok {
		return c.Arg(0).AppendText(dst), nil
	}
	return numberLocale(c).AppendNumber(dst, roundAsAsked(c, d)), nil
}

// roundAsAsked keeps the decimals of the option, else at most 3.
func roundAsAsked(c *handlebars.Call, d decimal.Decimal) decimal.Decimal {
	if n, ok := length(c.Option("decimals")); ok {
		return d.Round(min(n, decimal.MaxPlaces), true)
	}
	return d.Round(3, false)
}

func currency(c *handlebars.Call, dst []byte) ([]byte, error) {
	d, ok := argDecimal(c, 0)
	if !ok {
		return c.Arg(0).AppendText(dst), nil
	}
	l := numberLocale(c)
	text := c.Arg(1).Text()
	code, places, known := findCurrency(text)
	if !known {
		places = 2
		c.Issue(IssueUnknownCurrency, c.ArgText(1), quoteText(text)+" is no currency code; the amount stands alone")
	}
	if n, ok := length(c.Option("decimals")); ok {
		places = min(n, decimal.MaxPlaces)
	}
	d = d.Round(places, true)
	if !known {
		return l.AppendNumber(dst, d), nil
	}
	return l.AppendCurrency(dst, d, code), nil
}

// numberLocale is the locale that the call's numbers are written in: its option, else the execution's, else English.
// One without data raises an issue.
func numberLocale(c *handlebars.Call) *intl.Locale {
	name := optionText(c, "locale", c.Locale())
	l, ok := intl.Find(name)
	if !ok {
		c.Issue(IssueUnknownLocale, "locale", "there is no locale "+quoteText(name)+"; English stands in")
	}
	return l
}

// argDecimal reads argument i as a number. Where there is none, it raises the issue and returns false.
func argDecimal(c *handlebars.Call, i int) (decimal.Decimal, bool) {
	v := c.Arg(i)
	text, isText := v.Str()
	if v.IsNil() || isText && strings.TrimSpace(text) == "" {
		c.Issue(handlebars.IssueMissingField, c.ArgText(i), "there is no number")
		return decimal.Decimal{}, false
	}
	if !isText && v.Kind() == handlebars.KindNumber {
		text, isText = v.Digits(), true
	}
	if isText {
		if d, ok := decimal.Parse(strings.TrimSpace(text)); ok {
			return d, true
		}
	}
	c.Issue(IssueInvalidNumber, c.ArgText(i), "no number: "+quote(v))
	return decimal.Decimal{}, false
}
