package moment_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/heraldsend/herald/helpers/cputest"
	"github.com/heraldsend/herald/helpers/moment"
)

// TestDocumented holds the outputs that the helper's documentation names.
func TestDocumented(t *testing.T) {
	for _, c := range []struct{ locale, format, zone, want string }{
		{"en-us", "LL", "UTC", "January 18, 2019"},
		{"en-us", "ll", "UTC", "Jan 18, 2019"},
		{"en-gb", "LL", "UTC", "18 January 2019"},
		{"en-us", "LL z", "America/Los_Angeles", "January 17, 2019 PST"},
	} {
		z := zone(t, c.zone)
		at, ok := moment.Parse("2019-01-18T00:00Z", z)
		got := string(compile(t, c.locale[:2], c.format).Append(nil, at, z))
		if c.locale == "en-gb" {
			got = string(compile(t, c.locale, c.format).Append(nil, at, z))
		}
		if !ok || got != c.want {
			t.Errorf("%s %s in %s: got %q, want %q", c.locale, c.format, c.zone, got, c.want)
		}
	}
}

func TestFindLocale(t *testing.T) {
	for name, want := range map[string]string{
		"": "en true", "en-us": "en true", "en_us": "en true", "EN-us": "en true", "de-AT": "de-at true", "de_at": "de-at true",
		"DE": "de true", "de-DE-1996": "de true", "zh-CN": "zh-cn true", "zh": "en false", "zh-Hans": "en false", "no": "en false",
		"xx-yy": "en false", "../de": "en false", "de/../fr": "en false", "sr-Cyrl-RS": "sr-cyrl true", "sr-Latn": "sr true",
		"constructor": "en false", "__proto__": "en false", "\xff": "en false", "-": "en false", "de-": "de true",
		"de" + strings.Repeat("-x", 1<<20): "en false", strings.Repeat("-", 1<<20): "en false",
	} {
		l, ok := moment.FindLocale(name)
		if got := fmt.Sprint(l.Name(), " ", ok); got != want {
			t.Errorf("%.40q: got %s, want %s", name, got, want)
		}
	}
	if n := len(moment.LocaleNames()); n != 138 {
		t.Errorf("%d locales", n)
	}
}

func TestFindZone(t *testing.T) {
	for name, want := range map[string]string{
		"America/Los_Angeles": "America/Los_Angeles", "america/los_angeles": "America/Los_Angeles",
		"AMERICA_LOS/ANGELES": "America/Los_Angeles", "utc": "UTC", "us/pacific": "US/Pacific", "EST": "EST",
	} {
		z, ok := moment.FindZone(name)
		if !ok || z.Name() != want {
			t.Errorf("%s: got %v, %t", name, z, ok)
		}
	}
	for _, name := range []string{"", "PST", "+05:00", "GMT+5", "../../etc/passwd", "America", "\xff", "UTC ", strings.Repeat("A", 1<<20)} {
		if z, ok := moment.FindZone(name); ok || z != nil {
			t.Errorf("%.40q is a zone", name)
		}
	}
}

