package moment_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/heraldsend/herald/helpers/moment"
	"github.com/heraldsend/herald/helpers/moment/momenttest"
	"github.com/heraldsend/herald/helpers/oracle"
)

func answers(t *testing.T, name string) []string {
	t.Helper()
	out, err := oracle.ReadAnswers(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func zone(t testing.TB, name string) *moment.Zone {
	t.Helper()
	if name == "" {
		return nil
	}
	z, ok := moment.FindZone(name)
	if !ok {
		t.Fatalf("no zone %q", name)
	}
	return z
}

func compile(t testing.TB, locale, format string) *moment.Format {
	t.Helper()
	l, ok := moment.FindLocale(locale)
	if !ok {
		t.Fatalf("no locale %q", locale)
	}
	f, err := l.Compile(format)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// differences counts the answers that differ from Moment's, prints the first, and skips the explained ones.
type differences struct {
	t            *testing.T
	count, known int
}

func (d *differences) check(locale, format string, at momenttest.Instant, got, want string) {
	if got == want {
		return
	}
	if momenttest.Known(locale, format, at) != "" {
		d.known++
		return
	}
	if d.count++; d.count <= 20 {
		d.t.Errorf("%s %q %s: got %q, Moment %q", locale, format, at, got, want)
	}
}

// TestCorpus compares every locale × format × instant of the committed corpus with Moment's answers.
func TestCorpus(t *testing.T) {
	want := answers(t, "product.zst")
	d := differences{t: t}
	instants := momenttest.Instants()
	zones := make([]*moment.Zone, len(instants))
	for i, at := range instants {
		zones[i] = zone(t, at.Zone)
	}
	n := 0
	var buf []byte
	for _, locale := range momenttest.Locales {
		for _, format := range momenttest.Formats() {
			f := compile(t, locale, format)
			for i, at := range instants {
				buf = f.Append(buf[:0], at.At, zones[i])
				d.check(locale, format, at, string(buf), want[n])
				n++
			}
		}
	}
	if n != len(want) {
		t.Errorf("%d cases, %d answers", n, len(want))
	}
	t.Logf("%d cases, %d differ, %d explained", n, d.count, d.known)
}

// TestRandomFormats compares the corpus's random formats.
func TestRandomFormats(t *testing.T) {
	want := answers(t, "random.zst")
	d := differences{t: t}
	cases := momenttest.RandomCases(momenttest.NewRandom(momenttest.RandomSeed), momenttest.RandomCount)
	if len(cases) != len(want) {
		t.Fatalf("%d cases, %d answers", len(cases), len(want))
	}
	for i, c := range cases {
		got := compile(t, c.Locale, c.Format).Append(nil, c.At.At, zone(t, c.At.Zone))
		d.check(c.Locale, c.Format, c.At, string(got), want[i])
	}
	t.Logf("%d cases, %d differ, %d explained", len(cases), d.count, d.known)
}

// TestZones compares offsets and abbreviations of all zone names, weekly and at each change ± 1 s, 1970 to 2037.
func TestZones(t *testing.T) {
	want := answers(t, "zones.zst")
	names := moment.ZoneNames()
	if len(want) != 3*len(names) || len(names) < 597 {
		t.Fatalf("%d zones, %d answers", len(names), len(want))
	}
	points := 0
	for i, name := range names {
		z := zone(t, name)
		if name != want[3*i] || z.Name() != name {
			t.Fatalf("zone %d is %s (%s), in the corpus %s", i, name, z.Name(), want[3*i])
		}
		if got := fmt.Sprint(z.Changes()); got != want[3*i+1] {
			t.Errorf("%s: changes differ", name)
		}
		var got []momenttest.ZoneAnswer
		for _, at := range momenttest.ZoneInstants(z.Changes()) {
			got = append(got, momenttest.NewZoneAnswer(z.Offset(at), z.Abbr(at)))
		}
		points += len(got)
		if fmt.Sprint(got) != want[3*i+2] {
			t.Errorf("%s: offsets or abbreviations differ", name)
		}
	}
	t.Logf("%d points of %d zones", points, len(names))
}

// TestInputs compares what becomes of inputs, good and bad.
func TestInputs(t *testing.T) {
	want := answers(t, "inputs.zst")
	for i, in := range momenttest.RandomInputs(momenttest.RandomSeed, momenttest.InputCount) {
		if got := momenttest.InputAnswer(moment.Parse(in[0], zone(t, in[1]))); got != want[i] {
			t.Errorf("%q in %q: got %s, Moment %s", in[0], in[1], got, want[i])
		}
	}
}
