package intl_test

import (
	"strings"
	"testing"

	"github.com/heraldsend/herald/helpers/decimal"
	"github.com/heraldsend/herald/helpers/intl"
)

func TestFind(t *testing.T) {
	for name, want := range map[string]string{
		"": "en", "en": "en", "EN_us": "en", "en-uk": "en-GB", "de-DE-1996": "de", "de_at": "de-AT", "iw-IL": "he", "sh": "sr-Latn",
		"pt-pt": "pt-PT", "es-419": "es-419", "es-CR-x-y": "es-CR", "en-x-uk": "en", "zh-Hant-HK": "zh-Hant-HK",
	} {
		if l, ok := intl.Find(name); !ok || l.Name() != want {
			t.Errorf("%q: got %s, %t, want %s", name, l.Name(), ok, want)
		}
	}
	for _, name := range []string{"xx", "../de", "-", "-de", "de de", strings.Repeat("de-", 1000), "\x00", "x-de"} {
		if l, ok := intl.Find(name); ok || l != intl.English() {
			t.Errorf("%q: got %s, %t, want no locale", name, l.Name(), ok)
		}
	}
}

// FuzzFind looks for names from data: no name may crash the look-up, and case and "_" never matter.
func FuzzFind(f *testing.F) {
	for _, name := range []string{"de", "en_UK", "sh-BA-x-YU", "-", "iw-", "a-b-c", "und-UK"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		l, ok := intl.Find(name)
		if l == nil {
			t.Fatal("no locale")
		}
		for i := range len(name) {
			if name[i] >= 0x80 {
				return
			}
		}
		if again, found := intl.Find(strings.ToUpper(strings.ReplaceAll(name, "-", "_"))); again != l || found != ok {
			t.Errorf("%q is %s, %t; in capitals %s, %t", name, l.Name(), ok, again.Name(), found)
		}
	})
}

func TestAllocations(t *testing.T) {
	d, _ := decimal.Parse("-1234567.891")
	buf := make([]byte, 0, 100)
	for _, name := range []string{"en-us", "de-DE", "ar-EG", "pt_PT"} {
		allocs := testing.AllocsPerRun(100, func() {
			l, _ := intl.Find(name)
			buf = l.AppendNumber(buf[:0], d)
			buf = l.AppendCurrency(buf, d, "EUR")
			if l.Cardinal(d) == "" {
				t.Fatal("no category")
			}
		})
		if allocs != 0 {
			t.Errorf("%s: %.1f allocations", name, allocs)
		}
	}
}
