package helpers

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/heraldsend/herald/helpers/moment"
	"github.com/heraldsend/herald/render/handlebars"
)

func relativeEntries() []Entry {
	cache := newFormatCache(256)
	locale, timezone := Param{Name: "locale", Kind: Locale}, Param{Name: "timezone", Kind: Zone}
	suffix := Param{Name: "suffix", Kind: Bool}
	at := func(c *handlebars.Call, dst []byte, print func(p relativePlace, at, now int64) []byte) ([]byte, error) {
		p := placeOf(c)
		ms, ok, absent := dateArg(c, p.zone)
		switch {
		case absent:
			c.Issue(handlebars.IssueMissingField, c.ArgText(0), "there is no date")
			return dst, nil
		case !ok:
			c.Issue(IssueInvalidDate, c.ArgText(0), "no date: "+quote(c.Arg(0)))
			return append(dst, p.locale.Invalid()...), nil
		}
		return print(p, ms, c.Now().UnixMilli()), nil
	}
	return []Entry{{
		Name: "fromNow", Signature: "fromNow value suffix= locale= timezone=",
		Doc: "How long a date is ago, or from now, as Moment.js's `fromNow` says it in its 138 locales. `suffix=false` leaves out the \"ago\". Now is when the " +
			"message was enqueued or is due, so that another attempt says the same. In the examples it is January 20, 2019.",
		Examples: []Example{
			{Template: `Sent {{fromNow at}}`, Context: `{"at":"2019-01-18T00:00Z"}`, Output: "Sent 2 days ago"},
			{Template: `{{fromNow at locale="de"}}`, Context: `{"at":"2019-01-20T05:00Z"}`, Output: "in 5 Stunden"},
			{Template: `{{fromNow at suffix=false}}`, Context: `{"at":"2018-01-20T00:00Z"}`, Output: "a year"},
		},
		Args: []Param{{Name: "value", Kind: Date}}, Options: []Param{suffix, locale, timezone}, Gives: Text,
		helper: handlebars.Helper{Prepare: prepareSuffix, Append: func(c *handlebars.Call, dst []byte) ([]byte, error) {
			return at(c, dst, func(p relativePlace, ms, now int64) []byte {
				return append(dst, p.locale.FromNow(ms, now, p.zone, !c.Has("suffix") || c.Option("suffix").Truthy())...)
			})
		}},
	}, {
		Name: "calendar", Signature: "calendar value locale= timezone=",
		Doc: "A date beside today, as Moment.js's `calendar` says it: with its time within a week, else as the day. In the examples, now is January 20, 2019.",
		Examples: []Example{
			{Template: `{{calendar at}}`, Context: `{"at":"2019-01-21T09:30Z"}`, Output: "Tomorrow at 9:30 AM"},
			{Template: `{{calendar at locale="fr"}}`, Context: `{"at":"2019-01-18T09:30Z"}`, Output: "vendredi dernier à 09:30"},
			{Template: `{{calendar at}}`, Context: `{"at":"2018-12-01T09:30Z"}`, Output: "12/01/2018"},
		},
		Args: []Param{{Name: "value", Kind: Date}}, Options: []Param{locale, timezone}, Gives: Text,
		helper: handlebars.Helper{Append: func(c *handlebars.Call, dst []byte) ([]byte, error) {
			return at(c, dst, func(p relativePlace, ms, now int64) []byte {
				f, err := cache.get(p.locale, p.locale.CalendarFormat(ms, now, p.zone))
				if err != nil {
					panic("helpers: " + err.Error()) // a format of the data's
				}
				return f.Append(dst, ms, p.zone)
			})
		}},
	}, {
		Name: "formatDuration", Signature: "formatDuration value unit= suffix= locale=",
		Doc: "How long something takes, in words, as `humanize` of Moment.js's durations says it. The value is a number of `unit` (`milliseconds` unless " +
			"given; `seconds`, `minutes`, `hours`, `days`, `weeks`, `months`, `years`), or a duration of ISO 8601 such as `PT2H30M`. `suffix=true` says \"in 2 " +
			"hours\", or \"2 hours ago\" where it is negative.",
		Examples: []Example{
			{Template: `It takes {{formatDuration wait unit="minutes"}}.`, Context: `{"wait":150}`, Output: "It takes 3 hours."},
			{Template: `{{formatDuration wait locale="es"}}`, Context: `{"wait":"P3D"}`, Output: "3 días"},
			{Template: `{{formatDuration wait unit="days" suffix=true}}`, Context: `{"wait":1}`, Output: "in a day"},
		},
		Args:    []Param{{Name: "value"}},
		Options: []Param{{Name: "unit", Kind: Text, Values: durationUnits}, suffix, locale}, Gives: Text,
		helper: handlebars.Helper{Prepare: prepareSuffix, Append: formatDuration},
	}}
}

