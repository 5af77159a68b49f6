// Package momenttest makes the cases that helpers/moment is compared with Moment.js on, and reads and writes the
// committed answers. The tests and the difftest command share it, so that both speak of the same cases.
package momenttest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// Instant is a moment in a zone; the empty zone is moment.utc().
type Instant struct {
	At   int64 // milliseconds since 1970
	Zone string
}

// Instants are the corpus's moments: year ends, weeks 53, the edges of daylight saving time, skipped and doubled days,
// era boundaries, hours that meridiem texts change at, and years from the first to the last of a JavaScript Date.
func Instants() []Instant {
	var out []Instant
	for _, s := range strings.Fields(`
		2019-01-18T00:00:00Z 2019-01-18T00:00:00Z@America/Los_Angeles 2018-12-30T12:00:00Z 2018-12-31T23:59:59.999Z
		2019-01-01T00:00:00Z@Europe/Berlin 2016-01-03T10:04:05Z 2020-12-31T18:30:00Z@Asia/Kolkata 2021-01-03T06:07:08.009Z
		2021-01-04T00:00:00Z 2024-02-29T13:14:15.678Z@Europe/Moscow 2022-05-08T04:00:00Z 2022-06-14T05:30:00Z
		2022-07-22T06:29:59Z 2022-08-23T08:59:00Z 2022-09-24T10:59:59Z 2022-10-25T11:30:00Z 2022-11-26T12:00:00Z
		2022-12-27T13:00:00Z 2023-03-02T14:10:00Z 2023-04-03T15:20:00Z 2023-05-04T16:59:00Z 2023-06-05T17:45:00Z
		2023-07-06T18:00:00Z 2023-08-07T19:00:00Z 2023-09-10T20:59:59Z 2023-10-11T22:00:00Z 2023-11-12T02:59:00Z
		2023-11-13T03:00:00Z
		2019-03-10T09:59:59.999Z@America/Los_Angeles 2019-03-10T10:00:00Z@America/Los_Angeles
		2019-11-03T08:59:59Z@America/Los_Angeles 2019-11-03T09:00:00Z@America/Los_Angeles
		2019-03-31T01:00:00Z@Europe/London 2019-10-27T00:59:59Z@Europe/London 2011-12-29T21:00:00Z@Pacific/Apia
		2011-12-30T11:00:00Z@Pacific/Apia 2011-12-31T10:00:00Z@Pacific/Apia 1993-08-21T12:30:00Z@Pacific/Kwajalein
		1994-12-31T12:00:00Z@Pacific/Kiritimati 2019-04-30T15:00:00Z@Asia/Tokyo 1989-01-07T14:59:59Z@Asia/Tokyo
		1926-12-24T15:00:00Z@Asia/Tokyo 1912-07-30T00:00:00Z 1873-01-01T00:00:00Z 1872-12-31T00:00:00Z 1900-01-01T00:00:00Z@Africa/Algiers
		1883-11-18T12:03:57Z@America/New_York 2037-07-01T00:00:00Z@Africa/Casablanca 2499-12-31T23:00:00Z@Europe/Paris
		1969-12-31T23:59:59.999Z 1970-01-01T00:00:00Z@Africa/Monrovia 0099-12-31T00:00:00Z 0044-03-15T00:00:00Z
		0001-01-01T00:00:00Z 0001-01-01T00:00:00Z@Asia/Tokyo 0000-12-31T00:00:00Z 0000-01-01T00:00:00Z
		9999-12-31T23:59:59Z`) {
		text, zone, _ := strings.Cut(s, "@")
		at, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			panic(err) // a typing error above
		}
		out = append(out, Instant{at.UnixMilli(), zone})
	}
	for _, year := range []int{-44, -1, 10000, 12345, 100000, 275760} {
		out = append(out, Instant{time.Date(year, 9, 12, 10, 11, 12, 0, time.UTC).UnixMilli(), ""})
	}
	return append(out, Instant{-8_640_000_000_000_000, ""})
}

