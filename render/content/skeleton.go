package content

import "bytes"

// span is a value in the output of a marked template.
type span struct {
	kind       byte // kindValue, kindRaw, or kindAgent
	start, end int
}

// split cuts the output of a marked template into its skeleton, which is the
// author's text with a mark in place of each value, and the values. Equal
// skeletons are laid out equally, whatever the values; that is why an empty
// value leaves no mark. Both results are appended to what is given.
func split(output, skeleton []byte, spans []span) ([]byte, []span) {
	for pos := 0; ; {
		i := bytes.IndexByte(output[pos:], MarkOpen)
		if i < 0 || pos+i+1 >= len(output) {
			return append(skeleton, output[pos:]...), spans
		}
		skeleton = append(skeleton, output[pos:pos+i]...)
		pos += i + 1
		kind := output[pos]
		pos++
		if kind == KindHTMLBody || kind == KindTextBody {
			skeleton = append(skeleton, MarkOpen, kind)
			continue
		}
		n := bytes.IndexByte(output[pos:], MarkClose)
		if n < 0 { // a helper cut a marked text short: all the rest is value
			n = len(output) - pos
		}
		if n > 0 {
			skeleton = append(skeleton, MarkOpen, kind)
			spans = append(spans, span{kind, pos, pos + n})
		}
		pos = min(pos+n+1, len(output))
	}
}

// unmark removes the marks and keeps the values.
func unmark(output []byte) []byte {
	out := output[:0]
	for i := 0; i < len(output); i++ {
		switch output[i] {
		case MarkOpen:
			i++
		case MarkClose:
		default:
			out = append(out, output[i])
		}
	}
	return out
}
