package attach

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxName is the length of a file name in bytes, the limit of the usual file systems.
const maxName = 255

// CleanName makes a foreign file name safe to send. It keeps the last part of a path, removes control, format and
// bidi characters, quotes, characters that file systems reserve, and dots and blanks at both ends. It avoids names of
// Windows devices. The result has at most 255 bytes and keeps the extension. If nothing is left, it is
// "attachment-N".
func CleanName(name string, n int) string {
	name = norm.NFC.String(name[:min(len(name), 16*maxName)]) // first: it turns U+037E into a semicolon
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	var b strings.Builder
	for _, r := range name {
		switch {
		case r == utf8.RuneError, unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r):
		case unicode.IsSpace(r):
			b.WriteByte(' ')
		case strings.ContainsRune(`"<>:|?*;`, r):
			b.WriteByte('_')
		default:
			b.WriteRune(r)
		}
	}
	name = strings.Trim(norm.NFC.String(b.String()), " .") // again: a dropped character may have stood between
	if name == "" {
		return fmt.Sprintf("attachment-%d", n)
	}
	if isDevice(name) {
		name = "_" + name
	}
	return shorten(name)
}

// isDevice reports the names that Windows reserves, with any extension.
func isDevice(name string) bool {
	stem, _, _ := strings.Cut(name, ".")
	stem = strings.ToUpper(strings.TrimRight(stem, " "))
	switch stem {
	case "CON", "PRN", "AUX", "NUL":
		return true
	}
	return len(stem) == 4 && (stem[:3] == "COM" || stem[:3] == "LPT") && stem[3] >= '0' && stem[3] <= '9'
}

// shorten cuts the middle of a long name, at a character's border.
func shorten(name string) string {
	if len(name) <= maxName {
		return name
	}
	ext := ""
	if i := strings.LastIndexByte(name, '.'); i > 0 && len(name)-i <= 16 {
		ext = name[i:]
	}
	cut := maxName - len(ext)
	for !utf8.RuneStart(name[cut]) {
		cut--
	}
	return strings.TrimRight(name[:cut], " .") + ext
}
