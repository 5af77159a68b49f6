package handlebars

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"
)

// TestLikeJavaScript compares values with those of JavaScript, see
// testdata/corpus/values.js.
func TestLikeJavaScript(t *testing.T) {
	var js struct{ Samples, One, Pairs []string }
	readCorpus(t, "values.json", &js)
	values := make([]Value, len(js.Samples))
	for i, s := range js.Samples {
		v, err := ParseJSON([]byte(s))
		if err != nil {
			t.Fatal(err)
		}
		values[i] = v
		length := 0.0
		if v.Kind() == KindString {
			length, _ = v.Get("length").Float()
		}
		if got := strings.Join([]string{Bool(v.Truthy()).Text(), v.Text(), Number(length).Text()}, "|"); got != js.One[i] {
			t.Errorf("%s: got %s, want %s", s, got, js.One[i])
		}
	}
	for i, a := range values {
		wants := strings.Fields(js.Pairs[i])
		for j, b := range values {
			order, ok := Compare(a, b)
			same, loose := StrictEqual(a, b), LooseEqual(a, b)
			if i == j && a.Kind() >= KindArray {
				same, loose = false, false // there, these are two
			}
			var got strings.Builder
			for _, x := range []bool{loose, same, ok && order < 0, ok && order > 0, ok && order <= 0, ok && order >= 0} {
				got.WriteString(Int(int64(Bool(x).bits)).Text())
			}
			if got.String() != wants[j] {
				t.Errorf("%s and %s: got %s, want %s (==, ===, <, >, <=, >=)", js.Samples[i], js.Samples[j], got.String(), wants[j])
			}
		}
	}
}

