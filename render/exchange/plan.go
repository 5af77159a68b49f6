package exchange

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/heraldsend/herald/render/catalog"
)

// Plan is what a sheet changes in a folder of templates.
type Plan struct {
	Files   map[string][]byte // new contents by path, of the snippets that change
	Changed []string          // snippets that get a new text, or whose text is no longer outdated
	Same    int               // texts that are there already
	Missing int               // units without a translation
	Stale   []string          // translations of a source that has changed since: they are stored as outdated
	Unknown []string          // names that the catalog lacks
}

// NewPlan plans to store the texts of a sheet. The folder must load; a translation with which it would no longer, or
// with which a snippet doesn't compile, is an error, and nothing of the sheet is stored.
func NewPlan(files fs.FS, s Sheet) (Plan, error) {
	c, err := catalog.Load(files)
	if err != nil {
		return Plan{}, err
	}
	to, err := catalog.NormalLanguage(s.To)
	if err != nil {
		return Plan{}, err
	}
	p := Plan{Files: map[string][]byte{}}
	var faults []error
	for _, u := range s.Units {
		snippet, err := c.Snippet(u.Name)
		if err != nil {
			p.Unknown = append(p.Unknown, u.Name)
			continue
		}
		if snippet.Source == to {
			return Plan{}, fmt.Errorf("%s is the language that %s is translated from: change it in its file", to, u.Name)
		}
		if u.Target == "" {
			p.Missing++
			continue
		}
		before, has := snippet.Texts[to]
		was := slices.Contains(snippet.Outdated, to)
		stale := u.Source != "" && u.Source != snippet.Texts[snippet.Source]
		outdated := stale || was && before == u.Target && u.State == Outdated
		if stale {
			p.Stale = append(p.Stale, u.Name)
		}
		if has && before == u.Target && was == outdated {
			p.Same++
			continue
		}
		file, _, _ := c.Where("snippet", u.Name, "name")
		data, ok := p.Files[file]
		if !ok {
			if data, err = fs.ReadFile(files, file); err != nil {
				return Plan{}, err
			}
		}
		if p.Files[file], err = setText(data, to, u.Target, outdated); err != nil {
			return Plan{}, fmt.Errorf("%s: %w", file, err)
		}
		p.Changed = append(p.Changed, u.Name)
	}
	after, err := catalog.Load(catalog.Overlay(files, p.Files))
	if err != nil {
		return Plan{}, fmt.Errorf("with these texts the folder would not load: %w", err)
	}
	for _, name := range p.Changed {
		changed, err := after.Snippet(name)
		if err != nil {
			return Plan{}, err
		}
		if i := slices.IndexFunc(s.Units, func(u Unit) bool { return u.Name == name }); changed.Texts[to] != s.Units[i].Target {
			return Plan{}, fmt.Errorf("%s: its text would not be read as it is written", name)
		}
		if _, err := after.Compile(name+"@"+to, changed.Texts[to]); err != nil {
			faults = append(faults, fmt.Errorf("%s in %s: %w", name, to, catalog.NewTemplateError(after, err)))
		}
	}
	return p, errors.Join(faults...)
}

// setText stores a text of a snippet's file, and whether it lags behind. Comments stay.
func setText(data []byte, language, text string, outdated bool) ([]byte, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(catalog.NormalText(data), &doc); err != nil {
		return nil, err
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, errors.New("the file holds no snippet")
	}
	root := doc.Content[0]
	texts := member(root, "texts", yaml.MappingNode)
	value := &yaml.Node{}
	value.SetString(text)
	if strings.Contains(text, "\n") && !strings.Contains(text, "\r") {
		value.Style = yaml.LiteralStyle
	} else {
		value.Style = yaml.DoubleQuotedStyle
	}
	if at := keyOf(texts, language); at >= 0 {
		texts.Content[at+1] = value
	} else {
		texts.Content = append(texts.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: language}, value)
	}
	setOutdated(root, language, outdated)
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(&doc); err != nil {
		return nil, err
	}
	return out.Bytes(), enc.Close()
}

// setOutdated puts a language on the list of those that lag behind, or takes it off. An empty list is left out.
func setOutdated(root *yaml.Node, language string, outdated bool) {
	list := member(root, "outdated", yaml.SequenceNode)
	list.Content = slices.DeleteFunc(list.Content, func(n *yaml.Node) bool { return normal(n.Value) == language })
	if outdated {
		list.Content = append(list.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: language})
	}
	if at := keyOf(root, "outdated"); len(list.Content) == 0 {
		root.Content = slices.Delete(root.Content, at, at+2)
	}
}

// member is the value of a key, which is made where it is missing.
func member(root *yaml.Node, key string, kind yaml.Kind) *yaml.Node {
	if at := keyOf(root, key); at >= 0 {
		if value := root.Content[at+1]; value.Kind == kind {
			return value
		}
		root.Content = slices.Delete(root.Content, at, at+2)
	}
	value := &yaml.Node{Kind: kind}
	root.Content = append(root.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, value)
	return value
}

// keyOf is the place of a key in a mapping, -1 for none. Language tags are compared in their normal form.
func keyOf(n *yaml.Node, key string) int {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key || normal(n.Content[i].Value) == key {
			return i
		}
	}
	return -1
}

func normal(tag string) string {
	if n, err := catalog.NormalLanguage(tag); err == nil {
		return n
	}
	return tag
}
