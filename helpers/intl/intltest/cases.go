// Package intltest makes the cases that helpers/intl is compared with Intl of Node on. The tests and the difftest command
// share it, so that both speak of the same cases.
package intltest

import (
	"fmt"
	"strings"

	"github.com/heraldsend/herald/helpers/decimal"
	"github.com/heraldsend/herald/helpers/intl"
)

// Currencies are the forty that are traded or asked for most.
var Currencies = strings.Fields(`AED ARS AUD BRL CAD CHF CLP CNY COP CZK DKK EGP EUR GBP HKD HUF IDR ILS INR JPY KES KRW
	MAD MXN MYR NGN NOK NZD PEN PHP PLN RON RUB SAR SEK SGD THB TRY TWD UAH USD VND ZAR`)

// Values are 0 to 200, decimals, negative numbers, the edges of groups, and sizes up to 1e21.
func Values() []string {
	var out []string
	for n := range 201 {
		out = append(out, fmt.Sprint(n))
	}
	return append(out, strings.Fields(`0.0004 0.0005 0.01 0.1 0.12 0.123 0.5 0.9 0.99 0.995 1.0 1.005 1.01 1.02 1.05 1.1 1.2 1.21 1.25
		1.3 1.5 1.9999 2.0 2.1 2.5 3.3 4.7 5.05 10.01 10.1 11.5 12.12 21.1 99.995 100.1 101.01 999.95
		-1 -2 -3 -5 -11 -0.5 -1.5 -1.005 -0.0004 -21 -100 -999.5 -1234.5 -12345.678 -1000000
		201 202 211 221 300 400 500 700 800 900 999 1000 1001 1002 1005 1011 1111 1234 1234.5 2000 5000 7000 9999 9999.995 9999.9995
		10000 10001 11000 12345 20000 40000 60000 80000 90000 99999.999 100000 100001 110000 123456 200000 1000000 1000001 1100000
		1234567.891 2000000 5000000 12345678 100000000 123456789.5 1000000000 123456789012 1000000000000 1e15 9007199254740991 1e21
		-1e21 123456789012345678901234567890.12345`)...)
}

// PluralValues are those that a number of JavaScript's holds exactly; Intl.PluralRules takes nothing else.
func PluralValues() []string {
	all := Values()
	return all[:len(all)-1]
}

// Few are the values that the committed corpus holds as numbers and amounts.
var Few = strings.Fields("-1234567.891 1234.5 -0.0004 10000")

// Names are ways to write locales that Intl resolves, besides the names of its own.
var Names = strings.Fields(`EN-us en-US de-DE de-de-1996 es-AQ es-BG en-ZZ en-IT en-UK en-FX nn-DK gsw-IT az-RU pt-FR zh-Hant-CN
	zh-Hans-TW zh-Latn zh-US zh-Hant-US de-Latn-DE en-Latn-US en-Shaw nl-DE es-mx sr-Cyrl-DE sr-Latn-DE hi-Latn-US nb-SJ
	fr-SU ru-SU de-DD mn-Mong en-001-x-y ja-JP-u-ca-japanese ca-valencia cmn-Hans hr-YU sr-CS my-BU en-AN iw iw-IL in in-ID
	no no-NO sh sh-BA sh-RS mo mo-MD tl tl-PH ji jw swc cnr drw deu eng-GB fra-CA por-PT spa-MX zho-TW zh-Hant-TW zh-Hans-SG`)

// Round is what Intl does by itself: at most three decimals of a number, as many as the currency has of an amount.
func Round(value, currency string) (decimal.Decimal, error) {
	d, ok := decimal.Parse(value)
	if !ok {
		return d, fmt.Errorf("%q is no number", value)
	}
	if currency == "" {
		return d.Round(3, false), nil
	}
	n, ok := intl.Places(currency)
	if !ok {
		return d, fmt.Errorf("%q is no currency", currency)
	}
	return d.Round(n, true), nil
}

// Answer is what helpers/intl prints of a value, as an amount where a currency is given.
func Answer(l *intl.Locale, value, currency string) (string, error) {
	d, err := Round(value, currency)
	if err != nil {
		return "", err
	}
	if currency == "" {
		return string(l.AppendNumber(nil, d)), nil
	}
	return string(l.AppendCurrency(nil, d, currency)), nil
}

// Plurals are the categories of the values, a letter each: first as cardinal, then as ordinal numbers.
func Plurals(l *intl.Locale) (string, error) {
	var out [2]strings.Builder
	for _, value := range PluralValues() {
		d, err := Round(value, "")
		if err != nil {
			return "", err
		}
		out[0].WriteByte(letters[l.Cardinal(d)])
		out[1].WriteByte(letters[l.Ordinal(d)])
	}
	return out[0].String() + " " + out[1].String(), nil
}

var letters = map[intl.Category]byte{intl.Zero: 'z', intl.One: '1', intl.Two: '2', intl.Few: 'f', intl.Many: 'm', intl.Other: 'o'}
