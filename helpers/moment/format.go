package moment

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// MaxFormat is the length in bytes up to which Compile takes formats. Templates may take formats from customer data.
const MaxFormat = 8192

// ErrFormatTooLong is returned for formats longer than MaxFormat.
var ErrFormatTooLong = errors.New("moment: the format is longer than 8192 bytes")

// Format is a compiled format string of one locale.
type Format struct {
	locale *Locale
	ops    []op
}

// op prints one part: literal text, names or numbers of a date.
type op struct {
	kind    opKind
	width   int8     // least digits
	text    string   // opText
	names   []string // opMonth, opWeekday
	ordinal *ordinal // where set, the number is printed as an ordinal
}

type opKind uint8

const (
	opText opKind = iota
	opMonthName
	opWeekdayName
	opMonth
	opQuarter
	opDay
	opDayOfYear
	opWeekday
	opLocalWeekday
	opISOWeekday
	opWeek
	opISOWeek
	opYear
	opYearOfCentury
	opYearSigned
	opYearPlain
	opWeekYear
	opWeekYearOfCentury
	opISOWeekYear
	opISOWeekYearOfCentury
	opEraYear
	opEraAbbr
	opEraName
	opEraNarrow
	opMeridiemUpper
	opMeridiemLower
	opHour
	opHour12
	opHour24
	opHour12Minute
	opHour12MinuteSecond
	opHourMinute
	opHourMinuteSecond
	opMinute
	opSecond
	opFraction
	opUnix
	opMillis
	opZoneAbbr
	opZoneName
	opOffset
	opOffsetBasic
)

// tokens maps every format token but names and S… to what it prints.
var tokens = map[string]op{
	"M": {kind: opMonth, width: 1}, "MM": {kind: opMonth, width: 2},
	"Q": {kind: opQuarter, width: 1},
	"D": {kind: opDay, width: 1}, "DD": {kind: opDay, width: 2},
	"DDD": {kind: opDayOfYear, width: 1}, "DDDD": {kind: opDayOfYear, width: 3},
	"d": {kind: opWeekday, width: 1}, "e": {kind: opLocalWeekday, width: 1}, "E": {kind: opISOWeekday, width: 1},
	"w": {kind: opWeek, width: 1}, "ww": {kind: opWeek, width: 2},
	"W": {kind: opISOWeek, width: 1}, "WW": {kind: opISOWeek, width: 2},
	"YY": {kind: opYearOfCentury, width: 2}, "YYYY": {kind: opYear, width: 4}, "YYYYY": {kind: opYear, width: 5},
	"YYYYYY": {kind: opYearSigned, width: 6}, "Y": {kind: opYearPlain, width: 4},
	"y": {kind: opEraYear, width: 1}, "yy": {kind: opEraYear, width: 2}, "yyy": {kind: opEraYear, width: 3},
	"yyyy": {kind: opEraYear, width: 4},
	"N":    {kind: opEraAbbr}, "NN": {kind: opEraAbbr}, "NNN": {kind: opEraAbbr}, "NNNN": {kind: opEraName},
	"NNNNN": {kind: opEraNarrow},
	"gg":    {kind: opWeekYearOfCentury, width: 2}, "gggg": {kind: opWeekYear, width: 4}, "ggggg": {kind: opWeekYear, width: 5},
	"GG": {kind: opISOWeekYearOfCentury, width: 2}, "GGGG": {kind: opISOWeekYear, width: 4},
	"GGGGG": {kind: opISOWeekYear, width: 5},
	"A":     {kind: opMeridiemUpper}, "a": {kind: opMeridiemLower},
	"H": {kind: opHour, width: 1}, "HH": {kind: opHour, width: 2},
	"h": {kind: opHour12, width: 1}, "hh": {kind: opHour12, width: 2},
	"k": {kind: opHour24, width: 1}, "kk": {kind: opHour24, width: 2},
	"hmm": {kind: opHour12Minute}, "hmmss": {kind: opHour12MinuteSecond},
	"Hmm": {kind: opHourMinute}, "Hmmss": {kind: opHourMinuteSecond},
	"m": {kind: opMinute, width: 1}, "mm": {kind: opMinute, width: 2},
	"s": {kind: opSecond, width: 1}, "ss": {kind: opSecond, width: 2},
	"X": {kind: opUnix, width: 1}, "x": {kind: opMillis, width: 1},
	"z": {kind: opZoneAbbr}, "zz": {kind: opZoneName}, "Z": {kind: opOffset}, "ZZ": {kind: opOffsetBasic},
}

// Compile reads a format of Moment's (tokens, localized formats, "[literal]", "\" escapes). Every text is a format:
// what is no token prints as it stands. Invalid UTF-8 becomes U+FFFD. The only error is ErrFormatTooLong.
func (l *Locale) Compile(format string) (*Format, error) {
	if len(format) > MaxFormat {
		return nil, ErrFormatTooLong
	}
	expanded := l.expand(strings.ToValidUTF8(format, "\uFFFD"))
	f := &Format{locale: l}
	var text strings.Builder
	flush := func() {
		if text.Len() > 0 {
			f.ops = append(f.ops, op{kind: opText, text: l.rewrite.text(text.String())})
			text.Reset()
		}
	}
	for rest := expanded; rest != ""; {
		n := tokenLength(rest)
		if n == 0 {
			_, n = utf8.DecodeRuneInString(rest)
			rest = rest[n:]
			continue
		}
		token := rest[:n]
		rest = rest[n:]
		if o, ok := l.tokenOp(token, expanded); ok {
			flush()
			f.ops = append(f.ops, o)
		} else {
			text.WriteString(literal(token))
		}
	}
	flush()
	return f, nil
}

// Locale is the locale that the format was compiled for.
func (f *Format) Locale() *Locale { return f.locale }

func (l *Locale) tokenOp(token, format string) (op, bool) {
	switch token {
	case "MMM":
		return op{kind: opMonthName, names: l.monthsShort.selectForm(format)}, true
	case "MMMM":
		return op{kind: opMonthName, names: l.months.selectForm(format)}, true
	case "dd":
		return op{kind: opWeekdayName, names: l.weekdaysMin.selectForm(format)}, true
	case "ddd":
		return op{kind: opWeekdayName, names: l.weekdaysShort.selectForm(format)}, true
	case "dddd":
		return op{kind: opWeekdayName, names: l.weekdays.selectForm(format)}, true
	}
	if token[0] == 'S' {
		return op{kind: opFraction, width: int8(len(token))}, true
	}
	if base, ok := ordinalBase[token]; ok {
		o := tokens[base]
		o.ordinal = l.ordinalOf(base)
		return o, true
	}
	o, ok := tokens[token]
	return o, ok
}

// ordinalBase maps the ordinal tokens to the token of their number.
var ordinalBase = map[string]string{
	"Mo": "M", "Qo": "Q", "Do": "D", "DDDo": "DDD", "do": "d", "wo": "w", "Wo": "W", "yo": "y",
}