func TestNumbersPrint(t *testing.T) {
	for in, want := range map[string]string{
		"9007199254740993": "9007199254740993", "-9007199254740993": "-9007199254740993", "1" + strings.Repeat("0", 30): "1" + strings.Repeat("0", 30),
		"-0": "0", "0": "0", "-0.0": "0", "1.0": "1", "1.10": "1.1", "-12.50": "-12.5", "0.10": "0.1", "1E3": "1000", "1e400": "Infinity",
		"0.1": "0.1", "0.0000001": "1e-7", "123456789.123456789": "123456789.12345679", "100000000000000000000.5": "100000000000000000000", "-1.5e-9": "-1.5e-9", "10.0": "10",
	} {
		v, err := ParseJSON([]byte(in))
		if err != nil || v.Text() != want {
			t.Errorf("%s: got %s, want %s (%v)", in, v.Text(), want, err)
		}
	}
	for v, want := range map[float64]string{math.NaN(): "NaN", math.Inf(-1): "-Infinity", 1e21: "1e+21", 1e20: "100000000000000000000", 123e-20: "1.23e-18"} {
		if got := Number(v).Text(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if got := Int(math.MinInt64).Text(); got != "-9223372036854775808" {
		t.Errorf("got %s", got)
	}
}

func TestJSON(t *testing.T) {
	nested := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for _, c := range []struct {
		in            string
		parses, valid bool
	}{
		{`{"a":1}`, true, true},
		{` [ 1 , "x" , { } , [ ] , null ] `, true, true},
		{`{"to":"a","to":"b"}`, true, false},
		{`{"to":"a","TO":"b"}`, true, true},
		{`{"a":1}{"b":2}`, false, false},
		{"{\"a\":\"\xff\"}", true, false},
		{`"\ud800"`, true, false},
		{`"\ud83d\ude00 \ufffd"`, true, true},
		{`"\ud83dx"`, true, false},
		{"\"a\nb\"", false, false},
		{`"\x"`, false, false},
		{`"\u12"`, false, false},
		{`01`, false, false},
		{`1.`, false, false},
		{`.5`, false, false},
		{`+1`, false, false},
		{`1e`, false, false},
		{`--1`, false, false},
		{`nul`, false, false},
		{`[1,]`, false, false},
		{`{"a":1,}`, false, false},
		{`{a:1}`, false, false},
		{`{"a" 1}`, false, false},
		{`["a"`, false, false},
		{`"a`, false, false},
		{"", false, false},
		{" ", false, false},
		{"\ufeff1", false, false},
		{nested(500), true, true},
		{nested(1000), true, true},
		{nested(1001), false, false},
		{nested(10001), false, false},
	} {
		_, err := ParseJSON([]byte(c.in))
		if (err == nil) != c.parses {
			t.Errorf("ParseJSON(%.40q): %v", c.in, err)
		}
		if err := ValidateJSON([]byte(c.in)); (err == nil) != c.valid {
			t.Errorf("ValidateJSON(%.40q): %v", c.in, err)
		}
	}
}

func TestObjects(t *testing.T) {
	v, err := ParseJSON([]byte(`{"b":1,"10":2,"a":3,"2":4,"b":5,"01":6,"":7}`))
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, m := range v.Members() {
		keys = append(keys, m.Key+"="+m.Value.Text())
	}
	if got := strings.Join(keys, " "); got != "2=4 10=2 b=5 a=3 01=6 =7" {
		t.Errorf("got %s", got)
	}
	if v.Get("").Text() != "7" || v.Get("10").Text() != "2" || v.Get("length").Kind() != KindUndefined {
		t.Error("fields are not found")
	}
	// Large objects are indexed.
	var members []Member
	for i := range 100 {
		members = append(members, Member{"k" + itoa(i%90), Int(int64(i))}, Member{itoa(i), Int(int64(i))})
	}
	large := Object(members...)
	if n := len(large.Members()); n != 190 || large.Members()[99].Key != "99" || large.Members()[100].Key != "k0" {
		t.Errorf("%d members", n)
	}
	for i := range 90 {
		want := int64(i)
		if i < 10 {
			want += 90
		}
		if got := large.Get("k" + itoa(i)); !StrictEqual(got, Int(want)) {
			t.Errorf("k%d = %s", i, got.Text())
		}
	}
}

func TestFromGo(t *testing.T) {
	type shape struct {
		Name string `json:"name"`
		At   time.Time
	}
	for _, c := range []struct {
		in   any
		want string
	}{
		{nil, "null"},
		{map[string]any{"b": []any{1, int64(9007199254740993), 2.5, json.Number("1.50"), true, nil, "x"}, "a": map[string]string{"k": "v"}}, `{"a":{"k":"v"},"b":[1,9007199254740993,2.5,1.50,true,null,"x"]}`},
		{[]string{"a", "b"}, `["a","b"]`},
		{[]map[string]any{{"x": uint8(1)}}, `[{"x":1}]`},
		{shape{"n", time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}, `{"name":"n","At":"2026-01-02T03:04:05Z"}`},
		{json.RawMessage(`{"raw":[1]}`), `{"raw":[1]}`},
		{func() {}, "undefined"},
		{make(chan int), "undefined"},
		{json.Number("x"), "undefined"},
	} {
		if got := jsonOf(FromGo(c.in)); got != c.want {
			t.Errorf("%v: got %s, want %s", c.in, got, c.want)
		}
	}
	cyclic := map[string]any{}
	cyclic["self"] = cyclic
	if FromGo(cyclic).Get("self").Get("self").Kind() != KindObject {
		t.Error("a cyclic map is cut too early")
	}
}

// jsonOf prints v as JSON, numbers as their text.
func jsonOf(v Value) string {
	switch v.Kind() {
	case KindString:
		text, err := json.Marshal(v.Text())
		if err != nil {
			return err.Error()
		}
		return string(text)
	case KindNumber:
		if v.rep == repText || v.rep == repPrints {
			return v.text()
		}
		return v.Text()
	case KindArray:
		var parts []string
		for _, item := range v.Items() {
			parts = append(parts, jsonOf(item))
		}
		return "[" + strings.Join(parts, ",") + "]"
	case KindObject:
		var parts []string
		for _, m := range v.Members() {
			parts = append(parts, jsonOf(String(m.Key))+":"+jsonOf(m.Value))
		}
		return "{" + strings.Join(parts, ",") + "}"
	case KindBool:
		return v.Text()
	}
	return v.Kind().String()
}

// TestDecoderKeepsStrings uses strings of one text after the next is decoded.
func TestDecoderKeepsStrings(t *testing.T) {
	var d Decoder
	var kept []string
	for i := range 50 {
		text := `{"a":"plain` + itoa(i) + `","b":"\u0065scaped` + itoa(i) + `","c":[` + itoa(i) + `]}`
		v, err := d.Decode([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		a, _ := v.Get("a").Str()
		b, _ := v.Get("b").Str()
		kept = append(kept, a, b)
		if got := v.Get("c").Get("0").Text(); got != itoa(i) {
			t.Errorf("got %s, want %d", got, i)
		}
	}
	for i := range 50 {
		if kept[2*i] != "plain"+itoa(i) || kept[2*i+1] != "escaped"+itoa(i) {
			t.Errorf("%d: got %q, %q", i, kept[2*i], kept[2*i+1])
		}
	}
}

func TestDecimal(t *testing.T) {
	for text, want := range map[string]string{
		"0.10": "0.10", "-12345678901234567890.123456789012345678901": "-12345678901234567890.123456789012345678901", "7": "7",
		"1e3": "", "": "", "x": "", "1,5": "", "+1": "", ".5": "", "1.": "", "01": "", "NaN": "",
	} {
		if v := Decimal(text); v.Text() != want || v.IsNil() != (want == "") {
			t.Errorf("%q: got %q", text, v.Text())
		}
	}
	v, err := ParseJSON([]byte(`[0.12345678901234567890123, 1e3, 5, "0.10"]`))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"0.12345678901234567890123", "1e3", "5", "0.10"} {
		if got := v.Items()[i].Digits(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if order, ok := Compare(Decimal("0.30"), Number(0.3)); order != 0 || !ok || !StrictEqual(Decimal("0.30"), Number(0.3)) {
		t.Error("0.30 is not 0.3")
	}
}