func prepareSuffix(site *handlebars.Site) (any, error) {
	if v, ok := site.Option("suffix"); ok && v.Kind() != handlebars.KindBool {
		return nil, fmt.Errorf("suffix must be true or false, without quotes, not %s", quote(v))
	}
	if v, ok := site.Option("unit"); ok && !slices.Contains(durationUnits, v.Text()) {
		return nil, fmt.Errorf("unknown unit %s%s: want %s", quote(v), handlebars.DidYouMean(v.Text(), durationUnits), strings.Join(durationUnits, ", "))
	}
	return nil, nil
}

// relativePlace is in which language and zone a time is told.
type relativePlace struct {
	locale *moment.Locale
	zone   *moment.Zone
}

// placeOf resolves a call's locale and zone, and tells of those that are not known.
func placeOf(c *handlebars.Call) (p relativePlace) {
	locale, zone := optionText(c, "locale", orText(c.Locale(), defaultLocale)), optionText(c, "timezone", orText(c.Timezone(), defaultZone))
	var ok bool
	if p.locale, ok = moment.FindLocale(locale); !ok {
		c.Issue(IssueUnknownLocale, "locale", "there is no locale "+quoteText(locale)+"; English stands in")
	}
	if p.zone, ok = moment.FindZone(zone); !ok {
		c.Issue(IssueUnknownZone, "timezone", "there is no time zone "+quoteText(zone)+"; it is ignored")
		p.zone, _ = moment.FindZone(defaultZone)
	}
	return p
}

// dateArg reads the first argument as a date, in milliseconds since 1970.
func dateArg(c *handlebars.Call, zone *moment.Zone) (at int64, ok, absent bool) {
	value := c.Arg(0)
	if text, isText := value.Str(); isText {
		at, ok = moment.Parse(text, zone)
		return at, ok, text == ""
	}
	if n, isNumber := value.Float(); isNumber {
		at, ok = moment.FromNumber(n)
	}
	return at, ok, value.IsNil()
}

var durationUnits = []string{"milliseconds", "seconds", "minutes", "hours", "days", "weeks", "months", "years"}

// durationOf is a number of units.
func durationOf(n float64, unit string) (d moment.Duration, ok bool) {
	switch unit {
	case "milliseconds":
		d.Millis = n
	case "seconds":
		d.Millis = n * 1000
	case "minutes":
		d.Millis = n * 6e4
	case "hours":
		d.Millis = n * 36e5
	case "days":
		d.Days = n
	case "weeks":
		d.Days = 7 * n
	case "months":
		d.Months = n
	case "years":
		d.Months = 12 * n
	default:
		return d, false
	}
	return d, true
}

func formatDuration(c *handlebars.Call, dst []byte) ([]byte, error) {
	p := placeOf(c)
	value := c.Arg(0)
	text, isText := value.Str()
	if value.IsNil() || isText && strings.TrimSpace(text) == "" {
		c.Issue(handlebars.IssueMissingField, c.ArgText(0), "there is no duration")
		return dst, nil
	}
	d, ok := moment.Duration{}, false
	n, isNumber := value.Float()
	if isText {
		var err error
		n, err = strconv.ParseFloat(strings.TrimSpace(text), 64)
		isNumber = err == nil
	}
	switch {
	case isNumber:
		d, ok = durationOf(n, optionText(c, "unit", durationUnits[0]))
	case isText:
		d, ok = moment.ParseDuration(strings.TrimSpace(text))
	}
	if !ok {
		c.Issue(IssueInvalidNumber, c.ArgText(0), "no duration: "+quote(value))
		return value.AppendText(dst), nil
	}
	return append(dst, p.locale.Humanize(d, c.Option("suffix").Truthy())...), nil
}
