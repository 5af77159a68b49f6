package moment

import (
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/heraldsend/herald/helpers/cputest"
)

// strictRFC3339 leaves out what time.Parse also takes: hours of one digit, fractions after a comma.
var strictRFC3339 = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$`)

// FuzzParse reads any text: no panic, a result that a Date can hold, the short way and the long way agree, and what Go
// reads as RFC 3339 is the same instant.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"2019-01-18T00:00Z", "2019-01-18", "2019-W03-5T10:11:12,5+0530", "2019-018", "20190118T101112.5Z", "+002019-01",
		"-271821-04-20T00:00:00Z", "2019-12-31T24:00", "Fri, 18 Jan (x) 2019 10:11:12 -0830", "18 Jan 19 10:11 EST",
		"/Date(1547769600000)/", "Date(-5", "2019-01-18T10:11:12.123456789-23:59", "2019-01-18T10:11:12.123+99:99", "((((", "",
	} {
		for _, z := range []string{"", "America/New_York", "Pacific/Apia"} {
			f.Add(s, z)
		}
	}
	f.Fuzz(func(t *testing.T, s, name string) {
		z, _ := FindZone(name)
		var at int64
		var ok bool
		if d := cputest.Spent(func() { at, ok = Parse(s, z) }); d > 2*time.Second {
			t.Errorf("took %s", d)
		}
		if at > MaxMillis || at < -MaxMillis || !ok && at != 0 {
			t.Errorf("%q: %d, %t", s, at, ok)
		}
		if w, short := parseCommon(s); short {
			long, matched, fine := parseISO(s)
			if !matched || !fine || long.millis() != w.millis() || long.hasOffset != w.hasOffset || long.offset != w.offset {
				t.Errorf("%q: the short way reads %+v, the long way %+v, %t, %t", s, w, long, matched, fine)
			}
		}
		if want, err := time.Parse(time.RFC3339, s); err == nil && strictRFC3339.MatchString(s) {
			if !ok && z == nil {
				t.Errorf("%q is RFC 3339 but no date here", s)
			} else if ok && at != want.UnixMilli() && !strings.Contains(s, ".") {
				t.Errorf("%q: %d, by RFC 3339 %d", s, at, want.UnixMilli())
			}
		}
	})
}

// FuzzFormat compiles any text in any locale: no panic, valid UTF-8 that is appended, the same again.
func FuzzFormat(f *testing.F) {
	for _, s := range []string{
		"LL", "LLLL z", "[a]b] c [d", `\M\\ \[x\]`, "w|YYY ggg", "dddd, Do MMMM YYYY", "\xff[\xf0", "D[\n]MMMM\r\n", "NNNNN yo",
		"[В прошлую] dddd", "LTS lll \\llll", "🙂 YYYYYY", "SSSSSSSSSSSS", "hmmss HHmm kk",
	} {
		f.Add(s, "ru", int64(1547769600000), "Asia/Tokyo")
		f.Add(s, "ar", int64(-62135596800000), "")
	}
	f.Fuzz(func(t *testing.T, format, locale string, at int64, zone string) {
		l, _ := FindLocale(locale)
		z, _ := FindZone(zone)
		compiled, err := l.Compile(format)
		if err != nil {
			if len(format) <= MaxFormat {
				t.Errorf("%q: %v", format, err)
			}
			return
		}
		out := string(compiled.Append([]byte("before"), at, z))
		if !strings.HasPrefix(out, "before") || !utf8.ValidString(out) {
			t.Errorf("%q prints %q", format, out)
		}
		if len(out) > 64*(len(format)+1) {
			t.Errorf("%d bytes of format print %d", len(format), len(out))
		}
		if again := string(compiled.Append(nil, at, z)); "before"+again != out {
			t.Errorf("%q prints %q, then %q", format, out, again)
		}
	})
}
