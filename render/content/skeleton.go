package content

import "bytes"

// span is a value in the output of a marked template.
type span struct {
	kind       byte // KindValue, KindRaw, or KindAgent
	start, end int
}

// split cuts the output of a marked template into its skeleton, which is the
// author's text with a mark in place of each value, and the values. Equal
// skeletons are laid out equally, whatever the values. A value that is empty,
// and a block within a line that printed nothing, leave a mark that says so:
// the author's text around keeps its structure. Both results are appended to
// what is given.
func split(output, skeleton []byte, spans []span) ([]byte, []span) {
	var seams []int // of blocks that are open: where they began in the skeleton
	for pos := 0; ; {
		i := bytes.IndexByte(output[pos:], MarkOpen)
		if i < 0 || pos+i+1 >= len(output) {
			return append(skeleton, output[pos:]...), spans
		}
		skeleton = append(skeleton, output[pos:pos+i]...)
		pos += i + 1
		kind := output[pos]
		pos++
		switch kind {
		case KindBegin:
			seams = append(seams, len(skeleton))
			continue
		case KindEnd:
			if n := len(seams); n > 0 {
				if seams[n-1] == len(skeleton) {
					skeleton = append(skeleton, MarkOpen, kindEmpty)
				}
				seams = seams[:n-1]
			}
			continue
		}
		n := bytes.IndexByte(output[pos:], MarkClose)
		if n < 0 { // a helper cut a marked text short: all the rest is value
			n = len(output) - pos
		}
		switch value := output[pos : pos+n]; {
		case isBody(value):
			skeleton = append(skeleton, value...)
		case len(bytes.TrimSpace(value)) > 0:
			skeleton = append(skeleton, MarkOpen, kind)
			spans = append(spans, span{kind, pos, pos + n})
		default:
			skeleton = append(skeleton, MarkOpen, kindEmpty)
		}
		pos = min(pos+n+1, len(output))
	}
}

// isBody says whether what was printed stands for the message.
func isBody(printed []byte) bool {
	return len(printed) == 2 && printed[0] == MarkOpen && (printed[1] == KindHTMLBody || printed[1] == KindTextBody)
}

// IsBody says whether a tag printed the message, in a layout.
func IsBody(output []byte) bool {
	return len(output) == 5 && output[0] == MarkOpen && isBody(output[2:4])
}

// unmark removes the marks and keeps the values.
func unmark(output []byte) []byte {
	out := output[:0]
	for i := 0; i < len(output); i++ {
		from := i
		for i < len(output) && output[i] != MarkOpen && output[i] != MarkClose {
			i++
		}
		out = append(out, output[from:i]...)
		if i < len(output) && output[i] == MarkOpen {
			i++ // its kind
		}
	}
	return out
}
