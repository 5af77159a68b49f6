package moment

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"
)

//go:embed data/relative.jsonl.gz
var relativeData []byte

// relative is what Moment says of one locale's times from now; see generate/relative.js.
type relative struct {
	Units    map[string]map[string][]string // by form, then by unit
	Calendar map[string][]string
}

// relativeIndex maps the names of locales to their lines of the data.
var relativeIndex = sync.OnceValue(func() map[string]*relativeEntry {
	text, err := inflate(relativeData)
	if err != nil {
		panic(fmt.Sprintf("moment: embedded relative times: %v", err)) // a build with broken data; the tests load all
	}
	index := make(map[string]*relativeEntry, 140)
	for line := range bytes.Lines([]byte(text)) {
		index[lineName(line)] = &relativeEntry{line: line}
	}
	return index
})

type relativeEntry struct {
	line []byte
	once sync.Once
	data *relative
}

func (l *Locale) relative() *relative {
	e := relativeIndex()[l.name]
	e.once.Do(func() {
		e.data = &relative{}
		if err := json.Unmarshal(e.line, e.data); err != nil {
			panic(fmt.Sprintf("moment: embedded relative times: %v", err))
		}
	})
	return e.data
}

// pick gives the pattern that a sample of the data's takes.
func pick(list []string, i int) string {
	indexes := list[len(list)-1]
	if indexes == "" {
		return list[0]
	}
	width := 1
	if len(list)-1 > 36 {
		width = 2
	}
	n, err := strconv.ParseUint(indexes[i*width:(i+1)*width], 36, 16)
	if err != nil {
		panic(fmt.Sprintf("moment: embedded relative times: %v", err))
	}
	return list[n]
}

// Duration is a length of time as Moment keeps it: months, days and milliseconds apart, since their lengths differ.
type Duration struct {
	Months, Days, Millis float64
}

// Days and months are turned into each other by the mean of 400 years.
func monthsToDays(months float64) float64 { return months * 146_097 / 4800 }

func daysToMonths(days float64) float64 { return days * 4800 / 146_097 }

// round is JavaScript's Math.round, for what isn't negative.
func round(x float64) float64 { return math.Floor(x + 0.5) }

// Humanize says in words how long a duration is, "2 hours", as Moment's humanize does; with a suffix how long ago or from now,
// "in 2 hours", "2 hours ago".
func (l *Locale) Humanize(d Duration, suffix bool) string {
	units := l.relative().Units
	form := "plain"
	positive := d.Millis+864e5*(d.Days+monthsToDays(d.Months)) > 0
	switch {
	case suffix && positive:
		form = "future"
	case suffix:
		form = "past"
	}
	d = Duration{math.Abs(d.Months), math.Abs(d.Days), math.Abs(d.Millis)}
	days := d.Days + round(monthsToDays(d.Months))
	months := d.Months + daysToMonths(d.Days+d.Millis/864e5)
	unit, n := unitOf(round(days*86_400+d.Millis/1000), round(days*1440+d.Millis/6e4), round(days*24+d.Millis/36e5), round(days+d.Millis/864e5),
		round(months), round(months/12))
	samples := units[form][unit]
	if future, ok := units["plainFuture"][unit]; ok && positive && !suffix {
		samples = future
	}
	first := 2
	if len(unit) == 1 {
		first = 1
	}
	like := n
	if n > 999 { // their first digit and the last two decide
		like, _ = strconv.Atoi(strconv.Itoa(n)[:1])
		like = like*100 + n%100
	}
	text := strings.Replace(pick(samples, max(like, 1)-first), "%d", strconv.Itoa(max(n, 1)), 1)
	return l.rewrite.text(text)
}

