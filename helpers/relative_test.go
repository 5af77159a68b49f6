package helpers_test

import (
	"testing"

	"github.com/heraldsend/herald/render/handlebars"
)

// Values that are no date, options that are none, and what is said of them. Now is 2019-01-20T00:00Z.
func TestRelative(t *testing.T) {
	for _, c := range []struct{ template, context, want, codes string }{
		{`{{fromNow at}}`, `{"at":"soon"}`, "Invalid date", "invalid_date"},
		{`{{fromNow at}}`, `{"at":""}`, "", "missing_field"},
		{`{{fromNow at}}`, `{}`, "", "missing_field"},
		{`{{calendar at}}`, `{"at":null}`, "", "missing_field"},
		{`{{fromNow at locale="xx"}}`, `{"at":"2019-01-20T01:00Z"}`, "in an hour", "unknown_locale"},
		{`{{calendar at timezone="Moon/Base"}}`, `{"at":"2019-01-20T01:00Z"}`, "Today at 1:00 AM", "unknown_zone"},
		{`{{calendar at timezone="America/New_York"}}`, `{"at":"2019-01-20T01:00Z"}`, "Today at 8:00 PM", ""},
		{`{{formatDuration n unit="hours"}}`, `{"n":"1.5"}`, "2 hours", ""},
		{`{{formatDuration n}}`, `{"n":"PT90M"}`, "2 hours", ""},
		{`{{formatDuration n}}`, `{"n":"-P1DT12H"}`, "2 days", ""},
		{`{{formatDuration n suffix=true}}`, `{"n":"-P1M"}`, "a month ago", ""},
		{`{{formatDuration n}}`, `{"n":"P"}`, "P", "invalid_number"},
		{`{{formatDuration n}}`, `{"n":"a while"}`, "a while", "invalid_number"},
		{`{{formatDuration n}}`, `{"n":" "}`, "", "missing_field"},
		{`{{formatDuration n unit=u}}`, `{"n":3,"u":"fortnights"}`, "3", "invalid_number"},
	} {
		got, issues, err := rendering{c.template, c.context, "", "", handlebars.EscapeText}.run(t)
		if err != nil {
			t.Fatal(err)
		}
		if got != c.want || codes(issues) != c.codes {
			t.Errorf("%s with %s: %q, %q, want %q, %q", c.template, c.context, got, codes(issues), c.want, c.codes)
		}
	}
	for template, says := range map[string]string{
		`{{formatDuration n unit="hour"}}`: `helper "formatDuration": unknown unit "hour"; did you mean "hours"?: want milliseconds, seconds, minutes, hours, days, weeks, months, years`,
		`{{fromNow at suffix="false"}}`:    `helper "fromNow": suffix must be true or false, without quotes, not "false"`,
	} {
		if _, _, err := (rendering{template: template}).run(t); err == nil || err.(*handlebars.Error).Message != says {
			t.Errorf("%s: %v", template, err)
		}
	}
}
