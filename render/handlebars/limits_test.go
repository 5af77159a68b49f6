package handlebars

import (
	"context"
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/helpers/cputest"
)

// bad reads an input that must be refused.
func bad(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/bad/" + file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func newEnv(t testing.TB, options Options) *Env {
	t.Helper()
	env, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	return env
}

// snippets makes English snippets of lines like "sn.name=text".
func snippets(lines string) map[string]Snippet {
	out := map[string]Snippet{}
	for line := range strings.Lines(lines) {
		if name, text, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			out[name] = Snippet{Source: "en", Texts: map[string]string{"en": text}}
		}
	}
	return out
}

// mustFail executes a template, which must fail with code in time, and returns the error.
func mustFail(t *testing.T, env *Env, template string, x *Exec, code Code, limit time.Duration) *Error {
	t.Helper()
	goroutines := runtime.NumGoroutine()
	start := cputest.Used()
	_, err := execute(env, template, x)
	if took := cputest.Used() - start; took > limit {
		t.Errorf("took %v, more than %v", took, limit)
	}
	var e *Error
	if !errors.As(err, &e) || e.Code != code {
		t.Fatalf("got error %v, want code %s", err, code)
	}
	if n := runtime.NumGoroutine(); n > goroutines {
		t.Errorf("%d goroutines, %d before", n, goroutines)
	}
	return e
}

