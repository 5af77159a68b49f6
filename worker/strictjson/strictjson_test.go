package strictjson

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/heraldsend/herald/worker/fault"
)

func TestCheck(t *testing.T) {
	deep := strings.Repeat("[", 1001) + strings.Repeat("]", 1001)
	for name, c := range map[string]struct{ in, pointer, code, words string }{
		"nothing":            {"", "", fault.BadJSON, "column 1"},
		"torn":               {"{\n \"a\":", "", fault.BadJSON, "line 2"},
		"two values":         {`{} {}`, "", fault.BadJSON, "column 4"},
		"not UTF-8":          {"{\"a\":\"\xff\"}", "", fault.BadCharacter, "byte 7"},
		"twice":              {`{"a.b":{"c/d":1,"c/d":2}}`, "/a.b/c~1d", fault.Duplicate, "stands twice"},
		"twice by escapes":   {`{"a":1,"\u0061":2}`, "/a", fault.Duplicate, "stands twice"},
		"twice but for case": {`[0,{"Redacted":1,"redacted":2}]`, "/1/redacted", fault.Duplicate, `once as "Redacted"`},
		"Kelvin sign":        {`{"k":1,"K":2}`, "/K", fault.Duplicate, `once as "k"`},
		"twice among many":   {`{"1":1,"2":1,"3":1,"4":1,"5":1,"6":1,"7":1,"8":1,"9":1,"10":1,"11":1,"12":1,"13":1,"~A":1,"~a":1}`, "/~0a", fault.Duplicate, "twice"},
		"too deep":           {deep, strings.Repeat("/0", 250), fault.TooDeep, "deeper than 1000"},
		"long name":          {`{"` + strings.Repeat("x", 101) + `":{"a":1,"a":1}}`, "", fault.Duplicate, "twice"},
		"too many":           {"[" + strings.Repeat("0,", 1<<19) + "0]", "", fault.TooMany, "more than 524288"},
	} {
		err := Check([]byte(c.in), Limits{})
		var f fault.Fault
		if !errors.As(err, &f) || f.Pointer != c.pointer || f.Code != c.code || !strings.Contains(f.Detail, c.words) {
			t.Errorf("%s: %#v", name, err)
		}
		if len(fmt.Sprint(err)) > 800 {
			t.Errorf("%s: %d bytes of words", name, len(err.Error()))
		}
	}
	for _, ok := range []string{`null`, ` {"a":[1,{"b":"\"}{"}],"b":{"a":1},"":0} `, `"x"`, `-1.5e3`, deep[1:2001], `{"ß":1,"ss":2}`} {
		if err := Check([]byte(ok), Limits{}); err != nil {
			t.Errorf("%.40s: %v", ok, err)
		}
	}
	if err := Check([]byte("[1]"), Limits{Bytes: 2}); err == nil {
		t.Error("3 bytes of 2 were taken")
	}
}

type inner struct {
	Name  string    `json:"name"`
	At    time.Time `json:"at,omitzero"`
	Count int       `json:"count"`
	Next  *inner    `json:"next,omitempty"`
}

type odd struct{}

func (o *odd) UnmarshalJSON(data []byte) error {
	if data[0] != '"' {
		return fault.At("/deep", fault.Malformed, "odd")
	}
	return nil
}

type outer struct {
	inner
	List []inner         `json:"list"`
	Any  json.RawMessage `json:"any"`
	Odd  odd             `json:"odd"`
	Rate float64         `json:"rate"`
	Yes  *bool           `json:"yes"`
	Map  map[string]any  `json:"map"`
	Skip string          `json:"-"`
}

