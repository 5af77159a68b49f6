package task

import (
	_ "embed"
	"strings"
	"sync"

	"github.com/heraldsend/herald/worker/fault"
)

// zoneNames are the names of all time zones that templates know, one a line. `go test ./worker/task -run Zones -update`
// writes them anew. Who enqueues needs no more of a zone than to know that it exists.
//
//go:embed zones.txt
var zoneNames string

var zones = sync.OnceValue(func() map[string]string {
	names := map[string]string{}
	for name := range strings.Lines(zoneNames) {
		name = strings.TrimSuffix(name, "\n")
		names[name], names[normalZone(name)] = name, name
	}
	return names
})

// normalZone is the form in which names are compared, as in templates: without case, and "_" is the same as "/".
func normalZone(name string) string { return strings.ToLower(strings.ReplaceAll(name, "/", "_")) }

// Zone returns the IANA name of a time zone as it is written; false where there is none.
func Zone(name string) (string, bool) {
	if len(name) > 100 {
		return "", false // none comes near
	}
	known, ok := zones()[name]
	if !ok {
		known, ok = zones()[normalZone(name)]
	}
	return known, ok
}

// CheckTimezone reports whether name is a time zone, or empty.
func CheckTimezone(name string) error {
	if name == "" {
		return nil
	}
	if _, ok := Zone(name); !ok {
		return fault.At("", fault.BadTimezone, "%s is not an IANA time zone such as Europe/Berlin", fault.Quote(name))
	}
	return nil
}

// CheckLocale reports whether tag is empty or has the form of a language tag (BCP 47, with "-" or "_"). A language
// without texts is no fault: another language is used.
func CheckLocale(tag string) error {
	if tag != "" && (len(tag) > 35 || !isLocale(tag)) {
		return fault.At("", fault.BadLocale, "%s is not a language tag such as en or fr-CA", fault.Quote(tag))
	}
	return nil
}

// isLocale reports the form ^[A-Za-z]{1,8}([-_][A-Za-z0-9]{1,8})*$. Each row of an audience has a locale, and the
// regular expression would take a third of the time of reading it.
func isLocale(tag string) bool {
	subtags, length := 0, 0
	for i := range len(tag) {
		switch c := tag[i]; {
		case c|0x20-'a' < 26, subtags > 0 && c-'0' < 10:
			if length++; length > 8 {
				return false
			}
		case (c == '-' || c == '_') && length > 0:
			subtags, length = subtags+1, 0
		default:
			return false
		}
	}
	return length > 0
}
