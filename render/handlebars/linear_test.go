//go:build !race

package handlebars

import (
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/helpers/cputest"
)

// TestLinear compiles templates of 128 KiB and 1 MiB, and those that compile it
// executes: the times would differ by 64 if anything was quadratic.
func TestLinear(t *testing.T) {
	env := newEnv(t, Options{Limits: Limits{Source: 1 << 22, Steps: 1 << 30, Output: 1 << 30}})
	duration := func(text string) time.Duration {
		best := time.Hour
		for range 3 {
			start := cputest.Used()
			if template, err := env.Compile("t", text); err == nil { // an error takes its time, too
				if _, err := template.Append(t.Context(), nil, &Exec{OnIssue: func(Issue) {}}); err != nil {
					t.Error(err)
				}
			}
			best = min(best, cputest.Used()-start)
		}
		return best
	}
	for name, part := range map[string]string{
		"fields": "{{a}} ", "blank comment": "{{!" + strings.Repeat(" ", 50) + "}}", "blocks": "{{#if a}}\n {{b}}\n{{else if c}}\n{{/if}}\n", "escapes": `\{{a}} `,
		"strings": `{{a.b "x\"y"}} `, "unclosed quotes": `{{lookup a "\"`, "raw": "{{{{a}}}}{{{{/a}}}}", "open only": "{{", "braces": "{", "snippets": "[[sn", "path": "{{a/\x00b/\x00}}", "bracket path": "{{[a]\x00/[a]\x00}}", "blank path": "{{a\x00 / a\x00}}", "arguments": "{{lookup a b\x00 a=b\x00}}",
		"long name": "{{" + strings.Repeat("x", 30) + "}}",
	} {
		small := duration(repeated(part, 1<<17))
		large := duration(repeated(part, 1<<20))
		if large > 40*small && large > time.Second {
			t.Errorf("%s: 128 KiB take %v, 1 MiB %v", name, small, large)
		}
	}
}

// repeated is a text of about n bytes: part again and again, or what stands between two zeros of it.
func repeated(part string, n int) string {
	if before, rest, ok := strings.Cut(part, "\x00"); ok {
		inner, after, _ := strings.Cut(rest, "\x00")
		return before + strings.Repeat(inner, n/len(inner)) + after
	}
	return strings.Repeat(part, n/len(part))
}
