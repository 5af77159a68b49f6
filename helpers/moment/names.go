package moment

import (
	"strings"
	"time"

	"github.com/goodsign/monday"
)

// resolveNames gives the names of one column. A column is either the names themselves, joined by "|", or a reference
// "@locale layout" to monday, which has them identically (a golden test compares with Moment's). Layouts are the six
// of the generator, never a user's format: monday's formatter corrupts literal text.
func resolveNames(column string, count int) []string {
	ref, ok := strings.CutPrefix(column, "@")
	if !ok {
		return strings.Split(column, "|")
	}
	locale, layout, _ := strings.Cut(ref, " ")
	out := make([]string, count)
	for i := range out {
		at := time.Date(2001, time.Month(i+1), 2, 0, 0, 0, 0, time.UTC)
		if count == 7 {
			at = time.Date(2001, time.January, 7+i, 0, 0, 0, 0, time.UTC) // the 7th was a Sunday
		}
		out[i] = strings.TrimPrefix(monday.Format(at, layout, monday.Locale(locale)), "2 ")
	}
	return out
}
