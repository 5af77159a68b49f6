package api

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/edit"
	"github.com/heraldsend/herald/worker/compose"
)

// startEditable runs an API that may write a folder of templates.
func startEditable(t *testing.T, dir string) *service {
	t.Helper()
	folder, err := edit.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = folder.Close() })
	live, err := catalog.NewLive(catalog.LiveOptions{FS: folder.Files()})
	if err != nil {
		t.Fatal(err)
	}
	renderer, err := render.New(render.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := NewPreview(PreviewOptions{Catalog: live.Catalog, Renderer: renderer, Files: folder.Files(), Folder: folder, Saved: func() error { _, err := live.Reload(); return err },
		Composer: func(c *catalog.Catalog) (*compose.Composer, error) {
			return compose.NewLocal(c, renderer, compose.Rules{Links: compose.SampleLinks{}})
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return start(t, func(o *Options) { o.Preview = p })
}

// TestSaveTemplates is an author's day: look, try, save, meet somebody else's change, rename, delete.
func TestSaveTemplates(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "shortcuts", "hello.yaml")
	if err := os.Mkdir(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("# Robin's\nmessage: old\n")
	s := startEditable(t, dir)
	var seen struct{ Version string }
	s.want(http.StatusOK, "GET", "/v1/shortcuts/hello", nil).decode(t, &seen)
	version := `"` + seen.Version + `"`
	body := func(message string) string { return `{"shortcut":{"name":"hello","message":"` + message + `"}}` }

	var tried, saved SavedTemplate
	s.want(http.StatusOK, "PUT", "/v1/shortcuts/hello?dryRun=true", body("new"), "If-Match: "+version).decode(t, &tried)
	if tried.Written || tried.Before != "# Robin's\nmessage: old\n" || tried.After != "# Robin's\nmessage: new\n" {
		t.Errorf("a try: %+v", tried)
	}
	s.want(http.StatusOK, "PUT", "/v1/shortcuts/hello", body("new"), "If-Match: "+version).decode(t, &saved)
	if data, err := os.ReadFile(file); err != nil || string(data) != tried.After || !saved.Written {
		t.Errorf("%s, %v, %+v", data, err, saved)
	}
	if got := s.want(http.StatusOK, "GET", "/v1/shortcuts/hello", nil).body; !strings.Contains(string(got), `"message":"new"`) || !strings.Contains(string(got), saved.Version) {
		t.Errorf("the shortcut is %s", got)
	}
	for name, one := range map[string]struct {
		status int
		code   string
		method string
		path   string
		body   any
		header []string
	}{
		"somebody saved meanwhile": {412, "changed_meanwhile", "PUT", "hello", body("mine"), []string{"If-Match: " + version}},
		"deleting what changed":    {412, "changed_meanwhile", "DELETE", "hello", nil, []string{"If-Match: " + version}},
		"new, but there":           {409, "name_taken", "PUT", "hello", body("x"), []string{"If-None-Match: *"}},
		"no template":              {422, "broken_template", "PUT", "hello", body("{{#if x}}"), nil},
		"an unknown member":        {422, "invalid_fields", "PUT", "hello", `{"shortcut":{"massage":"x"}}`, nil},
		"a path":                   {422, "broken_template", "PUT", "..%2F..%2Fetc%2Fx", `{"shortcut":{"message":"x"}}`, nil},
		"another header":           {422, "invalid_fields", "PUT", "hello", body("x"), []string{"If-None-Match: W/x"}},
		"nothing to delete":        {404, "not_found", "DELETE", "none", nil, nil},
	} {
		if p := s.want(one.status, one.method, "/v1/shortcuts/"+one.path, one.body, one.header...).problem(t); p.Code != one.code {
			t.Errorf("%s: %s, %s", name, p.Code, p.Detail)
		}
	}
	if data, err := os.ReadFile(file); err != nil || string(data) != tried.After {
		t.Errorf("it is now %s, %v", data, err)
	}
	s.want(http.StatusOK, "PUT", "/v1/snippets/sn.hi", `{"snippet":{"name":"sn.hi","source":"en","texts":{"en":"Hi","de":"Hallo"}}}`, "If-None-Match: *")
	s.want(http.StatusOK, "GET", "/v1/snippets/sn.hi", nil)
	s.want(http.StatusOK, "PUT", "/v1/shortcuts/hello", `{"shortcut":{"name":"good-day","message":"[[sn.hi]]"}}`)
	if p := s.want(http.StatusUnprocessableEntity, "DELETE", "/v1/snippets/sn.hi", nil).problem(t); p.Code != "broken_template" || len(p.Errors) == 0 || !strings.Contains(p.Errors[0].Detail, "shortcuts/good-day.yaml") {
		t.Errorf("%+v", p)
	}
	s.want(http.StatusNotFound, "GET", "/v1/shortcuts/hello", nil)
	s.want(http.StatusOK, "DELETE", "/v1/shortcuts/good-day", nil)
	s.want(http.StatusOK, "DELETE", "/v1/snippets/sn.hi", nil)
	if left, err := filepath.Glob(filepath.Join(dir, "*", "*")); err != nil || len(left) > 0 {
		t.Errorf("left over: %q, %v", left, err)
	}

	// A folder that can't be written says so.
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if p := s.want(http.StatusConflict, "PUT", "/v1/shortcuts/x", `{"shortcut":{"message":"x"}}`).problem(t); p.Code != "not_editable" || !strings.Contains(p.Detail, "nothing has changed") {
		t.Errorf("%+v", p)
	}
}

// TestListsAreKnown: who asks again and again gets an answer only when it has changed; who is in a bulk is found.
func TestListsAreKnown(t *testing.T) {
	s := start(t, nil)
	for _, path := range []string{"/v1/lanes", "/v1/bulks?limit=50", "/v1/dead", "/v1/pause"} {
		tag := s.want(http.StatusOK, "GET", path, nil).header.Get("ETag")
		if again := s.want(http.StatusNotModified, "GET", path, nil, "If-None-Match: "+tag); len(again.body) > 0 {
			t.Errorf("%s: %s", path, again.body)
		}
	}
	s.want(http.StatusCreated, "POST", "/v1/bulks", `{"id":"b","messages":[{"channel":"email","from":"a@example.com","text":"x","subject":"y"}]}`)
	s.want(http.StatusOK, "PUT", "/v1/bulks/b/recipients", "customer.email\nAda@example.com\ngrace@example.com\nada@example.org\n", "Content-Type: text/csv")
	var got RecipientPage
	s.want(http.StatusOK, "GET", "/v1/bulks/b/recipients?to=ADA@", nil).decode(t, &got)
	if len(got.Items) != 2 || got.Items[0].To != "Ada@example.com" || got.Items[1].To != "ada@example.org" {
		t.Errorf("%+v", got)
	}
}
