package moment

// date is a day of the proleptic Gregorian calendar. Month counts from 0, as in JavaScript.
type date struct {
	year, month, day int
}

// dateOf gives the date of a day counted from 1970-01-01. The arithmetic counts years from March, in eras of 400
// years, so that the leap day ends a year.
func dateOf(days int64) date {
	days += 719_468 // from 0000-03-01
	cycle := floorDiv(days, 146_097)
	day := int(days - cycle*146_097)
	year := (day - day/1460 + day/36_524 - day/146_096) / 365
	day -= 365*year + year/4 - year/100
	month := (5*day + 2) / 153 // 0 is March
	d := date{year: year + int(cycle)*400, month: month + 2, day: day - (153*month+2)/5 + 1}
	if d.month > 11 {
		d.month -= 12
		d.year++
	}
	return d
}

// daysTo counts the days from 1970-01-01 to a date; month and day may lie outside their ranges.
func daysTo(year, month, day int) int64 {
	year += int(floorDiv(int64(month), 12))
	month = int(floorMod(int64(month), 12))
	y := int64(year)
	m := int64(month) - 2
	if m < 0 {
		m += 12
		y--
	}
	cycle := floorDiv(y, 400)
	y -= cycle * 400
	return cycle*146_097 + y*365 + y/4 - y/100 + (153*m+2)/5 + int64(day) - 1 - 719_468
}

func leap(year int) bool {
	return year%4 == 0 && year%100 != 0 || year%400 == 0
}

func daysInYear(year int) int {
	if leap(year) {
		return 366
	}
	return 365
}

func daysInMonth(year, month int) int {
	if month == 1 {
		return daysInYear(year) - 337
	}
	return 31 - month%7%2
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func floorMod(a, b int64) int64 {
	m := a % b
	if m < 0 {
		m += b
	}
	return m
}
