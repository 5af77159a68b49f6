package content

import (
	"strings"
	"testing"

	"github.com/heraldsend/herald/render/cache"
)

// Foreign HTML can't close what it didn't open, nor leave anything open.
func TestSanitizerBalances(t *testing.T) {
	s := NewSanitizer()
	deep := strings.Repeat("<b>", maxNesting+1) + "x"
	for in, want := range map[string]string{
		"plain":                               "plain",
		"<p>a</p><hr>b<br>":                   "<p>a</p><hr>b<br>",
		"</div></td></table>a":                "a",
		"<p>a<p>b":                            "<p>a<p>b</p></p>",
		"<b>a<i>b</b>c</i>":                   "<b>a<i>b</i></b>c",
		"<table><tr><td>a":                    "<table><tr><td>a</td></tr></table>",
		"<div>a</div></div><div>b":            "<div>a</div><div>b</div>",
		"<script>x</script><a href=\"x:y\">l": "l",
		"a &lt;/div&gt; &amp; b":              "a &lt;/div&gt; &amp; b",
		"<p/>a<br/><div/>b":                   "<p/>a<br/><div/>b</div></p>",
		deep:                                  strings.Repeat("<b>", maxNesting) + "x" + strings.Repeat("</b>", maxNesting),
	} {
		if got := string(s.HTML([]byte(in), false)); got != want {
			t.Errorf("%.40s: %.200s, want %.200s", in, got, want)
		}
	}
}

// What was laid out of a large skeleton is nobody else's: it isn't kept.
func TestLargeSkeletonsAreNotKept(t *testing.T) {
	var c cache.Map[string, int]
	if putLayout(&c, make([]byte, maxCachedSkeleton), 1) != 1 || putLayout(&c, make([]byte, maxCachedSkeleton+1), 2) != 2 {
		t.Error("another value came back")
	}
	if len(c.All()) != 1 {
		t.Errorf("%d skeletons are kept", len(c.All()))
	}
}
