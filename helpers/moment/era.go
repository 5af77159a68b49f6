package moment

// era is a count of years: Anno Domini, or a Japanese emperor's. Its bounds are midnights UTC in milliseconds since
// 1970, both days included; an era that counts backwards (BC) ends before it begins.
type era struct {
	since, until       int64
	offset             int
	name, narrow, abbr string
}

// eraOf gives the era of the clock's day, and its year in it; between two eras there is none, and the plain year.
// Locales without eras use the English ones.
func (c *clock) eraOf(l *Locale) (*era, int64) {
	if c.eraKnown {
		return c.era, c.eraYear
	}
	c.eraKnown = true
	c.eraYear = int64(c.year)
	eras := l.eras
	if eras == nil {
		eras = English().eras
	}
	start := c.startOf(c.year, c.month, c.day)
	for i := range eras {
		e := &eras[i]
		direction := 1
		if e.since > e.until {
			direction = -1
		}
		if e.since <= start && start <= e.until || e.until <= start && start <= e.since {
			first := dateOf(floorDiv(e.since, dayMillis)).year
			c.era = e
			c.eraYear = int64((c.year-first)*direction + e.offset)
			break
		}
	}
	return c.era, c.eraYear
}

func appendEra(dst []byte, kind opKind, c *clock, l *Locale) []byte {
	e, _ := c.eraOf(l)
	switch {
	case e == nil:
		return dst
	case kind == opEraAbbr:
		return append(dst, l.rewrite.text(e.abbr)...)
	case kind == opEraName:
		return append(dst, l.rewrite.text(e.name)...)
	}
	return append(dst, l.rewrite.text(e.narrow)...)
}
