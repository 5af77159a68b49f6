package momenttest

import (
	"fmt"
	"strings"
	"time"
)

// RandomSeed, RandomCount and InputCount describe the random parts of the committed corpus.
const (
	RandomSeed  = 20301
	RandomCount = 100_000
	InputCount  = 20_000
)

// Locales are all of Moment's, in the order of the corpus.
var Locales = strings.Fields(`en af ar-dz ar-kw ar-ly ar-ma ar-ps ar-sa ar-tn ar az be bg bm bn-bd bn bo br bs ca cs cv cy
	da de-at de-ch de dv el en-au en-ca en-gb en-ie en-il en-in en-nz en-sg eo es-do es-mx es-us es et eu fa fi fil fo fr-ca
	fr-ch fr fy ga gd gl gom-deva gom-latn gu he hi hr hu hy-am id is it-ch it ja jv ka kk km kn ko ku-kmr ku ky lb lo lt lv
	me mi mk ml mn mr ms-my ms mt my nb ne nl-be nl nn oc-lnc pa-in pl pt-br pt ro ru sd se si sk sl sq sr-cyrl sr ss sv sw
	ta te tet tg th tk tl-ph tlh tr tzl tzm-latn tzm ug-cn uk ur uz-latn uz vi x-pseudo yo zh-cn zh-hk zh-mo zh-tw`)

// Case is one format in one locale at one instant.
type Case struct {
	Locale, Format string
	At             Instant
}

// RandomCases takes the next n cases from the stream.
func RandomCases(r *Random, n int) []Case {
	out := make([]Case, n)
	for i := range out {
		out[i] = Case{Locales[r.Choose(len(Locales))], r.Format(), r.Instant()}
	}
	return out
}

