package email

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"

	"github.com/heraldsend/herald/worker/message"
)

// Header fields, appended as they go on the wire: folded so that a line stays near 76 characters and never passes
// 998, in ASCII by RFC 2047 encoded words and RFC 2231 parameters. Values come validated: no control characters.

const (
	softLine = 76  // where folding is possible, lines end before it (RFC 5322 section 2.1.1)
	longWord = 900 // a run without blanks that is longer can't stand on one line as it is
)

// appendField writes `Name: value`, as it is where that is safe, else in encoded words.
func appendField(dst []byte, name, value string) []byte {
	dst = append(append(dst, name...), ": "...)
	if isPlain(value) || message.IsStructured(name) {
		dst = appendFolded(dst, value, len(name)+2)
	} else {
		dst = appendEncoded(dst, value, len(name)+2)
	}
	return append(dst, "\r\n"...)
}

// appendThread writes In-Reply-To and References, an id a line.
func appendThread(dst []byte, t message.Thread) []byte {
	if t.IsZero() {
		return dst
	}
	inReplyTo, references := t.Fields()
	if inReplyTo != "" {
		dst = append(append(append(dst, "In-Reply-To: "...), inReplyTo...), "\r\n"...)
	}
	for i, id := range references {
		if i == 0 {
			dst = append(dst, "References: "...)
		} else {
			dst = append(dst, "\r\n "...)
		}
		dst = append(dst, id...)
	}
	if len(references) > 0 {
		dst = append(dst, "\r\n"...)
	}
	return dst
}

// appendAddresses writes `Name: Ada <ada@example.org>, …`, one address a line.
func appendAddresses(dst []byte, name string, list []message.Address) []byte {
	if len(list) == 0 {
		return dst
	}
	dst = append(append(dst, name...), ": "...)
	for i, a := range list {
		if i > 0 {
			dst = append(dst, ",\r\n "...)
		}
		dst = appendAddress(dst, a, len(name)+2)
	}
	return append(dst, "\r\n"...)
}

func appendAddress(dst []byte, a message.Address, column int) []byte {
	switch {
	case a.Name == "":
		return append(dst, a.Addr...)
	case !isPlain(a.Name):
		dst = appendEncoded(dst, a.Name, column)
	case isPhrase(a.Name):
		dst = append(dst, a.Name...)
	default:
		dst = append(dst, '"')
		for i := 0; i < len(a.Name); i++ {
			if a.Name[i] == '"' || a.Name[i] == '\\' {
				dst = append(dst, '\\')
			}
			dst = append(dst, a.Name[i])
		}
		dst = append(dst, '"')
	}
	return append(append(append(dst, " <"...), a.Addr...), '>')
}

// isPlain reports text that survives folding as it is: printable ASCII, single blanks between words, nothing that
// looks like an encoded word, no word too long for a line.
func isPlain(s string) bool {
	word, blank := 0, true
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == ' ' && blank, c < ' ', c >= 0x7f, c == '=' && i+1 < len(s) && s[i+1] == '?':
			return false
		case c == ' ':
			word, blank = 0, true
			continue
		}
		blank = false
		if word++; word > longWord {
			return false
		}
	}
	return !blank || s == ""
}

// isPhrase reports words of letters, digits and a few signs: a display name that needs no quotes.
func isPhrase(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !isAlnum(c) && strings.IndexByte(" !#$%&'*+-/=?^_`{|}~", c) < 0 {
			return false
		}
	}
	return true
}

// appendFolded writes plain text and breaks lines at blanks.
func appendFolded(dst []byte, s string, column int) []byte {
	for {
		end := len(s)
		if column+len(s) > softLine {
			end = strings.LastIndexByte(s[:max(min(softLine-column, len(s)), 0)], ' ')
			if end <= 0 {
				end = strings.IndexByte(s[1:], ' ') + 1 // the first word is longer than the line
			}
			if end <= 0 {
				end = len(s)
			}
		}
		dst = append(dst, s[:end]...)
		if end == len(s) {
			return dst
		}
		dst = append(dst, "\r\n"...)
		s, column = s[end:], 0
	}
}

