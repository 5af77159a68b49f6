package lint

import (
	"strings"
	"testing"

	"github.com/heraldsend/herald/render/rendertest"
)

// One fix after which the file can't be read takes none of the others with it.
func TestOneBadFixIsUndone(t *testing.T) {
	const message = `subject: x
message: |
  Dear {{customer.fristName}}, {{customer.total | currency}}
  {{upper customer.phone}} and *|FNAME|*
`
	fixed := Fix(rendertest.Folder("shortcuts/a.yaml", message), Options{})
	got := string(fixed.Files["shortcuts/a.yaml"])
	for _, want := range []string{"Dear {{customer.firstName}}, ", "{{uppercase customer.phone}} and {{customer.firstName}}"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
	if len(fixed.Findings) != 3 || !strings.Contains(got, "| currency") {
		t.Errorf("%d are mended in\n%s", len(fixed.Findings), got)
	}
}
