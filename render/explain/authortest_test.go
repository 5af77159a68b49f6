package explain

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/heraldsend/herald/render/rendertest"
	"github.com/heraldsend/herald/templates"
)

var update = flag.Bool("update", false, "write what is rendered into the tests of the sample catalog")

// The sample catalog's own tests pass and reach every branch.
func TestSampleTests(t *testing.T) {
	o := TestOptions{}
	if *update {
		o.Update = func(file string, content []byte) error {
			return os.WriteFile(filepath.Join("..", "..", "templates", filepath.FromSlash(file)), content, 0o644)
		}
	}
	report, err := RunTests(templates.Catalog(), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, result := range report.Results {
		if !result.Passed {
			t.Errorf("%s: %s\n%s", result.File, result.Error, result.Diff)
		}
	}
	if len(report.Results) < 30 {
		t.Errorf("only %d tests", len(report.Results))
	}
	for _, f := range report.Untested {
		t.Error(f)
	}
	t.Logf("%d tests, %d of %d branches", len(report.Results), report.Reached, report.Branches)
}

func TestRunTests(t *testing.T) {
	files := func(test string) fstest.MapFS {
		return rendertest.Folder("shortcuts/s.yaml", "subject: x\nmessage: |\n  {{#if customer.name}}Hi {{customer.name}}{{else}}Hello{{/if}}\n  n {{n}}\n", "tests/s.txtar", test,
			"samples/c.json", `{"customer":{"name":"Ada","id":"1"},"n":9007199254740993}`)
	}
	for _, c := range []struct{ name, test, failure, diff string }{
		{"passes", "shortcut: s\nchannel: sms\ncontext: samples/c.json\n-- text --\nHi Ada\nn 9007199254740993\n", "", ""},
		{"overlay", "# why\nshortcut: s\nchannel: sms\ncontext: samples/c.json\n-- context.json --\n{\"customer\":{\"name\":\"Bob\"}}\n-- text --\nHi Bob\nn 9007199254740993\n", "", ""},
		{"null removes", "shortcut: s\nchannel: chat\ncontext: samples/c.json\n-- context.json --\n{\"customer\":{\"name\":null}}\n-- text --\nHello\nn 9007199254740993\n", "", ""},
		{"differs", "shortcut: s\nchannel: sms\ncontext: samples/c.json\n-- text --\nHi Eve\nn 9007199254740993\n", "", "-Hi Eve\n+Hi Ada"},
		{"issues", "shortcut: s\nchannel: sms\n-- issues --\nmissing_field n\n-- segments --\n1 GSM-7\n", "", ""},
		{"wants nothing", "shortcut: s\n", "wants nothing", ""},
		{"unknown shortcut", "shortcut: t\n-- text --\n", `unknown shortcut "t"`, ""},
		{"unknown key", "shortcut: s\nchanel: sms\n", `did you mean "channel"`, ""},
		{"unknown section", "shortcut: s\n-- txt --\nx\n", `did you mean "text"`, ""},
		{"no shortcut", "channel: sms\n", "names no shortcut", ""},
		{"no context", "shortcut: s\ncontext: samples/d.json\n-- text --\n", "context:", ""},
		{"path out", "shortcut: s\ncontext: ../../etc/passwd\n-- text --\n", "context:", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			report, err := RunTests(files(c.test), TestOptions{})
			if err != nil || len(report.Results) != 1 {
				t.Fatalf("%v, %+v", err, report)
			}
			got := report.Results[0]
			if got.Passed != (c.failure == "" && c.diff == "") || !strings.Contains(got.Error, c.failure) || !strings.Contains(got.Diff, c.diff) {
				t.Errorf("%+v", got)
			}
		})
	}
	report, err := RunTests(files("shortcut: s\nchannel: sms\ncontext: samples/c.json\n"), TestOptions{Update: func(file string, content []byte) error {
		if want := "shortcut: s\nchannel: sms\ncontext: samples/c.json\n-- text --\nHi Ada\nn 9007199254740993\n"; string(content) != want {
			t.Errorf("updated to %q, want %q", content, want)
		}
		return nil
	}})
	if err != nil || !report.Results[0].Updated {
		t.Errorf("%v, %+v", err, report)
	}
	if report.Branches != 2 || report.Reached != 1 || len(report.Untested) != 1 || report.Untested[0].String() != `shortcuts/s.yaml:3:44: warning: no test reaches "else of if customer.name"` {
		t.Errorf("coverage: %+v", report)
	}
}
