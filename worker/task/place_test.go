package task

import (
	"flag"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/render/catalog"

	_ "time/tzdata"

	"github.com/heraldsend/herald/helpers/moment"
)

var update = flag.Bool("update", false, "write zones.txt")

// The names are those that templates know, and Go can tell the time in each of these zones.
func TestZones(t *testing.T) {
	want := moment.ZoneNames()
	slices.Sort(want)
	text := strings.Join(want, "\n") + "\n"
	if *update {
		if err := os.WriteFile("zones.txt", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if zoneNames != text {
		t.Fatal("zones.txt is not what package moment has: run the test with -update")
	}
	for _, name := range want {
		for _, written := range []string{name, strings.ToLower(name), strings.ReplaceAll(name, "/", "_")} {
			if got, ok := Zone(written); !ok || got != name {
				t.Errorf("%q: %q, %v", written, got, ok)
			}
			if _, ok := moment.FindZone(written); !ok {
				t.Errorf("%q: templates don't know it", written)
			}
		}
		if _, err := time.LoadLocation(name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"Mars/Phobos", "Local", "local", "../UTC", "Europe/Berlin ", "Europe/Bérlin", strings.Repeat("A", 1<<20)} {
		if _, ok := moment.FindZone(name); ok {
			t.Errorf("%.40q: templates know it", name)
		}
		if err := CheckTimezone(name); err == nil || len(err.Error()) > 500 {
			t.Errorf("%.40q: %v", name, err)
		}
	}
}

// What is refused as a locale, templates don't take either.
func TestLocales(t *testing.T) {
	for _, tag := range append(moment.LocaleNames(), "", "en-US", "en_us", "zh-Hant-TW", "sr-Latn", "de-DE-1996", "x-klingon", "xx", "en-u-ca-buddhist") {
		if err := CheckLocale(tag); err != nil {
			t.Errorf("%q: %v", tag, err)
		}
	}
	for _, tag := range []string{"!!", "en us", "e n", "-", "en-", "en--us", "en.UTF-8", "1", "ü", "englishes", strings.Repeat("a-", 1<<19)} {
		if CheckLocale(tag) == nil {
			t.Errorf("%.40q was taken", tag)
		}
		if _, err := catalog.Languages(tag); err == nil {
			t.Errorf("%.40q: templates take it", tag)
		}
	}
}

// The form of a locale is that of a regular expression, which would take too long for each row of an audience.
func TestIsLocale(t *testing.T) {
	pattern := regexp.MustCompile(`^[A-Za-z]{1,8}([-_][A-Za-z0-9]{1,8})*$`)
	r := rand.New(rand.NewPCG(1, 2))
	const letters = "azAZ09-_-_@[`{/:.é\x00"
	taken := 0
	for range 200_000 {
		tag := make([]byte, r.IntN(14))
		for i := range tag {
			tag[i] = letters[r.IntN(len(letters))]
			if r.IntN(3) > 0 {
				tag[i] = "azAZ09-_"[r.IntN(8)]
			}
		}
		want := pattern.Match(tag)
		if got := isLocale(string(tag)); got != want {
			t.Fatalf("%q: %v, want %v", tag, got, want)
		}
		if want {
			taken++
		}
	}
	if taken < 1000 {
		t.Errorf("only %d were taken", taken)
	}
}
