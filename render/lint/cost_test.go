//go:build !race

package lint

import (
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/helpers/cputest"
	"github.com/heraldsend/herald/render/catalog"
)

// maxCPU is what checking one text of 250 KB may cost: it ends with no context, so that it has to be little.
const maxCPU = 400 * time.Millisecond

func TestCosts(t *testing.T) {
	const size = 250_000
	texts := map[string]string{}
	for _, piece := range hostilePieces {
		texts[piece] = "x" + strings.Repeat(piece, size/len(piece))
	}
	for _, more := range []string{"/[a]", "/a", ".a", "a", " a", ` "a"`, " a=1", " (a)", " "} { // in one tag
		texts["{{[a]"+more] = "{{[a]" + strings.Repeat(more, size/len(more)) + "}}"
		texts["{{eq"+more] = "{{eq" + strings.Repeat(more, size/len(more)) + "}}"
	}
	c, _ := catalog.Read(folderOf("subject: x\nmessage: y\n"))
	checked := 0
	for name, text := range texts {
		b, err := c.InlineBundle(catalog.Shortcut{Name: "inline", Message: text, Subject: "s", EmailTemplate: catalog.NoTemplate})
		if err != nil {
			continue // what doesn't compile is not checked
		}
		checked++
		least := time.Hour
		for range 3 { // others use the processor's caches, too
			before := cputest.Used()
			Bundle(c, b)
			if least = min(least, cputest.Used()-before); least <= maxCPU {
				break
			}
		}
		if least > maxCPU {
			t.Errorf("%q takes %v", name, least)
		}
	}
	if checked < 30 {
		t.Errorf("only %d texts compile", checked)
	}
}
