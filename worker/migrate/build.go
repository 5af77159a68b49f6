package migrate

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/lint"
)

// Folder is what an import made: files by path, with slashes.
type Folder struct {
	Files  map[string][]byte
	Report Report
}

// idsFile remembers what things were called where they came from, for the way back.
const idsFile = "imported.json"

// origin is what an imported thing was called.
type origin struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// leftOut is the folder of what lint refuses: it is beside what the catalog reads.
const leftOut = "left-out/"

// builder makes a folder.
type builder struct {
	Folder
	taken     map[string]bool              // file names, in small letters
	origins   map[string]map[string]origin // by kind and name
	shortcuts []*catalog.Shortcut
	snippets  []*catalog.Snippet
	renamed   map[string]string // snippets: key → name
	byFile    map[string]Left   // what stands in a file
}

func newBuilder() *builder {
	return &builder{
		Folder: Folder{Files: map[string][]byte{}, Report: Report{Renamed: []Renamed{}, Left: []Left{}}}, taken: map[string]bool{},
		origins: map[string]map[string]origin{}, renamed: map[string]string{}, byFile: map[string]Left{},
	}
}

// validName makes a name of one word, without a path in it. Dynamic text and snippets in it stay.
func validName(name, otherwise string) string {
	var b strings.Builder
	for _, r := range strings.Join(strings.Fields(name), "-") {
		switch {
		case r == '/' || r == '\\':
			b.WriteByte('-')
		case unicode.IsControl(r) || unicode.IsSpace(r):
		default:
			b.WriteRune(r)
		}
	}
	out := []rune(strings.Trim(b.String(), "-"))
	if len(out) > 100 {
		out = out[:100]
	}
	if s := string(out); s != "" && s != "." && s != ".." {
		return s
	}
	return otherwise
}

// fileName makes a file's name of a name: letters, digits, dots, - and _.
func fileName(name string) string {
	s := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("._-", r) {
			return r
		}
		return '-'
	}, name)
	return strings.Trim(s, ".-")
}

// name registers a name of a kind, which becomes the only one of it, and gives the file for it.
func (b *builder) name(kind, folder, extension, id, was, want string) (name, file string) {
	stem := fileName(want)
	if stem == "" {
		stem = kind
	}
	name = want
	for n := 2; b.taken[kind+" "+name] || b.taken[strings.ToLower(folder+stem)]; n++ {
		name, stem = want+"-"+strconv.Itoa(n), fileName(want)+"-"+strconv.Itoa(n)
	}
	b.taken[kind+" "+name], b.taken[strings.ToLower(folder+stem)] = true, true
	if name != was {
		b.Report.Renamed = append(b.Report.Renamed, Renamed{kind, id, was, name})
	}
	if b.origins[kind] == nil {
		b.origins[kind] = map[string]origin{}
	}
	b.origins[kind][name] = origin{id, was}
	file = folder + stem + extension
	b.byFile[file] = Left{Kind: kind, Name: name}
	return name, file
}

// replySubject is the subject of emails that answer: other tools take the conversation's for every reply.
const replySubject = "Re: {{conversation.name}}"

// addShortcut stores a shortcut whose Name is still that of the other tool.
func (b *builder) addShortcut(id string, s catalog.Shortcut) string {
	was := s.Name
	if s.Subject == "" && strings.TrimSpace(s.Message) != "" {
		s.Subject = replySubject
	}
	name, file := b.name("shortcut", "shortcuts/", ".yaml", id, was, validName(was, "shortcut-"+id))
	s.Name = name
	b.shortcuts = append(b.shortcuts, &s)
	if path.Base(file) == name+".yaml" {
		s.Name = "" // the file says it
	}
	b.Files[file] = document(s, shortcutKeys)
	s.Name = name
	b.Report.Shortcuts++
	return name
}

// addSnippet stores a snippet whose Name is a key of the other tool.
func (b *builder) addSnippet(id string, s catalog.Snippet) {
	was := s.Name
	want := strings.Map(func(r rune) rune {
		if r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("._-", r)) {
			return r
		}
		return '_'
	}, was)
	want = strings.Trim(strings.TrimPrefix(want, catalog.SnippetPrefix), ".")
	for strings.Contains(want, "..") {
		want = strings.ReplaceAll(want, "..", ".")
	}
	if want == "" {
		want = "imported." + id
	}
	name, file := b.name("snippet", "snippets/", ".yaml", id, was, catalog.SnippetPrefix+want)
	b.renamed[was] = name
	s.Name = ""
	b.Files[file] = document(s, snippetKeys)
	s.Name = name
	b.snippets = append(b.snippets, &s)
	b.Report.Snippets++
}

