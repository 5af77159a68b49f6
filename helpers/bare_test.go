package helpers_test

import (
	"testing"

	"github.com/heraldsend/herald/helpers"
	"github.com/heraldsend/herald/render/handlebars"
)

func TestBareDates(t *testing.T) {
	show := helpers.BareDates()
	for _, c := range []struct{ value, locale, zone, want string }{
		{`"2019-01-18T00:00:00Z"`, "", "", "January 18, 2019 12:00 AM"},
		{`"2019-01-18T00:00:00.000Z"`, "en-us", "America/Los_Angeles", "January 17, 2019 4:00 PM"},
		{`"2019-01-18"`, "", "", "January 18, 2019 12:00 AM"},
		{`"2019-01-18T13:05:00+02:00"`, "de", "Europe/Berlin", "18. Januar 2019 12:05"},
		{`"2019-01-18T00:00:00Z"`, "", "Moon/Base", "January 18, 2019 12:00 AM"},
		{`"2019-13-45T00:00:00Z"`, "", "", "2019-13-45T00:00:00Z"},
		{`"next week"`, "", "", "next week"},
		{`"2019"`, "", "", "2019"},
		{`"20190118-12"`, "", "", "20190118-12"},
		{`""`, "", "", ""},
		{`1547769600000`, "", "", "1547769600000"},
		{`true`, "", "", "true"},
	} {
		v, err := handlebars.ParseJSON([]byte(c.value))
		if err != nil {
			t.Fatal(err)
		}
		if got := show(v, &handlebars.Exec{Locale: c.locale, Timezone: c.zone}).Text(); got != c.want {
			t.Errorf("%s in %q, %q: %q, want %q", c.value, c.locale, c.zone, got, c.want)
		}
	}
}
