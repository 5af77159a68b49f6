package task

import (
	"flag"
	"os"
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
