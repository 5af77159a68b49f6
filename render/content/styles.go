package content

import (
	"iter"
	"maps"
	"slices"
	"strings"
)

// Keys of styles besides names of elements.
const (
	StyleButton  = classButton  // the link that is a button; its frame takes background and padding from it
	StyleCallout = classCallout // the box of a callout; StyleCallout-note and so on add to it
	StyleTitle   = classTitle   // its title
)

// StyleKeys are those keys, in full.
func StyleKeys() []string {
	keys := []string{StyleButton, StyleCallout, StyleTitle}
	for _, kind := range kinds {
		keys = append(keys, StyleCallout+"-"+kind)
	}
	return keys
}

// standard are the styles of buttons and callouts where an email template has none.
var standard = map[string]string{
	StyleButton: "display:inline-block;padding:12px 22px;border-radius:6px;background-color:#1d4ed8;color:#ffffff;font-weight:bold;" +
		"text-decoration:none;overflow-wrap:anywhere;word-break:break-word",
	StyleCallout:                "padding:14px 16px 1px;border-left:4px solid #0969da;background-color:#f3f5f8;color:#1f2933",
	"img":                       "max-width:100%;height:auto",
	"th":                        "text-align:left",
	StyleTitle:                  "margin:0 0 4px;font-weight:bold",
	StyleCallout + "-tip":       "border-left-color:#1a7f37",
	StyleCallout + "-important": "border-left-color:#8250df",
	StyleCallout + "-warning":   "border-left-color:#9a6700",
	StyleCallout + "-caution":   "border-left-color:#cf222e",
}

// bare are the styles of tables where there is no email template at all.
var bare = map[string]string{
	"table": "border-collapse:collapse;margin:0 0 16px",
	"th":    "padding:4px 16px 4px 0;text-align:left;vertical-align:top",
	"td":    "padding:4px 16px 4px 0;vertical-align:top",
}

// Styles are an email template's styles for messages of a format, those of Markdown with the standard ones of what it leaves
// open; nil is no template. In a language that is written from right to left their sides are changed.
func Styles(own map[string]string, format Format, rightToLeft bool) map[string]string {
	out := map[string]string{}
	if format == Markdown {
		maps.Copy(out, standard)
		if own == nil {
			maps.Copy(out, bare)
		}
	}
	maps.Copy(out, own)
	if rightToLeft {
		for key, style := range out {
			out[key] = mirrored(style)
		}
	}
	return out
}

// mirrored is a style with left and right changed.
func mirrored(style string) string {
	declarations := splitOutside(style, ';')
	for i, d := range declarations {
		name, value, ok := strings.Cut(d, ":")
		if !ok {
			continue
		}
		name, value = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)
		switch name {
		case "text-align", "float", "clear", "caption-side":
			value = otherSide(value)
		case "margin", "padding", "border-width", "border-style", "border-color", "inset", "mso-padding-alt":
			if v := splitOutside(value, ' '); len(v) == 4 {
				value = strings.Join([]string{v[0], v[3], v[2], v[1]}, " ")
			}
		case "border-radius":
			if v := splitOutside(value, ' '); len(v) == 4 {
				value = strings.Join([]string{v[1], v[0], v[3], v[2]}, " ")
			}
		default:
			name = otherSide(name)
		}
		declarations[i] = name + ":" + value
	}
	return strings.Join(declarations, ";")
}

var sides = strings.NewReplacer("left", "right", "right", "left")

// otherSide changes left and right in a name or a word.
func otherSide(s string) string {
	if strings.HasPrefix(s, "--") {
		return s
	}
	return sides.Replace(s)
}

// splitOutside splits at a sign that stands outside of parentheses and quotes. Parts without content are left out.
func splitOutside(s string, sign byte) []string {
	var out []string
	depth, quote, begin := 0, byte(0), 0
	add := func(part string) {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == sign && depth <= 0:
			add(s[begin:i])
			begin = i + 1
		}
	}
	add(s[begin:])
	return out
}

// Declarations are those of a style, in order.
func Declarations(style string) iter.Seq[string] { return slices.Values(splitOutside(style, ';')) }

// joined are two styles as one.
func joined(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return strings.TrimSuffix(a, ";") + ";" + b
}

// Declaration is the value of a property in a style; "" if it has none. The last one counts.
func Declaration(style, property string) string {
	found := ""
	for _, d := range splitOutside(style, ';') {
		if name, value, ok := strings.Cut(d, ":"); ok && strings.EqualFold(strings.TrimSpace(name), property) {
			found = strings.TrimSpace(value)
		}
	}
	return found
}

// frameOf is the style of the table's cell around a button. Outlook gives links no padding: the cell has it there.
func frameOf(button string) string {
	var out []string
	for _, property := range []string{"background-color", "border-radius"} {
		if value := Declaration(button, property); value != "" {
			out = append(out, property+":"+value)
		}
	}
	if padding := Declaration(button, "padding"); padding != "" {
		out = append(out, "mso-padding-alt:"+padding)
	}
	return strings.Join(out, ";")
}
