package api

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

var (
	updateDescription = flag.Bool("api.update", false, "write openapi.json, unless callers would break")
	breakCallers      = flag.Bool("api.break", false, "write openapi.json although callers break")
)

const committed = "openapi.json"

// The committed description is that of the program, and whoever changes it hears which callers break.
func TestCommittedDescription(t *testing.T) {
	s := everything(t)
	var now bytes.Buffer
	if err := json.Indent(&now, bytes.Replace(s.want(200, "GET", "/openapi.json", nil).body, []byte(`"version":"1.2.3"`), []byte(`"version":"0"`), 1), "", " "); err != nil {
		t.Fatal(err)
	}
	now.WriteByte('\n')
	before, err := os.ReadFile(committed)
	if err != nil && !*updateDescription {
		t.Fatal(err)
	}
	if bytes.Equal(before, now.Bytes()) {
		return
	}
	if len(before) > 0 {
		for _, words := range breaks(load(t, before), load(t, now.Bytes())) {
			t.Logf("breaks callers: %s", words)
			if !*breakCallers {
				t.Fail()
			}
		}
	}
	if !*updateDescription {
		t.Fatal("openapi.json is not what the API says: go test ./worker/api -run CommittedDescription -api.update")
	}
	if t.Failed() {
		return
	}
	if err := os.WriteFile(committed, now.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

func load(t *testing.T, data []byte) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(data)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// breaks tells which calls that were right are wrong now, and which parts of answers are gone.
func breaks(before, now *openapi3.T) []string {
	b := breaking{}
	for path, item := range before.Paths.Map() {
		for method, op := range item.Operations() {
			b.at = method + " " + path
			next := now.Paths.Value(path)
			if next == nil || next.GetOperation(method) == nil {
				b.say("is gone")
				continue
			}
			b.operation(op, next.GetOperation(method))
		}
	}
	slices.Sort(b.found)
	return b.found
}

type breaking struct {
	at    string
	found []string
	seen  []string
}

func (b *breaking) say(format string, args ...any) {
	b.found = append(b.found, b.at+" "+fmt.Sprintf(format, args...))
}

func (b *breaking) operation(before, now *openapi3.Operation) {
	if before.OperationID != now.OperationID {
		b.say("is called %s, not %s", now.OperationID, before.OperationID)
	}
	if was, is := (*before.Security)[0][securityScheme], (*now.Security)[0][securityScheme]; !slices.Equal(was, is) {
		b.say("needs the scope %v, not %v", is, was)
	}
	for _, p := range before.Parameters {
		if next := now.Parameters.GetByInAndName(p.Value.In, p.Value.Name); next == nil {
			b.say("lacks the parameter %s", p.Value.Name)
		} else {
			b.taken(p.Value.Name, p.Value.Schema.Value, next.Schema.Value)
		}
	}
	for _, p := range now.Parameters {
		if p.Value.Required && before.Parameters.GetByInAndName(p.Value.In, p.Value.Name) == nil {
			b.say("needs the parameter %s", p.Value.Name)
		}
	}
	if before.RequestBody != nil {
		for media, content := range before.RequestBody.Value.Content {
			if now.RequestBody == nil || now.RequestBody.Value.Content[media] == nil {
				b.say("takes no %s", media)
				continue
			}
			b.taken("body", content.Schema.Value, now.RequestBody.Value.Content[media].Schema.Value)
		}
	}
	for status, response := range before.Responses.Map() {
		next := now.Responses.Value(status)
		if next == nil {
			b.say("answers no %s", status)
			continue
		}
		for media, content := range response.Value.Content {
			if next.Value.Content[media] == nil {
				b.say("answers no %s with %s", media, status)
				continue
			}
			b.given(status, content.Schema.Value, next.Value.Content[media].Schema.Value)
		}
	}
}

// taken compares what may be sent: nothing more is needed, and nothing is taken no longer.
func (b *breaking) taken(at string, before, now *openapi3.Schema) {
	if before == nil || now == nil || slices.Contains(b.seen, "taken"+at) {
		return
	}
	b.seen = append(b.seen, "taken"+at)
	defer func() { b.seen = b.seen[:len(b.seen)-1] }()
	b.sameType(at, before, now)
	for _, name := range now.Required {
		if !slices.Contains(before.Required, name) {
			b.say("needs %s/%s", at, name)
		}
	}
	if len(now.Enum) > 0 {
		for _, value := range before.Enum {
			if !slices.Contains(now.Enum, value) {
				b.say("does not take %v as %s", value, at)
			}
		}
	}
	for name, p := range before.Properties {
		if next := now.Properties[name]; next == nil {
			b.say("does not take %s/%s", at, name)
		} else if strings.Count(at, "/") < 6 {
			b.taken(at+"/"+name, p.Value, next.Value)
		}
	}
	if before.Items != nil && now.Items != nil && strings.Count(at, "/") < 6 {
		b.taken(at+"/-", before.Items.Value, now.Items.Value)
	}
}

// given compares what is answered: nothing is gone.
func (b *breaking) given(at string, before, now *openapi3.Schema) {
	if before == nil || now == nil {
		return
	}
	b.sameType(at, before, now)
	for _, name := range before.Required {
		if !slices.Contains(now.Required, name) {
			b.say("does not always answer %s/%s", at, name)
		}
	}
	for name, p := range before.Properties {
		if next := now.Properties[name]; next == nil {
			b.say("does not answer %s/%s", at, name)
		} else if strings.Count(at, "/") < 6 {
			b.given(at+"/"+name, p.Value, next.Value)
		}
	}
	if before.Items != nil && now.Items != nil && strings.Count(at, "/") < 6 {
		b.given(at+"/-", before.Items.Value, now.Items.Value)
	}
}

func (b *breaking) sameType(at string, before, now *openapi3.Schema) {
	if fmt.Sprint(before.Type) != fmt.Sprint(now.Type) {
		b.say("has %v at %s, not %v", now.Type, at, before.Type)
	}
}

// The check sees each kind of break, and what callers don't notice is none.
func TestBreaks(t *testing.T) {
	data, err := os.ReadFile(committed)
	if err != nil {
		t.Fatal(err)
	}
	before := load(t, data)
	if found := breaks(before, load(t, data)); len(found) > 0 {
		t.Fatalf("the same description breaks: %v", found)
	}
	post := func(d *openapi3.T) *openapi3.Operation { return d.Paths.Value("/v1/messages").Post }
	body := func(d *openapi3.T) *openapi3.Schema {
		return post(d).RequestBody.Value.Content["application/json"].Schema.Value
	}
	for want, change := range map[string]func(*openapi3.T){
		"is gone":             func(d *openapi3.T) { d.Paths.Delete("/v1/messages") },
		"needs the parameter": func(d *openapi3.T) { post(d).AddParameter(&openapi3.Parameter{Name: "x", In: "query", Required: true}) },
		"lacks the parameter": func(d *openapi3.T) { post(d).Parameters = nil },
		"needs body/locale":   func(d *openapi3.T) { body(d).Required = append(body(d).Required, "locale") },
		"not take body/cc":    func(d *openapi3.T) { delete(body(d).Properties, "cc") },
		"not take skip":       func(d *openapi3.T) { body(d).Properties["onIssue"].Value.Enum = []any{"send"} },
		"answers no 202":      func(d *openapi3.T) { post(d).Responses.Delete("202") },
		"not answer 202/id": func(d *openapi3.T) {
			delete(post(d).Responses.Value("202").Value.Content["application/json"].Schema.Value.Properties, "id")
		},
		"at body/to":           func(d *openapi3.T) { body(d).Properties["to"].Value.Type = &openapi3.Types{"array"} },
		"is called x":          func(d *openapi3.T) { post(d).OperationID = "x" },
		"takes no application": func(d *openapi3.T) { post(d).RequestBody = nil },
	} {
		now := load(t, data)
		change(now)
		if found := breaks(before, now); !strings.Contains(strings.Join(found, "\n"), want) {
			t.Errorf("%s: found %v", want, found)
		}
	}
	more := load(t, data)
	body(more).Properties["new"] = openapi3.NewStringSchema().NewRef()
	post(more).AddParameter(&openapi3.Parameter{Name: "x", In: "query", Schema: openapi3.NewStringSchema().NewRef()})
	if found := breaks(before, more); len(found) > 0 {
		t.Errorf("more is no break: %v", found)
	}
}

// Every body in JSON has an example, and what the description shows is accepted.
func TestDescribedExamples(t *testing.T) {
	s := everything(t)
	doc := description(t, s)
	left := map[string]bool{}
	for name := range examples {
		left[name] = true
	}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			delete(left, op.OperationID)
			if op.RequestBody == nil || op.RequestBody.Value.Content["application/json"] == nil {
				continue
			}
			example := op.RequestBody.Value.Content["application/json"].Example
			if example == nil {
				t.Errorf("%s has no example", op.OperationID)
				continue
			}
			if strings.Contains(path, "{") {
				continue
			}
			if a := s.do(method, path, example); a.status >= 300 && a.status != 409 { // its form is right
				t.Errorf("%s: %d %.500s", op.OperationID, a.status, a.body)
			}
		}
	}
	for name := range left {
		t.Errorf("there is an example for %s, which is no operation", name)
	}
	for _, tag := range doc.Tags {
		if tag.Description == "" {
			t.Errorf("the tag %s has no description", tag.Name)
		}
	}
}

