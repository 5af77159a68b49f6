package edit

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/heraldsend/herald/render/catalog"
)

// ErrByHand is a file whose form this package does not change.
var ErrByHand = errors.New("the file is written in a form that is not edited here: change it in an editor")

// treeOf is a value as a YAML tree, its members in the order of its type.
func treeOf(value any) (*yaml.Node, error) {
	data, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(escaped(string(data))), &doc); err != nil {
		return nil, err
	}
	return doc.Content[0], nil
}

// fresh is a new file that holds a value.
func fresh(want *yaml.Node) string {
	return strings.Join(members(want, 0), "\n") + "\n"
}

// patch makes a file hold a value. Lines of members that have it already stay as they are. A file without a name is named
// by its path, whose stem is given.
func patch(file []byte, want *yaml.Node, stem string) ([]byte, error) {
	text := string(catalog.NormalText(file))
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		return nil, err
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode || doc.Content[0].Style&yaml.FlowStyle != 0 {
		return nil, ErrByHand
	}
	if at := keyOf("", want, "name"); keyOf("", doc.Content[0], "name") < 0 && at >= 0 && want.Content[at+1].Value == stem {
		want.Content = slices.Delete(want.Content, at, at+2)
	}
	p := patcher{lines: strings.Split(strings.TrimSuffix(text, "\n"), "\n")}
	end := len(p.lines) + 1
	if p.lines[len(p.lines)-1] == "..." {
		end--
	}
	p.mapping("", doc.Content[0], want, end)
	// From the last, so that places stay; what is put before a line goes in after that line was replaced.
	slices.Reverse(p.cuts)
	slices.SortStableFunc(p.cuts, func(a, b cut) int { return cmp.Or(b.from-a.from, b.to-a.to) })
	for _, c := range p.cuts {
		p.lines = slices.Concat(p.lines[:c.from-1], c.lines, p.lines[c.to-1:])
	}
	out := strings.Join(p.lines, "\n") + "\n"
	if bytes.Contains(file, []byte("\r\n")) {
		out = strings.ReplaceAll(out, "\n", "\r\n")
	}
	return []byte(out), nil
}

// cut replaces the lines from one to another, from 1 and without the last, by others.
type cut struct {
	from, to int
	lines    []string
}

type patcher struct {
	lines []string
	cuts  []cut
}

// mapping compares the members of a block mapping, which ends before a line.
func (p *patcher) mapping(path string, has, want *yaml.Node, end int) {
	indent := has.Content[0].Column - 1
	after := has.Content[0].Line // where a member that is new stands
	for i := 0; i < len(has.Content); i += 2 {
		key, value := has.Content[i], has.Content[i+1]
		next := end
		if i+2 < len(has.Content) {
			next = has.Content[i+2].Line
		}
		last := p.last(value, indent, key.Line, next)
		at := keyOf(path, want, key.Value)
		switch {
		case at < 0 && isEmpty(value):
		case at < 0:
			p.cuts = append(p.cuts, cut{key.Line, last, nil})
		case same(path, key.Value, value, want.Content[at+1]):
		case isBlock(value) && want.Content[at+1].Kind == yaml.MappingNode && len(want.Content[at+1].Content) > 0:
			p.mapping(join(path, key.Value), value, want.Content[at+1], last)
		default:
			lines := member(key.Value, want.Content[at+1], value, indent)
			if comment := value.LineComment; comment != "" {
				lines[0] += " " + comment
			}
			p.cuts = append(p.cuts, cut{key.Line, last, lines})
		}
	}
	for i := 0; i < len(want.Content); i += 2 {
		key := want.Content[i].Value
		if at := keyOf(path, has, key); at >= 0 {
			next := end
			if at+2 < len(has.Content) {
				next = has.Content[at+2].Line
			}
			after = p.last(has.Content[at+1], indent, has.Content[at].Line, next)
			continue
		}
		p.cuts = append(p.cuts, cut{after, after, member(key, want.Content[i+1], nil, indent)})
	}
}

var blankLine, commentLine = regexp.MustCompile(`^\s*$`), regexp.MustCompile(`^\s*#`)

