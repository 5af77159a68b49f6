package main

import (
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var limitRow = regexp.MustCompile("(?m)^\\| .+ \\| ([0-9]+) \\| `([a-z/]+)\\.([A-Za-z]+)` \\|$")

// The page of limits says what the code has.
func TestLimitsPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/limits.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := limitRow.FindAllStringSubmatch(string(page), -1)
	if len(rows) < 20 {
		t.Fatalf("only %d rows can be read", len(rows))
	}
	for _, row := range rows {
		if got := constantIn(t, row[2], row[3]); got != row[1] {
			t.Errorf("%s.%s is %s, the page says %s", row[2], row[3], got, row[1])
		}
	}
}

// constantIn is the value of a constant of a package, from its source: one that is made of numbers.
func constantIn(t *testing.T, pkg, name string) string {
	t.Helper()
	files, err := filepath.Glob("../../" + pkg + "/*.go")
	if err != nil {
		t.Fatal(err)
	}
	set := token.NewFileSet()
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(set, file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.CONST {
				continue
			}
			for _, spec := range g.Specs {
				v := spec.(*ast.ValueSpec)
				for i, n := range v.Names {
					if n.Name != name || i >= len(v.Values) {
						continue
					}
					value, err := types.Eval(set, nil, token.NoPos, types.ExprString(v.Values[i]))
					if err != nil {
						t.Fatalf("%s.%s: %v", pkg, name, err)
					}
					return constant.ToInt(value.Value).ExactString()
				}
			}
		}
	}
	t.Errorf("there is no constant %s.%s", pkg, name)
	return ""
}