// unitOf chooses the unit by Moment's thresholds, and how many of it.
func unitOf(seconds, minutes, hours, days, months, years float64) (unit string, n int) {
	switch {
	case seconds <= 44:
		return "s", int(seconds)
	case minutes <= 1:
		return "m", 1
	case minutes < 45:
		return "mm", int(minutes)
	case hours <= 1:
		return "h", 1
	case hours < 22:
		return "hh", int(hours)
	case days <= 1:
		return "d", 1
	case days < 26:
		return "dd", int(days)
	case months <= 1:
		return "M", 1
	case months < 11:
		return "MM", int(months)
	case years <= 1:
		return "y", 1
	}
	return "yy", int(min(years, 1e9))
}

// Between is the duration from one instant to another, both in milliseconds since 1970: whole months by the zone's
// calendar, then milliseconds.
func Between(from, to int64, zone *Zone) Duration {
	if from < to {
		months, millis := monthsBetween(from, to, zone)
		return Duration{Months: float64(months), Millis: float64(millis)}
	}
	months, millis := monthsBetween(to, from, zone)
	return Duration{Months: -float64(months), Millis: -float64(millis)}
}

func monthsBetween(early, late int64, zone *Zone) (months int, millis int64) {
	a, b := dateIn(early, zone), dateIn(late, zone)
	months = b.month - a.month + (b.year-a.year)*12
	if addMonths(early, months, zone) > late {
		months--
	}
	return months, late - addMonths(early, months, zone)
}

func offsetIn(at int64, zone *Zone) int64 {
	if zone == nil {
		return 0
	}
	return zone.offset(at)
}

func dateIn(at int64, zone *Zone) date { return dateOf(floorDiv(at+offsetIn(at, zone), dayMillis)) }

// addMonths is the instant some months later at the same time of the day; a day that the month lacks is its last.
func addMonths(at int64, months int, zone *Zone) int64 {
	offset := offsetIn(at, zone)
	local := at + offset
	day := floorDiv(local, dayMillis)
	d := dateOf(day)
	month := d.month + months
	year := d.year + int(floorDiv(int64(month), 12))
	month = int(floorMod(int64(month), 12))
	local += (daysTo(year, month, min(d.day, daysInMonth(year, month))) - day) * dayMillis
	return local - offsetIn(local-offset, zone)
}

// FromNow says how long an instant is ago, or how long until it: "2 hours ago", "in 3 days", as Moment's fromNow does. Without
// suffix it is "2 hours".
func (l *Locale) FromNow(at, now int64, zone *Zone, suffix bool) string {
	return l.Humanize(Between(now, at, zone), suffix)
}

// CalendarFormat is the format in which Moment's calendar prints an instant beside now: "[Yesterday at] LT", "dddd [at] LT".
func (l *Locale) CalendarFormat(at, now int64, zone *Zone) string {
	local := at + offsetIn(at, zone)
	today := floorDiv(now+offsetIn(now, zone), dayMillis) * dayMillis
	midnight := today - offsetIn(now, zone)
	midnight = today - offsetIn(midnight, zone)
	days := float64(at-midnight+offsetIn(at, zone)-offsetIn(midnight, zone)) / dayMillis
	key := "sameElse"
	switch {
	case days < -6:
	case days < -1:
		key = "lastWeek"
	case days < 0:
		key = "lastDay"
	case days < 1:
		key = "sameDay"
	case days < 2:
		key = "nextDay"
	case days < 7:
		key = "nextWeek"
	}
	day := floorDiv(local, dayMillis)
	hour := int(floorMod(local, dayMillis) / 3_600_000)
	sample := int(floorMod(day+4, 7))*48 + hour*2
	if l.sameWeek(day, floorDiv(today, dayMillis)) {
		sample++
	}
	return pick(l.relative().Calendar[key], sample)
}

// sameWeek says whether two days have the same number of the locale's week.
func (l *Locale) sameWeek(a, b int64) bool { return l.weekNumber(a) == l.weekNumber(b) }

func (l *Locale) weekNumber(day int64) int {
	c := clock{date: dateOf(day)}
	week, _ := c.weekOfYear(l.dow, l.doy)
	return week
}