// maxEncoded is the text of one encoded word: 75 characters with =?utf-8?q? and ?= around it (RFC 2047 section 2).
const maxEncoded = 75 - len("=?utf-8?q?") - len("?=")

// appendEncoded writes encoded words, none of which splits a character: Q or B, whichever is shorter.
func appendEncoded(dst []byte, s string, column int) []byte {
	cost := 0
	for i := 0; i < len(s); i++ {
		cost += qCost(s[i])
	}
	quoted := cost <= (len(s)+2)/3*4
	for first := true; s != ""; first = false {
		room := maxEncoded
		if first {
			room = max(room-column, 20)
		} else {
			dst = append(dst, "\r\n "...)
		}
		n := wordLength(s, room, quoted)
		if quoted {
			dst = append(dst, "=?utf-8?q?"...)
			dst = appendQ(dst, s[:n])
		} else {
			dst = append(dst, "=?utf-8?b?"...)
			dst = base64.StdEncoding.AppendEncode(dst, []byte(s[:n]))
		}
		dst = append(dst, "?="...)
		s = s[n:]
	}
	return dst
}

// wordLength is how many bytes of s fit into room characters of encoded text, in whole characters.
func wordLength(s string, room int, quoted bool) int {
	n, used := 0, 0
	for n < len(s) {
		_, size := utf8.DecodeRuneInString(s[n:])
		if quoted {
			for i := range size {
				used += qCost(s[n+i])
			}
		} else {
			used = (n + size + 2) / 3 * 4
		}
		if used > room && n > 0 {
			return n
		}
		n += size
	}
	return n
}

// isQSafe are the characters that stand for themselves in every kind of encoded word (RFC 2047 section 5, rule 3).
func isQSafe(c byte) bool {
	return isAlnum(c) || c == '!' || c == '*' || c == '+' || c == '-' || c == '/'
}

func qCost(c byte) int {
	if c == ' ' || isQSafe(c) {
		return 1
	}
	return 3
}

func appendQ(dst []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == ' ':
			dst = append(dst, '_')
		case isQSafe(c):
			dst = append(dst, c)
		default:
			dst = append(dst, '=', upperHex[c>>4], upperHex[c&15])
		}
	}
	return dst
}

const upperHex = "0123456789ABCDEF"

func isAlnum(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// appendParameter writes `; name="value"`, or RFC 2231's extended form in numbered pieces where the value is not short
// ASCII.
func appendParameter(dst []byte, name, value string) []byte {
	const most = 60 // characters of a piece
	dst = append(dst, ";\r\n "...)
	if len(value) <= most && isQuotable(value) {
		dst = append(append(dst, name...), `="`...)
		return append(append(dst, value...), '"')
	}
	for piece := 0; value != ""; piece++ {
		if piece > 0 {
			dst = append(dst, ";\r\n "...)
		}
		dst = append(append(dst, name...), '*')
		dst = appendInt(dst, int64(piece))
		dst = append(dst, "*="...)
		if piece == 0 {
			dst = append(dst, "utf-8''"...)
		}
		n := 0
		for used := 0; n < len(value); n++ {
			c := value[n]
			cost := 3
			if isAlnum(c) || c == '-' || c == '.' || c == '_' {
				cost = 1
			}
			if used += cost; used > most {
				break
			}
			if cost == 1 {
				dst = append(dst, c)
			} else {
				dst = append(dst, '%', upperHex[c>>4], upperHex[c&15])
			}
		}
		value = value[n:]
	}
	return dst
}

// isQuotable reports printable ASCII without what a quoted string would have to escape.
func isQuotable(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '=' && i+1 < len(s) && s[i+1] == '?' {
			return false
		}
	}
	return true
}
