package handlebars

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/heraldsend/herald/helpers/cputest"
	"github.com/heraldsend/herald/render/handlebars/syntax"
)

// seedTemplates are templates of the corpus, and the hostile ones.
func seedTemplates(f *testing.F) []string {
	f.Helper()
	var seeds []string
	text, err := os.ReadFile("testdata/corpus/cases.jsonl")
	if err != nil {
		f.Fatal(err)
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for i := 0; lines.Scan(); i++ {
		var c corpusCase
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			f.Fatal(err)
		}
		if i%8 == 0 {
			seeds = append(seeds, c.T)
		}
	}
	files, err := filepath.Glob("testdata/bad/*")
	if err != nil || len(files) == 0 {
		f.Fatal("no hostile templates", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		if len(text) < 2000 {
			seeds = append(seeds, string(text))
		}
	}
	return append(seeds, "[[sn.hi]]", "[[sn.hi", "{{#ifCond a '==' b}}{{../x}}{{else}}{{../../y}}{{/ifCond}}", "{{\x00}}", "\\{{", "{{{{", "{{!--", "{{#each l as |a b|}}{{a.b}}{{/each}}")
}

// checkError fails if err is no *Error, or one with a position outside of the template.
func checkError(t *testing.T, err error) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("error of type %T: %v", err, err)
	}
	if e.Message == "" || e.Code == "" || e.Line < 0 || e.Column < 0 || (e.Line == 0) != (e.Column == 0) {
		t.Fatalf("a faulty error: %+v", e)
	}
	if len(e.Error()) > 2000 || !utf8.ValidString(e.Error()) {
		t.Fatalf("a message of %d bytes, valid UTF-8 %v: %q", len(e.Error()), utf8.ValidString(e.Error()), e.Error())
	}
	_ = e.Detail()
}

// checkTime fails if it took much longer than the size of the input explains.
func checkTime(t *testing.T, start time.Duration, what string, size int) {
	t.Helper()
	if took := cputest.Used() - start; took > 3*time.Second {
		t.Fatalf("%s took %v for %d bytes", what, took, size)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range seedTemplates(f) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		start := cputest.Used()
		limits := (&Env{limits: Limits{}.withDefaults()}).parseLimits()
		tree := syntax.Parse(text, limits)
		checkTime(t, start, "parsing", len(text))
		_, err := new(syntax.Parser).Parse(text, limits)
		if (err == nil) != (len(tree.Faults) == 0) {
			t.Fatalf("%q: the engine says %v, tools are told %v", text, err, tree.Faults)
		}
		for _, f := range tree.Faults {
			if f.Span.Start > f.Span.End || f.Span.End > len(text) {
				t.Fatalf("%q: %v is at %v", text, f, f.Span)
			}
		}
	})
}

