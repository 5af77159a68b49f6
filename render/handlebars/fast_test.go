package handlebars

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/aymerick/raymond/ast"

	"github.com/heraldsend/herald/render/handlebars/syntax"
)

// TestFieldsOfManyObjects looks fields up in a list of objects whose members differ in number, order and length of key,
// so that what one object taught is wrong for the next.
func TestFieldsOfManyObjects(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var names []string
	for length := range 20 { // with neighbours that differ in one byte
		for at := range length + 1 {
			name := []byte(strings.Repeat("k", length+1))
			name[at] = 'x'
			names = append(names, string(name))
		}
	}
	var source, want strings.Builder
	source.WriteString("{{#each .}}")
	for _, name := range names {
		fmt.Fprintf(&source, "%s={{%s}};", name, name)
	}
	source.WriteString("{{/each}}")
	var objects []Value
	for range 30 {
		var members []Member
		for _, i := range random.Perm(len(names))[:random.IntN(len(names))] {
			members = append(members, Member{names[i], Int(random.Int64N(1000))})
		}
		if random.IntN(3) == 0 {
			for i := range 300 {
				members = append(members, Member{fmt.Sprint("more", i), Null()})
			}
		}
		objects = append(objects, Object(members...))
		for _, name := range names {
			value := ""
			for _, m := range members {
				if m.Key == name {
					value = m.Value.Text()
				}
			}
			fmt.Fprintf(&want, "%s=%s;", name, value)
		}
	}
	tmpl, err := newEnv(t, Options{}).Compile("t", source.String())
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		out, err := tmpl.Append(t.Context(), nil, &Exec{Context: Array(objects)})
		if err != nil || string(out) != want.String() {
			t.Fatalf("got %q, want %q (%v)", out, want.String(), err)
		}
	}
}

// TestTextsAndValues prints texts and values of many lengths, escaped and not, behind outputs of any capacity.
func TestTextsAndValues(t *testing.T) {
	env := newEnv(t, Options{Partials: map[string]string{"p": "{{#if x}}{{x}}{{/if}}{{x}}"}})
	marked := newEnv(t, Options{Partials: map[string]string{"p": "{{#if x}}{{x}}{{/if}}{{x}}"}, Marks: &Marks{
		Open: 1, Close: 2, Returned: 'v',
		Kind:  func(*ast.MustacheStatement) byte { return 'v' },
		Block: func(string, *syntax.Tags) (begin, end byte) { return 'b', 'e' },
	}})
	letters := strings.Repeat("abcdefghij", 20)
	for text := range 140 {
		a, value := letters[:text], letters[:text*7%97]
		if text%3 == 0 {
			value += "<"
		}
		tmpl, err := env.Compile("t", a+"{{x}}"+a+"{{> p}}"+a)
		if err != nil {
			t.Fatal(err)
		}
		withMarks, err := marked.Compile("t", a+"{{x}}"+a+"{{> p}}"+a)
		if err != nil {
			t.Fatal(err)
		}
		x := &Exec{Context: Object(Member{"x", String(value)})}
		escaped := strings.ReplaceAll(value, "<", "&lt;")
		want := a + escaped + a + escaped + escaped + a
		one := "\x01v" + value + "\x02"
		block := "\x01b" + one + "\x01e"
		if value == "" {
			block = "\x01b\x01e"
		}
		wantMarked := a + one + a + block + one + a
		for room := 0; room < 900; room += 1 + room%13 {
			dst := make([]byte, 3, 3+room)
			out, err := tmpl.Append(t.Context(), dst, x)
			if err != nil || string(out[3:]) != want {
				t.Fatalf("got %q, want %q (%v)", out, want, err)
			}
			x.Escape = EscapeText
			out, err = withMarks.Append(t.Context(), dst, x)
			if err != nil || string(out[3:]) != wantMarked {
				t.Fatalf("got %q, want %q (%v)", out, wantMarked, err)
			}
			x.Escape = EscapeHTML
		}
	}
}

// TestBranches executes if and unless, within each other and beside texts, fields and helpers, in contexts that are null, and
// compares them with the same written as blocks of a helper.
func TestBranches(t *testing.T) {
	twice := Helper{Name: "twice", MinArgs: 1, MaxArgs: 1, Append: func(c *Call, dst []byte) ([]byte, error) {
		text := c.Arg(0).Text()
		return append(append(dst, text...), text...), nil
	}}
	same := func(name string, holds bool) Helper {
		return Helper{Name: name, MinArgs: 1, MaxArgs: 1, Form: Block, Func: func(c *Call) (Value, error) {
			if c.Arg(0).holds() == holds {
				return Value{}, c.Body(nil)
			}
			return Value{}, c.Inverse(nil)
		}}
	}
	env := newEnv(t, Options{Helpers: []Helper{twice, same("when", true), same("whenNot", false)}, Partials: map[string]string{"p": "<{{#if .}}{{.}}{{else}}none{{/if}}>"}})
	context, err := ParseJSON([]byte(`{"yes":"y","no":"","zero":0,"empty":[],"list":[null,1,"two",[],{"yes":"in","no":null}],"nothing":null}`))
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(3, 4))
	var statements func(depth int) string
	statements = func(depth int) string {
		var b strings.Builder
		for range random.IntN(4) {
			value := []string{"yes", "no", "zero", "empty", "(twice yes)", "(twice no)", "../yes", "missing", ".", "@first", "nothing"}[random.IntN(11)]
			switch n := random.IntN(9); {
			case n < 2 || depth == 0:
				b.WriteString([]string{"text", "{{yes}}", "{{no}}", "{{twice yes}}", "{{.}}", "{{> p}}", "[{{../yes}}]", " {{zero}} "}[random.IntN(8)])
			case n < 5:
				fmt.Fprintf(&b, "{{#if %s}}%s{{/if}}", value, statements(depth-1))
			case n < 6:
				fmt.Fprintf(&b, "{{#unless %s}}%s{{else}}%s{{/unless}}", value, statements(depth-1), statements(depth-1))
			case n < 7:
				fmt.Fprintf(&b, "{{#if %s}}%s{{else if yes}}%s{{else}}%s{{/if}}", value, statements(depth-1), statements(depth-1), statements(depth-1))
			case n < 8:
				fmt.Fprintf(&b, "{{#each list}}%s{{/each}}", statements(depth-1))
			default:
				fmt.Fprintf(&b, "{{#with nothing}}%s{{else}}%s{{/with}}", statements(depth-1), statements(depth-1))
			}
		}
		return b.String()
	}
	calls := strings.NewReplacer("#if", "#when", "/if", "/when", "else if", "else when", "#unless", "#whenNot", "/unless", "/whenNot")
	for range 300 {
		source := statements(4)
		var outs [3]string
		for i, text := range []string{source, calls.Replace(source), source} {
			tmpl, err := env.Compile("t", text)
			if err != nil {
				t.Fatal(err)
			}
			x := &Exec{Context: context}
			if i == 2 {
				x.Trace = &Trace{}
			}
			out, err := tmpl.Append(t.Context(), nil, x)
			if err != nil {
				t.Fatal(err)
			}
			outs[i] = string(out)
		}
		if outs[0] != outs[1] || outs[0] != outs[2] {
			t.Fatalf("%s\n got %q\nwant %q\nand  %q", source, outs[0], outs[1], outs[2])
		}
	}
}