func TestReadTellsEveryFaultWithItsPlace(t *testing.T) {
	in := `{"nmae":"x","a.b/c~":1,"count":1.5,"next":{"name":7,"next":{"at":"noon"}},"list":[{"name":"ok"},null,{"cuont":1}],
		"any":{"free":[1]},"odd":1,"rate":"fast","yes":0,"map":[],"Skip":"","at":null,"name":"x"}`
	want := map[string]string{
		"/nmae": fault.Unknown, "/a.b~1c~0": fault.Unknown, "/count": fault.WrongType, "/next/name": fault.WrongType, "/next/next/at": fault.Malformed,
		"/list/1": fault.WrongType, "/list/2/cuont": fault.Unknown, "/odd/deep": fault.Malformed, "/rate": fault.WrongType, "/yes": fault.WrongType,
		"/map": fault.WrongType, "/Skip": fault.Unknown, "/at": fault.WrongType,
	}
	var v outer
	faults := fault.In(Read([]byte(in), &v, Limits{}, Leniency{}))
	got := map[string]string{}
	for _, f := range faults {
		got[f.Pointer] = f.Code
	}
	if !maps.Equal(got, want) || len(faults) != len(want) {
		t.Errorf("%v\nwant %v", faults, want)
	}
	for pointer := range want {
		if v, ok := Find([]byte(in), strings.TrimSuffix(pointer, "/deep")); !ok || len(v) == 0 {
			t.Errorf("%s leads nowhere", pointer)
		}
	}
	if text := fmt.Sprint(faults); !strings.Contains(text, `did you mean "name"?`) || !strings.Contains(text, `did you mean "count"?`) {
		t.Error(text)
	}
	good := ` {"name":"x","at":"2026-12-01T09:00:00+01:00","count":9007199254740993,"next":null,"list":null,"any":null,"odd":"","rate":1e3,"yes":null,"map":{"a":1}}`
	if err := Read([]byte(good), &v, Limits{}, Leniency{}); err != nil || v.Count != 9007199254740993 || v.Name != "x" {
		t.Errorf("%v %+v", err, v)
	}
	if err := Read([]byte(`{"name":null,"other":1,"count":null}`), &v, Limits{}, Leniency{Unknown: true, Null: true}); err != nil {
		t.Error(err)
	}
}

