package handlebars

import "encoding/json"

// FromGo makes a Value of Go data: what encoding/json decodes into an any, and
// strings, booleans, integers and floats of all sizes, and slices and maps of
// them. Maps are in the order of their keys. Anything else goes by its JSON
// encoding and is undefined if it has none, or nests more than 1,000 deep.
func FromGo(v any) Value { return fromGo(v, 0) }

func fromGo(v any, depth int) Value {
	if depth > maxJSONDepth {
		return Value{}
	}
	switch v := v.(type) {
	case nil:
		return Null()
	case Value:
		return v
	case bool:
		return Bool(v)
	case string:
		return String(v)
	case json.Number:
		return numberValue(string(v))
	case float64:
		return Number(v)
	case int:
		return Int(int64(v))
	case int64:
		return Int(v)
	case int32:
		return Int(int64(v))
	case uint32:
		return Int(int64(v))
	case []any:
		return fromSlice(v, depth)
	case []string:
		return fromSlice(v, depth)
	case []map[string]any:
		return fromSlice(v, depth)
	case map[string]any:
		return fromMap(v, depth)
	case map[string]string:
		return fromMap(v, depth)
	case map[string]Value:
		return fromMap(v, depth)
	}
	text, err := json.Marshal(v)
	if err != nil {
		return Value{}
	}
	out, _ := ParseJSON(text) // what Marshal writes is JSON, but may be too deep
	return out
}

func fromSlice[T any](list []T, depth int) Value {
	items := make([]Value, len(list))
	for i, item := range list {
		items[i] = fromGo(item, depth+1)
	}
	return Array(items)
}

func fromMap[T any](m map[string]T, depth int) Value {
	members := make([]Member, 0, len(m))
	for _, key := range sortedKeys(m) {
		members = append(members, Member{key, fromGo(m[key], depth+1)})
	}
	return Object(members...)
}
