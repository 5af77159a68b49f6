// Command difftest compares helpers/intl with Intl of Node, which it drives side by side:
//
//	cd helpers/intl/generate && npm ci && cd - && go run ./helpers/intl/difftest
//
// It exits with 1 where anything differs. With -write it writes the answers that the tests compare with to
// helpers/intl/testdata instead.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/heraldsend/herald/helpers/intl"
	"github.com/heraldsend/herald/helpers/intl/intltest"
	"github.com/heraldsend/herald/helpers/oracle"
)

func main() {
	write := flag.Bool("write", false, "write the committed corpus instead of comparing")
	flag.Parse()
	if err := run(*write); err != nil {
		fmt.Fprintln(os.Stderr, "difftest:", err)
		os.Exit(1)
	}
}

func run(write bool) error {
	dir := filepath.Join("helpers", "intl")
	o, err := oracle.Start(filepath.Join(dir, "difftest", "oracle.js"))
	if err != nil {
		return err
	}
	var versions struct{ Node, ICU, CLDR, Unicode string }
	if err := o.Ask(request{Kind: "versions"}, &versions); err != nil {
		return err
	}
	text := fmt.Sprintf("Node %s, ICU %s, CLDR %s, Unicode %s", versions.Node, versions.ICU, versions.CLDR, versions.Unicode)
	fmt.Println(text)
	if have := intl.DataVersions(); !strings.HasPrefix(have.CLDR, versions.CLDR) {
		return fmt.Errorf("the data is of CLDR %s: use a Node with it, or make the data anew", have.CLDR)
	}
	var locales []string
	if err := o.Ask(request{Kind: "locales"}, &locales); err != nil {
		return err
	}
	if write {
		return writeCorpus(o, text, locales, filepath.Join(dir, "testdata", "intl.zst"))
	}
	c := comparison{oracle: o}
	for _, part := range []func([]string) error{c.numbers, c.amounts, c.everyCurrency, c.plurals, c.lookups} {
		if err := part(locales); err != nil {
			return err
		}
	}
	if err := o.Close(); err != nil {
		return err
	}
	if c.mismatches > 0 {
		return fmt.Errorf("%d of %d cases differ from Intl", c.mismatches, c.cases)
	}
	fmt.Printf("%d cases, 0 mismatches\n", c.cases)
	return nil
}

// request is a line of oracle.js.
type request struct {
	Kind       string   `json:"kind"`
	Locale     string   `json:"locale"`
	Values     []string `json:"values"`
	Currencies []string `json:"currencies"`
	Names      []string `json:"names"`
}

// writeCorpus stores the versions, the locales, and for each its numbers, amounts and plural forms.
func writeCorpus(o *oracle.Oracle, versions string, locales []string, file string) error {
	answers := []string{versions, strings.Join(locales, " ")}
	for _, l := range locales {
		var numbers, amounts []string
		var plurals string
		for _, q := range []struct {
			request
			answer any
		}{
			{request{Kind: "numbers", Locale: l, Values: intltest.Few}, &numbers},
			{request{Kind: "amounts", Locale: l, Values: intltest.Few, Currencies: intltest.Currencies}, &amounts},
			{request{Kind: "plurals", Locale: l, Values: intltest.PluralValues()}, &plurals},
		} {
			if err := o.Ask(q.request, q.answer); err != nil {
				return err
			}
		}
		answers = append(append(append(answers, numbers...), amounts...), plurals)
	}
	fmt.Printf("%d locales, %d answers\n", len(locales), len(answers)-2)
	if err := oracle.WriteAnswers(file, answers); err != nil {
		return err
	}
	return o.Close()
}