// Every code that a problem can have has a page, which its type names; nothing else has one.
func TestErrorPages(t *testing.T) {
	s := start(t, nil)
	used := map[string]bool{}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) < 3 {
				return true
			}
			if f, ok := call.Fun.(*ast.Ident); !ok || f.Name != "problem" {
				return true
			}
			if code, ok := call.Args[1].(*ast.BasicLit); ok {
				used[strings.Trim(code.Value, `"`)] = true
			}
			return true
		})
	}
	for _, code := range codes {
		used[code] = true
	}
	list := string(s.want(200, "GET", errorsPath, nil).body)
	for _, c := range problemCodes {
		page := s.want(200, "GET", errorsPath+c.Code, nil)
		if !strings.Contains(string(page.body), c.Do) && !strings.Contains(list, c.Code) || page.header.Get("ETag") == "" {
			t.Errorf("the page of %s", c.Code)
		}
		if !used[c.Code] && !strings.HasPrefix(c.Code, "attachment") {
			t.Errorf("no problem has the code %s", c.Code)
		}
		if http.StatusText(c.Status) == "" && c.Status != statusClientLeft {
			t.Errorf("%s has the status %d", c.Code, c.Status)
		}
		delete(used, c.Code)
	}
	for code := range used {
		t.Errorf("%s has no page", code)
	}
	s.want(404, "GET", errorsPath+"nothing", nil)
}