func TestConform(t *testing.T) {
	zero, hundred := 0.0, 100.0
	s := &Shape{Kind: Object, Required: []string{"to", "a/b"}, Members: map[string]*Shape{
		"to": {Kind: String, MinLength: 1, MaxLength: 3}, "a/b": {Kind: Any}, "channel": {Kind: String, Enum: []string{"email", "sms", "chat"}},
		"cc": {Kind: List, MinItems: 1, MaxItems: 2, Items: &Shape{Kind: String, MinLength: 2}}, "percent": {Kind: Number, Above: &zero, Below: &hundred},
		"n": {Kind: Integer, Min: &zero, Max: &hundred}, "rates": {Kind: Object, Open: true, Others: &Shape{Kind: Number, Max: &hundred}},
	}}
	for in, want := range map[string][]string{
		`{"to":"äöü","a/b":[],"channel":"sms","cc":["ab"],"percent":0.1,"n":100}`: nil,
		`{}`:                                                 {"/to missing", "/a~1b missing"},
		`{"to":"","a/b":1}`:                                  {"/to missing"},
		`{"to":"äöüß","a/b":1}`:                              {"/to too_long"},
		`{"to":"a","a/b":1,"channel":"mail"}`:                {"/channel not_one_of"},
		`{"to":"a","a/b":1,"cc":[]}`:                         {"/cc too_short"},
		`{"to":"a","a/b":1,"cc":["a",1,"cc"]}`:               {"/cc/0 too_short", "/cc/1 wrong_type", "/cc too_many"},
		`{"to":"a","a/b":1,"percent":0,"n":101}`:             {"/percent out_of_range", "/n out_of_range"},
		`{"to":"a","a/b":1,"percent":100,"n":-1}`:            {"/percent out_of_range", "/n out_of_range"},
		`{"to":"a","a/b":1,"percent":1e400,"n":1e1}`:         {"/percent out_of_range", "/n wrong_type"},
		`{"to":"a","a/b":1,"n":99999999999999999999}`:        {"/n out_of_range"},
		`{"to":"a","a/b":1,"rates":{"a":1,"b/":"c","":101}}`: {"/rates/b~1 wrong_type", "/rates/ out_of_range"},
		`[]`:   {" wrong_type"},
		`null`: {" wrong_type"},
		`{"to":null,"a/b":null,"chanel":1,"zzzzzz":2}`: {"/to wrong_type", "/chanel unknown_member", "/zzzzzz unknown_member"},
	} {
		var got []string
		for _, f := range Conform([]byte(in), s) {
			got = append(got, f.Pointer+" "+f.Code)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}

// A million objects in a list of at most four cost no memory.
func TestALongListCostsNothing(t *testing.T) {
	type part struct{ A, B, C, D string }
	body := []byte(`{"messages":[` + strings.Repeat("{},", 500_000) + `{}]}`)
	shape := &Shape{Kind: Object, Members: map[string]*Shape{"messages": {Kind: List, MaxItems: 4, Items: ShapeOf(reflect.TypeFor[part](), Leniency{})}}}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := Check(body, Limits{})
	faults := Conform(body, shape)
	runtime.ReadMemStats(&after)
	if err != nil || len(faults) != 1 || faults[0].Pointer != "/messages" || faults[0].Code != fault.TooMany {
		t.Errorf("%v %v", err, faults)
	}
	if spent := after.TotalAlloc - before.TotalAlloc; spent > 1<<20 {
		t.Errorf("%d bytes allocated", spent)
	}
	if err := Check([]byte("["+strings.Repeat("{},", 999_999)+"{}]"), Limits{}); err == nil {
		t.Error("a million values were taken")
	}
}

// Whatever encoding/json writes is taken, and Find reaches each of its values by the pointer that leads there.
func TestPointersReachEveryValue(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	words := []string{"a", "b.c", "d/e", "~", "~1", "", "ü\"\\", "0", "f[0]"}
	var make func(depth int) any
	make = func(depth int) any {
		switch k := r.IntN(6); {
		case depth == 0 || k < 2:
			return words[r.IntN(len(words))]
		case k < 3:
			return r.IntN(1000)
		case k < 5:
			m := map[string]any{}
			for _, w := range words {
				if r.IntN(2) == 0 {
					m[w] = make(depth - 1)
				}
			}
			return m
		}
		var list []any
		for range r.IntN(4) {
			list = append(list, make(depth-1))
		}
		return append([]any{}, list...)
	}
	count := 0
	for range 300 {
		v := make(5)
		data, err := json.Marshal(v)
		if err != nil || Check(data, Limits{}) != nil {
			t.Fatal(err, string(data))
		}
		var walk func(v any, steps ...any)
		walk = func(v any, steps ...any) {
			count++
			want, _ := json.Marshal(v)
			if got, ok := Find(data, fault.Pointer(steps...)); !ok || string(got) != string(want) {
				t.Fatalf("%s in %s: %s, want %s", fault.Pointer(steps...), data, got, want)
			}
			switch v := v.(type) {
			case map[string]any:
				for name, value := range v {
					walk(value, append(slices.Clone(steps), name)...)
				}
			case []any:
				for i, value := range v {
					walk(value, append(slices.Clone(steps), i)...)
				}
			}
		}
		walk(v)
	}
	if count < 1000 {
		t.Errorf("only %d values", count)
	}
}

func TestNearest(t *testing.T) {
	known := []string{"shortcut", "subject", "sendAt", "to", "timezone"}
	for name, want := range map[string]string{
		"shortcat": "shortcut", "Subject": "subject", "sendat": "sendAt", "timezoen": "timezone", "ot": "", "x": "", "quite another": "", "sbuject": "subject",
		strings.Repeat("a", 1000): "",
	} {
		if got := Nearest(name, known); got != want {
			t.Errorf("%.20s: %q, want %q", name, got, want)
		}
	}
}

// syntax reports that Check finds nothing wrong with the syntax.
func syntax(data []byte) bool {
	faults := fault.In(Check(data, Limits{Depth: 9000}))
	return !utf8.Valid(data) && json.Valid(data) || len(faults) == 0 || faults[0].Code != fault.BadJSON && faults[0].Code != fault.BadCharacter
}

// What is JSON is decided in one walk that looks at everything. It must agree with encoding/json.
func TestSyntaxIsThatOfEncodingJSON(t *testing.T) {
	pieces := []string{"{", "}", "[", "]", ",", ":", `"a"`, `"b":`, `"`, `\`, `\u00e9`, `"\u00"`, `"\n"`, `"\x"`, "0", "01", "-", "-1", ".", "1.5", "e", "E+2", "e-", "+",
		"null", "nul", "true", "false", " ", "\n", "\t", "\r", "\x00", "\x1f", "\x7f", "é", "\u2028", "A", "[1]", `{"c":0}`}
	r := rand.New(rand.NewPCG(3, 4))
	valid := 0
	for range 60_000 {
		var b []byte
		for range 1 + r.IntN(8) {
			b = append(b, pieces[r.IntN(len(pieces))]...)
		}
		for _, in := range [][]byte{b, fmt.Appendf(nil, `{"k":[%s]}`, b), fmt.Appendf(nil, `"%s"`, b)} {
			want := json.Valid(in)
			if syntax(in) != want {
				t.Fatalf("%q: %v, encoding/json says %v", in, Check(in, Limits{}), want)
			}
			if want {
				valid++
			}
		}
	}
	if valid < 2_000 {
		t.Errorf("only %d were valid", valid)
	}
}

func FuzzCheck(f *testing.F) {
	f.Add([]byte(`{"a":[1,{"b":"\u0061"}],"A":null}`))
	shape := ShapeOf(reflect.TypeFor[outer](), Leniency{})
	f.Fuzz(func(t *testing.T, data []byte) {
		if syntax(data) != json.Valid(data) {
			t.Errorf("%q: Check says %v, encoding/json %v", data, syntax(data), json.Valid(data))
		}
		if Check(data, Limits{}) != nil {
			return
		}
		if len(Conform(data, shape)) == 0 {
			var v outer
			if err := json.Unmarshal(data, &v); err != nil {
				t.Errorf("%q conforms, and encoding/json says %v", data, err)
			}
		}
	})
}
