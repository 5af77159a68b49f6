package lint

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/heraldsend/herald/helpers/moment/momenttest"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/rendertest"
)

// The formats that dates are compared with Moment.js by have nothing to be said about.
func TestFormatsOfCorpus(t *testing.T) {
	for _, format := range momenttest.Formats() {
		if d := doubtful(format); d.says != "" {
			t.Errorf("%q: %s", format, d.says)
		}
	}
}

// Messages as people write them have no findings.
func TestCleanMessages(t *testing.T) {
	data, err := os.ReadFile("testdata/clean.txt")
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string][]string{}
	for section := range strings.SplitSeq(string(data), "== ") {
		if kind, text, ok := strings.Cut(section, "\n"); ok {
			parts[kind] = append(parts[kind], strings.TrimRight(text, "\n"))
		}
	}
	var greetings []string
	for _, g := range parts["greetings"] {
		greetings = append(greetings, strings.Split(g, "\n")...)
	}
	files := folderOf("subject: x\nmessage: x\n")
	n := 0
	for i, body := range parts["bodies"] {
		for k := range 7 {
			n++
			text := greetings[(i+k)%len(greetings)] + "\n\n" + body + "\n\n" + parts["closings"][(3*i+k)%len(parts["closings"])]
			files[fmt.Sprintf("shortcuts/clean%d-%d.yaml", i, k)] = &fstest.MapFile{Mode: 0o644, Data: []byte(shortcutOf(text))}
		}
	}
	if n < 300 {
		t.Errorf("%d messages", n)
	}
	said := map[string]bool{}
	for _, f := range Folder(files, Options{}).Findings {
		if key := f.Code + f.Message; !said[key] {
			said[key] = true
			t.Errorf("%v (%s)\n%s", f, f.Code, files[f.File].Data)
		}
	}
}

// The templates of the Handlebars suite that compile have no findings when their fields are declared. Those that the suite
// has for its own sake are listed.
func TestCleanSpec(t *testing.T) {
	files, err := filepath.Glob("../handlebars/testdata/spec/handlebars/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	said, n := map[string]int{}, 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var cases []struct {
			Template any
			Partials map[string]any
		}
		if err := json.Unmarshal(data, &cases); err != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			template, ok := c.Template.(string)
			if !ok || strings.TrimSpace(template) == "" || strings.ContainsAny(template, "\r\x00\u00a0") {
				continue
			}
			folder := []string{"shortcuts/s.yaml", "subject: x\nformat: text\nmessage: " + quotedJSON(template) + "\n"}
			for name, p := range c.Partials {
				if text, ok := p.(string); ok && text != "" && !strings.ContainsAny(name, "/\\ ") {
					folder = append(folder, "emails/partials/"+name+".hbs", text)
				}
			}
			plain, err := catalog.Load(rendertest.Folder(folder...))
			if err != nil {
				continue
			}
			compiled, err := plain.Compile("s/message", template)
			if err != nil {
				continue
			}
			n++
			own := []string{"this.*"}
			for _, f := range compiled.Refs().Fields {
				own = append(own, strings.Split(f, ".")[0]+".*")
			}
			for _, p := range c.Partials {
				text, _ := p.(string)
				for _, m := range regexp.MustCompile(`\w+`).FindAllString(text, -1) {
					own = append(own, m+".*")
				}
			}
			for _, m := range regexp.MustCompile(`@root\.(\w+)`).FindAllStringSubmatch(template, -1) {
				own = append(own, m[1]+".*")
			}
			slices.Sort(own)
			folder = append(folder, "defaults.yaml", "fields: "+quotedJSON(slices.Compact(own))+"\n")
			for _, f := range Folder(rendertest.Folder(folder...), Options{}).Findings {
				key := f.Code
				if said[key]++; said[key] <= 3 && allowedInSpec[key] == "" {
					t.Errorf("%s: %v\n\t%s", f.Code, f.Message, template)
				}
			}
		}
	}
	for _, code := range slices.Sorted(maps.Keys(allowedInSpec)) {
		if said[code] == 0 {
			t.Errorf("no template has %s", code)
		}
	}
	if n < 300 {
		t.Errorf("%d templates compile", n)
	}
	t.Logf("%d templates, %v", n, said)
}

// allowedInSpec are findings that the suite's templates have with reason.
var allowedInSpec = map[string]string{
	"raw_output": "three braces print a value with its own formatting",
}

func quotedJSON(v any) string {
	out, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(out)
}
