package testmode

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/heraldsend/herald/worker/address/phone"
)

// The documentation lists the magic addresses as they are.
func TestDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "<!-- magic -->\n| name | NN | what happens |\n|---|---|---|\n")
	table, _, _ = strings.Cut(table, "\n\n")
	var want []string
	for _, m := range Magics {
		want = append(want, fmt.Sprintf("| `%s` | %s | %s |", m.Name, m.Number, m.Doc))
	}
	if got := strings.TrimSpace(table); got != strings.Join(want, "\n") {
		t.Errorf("docs/api.md has\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

func TestOf(t *testing.T) {
	for address, want := range map[string]string{
		"bounce@test.herald.invalid": "bounce", "BOUNCE+a+b@Test.Herald.Invalid": "bounce", "+12125550102": "bounce", "+447700900002": "bounce",
		"bounce@herald.invalid": "", "bounce@test.herald.invalid.example": "", "ada@test.herald.invalid": "", "bounce": "", "": "", "@": "", "@test.herald.invalid": "",
		"+bounce@test.herald.invalid": "", "+12125550202": "", "+12125550100": "", "+12125550111": "", "+11125550102": "", "+4477009000022": "", "+447700901002": "",
	} {
		got := ""
		if m := Of(address); m != nil {
			got = m.Name
		}
		if got != want {
			t.Errorf("%q is %q, want %q", address, got, want)
		}
	}
	for _, m := range Magics { // in the form in which they are sent
		for _, text := range []string{"(212) 555-01" + m.Number, "+44 7700 9000" + m.Number} {
			number, err := phone.Parse(text, "US")
			if found := Of(number); err != nil || found == nil || found.Name != m.Name {
				t.Errorf("%s: %q, %v", text, number, err)
			}
		}
	}
}
