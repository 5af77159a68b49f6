// Command difftest compares helpers/moment with Moment.js, which it drives side by side in Node:
//
//	cd helpers/moment/generate && npm ci && cd - && go run ./helpers/moment/difftest
//
// It exits with 1 where anything differs that momenttest.Known does not explain. With -write it writes the answers that
// the tests compare with to helpers/moment/testdata instead.
package main

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/heraldsend/herald/helpers/moment"
	"github.com/heraldsend/herald/helpers/moment/momenttest"
	"github.com/heraldsend/herald/helpers/oracle"
)

func main() {
	random := flag.Int("random", 1_500_000, "number of random formats")
	seed := flag.Uint64("seed", 1, "seed of the random cases")
	write := flag.Bool("write", false, "write the committed corpus instead of comparing")
	flag.Parse()
	if err := run(*random, *seed, *write); err != nil {
		fmt.Fprintln(os.Stderr, "difftest:", err)
		os.Exit(1)
	}
}

func run(random int, seed uint64, write bool) error {
	dir := filepath.Join("helpers", "moment")
	o, err := oracle.Start(filepath.Join(dir, "difftest", "oracle.js"))
	if err != nil {
		return err
	}
	if write {
		return writeCorpus(o, filepath.Join(dir, "testdata"))
	}
	c := &comparison{oracle: o, reasons: map[string]int{}}
	for _, part := range []struct {
		name string
		run  func() error
	}{
		{"locales × formats × instants", c.product},
		{"locales × days of 2023 and 2024 × ordinals, weeks, names", c.days},
		{"random formats", func() error { return c.random(random, seed) }},
		{"zones × transitions", c.zones},
		{"zones × transitions: days, weeks, eras", c.zoneDays},
		{"inputs", func() error { return c.inputs(random/5, seed) }},
		{"locale names", c.lookups},
	} {
		c.cases, c.mismatches, c.known = 0, 0, 0
		if err := part.run(); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
		fmt.Printf("%-60s %10d cases %6d mismatches %6d known\n", part.name, c.cases, c.mismatches, c.known)
		c.total += c.cases
		c.failed += c.mismatches
	}
	fmt.Printf("%-60s %10d cases %6d mismatches\n", "total", c.total, c.failed)
	for _, reason := range slices.Sorted(maps.Keys(c.reasons)) {
		fmt.Printf("known, %d times: %s\n", c.reasons[reason], reason)
	}
	if err := o.Close(); err != nil {
		return err
	}
	if c.failed > 0 {
		return fmt.Errorf("%d of %d cases differ from Moment", c.failed, c.total)
	}
	return nil
}

// comparison counts cases and prints the first mismatches.
type comparison struct {
	oracle                   *oracle.Oracle
	cases, mismatches, known int
	total, failed            int
	printed                  int
	reasons                  map[string]int // how often each explanation of momenttest.Known was needed
}

func (c *comparison) check(locale, format string, at momenttest.Instant, got, want string) {
	c.cases++
	if got == want {
		return
	}
	if reason := momenttest.Known(locale, format, at); reason != "" {
		c.known++
		c.reasons[reason]++
		return
	}
	c.mismatch("%s %q %s: got %q, Moment %q", locale, format, at, got, want)
}

func (c *comparison) mismatch(format string, args ...any) {
	c.mismatches++
	if c.printed++; c.printed <= 40 {
		fmt.Printf("  "+format+"\n", args...)
	}
}

// text is what helpers/moment prints.
func text(locale, format string, at momenttest.Instant) (string, error) {
	l, ok := moment.FindLocale(locale)
	if !ok {
		return "", fmt.Errorf("no locale %q", locale)
	}
	f, err := l.Compile(format)
	if err != nil {
		return "", err
	}
	zone, err := findZone(at.Zone)
	if err != nil {
		return "", err
	}
	return string(f.Append(nil, at.At, zone)), nil
}

func findZone(name string) (*moment.Zone, error) {
	if name == "" {
		return nil, nil
	}
	z, ok := moment.FindZone(name)
	if !ok {
		return nil, fmt.Errorf("no zone %q", name)
	}
	return z, nil
}
