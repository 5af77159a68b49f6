package handlebars

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
)

// corpusCase is a case of the differential corpus: what Handlebars.js answers.
// Where this package's look-up of ../ paths or its checks when compiling change
// the answer, Plain has that of Handlebars.js without them (null: an error).
type corpusCase struct {
	T     string
	C     int
	Want  *string
	Error string
	Plain json.RawMessage
}

// TestCorpus runs the differential corpus, see testdata/corpus/generate.js.
func TestCorpus(t *testing.T) {
	var contexts []json.RawMessage
	var partials map[string]string
	readCorpus(t, "contexts.json", &contexts)
	readCorpus(t, "partials.json", &partials)
	env, err := New(Options{Helpers: corpusHelpers(), Partials: partials})
	if err != nil {
		t.Fatal(err)
	}
	data := make([]Value, len(contexts))
	for i, text := range contexts {
		if data[i], err = ParseJSON(text); err != nil {
			t.Fatal(err)
		}
	}
	cases, err := os.ReadFile("testdata/corpus/cases.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	passed, total, faults, differ, failed := 0, 0, 0, 0, 0
	lines := bufio.NewScanner(bytes.NewReader(cases))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var c corpusCase
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		total++
		if c.Plain != nil {
			differ++
		}
		got, err := execute(env, c.T, &Exec{Context: data[c.C]})
		var e *Error
		if err != nil && !errors.As(err, &e) {
			t.Errorf("%q: error of type %T", c.T, err)
		}
		if c.Want == nil {
			faults++
		}
		if c.Want == nil && err != nil || c.Want != nil && err == nil && got == *c.Want {
			passed++
			continue
		}
		if failed++; failed <= 25 {
			want := "error: " + c.Error
			if c.Want != nil {
				want = *c.Want
			}
			t.Errorf("context %d, line %d: %s\n%q\n got %q (%v)\nwant %q\nplain %s", c.C, total, c.T, c.T, got, err, want, c.Plain)
		}
	}
	if total < 2000 {
		t.Errorf("the corpus has %d cases only", total)
	}
	t.Logf("corpus: passed %d of %d, of which %d are errors and %d differ from plain Handlebars.js on purpose", passed, total, faults, differ)
}

func readCorpus(t *testing.T, file string, v any) {
	t.Helper()
	text, err := os.ReadFile("testdata/corpus/" + file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, v); err != nil {
		t.Fatal(err)
	}
}

// corpusHelpers are the helpers of testdata/corpus/oracle.js.
func corpusHelpers() []Helper {
	all := []string{"*"}
	return []Helper{
		{Name: "echo", MaxArgs: 9, Options: all, Form: Either, Func: func(c *Call) (Value, error) { return c.Arg(0), nil }},
		{Name: "cat", MaxArgs: 9, Options: all, Append: func(c *Call, dst []byte) ([]byte, error) {
			for i := range c.Len() {
				if i > 0 {
					dst = c.Option("sep").AppendText(dst)
				}
				dst = c.Arg(i).AppendText(dst)
			}
			return dst, nil
		}},
		{Name: "safe", MinArgs: 1, MaxArgs: 1, Options: all, Func: func(c *Call) (Value, error) {
			return Safe("<" + c.Arg(0).Text() + ">"), nil
		}},
		{Name: "list", MaxArgs: 9, Options: all, Func: func(c *Call) (Value, error) {
			var items []Value
			for i := range c.Len() {
				items = append(items, c.Arg(i))
			}
			return Array(items), nil
		}},
		{Name: "kind", MinArgs: 1, MaxArgs: 1, Options: all, Func: func(c *Call) (Value, error) {
			return String(strings.Replace(c.Arg(0).Kind().String(), "bool", "boolean", 1)), nil
		}},
		{Name: "wrap", MaxArgs: 1, Options: all, Form: Block, Func: func(c *Call) (Value, error) {
			text, err := c.BodyText(nil)
			return String("<w>" + text + "</w>"), err
		}},
		{Name: "both", Options: all, Form: Block, Func: func(c *Call) (Value, error) {
			text, err := c.BodyText(nil)
			if err != nil {
				return Value{}, err
			}
			other, err := c.InverseText(nil)
			return String(text + "|" + other), err
		}},
		{Name: "ctx", MinArgs: 1, MaxArgs: 1, Options: all, Form: Block, Func: func(c *Call) (Value, error) {
			if c.Arg(0).IsNil() {
				return Value{}, c.Inverse(nil)
			}
			return Value{}, c.Body(&Scope{This: c.Arg(0), Params: []Value{c.Arg(0), String("second")}})
		}},
		{Name: "data", Options: all, Form: Block, Func: func(c *Call) (Value, error) {
			data := []Member{}
			for name, v := range c.Options {
				data = append(data, Member{name, v})
			}
			return Value{}, c.Body(&Scope{Data: data})
		}},
	}
}
