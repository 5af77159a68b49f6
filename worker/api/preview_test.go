package api

import (
	"encoding/json"
	"io/fs"
	"net/http"
	"strings"
	"testing"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/rendertest"
	"github.com/heraldsend/herald/templates"
	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/preview"
)

func startPreview(t *testing.T) *service {
	t.Helper()
	p := newPreview(t)
	return start(t, func(o *Options) { o.Preview = p })
}

// newPreview renders with the built-in templates.
func newPreview(t *testing.T) *Preview { return newPreviewOf(t, templates.Catalog()) }

func newPreviewOf(t *testing.T, files fs.FS) *Preview {
	t.Helper()
	loaded, err := catalog.Load(files)
	if err != nil {
		t.Fatal(err)
	}
	renderer, err := render.New(render.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := NewPreview(PreviewOptions{Catalog: func() *catalog.Catalog { return loaded }, Renderer: renderer, Files: files,
		Composer: func(c *catalog.Catalog) (*compose.Composer, error) {
			return compose.NewLocal(c, renderer, compose.Rules{Links: compose.SampleLinks{}})
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestRenderShortcut(t *testing.T) {
	s := startPreview(t)
	var got preview.Preview
	s.want(http.StatusOK, "POST", "/v1/render", map[string]any{
		"shortcut": templates.DemoShortcut, "locale": "de", "context": json.RawMessage(templates.DemoContext()), "source": true, "explain": true,
	}).decode(t, &got)
	if len(got.Mistakes) > 0 || len(got.Contents) != 4 || !strings.Contains(got.Contents[0].HTML, "Guten Tag Ada,") || got.Contents[0].EML == "" || got.Contents[0].Parts == nil {
		t.Errorf("%+v", got)
	}
	got = preview.Preview{}
	s.want(http.StatusOK, "POST", "/v1/render", `{"shortcut":"`+templates.DemoShortcut+`","channel":"email","subject":"Order {{n}}","template":"none","context":{"n":9007199254740993}}`).decode(t, &got)
	if len(got.Contents) != 1 || got.Contents[0].Subject != "Order 9007199254740993" || strings.Contains(got.Contents[0].HTML, "fernhill.example") {
		t.Errorf("%+v", got)
	}
}

func TestRenderText(t *testing.T) {
	s := startPreview(t)
	var got preview.Preview
	s.want(http.StatusOK, "POST", "/v1/render", `{"text":"It’s 5 € {{a}}","channels":["sms","note"],"context":{"a":"**b**"}}`).decode(t, &got)
	if len(got.Contents) != 2 || got.Contents[0].Text != "It’s 5 € **b**" || got.Contents[0].SMS.Costly[0].Swap != "'" || strings.Contains(got.Contents[1].HTML, "<strong>") {
		t.Errorf("%+v", got)
	}
	got = preview.Preview{}
	s.want(http.StatusOK, "POST", "/v1/render", `{"inline":{"name":"x","message":"a","channels":{"sms":{"message":"{{#if}}"}}}}`).decode(t, &got)
	codes := map[string]bool{} // all faults of a text are told
	for _, m := range got.Mistakes {
		codes[m.Code] = m.Path == "channels.sms.message" && m.Line == 1
	}
	if len(got.Mistakes) != 2 || !codes["unclosed_block"] || !codes["argument"] {
		t.Errorf("%+v", got)
	}
}

func TestRenderRefuses(t *testing.T) {
	s := startPreview(t)
	for body, status := range map[string]int{
		`{}`:                                            http.StatusUnprocessableEntity,
		`{"shortcut":"a","text":"b"}`:                   http.StatusUnprocessableEntity,
		`{"text":"a","channel":"fax"}`:                  http.StatusUnprocessableEntity,
		`{"text":"a","context":[]}`:                     http.StatusUnprocessableEntity,
		`{"text":"a","context":{"b":1,"b":2}}`:          http.StatusBadRequest,
		`{"inline":{"name":"x","mesage":"a"}}`:          http.StatusUnprocessableEntity,
		`{"inline":"x"}`:                                http.StatusUnprocessableEntity,
		`{"text":"a"} {}`:                               http.StatusBadRequest,
		`{"text":"` + strings.Repeat("a", 5<<20) + `"}`: http.StatusRequestEntityTooLarge,
	} {
		if got := s.do("POST", "/v1/render", body); got.status != status {
			t.Errorf("%.60s: %d %s, want %d", body, got.status, got.body, status)
		}
	}
}

// Lists are lists where there is nothing in them: pages and clients go through them without asking.
func TestEmptyPreviewLists(t *testing.T) {
	p := newPreviewOf(t, rendertest.Folder())
	s := start(t, func(o *Options) { o.Preview = p })
	for _, path := range []string{"/v1/shortcuts", "/v1/snippets", "/v1/fields", "/v1/helpers", "/v1/samples"} {
		var lists map[string]any
		if err := json.Unmarshal(s.want(http.StatusOK, "GET", path, nil).body, &lists); err != nil {
			t.Fatal(err)
		}
		for name, list := range lists {
			if list == nil {
				t.Errorf("%s: %s is null", path, name)
			}
		}
	}
}

func TestPreviewLists(t *testing.T) {
	s := startPreview(t)
	for path, part := range map[string]string{
		"/v1/shortcuts": `"category":"Orders"`,
		"/v1/shortcuts/" + templates.DemoShortcut: `"file":"shortcuts/` + templates.DemoShortcut + `.yaml"`,
		"/v1/snippets":                `"languages":["en","de","es","fr","ja"`,
		"/v1/fields":                  `"path":"customer.firstName"`,
		"/v1/helpers":                 `"name":"dateFormat"`,
		"/v1/samples":                 `"layout":"reply"`,
		"/v1/samples/audience?rows=2": "grace.hopper@example.org",
	} {
		if got := s.want(http.StatusOK, "GET", path, nil); !strings.Contains(string(got.body), part) {
			t.Errorf("%s: %.300s", path, got.body)
		}
	}
	if got := s.do("GET", "/v1/samples/audience?rows=2", nil); strings.Count(string(got.body), "\n") != 3 || got.header.Get("Content-Type") != "text/csv; charset=utf-8" {
		t.Errorf("%d lines, %s", strings.Count(string(got.body), "\n"), got.header.Get("Content-Type"))
	}
	if p := s.want(http.StatusNotFound, "GET", "/v1/shortcuts/order-issue-before-arival", nil).problem(t); !strings.Contains(p.Detail, "did you mean") {
		t.Errorf("%+v", p)
	}
}

func TestSearchShortcuts(t *testing.T) {
	s := startPreview(t)
	search := func(query string) (names []string, first ShortcutSummary, categories []string) {
		t.Helper()
		var got struct {
			Shortcuts  []ShortcutSummary
			Categories []string
		}
		s.want(http.StatusOK, "GET", "/v1/shortcuts"+query, nil).decode(t, &got)
		for _, one := range got.Shortcuts {
			names = append(names, one.Name)
		}
		if len(names) > 0 {
			first = got.Shortcuts[0]
		}
		return names, first, got.Categories
	}
	all, first, categories := search("")
	if len(all) < 20 || first.Title != first.Name || len(categories) < 3 {
		t.Errorf("%d shortcuts, the first %+v, categories %q", len(all), first, categories)
	}
	if names, first, _ := search("?q=Parcel"); len(names) < 2 || first.Name != "parcel-delayed" || len(names) >= len(all) {
		t.Errorf("%q", names)
	}
	if names, first, _ := search("?q=Hinweis&locale=de"); len(names) != 0 && !strings.Contains(first.Excerpt, "Hinweis") {
		t.Errorf("%q: %+v", names, first)
	}
	if names, _, _ := search("?q=nothingofthekind"); len(names) != 0 {
		t.Errorf("%q", names)
	}
	s.want(http.StatusUnprocessableEntity, "GET", "/v1/shortcuts?q="+strings.Repeat("x", 201), nil)
}

func TestSnippetUses(t *testing.T) {
	s := startPreview(t)
	var got struct{ Uses []catalog.Use }
	s.want(http.StatusOK, "GET", "/v1/snippets/sn.greeting/uses", nil).decode(t, &got)
	if len(got.Uses) < 3 || got.Uses[0].Kind != "shortcut" || got.Uses[0].File == "" {
		t.Errorf("%+v", got.Uses)
	}
	s.want(http.StatusNotFound, "GET", "/v1/snippets/sn.none/uses", nil)
}
