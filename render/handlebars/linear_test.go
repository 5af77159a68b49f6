//go:build !race

package handlebars

import (
	"strings"
	"testing"
	"time"
)

// TestLinear compiles templates of 128 KiB and 1 MiB, whose times would differ by
// 64 if anything was quadratic.
func TestLinear(t *testing.T) {
	env := newEnv(t, Options{Limits: Limits{Source: 1 << 22, Steps: 1 << 30, Output: 1 << 30}})
	duration := func(text string) time.Duration {
		best := time.Hour
		for range 3 {
			start := cpuTime()
			_, _ = env.Compile("t", text) // an error takes its time, too
			best = min(best, cpuTime()-start)
		}
		return best
	}
	for name, part := range map[string]string{
		"fields": "{{a}} ", "blank comment": "{{!" + strings.Repeat(" ", 50) + "}}", "blocks": "{{#if a}}\n {{b}}\n{{else if c}}\n{{/if}}\n", "escapes": `\{{a}} `,
		"strings": `{{a.b "x\"y"}} `, "unclosed quotes": `{{lookup a "\"`, "raw": "{{{{a}}}}{{{{/a}}}}", "open only": "{{", "braces": "{", "snippets": "[[sn", "long name": "{{" + strings.Repeat("x", 30) + "}}",
	} {
		small := duration(strings.Repeat(part, 1<<17/len(part)))
		large := duration(strings.Repeat(part, 1<<20/len(part)))
		if large > 40*small && large > time.Second {
			t.Errorf("%s: 128 KiB take %v, 1 MiB %v", name, small, large)
		}
	}
}
