package main

import (
	"flag"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/heraldsend/herald/helpers"
)

var update = flag.Bool("update", false, "write the generated parts of the README")

// The README's table of settings and list of helpers say what the code says.
func TestReadme(t *testing.T) {
	const path = "../../README.md"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := string(text)
	for name, part := range map[string]string{"settings": settingsTable(), "metrics": metricsTable(t), "helpers": helpers.Markdown()} {
		section := regexp.MustCompile(`(?s)(<!-- ` + name + `: [^\n]*-->\n).*?(<!-- end -->)`)
		if !section.MatchString(want) {
			t.Fatalf("no section for %s", name)
		}
		want = section.ReplaceAllStringFunc(want, func(old string) string {
			m := section.FindStringSubmatch(old)
			return m[1] + strings.TrimSpace(part) + "\n" + m[2]
		})
	}
	if want == string(text) {
		return
	}
	if !*update {
		t.Fatal("README.md is stale: go test ./cmd/herald -run Readme -update")
	}
	if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
		t.Fatal(err)
	}
}

func settingsTable() string {
	var b strings.Builder
	b.WriteString("| setting | default | meaning |\n|---|---|---|\n")
	for field := range reflect.TypeFor[config]().Fields() {
		name := field.Tag.Get("name")
		if name == "" {
			name = kebab(field.Name)
		}
		meaning := strings.ReplaceAll(field.Tag.Get("help"), "|", `\|`)
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", envName(name), code(field.Tag.Get("default")), meaning)
	}
	return b.String()
}

func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}

var hump = regexp.MustCompile(`([a-z])([A-Z])`)

func kebab(name string) string {
	return strings.ToLower(hump.ReplaceAllString(name, "$1-$2"))
}
