package moment

import (
	"regexp"
	"strconv"
	"strings"
)

var (
	isoExtended = regexp.MustCompile(`^` + jsSpace + `*((?:[+-]\d{6}|\d{4})-(?:\d\d-\d\d|W\d\d-\d|W\d\d|\d\d\d|\d\d))` +
		`(?:(T| )(\d\d(?::\d\d(?::\d\d(?:[.,]\d+)?)?)?)([+-]\d\d(?::?\d\d)?|` + jsSpace + `*Z)?)?$`)
	isoBasic = regexp.MustCompile(`^` + jsSpace + `*((?:[+-]\d{6}|\d{4})(?:\d\d\d\d|W\d\d\d|W\d\d|\d\d\d|\d\d|))` +
		`(?:(T| )(\d\d(?:\d\d(?:\d\d(?:[.,]\d+)?)?)?)([+-]\d\d(?::?\d\d)?|` + jsSpace + `*Z)?)?$`)
)

// isoDates are the forms of the date, in the order in which Moment tries them, anywhere in the text.
var isoDates = []struct {
	shape  *regexp.Regexp
	fields string // one letter a field, other characters for themselves
	time   bool   // a time may follow
}{
	{regexp.MustCompile(`[+-]\d{6}-\d\d-\d\d`), "Y-M-D", true},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d`), "y-M-D", true},
	{regexp.MustCompile(`\d{4}-W\d\d-\d`), "g-WV-E", true},
	{regexp.MustCompile(`\d{4}-W\d\d`), "g-WV", false},
	{regexp.MustCompile(`\d{4}-\d{3}`), "y-N", true},
	{regexp.MustCompile(`\d{4}-\d\d`), "y-M", false},
	{regexp.MustCompile(`[+-]\d{10}`), "YMD", true},
	{regexp.MustCompile(`\d{8}`), "yMD", true},
	{regexp.MustCompile(`\d{4}W\d{3}`), "gWVE", true},
	{regexp.MustCompile(`\d{4}W\d{2}`), "gWV", false},
	{regexp.MustCompile(`\d{7}`), "yN", true},
	{regexp.MustCompile(`\d{6}`), "yM", false},
	{regexp.MustCompile(`\d{4}`), "y", false},
}

// fieldShape says what each field takes from the text: an optional sign, then up to most digits.
var fieldShape = map[byte]struct {
	most int
	sign bool
}{
	'Y': {6, true}, 'y': {4, false}, 'g': {4, false}, 'M': {2, false}, 'D': {2, false}, 'V': {2, false},
	'E': {2, false}, 'N': {3, false}, 'h': {2, false}, 'm': {2, false}, 's': {2, false}, 'S': {1 << 30, false},
}

// wall is a date and time as it was written, with the offset if there was one.
type wall struct {
	year, month, day            int // month from 0
	hour, minute, second, milli int
	weekYear, week, weekday     int
	yearDay                     int
	offset                      int // minutes east of UTC
	hasDay, hasWeek             bool
	hasYearDay, hasOffset       bool
}

// parseISO reads Moment's variants of ISO 8601. matched is false where the text has none of their shapes, so that
// another reader may try it; ok is false where it has, but is no date.
func parseISO(s string) (w wall, matched, ok bool) {
	m := isoExtended.FindStringSubmatch(s)
	if m == nil {
		if m = isoBasic.FindStringSubmatch(s); m == nil {
			return w, false, false
		}
	}
	fields, mayTime := "", false
	for i := range isoDates {
		if isoDates[i].shape.MatchString(m[1]) {
			fields, mayTime = isoDates[i].fields, isoDates[i].time
			break
		}
	}
	if fields == "" || m[3] != "" && !mayTime {
		return w, false, false
	}
	if m[3] != "" {
		fields += m[2] + isoTime(m[3])
	}
	if m[4] != "" {
		fields += "Z"
	}
	return w, true, w.read(s, fields)
}

// isoTime gives the fields of a time of day.
func isoTime(s string) string {
	digits, fraction := s, ""
	if i := strings.IndexAny(s, ".,"); i >= 0 {
		digits, fraction = s[:i], s[i:i+1]+"S"
	}
	colon := ""
	if strings.Contains(s, ":") {
		colon = ":"
	}
	switch len(strings.ReplaceAll(digits, ":", "")) {
	case 2:
		return "h"
	case 4:
		return "h" + colon + "m"
	}
	return "h" + colon + "m" + colon + "s" + fraction
}

// read takes the fields from the text one after the other. Like Moment it searches each in what is left, so that
// what stands before it is skipped.
func (w *wall) read(s, fields string) bool {
	for i := range len(fields) {
		f := fields[i]
		if f == 'Z' {
			w.readOffset(s)
			continue
		}
		shape, number := fieldShape[f]
		if !number {
			if at := strings.IndexByte(s, f); at >= 0 {
				s = s[at+1:]
			}
			continue
		}
		start, end := findNumber(s, shape.most, shape.sign)
		if start < 0 {
			continue
		}
		w.set(f, s[start:end])
		s = s[end:]
	}
	return w.check()
}

func findNumber(s string, most int, sign bool) (start, end int) {
	start = strings.IndexAny(s, "0123456789")
	if start < 0 {
		return -1, -1
	}
	for end = start; end < len(s) && end-start < most && s[end] >= '0' && s[end] <= '9'; end++ {
	}
	if sign && start > 0 && (s[start-1] == '+' || s[start-1] == '-') {
		start--
	}
	return start, end
}

func (w *wall) set(field byte, text string) {
	if field == 'S' {
		f, _ := strconv.ParseFloat("0."+text, 64)
		w.milli = int(f * 1000)
		return
	}
	n, _ := strconv.Atoi(text)
	switch field {
	case 'Y', 'y':
		w.year = n
	case 'g':
		w.weekYear, w.hasWeek = n, true
		w.week, w.weekday = 1, 1
	case 'M':
		w.month = n - 1
	case 'D':
		w.day, w.hasDay = n, true
	case 'V':
		w.week = n
	case 'E':
		w.weekday = n
	case 'N':
		w.yearDay, w.hasYearDay = n, true
	case 'h':
		w.hour = n
	case 'm':
		w.minute = n
	case 's':
		w.second = n
	}
}

// readOffset reads Z, +hh, +hhmm or +hh:mm, searched anywhere in s.
func (w *wall) readOffset(s string) {
	at := strings.IndexAny(s, "Zz+-")
	if at < 0 {
		return
	}
	w.hasOffset = true
	if s[at] != '+' && s[at] != '-' {
		return
	}
	digits := strings.ReplaceAll(s[at+1:], ":", "")
	hours, _ := strconv.Atoi(digits[:2])
	minutes := 0
	if len(digits) >= 4 {
		minutes, _ = strconv.Atoi(digits[2:4])
	}
	w.offset = hours*60 + minutes
	if s[at] == '-' {
		w.offset = -w.offset
	}
}

// check completes week dates and days of the year and says whether every field is in its range.
func (w *wall) check() bool {
	switch {
	case w.hasWeek:
		if w.week < 1 || w.week > weeksInYear(w.weekYear, 1, 4) || w.weekday < 1 || w.weekday > 7 {
			return false
		}
		w.year, w.month = w.weekYear, 0
		w.day = 1 + 7*(w.week-1) + (7+w.weekday-1)%7 + firstWeekOffset(w.weekYear, 1, 4)
		d := dateOf(daysTo(w.year, 0, w.day))
		w.year, w.month, w.day = d.year, d.month, d.day
	case w.hasYearDay:
		if w.yearDay < 1 || w.yearDay > daysInYear(w.year) {
			return false
		}
		d := dateOf(daysTo(w.year, 0, w.yearDay))
		w.month, w.day = d.month, d.day
	case !w.hasDay:
		w.day = 1
	}
	midnight := w.hour == 24 && w.minute == 0 && w.second == 0 && w.milli == 0
	return w.month >= 0 && w.month <= 11 && w.day >= 1 && w.day <= daysInMonth(w.year, w.month) &&
		(w.hour <= 23 || midnight) && w.minute <= 59 && w.second <= 59 && w.milli <= 999
}

// millis is the wall clock time as if it were UTC.
func (w *wall) millis() int64 {
	return daysTo(w.year, w.month, w.day)*dayMillis +
		((int64(w.hour)*60+int64(w.minute))*60+int64(w.second))*1000 + int64(w.milli)
}
