package catalog

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/heraldsend/herald/render/handlebars"
)

// maxYAML bounds one file of a catalog.
const maxYAML = 1 << 20

// positions has the beginning of each text of a decoded document, by the path of its keys: "message",
// "channels.sms.message", "tags.2".
type positions map[string]textPos

// decodeYAML decodes data into a struct with json tags. It is strict: unknown and repeated keys, aliases, further
// documents and values of a wrong type are findings, each with its place.
func decodeYAML(file string, data []byte, firstLine int, into any) (positions, []Finding) {
	d := &yamlDecoder{file: file, data: data, lines: bytes.Split(data, []byte("\n")), offset: firstLine - 1, positions: positions{}}
	if len(data) > maxYAML {
		d.fault(nil, "file_too_large", "the file has %d bytes; at most %d are read", len(data), maxYAML)
		return d.positions, d.findings
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var doc yaml.Node
	switch err := decoder.Decode(&doc); {
	case errors.Is(err, io.EOF):
		d.fault(nil, "empty_file", "the file is empty")
		return d.positions, d.findings
	case err != nil:
		d.syntax(err)
		return d.positions, d.findings
	}
	var more yaml.Node
	if err := decoder.Decode(&more); err == nil {
		d.fault(&more, "yaml_syntax", "a second document begins here; a file holds one")
	}
	if len(doc.Content) == 1 {
		d.value("", doc.Content[0], reflect.ValueOf(into).Elem())
	}
	return d.positions, d.findings
}

type yamlDecoder struct {
	file      string
	data      []byte
	lines     [][]byte
	whole     string // data, and where its lines begin: made when needed
	starts    []int
	offset    int // lines of the file before data
	positions positions
	findings  []Finding
}

func (d *yamlDecoder) fault(n *yaml.Node, code, format string, args ...any) {
	f := Finding{Severity: Error, Code: code, File: d.file, Message: fmt.Sprintf(format, args...)}
	if n != nil {
		f.Line, f.Column = n.Line+d.offset, n.Column
	}
	d.findings = append(d.findings, f)
}

// syntax reports what the YAML reader said; it gives the line only in words.
func (d *yamlDecoder) syntax(err error) {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	f := Finding{Severity: Error, Code: "yaml_syntax", File: d.file, Line: d.offset + 1} // it names no line for the first
	if rest, ok := strings.CutPrefix(message, "line "); ok {
		if number, what, ok := strings.Cut(rest, ": "); ok {
			if n, err := strconv.Atoi(number); err == nil {
				f.Line, message = n+d.offset, what
			}
		}
	}
	f.Message = "not valid YAML: " + message
	d.findings = append(d.findings, f)
}

func (d *yamlDecoder) value(path string, n *yaml.Node, v reflect.Value) {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		d.fault(n, "yaml_alias", "anchors and aliases are not used here; write the value out")
		return
	}
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return
	}
	if n.Kind != yaml.ScalarNode {
		d.positions[path] = textPos{line: n.Line + d.offset, column: n.Column}
	}
	switch v.Kind() {
	case reflect.Pointer:
		p := reflect.New(v.Type().Elem())
		d.value(path, n, p.Elem())
		v.Set(p)
	case reflect.Struct:
		d.fields(path, n, v)
	case reflect.Map:
		d.entries(path, n, v)
	case reflect.Slice:
		d.items(path, n, v)
	case reflect.String:
		d.text(path, n, v)
	case reflect.Interface:
		d.scalar(path, n, v)
	case reflect.Bool:
		d.boolean(path, n, v)
	case reflect.Int:
		d.integer(path, n, v)
	default:
		panic("render: no YAML rule for " + v.Type().String())
	}
}

func (d *yamlDecoder) wrong(path string, n *yaml.Node, want string) {
	where := ""
	if path != "" {
		where = path + ": "
	}
	d.fault(n, "yaml_type", "%swants %s, not %s", where, want, kindName(n))
}

func kindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	switch n.Tag {
	case "!!int", "!!float":
		return "the number " + n.Value
	case "!!bool":
		return "the boolean " + n.Value
	case "!!timestamp":
		return "the date " + n.Value
	case "!!binary":
		return "binary data"
	}
	return "a text"
}

// pairs yields the keys of a mapping, each once.
func (d *yamlDecoder) pairs(n *yaml.Node, each func(key, value *yaml.Node)) {
	seen := make(map[string]bool, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		switch {
		case key.Kind != yaml.ScalarNode || key.Value == "<<":
			d.fault(key, "yaml_key", "a key must be a plain word")
		case seen[key.Value]:
			d.fault(key, "yaml_duplicate", "the key %s stands here twice", handlebars.Quote(key.Value))
		default:
			seen[key.Value] = true
			each(key, n.Content[i+1])
		}
	}
}

func (d *yamlDecoder) fields(path string, n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.MappingNode {
		d.wrong(path, n, "a mapping")
		return
	}
	index := make(map[string]int)
	var names []string
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		index[name] = i
		names = append(names, name)
	}
	d.pairs(n, func(key, value *yaml.Node) {
		i, known := index[key.Value]
		if !known {
			d.fault(key, "unknown_key", "unknown key %s%s", handlebars.Quote(key.Value), handlebars.DidYouMean(key.Value, names))
			if meant, edits, unique := handlebars.Nearest(key.Value, names); unique && edits <= 2 && key.Style == 0 {
				d.mend(key, meant)
			}
			return
		}
		d.value(join(path, key.Value), value, v.Field(i))
	})
}

