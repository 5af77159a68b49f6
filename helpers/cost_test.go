//go:build !race

package helpers

import (
	"errors"
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/helpers/cputest"
	"github.com/heraldsend/herald/render/handlebars"
)

// size is how many bytes each of the large values has. At 900000, near the most that a message's context may have, the test
// takes a quarter of an hour.
var size = flag.Int("costs.size", 60_000, "bytes of each large value")

// What one execution may take, whatever its template and its data are: 2 s for the 1,000,000 steps that it has, and with
// fewer steps as much less, but for what no clock can tell.
const (
	cpuPerStep = 2 * time.Microsecond
	cpuNoise   = 200 * time.Millisecond
)

// largest are the values that take the longest to look at, as JSON: together they would be no context of a message, each
// alone is.
func largest() map[string]string {
	n := *size
	fill := func(unit string) string { return strings.Repeat(unit, n/len(unit)) }
	list := func(item string) string {
		return "[" + strings.TrimSuffix(strings.Repeat(item+",", n/(len(item)+1)), ",") + "]"
	}
	return map[string]string{
		"a text":     `"` + fill("a") + `"`,
		"words":      `"` + fill("word ") + `"`,
		"accents":    `"` + fill("e\u0301") + `"`,
		"an emoji":   `"` + fill("\U0001F44D\U0001F3FD") + `"`,
		"flags":      `"` + fill("\U0001F1E9\U0001F1EA") + `"`,
		"joined":     `"` + fill("\U0001F469\u200d") + `"`,
		"blanks":     `"` + fill(" ") + `"`,
		"digits":     `"` + fill("9") + `"`,
		"a date":     `"2019-01-18T00:00:00.` + fill("0") + `"`,
		"a format":   `"` + fill("LLLL") + `"`,
		"brackets":   `"` + fill("[") + `"`,
		"a phone":    `"+49 ` + fill("1 (0)") + `"`,
		"an address": `"https://` + fill("a.") + `"`,
		"percents":   `"https://a.example/` + fill("%41") + `"`,
		"a number":   fill("9"), "long ISO": `"2019-01-18T00:00:00.` + fill("0") + `"`, "long RFC": `"(` + fill("(") + `) Fri, 18 Jan 2019 00:00:00 GMT"`,
		"a fraction": "0." + fill("3"),
		"exponent":   "1e" + fill("9"),
		"numbers":    list("1"),
		"texts":      list(`"b","a"`),
		"long texts": `["` + fill("a") + `","` + `b"]`,
		"lists":      list("[1]"),
		"objects":    list("{}"),
		"one in one": strings.Repeat("[", 900) + strings.Repeat("]", 900),
		"separators": `"` + fill(",") + `"`,
	}
}

// Whatever a helper is given, it is charged for its work: an execution that calls it as often as it can ends in time.
func TestHelpersCosts(t *testing.T) {
	steps := *size
	env, err := handlebars.New(handlebars.Options{Helpers: All(), Limits: handlebars.Limits{Steps: steps}})
	if err != nil {
		t.Fatal(err)
	}
	maxCPU := time.Duration(steps)*cpuPerStep + cpuNoise
	loop := "[" + strings.TrimSuffix(strings.Repeat("1,", 1000), ",") + "]"
	for name, value := range largest() {
		data, err := handlebars.ParseJSON([]byte(`{"l":` + loop + `,"x":` + value + `,"y":` + value + "}"))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range Table() {
			for _, call := range costlyCalls(&e) {
				t.Run(fmt.Sprintf("%s/%s", name, call), func(t *testing.T) {
					template, err := env.Compile("t", "{{#each l}}{{#each ../l}}"+call+"{{/each}}{{/each}}")
					if err != nil {
						t.Skip(err) // a literal that the helper refuses
					}
					before := cputest.Used()
					_, err = template.Append(t.Context(), nil, &handlebars.Exec{Context: data, OnIssue: func(handlebars.Issue) {}})
					if took := cputest.Used() - before; took > maxCPU {
						t.Errorf("took %v (%v)", took, err)
					} else if took > maxCPU/4 {
						t.Logf("took %v (%v)", took, err)
					}
					var known *handlebars.Error
					if err != nil && !errors.As(err, &known) {
						t.Errorf("an error without a code: %v", err)
					}
				})
			}
		}
	}
}

// costlyCalls are calls of a helper in which each of its arguments and options in turn, and all arguments, are large.
func costlyCalls(e *Entry) []string {
	var out []string
	const large = "@root.x"
	usual := func(p Param) string {
		switch {
		case len(p.Values) > 0:
			return `"` + p.Values[0] + `"`
		case p.Kind == Number:
			return "2"
		case p.Kind == Date:
			return "1547942400000"
		case p.Kind == List:
			return "@root.l"
		}
		return `"a"`
	}
	var required string
	for _, o := range e.Options {
		if o.Name == other {
			required = ` other="#"`
		}
	}
	add := func(args []string, options string) {
		call := e.Name + " " + strings.Join(args, " ") + required + options
		switch {
		case e.Form() == handlebars.Block:
			out = append(out, "{{#"+call+"}}{{/"+e.Name+"}}")
		default:
			out = append(out, "{{#if ("+call+")}}{{/if}}")
		}
	}
	args := make([]string, len(e.Args))
	for i, p := range e.Args {
		args[i] = usual(p)
	}
	for i := range args {
		was := args[i]
		args[i] = large
		add(args, "")
		args[i] = was
	}
	for _, o := range e.Options {
		if o.Name != "*" && o.Name != other {
			add(args, " "+o.Name+"="+large)
		}
	}
	if len(e.Args) > 1 {
		all := make([]string, len(args))
		for i := range all {
			all[i] = large
			if len(e.Args[i].Values) > 0 {
				all[i] = `"<"`
			}
			if i == len(all)-1 {
				all[i] = "@root.y"
			}
		}
		add(all, "")
	}
	return out
}
