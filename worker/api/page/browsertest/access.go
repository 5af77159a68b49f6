package browsertest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// flaw is what axe-core found.
type flaw struct {
	ID, Impact, Help string
	Nodes            []struct {
		HTML           string
		FailureSummary string
	}
}

// CheckAccess holds what is shown against WCAG 2.2 AA and axe-core's best practices. state names it in failures.
func CheckAccess(p *Page, state string) {
	p.t.Helper()
	CheckRules(p, state)
}

// CheckRules holds what is shown against some of axe-core's rules; all where none is named.
func CheckRules(p *Page, state string, rules ...string) {
	p.t.Helper()
	source, err := os.ReadFile(filepath.Join(ModuleRoot(p.t), "worker/api/page/testdata/axe/node_modules/axe-core/axe.min.js"))
	if err != nil {
		p.t.Fatalf("%v: run `make deps`", err)
	}
	if !Eval[bool](p, `"axe" in window`) {
		Eval[bool](p, string(source)+"; true")
	}
	only := ""
	if len(rules) > 0 {
		names, err := json.Marshal(rules)
		p.must(err)
		only = "runOnly: { type: \"rule\", values: " + string(names) + " },"
	}
	flaws := Eval[[]flaw](p, `axe.run(document, { `+only+` iframes: false, resultTypes: ["violations"] }).then((r) => r.violations.map(({ id, impact, help, nodes }) => ({
		id, impact, help, nodes: nodes.slice(0, 5).map((n) => ({ html: n.html.slice(0, 200), failureSummary: n.failureSummary })) })))`)
	for _, f := range flaws {
		p.t.Errorf("%s: %s (%s): %s", state, f.ID, f.Impact, f.Help)
		for _, n := range f.Nodes {
			p.t.Logf("    %s\n    %s", n.HTML, n.FailureSummary)
		}
	}
}

// ModuleRoot is the folder of go.mod: tests run in their package's folder, somewhere below it.
func ModuleRoot(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above the working folder")
		}
		dir = parent
	}
}
