package helpers

import (
	"fmt"
	"sync/atomic"

	"github.com/heraldsend/herald/helpers/moment"
	"github.com/heraldsend/herald/render/handlebars"
)

const (
	defaultFormat = "LL"
	defaultLocale = "en-us"
	defaultZone   = "UTC"
)

func dateEntries() []Entry {
	d := &dateFormatter{cache: newFormatCache(512)}
	return []Entry{{
		Name:      "dateFormat",
		Signature: `dateFormat value format= locale= timezone=`,
		Doc: "Prints a date as Moment.js does: every token and localized format of its documentation, in its 138 locales. " +
			"The value is ISO 8601 or RFC 2822 text, milliseconds since 1970, or `/Date(milliseconds)/`; text without an offset is " +
			"read in the time zone. `format` is `LL` unless given, `locale` the message's, else `en-us`, `timezone` the " +
			"setting's, else UTC. A missing or empty value prints nothing, an unreadable one \"Invalid date\" in its " +
			"language; both raise an issue.",
		Examples: []Example{
			{Template: `{{dateFormat at}}`, Context: `{"at":"2019-01-18T00:00Z"}`, Output: "January 18, 2019"},
			{Template: `{{dateFormat at format="ll"}}`, Context: `{"at":"2019-01-18T00:00Z"}`, Output: "Jan 18, 2019"},
			{Template: `{{dateFormat at locale="en-gb"}}`, Context: `{"at":"2019-01-18T00:00Z"}`, Output: "18 January 2019"},
			{
				Template: `{{dateFormat at format="LL z" timezone="America/Los_Angeles"}}`, Context: `{"at":"2019-01-18T00:00Z"}`,
				Output: "January 17, 2019 PST",
			},
			{
				Template: `{{dateFormat at format="dddd, D. MMMM, HH:mm [Uhr]" locale="de" timezone="Europe/Berlin"}}`,
				Context:  `{"at":1547769600000}`, Output: "Freitag, 18. Januar, 01:00 Uhr",
			},
			{Template: `{{dateFormat at}}`, Context: `{"at":"soon"}`, Output: "Fecha inválida", Locale: "es-MX"},
			{Template: `{{dateFormat at}}`, Context: `{"at":null}`, Output: ""},
		},
		Args:    []Param{{Name: "value", Kind: Date}},
		Options: []Param{{Name: "format", Kind: Format}, {Name: "locale", Kind: Locale}, {Name: "timezone", Kind: Zone}},
		Gives:   Text,
		helper:  handlebars.Helper{Prepare: d.prepare, Append: d.append},
	}}
}

// dateFormatter is the helper dateFormat.
type dateFormatter struct {
	cache *formatCache
}

// dateSite remembers what one call's locale, format and zone came to when it was last executed. They are literals or
// the execution's defaults, so that the next time they are mostly the same.
type dateSite struct {
	last atomic.Pointer[resolvedDate]
}

type resolvedDate struct {
	format, locale, zone string // as asked for
	print                *moment.Format
	in                   *moment.Zone
	issues               []dateIssue
}

type dateIssue struct {
	code          handlebars.Code
	field, detail string
}

func (d *dateFormatter) prepare(site *handlebars.Site) (any, error) {
	if v, ok := site.Option("format"); ok && len(v.Text()) > moment.MaxFormat {
		return nil, fmt.Errorf("the format is longer than %d bytes", moment.MaxFormat)
	}
	return &dateSite{}, nil
}

func (d *dateFormatter) append(c *handlebars.Call, dst []byte) ([]byte, error) {
	value := c.Arg(0)
	text, isText := value.Str()
	if value.IsNil() || isText && text == "" {
		c.Issue(handlebars.IssueMissingField, c.ArgText(0), "there is no date")
		return dst, nil
	}
	r := d.resolve(c)
	for _, i := range r.issues {
		c.Issue(i.code, i.field, i.detail)
	}
	at, ok := int64(0), false
	if isText {
		at, ok = moment.Parse(text, r.in)
	} else if n, isNumber := value.Float(); isNumber {
		at, ok = moment.FromNumber(n)
	}
	if !ok {
		c.Issue(IssueInvalidDate, c.ArgText(0), "no date: "+quote(value))
		return append(dst, r.print.Locale().Invalid()...), nil
	}
	return r.print.Append(dst, at, r.in), nil
}

func (d *dateFormatter) resolve(c *handlebars.Call) *resolvedDate {
	format := optionText(c, "format", defaultFormat)
	locale := optionText(c, "locale", orText(c.Locale(), defaultLocale))
	zone := optionText(c, "timezone", orText(c.Timezone(), defaultZone))
	site := c.Prepared().(*dateSite)
	if r := site.last.Load(); r != nil && r.format == format && r.locale == locale && r.zone == zone {
		return r
	}
	r := &resolvedDate{format: format, locale: locale, zone: zone}
	l, ok := moment.FindLocale(locale)
	if !ok {
		r.issue(IssueUnknownLocale, "locale", "there is no locale %s; English stands in", locale)
	}
	if r.in, ok = moment.FindZone(zone); !ok {
		r.issue(IssueUnknownZone, "timezone", "there is no time zone %s; it is ignored", zone)
		if r.in, ok = moment.FindZone(c.Timezone()); !ok {
			r.in, _ = moment.FindZone(defaultZone)
		}
	}
	var err error
	if r.print, err = d.cache.get(l, format); err != nil {
		r.issue(IssueInvalidFormat, "format", "the format is too long; "+defaultFormat+" stands in: %s", format)
		r.print, _ = d.cache.get(l, defaultFormat)
	}
	site.last.Store(r)
	return r
}

func (r *resolvedDate) issue(code handlebars.Code, option, message, value string) {
	r.issues = append(r.issues, dateIssue{code, option, fmt.Sprintf(message, quoteText(value))})
}

func optionText(c *handlebars.Call, name, otherwise string) string {
	if !c.Has(name) {
		return otherwise
	}
	return orText(c.Option(name).Text(), otherwise)
}

func orText(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
