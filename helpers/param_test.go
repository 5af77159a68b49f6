package helpers_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/heraldsend/herald/helpers"
	"github.com/heraldsend/herald/render/handlebars"
)

// What a row says of its arguments is what its signature shows and what the compiler holds calls to.
func TestParams(t *testing.T) {
	for _, e := range helpers.Table() {
		words := []string{e.Name}
		if e.Form() == handlebars.Block {
			words[0] = "#" + e.Name
		}
		for i, p := range e.Args {
			if words = append(words, p.Name); p.Rest {
				words = append(words, "…")
			}
			if last := i == len(e.Args)-1; p.Rest && !last {
				t.Errorf("%s: only the last argument may stand for more", e.Name)
			}
		}
		for _, p := range e.Options {
			if p.Name == "*" {
				words = append(words, "case=", "…")
				continue
			}
			words = append(words, p.Name+"=")
		}
		if got := strings.Join(words, " "); got != e.Signature {
			t.Errorf("the signature is %q, the arguments say %q", e.Signature, got)
		}
		arg, ok := e.Arg(len(e.Args))
		if more := len(e.Args) > 0 && e.Args[len(e.Args)-1].Rest; ok != more || more && arg.Name != e.Args[len(e.Args)-1].Name {
			t.Errorf("%s: argument %d is %v, %v", e.Name, len(e.Args), arg, ok)
		}
		if e.Operator != "" && !slices.Contains(helpers.Operators(), e.Operator) {
			t.Errorf("%s: ifCond has no operator %s", e.Name, e.Operator)
		}
	}
}