// ZoneInstants are the instants at which a zone with these changes is looked at: weekly from 1970 to 2037, and each
// change with a second before and after.
func ZoneInstants(changes []int64) []int64 {
	from := int64(0)
	to := time.Date(2038, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
	var out []int64
	for at := from; at < to; at += 7 * 86_400_000 {
		out = append(out, at)
	}
	for _, at := range changes {
		if at >= from && at < to {
			out = append(out, at-1000, at-1, at, at+1000)
		}
	}
	return out
}

// LocaleQueries are names that a look-up must answer as Moment does.
func LocaleQueries() []string {
	out := strings.Fields(`en_us EN-us en-US de-AT de_at DE de-DE de-de-1996 pt-PT pt_BR PT-br zh zh-CN zh-Hans zh-Hans-CN
		zh_TW zh-hk no nb-NO nn-no hy hy-AM pa pa-IN iw he-IL in id-ID sr-Cyrl-RS sr-cyrl sr-Latn uz-Latn-UZ xx-yy xx tzm-latn
		x-pseudo X-PSEUDO fr-BE fr-ca-x ku-KMR es-419 es-MX ar-EG ar-SA ja-JP ko_KR de_AT_x en_gb gom-deva oc-LNC de- -de ../de
		de/../fr ../../package`)
	return append(out, Locales...)
}

// Inputs are texts that were chosen, with the zone to read them in.
func Inputs() [][2]string {
	var out [][2]string
	for _, s := range strings.Split(`2019-01-18|2019-01-18T00:00Z|2019-01-18T00:00:00.000Z|2019-01-18T10:11:12.345678+05:30|
2019-01-18 10:11|2019-01-18T10|2019-01-18T10:11:12,5|20190118T101112|20190118T101112.5Z|20190118|2019-018|2019018|2019-W03-5|
2019-W03|2019W035|2019W03|2019-W53-1|2020-W53-7|2019-W00-1|2019-W01-8|2019-W01-0|2019-01|201901|2019|+002019-01-18|-000044-03-15|
+002019-01|+002019|+0020190118|2019-02-30|2019-02-29|2020-02-29|2019-13-01|2019-00-10|2019-01-00|2019-01-18T24:00|
2019-12-31T24:00:00.000Z|2019-01-18T24:01|2019-01-18T25:00|2019-01-18T23:60|2019-01-18T23:59:60|2019-366|2020-366|2019-000|
  2019-01-18|2019-01-18 |2019-01-18T10:00 Z|2019-01-18T10:00+05|2019-01-18T10:00-0530|2019-01-18T10:00+99:99|2019-01T10:00|
Fri, 18 Jan 2019 10:11:12 +0000|18 Jan 2019 10:11 GMT|Thu, 18 Jan 2019 10:11:12 +0000|Fri 18 Jan 19 10:11 EST|18 Jan 49 10:11 PDT|
18 Jan 50 10:11 Z|18 Jan 119 10:11 z|Fri, 18 Jan (comment) 2019   10:11:12 -0830|31 Feb 2019 10:00 GMT|18 Jan 2019 24:00 GMT|
/Date(1547769600000)/|/Date(-1)/|Date(5|/date(12+0530)/|/Date(99999999999999999999)/|/Date()/|1547769600000|1547769600|12|123|
not a date|January 18, 2019|01/18/2019|2019-1-8|null|undefined|true|NaN|2019-03-10T02:30|2019-11-03T01:30|2019-03-31T02:30:00|
2011-12-30T12:00|0000-01-01|0001-01-01|0099-12-31T23:59:59.999|9999-12-31|+275760-09-13T00:00:00Z|+275760-09-13T00:00:00.001Z|
-271821-04-20T00:00:00Z|-271821-04-19|+999999-01-01|2019-01-18T10:11:12.|2019-01-18T10:11:12.9999999999|2019-01-18T1:11|
2019-01-18t10:11|2019-01-18T10:11z|２０１９-01-18|2019‑01‑18| |T|Z|+|-`, "|") {
		s = strings.TrimPrefix(s, "\n")
		for _, zone := range []string{"", "America/New_York", "Europe/London", "Pacific/Apia"} {
			out = append(out, [2]string{s, zone})
		}
	}
	return out
}

// RandomInputs are the chosen inputs and random ones, together count.
func RandomInputs(seed uint64, count int) [][2]string {
	r := NewRandom(seed)
	out := Inputs()
	for len(out) < count {
		out = append(out, r.Input())
	}
	return out
}

// InputAnswer is what became of an input, as text: milliseconds since 1970 or "no date".
func InputAnswer(at int64, ok bool) string {
	if !ok {
		return "no date"
	}
	return fmt.Sprint(at)
}

// ZoneAnswer is the offset in minutes and the abbreviation of a zone at an instant.
type ZoneAnswer [2]any

// NewZoneAnswer takes the offset in milliseconds.
func NewZoneAnswer(offset int64, abbr string) ZoneAnswer {
	return ZoneAnswer{float64(offset) / 60_000, abbr}
}

// Input makes a text that is a date, or nearly.
func (r *Random) Input() [2]string {
	zone := zones[r.r.IntN(len(zones))]
	n := r.r.IntN
	year, month, day := fmt.Sprintf("%04d", n(2200)), fmt.Sprintf("%02d", n(14)), fmt.Sprintf("%02d", n(33))
	if n(8) == 0 {
		year = fmt.Sprintf("%+07d", n(300000)-100000)
	}
	dash := []string{"-", "-", "-", ""}[n(4)]
	var s string
	switch n(6) {
	case 0:
		s = year + dash + fmt.Sprintf("W%02d", n(55))
		if n(3) > 0 {
			s += dash + fmt.Sprint(n(9))
		}
	case 1:
		s = year + dash + fmt.Sprintf("%03d", n(370))
	case 2:
		s = year + dash + month
	default:
		s = year + dash + month + dash + day
	}
	if n(3) > 0 {
		colon := []string{":", ":", ""}[n(3)]
		s += []string{"T", "T", " ", "t", "  "}[n(5)] + fmt.Sprintf("%02d", n(26))
		for range n(3) {
			s += colon + fmt.Sprintf("%02d", n(62))
		}
		if n(3) == 0 {
			s += []string{".", ","}[n(2)] + strings.Repeat(fmt.Sprint(n(1000)), 1+n(3))
		}
		s += []string{"", "", "Z", " Z", "+05:30", "-0800", "+02", "+2", "z", " +00:00", "+14:00", "-1:00"}[n(12)]
	}
	if n(5) == 0 {
		s = fmt.Sprintf("%s%d %s %s %02d:%02d:%02d %s", []string{"", "Fri, ", "Mon ", "Sun,"}[n(4)], n(33),
			[]string{"Jan", "Feb", "Mar", "Dec", "Sept"}[n(5)], []string{year, "19", "70", "119"}[n(4)], n(25), n(61), n(61),
			[]string{"GMT", "+0000", "-0730", "EST", "PDT", "Z", "A", "+05:30"}[n(8)])
	}
	if n(10) == 0 && s != "" {
		at := n(len(s))
		s = s[:at] + string("0123456789-:TZ. /W+"[n(19)]) + s[at+1:]
	}
	return [2]string{s, zone}
}