func TestHostileData(t *testing.T) {
	env := newEnv(t, Options{
		Partials: map[string]string{"p": "{{name}}"},
		Snippets: snippets("sn.signature=secret text\nsn.hi=Hi {{name}}"),
	})
	for _, c := range []struct{ name, template, data, want string }{
		{"data is never parsed", "{{name}}", `{"name":"{{secret}} [[sn.signature]]","secret":"s"}`, "{{secret}} [[sn.signature]]"},
		{"in a partial and a snippet", "{{> p}} [[sn.hi]]", `{"name":"{{secret}} [[sn.signature]]"}`, "{{secret}} [[sn.signature]] Hi {{secret}} [[sn.signature]]"},
		{"split over two fields", "{{a}}{{b}}", `{"a":"{","b":"{secret}}","secret":"s"}`, "{{secret}}"},
		{"split with a snippet", "{{a}}sn.signature]]", `{"a":"[["}`, "[[sn.signature]]"},
		{"script is escaped", "{{v}}", `{"v":"<script>alert('x')</script>"}`, "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;"},
		{"raw on request", bad(t, "raw.hbs"), `{"v":"<b>"}`, "<b><b>\n"},
		{"no prototypes or methods", bad(t, "proto.hbs"), `{"u":{},"f":null}`, "\n"},
		{"exact integers", "{{n}} {{m}}", `{"n":9007199254740993,"m":-123456789012345678901234567890}`, "9007199254740993 -123456789012345678901234567890"},
		{"objects print no data", "{{o}}", `{"o":{"secret":"s"}}`, "[object Object]"},
		{"href", bad(t, "href.hbs"), `{"v":"\"><script>"}`, "<a href=\"&quot;&gt;&lt;script&gt;\">x</a>\n"},
		{"unquoted attribute", bad(t, "unquoted_attr.hbs"), `{"v":"x onload=alert(1)"}`, "<a href=x onload&#x3D;alert(1)>x</a>\n"},
		{"plain HTML", bad(t, "preview_xss.hbs"), `{}`, bad(t, "preview_xss.hbs")},
	} {
		t.Run(c.name, func(t *testing.T) {
			data, err := ParseJSON([]byte(c.data))
			if err != nil {
				t.Fatal(err)
			}
			got, err := execute(env, c.template, &Exec{Context: data})
			if err != nil {
				t.Fatal(err)
			}
			if strings.TrimSuffix(got, "\n") != strings.TrimSuffix(c.want, "\n") {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestHostileTemplates(t *testing.T) {
	env := newEnv(t, Options{
		Helpers:  []Helper{{Name: "x", MaxArgs: 1, Func: func(*Call) (Value, error) { return Value{}, nil }}},
		Partials: map[string]string{"p": bad(t, "recursive_partial.hbs"), "mutual_a": bad(t, "mutual_a.hbs"), "mutual_b": bad(t, "mutual_b.hbs"), "cyclic": "[[sn.cyclic]]"},
		Snippets: snippets(bad(t, "snippet_bomb.txt") + "\nsn.cyclic={{> cyclic}}\nsn.c0=" + strings.Repeat("[[sn.c1]]", 1000) + "\nsn.c1=" + strings.Repeat("[[sn.c2]]", 1000) + "\nsn.c2=" + strings.Repeat("x", 1000) + "\nsn.cycle_a=" + bad(t, "snippet_cycle_a.txt") + "\nsn.cycle_b=" + bad(t, "snippet_cycle_b.txt")),
	})
	bomb, err := ParseJSON([]byte(bad(t, "each_bomb_data.json")))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, template string
		code           Code
		message        string
		line, column   int
	}{
		{"mustache closed as if plain", bad(t, "bad_close.hbs"), CodeSyntax, "}}}", 1, 5},
		{"missing helper", bad(t, "missing_helper.hbs"), CodeUnknownHelper, `unknown helper "nope"`, 1, 3},
		{"missing partial", bad(t, "missing_partial.hbs"), CodeUnknownPartial, `unknown partial "nope"`, 1, 5},
		{"unclosed block", bad(t, "unclosed.hbs"), CodeUnclosed, `block "if" is not closed`, 1, 1},
		{"unclosed inner block", "a\n  {{#if b}}\n{{#each c}}\n{{/each}}", CodeUnclosed, `"if"`, 2, 3},
		{"computed snippet name", "Hi [[sn.{{name}}]]", CodeUnknownSnippet, "unknown snippet", 1, 4},
		{"malformed snippet", "[[sn.a b]]", CodeUnknownSnippet, "unknown snippet", 1, 1},
		{"unknown snippet", "x\n[[sn.b00]]", CodeUnknownSnippet, `did you mean "sn.b0"?`, 2, 1},
		{"snippet cycle", "[[sn.cycle_a]]", CodeSnippetCycle, "sn.cycle_a → sn.cycle_b → sn.cycle_a", 1, 1},
		{"snippet cycle through a partial", "{{> cyclic}}", CodeSnippetCycle, "cyclic → sn.cyclic → cyclic", 1, 0},
		{"snippet bomb", "[[sn.b0]]", CodeLimitSnippets, "more than 8 deep", 1, 0},
		{"flat snippet bomb", "[[sn.c0]]", CodeLimitOutput, "1048576 bytes", 1, 0},
		{"partial that includes itself", "{{> p}}", CodeLimitPartials, "more than 32 deep", 1, 6},
		{"partials that include each other", "{{> mutual_a}}", CodeLimitPartials, "more than 32 deep", 1, 5},
		{"20,000 sub-expressions", bad(t, "subexpr_20k.hbs"), CodeLimitNesting, "more than 100 deep", 1, 0},
		{"20,000 blocks", strings.Repeat("{{#a}}", 20000), CodeLimitNesting, "more than 100 deep", 1, 601},
		{"20,000 partial blocks", strings.Repeat("{{#>a}}", 20000), CodeLimitNesting, "more than 100 deep", 1, 701},
		{"20,000 links of else", "{{#if a}}" + strings.Repeat("{{else if a}}", 19000), CodeLimitNesting, "more than 1000 {{else", 1, 0},
		{"each of each of each of each", bad(t, "each_bomb.hbs"), CodeLimitSteps, "1000000 operations", 0, 0},
		{"long source", strings.Repeat("x", 256<<10+1), CodeLimitSource, "262145 bytes", 0, 0},
		{"much output", "{{#each a}}{{#each ../a}}" + strings.Repeat("x", 1000) + "{{/each}}{{/each}}", CodeLimitOutput, "1048576 bytes", 1, 0},
		{"indentation of many lines", strings.Repeat(" ", 100<<10) + "{{> lines}}\n", CodeUnknownPartial, "lines", 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			template := strings.TrimSuffix(c.template, "\n")
			e := mustFail(t, env, template, &Exec{Context: bomb}, c.code, 2*time.Second)
			if !strings.Contains(e.Message, c.message) || c.line > 0 && e.Line != c.line || c.column > 0 && e.Column != c.column {
				t.Errorf("got %s:%d:%d: %s", e.Template, e.Line, e.Column, e.Message)
			}
			if len(e.Error()) > 500 || len([]rune(e.SourceLine)) > 100 {
				t.Errorf("a long message: %s\n%s", e, e.SourceLine)
			}
			if e.Limit() != strings.HasPrefix(string(c.code), "limit_") {
				t.Errorf("Limit() = %v for %s", e.Limit(), c.code)
			}
		})
	}
}

// TestDeepest goes as deep as limits can be set.
func TestDeepest(t *testing.T) {
	body := strings.Repeat("{{#if a}}{{#with a}}", 450) + "{{> p}}" + strings.Repeat("{{/with}}{{/if}}", 450)
	env := newEnv(t, Options{
		Partials: map[string]string{"p": body},
		Limits:   Limits{Nesting: 1 << 40, Partials: 1 << 40, Snippets: 1 << 40, Output: 1 << 62, Steps: 1 << 62},
	})
	cyclic := &object{members: []Member{{Key: "a"}}} // data without end
	cyclic.members[0].Value = objectValue(cyclic)
	mustFail(t, env, "{{> p}}", &Exec{Context: objectValue(cyclic)}, CodeLimitNesting, 10*time.Second)

	// Each link of a chain is within the one before.
	for block, code := range map[string]Code{"with": CodeLimitNesting, "if": CodeLimitPartials} { // those of if are executed one after the other
		chain := "{{#" + block + " b}}" + strings.Repeat("{{else "+block+" b}}", 900)
		env = newEnv(t, Options{
			Partials: map[string]string{"p": strings.Repeat(chain+"{{else}}", 10) + "{{> p}}" + strings.Repeat("{{/"+block+"}}", 10)},
			Limits:   Limits{Nesting: 1 << 40, Partials: 1 << 40, Steps: 1 << 62},
		})
		mustFail(t, env, "{{> p}}", &Exec{Context: objectValue(cyclic)}, code, 10*time.Second)
		mustFail(t, env, strings.Repeat(chain+"{{else}}", 12), nil, CodeLimitNesting, 10*time.Second)
	}
}

// TestSpreadBomb copies a large context for each of many partials.
func TestSpreadBomb(t *testing.T) {
	env := newEnv(t, Options{Partials: map[string]string{"p": ""}})
	list := make([]Value, 1000)
	data := Object(Member{"list", Array(list)}, Member{"text", String(strings.Repeat("x\xf6😀", 1<<18))})
	mustFail(t, env, "{{#each list}}{{> p ../text a=1}}{{/each}}", &Exec{Context: data}, CodeLimitSteps, 2*time.Second)
	mustFail(t, env, "{{#each list}}{{#each ../list}}{{> p ../../list a=1}}{{/each}}{{/each}}", &Exec{Context: data}, CodeLimitSteps, 2*time.Second)
}

// TestLengthBomb asks for the length of a long text again and again, and compares it.
func TestLengthBomb(t *testing.T) {
	env := newEnv(t, Options{Helpers: []Helper{ifCond()}})
	data := Object(Member{"list", Array(make([]Value, 1000))}, Member{"text", String(strings.Repeat("é", 1<<19))}, Member{"same", String(strings.Repeat("é", 1<<19))})
	for _, body := range []string{"{{../../text.length}}", `{{#ifCond ../../text "==" ../../same}}{{/ifCond}}`, "{{#with ../..}}{{text.length}}{{/with}}", "{{@root.text.length}}"} {
		mustFail(t, env, "{{#each list}}{{#each ../list}}"+body+"{{/each}}{{/each}}", &Exec{Context: data}, CodeLimitSteps, 4*time.Second)
	}
}

func TestIndentationBomb(t *testing.T) {
	env := newEnv(t, Options{Partials: map[string]string{"lines": strings.Repeat("\n", 100<<10)}})
	mustFail(t, env, strings.Repeat(" ", 100<<10)+"{{> lines}}\n", nil, CodeLimitOutput, time.Second)
}

func TestDoublingHelper(t *testing.T) {
	twice := Helper{Name: "twice", MinArgs: 1, MaxArgs: 1, Func: func(c *Call) (Value, error) {
		s := c.Arg(0).Text()
		return String(s + s), nil
	}}
	pair := Helper{Name: "pair", MinArgs: 1, MaxArgs: 1, Func: func(c *Call) (Value, error) {
		return Array([]Value{c.Arg(0), c.Arg(0)}), nil
	}}
	env := newEnv(t, Options{Helpers: []Helper{twice, pair}})
	nested := func(name string) string {
		return "{{" + name + strings.Repeat(" ("+name, 90) + ` "x"` + strings.Repeat(")", 90) + "}}"
	}
	mustFail(t, env, nested("twice"), nil, CodeLimitOutput, time.Second)
	mustFail(t, env, nested("pair"), nil, CodeLimitSteps, time.Second)
	if !strings.HasPrefix(doubled(t).Text(), "x,x,x") {
		t.Error("the text of a large array isn't its items'")
	}
}

// doubled is an array whose text would have 2^90 characters.
func doubled(t *testing.T) Value {
	t.Helper()
	v := String("x")
	for range 90 {
		v = Array([]Value{v, v})
	}
	if n := len(v.Text()); n > 2<<20 {
		t.Errorf("the text of a doubled array has %d bytes", n)
	}
	if LooseEqual(v, String("x")) {
		t.Error("a doubled array equals its item")
	}
	return v
}

func TestLongChain(t *testing.T) {
	env := newEnv(t, Options{})
	got, err := execute(env, "{{#if a}}"+strings.Repeat("{{else if a}}", 900)+"{{else}}last{{/if}}", nil)
	if err != nil || got != "last" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestCancel(t *testing.T) {
	env := newEnv(t, Options{Limits: Limits{Steps: 1 << 40, Output: 1 << 40}})
	tmpl, err := env.Compile("t", bad(t, "each_bomb.hbs"))
	if err != nil {
		t.Fatal(err)
	}
	bomb, err := ParseJSON([]byte(bad(t, "each_bomb_data.json")))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	var out []byte
	took := cputest.Spent(func() { out, err = tmpl.Append(ctx, []byte("before"), &Exec{Context: bomb}) })
	if !errors.Is(err, context.DeadlineExceeded) || took > time.Second {
		t.Errorf("got %v after %v", err, took)
	}
	if string(out) != "before" {
		t.Errorf("the output is kept: %d bytes", len(out))
	}
	var e *Error
	if !errors.As(err, &e) || e.Code != CodeCanceled {
		t.Errorf("got %v", err)
	}
	cancel()
	small, err := env.Compile("t", "x")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := small.Append(ctx, nil, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a context that is done from the start: %v", err)
	}
}

func TestHelperPanic(t *testing.T) {
	env := newEnv(t, Options{Helpers: []Helper{
		{Name: "boom", Func: func(*Call) (Value, error) { panic("oh\x00no") }},
		{Name: "index", Func: func(c *Call) (Value, error) { return []Value{}[c.Len()], nil }},
		{Name: "fails", Func: func(*Call) (Value, error) { return Value{}, os.ErrNotExist }},
	}})
	for _, template := range []string{"{{boom}}", "{{#if (index)}}{{/if}}"} {
		if e := mustFail(t, env, template, nil, CodeHelper, time.Second); !strings.Contains(e.Message, "panic") || e.Line != 1 {
			t.Errorf("got %v", e)
		}
	}
	e := mustFail(t, env, "a\n{{#if 1}}{{fails}}{{/if}}", nil, CodeHelper, time.Second)
	if !errors.Is(e, os.ErrNotExist) || e.Line != 2 || e.Column != 12 {
		t.Errorf("got %v", e)
	}
	if got, err := execute(env, "still {{1}} works", nil); err != nil || got != "still  works" {
		t.Errorf("after panics: %q, %v", got, err)
	}
}

func TestPreparePanic(t *testing.T) {
	env := newEnv(t, Options{
		Helpers: []Helper{{
			Name: "boom", Func: func(*Call) (Value, error) { return Value{}, nil },
			Prepare: func(*Site) (any, error) { panic("oh no") },
		}},
		Partials: map[string]string{"p": "{{boom}}"},
	})
	for range 2 {
		mustFail(t, env, "{{> p}}", nil, CodeArgument, time.Second)
	}
}

func TestStepsAreExact(t *testing.T) {
	for _, c := range []struct {
		steps int
		ok    bool
	}{{9, false}, {10, true}, {2000, true}} {
		env := newEnv(t, Options{Limits: Limits{Steps: c.steps}})
		_, err := execute(env, strings.Repeat("{{a}}", 10), nil)
		if (err == nil) != c.ok {
			t.Errorf("%d steps: %v", c.steps, err)
		}
	}
}
