package handlebars

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// specCase is a case of the Handlebars.js suite as data.
type specCase struct {
	Description, It, Number string
	Template                string
	Data                    json.RawMessage
	Expected                json.RawMessage
	Exception               any
	Helpers, Partials       map[string]json.RawMessage
	Decorators              map[string]json.RawMessage
	CompileOptions          map[string]any
	RuntimeOptions          struct{ Data json.RawMessage }
}

func (c *specCase) name(file string) string {
	name := file + ": " + c.It
	if c.Number != "" {
		name += " #" + c.Number
	}
	return name
}

func readSpec[T any](t *testing.T, file string) []T {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "spec", file))
	if err != nil {
		t.Fatal(err)
	}
	var cases []T
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	return cases
}

// unsupported are the compile options of Handlebars.js that this package hasn't
// got: what they ask for is JavaScript's (string and id tracking for Ember), a
// dialect (compat), or an optimisation without effect on output.
var unsupported = map[string]string{
	"stringParams":           "passes names instead of values to helpers, for Ember",
	"trackIds":               "tells helpers the path of each value, for Ember",
	"compat":                 "a dialect: Mustache's look-up in all parent contexts",
	"knownHelpersOnly":       "precompilation for environments that register helpers later",
	"explicitPartialContext": "a dialect: partials without a context",
	"preventIndent":          "a dialect: partials are not indented",
	"ignoreStandalone":       "a dialect: no standalone lines",
	"assumeObjects":          "trades errors for generated code's size",
}

// TestSpec runs the suite of Handlebars.js 4.7. A case passes, or is listed in
// specDifferences with the reason; a listed case that passes is an error too.
func TestSpec(t *testing.T) {
	listed := map[string]bool{}
	for _, file := range []string{"basic", "blocks", "builtins", "data", "helpers", "partials", "regressions", "strict", "string-params", "subexpressions", "track-ids", "whitespace-control"} {
		passed, total, skipped := 0, 0, 0
		for _, c := range readSpec[specCase](t, "handlebars/"+file+".json") {
			name := c.name(file)
			option := c.unsupportedOption()
			reason, different := specDifferences[name]
			switch {
			case option != "" && !different:
				listed["option "+option] = true
				skipped++
				continue
			case different:
				listed[name] = true
			}
			total++
			err := c.run()
			switch {
			case err == nil && different:
				t.Errorf("%s: passes, but is listed as a difference (%s)", name, reason)
			case err == nil:
				passed++
			case !different:
				t.Errorf("%s: %v\n\t%s", name, err, c.Template)
			}
		}
		t.Logf("%s: passed %d of %d, and %d with options that aren't there", file, passed, total, skipped)
	}
	for _, name := range sortedKeys(specDifferences) {
		if !listed[name] {
			t.Errorf("%s: no such case", name)
		}
		t.Logf("difference: %s: %s", name, specDifferences[name])
	}
	for _, option := range sortedKeys(unsupported) {
		if listed["option "+option] {
			t.Logf("not run: cases with the option %s: %s", option, unsupported[option])
		}
	}
}

func (c *specCase) unsupportedOption() string {
	for option := range unsupported {
		if c.CompileOptions[option] != nil {
			return option
		}
	}
	return ""
}

// run executes the case and returns what is wrong.
func (c *specCase) run() error {
	if len(c.Decorators) > 0 {
		return fmt.Errorf("JavaScript decorators")
	}
	js := newScript()
	options := Options{Strict: c.CompileOptions["strict"] == true, Partials: map[string]string{}}
	for name, text := range c.Partials {
		var s string
		if json.Unmarshal(text, &s) != nil {
			return fmt.Errorf("partial %s is JavaScript", name)
		}
		options.Partials[name] = s
	}
	for name, text := range c.Helpers {
		if strings.Contains(string(text), `"!code"`) && code(text) == "" {
			continue // the export has lost the source
		}
		h, err := js.helper(name, text)
		if err != nil {
			return err
		}
		options.Helpers = append(options.Helpers, h)
	}
	// A function of the data is a helper here.
	var fields map[string]json.RawMessage
	_ = json.Unmarshal(c.Data, &fields)
	for name, text := range fields {
		if strings.HasPrefix(code(text), "function") && c.Helpers[name] == nil {
			h, err := js.helper(name, text)
			if err != nil {
				return err
			}
			options.Helpers = append(options.Helpers, h)
		}
	}
	data, err := ParseJSON(c.Data)
	if err != nil {
		return err
	}
	x := &Exec{Context: data}
	if len(c.RuntimeOptions.Data) > 0 {
		v, err := ParseJSON(c.RuntimeOptions.Data)
		if err != nil {
			return err
		}
		x.Data = map[string]Value{}
		for _, m := range v.Members() {
			x.Data[m.Key] = m.Value
		}
	}
	env, err := New(options)
	if err != nil {
		return err
	}
	out, err := execute(env, c.Template, x)
	if c.Exception != nil {
		if err == nil {
			return fmt.Errorf("no error, but %q", out)
		}
		return nil
	}
	var want string
	if err := json.Unmarshal(c.Expected, &want); err != nil {
		return err
	}
	if err != nil {
		return err
	}
	if out != want {
		return fmt.Errorf("got %q, want %q", out, want)
	}
	return nil
}

func execute(env *Env, template string, x *Exec) (string, error) {
	t, err := env.Compile("test", template)
	if err != nil {
		return "", err
	}
	out, err := t.Append(context.Background(), nil, x)
	return string(out), err
}

// code returns the JavaScript of a field like {"!code": true, "javascript": "…"}.
func code(text json.RawMessage) string {
	var c struct {
		Code       bool `json:"!code"`
		JavaScript string
	}
	if json.Unmarshal(text, &c) != nil || !c.Code {
		return ""
	}
	return c.JavaScript
}

// TestMustache runs the core of the Mustache suite. What Handlebars.js answers
// otherwise, this package answers as Handlebars.js does: mustacheDifferences.
func TestMustache(t *testing.T) {
	type mustacheCase struct {
		Name, Template, Expected string
		Data                     json.RawMessage
		Partials                 map[string]string
	}
	seen := map[string]bool{}
	for _, file := range []string{"comments", "interpolation", "inverted", "sections", "partials"} {
		text, err := os.ReadFile(filepath.Join("testdata", "spec", "mustache", file+".json"))
		if err != nil {
			t.Fatal(err)
		}
		var suite struct{ Tests []mustacheCase }
		if err := json.Unmarshal(text, &suite); err != nil {
			t.Fatal(err)
		}
		passed := 0
		for _, c := range suite.Tests {
			name := file + ": " + c.Name
			env, err := New(Options{Partials: c.Partials})
			if err != nil {
				t.Fatal(err)
			}
			data, err := ParseJSON(c.Data)
			if err != nil {
				t.Fatal(err)
			}
			got, err := execute(env, c.Template, &Exec{Context: data})
			ok := err == nil && got == c.Expected
			if ok {
				passed++
			}
			reason, different := mustacheDifferences[name]
			seen[name] = different
			if ok == different {
				t.Errorf("%s: got %q (%v), want %q; listed: %q", name, got, err, c.Expected, reason)
			}
		}
		t.Logf("mustache %s: passed %d of %d", file, passed, len(suite.Tests))
	}
	for _, name := range sortedKeys(mustacheDifferences) {
		if !seen[name] {
			t.Errorf("%s: no such case", name)
		}
		t.Logf("difference: %s: %s", name, mustacheDifferences[name])
	}
}
