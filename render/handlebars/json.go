package handlebars

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
)

func (o *object) normalize() {
	o.members = dedupe(o.members)
	slices.SortStableFunc(o.members, func(a, b Member) int {
		x, okx := arrayIndex(a.Key)
		y, oky := arrayIndex(b.Key)
		switch {
		case okx && oky:
			return x - y
		case okx:
			return -1
		case oky:
			return 1
		}
		return 0
	})
	if len(o.members) >= indexFrom {
		o.index = make(map[string]int, len(o.members))
		for i, m := range o.members {
			o.index[m.Key] = i
		}
	}
}

func dedupe(members []Member) []Member {
	out := make([]Member, 0, len(members))
	at := map[string]int{}
	for _, m := range members {
		if i, ok := at[m.Key]; ok {
			out[i].Value = m.Value
			continue
		}
		at[m.Key] = len(out)
		out = append(out, m)
	}
	return out
}

// ParseJSON decodes a JSON text. Objects keep their order, numbers their text.
func ParseJSON(text []byte) (Value, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	v, err := decode(d, 0)
	if err != nil {
		return Value{}, err
	}
	if _, err := d.Token(); err != io.EOF {
		return Value{}, fmt.Errorf("json: text after the value")
	}
	return v, nil
}

// ValidateJSON checks a JSON text strictly.
func ValidateJSON(text []byte) error {
	_, err := ParseJSON(text)
	return err
}

func decode(d *json.Decoder, depth int) (Value, error) {
	if depth > 1000 {
		return Value{}, fmt.Errorf("json: nested too deeply")
	}
	t, err := d.Token()
	if err != nil {
		return Value{}, err
	}
	switch t := t.(type) {
	case json.Delim:
		if t == '[' {
			items := []Value{}
			for d.More() {
				v, err := decode(d, depth+1)
				if err != nil {
					return Value{}, err
				}
				items = append(items, v)
			}
			_, err := d.Token()
			return Array(items), err
		}
		var members []Member
		for d.More() {
			k, err := d.Token()
			if err != nil {
				return Value{}, err
			}
			v, err := decode(d, depth+1)
			if err != nil {
				return Value{}, err
			}
			members = append(members, Member{k.(string), v})
		}
		_, err := d.Token()
		return Object(members...), err
	}
	return FromGo(t), nil
}

// FromGo makes a Value of Go data as encoding/json decodes it, and of strings,
// integers, floats, and slices and maps of those. Maps are in order of their
// keys. Anything else goes by its JSON encoding, and is undefined without one.
func FromGo(v any) Value {
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
		if _, err := strconv.ParseFloat(string(v), 64); err != nil && len(v) == 0 {
			return Value{}
		}
		return numberValue(string(v))
	case float64:
		return Number(v)
	case int:
		return Int(int64(v))
	case int64:
		return Int(v)
	case []any:
		items := make([]Value, len(v))
		for i, item := range v {
			items[i] = FromGo(item)
		}
		return Array(items)
	case map[string]any:
		members := make([]Member, 0, len(v))
		for _, k := range sortedKeys(v) {
			members = append(members, Member{k, FromGo(v[k])})
		}
		return Object(members...)
	}
	text, err := json.Marshal(v)
	if err != nil {
		return Value{}
	}
	out, _ := ParseJSON(text)
	return out
}
