package helpers

import (
	"errors"
	"fmt"

	"github.com/heraldsend/herald/helpers/decimal"
	"github.com/heraldsend/herald/render/handlebars"
)

// exactly ends the doc of what calculates.
const exactly = " It is calculated in decimals, digit by digit, so that money stays exact. "

func arithmeticEntries() []Entry {
	return []Entry{{
		Name: "add", Signature: "add a b …",
		Doc: "The sum." + exactly + "Print it by `number` or `currency`. Where a number is missing or none, the result is nothing, and an issue is raised.",
		Examples: []Example{
			{Template: `{{add price shipping}}`, Context: `{"price":0.1,"shipping":"0.2"}`, Output: "0.3"},
			{Template: `{{currency (add price shipping tax) "EUR"}}`, Context: `{"price":19.99,"shipping":4.5,"tax":0.01}`, Output: "€24.50"},
			{Template: `{{add id 1}}`, Context: `{"id":9007199254740993}`, Output: "9007199254740994"},
			{Template: `[{{add price tip}}]`, Context: `{"price":5}`, Output: "[]"},
		},
		Args: []Param{{Name: "a", Kind: Number}, {Name: "b", Kind: Number, Rest: true}}, Gives: Number,
		helper: calculation("add", decimal.Decimal.Add),
	}, {
		Name: "subtract", Signature: "subtract a b",
		Doc: "What is left of a without b." + exactly,
		Examples: []Example{
			{Template: `{{subtract total paid}}`, Context: `{"total":1,"paid":0.9}`, Output: "0.1"},
			{Template: `{{#if (gt (subtract total paid) 0)}}open{{else}}paid{{/if}}`, Context: `{"total":10,"paid":2}`, Output: "open"},
		},
		Args: []Param{{Name: "a", Kind: Number}, {Name: "b", Kind: Number}}, Gives: Number,
		helper: calculation("subtract", decimal.Decimal.Subtract),
	}, {
		Name: "multiply", Signature: "multiply a b …",
		Doc: "The product." + exactly,
		Examples: []Example{
			{Template: `{{currency (multiply price quantity) "USD"}}`, Context: `{"price":19.99,"quantity":3}`, Output: "$59.97"},
		},
		Args: []Param{{Name: "a", Kind: Number}, {Name: "b", Kind: Number, Rest: true}}, Gives: Number,
		helper: calculation("multiply", decimal.Decimal.Multiply),
	}, {
		Name: "divide", Signature: "divide a b",
		Doc: "The quotient." + exactly + "Where it does not end, it is rounded to 20 decimals, halves away from 0; `round` makes them fewer. " +
			"A division by 0 is nothing, and raises an issue.",
		Examples: []Example{
			{Template: `{{divide total people}}`, Context: `{"total":10,"people":4}`, Output: "2.5"},
			{Template: `{{currency (divide total 3) "EUR"}}`, Context: `{"total":100}`, Output: "€33.33"},
			{Template: `[{{divide total people}}]`, Context: `{"total":10,"people":0}`, Output: "[]"},
		},
		Args: []Param{{Name: "a", Kind: Number}, {Name: "b", Kind: Number}}, Gives: Number,
		helper: calculation("divide", decimal.Decimal.Divide),
	}, {
		Name: "round", Signature: "round number decimals=",
		Doc: "The number rounded to a whole one, or to at most `decimals`; halves go away from 0 (2.5 to 3, -2.5 to -3). It is a number without zeros " +
			"at its end, to calculate and compare with; to print one, `number` and `currency` round, too.",
		Examples: []Example{
			{Template: `{{round score}}`, Context: `{"score":2.5}`, Output: "3"},
			{Template: `{{round score}}`, Context: `{"score":-2.5}`, Output: "-3"},
			{Template: `{{round score decimals=2}}`, Context: `{"score":1.005}`, Output: "1.01"},
			{Template: `{{round score decimals=2}}`, Context: `{"score":1.5}`, Output: "1.5"},
		},
		Args: []Param{{Name: "number", Kind: Number}}, Options: []Param{{Name: "decimals", Kind: Number}}, Gives: Number,
		helper: handlebars.Helper{Prepare: prepareRound, Func: round},
	}}
}

// calculation is a helper that applies an operation to its numbers, from left to right.
func calculation(name string, operation func(a, b decimal.Decimal) (decimal.Decimal, bool)) handlebars.Helper {
	return handlebars.Helper{
		Prepare: func(site *handlebars.Site) (any, error) { return nil, checkNumbers(site, name == "divide") },
		Func: func(c *handlebars.Call) (handlebars.Value, error) {
			var result decimal.Decimal
			for i := range c.Len() {
				d, ok := argDecimal(c, i)
				if !ok {
					return handlebars.Value{}, nil
				}
				if i == 0 {
					result = d
				} else if result, ok = operation(result, d); !ok {
					c.Issue(IssueInvalidNumber, c.ArgText(i), whyNot(name, d))
					return handlebars.Value{}, nil
				}
			}
			return numberOf(result), nil
		},
	}
}

// whyNot says why an operation with d has no result.
func whyNot(name string, d decimal.Decimal) string {
	if name == "divide" && d.IsZero() {
		return "a division by 0 has no result"
	}
	return fmt.Sprintf("the result of %s has more than %d digits", name, decimal.MaxDigits)
}

var errDivisor = errors.New("a division by 0 has no result; divide by another number")

// checkNumbers refuses what is written out and is no number, and a divisor of 0.
func checkNumbers(site *handlebars.Site, divides bool) error {
	for i := range site.Len() {
		v, ok := site.Arg(i)
		if !ok {
			continue
		}
		d, ok := decimal.Parse(v.Text())
		if !ok {
			return fmt.Errorf("%s is no number; write it as 12.5, or a field without quotes", quote(v))
		}
		if divides && i > 0 && d.IsZero() {
			return errDivisor
		}
	}
	return nil
}

// numberOf keeps every digit.
func numberOf(d decimal.Decimal) handlebars.Value {
	if d.IsZero() {
		d.Negative = false
	}
	return handlebars.Decimal(d.String())
}

func prepareRound(site *handlebars.Site) (any, error) {
	if err := checkNumbers(site, false); err != nil {
		return nil, err
	}
	return prepareNumber(site)
}

func round(c *handlebars.Call) (handlebars.Value, error) {
	d, ok := argDecimal(c, 0)
	if !ok {
		return handlebars.Value{}, nil
	}
	places, ok := length(c.Option("decimals"))
	if !ok {
		places = 0
	}
	return numberOf(d.Round(min(places, decimal.MaxPlaces), false)), nil
}
