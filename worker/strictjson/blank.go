package strictjson

import (
	"bytes"
	"encoding/json"
)

// Blank replaces every text, number and member's name of a JSON value that a function names by an empty text, and returns
// how many there were. Everything else stays, byte by byte where nothing was replaced. What is no JSON is replaced as a
// whole if it is named.
func Blank(data []byte, named func(text string) bool) ([]byte, int) {
	var v any
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(&v); err != nil {
		if named(string(data)) {
			return []byte(`""`), 1
		}
		return data, 0
	}
	n := 0
	v = blank(v, named, &n)
	if n == 0 {
		return data, 0
	}
	out, _ := json.Marshal(v) // it was JSON: can't fail
	return out, n
}

func blank(v any, named func(string) bool, n *int) any {
	switch v := v.(type) {
	case string:
		if named(v) {
			*n++
			return ""
		}
	case json.Number:
		if named(v.String()) {
			*n++
			return ""
		}
	case []any:
		for i := range v {
			v[i] = blank(v[i], named, n)
		}
	case map[string]any:
		for name, value := range v {
			if named(name) {
				*n++
				delete(v, name)
				continue
			}
			v[name] = blank(value, named, n)
		}
	}
	return v
}
