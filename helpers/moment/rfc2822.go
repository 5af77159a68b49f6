package moment

import (
	"regexp"
	"strconv"
	"strings"
)

var rfc2822 = regexp.MustCompile(`^(?:(Mon|Tue|Wed|Thu|Fri|Sat|Sun),?` + jsSpace + `)?(\d{1,2})` + jsSpace +
	`(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)` + jsSpace + `(\d{2,4})` + jsSpace +
	`(\d\d):(\d\d)(?::(\d\d))?` + jsSpace + `(?:(UT|GMT|[ECMP][SD]T)|([Zz])|([+-]\d{4}))$`)

var (
	rfcComment = regexp.MustCompile(`\([^()]*\)|[\n\t]`)
	rfcSpaces  = regexp.MustCompile(jsSpace + jsSpace + `+`)
)

// obsoleteZones are the zone names of RFC 2822, in minutes.
var obsoleteZones = map[string]int{
	"UT": 0, "GMT": 0, "EDT": -240, "EST": -300, "CDT": -300, "CST": -360, "MDT": -360, "MST": -420, "PDT": -420, "PST": -480,
}

const (
	rfcDays   = "SunMonTueWedThuFriSat"
	rfcMonths = "JanFebMarAprMayJunJulAugSepOctNovDec"
)

// parseRFC2822 reads a mail date as Moment does: comments are dropped, a weekday must be the right one, years of two
// and three digits are completed.
func parseRFC2822(s string) (wall, bool) {
	var w wall
	if len(s) > maxMailDate {
		return w, false
	}
	s = rfcComment.ReplaceAllString(s, " ")
	s = rfcSpaces.ReplaceAllString(s, " ")
	s = strings.TrimFunc(s, isJSSpace)
	m := rfc2822.FindStringSubmatch(s)
	if m == nil {
		return w, false
	}
	number := func(s string) int {
		n, _ := strconv.Atoi(s)
		return n
	}
	w.year, w.month, w.day = number(m[4]), strings.Index(rfcMonths, m[3])/3, number(m[2])
	switch {
	case w.year <= 49:
		w.year += 2000
	case w.year <= 999:
		w.year += 1900
	}
	w.hour, w.minute, w.second = number(m[5]), number(m[6]), number(m[7])
	weekday := int(floorMod(daysTo(w.year, w.month, w.day)+4, 7))
	if m[1] != "" && strings.Index(rfcDays, m[1])/3 != weekday {
		return w, false
	}
	w.hasDay, w.hasOffset = true, true
	switch {
	case m[8] != "":
		w.offset = obsoleteZones[m[8]]
	case m[10] != "":
		n := number(m[10])
		w.offset = n/100*60 + n%100
	}
	return w, w.hour < 24 && w.check()
}

// maxMailDate bounds the work on text that is no date; comments may make a mail date long, but not this long.
const maxMailDate = 4096

func isJSSpace(r rune) bool {
	switch {
	case r >= '\t' && r <= '\r', r == ' ', r == 0xa0, r == 0x1680, r >= 0x2000 && r <= 0x200a,
		r == 0x2028, r == 0x2029, r == 0x202f, r == 0x205f, r == 0x3000, r == 0xfeff:
		return true
	}
	return false
}
