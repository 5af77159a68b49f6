package moment

import (
	"regexp"
	"strconv"
	"strings"
)

// isoDuration is Moment's isoRegex: a duration of ISO 8601, with decimals and signs anywhere.
var isoDuration = regexp.MustCompile(`^(-|\+)?P(?:([-+]?[0-9,.]*)Y)?(?:([-+]?[0-9,.]*)M)?(?:([-+]?[0-9,.]*)W)?(?:([-+]?[0-9,.]*)D)?(?:T(?:([-+]?[0-9,.]*)H)?(?:([-+]?[0-9,.]*)M)?(?:([-+]?[0-9,.]*)S)?)?$`)

// ParseDuration reads a duration of ISO 8601: "PT2H30M", "P1Y", "-P3D".
func ParseDuration(text string) (Duration, bool) {
	m := isoDuration.FindStringSubmatch(text)
	if m == nil {
		return Duration{}, false
	}
	sign, any := 1.0, false
	if m[1] == "-" {
		sign = -1
	}
	part := func(i int) float64 {
		if m[i] == "" {
			return 0
		}
		any = true
		n, err := strconv.ParseFloat(strings.Replace(m[i], ",", ".", 1), 64)
		if err != nil {
			return 0 // as Moment has it
		}
		return sign * n
	}
	d := Duration{
		Months: part(2)*12 + part(3),
		Days:   part(4)*7 + part(5),
		Millis: part(6)*36e5 + part(7)*6e4 + part(8)*1000,
	}
	return d, any
}
