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
