package helpers

import (
	"github.com/heraldsend/herald/helpers/moment"
	"github.com/heraldsend/herald/render/handlebars"
)

// bareFormat is how a date is printed that no helper formats: "January 18, 2019 12:00 AM".
const bareFormat = "LLL"

// BareDates gives how dates are printed without dateFormat, as Kustomer does: with their time, in the execution's language and
// zone. Only a text that begins as ISO 8601 has it, "2019-01-18", is taken for a date; all else is printed as it is.
func BareDates() handlebars.Show {
	cache := newFormatCache(64)
	return func(v handlebars.Value, x *handlebars.Exec) handlebars.Value {
		text, ok := v.Str()
		if !ok || !isISODate(text) {
			return v
		}
		locale, _ := moment.FindLocale(orText(x.Locale, defaultLocale))
		zone, ok := moment.FindZone(orText(x.Timezone, defaultZone))
		if !ok {
			zone, _ = moment.FindZone(defaultZone)
		}
		at, ok := moment.Parse(text, zone)
		format, err := cache.get(locale, bareFormat)
		if !ok || err != nil {
			return v
		}
		return handlebars.String(string(format.Append(nil, at, zone)))
	}
}

// isISODate says whether a text begins as 2019-01-18 does.
func isISODate(s string) bool {
	const form = "0000-00-00"
	if len(s) < len(form) {
		return false
	}
	for i := range len(form) {
		if isDigit := s[i]-'0' <= 9; isDigit != (form[i] == '0') || !isDigit && s[i] != '-' {
			return false
		}
	}
	return true
}
