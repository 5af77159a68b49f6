package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// testNames are the tests that a row names: a package and a function, or a story of the command line.
var testNames = regexp.MustCompile("`([a-z/]+)\\.(Test[A-Za-z0-9_]+)`|`script/([a-z]+)`")

// Every behaviour of the table has a test that exists, or a reason why it needs none.
func TestKustomerBehaviours(t *testing.T) {
	page, err := os.ReadFile("../../docs/kustomer-behaviours.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "<!-- behaviours -->\n")
	table, _, ok := strings.Cut(table, "<!-- end -->")
	rows := strings.Split(strings.TrimSpace(table), "\n")
	if !ok || len(rows) < 40 {
		t.Fatalf("%d rows", len(rows))
	}
	sources := map[string]string{}
	source := func(dir string) string {
		if _, read := sources[dir]; !read {
			files, _ := filepath.Glob(filepath.Join("../..", dir, "*_test.go"))
			for _, name := range files {
				data, err := os.ReadFile(name)
				if err != nil {
					t.Fatal(err)
				}
				sources[dir] += string(data)
			}
		}
		return sources[dir]
	}
	for _, row := range rows[2:] {
		cells := strings.Split(row, "|")
		if len(cells) != 5 {
			t.Errorf("%q has %d cells", row, len(cells)-2)
			continue
		}
		held := strings.TrimSpace(cells[3])
		named := testNames.FindAllStringSubmatch(held, -1)
		reason, isNA := strings.CutPrefix(held, "n.a.: ")
		if isNA && len(reason) < 20 || !isNA && len(named) == 0 {
			t.Errorf("%q has neither a test nor a reason", row)
		}
		for _, m := range named {
			if m[3] != "" {
				if _, err := os.Stat("testdata/script/" + m[3] + ".txtar"); err != nil {
					t.Errorf("there is no story %s", m[3])
				}
			} else if !strings.Contains(source(m[1]), "\nfunc "+m[2]+"(t *testing.T) {") {
				t.Errorf("%s has no test %s", m[1], m[2])
			}
		}
	}
}
