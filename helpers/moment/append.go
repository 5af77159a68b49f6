package moment

// MaxMillis is the largest distance from 1970 that a date can have, in milliseconds: 100 million days.
const MaxMillis = 8_640_000_000_000_000

const dayMillis = 86_400_000

// clock is an instant taken apart in a zone.
type clock struct {
	at, local int64 // milliseconds since 1970, and the same as the zone's wall clock shows it
	offset    int64 // local - at
	zone      *Zone
	date
	weekday            int // 0 is Sunday
	hour, minute       int
	second, milli      int
	dayOfYear          int // 0: not computed yet
	week, weekYear     int // week 0: not computed yet
	isoWeek, isoYear   int
	eraYear            int64
	era                *era
	eraKnown, yearDays bool
}

// Append prints the instant at, in milliseconds since 1970, as the zone's clocks show it, and returns the extended
// buffer. A nil zone is Moment's moment.utc(). Where the instant or the wall clock lies beyond MaxMillis, it prints the
// locale's "Invalid date".
func (f *Format) Append(dst []byte, at int64, zone *Zone) []byte {
	c := clock{at: at, local: at, zone: zone}
	if zone != nil {
		c.offset = zone.offset(at)
		c.local += c.offset
	}
	if max(at, c.local) > MaxMillis || min(at, c.local) < -MaxMillis {
		return append(dst, f.locale.invalid...)
	}
	days := floorDiv(c.local, dayMillis)
	rest := int(c.local - days*dayMillis)
	c.date = dateOf(days)
	c.weekday = int(floorMod(days+4, 7))
	c.milli = rest % 1000
	rest /= 1000
	c.second = rest % 60
	rest /= 60
	c.minute = rest % 60
	c.hour = rest / 60
	for i := range f.ops {
		dst = f.locale.appendOp(dst, &f.ops[i], &c)
	}
	return dst
}

func (l *Locale) appendOp(dst []byte, o *op, c *clock) []byte {
	var n int
	width := int(o.width)
	switch o.kind {
	case opText:
		return append(dst, o.text...)
	case opMonthName:
		return append(dst, o.names[c.month]...)
	case opWeekdayName:
		return append(dst, o.names[c.weekday]...)
	case opMonth:
		n = c.month + 1
	case opQuarter:
		n = c.month/3 + 1
	case opDay:
		n = c.day
	case opDayOfYear:
		n = c.dayInYear()
	case opWeekday:
		n = c.weekday
	case opLocalWeekday:
		n = (c.weekday + 7 - l.dow) % 7
	case opISOWeekday:
		if n = c.weekday; n == 0 {
			n = 7
		}
	case opWeek:
		n, _ = c.localWeek(l)
	case opISOWeek:
		n, _ = c.isoWeekOf()
	case opYear:
		n = c.year
	case opYearOfCentury:
		n = c.year % 100
	case opYearSigned:
		return l.rewrite.appendInt(dst, int64(c.year), width, true)
	case opYearPlain:
		if c.year > 9999 {
			return l.rewrite.appendInt(dst, int64(c.year), 1, true)
		}
		n = c.year
	case opWeekYear:
		_, n = c.localWeek(l)
	case opWeekYearOfCentury:
		_, n = c.localWeek(l)
		n %= 100
	case opISOWeekYear:
		_, n = c.isoWeekOf()
	case opISOWeekYearOfCentury:
		_, n = c.isoWeekOf()
		n %= 100
	case opEraYear:
		_, year := c.eraOf(l)
		if o.ordinal != nil {
			return o.ordinal.append(dst, year, l.rewrite)
		}
		return l.rewrite.appendInt(dst, year, width, false)
	case opEraAbbr, opEraName, opEraNarrow:
		return appendEra(dst, o.kind, c, l)
	case opMeridiemUpper, opMeridiemLower:
		return l.appendMeridiem(dst, c.hour*60+c.minute, o.kind == opMeridiemUpper)
	case opHour:
		n = c.hour
	case opHour12:
		n = c.hour12()
	case opHour24:
		if n = c.hour; n == 0 {
			n = 24
		}
	case opHour12Minute, opHour12MinuteSecond, opHourMinute, opHourMinuteSecond:
		return l.appendClock(dst, o.kind, c)
	case opMinute:
		n = c.minute
	case opSecond:
		n = c.second
	case opFraction:
		return l.rewrite.appendInt(dst, fraction(c.milli, width), width, false)
	case opUnix:
		return l.rewrite.appendInt(dst, floorDiv(c.at, 1000), width, false)
	case opMillis:
		return l.rewrite.appendInt(dst, c.at, width, false)
	case opZoneAbbr, opZoneName:
		return l.rewrite.appendASCII(dst, c.zoneName(o.kind))
	case opOffset, opOffsetBasic:
		return l.appendOffset(dst, c.offset, o.kind == opOffset)
	}
	if o.ordinal != nil {
		return o.ordinal.append(dst, int64(n), l.rewrite)
	}
	return l.rewrite.appendInt(dst, int64(n), width, false)
}

func (c *clock) hour12() int {
	if n := c.hour % 12; n != 0 {
		return n
	}
	return 12
}

func (l *Locale) appendClock(dst []byte, kind opKind, c *clock) []byte {
	hour := c.hour
	if kind == opHour12Minute || kind == opHour12MinuteSecond {
		hour = c.hour12()
	}
	dst = l.rewrite.appendInt(dst, int64(hour), 1, false)
	dst = l.rewrite.appendInt(dst, int64(c.minute), 2, false)
	if kind == opHour12MinuteSecond || kind == opHourMinuteSecond {
		dst = l.rewrite.appendInt(dst, int64(c.second), 2, false)
	}
	return dst
}

// fraction is the first width digits of the second's fraction; Moment cuts, it does not round.
func fraction(milli, width int) int64 {
	n := int64(milli)
	switch width {
	case 1:
		return n / 100
	case 2:
		return n / 10
	}
	for range width - 3 {
		n *= 10
	}
	return n
}

func (l *Locale) appendMeridiem(dst []byte, minute int, upper bool) []byte {
	i := len(l.meridiem) - 1
	for i > 0 && l.meridiem[i].from > minute {
		i--
	}
	if upper {
		return append(dst, l.meridiem[i].upper...)
	}
	return append(dst, l.meridiem[i].lower...)
}

func (c *clock) zoneName(kind opKind) string {
	switch {
	case c.zone != nil:
		return c.zone.abbr(c.at)
	case kind == opZoneName:
		return "Coordinated Universal Time"
	}
	return "UTC"
}

// appendOffset prints hours and minutes; seconds, which old local mean times have, are cut.
func (l *Locale) appendOffset(dst []byte, offset int64, colon bool) []byte {
	sign := byte('+')
	if offset < 0 {
		offset, sign = -offset, '-'
	}
	minutes := offset / 60_000
	dst = append(dst, sign)
	dst = l.rewrite.appendInt(dst, minutes/60, 2, false)
	if colon {
		dst = append(dst, ':')
	}
	return l.rewrite.appendInt(dst, minutes%60, 2, false)
}
