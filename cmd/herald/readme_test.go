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
	"github.com/heraldsend/herald/worker/app"
)

var update = flag.Bool("update", false, "write the generated parts of README.md and docs")

// The tables of settings and metrics and the list of helpers say what the code says.
func TestReadme(t *testing.T) {
	checkGenerated(t, "README.md", "settings", settingsTable())
	checkGenerated(t, "docs/operating.md", "metrics", metricsTable(t))
	checkGenerated(t, "docs/templates.md", "helpers", helpers.Markdown())
	checkGenerated(t, "docs/events.md", "events", eventExamples(t))
}

// checkGenerated compares the part of a page between its markers with what it must say, or writes it.
func checkGenerated(t *testing.T, page, name, part string) {
	t.Helper()
	path := "../../" + page
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := string(text)
	section := regexp.MustCompile(`(?s)(<!-- ` + name + `: [^\n]*-->\n).*?(<!-- end -->)`)
	if !section.MatchString(want) {
		t.Fatalf("%s: no section for %s", page, name)
	}
	want = section.ReplaceAllStringFunc(want, func(old string) string {
		m := section.FindStringSubmatch(old)
		return m[1] + strings.TrimSpace(part) + "\n" + m[2]
	})
	if want == string(text) {
		return
	}
	if !*update {
		t.Fatalf("%s is stale: go test ./cmd/herald -run Readme -update", page)
	}
	if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
		t.Fatal(err)
	}
}

func settingsTable() string {
	var b strings.Builder
	b.WriteString("| setting | default | meaning |\n|---|---|---|\n")
	for field := range reflect.TypeFor[app.Settings]().Fields() {
		if field.Tag.Get("help") == "" {
			continue // no setting
		}
		name := app.FlagName(field)
		meaning := strings.ReplaceAll(field.Tag.Get("help"), "|", `\|`)
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", app.EnvName(name), code(field.Tag.Get("default")), meaning)
	}
	return b.String()
}

func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}