// Formats are the corpus's formats: every token by itself, the localized formats, names in every place that selects
// one of their forms, and escapes.
func Formats() []string {
	out := strings.Fields(`M Mo MM MMM MMMM Q Qo D Do DD DDD DDDo DDDD d do dd ddd dddd e E w wo ww W Wo WW
		Y YY YYYY YYYYY YYYYYY y yo yy yyy yyyy N NN NNN NNNN NNNNN gg gggg ggggg GG GGGG GGGGG A a H HH h hh k kk
		hmm hmmss Hmm Hmmss m mm s ss S SS SSS SSSS SSSSSSSSS z zz Z ZZ X x
		LT LTS L LL LLL LLLL l ll lll llll`)
	return append(out,
		"LL z", "dddd, Do MMMM YYYY HH:mm", "D MMMM", "Do MMMM", "D. MMMM", "D [de] MMMM [de] YYYY", "D MMM YYYY", "Do MMM",
		"D-MMM-YYYY", "DD-MMM-YY", "MMM D", "MMMM D", "MMMM Do YYYY", "MMMM YYYY", "MMM YYYY", "dddd D", "dddd HH:mm",
		"[в] dddd", "[В прошлую] dddd", "[у] dddd", "[У] dddd LT", "[минулої] dddd", "[у мінулую] dddd", "[წინა] dddd",
		"[Week] w [of] gggg", "GGGG-[W]WW-E", "YYYY-MM-DDTHH:mm:ss.SSSZ", "h:mm a, A", "[at] h [o'clock], 1, 2,3",
		`\M\M \D D \[x\] \\ [a]b] c [d`, "YYY ggg GGG g G w| W| MMMMM DDDDD ddddd", "", "[]", "[[x]]", "ÄÖ 日本 L🙂L",
		"dd ddd MMM, D", "D [\n] MMMM\r\nYYYY", "LLLL [LLLL] \\LLLL LLLLL", "N y [(]NNNN yo[)] NNNNN",
	)
}

var pieces = strings.Split(`M|Mo|MM|MMM|MMM|MMMM|MMMM|Q|Qo|D|D|Do|DD|DDD|DDDo|DDDD|d|do|dd|ddd|dddd|dddd|e|E|w|wo|ww|W|Wo|WW|`+
	`Y|YY|YYYY|YYYYY|YYYYYY|y|yo|yy|yyyy|N|NN|NNNN|NNNNN|gg|gggg|GG|GGGG|A|a|H|HH|h|hh|k|kk|hmm|hmmss|Hmm|Hmmss|m|mm|`+
	`s|ss|S|SS|SSS|SSSSSS|z|zz|Z|ZZ|X|x|LT|LTS|L|LL|LLL|LLLL|l|ll|lll|llll| | | |, |-|-|/|.|:|[|]|\|[de]|[в]|[ў ]|[у]|`+
	`[минулої]|[შემდეგ]|[Во] |o|g|G|3|é|日|🙂|`+"\n|\u2028|\u00a0|\ufeff|[a]b]|T|constructor|'", "|")

// Zones are those that random cases choose from.
var zones = []string{
	"", "UTC", "America/Los_Angeles", "Europe/Berlin", "Asia/Tokyo", "Asia/Kathmandu", "Pacific/Apia", "Africa/Casablanca",
	"America/St_Johns", "Australia/Lord_Howe", "Pacific/Kiritimati", "Europe/Dublin", "America/Sao_Paulo", "Asia/Tehran",
}

// Random is a stream of random formats and instants, the same for a seed on every machine.
type Random struct{ r *rand.Rand }

// NewRandom starts a stream.
func NewRandom(seed uint64) *Random { return &Random{rand.New(rand.NewPCG(seed, 2))} }

// Format makes a format of up to ten tokens, separators, escapes and quirks.
func (r *Random) Format() string {
	var b strings.Builder
	for range 1 + r.r.IntN(10) {
		b.WriteString(pieces[r.r.IntN(len(pieces))])
	}
	return b.String()
}

// Instant makes a moment; most lie near our time, some anywhere that a Date can be.
func (r *Random) Instant() Instant {
	zone := zones[r.r.IntN(len(zones))]
	var at int64
	switch r.r.IntN(10) {
	case 0:
		at = r.r.Int64N(8_640_000_000_000_000*2) - 8_640_000_000_000_000
	case 1:
		at = r.r.Int64N(4_000_000_000_000*40) - 4_000_000_000_000*20
	default:
		at = r.r.Int64N(4_000_000_000_000) - 1_500_000_000_000
	}
	if at > 8_639_000_000_000_000 || at < -8_639_000_000_000_000 {
		zone = "" // the wall clock would lie beyond what a Date holds
	}
	return Instant{at, zone}
}

// Choose picks one of n.
func (r *Random) Choose(n int) int { return r.r.IntN(n) }

// Known says why a case's answer differs from Moment's on purpose; empty means that it must be equal.
func Known(locale, format string, at Instant) string {
	year := time.UnixMilli(at.At).UTC().Year()
	if year == -271821 && strings.ContainsAny(format, "DwWgG") {
		return "January 1 of that year is before the first Date, so Moment counts days and weeks from NaN"
	}
	if locale == "ar-kw" && year >= -1 && year <= 100 && strings.ContainsAny(format, "wg") {
		return "Moment takes the weekday of a day of the wrong year and prints weeks such as 1.857142857142861"
	}
	return ""
}

func (i Instant) String() string {
	return fmt.Sprintf("%s (%d) in %q", time.UnixMilli(i.At).UTC().Format(time.RFC3339Nano), i.At, i.Zone)
}
