package plain

import "strings"

// Lines returns s with every end of a line as "\n": CR, CR LF, VT, FF, NEL, U+2028 and U+2029 end lines too.
func Lines(s string) string {
	if !strings.ContainsAny(s, "\r\v\f\u0085\u2028\u2029") {
		return s
	}
	return lineEnds.Replace(s)
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\v", "\n", "\f", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n")
