package main

import (
	"fmt"

	"github.com/heraldsend/herald/helpers/intl"
	"github.com/heraldsend/herald/helpers/intl/intltest"
	"github.com/heraldsend/herald/helpers/oracle"
)

// comparison counts cases and prints the first mismatches.
type comparison struct {
	oracle            *oracle.Oracle
	cases, mismatches int
}

func (c *comparison) check(got, want, format string, args ...any) {
	if c.cases++; got == want {
		return
	}
	if c.mismatches++; c.mismatches <= 40 {
		fmt.Printf("  %s: got %q, Intl %q\n", fmt.Sprintf(format, args...), got, want)
	}
}

// part prints how many cases it had and how many of them differ.
func (c *comparison) part(name string, run func() error) error {
	cases, mismatches := c.cases, c.mismatches
	if err := run(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	fmt.Printf("%-60s %10d cases %6d mismatches\n", name, c.cases-cases, c.mismatches-mismatches)
	return nil
}

func (c *comparison) numbers(locales []string) error {
	return c.part("numbers", func() error { return c.values("numbers", locales, intltest.Values(), []string{""}) })
}

func (c *comparison) amounts(locales []string) error {
	return c.part("amounts of the main currencies", func() error {
		return c.values("amounts", locales, intltest.Values(), intltest.Currencies)
	})
}

func (c *comparison) everyCurrency(locales []string) error {
	return c.part("amounts of every currency", func() error {
		return c.values("amounts", locales, []string{"-1234567.891", "0.5"}, intl.Currencies())
	})
}

func (c *comparison) values(kind string, locales, values, currencies []string) error {
	for _, name := range locales {
		l, ok := intl.Find(name)
		if !ok {
			return fmt.Errorf("no locale %s", name)
		}
		var want []string
		if err := c.oracle.Ask(request{Kind: kind, Locale: name, Values: values, Currencies: currencies}, &want); err != nil {
			return err
		}
		i := 0
		for _, currency := range currencies {
			for _, value := range values {
				got, err := intltest.Answer(l, value, currency)
				if err != nil {
					return err
				}
				c.check(got, want[i], "%s %s %s", name, value, currency)
				i++
			}
		}
	}
	return nil
}

func (c *comparison) plurals(locales []string) error {
	return c.part("plural forms, cardinal and ordinal", func() error {
		values := intltest.PluralValues()
		for _, name := range locales {
			l, _ := intl.Find(name)
			var want string
			if err := c.oracle.Ask(request{Kind: "plurals", Locale: name, Values: values}, &want); err != nil {
				return err
			}
			got, err := intltest.Plurals(l)
			if err != nil {
				return err
			}
			if len(got) != len(want) {
				return fmt.Errorf("%s: %d letters, Intl %d", name, len(got), len(want))
			}
			for i := range want {
				if i != len(values) {
					c.check(got[i:i+1], want[i:i+1], "%s %s, %d of the cardinal and ordinal numbers", name, values[i%(len(values)+1)], i)
				}
			}
		}
		return nil
	})
}

// lookups compares how the locale that Intl takes for a name writes, as names of regions have no entry of their own.
func (c *comparison) lookups(locales []string) error {
	return c.part("names of locales", func() error {
		var want []string
		if err := c.oracle.Ask(request{Kind: "lookup", Names: intltest.Names}, &want); err != nil {
			return err
		}
		for i, name := range intltest.Names {
			got, ok := intl.Find(name)
			if !ok {
				return fmt.Errorf("no locale %s", name)
			}
			taken, _ := intl.Find(want[i])
			c.check(got.Name(), taken.Name(), "%s, which Intl takes for %s", name, want[i])
		}
		return nil
	})
}
