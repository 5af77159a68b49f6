package migrate

import (
	"cmp"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
)

// richText turns the blocks of an editor (Draft.js's raw content) into Markdown. lost are the kinds of formatting that
// Markdown has no form for.
func richText(raw map[string]any) (markdown string, lost []string) {
	blocks, _ := raw["blocks"].([]any)
	entities := member(raw, "entityMap")
	var out []string
	before := ""
	for _, one := range blocks {
		block, _ := one.(map[string]any)
		kind, depth := text(block["type"]), number(block["depth"])
		line, more := inlineText(block, entities)
		lost = append(lost, more...)
		indent := strings.Repeat("   ", min(max(depth, 0), 6))
		switch kind {
		case "header-one", "header-two", "header-three", "header-four", "header-five", "header-six":
			level := 1 + slices.Index([]string{"one", "two", "three", "four", "five", "six"}, strings.TrimPrefix(kind, "header-"))
			line = strings.Repeat("#", level) + " " + line
		case "unordered-list-item":
			line = indent + "- " + line
		case "ordered-list-item":
			line = indent + "1. " + line
		case "blockquote":
			line = "> " + strings.ReplaceAll(line, "\n", "\n> ")
		case "code-block":
			line = "    " + strings.ReplaceAll(text(block["text"]), "\n", "\n    ")
		case "unstyled", "paragraph", "atomic", "":
			line = strings.ReplaceAll(line, "\n", "\\\n")
		default:
			lost = append(lost, "block "+kind)
		}
		if kind == before && (strings.HasSuffix(kind, "-list-item") || kind == "code-block") && len(out) > 0 {
			out[len(out)-1] += "\n" + line
		} else if strings.TrimSpace(line) != "" {
			out = append(out, line)
		}
		before = kind
	}
	slices.Sort(lost)
	return strings.Join(out, "\n\n"), slices.Compact(lost)
}

func number(v any) int {
	n, _ := v.(json.Number)
	i, err := strconv.Atoi(n.String())
	if err != nil {
		return 0
	}
	return i
}

// span is a style or an entity over some UTF-16 units of a block.
type span struct {
	from, to    int
	open, close string
	instead     string // stands in the place of the text
}

// marks are the styles that Markdown has.
var marks = map[string]string{"BOLD": "**", "ITALIC": "*", "CODE": "`", "STRIKETHROUGH": "~~"}

func inlineText(block, entities map[string]any) (line string, lost []string) {
	units := utf16.Encode([]rune(text(block["text"])))
	spans, lost := spansOf(block, entities, units)
	slices.SortStableFunc(spans, func(a, b span) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(b.to, a.to)) })
	cuts := []int{0, len(units)}
	for _, s := range spans {
		cuts = append(cuts, s.from, s.to)
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	var out strings.Builder
	var open []span
	for i, at := range cuts {
		// What ends here closes, with what was opened within it; the latter opens again.
		if first := slices.IndexFunc(open, func(s span) bool { return s.to <= at }); first >= 0 {
			for j := len(open) - 1; j >= first; j-- {
				out.WriteString(open[j].close)
			}
			again := slices.DeleteFunc(slices.Clone(open[first:]), func(s span) bool { return s.to <= at })
			open = open[:first]
			for _, s := range again {
				out.WriteString(s.open)
				open = append(open, s)
			}
		}
		if i == len(cuts)-1 {
			break
		}
		instead := ""
		for _, s := range spans {
			if s.from == at && s.instead != "" {
				instead = s.instead
			} else if s.from == at {
				out.WriteString(s.open)
				open = append(open, s)
			}
		}
		piece := string(utf16.Decode(units[at:cuts[i+1]]))
		switch {
		case instead != "":
			out.WriteString(instead)
		case slices.ContainsFunc(spans, func(s span) bool { return s.instead != "" && s.from < at && at < s.to }):
		case slices.ContainsFunc(open, func(s span) bool { return s.open == "`" }):
			out.WriteString(piece)
		default:
			out.WriteString(escapeMarkdown(piece))
		}
	}
	return out.String(), lost
}

func spansOf(block, entities map[string]any, units []uint16) (spans []span, lost []string) {
	add := func(v any, s span) {
		r, _ := v.(map[string]any)
		s.from, s.to = number(r["offset"]), number(r["offset"])+number(r["length"])
		if s.from < 0 || s.to > len(units) || s.from >= s.to {
			return
		}
		if s.instead == "" { // emphasis doesn't begin or end with a blank
			for s.from < s.to && unicode.IsSpace(rune(units[s.from])) {
				s.from++
			}
			for s.to > s.from && unicode.IsSpace(rune(units[s.to-1])) {
				s.to--
			}
		}
		if s.from < s.to {
			spans = append(spans, s)
		}
	}
	styles, _ := block["inlineStyleRanges"].([]any)
	for _, one := range styles {
		style, _ := one.(map[string]any)
		if mark := marks[text(style["style"])]; mark != "" {
			add(one, span{open: mark, close: mark})
		} else {
			lost = append(lost, "style "+text(style["style"]))
		}
	}
	ranges, _ := block["entityRanges"].([]any)
	for _, one := range ranges {
		r, _ := one.(map[string]any)
		entity := member(entities, scalar(r["key"]))
		data := member(entity, "data")
		switch address := cmp.Or(text(data["url"]), text(data["href"])); {
		case strings.HasPrefix(text(data["key"]), "sn."):
			add(one, span{instead: "[[" + text(data["key"]) + "]]"})
		case strings.EqualFold(text(entity["type"]), "image") && text(data["src"]) != "":
			add(one, span{instead: "![" + escapeMarkdown(text(data["alt"])) + "](" + escapeAddress(text(data["src"])) + ")"})
		case address != "":
			add(one, span{open: "[", close: "](" + escapeAddress(address) + ")"})
		default:
			lost = append(lost, "entity "+text(entity["type"]))
		}
	}
	return spans, lost
}

// dynamic is a tag or a snippet, which stays as it is.
var dynamic = regexp.MustCompile(`\{\{[^{}]*\}\}\}?|\[\[sn\.[^\[\]]*\]\]`)

var (
	special    = strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", `\<`, "~", `\~`)
	lineMarker = regexp.MustCompile(`(?m)^(\s*)([#>+-]|\d+[.)])`)
)

// escapeMarkdown writes a text so that Markdown shows it as it is. Dynamic text stays.
func escapeMarkdown(s string) string {
	var out strings.Builder
	for {
		at := dynamic.FindStringIndex(s)
		if at == nil {
			break
		}
		out.WriteString(escapePlain(s[:at[0]]))
		out.WriteString(s[at[0]:at[1]])
		s = s[at[1]:]
	}
	out.WriteString(escapePlain(s))
	return out.String()
}

func escapePlain(s string) string {
	return lineMarker.ReplaceAllStringFunc(special.Replace(s), func(m string) string { return m[:len(m)-1] + `\` + m[len(m)-1:] })
}

// escapeAddress writes an address so that it can't end before its end.
func escapeAddress(s string) string {
	return strings.NewReplacer(" ", "%20", "(", "%28", ")", "%29", "<", "%3C", ">", "%3E", "\n", "").Replace(s)
}