// last is the line behind a member's value: comments and blank lines before the next member belong to that.
func (p *patcher) last(value *yaml.Node, indent, first, next int) int {
	deepest, around := value, indent
	for len(deepest.Content) > 0 && deepest.Style&yaml.FlowStyle == 0 {
		if deepest.Kind == yaml.MappingNode {
			around = deepest.Content[len(deepest.Content)-2].Column - 1
		}
		deepest = deepest.Content[len(deepest.Content)-1]
	}
	block := deepest.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0
	line := next
	for line-1 > first {
		text := p.lines[line-2]
		comment := commentLine.MatchString(text) && (!block || len(text)-len(strings.TrimLeft(text, " ")) <= around)
		if !comment && !blankLine.MatchString(text) {
			break
		}
		line--
	}
	return line
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// keyOf is the place of a key in a mapping, -1 for none. Languages are the same in every spelling.
func keyOf(path string, n *yaml.Node, key string) int {
	for i := 0; i < len(n.Content); i += 2 {
		if other := n.Content[i].Value; other == key || path == "texts" && language(other) == language(key) {
			return i
		}
	}
	return -1
}

func language(tag string) string {
	if n, err := catalog.NormalLanguage(tag); err == nil {
		return n
	}
	return tag
}

// same reports whether two trees hold the same value.
func same(path, key string, a, b *yaml.Node) bool {
	var x, y any
	if a.Decode(&x) != nil || b.Decode(&y) != nil {
		return false
	}
	if path == "" && (key == "source" || key == "outdated") {
		x, y = normalTags(x), normalTags(y)
	}
	return reflect.DeepEqual(x, y)
}

func normalTags(v any) any {
	switch v := v.(type) {
	case string:
		return language(v)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = normalTags(v[i])
		}
		return out
	}
	return v
}

func isEmpty(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && (n.Value == "" || n.Tag == "!!null") || n.Kind != yaml.ScalarNode && len(n.Content) == 0
}

func isBlock(n *yaml.Node) bool {
	return n.Kind == yaml.MappingNode && n.Style&yaml.FlowStyle == 0 && len(n.Content) > 0
}

// members are the lines of a mapping's members.
func members(n *yaml.Node, indent int) []string {
	var out []string
	for i := 0; i < len(n.Content); i += 2 {
		out = append(out, member(n.Content[i].Value, n.Content[i+1], nil, indent)...)
	}
	return out
}

// member are the lines of one member; before is what stood in its place, whose form it keeps where it can.
func member(key string, value, before *yaml.Node, indent int) []string {
	head := strings.Repeat(" ", indent) + scalar(&yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: key}) + ":"
	switch {
	case value.Kind == yaml.MappingNode && len(value.Content) > 0:
		return append([]string{head}, members(value, indent+2)...)
	case value.Kind == yaml.MappingNode:
		return []string{head + " {}"}
	case value.Kind == yaml.SequenceNode && before != nil && before.Kind == yaml.SequenceNode && before.Style&yaml.FlowStyle == 0 && len(value.Content) > 0:
		lines := []string{head}
		for _, item := range value.Content {
			lines = append(lines, strings.Repeat(" ", indent+2)+"- "+scalar(item))
		}
		return lines
	case value.Kind == yaml.SequenceNode:
		items := make([]string, len(value.Content))
		for i, item := range value.Content {
			items[i] = scalar(item)
		}
		return []string{head + " [" + strings.Join(items, ", ") + "]"}
	case strings.Contains(value.Value, "\n") && value.Tag == "!!str" && !special.MatchString(value.Value):
		return literal(head, value.Value, indent+2)
	}
	return []string{head + " " + scalar(value)}
}

// literal writes a text of several lines as they are.
func literal(head, text string, indent int) []string {
	head += " |"
	if text[0] == ' ' || text[0] == '\n' || text[0] == '\t' {
		head += "2"
	}
	body, ends := strings.CutSuffix(text, "\n")
	switch {
	case !ends:
		head += "-"
	case body == "" || strings.HasSuffix(body, "\n"):
		head += "+"
	}
	lines := []string{head}
	for line := range strings.SplitSeq(body, "\n") {
		if line != "" {
			line = strings.Repeat(" ", indent) + line
		}
		lines = append(lines, line)
	}
	return lines
}

var (
	// special are characters that YAML reads as line ends, refuses, or takes for others.
	special = regexp.MustCompile("[\x00-\x08\x0b-\x1f\x7f-\u009f\u2028\u2029\ufeff\ufffe\uffff]")
	// plain is text that no reader takes for anything else.
	plain    = regexp.MustCompile(`^[A-Za-z_](?:[\w /.()-]*[\w.)])?$`)
	reserved = regexp.MustCompile(`(?i)^(?:true|false|null|yes|no|on|off|y|n)$`)
)

// scalar writes a value on one line; JSON's form of a text is YAML's too.
func scalar(n *yaml.Node) string {
	if n.Tag != "!!str" {
		return n.Value
	}
	if plain.MatchString(n.Value) && !reserved.MatchString(n.Value) {
		return n.Value
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(n.Value) // a text can always be written
	return escaped(strings.TrimSuffix(b.String(), "\n"))
}

// escaped is JSON that YAML reads alike.
func escaped(text string) string {
	return special.ReplaceAllStringFunc(text, func(s string) string { return fmt.Sprintf(`\u%04x`, []rune(s)[0]) })
}