func FuzzCompile(f *testing.F) {
	for _, s := range seedTemplates(f) {
		f.Add(s, "{{> p}}", "{{x}}")
	}
	f.Fuzz(func(t *testing.T, text, partial, snippet string) {
		env, err := New(Options{
			Helpers:  corpusHelpers(),
			Partials: map[string]string{"p": partial, "q": text},
			Snippets: map[string]Snippet{"sn.hi": {Source: "en", Texts: map[string]string{"en": snippet, "de": partial}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		start := cputest.Used()
		tmpl, err := env.Compile("fuzz", text)
		if err != nil {
			checkError(t, err)
			return
		}
		_ = tmpl.Refs()
		checkTime(t, start, "compiling", len(text))
	})
}

func FuzzExecute(f *testing.F) {
	for _, s := range seedTemplates(f) {
		f.Add(s, `{"a":"<x>","l":[1,"b",null],"o":{"k":{"a":1}},"p":[{"a":1}]}`, uint8(0))
	}
	var partials map[string]string
	text, err := os.ReadFile("testdata/corpus/partials.json")
	if err == nil {
		err = json.Unmarshal(text, &partials)
	}
	if err != nil {
		f.Fatal(err)
	}
	partials["self"] = "{{#if a}}{{> self}}{{/if}}"
	env := newEnv(f, Options{
		Helpers:  corpusHelpers(),
		Partials: partials,
		Snippets: snippets("sn.hi=Hi {{a}}\nsn.two=[[sn.hi]]{{#each l}}{{.}}{{/each}}"),
		Limits:   Limits{Steps: 50_000, Output: 1 << 16},
	})
	strict := newEnv(f, Options{Helpers: corpusHelpers(), Partials: partials, Strict: true, Limits: Limits{Steps: 50_000, Output: 1 << 16}})
	f.Fuzz(func(t *testing.T, text, data string, mode uint8) {
		root, err := ParseJSON([]byte(data))
		if err != nil {
			root = Value{}
		}
		x := &Exec{Context: root, Escape: Escape(mode % 3), Languages: []string{"de"}, OnIssue: func(i Issue) {
			if i.Code == "" || i.Message == "" {
				t.Errorf("a faulty issue: %+v", i)
			}
		}}
		e := env
		if mode > 127 {
			e = strict
		}
		tmpl, err := e.Compile("fuzz", text)
		if err != nil {
			checkError(t, err)
			return
		}
		goroutines := runtime.NumGoroutine()
		start := cputest.Used()
		out, err := tmpl.Append(context.Background(), []byte("before"), x)
		if err != nil {
			checkError(t, err)
			if string(out) != "before" {
				t.Fatalf("output with an error: %q", out)
			}
		}
		checkTime(t, start, "executing", len(text))
		if n := runtime.NumGoroutine(); n > goroutines+4 { // the fuzzer has its own
			t.Fatalf("%d goroutines, %d before", n, goroutines)
		}
		again, err2 := tmpl.Append(context.Background(), []byte("before"), x)
		if e := (*Error)(nil); errors.As(err, &e) && strings.Contains(e.Message, "panic") {
			t.Fatalf("a panic: %v", err)
		}
		if (err == nil) != (err2 == nil) || string(out) != string(again) {
			t.Fatalf("two executions differ: %q (%v), %q (%v)", out, err, again, err2)
		}
		if x.Escape == EscapeHTML && err == nil && !strings.ContainsAny(text, "<{&") && strings.Contains(string(out), "<") {
			t.Fatalf("%q gives %q", text, out)
		}
	})
}

func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"a":[1,-0,1e5,"\u00e9\ud83d\ude00\ud800",null,true,{}]}`, `{"2":1,"1":2,"2":3}`, "\xff", `"\xff"`, `[`, `-`, `1.`, `{"a":1 "b"}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := ParseJSON([]byte(text))
		if (err == nil) != json.Valid([]byte(text)) && !strings.Contains(text, strings.Repeat("[", 100)) {
			t.Fatalf("ParseJSON says %v, encoding/json %v", err, json.Valid([]byte(text)))
		}
		var d Decoder
		v2, err2 := d.Decode([]byte(text))
		if e := (*Error)(nil); errors.As(err, &e) && strings.Contains(e.Message, "panic") {
			t.Fatalf("a panic: %v", err)
		}
		if (err == nil) != (err2 == nil) || v.Text() != v2.Text() {
			t.Fatalf("ParseJSON: %q (%v), Decoder: %q (%v)", v.Text(), err, v2.Text(), err2)
		}
		if err != nil {
			return
		}
		if s, ok := v.Str(); ok {
			var want string
			if err := json.Unmarshal([]byte(text), &want); err != nil || utf8.ValidString(text) && s != want {
				t.Fatalf("got %q, want %q (%v)", s, want, err)
			}
		}
		if ValidateJSON([]byte(text)) == nil && !utf8.ValidString(v.Text()) {
			t.Fatalf("valid JSON with invalid text: %q", v.Text())
		}
	})
}
