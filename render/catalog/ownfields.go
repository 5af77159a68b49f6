package catalog

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/heraldsend/herald/render/handlebars"
)

// OwnFields is the file fields.yaml: the fields of contexts besides those of Fields. With that file, a custom field
// or object that it doesn't declare is unknown.
type OwnFields struct {
	Customer     map[string]OwnField `json:"customer,omitempty"`     // customer.custom.<name>
	Conversation map[string]OwnField `json:"conversation,omitempty"` // conversation.custom.<name>
	KObjects     map[string]KObject  `json:"kobjects,omitempty"`     // by klass: kobjects.<klass>
	Other        map[string]OwnField `json:"other,omitempty"`        // by path: order.number; "order.*" for all below
}

// KObject is a custom object.
type KObject struct {
	Description string              `json:"description,omitempty"`
	Fields      map[string]OwnField `json:"fields,omitempty"` // kobjects.<klass>.custom.<name>
}

// OwnField is a field that a catalog declares.
type OwnField struct {
	Name        string              `json:"name,omitempty"`        // as people call it
	Type        FieldType           `json:"type,omitempty"`        // else the suffix of the name tells it: Str, Txt, Num, Bool, At
	Description string              `json:"description,omitempty"` //
	Sample      any                 `json:"sample,omitempty"`      // for previews: a text, number or boolean
	Optional    bool                `json:"optional,omitempty"`    // it may be missing
	Values      []string            `json:"values,omitempty"`      // the only ones, where there are few
	Items       map[string]OwnField `json:"items,omitempty"`       // of a list: what each item has
}

// isEmpty reports whether nothing is declared.
func (o *OwnFields) isEmpty() bool {
	return len(o.Customer)+len(o.Conversation)+len(o.KObjects)+len(o.Other) == 0
}

// fields lists the declared fields, by path.
func (o *OwnFields) fields() (out []Field) {
	group := func(prefix, whose string, list map[string]OwnField) {
		for _, name := range slices.Sorted(maps.Keys(list)) {
			f := list[name]
			out = append(out, f.fields(prefix+name, whose+" "+name)...)
		}
	}
	group("customer.custom.", "Customer", o.Customer)
	group("conversation.custom.", "Conversation", o.Conversation)
	for _, klass := range slices.Sorted(maps.Keys(o.KObjects)) {
		k, prefix := o.KObjects[klass], "kobjects."+klass
		out = append(out, Field{Name: "KObject " + klass, Path: prefix, Type: TypeObject, Doc: k.Description},
			Field{Name: "KObject " + klass + " title", Path: prefix + ".title", Type: TypeText},
			Field{Name: "KObject " + klass + " description", Path: prefix + ".description", Type: TypeText},
			Field{Name: "KObject " + klass + " custom fields", Path: prefix + ".custom", Type: TypeObject})
		group(prefix+".custom.", "KObject "+klass, k.Fields)
	}
	group("", "", o.Other)
	return out
}

func (f *OwnField) fields(path, called string) []Field {
	out := []Field{{
		Name: strings.TrimSpace(called), Path: path, Type: f.kind(path), Doc: f.Description, Values: f.Values, Sample: f.Sample, Optional: f.Optional, Own: true,
	}}
	if f.Name != "" {
		out[0].Name = f.Name
	}
	for _, name := range slices.Sorted(maps.Keys(f.Items)) {
		item := f.Items[name]
		out = append(out, item.fields(path+"."+Item+"."+name, called+": "+name)...)
	}
	return out
}

func (f *OwnField) kind(path string) FieldType {
	switch {
	case f.Type != "":
		return f.Type
	case len(f.Items) > 0:
		return TypeList
	}
	return TypeOfName(path)
}

// faults are those that show without templates.
func (o *OwnFields) faults() (out []fieldFault) {
	group := func(at string, list map[string]OwnField, dots bool) {
		for _, name := range slices.Sorted(maps.Keys(list)) {
			f := list[name]
			out = append(out, f.faults(at+"."+name, name, dots)...)
		}
	}
	group("customer", o.Customer, false)
	group("conversation", o.Conversation, false)
	for _, klass := range slices.Sorted(maps.Keys(o.KObjects)) {
		if !isFieldName(klass) {
			out = append(out, fieldFault{"kobjects." + klass, "field", fmt.Sprintf("a klass has letters, digits, - and _: %s", handlebars.Quote(klass))})
		}
		group("kobjects."+klass+".fields", o.KObjects[klass].Fields, false)
	}
	group("other", o.Other, true)
	return out
}

