package explain

import (
	"strings"
	"testing"

	"github.com/heraldsend/herald/render/rendertest"
)

// A branch counts because its tag exists, whatever stands in it.
func TestBranchesCount(t *testing.T) {
	const greeting = "source: en\ntexts:\n  en: \"{{#if n}}Hi{{else}}{{/if}}\"\n  de: \"{{#if n}}{{#unless m}}Hallo{{/unless}}{{/if}}\"\n"
	for _, c := range []struct {
		name, message     string
		tests             []string // context; "de" before it: that language
		branches, reached int
	}{
		{"snippet and partial only", "{{#if a}}[[sn.x]]{{else}}{{y}}{{/if}}{{#if v}}{{> p}}{{/if}}", []string{`{"a":1,"n":1}`}, 6, 2},
		{"all of it", "{{#if a}}[[sn.x]]{{else}}{{y}}{{/if}}{{#if v}}{{> p}}{{/if}}",
			[]string{`{"a":1,"n":1,"v":1,"items":[1]}`, `{"y":1}`, `{"a":1}`}, 6, 6},
		{"no else, no branch", "{{#if a}}x{{/if}}", []string{`{"a":1}`}, 1, 1},
		{"empty branches", "{{#if a}}{{else}}{{/if}}", []string{`{"a":1}`}, 2, 1},
		{"a block in a block", "{{#if a}}{{#unless b}}{{#with c}}{{/with}}{{/unless}}{{/if}}", []string{`{"a":1}`}, 3, 2},
		{"a chain", "{{#if a}}{{else if b}}{{else if c}}{{else}}{{/if}}", []string{`{"b":1}`, `{}`}, 4, 2},
		{"each", "{{#each a}}{{else}}{{/each}}", []string{`{"a":[]}`}, 2, 1},
		{"comparisons", "{{#eq a 1}}{{else}}{{/eq}}{{#ifCond a \"==\" 1}}{{else}}{{/ifCond}}", []string{`{"a":1}`}, 4, 2},
		{"white space alone", "{{#if a}}\n  {{/if}}\n{{^if a}}\n{{/if}}", []string{`{}`}, 2, 1},
		{"no blocks of helpers", "{{#> p}}x{{/p}}{{#*inline \"q\"}}y{{/inline}}", []string{`{"items":[1]}`}, 1, 1},
		{"the language rendered", "[[sn.x]]", []string{`de {"n":1,"m":1}`}, 2, 1},
		{"both languages", "[[sn.x]]", []string{`de {"n":1}`, `{"n":1}`}, 4, 3},
		{"a snippet not shown", "{{#if a}}[[sn.x]]{{/if}}", []string{`{}`}, 3, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := []string{"snippets/sn.x.yaml", greeting, "emails/partials/p.hbs", "{{#each items}}{{/each}}", "shortcuts/s.yaml", "message: |\n  " + strings.ReplaceAll(c.message, "\n", "\n  ") + "\n"}
			for i, test := range c.tests {
				language, context, ok := strings.Cut(test, " ")
				if !ok {
					language, context = "en", test
				}
				files = append(files, "tests/"+string(rune('a'+i))+".txtar", "shortcut: s\nchannel: chat\nlocale: "+language+"\n-- context.json --\n"+context+"\n-- subject --\n")
			}
			report, err := RunTests(rendertest.Folder(files...), TestOptions{})
			if err != nil {
				t.Fatal(err)
			}
			for _, result := range report.Results {
				if !result.Passed {
					t.Errorf("%+v", result)
				}
			}
			if report.Branches != c.branches || report.Reached != c.reached || len(report.Untested) != c.branches-c.reached {
				t.Errorf("%d of %d reached, want %d of %d; untested %v", report.Reached, report.Branches, c.reached, c.branches, report.Untested)
			}
		})
	}
}

// A branch is named as it is written.
func TestBranchNames(t *testing.T) {
	report, err := RunTests(rendertest.Folder("shortcuts/s.yaml", "message: \"{{^a}}{{/a}}{{#if b}}{{^}}{{/if}}{{^if c}}{{else}}{{/if}}{{#if d}}{{else if e}}{{else}}{{/if}}\"\n"), TestOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range report.Untested {
		got = append(got, strings.TrimPrefix(f.Message, "no test reaches "))
	}
	if got, want := strings.Join(got, " "), `"^a" "if b" "else of if b" "^if c" "else of ^if c" "if d" "if e" "else of if e"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Email templates count too, with their text.
func TestBranchesOfLayouts(t *testing.T) {
	report, err := RunTests(rendertest.Folder(
		"emails/e.hbs", "{{#if draft.preheader}}p{{/if}}{{{draft.htmlBody}}}{{#if a}}a{{/if}}", "emails/e.txt.hbs", "{{#if draft.textBody}}{{draft.textBody}}{{else}}-{{/if}}",
		"shortcuts/s.yaml", "emailTemplate: e\nsubject: x\npreheader: \" \"\nmessage: \"{{m}}\"\n",
		"tests/a.txtar", "shortcut: s\n-- context.json --\n{\"m\":\"x\"}\n-- subject --\nx\n"), TestOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if report.Failed() > 0 || report.Branches != 4 || report.Reached != 1 {
		t.Errorf("%+v", report)
	}
}