// addTemplate stores an email template.
func (b *builder) addTemplate(id, was, description, html, text string) string {
	want := fileName(validName(was, "template-"+id))
	name, file := b.name("template", "emails/", ".hbs", id, was, want)
	head := ""
	if description != "" {
		line, err := yaml.Marshal(map[string]string{"description": description})
		if err == nil {
			head = "---\n" + string(line) + "---\n"
		}
	}
	b.Files[file] = []byte(head + html)
	if text != "" {
		b.Files["emails/"+name+".txt.hbs"] = []byte(text)
	}
	b.Report.Templates++
	return name
}

// The order of keys in files.
var (
	shortcutKeys = []string{
		"name", "description", "category", "subcategory", "visibility", "owner", "teams", "users", "subject", "preheader", "message", "format", "emailTemplate",
		"attachments", "channels", "conversationSubject", "tags", "assignedUsers", "assignedTeams", "queue", "priority", "status", "subStatus", "snoozeUntil", "customFields",
	}
	snippetKeys = []string{"name", "description", "category", "source", "texts", "outdated"}
)

// document writes a struct with json tags as YAML, its keys in order, empty ones left out.
func document(v any, keys []string) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic("migrate: texts must encode: " + err.Error())
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var members map[string]any
	if err := d.Decode(&members); err != nil {
		panic("migrate: texts must decode: " + err.Error())
	}
	root := &yaml.Node{Kind: yaml.MappingNode}
	for _, key := range keys {
		if value, ok := members[key]; ok && value != "" {
			root.Content = append(root.Content, node(key), node(value))
		}
	}
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := errors.Join(enc.Encode(root), enc.Close()); err != nil {
		panic("migrate: nodes must encode: " + err.Error())
	}
	return out.Bytes()
}

// node is a JSON value as YAML.
func node(v any) *yaml.Node {
	switch v := v.(type) {
	case string:
		n := &yaml.Node{}
		n.SetString(v)
		if strings.ContainsAny(v, "\r\u0085\u2028\u2029") || strings.Contains(v, "\n") && strings.TrimLeft(v, " \n") != v {
			n.Style = yaml.DoubleQuotedStyle
		}
		return n
	case json.Number:
		tag := "!!int"
		if strings.ContainsAny(v.String(), ".eE") {
			tag = "!!float"
		}
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: v.String()}
	case bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: strconv.FormatBool(v)}
	case []any:
		n := &yaml.Node{Kind: yaml.SequenceNode}
		for _, one := range v {
			n.Content = append(n.Content, node(one))
		}
		return n
	case map[string]any:
		n := &yaml.Node{Kind: yaml.MappingNode}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			n.Content = append(n.Content, node(key), node(v[key]))
		}
		return n
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}
}

// finish renames snippets in the texts, takes out what lint refuses, and sorts the report.
func (b *builder) finish() (*Folder, error) {
	for was, name := range b.renamed {
		if was == name {
			continue
		}
		for file, data := range b.Files {
			b.Files[file] = bytes.ReplaceAll(data, []byte("[["+was+"]]"), []byte("[["+name+"]]"))
		}
	}
	if len(b.origins) > 0 {
		data, err := json.MarshalIndent(b.origins, "", "  ")
		if err != nil {
			return nil, err
		}
		b.Files[idsFile] = append(data, '\n')
	}
	for { // what is taken out may be missed by others
		files, err := Memory(b.Files)
		if err != nil {
			return nil, err
		}
		report := lint.Folder(files, lint.Options{Texts: true})
		out := map[string][]string{}
		for _, f := range catalog.ErrorsOf(report.Findings) {
			out[f.File] = append(out[f.File], fmt.Sprintf("line %d: %s", f.Line, f.Message))
		}
		if len(out) == 0 {
			break
		}
		for _, file := range slices.Sorted(maps.Keys(out)) {
			what, known := b.byFile[strings.Replace(file, ".txt.hbs", ".hbs", 1)]
			if _, there := b.Files[file]; !known || !there {
				return nil, fmt.Errorf("%s: %s", file, strings.Join(out[file], "; "))
			}
			what.Why = "is in " + leftOut + file + ", because lint refuses it: " + strings.Join(slices.Compact(out[file]), "; ")
			b.Report.Left = append(b.Report.Left, what)
			b.Files[leftOut+file] = b.Files[file]
			delete(b.Files, file)
			switch what.Kind {
			case "shortcut":
				b.Report.Shortcuts--
			case "snippet":
				b.Report.Snippets--
			default:
				b.Report.Templates--
			}
		}
	}
	b.Report.sort()
	return &b.Folder, nil
}

// Memory is a folder of files in memory: the standard library's is a zip file.
func Memory(files map[string][]byte) (fs.FS, error) {
	var packed bytes.Buffer
	w := zip.NewWriter(&packed)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err != nil {
			return nil, err
		}
		if _, err := f.Write(files[name]); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return zip.NewReader(bytes.NewReader(packed.Bytes()), int64(packed.Len()))
}