func (f *OwnField) faults(at, name string, dots bool) (out []fieldFault) {
	add := func(key, format string, args ...any) {
		out = append(out, fieldFault{at + key, "field", fmt.Sprintf(format, args...)})
	}
	parts := []string{name}
	if dots {
		parts = strings.Split(strings.TrimSuffix(name, ".*"), ".")
	}
	if slices.ContainsFunc(parts, func(p string) bool { return !isFieldName(p) }) {
		add("", "the name of a field has letters, digits, - and _: %s", handlebars.Quote(name))
	}
	kind := f.kind(name)
	switch f.Type {
	case "", TypeText, TypeNumber, TypeBool, TypeDate, TypeList, TypeObject, TypeAny:
	default:
		types := []string{"text", "number", "boolean", "date", "list", "object", "any"}
		add(".type", "unknown type %s%s: want %s", handlebars.Quote(string(f.Type)), handlebars.DidYouMean(string(f.Type), types), strings.Join(types, ", "))
	}
	if len(f.Items) > 0 && kind != TypeList {
		add(".items", "only a list has items")
	}
	_, isText := f.Sample.(string)
	_, isBool := f.Sample.(bool)
	fits := true
	switch kind {
	case TypeText, TypeDate:
		fits = isText
	case TypeBool:
		fits = isBool
	case TypeNumber:
		fits = !isText && !isBool
	case TypeList, TypeObject:
		fits = false
	}
	if f.Sample != nil && !fits {
		add(".sample", "the sample of a %s is %v; a list takes those of its items", kind, f.Sample)
	}
	for _, item := range slices.Sorted(maps.Keys(f.Items)) {
		inner := f.Items[item]
		out = append(out, inner.faults(at+".items."+item, item, false)...)
	}
	return out
}

func isFieldName(s string) bool {
	return s != "" && len(s) <= 128 && !strings.ContainsFunc(s, func(r rune) bool {
		return r != '_' && r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
}

// FieldList lists the fields that templates may use: those of Fields, and the catalog's own.
func (c *Catalog) FieldList() []Field { return slices.Concat(fields, c.ownFields) }

// OwnFields are the fields that the catalog declares.
func (c *Catalog) OwnFields() []Field { return slices.Clone(c.ownFields) }

// declared prepares what follows from the declared fields. closed means that there are no others.
func (c *Catalog) declared(closed bool) {
	c.ownFields = c.own.fields()
	for _, path := range c.defaults.Fields {
		c.ownFields = append(c.ownFields, Field{Name: path, Path: path, Type: TypeOfName(path), Own: true})
	}
	for _, f := range c.ownFields {
		if f.Type == TypeDate && TypeOfName(f.Path) != TypeDate {
			c.dates = append(c.dates, f.Path)
		}
	}
	c.fields = newFieldIndex(c.ownFields, closed)
}

// OwnKind is the type of a declared field; "" for another field.
func (c *Catalog) OwnKind(path string) string {
	for _, f := range c.ownFields {
		if f.Path == path {
			return string(f.Type)
		}
	}
	return ""
}

// SampleContext is a context with the samples of fields.yaml, overridden by those of over, a JSON object.
func (c *Catalog) SampleContext(over []byte) ([]byte, error) {
	root := map[string]any{}
	for _, f := range c.ownFields {
		if f.Sample != nil {
			put(root, strings.Split(f.Path, "."), f.Sample)
		}
	}
	if len(root) == 0 {
		return over, nil
	}
	var own map[string]any
	if len(over) > 0 {
		d := json.NewDecoder(strings.NewReader(string(over)))
		d.UseNumber()
		if err := d.Decode(&own); err != nil {
			return nil, err
		}
	}
	lay(root, own)
	return json.Marshal(root)
}

// put sets a value at a path. Item is the first item of a list.
func put(at map[string]any, path []string, value any) {
	name := path[0]
	switch {
	case len(path) == 1:
		at[name] = value
	case path[1] == Item:
		list, _ := at[name].([]any)
		if len(list) == 0 {
			list = []any{map[string]any{}}
			at[name] = list
		}
		put(list[0].(map[string]any), path[2:], value)
	default:
		next, ok := at[name].(map[string]any)
		if !ok {
			next = map[string]any{}
			at[name] = next
		}
		put(next, path[1:], value)
	}
}

// lay overrides the members of one object by those of another.
func lay(under, over map[string]any) {
	for name, value := range over {
		if next, ok := value.(map[string]any); ok {
			if below, ok := under[name].(map[string]any); ok {
				lay(below, next)
				continue
			}
		}
		under[name] = value
	}
}
