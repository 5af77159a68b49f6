package intl_test

import (
	"strings"
	"testing"

	"github.com/heraldsend/herald/helpers/intl"
	"github.com/heraldsend/herald/helpers/intl/intltest"
	"github.com/heraldsend/herald/helpers/oracle"
)

// TestCorpus compares all locales with the committed answers of Node: numbers, amounts in the main currencies, plural
// forms. The difftest command compares every value.
func TestCorpus(t *testing.T) {
	want, err := oracle.ReadAnswers("testdata/intl.zst")
	if err != nil {
		t.Fatal(err)
	}
	versions, locales, want := want[0], strings.Fields(want[1]), want[2:]
	t.Logf("%d locales of %s", len(locales), versions)
	if cldr := intl.DataVersions().CLDR; len(locales) < 900 || !strings.Contains(versions, "CLDR "+strings.TrimSuffix(cldr, ".0")+",") {
		t.Fatalf("%d locales of %s, the data is of CLDR %s", len(locales), versions, cldr)
	}
	next := func() string {
		s := want[0]
		want = want[1:]
		return s
	}
	failed := 0
	check := func(locale, what, got string) {
		if answer := next(); got != answer {
			if failed++; failed <= 20 {
				t.Errorf("%s %s: got %q, Intl %q", locale, what, got, answer)
			}
		}
	}
	for _, name := range locales {
		l, ok := intl.Find(name)
		if !ok {
			t.Fatalf("no locale %s", name)
		}
		for _, currency := range append([]string{""}, intltest.Currencies...) {
			for _, value := range intltest.Few {
				got, err := intltest.Answer(l, value, currency)
				if err != nil {
					t.Fatal(err)
				}
				check(name, value+" "+currency, got)
			}
		}
		got, err := intltest.Plurals(l)
		if err != nil {
			t.Fatal(err)
		}
		check(name, "plural forms", got)
	}
	if len(want) > 0 {
		t.Errorf("%d answers are left", len(want))
	}
}
