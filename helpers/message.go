package helpers

import (
	"strconv"

	"github.com/heraldsend/herald/render/handlebars"
)

// quote shows a value in a message: quoted, at most 100 characters.
func quote(v handlebars.Value) string {
	switch v.Kind() {
	case handlebars.KindArray, handlebars.KindObject:
		return "an " + v.Kind().String()
	}
	return quoteText(v.Text())
}

func quoteText(s string) string {
	n := 0
	for i := range s {
		if n == 90 {
			s = s[:i] + "…"
			break
		}
		n++
	}
	return strconv.Quote(s)
}
