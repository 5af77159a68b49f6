package catalog

import (
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/heraldsend/herald/render/action"
)

// The JSON Schemas that editors complete from name exactly the keys that the
// catalog reads.
func TestSchemas(t *testing.T) {
	type schema struct {
		Properties map[string]struct {
			Description string
			Enum        []string
			MaxItems    int
			Items       struct{ MaxLength int }
			Properties  map[string]any
		}
		AdditionalProperties any
		Defs                 map[string]struct{ Properties map[string]any } `json:"$defs"`
	}
	read := func(name string) schema {
		data, err := os.ReadFile("../../templates/schema/" + name + ".schema.json")
		if err != nil {
			t.Fatal(err)
		}
		var s schema
		if err := json.Unmarshal(data, &s); err != nil {
			t.Fatal(err)
		}
		if s.AdditionalProperties != false {
			t.Errorf("%s allows unknown keys", name)
		}
		return s
	}
	same := func(name string, keys []string, of any) {
		t.Helper()
		var want []string
		for i := range reflect.TypeOf(of).NumField() {
			key, _, _ := strings.Cut(reflect.TypeOf(of).Field(i).Tag.Get("json"), ",")
			want = append(want, key)
		}
		slices.Sort(want)
		slices.Sort(keys)
		if !slices.Equal(keys, want) {
			t.Errorf("%s has the keys %v, the catalog reads %v", name, keys, want)
		}
	}
	shortcut := read("shortcut")
	same("shortcut", slices.Sorted(maps.Keys(shortcut.Properties)), Shortcut{})
	same("override", slices.Sorted(maps.Keys(shortcut.Defs["override"].Properties)), Override{})
	same("snippet", slices.Sorted(maps.Keys(read("snippet").Properties)), Snippet{})
	own := read("fields")
	same("fields", slices.Sorted(maps.Keys(own.Properties)), OwnFields{})
	same("field", slices.Sorted(maps.Keys(own.Defs["field"].Properties)), OwnField{})
	same("kobject", slices.Sorted(maps.Keys(own.Defs["kobject"].Properties)), KObject{})
	same("defaults", slices.Sorted(maps.Keys(read("defaults").Properties)), Defaults{})
	for name, p := range shortcut.Properties {
		if p.Description == "" {
			t.Errorf("%s has no description", name)
		}
	}
	if tags := shortcut.Properties["tags"]; tags.MaxItems != action.MaxTags || tags.Items.MaxLength != action.MaxTagLength {
		t.Errorf("tags: %+v", tags)
	}
	for _, c := range Channels() {
		if _, ok := shortcut.Properties["channels"].Properties[string(c)]; !ok {
			t.Errorf("channels lacks %s", c)
		}
	}
}
