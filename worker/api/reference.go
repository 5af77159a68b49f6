package api

import (
	"bytes"
	"cmp"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

//go:embed reference.html
var referencePage string

// serveReference serves the description at /openapi.json and, made from it, a page for people at /docs. Neither changes
// while the server runs, and the page loads nothing else.
func (s *Server) serveReference(description *huma.OpenAPI) error {
	data, err := marshal(description)
	if err != nil {
		return fmt.Errorf("describe the API: %w", err)
	}
	s.mux.Handle("GET /openapi.json", serveBytes("application/openapi+json", data))
	page, err := template.New("reference").Funcs(template.FuncMap{"method": strings.ToLower}).Parse(referencePage)
	if err != nil {
		return fmt.Errorf("the reference page: %w", err)
	}
	var out bytes.Buffer
	if err := page.Execute(&out, referenceOf(description)); err != nil {
		return fmt.Errorf("the reference page: %w", err)
	}
	html := serveBytes("text/html; charset=utf-8", out.Bytes())
	s.mux.HandleFunc("GET /docs", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
		html.ServeHTTP(w, r)
	})
	return nil
}

// marshal leaves out the words that describe patterns to people: OpenAPI has no place for them.
func marshal(description *huma.OpenAPI) ([]byte, error) {
	for _, schema := range description.Components.Schemas.Map() {
		for _, property := range schema.Properties {
			defer func(words string) { property.PatternDescription = words }(property.PatternDescription)
			property.PatternDescription = ""
		}
	}
	return json.Marshal(description)
}

// reference is what the page shows.
type reference struct {
	Title, Version, Description string
	Groups                      []referenceGroup
	Types                       []referenceType
}

type referenceGroup struct {
	Name       string
	Operations []referenceOperation
}

type referenceOperation struct {
	ID, Method, Path, Summary, Description, Scope string
	Parameters                                    []referenceField
	Bodies                                        []referenceField // one a media type
	Responses                                     []referenceField // one a status
}

type referenceType struct {
	Name   string
	Fields []referenceField
}

// referenceField is a parameter, a member of an object, a body or a response. Link is the type that it leads to.
type referenceField struct {
	Name, In, Type, Link, Description string
	Required                          bool
}

func referenceOf(d *huma.OpenAPI) reference {
	page := reference{Title: d.Info.Title, Version: d.Info.Version, Description: d.Info.Description}
	for _, path := range slices.Sorted(maps.Keys(d.Paths)) {
		item := d.Paths[path]
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if op != nil {
				page.add(op)
			}
		}
	}
	slices.SortStableFunc(page.Groups, func(a, b referenceGroup) int {
		return cmp.Or(cmp.Compare(groupPlace(a.Name), groupPlace(b.Name)), strings.Compare(a.Name, b.Name))
	})
	schemas := d.Components.Schemas.Map()
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		page.Types = append(page.Types, referenceType{name, fieldsOf(schemas[name])})
	}
	return page
}

// groupOrder is the order in which people need the groups; others follow.
var groupOrder = []string{"Messages", "Bulks", "Forwards", "Attachments", "Suppressions"}

func groupPlace(name string) int {
	if i := slices.Index(groupOrder, name); i >= 0 {
		return i
	}
	return len(groupOrder)
}

func (p *reference) add(op *huma.Operation) {
	entry := referenceOperation{ID: op.OperationID, Method: op.Method, Path: op.Path, Summary: op.Summary, Description: op.Description}
	if len(op.Security) > 0 {
		entry.Scope = string(scopeOf(op))
	}
	for _, param := range op.Parameters {
		field := fieldOf(param.Name, param.Schema)
		field.In, field.Required = param.In, param.Required
		field.Description = param.Description
		entry.Parameters = append(entry.Parameters, field)
	}
	if op.RequestBody != nil {
		for _, media := range slices.Sorted(maps.Keys(op.RequestBody.Content)) {
			entry.Bodies = append(entry.Bodies, fieldOf(media, op.RequestBody.Content[media].Schema))
		}
	}
	var errs []string
	for _, status := range slices.Sorted(maps.Keys(op.Responses)) {
		response := op.Responses[status]
		if response.Content["application/problem+json"] != nil {
			errs = append(errs, status)
			continue
		}
		field := referenceField{Name: status, Description: response.Description}
		for _, media := range slices.Sorted(maps.Keys(response.Content)) {
			body := fieldOf(media, response.Content[media].Schema)
			field.Type, field.Link = body.Type, body.Link
		}
		entry.Responses = append(entry.Responses, field)
	}
	if len(errs) > 0 {
		entry.Responses = append(entry.Responses, referenceField{Name: strings.Join(errs, ", "), Type: "Problem", Link: "Problem", Description: "An error."})
	}
	tag := "Other"
	if len(op.Tags) > 0 {
		tag = op.Tags[0]
	}
	i := slices.IndexFunc(p.Groups, func(g referenceGroup) bool { return g.Name == tag })
	if i < 0 {
		p.Groups = append(p.Groups, referenceGroup{Name: tag})
		i = len(p.Groups) - 1
	}
	p.Groups[i].Operations = append(p.Groups[i].Operations, entry)
}

func fieldsOf(schema *huma.Schema) []referenceField {
	var fields []referenceField
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		field := fieldOf(name, schema.Properties[name])
		field.Required = slices.Contains(schema.Required, name)
		fields = append(fields, field)
	}
	return fields
}

// fieldOf says what a schema allows, in a few words.
func fieldOf(name string, schema *huma.Schema) referenceField {
	if schema == nil {
		return referenceField{Name: name}
	}
	field := referenceField{Name: name, Description: schema.Description}
	inner, list := schema, ""
	for inner.Items != nil {
		inner, list = inner.Items, list+"list of "
	}
	if link, ok := strings.CutPrefix(inner.Ref, "#/components/schemas/"); ok {
		field.Type, field.Link = list+link, link
		return field
	}
	field.Type = list + inner.Type
	if inner.Format != "" {
		field.Type += " (" + inner.Format + ")"
	}
	if len(inner.Enum) > 0 {
		words := make([]string, len(inner.Enum))
		for i, word := range inner.Enum {
			words[i] = fmt.Sprint(word)
		}
		field.Type = list + strings.Join(words, " | ")
	}
	return field
}
