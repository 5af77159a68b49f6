package bulk_test

import (
	"strings"
	"testing"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/message"
)

// Columns whose types are known by a declaration become that, whatever their names end in.
func TestAudienceTypes(t *testing.T) {
	a, err := bulk.OpenAudience(strings.NewReader("customer.email,customer.custom.points,customer.custom.vip,customer.custom.codeNum,customer.custom.visitsNum\n"+
		"a@example.com,12,yes,0012,3\n"), "a.csv", message.Email)
	if err != nil {
		t.Fatal(err)
	}
	a.Types(func(path string) string {
		return map[string]string{"customer.custom.points": "number", "customer.custom.vip": "boolean", "customer.custom.codeNum": "text"}[path]
	})
	for r, err := range a.All() {
		if err != nil {
			t.Fatal(err)
		}
		if want := `{"customer":{"email":"a@example.com","custom":{"points":12,"vip":true,"codeNum":"0012","visitsNum":3}}}`; string(r.Context) != want {
			t.Errorf("got %s, want %s", r.Context, want)
		}
	}
}
