package lint

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/handlebars"
)

// explained says what is wrong with files that YAML can't read, or reads in another way than their author meant: mostly a
// text that needs quotes.
func explained(fsys fs.FS, findings []catalog.Finding) []catalog.Finding {
	var out []catalog.Finding
	files := map[string][]catalog.Finding{}
	for _, f := range findings {
		if !strings.HasPrefix(f.Code, "yaml_") || f.Fix != nil {
			out = append(out, f)
			continue
		}
		told, seen := files[f.File]
		if !seen {
			told = yamlMistakes(fsys, f.File)
			files[f.File] = told
		}
		at := slices.IndexFunc(told, func(m catalog.Finding) bool { return f.Code == "yaml_syntax" || m.Line == f.Line })
		switch {
		case at < 0:
			out = append(out, f)
		case f.Code == "yaml_syntax":
			out = append(out, told...)
		default:
			out = append(out, told[at])
		}
	}
	return out
}

var (
	yamlBlock = regexp.MustCompile(`^(\s*)(?:- )*[^\s#'"][^:]*:\s+[|>][-+0-9]*\s*(?:#.*)?$`)
	yamlEntry = regexp.MustCompile(`^(\s*(?:- )*)([A-Za-z][\w.-]*)(\s*:\s+)(\S.*)$`)
	yamlItem  = regexp.MustCompile(`^(\s*- +)()()(\S.*)$`)
	yamlGlued = regexp.MustCompile(`^(\s*)([A-Za-z]\w*):([^\s:/].*)$`)
	badEscape = regexp.MustCompile(`\\([^0abt\tnvfre "/\\N_LPxuU\n])`)
	afterText = regexp.MustCompile(`^\s*(?:#.*)?$`)
)

// yamlMistakes looks through a file, outside of its blocks of text.
func yamlMistakes(fsys fs.FS, file string) (out []catalog.Finding) {
	data, err := fs.ReadFile(fsys, file)
	if err != nil {
		return nil
	}
	block := -1
	for i, text := range strings.Split(string(catalog.NormalText(data)), "\n") {
		indent := len(text) - len(strings.TrimLeft(text, " "))
		if strings.TrimSpace(text) == "" || block >= 0 && indent > block {
			continue
		}
		block = -1
		if m := yamlBlock.FindStringSubmatch(text); m != nil {
			block = len(m[1])
			continue
		}
		if code, says, with := yamlLine(text); says != "" {
			out = append(out, yamlFinding(file, i+1, code, says, text, with))
		}
	}
	return out
}

func yamlFinding(file string, number int, code, says, text, with string) catalog.Finding {
	f := catalog.Finding{Severity: catalog.Error, Code: code, File: file, Line: number, Message: says}
	f.Column = utf8.RuneCountInString(text) - utf8.RuneCountInString(strings.TrimLeft(text, " ")) + 1
	f.EndLine, f.EndColumn = number, utf8.RuneCountInString(text)+1
	if with != "" {
		f.Message += "; write " + handlebars.Quote(strings.TrimSpace(with))
		f.Message = strings.ReplaceAll(f.Message, `\"`, `"`)
		f.Fix = &catalog.Fix{Edits: []catalog.Edit{{Line: number, Column: 1, EndLine: number, EndColumn: f.EndColumn, Text: with}}}
	}
	return f
}

// yamlLine says what is wrong with a line, and how it reads when it is mended.
func yamlLine(text string) (code, says, with string) {
	white := text[:len(text)-len(strings.TrimLeft(text, " \t"))]
	if strings.Contains(white, "\t") {
		return "yaml_tab", "YAML is indented by blanks, not by tabs", strings.ReplaceAll(white, "\t", "  ") + text[len(white):]
	}
	m := yamlEntry.FindStringSubmatch(text)
	if m == nil {
		m = yamlItem.FindStringSubmatch(text)
	}
	if m == nil {
		if g := yamlGlued.FindStringSubmatch(text); g != nil && !strings.HasPrefix(g[3], "//") {
			return "yaml_key", "a blank stands behind the colon of a key", g[1] + g[2] + ": " + g[3]
		}
		return "", "", ""
	}
	value := strings.TrimRight(m[4], " ")
	why := needsQuotes(value)
	if why == "" {
		return "", "", ""
	}
	if why == escapes {
		return "yaml_quote", why, m[1] + m[2] + m[3] + badEscape.ReplaceAllString(value, `\\$1`)
	}
	return "yaml_quote", why, m[1] + m[2] + m[3] + quotedYAML(value)
}

const escapes = `in double quotes, \ begins an escape and is written twice`

// needsQuotes says why a value has to be put in quotes; "" where it hasn't.
func needsQuotes(value string) string {
	switch first := value[:1]; {
	case strings.HasPrefix(value, "{{"), strings.HasPrefix(value, "[["), strings.HasPrefix(value, "{%"):
		return "a text that begins with " + value[:2] + " is put in quotes"
	case strings.HasPrefix(value, "[sn."):
		return "a text that begins with [ is put in quotes"
	case strings.ContainsAny(first, "@`%") || strings.ContainsAny(first, "*&!") && len(value) > 1 && (value[1] != ' ' || strings.ContainsAny(first, "*")):
		return "a text that begins with " + first + " is put in quotes"
	case first == `"` || first == "'":
		end := closingQuote(value)
		if end < 0 {
			return ""
		}
		if !afterText.MatchString(value[end+1:]) {
			return "the text goes on behind its closing quote: the whole of it is put in quotes"
		}
		if first == `"` && badEscape.MatchString(value) {
			return escapes
		}
		return ""
	case strings.ContainsAny(first, "[{|>#"):
		return ""
	case strings.Contains(value, ": ") || strings.HasSuffix(value, ":"):
		return "a text with a colon is put in quotes"
	}
	return ""
}

// closingQuote is where the quoted text at the start of a value ends, -1 if it doesn't.
func closingQuote(value string) int {
	quote := value[0]
	for i := 1; i < len(value); i++ {
		switch {
		case quote == '"' && value[i] == '\\':
			i++
		case value[i] == quote && quote == '\'' && i+1 < len(value) && value[i+1] == '\'':
			i++
		case value[i] == quote:
			return i
		}
	}
	return -1
}

// quotedYAML puts a value in quotes. Quotes around what its author took for the whole text go.
func quotedYAML(value string) string {
	if n := len(value); n > 1 && (value[0] == '"' || value[0] == '\'') && value[n-1] == value[0] {
		value = value[1 : n-1]
	}
	if !strings.ContainsAny(value, `"\`) {
		return `"` + value + `"`
	}
	return "'" + strings.ReplaceAll(value, "'", "''") + "'"
}
