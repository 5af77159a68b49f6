package helpers_test

import (
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/helpers"
	"github.com/heraldsend/herald/render/handlebars"
)

// rendering is one execution of a template with all helpers.
type rendering struct {
	template, context string
	locale, timezone  string
	escape            handlebars.Escape
}

func environment(t testing.TB) *handlebars.Env {
	t.Helper()
	env, err := handlebars.New(handlebars.Options{Helpers: helpers.All()})
	if err != nil {
		t.Fatal(err)
	}
	return env
}

func (r rendering) run(t testing.TB) (string, []handlebars.Issue, error) {
	t.Helper()
	template, err := environment(t).Compile("test", r.template)
	if err != nil {
		return "", nil, err
	}
	context := handlebars.Null()
	if r.context != "" {
		if context, err = handlebars.ParseJSON([]byte(r.context)); err != nil {
			t.Fatal(err)
		}
	}
	var issues []handlebars.Issue
	out, err := template.Append(t.Context(), nil, &handlebars.Exec{
		Context: context, Escape: r.escape, Locale: r.locale, Timezone: r.timezone, Now: time.UnixMilli(helpers.ExamplesNow),
		OnIssue: func(i handlebars.Issue) { issues = append(issues, i) },
	})
	return string(out), issues, err
}

func codes(issues []handlebars.Issue) string {
	var out []string
	for _, i := range issues {
		out = append(out, string(i.Code))
	}
	return strings.Join(out, " ")
}

func TestExamples(t *testing.T) {
	for _, e := range helpers.Table() {
		t.Run(e.Name, func(t *testing.T) {
			if e.Name == "" || e.Signature == "" || e.Doc == "" || len(e.Examples) == 0 {
				t.Errorf("the row of %q is incomplete", e.Name)
			}
			for _, x := range e.Examples {
				got, _, err := rendering{x.Template, x.Context, x.Locale, x.Timezone, handlebars.EscapeText}.run(t)
				if err != nil || got != x.Output {
					t.Errorf("%s with %s: got %q, %v, want %q", x.Template, x.Context, got, err, x.Output)
				}
			}
		})
	}
}

// TestTable holds the names that templates may rely on.
func TestTable(t *testing.T) {
	var names []string
	for _, e := range helpers.Table() {
		names = append(names, e.Name)
	}
	const want = "dateFormat fromNow calendar formatDuration ifCond eq ne lt lte gt gte and or not plural select default uppercase lowercase capitalize truncate " +
		"contains startsWith endsWith replace split reverse join length first last sort number currency add subtract multiply divide round url phone " +
		"if unless each with lookup log"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	text := helpers.Markdown()
	for _, e := range helpers.Table() {
		if !strings.Contains(text, "- `"+e.Signature+"`") {
			t.Errorf("Markdown lacks %s", e.Name)
		}
	}
	const invalid = "`{{dateFormat at}}` with `{\"at\":\"soon\"}` in a message in `es-MX` gives `Fecha inválida`"
	if !strings.Contains(text, invalid) {
		t.Errorf("Markdown lacks the locale of an example: want %s", invalid)
	}
	if strings.Count(text, "\n- ")+1 != len(names) {
		t.Errorf("Markdown has not one item a helper:\n%s", text)
	}
}
