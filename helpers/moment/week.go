package moment

import "math"

// dayInYear counts from 1. Moment rounds the time elapsed since the year began, which is one less where the zone
// skipped a day since (Apia in 2011).
func (c *clock) dayInYear() int {
	if c.dayOfYear != 0 || c.yearDays {
		return c.dayOfYear
	}
	c.yearDays = true
	if c.zone == nil || !c.zone.skipsDays {
		c.dayOfYear = int(daysTo(c.year, c.month, c.day)-daysTo(c.year, 0, 1)) + 1
		return c.dayOfYear
	}
	elapsed := c.startOf(c.year, c.month, c.day) - c.startOf(c.year, 0, 1)
	c.dayOfYear = int(math.Floor(float64(elapsed)/dayMillis+0.5)) + 1
	return c.dayOfYear
}

// startOf is the instant at which Moment takes a day of this clock's zone to begin.
func (c *clock) startOf(year, month, day int) int64 {
	local := daysTo(year, month, day) * dayMillis
	if c.zone == nil {
		return local
	}
	offset := c.zone.offset(local - c.offset)
	if c.zone.offset(local-offset) != offset {
		at := local - c.zone.offsetOfLocal(local)
		return at
	}
	return local - offset
}

func (c *clock) localWeek(l *Locale) (week, year int) {
	if l.dow == 1 && l.doy == 4 {
		return c.isoWeekOf()
	}
	if c.week == 0 {
		c.week, c.weekYear = c.weekOfYear(l.dow, l.doy)
	}
	return c.week, c.weekYear
}

func (c *clock) isoWeekOf() (week, year int) {
	if c.isoWeek == 0 {
		c.isoWeek, c.isoYear = c.weekOfYear(1, 4)
	}
	return c.isoWeek, c.isoYear
}

// weekOfYear gives the week and the year that it belongs to, for weeks that begin on day dow (0 is Sunday); doy says
// which week is the first, as Moment counts: 7 + dow - (the January day that is always in it).
func (c *clock) weekOfYear(dow, doy int) (week, year int) {
	year = c.year
	offset := firstWeekOffset(year, dow, doy)
	week = int(floorDiv(int64(c.dayInYear()-offset-1), 7)) + 1
	switch {
	case week < 1:
		year--
		week += weeksInYear(year, dow, doy)
	case week > weeksInYear(year, dow, doy):
		week -= weeksInYear(year, dow, doy)
		year++
	}
	return week, year
}

// firstWeekOffset is the number of days from January 1 to the start of the first week.
func firstWeekOffset(year, dow, doy int) int {
	day := 7 + dow - doy
	weekday := int(floorMod(daysTo(year, 0, day)+4, 7))
	return day - 1 - (7+weekday-dow)%7
}

func weeksInYear(year, dow, doy int) int {
	return (daysInYear(year) - firstWeekOffset(year, dow, doy) + firstWeekOffset(year+1, dow, doy)) / 7
}