func (d *yamlDecoder) entries(path string, n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.MappingNode {
		d.wrong(path, n, "a mapping")
		return
	}
	m := reflect.MakeMap(v.Type())
	d.pairs(n, func(key, value *yaml.Node) {
		element := reflect.New(v.Type().Elem()).Elem()
		d.value(join(path, key.Value), value, element)
		m.SetMapIndex(reflect.ValueOf(key.Value).Convert(v.Type().Key()), element)
	})
	v.Set(m)
}

func (d *yamlDecoder) items(path string, n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.SequenceNode {
		d.wrong(path, n, "a list")
		return
	}
	list := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	for i, item := range n.Content {
		d.value(join(path, strconv.Itoa(i)), item, list.Index(i))
	}
	v.Set(list)
}

func (d *yamlDecoder) text(path string, n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.ScalarNode || n.Tag != "!!str" {
		if n.Kind == yaml.ScalarNode {
			d.fault(n, "yaml_type", "%s: wants a text, not %s; put it in quotes", path, kindName(n))
			if n.Style == 0 {
				d.mend(n, `"`+n.Value+`"`)
			}
			return
		}
		d.wrong(path, n, "a text")
		return
	}
	v.SetString(n.Value)
	d.positions[path] = d.textPos(n)
	d.comment(n)
}

// comment reports a text that is cut at a "#" which was hardly meant to begin a comment: comments have a blank behind
// it.
func (d *yamlDecoder) comment(n *yaml.Node) {
	c := n.LineComment
	if c == "" || n.Style != 0 || !strings.HasPrefix(c, "#") || strings.HasPrefix(c, "# ") && !strings.Contains(c, "{{") && !strings.Contains(c, "[[") || c == "#" {
		return
	}
	d.fault(n, "yaml_comment", "the text ends before %s, which is a comment: put the whole of it in quotes", handlebars.Quote(c))
	f := &d.findings[len(d.findings)-1]
	f.Severity = Warning
	if raw, _, _ := strings.Cut(d.from(n.Line, n.Column), "\n"); strings.HasPrefix(raw, n.Value) && !strings.ContainsAny(raw, `"\`) {
		raw = strings.TrimRight(raw, " \t\r")
		d.mend(&yaml.Node{Line: n.Line, Column: n.Column, Value: raw}, `"`+raw+`"`)
	} else if !strings.Contains(raw, "'") {
		raw = strings.TrimRight(raw, " \t\r")
		d.mend(&yaml.Node{Line: n.Line, Column: n.Column, Value: raw}, `'`+raw+`'`)
	}
}

// mend adds to the last finding a fix that replaces the scalar.
func (d *yamlDecoder) mend(n *yaml.Node, with string) {
	f := &d.findings[len(d.findings)-1]
	line, end := n.Line+d.offset, n.Column+utf8.RuneCountInString(n.Value)
	f.EndLine, f.EndColumn = line, end
	f.Fix = &Fix{Edits: []Edit{{Line: line, Column: n.Column, EndLine: line, EndColumn: end, Text: with}}}
}

func (d *yamlDecoder) boolean(path string, n *yaml.Node, v reflect.Value) {
	var value bool
	if n.Kind != yaml.ScalarNode || n.Tag != "!!bool" || n.Decode(&value) != nil {
		d.fault(n, "yaml_type", "%s: wants true or false", path)
		return
	}
	v.SetBool(value)
}

func (d *yamlDecoder) integer(path string, n *yaml.Node, v reflect.Value) {
	var value int
	if n.Kind != yaml.ScalarNode || n.Tag != "!!int" || n.Decode(&value) != nil {
		d.fault(n, "yaml_type", "%s: wants a whole number, not %s", path, kindName(n))
		return
	}
	v.SetInt(int64(value))
	d.positions[path] = d.textPos(n)
}

func (d *yamlDecoder) scalar(path string, n *yaml.Node, v reflect.Value) {
	var value any
	if n.Kind != yaml.ScalarNode {
		d.wrong(path, n, "a text, number, or boolean")
		return
	}
	if err := n.Decode(&value); err != nil {
		d.fault(n, "yaml_type", "%s: %v", path, err)
		return
	}
	if _, isTime := value.(interface{ Unix() int64 }); isTime {
		value = n.Value
	}
	v.Set(reflect.ValueOf(value))
	d.positions[path] = d.textPos(n)
}

// blockIndent is the number of spaces before each line of a block scalar: the
// first line with text has that many more in the file than in the value.
func (d *yamlDecoder) blockIndent(n *yaml.Node) int {
	for i, line := range strings.Split(n.Value, "\n") {
		if strings.TrimSpace(line) == "" || n.Line+i >= len(d.lines) {
			continue
		}
		return max(0, leadingSpaces(string(d.lines[n.Line+i]))-leadingSpaces(line))
	}
	return 0
}

func leadingSpaces(s string) int {
	return len(s) - len(strings.TrimLeft(s, " "))
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
