package lint

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"golang.org/x/net/html"
)

// rgb is a colour, 0 to 255 each.
type rgb [3]float64

var colorNames = map[string]rgb{
	"black": {}, "white": {255, 255, 255}, "red": {255, 0, 0}, "green": {0, 128, 0}, "blue": {0, 0, 255}, "gray": {128, 128, 128}, "grey": {128, 128, 128},
	"silver": {192, 192, 192}, "lightgray": {211, 211, 211}, "lightgrey": {211, 211, 211}, "darkgray": {169, 169, 169}, "darkgrey": {169, 169, 169},
	"yellow": {255, 255, 0}, "orange": {255, 165, 0}, "navy": {0, 0, 128}, "teal": {0, 128, 128}, "maroon": {128, 0, 0}, "purple": {128, 0, 128},
	"fuchsia": {255, 0, 255}, "magenta": {255, 0, 255}, "aqua": {0, 255, 255}, "cyan": {0, 255, 255}, "lime": {0, 255, 0}, "olive": {128, 128, 0},
	"pink": {255, 192, 203}, "gold": {255, 215, 0}, "brown": {165, 42, 42}, "tomato": {255, 99, 71}, "crimson": {220, 20, 60}, "dimgray": {105, 105, 105},
	"dimgrey": {105, 105, 105}, "gainsboro": {220, 220, 220}, "whitesmoke": {245, 245, 245}, "steelblue": {70, 130, 180}, "royalblue": {65, 105, 225},
	"lightblue": {173, 216, 230}, "beige": {245, 245, 220}, "ivory": {255, 255, 240}, "khaki": {240, 230, 140}, "salmon": {250, 128, 114},
}

// colorOf reads an opaque colour. The first word of a shorthand such as "#fff no-repeat" counts.
func colorOf(s string) (rgb, bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	if c, ok := colorNames[s]; ok {
		return c, true
	}
	if inside, ok := strings.CutPrefix(s, "rgb("); ok {
		inside, _, _ = strings.Cut(inside, ")")
		fields := strings.FieldsFunc(inside, func(r rune) bool { return r == ',' || r == ' ' })
		var c rgb
		if len(fields) != 3 {
			return c, false
		}
		for i, f := range fields {
			v, err := strconv.ParseFloat(f, 64)
			if err != nil {
				return c, false
			}
			c[i] = v
		}
		return c, true
	}
	if first, _, more := strings.Cut(s, " "); more {
		return colorOf(first)
	}
	digits, ok := strings.CutPrefix(s, "#")
	if !ok || len(digits) != 3 && len(digits) != 6 {
		return rgb{}, false
	}
	if len(digits) == 3 {
		digits = string([]byte{digits[0], digits[0], digits[1], digits[1], digits[2], digits[2]})
	}
	v, err := strconv.ParseUint(digits, 16, 32)
	return rgb{float64(v >> 16), float64(v >> 8 & 255), float64(v & 255)}, err == nil
}

// luminance is WCAG's relative luminance.
func (c rgb) luminance() float64 {
	linear := func(v float64) float64 {
		if v /= 255; v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c[0]) + 0.7152*linear(c[1]) + 0.0722*linear(c[2])
}

// contrast is WCAG's ratio of two colours, 1 to 21.
func contrast(a, b rgb) float64 {
	x, y := a.luminance(), b.luminance()
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// pixels reads a length; what is relative is of around.
func pixels(s string, around float64) (float64, bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	end := strings.IndexFunc(s, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
	if end < 0 {
		end = len(s)
	}
	n, err := strconv.ParseFloat(s[:end], 64)
	if err != nil {
		return 0, false
	}
	switch s[end:] {
	case "px":
		return n, true
	case "":
		return n, n == 0
	case "pt":
		return n * 4 / 3, true
	case "em":
		return n * around, true
	case "rem":
		return n * 16, true
	case "%":
		return n * around / 100, true
	}
	return 0, false
}

// faint finds texts that can hardly be read: below 4.5, or 3 for large ones (WCAG 1.4.3).
func (m *mailCheck) faint() {
	modes := []mode{light}
	for _, r := range m.page.rules {
		if dark.applies(r.media) && r.media != "" {
			modes = append(modes, dark)
			break
		}
	}
	for _, in := range modes {
		looks := m.page.in(in)
		for n := range m.page.root.Descendants() {
			if n.Type != html.TextNode || strings.TrimSpace(n.Data) == "" || n.Parent == nil {
				continue
			}
			l := looks[n.Parent]
			front, ok := colorOf(l.color)
			back, okBack := colorOf(l.back)
			if l.hidden || !ok || !okBack {
				continue
			}
			least := 4.5
			if l.size >= 24 || l.bold && l.size >= 18.66 {
				least = 3
			}
			if ratio := contrast(front, back); ratio < least {
				m.find("contrast", m.written(n.Parent, "color", l.color, l.back), fmt.Sprintf("in %s, %s on %s has a contrast of %.1f, and text of this size needs %.1f",
					in, l.color, l.back, math.Floor(ratio*10)/10, least))
			}
		}
	}
}
