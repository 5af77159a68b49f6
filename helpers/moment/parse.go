package moment

import (
	"math"
	"strings"
)

// Parse reads text as Moment does: ISO 8601 in its extended and basic forms (calendar, week and ordinal dates),
// RFC 2822, and "/Date(milliseconds)/". Text without an offset is read in the zone; nil means UTC. It gives
// milliseconds since 1970, and false for what is no date.
//
// Two things of Moment's are left out. What it can't read itself it hands to JavaScript's Date, whose answer depends on
// the engine ("January 18, 2019"); here that is no date. Nor is a text of more than 256 bytes, fractions of a second aside.
func Parse(text string, zone *Zone) (int64, bool) {
	if w, ok := parseCommon(text); ok {
		return w.in(zone)
	}
	if at, matched, ok := parseASPNet(text); matched {
		return at, ok
	}
	if len(text) > maxText {
		if text = shortFraction(text); len(text) > maxText {
			return 0, false
		}
	}
	w, matched, ok := parseISO(text)
	if !matched {
		w, ok = parseRFC2822(text)
	}
	if !ok {
		return 0, false
	}
	return w.in(zone)
}

// maxText bounds, in bytes, what is tried in all forms of dates.
const maxText = 256

// shortFraction leaves out the digits of a long fraction, which change nothing.
func shortFraction(text string) string {
	const most = 20
	begin := strings.IndexAny(text, ".,") + 1
	end := begin
	for end < len(text) && text[end] >= '0' && text[end] <= '9' {
		end++
	}
	if begin == 0 || end-begin <= most {
		return text
	}
	return text[:begin+most] + text[end:]
}

// FromNumber takes a number as milliseconds since 1970, cutting fractions; false beyond MaxMillis and for NaN.
func FromNumber(n float64) (int64, bool) {
	if !(math.Abs(n) <= MaxMillis) {
		return 0, false
	}
	return int64(n), true
}

// in gives the instant at which the zone's clocks show the wall clock time.
func (w *wall) in(zone *Zone) (int64, bool) {
	local := w.millis()
	if local > MaxMillis || local < -MaxMillis {
		return 0, false
	}
	at := local
	switch {
	case w.hasOffset:
		at -= int64(w.offset) * 60_000
	case zone != nil:
		at -= zone.offsetOfLocal(local)
	}
	if at > MaxMillis || at < -MaxMillis {
		return 0, false
	}
	if zone != nil {
		local = at + zone.offset(at) // a Date must hold the wall clock, too
	}
	if local > MaxMillis || local < -MaxMillis {
		return 0, false
	}
	return at, true
}

// parseASPNet reads "/Date(1547769600000)/"; what follows the digits does not matter.
func parseASPNet(s string) (at int64, matched, ok bool) {
	s = strings.TrimPrefix(s, "/")
	if len(s) < 6 || !strings.EqualFold(s[:5], "date(") {
		return 0, false, false
	}
	s, negative := strings.CutPrefix(s[5:], "-")
	n := 0
	for ; n < len(s) && s[n] >= '0' && s[n] <= '9'; n++ {
		if at <= MaxMillis {
			at = at*10 + int64(s[n]-'0')
		}
	}
	if negative {
		at = -at
	}
	if n == 0 || at > MaxMillis || at < -MaxMillis {
		return 0, n > 0, false
	}
	return at, true, true
}

// parseCommon reads the usual shapes without regular expressions: YYYY-MM-DD, with Thh:mm, seconds and fraction, and
// with Z or ±hh:mm. It takes only what is valid; everything else goes the long way.
func parseCommon(s string) (w wall, ok bool) {
	if len(s) < 10 || s[4] != '-' || s[7] != '-' {
		return w, false
	}
	var good [7]bool
	w.year, good[0] = digits4(s)
	w.month, good[1] = digits2(s[5:])
	w.day, good[2] = digits2(s[8:])
	w.month--
	w.hasDay = true
	if !good[0] || !good[1] || !good[2] {
		return w, false
	}
	s = s[10:]
	if s == "" {
		return w, w.check()
	}
	if len(s) < 6 || s[0] != 'T' || s[3] != ':' {
		return w, false
	}
	w.hour, good[3] = digits2(s[1:])
	w.minute, good[4] = digits2(s[4:])
	if !good[3] || !good[4] {
		return w, false
	}
	s = s[6:]
	if len(s) >= 3 && s[0] == ':' {
		if w.second, good[5] = digits2(s[1:]); !good[5] {
			return w, false
		}
		s = s[3:]
		if len(s) >= 4 && s[0] == '.' && len(s) > 4 && (s[4] < '0' || s[4] > '9') || len(s) == 4 && s[0] == '.' {
			tens, fine := digits2(s[1:])
			if !fine || s[3] < '0' || s[3] > '9' {
				return w, false
			}
			w.milli = tens*10 + int(s[3]-'0')
			s = s[4:]
		}
	}
	switch {
	case s == "":
	case s == "Z":
		w.hasOffset = true
	case len(s) == 6 && (s[0] == '+' || s[0] == '-') && s[3] == ':':
		hours, fine := digits2(s[1:])
		minutes, fine2 := digits2(s[4:])
		if !fine || !fine2 {
			return w, false
		}
		w.hasOffset = true
		w.offset = hours*60 + minutes
		if s[0] == '-' {
			w.offset = -w.offset
		}
	default:
		return w, false
	}
	return w, w.check()
}

func digits2(s string) (int, bool) {
	a, b := s[0]-'0', s[1]-'0'
	return int(a)*10 + int(b), a <= 9 && b <= 9
}

func digits4(s string) (int, bool) {
	high, ok := digits2(s)
	low, fine := digits2(s[2:])
	return high*100 + low, ok && fine
}
