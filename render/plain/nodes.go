package plain

import (
	"strings"

	"golang.org/x/net/html"

	"github.com/heraldsend/herald/render/meter"
)

// fewTags is how many tags a text may have for which nobody counts.
const fewTags = 500

// chargeNodes charges for the elements that a parser makes of HTML beyond its tags: as browsers do, it opens formatting that
// is not closed, such as <b>, again in each paragraph behind. Without a bound, 300 KB could take gigabytes.
func chargeNodes(m *meter.Meter, source string) error {
	if strings.Count(source, "<") < fewTags {
		return nil
	}
	var open []string
	unclosed := 0 // formatting that stands for ever
	z := html.NewTokenizer(strings.NewReader(source))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return nil
		}
		if err := m.Charge(unclosed); err != nil {
			return err
		}
		if kind != html.StartTagToken && kind != html.SelfClosingTagToken && kind != html.EndTagToken {
			continue
		}
		raw, _ := z.TagName()
		name := string(raw)
		switch {
		case kind != html.EndTagToken:
			if !isVoid(name) {
				open = append(open, name)
			}
		case len(open) > 0 && open[len(open)-1] == name:
			open = open[:len(open)-1]
		default: // what stands within is closed, too, but formatting goes on
			at := lastIndex(open, name)
			if at < 0 {
				continue
			}
			for _, inner := range open[at+1:] {
				if isFormatting(inner) {
					unclosed++
				}
			}
			open = open[:at]
		}
	}
}

// lastIndex is where name stands last, not far from the end: elements don't stand deeper within each other.
func lastIndex(open []string, name string) int {
	for i := len(open) - 1; i >= 0 && i > len(open)-maxDepth; i-- {
		if open[i] == name {
			return i
		}
	}
	return -1
}

// maxDepth is how deep elements may stand within each other, for the parser.
const maxDepth = 512

// isFormatting says of an element whether it goes on behind the end of what it stands in.
func isFormatting(name string) bool {
	switch name {
	case "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u":
		return true
	}
	return false
}
