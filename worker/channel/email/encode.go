package email

import (
	"bytes"
	"encoding/base64"
	"strconv"
	"strings"
)

// Bodies and files, encoded in ASCII with CRLF line ends: what is written here passes any server unchanged. A line
// break of any kind (CRLF, a bare CR, a bare LF) comes out as CRLF, so that no body can end a message early.

// transfer is a Content-Transfer-Encoding.
type transfer string

const (
	sevenBit        transfer = "7bit"
	quotedPrintable transfer = "quoted-printable"
	base64Lines     transfer = "base64"
)

// boundaryMark begins every boundary. Encoded text can't hold "=_", and chooseTransfer keeps it out of plain text: so
// no body can hold a boundary.
const boundaryMark = "=_"

// chooseTransfer picks the encoding for a text: as it is where it is plain ASCII in lines of at most 998 characters,
// else the shorter of quoted-printable and base64.
func chooseTransfer(s string) transfer {
	plain, foreign, start := true, 0, 0 // start of the line
	for i := printable(s); i < len(s); i++ {
		c := s[i]
		if c >= ' ' && c < 0x7f {
			continue
		}
		switch {
		case c == '\n' || c == '\r':
			plain = plain && i-start <= 998
			start = i + 1
		case c >= 0x80:
			foreign++
		case c != '\t':
			plain = false
		}
		i += printable(s[i+1:])
	}
	plain = plain && len(s)-start <= 998
	switch {
	case plain && foreign == 0 && !strings.Contains(s, "--"+boundaryMark):
		return sevenBit
	case foreign > len(s)/6:
		return base64Lines
	default:
		return quotedPrintable
	}
}

// printable gives the length of the run of printable ASCII that s begins with, or somewhat less: it looks at eight
// bytes at a time.
func printable(s string) int {
	const each = 0x0101010101010101
	n := 0
	for len(s)-n >= 8 {
		b := s[n : n+8]
		x := uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
			uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
		// The high bit of a byte shows what is below a blank, DEL, or not ASCII.
		if (x|(x-0x20*each)|(x+each))&(0x80*each) != 0 {
			break
		}
		n += 8
	}
	return n
}

func appendBody(dst []byte, s string, t transfer) []byte {
	switch t {
	case sevenBit:
		dst = appendCRLF(dst, s)
	case quotedPrintable:
		dst = appendQuotedPrintable(dst, s)
	case base64Lines:
		dst = appendBase64(dst, appendCRLF(nil, s))
	}
	if n := len(dst); n < 2 || dst[n-1] != '\n' {
		dst = append(dst, "\r\n"...)
	}
	return dst
}

// lines walks over the lines of a text, whatever ends them.
type lines struct {
	rest string
	cr   bool // the text has CRs: look at every byte
}

func newLines(s string) lines { return lines{s, strings.IndexByte(s, '\r') >= 0} }

// next gives the first line that is left, and whether a line break ended it.
func (l *lines) next() (line string, broken bool) {
	s := l.rest
	var end int
	if l.cr { // a search for LF alone could pass over any number of CRs, again at each of them
		end = strings.IndexAny(s, "\r\n")
	} else {
		end = strings.IndexByte(s, '\n')
	}
	if end < 0 {
		l.rest = ""
		return s, false
	}
	l.rest = s[end+1:]
	if s[end] == '\r' && strings.HasPrefix(l.rest, "\n") {
		l.rest = l.rest[1:]
	}
	return s[:end], true
}

func appendCRLF(dst []byte, s string) []byte {
	for l := newLines(s); l.rest != ""; {
		line, broken := l.next()
		dst = append(dst, line...)
		if broken {
			dst = append(dst, "\r\n"...)
		}
	}
	return dst
}

// appendQuotedPrintable writes RFC 2045 section 6.7: lines of at most 76 characters, blanks at line ends encoded.
func appendQuotedPrintable(dst []byte, s string) []byte {
	const most = 75 // and the = of a soft break
	for l := newLines(s); l.rest != ""; {
		line, broken := l.next()
		room := most
		for line != "" {
			n := literals(line[:min(len(line), room)])
			if n == len(line) && (line[n-1] == ' ' || line[n-1] == '\t') {
				n--
			}
			dst = append(dst, line[:n]...)
			line, room = line[n:], room-n
			switch {
			case line == "":
			case room < 3:
				dst, room = append(dst, "=\r\n"...), most
			default:
				dst = append(dst, '=', upperHex[line[0]>>4], upperHex[line[0]&15])
				line, room = line[1:], room-3
			}
		}
		if broken {
			dst = append(dst, "\r\n"...)
		}
	}
	return dst
}

// literals gives the length of the run of literals that s begins with.
func literals(s string) int {
	n := printable(s)
	if i := strings.IndexByte(s[:n], '='); i >= 0 {
		return i
	}
	for n < len(s) && isLiteral(s[n]) {
		n++
	}
	return n
}

// isLiteral reports what stands for itself in quoted-printable, but for a blank at the end of a line.
func isLiteral(c byte) bool { return c >= ' ' && c < 0x7f && c != '=' || c == '\t' }

// appendBase64 writes lines of 76 characters, each with its CRLF.
func appendBase64(dst []byte, data []byte) []byte {
	const in = 57
	for len(data) > 0 {
		n := min(in, len(data))
		dst = append(base64.StdEncoding.AppendEncode(dst, data[:n]), "\r\n"...)
		data = data[n:]
	}
	return dst
}

// base64Size is how many bytes appendBase64 writes for n.
func base64Size(n int) int { return (n+2)/3*4 + (n+56)/57*2 }

// appendStuffed copies what goes after DATA: a dot at the start of a line is doubled (RFC 5321 section 4.5.2). The
// input has CRLF line ends and begins at the start of a line.
func appendStuffed(dst, data []byte) []byte {
	for len(data) > 0 {
		if data[0] == '.' {
			dst = append(dst, '.')
		}
		end := bytes.IndexByte(data, '\n') + 1
		if end == 0 {
			end = len(data)
		}
		dst = append(dst, data[:end]...)
		data = data[end:]
	}
	return dst
}

func appendInt(dst []byte, n int64) []byte { return strconv.AppendInt(dst, n, 10) }