// TestHostileFormats holds that time and memory stay bounded for every text.
func TestHostileFormats(t *testing.T) {
	l := moment.English()
	for name, format := range map[string]string{
		"localized": strings.Repeat("LLLL", moment.MaxFormat/4), "open brackets": strings.Repeat("[", moment.MaxFormat),
		"brackets": strings.Repeat("[]", moment.MaxFormat/2), "closing": "[" + strings.Repeat("]", moment.MaxFormat-1),
		"escapes": strings.Repeat(`\`, moment.MaxFormat), "escaped": strings.Repeat(`\L`, moment.MaxFormat/2),
		"unclosed": "[" + strings.Repeat("LT", moment.MaxFormat/2-1), "eras": strings.Repeat("N", moment.MaxFormat),
		"breaks": strings.Repeat("\n", moment.MaxFormat), "invalid UTF-8": strings.Repeat("\xff", moment.MaxFormat),
		"names": strings.Repeat("D MMMM ", moment.MaxFormat/7),
	} {
		if d := cputest.Spent(func() {
			for _, locale := range []*moment.Locale{l, compile(t, "lt", "").Locale(), compile(t, "el", "").Locale()} {
				f, err := locale.Compile(format)
				if err != nil {
					t.Errorf("%s: %v", name, err)
					continue
				}
				out := f.Append(nil, 0, nil)
				if !utf8.Valid(out) || len(out) > 64*moment.MaxFormat {
					t.Errorf("%s: %d bytes of output", name, len(out))
				}
			}
		}); d > time.Second {
			t.Errorf("%s took %s", name, d)
		}
	}
	for _, n := range []int{moment.MaxFormat + 1, 1 << 20} {
		if _, err := l.Compile(strings.Repeat("L", n)); !errors.Is(err, moment.ErrFormatTooLong) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func TestExtremeInstants(t *testing.T) {
	f := compile(t, "en", "YYYYYY-MM-DD HH:mm:ss.SSS Z DDD W N y x X")
	for _, at := range []int64{-1 << 63, 1<<63 - 1, moment.MaxMillis + 1, -moment.MaxMillis - 1} {
		for _, name := range moment.ZoneNames()[:50] {
			if got := string(f.Append(nil, at, zone(t, name))); got != "Invalid date" {
				t.Errorf("%d in %s: %s", at, name, got)
			}
		}
	}
	for _, at := range []int64{moment.MaxMillis, -moment.MaxMillis} {
		for _, name := range moment.ZoneNames() {
			z := zone(t, name)
			outside := z.Offset(at) != 0 && at > 0 == (z.Offset(at) > 0) // the wall clock lies beyond a Date
			if got := string(f.Append(nil, at, z)); (got == "Invalid date") != outside {
				t.Errorf("%d in %s: %s", at, name, got)
			}
		}
	}
}

func TestAppendAllocatesNothing(t *testing.T) {
	z := zone(t, "America/Los_Angeles")
	buf := make([]byte, 0, 4096)
	for _, locale := range []string{"en", "de", "ru", "ar", "ja", "fr", "hi"} {
		f := compile(t, locale, "LLLL LT z Z Do DDDo w gggg N y x SSS A")
		allocs := testing.AllocsPerRun(100, func() {
			at, ok := moment.Parse("2019-01-18T00:00:00.000Z", z)
			if !ok {
				t.Fatal("no date")
			}
			buf = f.Append(buf[:0], at, z)
		})
		if allocs != 0 {
			t.Errorf("%s: %.1f allocations", locale, allocs)
		}
	}
}

// TestConcurrentUse decodes locales and zones for the first time from many goroutines.
func TestConcurrentUse(t *testing.T) {
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for _, name := range moment.LocaleNames() {
				l, _ := moment.FindLocale(name)
				f, err := l.Compile("LLLL z")
				if err != nil {
					t.Error(err)
					return
				}
				for _, zone := range []string{"Asia/Tokyo", "Europe/Oslo", "America/Nome"} {
					z, _ := moment.FindZone(zone)
					if len(f.Append(nil, 0, z)) < 10 {
						t.Errorf("%s in %s prints too little", name, zone)
					}
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkAppend(b *testing.B) {
	z := zone(b, "America/Los_Angeles")
	for _, locale := range []string{"en", "de", "ru", "ar"} {
		for _, format := range []string{"LL", "LL z", "LLLL", "w gggg"} {
			b.Run(locale+" "+format, func(b *testing.B) {
				f := compile(b, locale, format)
				var buf []byte
				b.ReportAllocs()
				for b.Loop() {
					buf = f.Append(buf[:0], 1547769600000, z)
				}
			})
		}
	}
}

func BenchmarkCompile(b *testing.B) {
	l := compile(b, "ru", "").Locale()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := l.Compile("dddd, D MMMM YYYY [г.], H:mm"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	z := zone(b, "America/Los_Angeles")
	for _, text := range []string{"2019-01-18T00:00:00.000Z", "2019-01-18", "20190118T101112Z", "Fri, 18 Jan 2019 10:11:12 +0000"} {
		b.Run(text, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, ok := moment.Parse(text, z); !ok {
					b.Fatal("no date")
				}
			}
		})
	}
}
