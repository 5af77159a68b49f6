package plain

import (
	"strconv"
	"strings"

	"golang.org/x/net/html"
)

// look is what styles make of the text of an element: whether one sees it, and how.
type look struct {
	hidden    bool // with all that is within
	invisible bool // text only; an element within may show itself again
	tiny      bool // likewise
	pre       bool // line breaks are line breaks
	struck    bool
}

// seen says whether text of this look is read by anybody.
func (l look) seen() bool { return !l.hidden && !l.invisible && !l.tiny }

// within is the look of an element that stands in one of look l.
func (l look) within(name string, attributes []html.Attribute) look {
	switch name {
	case "del", "s", "strike":
		l.struck = true
	case "pre", "textarea", "listing":
		l.pre = true
	}
	for _, a := range attributes {
		switch a.Key {
		case "hidden":
			l.hidden = true
		case "style":
			l = l.styled(a.Val)
		}
	}
	return l
}

// styled applies a style attribute.
func (l look) styled(style string) look {
	if style == "" {
		return l
	}
	var clips, flat, outside, positioned, shifted bool
	for declaration := range strings.SplitSeq(withoutComments(style), ";") {
		name, value, ok := strings.Cut(declaration, ":")
		if !ok {
			continue
		}
		value = strings.ToLower(strings.TrimSpace(value))
		value = strings.TrimSpace(strings.TrimSuffix(value, "!important"))
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "display":
			l.hidden = l.hidden || value == "none"
		case "mso-hide":
			l.hidden = l.hidden || value == "all"
		case "opacity":
			l.hidden = l.hidden || isZero(value)
		case "visibility":
			l.invisible = value == "hidden" || value == "collapse" || l.invisible && value == "inherit"
		case "font-size":
			l.tiny = isTiny(value, l.tiny)
		case "font":
			if size := fontSize(value); size != "" {
				l.tiny = isTiny(size, l.tiny)
			}
		case "white-space", "white-space-collapse":
			switch {
			case strings.HasPrefix(value, "pre"), value == "break-spaces":
				l.pre = true
			case value == "normal", value == "nowrap", value == "collapse", value == "initial":
				l.pre = false
			}
		case "text-decoration", "text-decoration-line":
			l.struck = l.struck || strings.Contains(value, "line-through")
		case "overflow", "overflow-x", "overflow-y":
			clips = clips || value != "" && value != "visible"
		case "max-height", "height", "max-width", "width":
			flat = flat || isZero(value)
		case "clip":
			outside = outside || isEmptyClip(value)
		case "clip-path":
			inset, ok := strings.CutPrefix(value, "inset(")
			percent, isPercent := strings.CutSuffix(strings.Fields(strings.TrimRight(inset, ")") + " 0")[0], "%")
			n, err := strconv.ParseFloat(percent, 64)
			l.hidden = l.hidden || ok && isPercent && err == nil && n >= 50 || strings.HasPrefix(value, "circle(0")
		case "position":
			positioned = value == "absolute" || value == "fixed"
		case "left", "top", "right", "bottom":
			shifted = shifted || isFarOut(value)
		case "text-indent", "margin-left", "margin-top":
			l.hidden = l.hidden || isFarOut(value)
		case "transform":
			l.hidden = l.hidden || strings.HasPrefix(strings.ReplaceAll(value, " ", ""), "scale(0)")
		}
	}
	l.hidden = l.hidden || clips && flat || positioned && (outside || shifted)
	return l
}

func withoutComments(style string) string {
	for {
		begin := strings.Index(style, "/*")
		if begin < 0 {
			return style
		}
		length := strings.Index(style[begin+2:], "*/")
		if length < 0 {
			return style[:begin]
		}
		style = style[:begin] + " " + style[begin+2+length+2:]
	}
}

// number splits a length into its number and its unit.
func number(value string) (n float64, unit string, ok bool) {
	end := strings.IndexFunc(value, func(r rune) bool { return (r < '0' || r > '9') && r != '.' && r != '-' && r != '+' })
	if end < 0 {
		end = len(value)
	}
	n, err := strconv.ParseFloat(value[:end], 64)
	return n, value[end:], err == nil
}

func isZero(value string) bool {
	n, _, ok := number(value)
	return ok && n == 0
}

// isTiny says whether text of a size can't be read; within text that can't, a size in proportion to it changes nothing.
func isTiny(size string, within bool) bool {
	if size == "inherit" {
		return within
	}
	n, unit, ok := number(size)
	switch {
	case !ok:
		return within && (size == "smaller" || size == "larger")
	case n == 0:
		return true
	case unit == "px" || unit == "pt":
		return n <= 1
	case unit == "em" || unit == "%" || unit == "ex" || unit == "ch":
		return within
	}
	return false
}

// fontSize is the size in a font shorthand; the number before it, if any, is the weight.
func fontSize(font string) string {
	for _, field := range strings.Fields(font) {
		size, _, hasLine := strings.Cut(field, "/")
		if n, unit, ok := number(size); ok && (hasLine || unit != "" || n == 0) {
			return size
		}
	}
	return ""
}

// isEmptyClip says whether clip: rect(…) leaves nothing.
func isEmptyClip(value string) bool {
	sides, ok := strings.CutPrefix(value, "rect(")
	if !ok {
		return false
	}
	fields := strings.FieldsFunc(strings.TrimSuffix(sides, ")"), func(r rune) bool { return r == ',' || r == ' ' })
	if len(fields) != 4 {
		return false
	}
	top, _, okTop := number(fields[0])
	right, _, okRight := number(fields[1])
	bottom, _, okBottom := number(fields[2])
	left, _, okLeft := number(fields[3])
	return okTop && okRight && okBottom && okLeft && (bottom-top <= 1 || right-left <= 1)
}

// isFarOut says whether a shift takes text off every screen.
func isFarOut(value string) bool {
	n, unit, ok := number(value)
	return ok && (n <= -999 && unit != "%" || n <= -50 && (unit == "em" || unit == "rem"))
}
