package moment_test

import (
	"compress/gzip"
	"encoding/json"
	"os"
	"testing"

	"github.com/heraldsend/herald/helpers/moment"
)

// Times from now, days near today and durations are what Moment.js says of them, in all its locales.
func TestRelative(t *testing.T) {
	file, err := os.Open("testdata/relative.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	text, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	var answers struct {
		Instants  [][3]any
		Durations [][3]float64
		Locales   map[string]struct{ Instants, Durations [][]string }
	}
	if err := json.NewDecoder(text).Decode(&answers); err != nil {
		t.Fatal(err)
	}
	wrong, cases := 0, 0
	check := func(locale, what string, of any, got, want string) {
		if cases++; got != want {
			if wrong++; wrong <= 20 {
				t.Errorf("%s: %s of %v is %q, want %q", locale, what, of, got, want)
			}
		}
	}
	for _, name := range moment.LocaleNames() {
		l, _ := moment.FindLocale(name)
		want, ok := answers.Locales[name]
		if !ok {
			t.Fatalf("no answers for %s", name)
		}
		for i, c := range answers.Instants {
			now, at := int64(c[0].(float64)), int64(c[1].(float64))
			z := zone(t, c[2].(string))
			check(name, "from now", c, l.FromNow(at, now, z, false), want.Instants[i][0])
			check(name, "from now", c, l.FromNow(at, now, z, true), want.Instants[i][1])
			f, err := l.Compile(l.CalendarFormat(at, now, z))
			if err != nil {
				t.Fatal(err)
			}
			check(name, "calendar", c, string(f.Append(nil, at, z)), want.Instants[i][2])
		}
		for i, c := range answers.Durations {
			d := moment.Duration{Months: c[0], Days: c[1], Millis: c[2]}
			check(name, "duration", c, l.Humanize(d, false), want.Durations[i][0])
			check(name, "duration", c, l.Humanize(d, true), want.Durations[i][1])
		}
	}
	if cases < 50_000 {
		t.Errorf("%d cases", cases)
	}
	t.Logf("%d of %d differ", wrong, cases)
}
