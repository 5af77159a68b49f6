package browsertest

import (
	"os"
	"path/filepath"
	"runtime"
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
	_, here, _, _ := runtime.Caller(0)
	source, err := os.ReadFile(filepath.Join(filepath.Dir(here), "..", "testdata", "axe", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		p.t.Fatalf("%v: run `make deps`", err)
	}
	if !Eval[bool](p, `"axe" in window`) {
		Eval[bool](p, string(source)+"; true")
	}
	flaws := Eval[[]flaw](p, `axe.run(document, { iframes: false, resultTypes: ["violations"] }).then((r) => r.violations.map(({ id, impact, help, nodes }) => ({
		id, impact, help, nodes: nodes.slice(0, 5).map((n) => ({ html: n.html.slice(0, 200), failureSummary: n.failureSummary })) })))`)
	for _, f := range flaws {
		p.t.Errorf("%s: %s (%s): %s", state, f.ID, f.Impact, f.Help)
		for _, n := range f.Nodes {
			p.t.Logf("    %s\n    %s", n.HTML, n.FailureSummary)
		}
	}
}
