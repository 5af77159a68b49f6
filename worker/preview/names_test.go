package preview_test

import (
	"testing"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/handlebars"
	"github.com/heraldsend/herald/worker/preview"
)

func TestNearestField(t *testing.T) {
	names := preview.NewNames(catalog.Fields())
	context, err := handlebars.ParseJSON([]byte(`{"customer":{"custom":{"orderNumberStr":"A-1","tierStr":"Gold"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	names.AddContext(context)
	for path, want := range map[string]string{
		"customer.fristName":            "customer.firstName",
		"custmer.frstName":              "customer.firstName",
		"user.displayname":              "user.displayName",
		"customer.custom.orderNumbrStr": "customer.custom.orderNumberStr",
		"customer.firstName":            "", // it exists, whether or not this customer has one
		"customer.custom.nicknameStr":   "", // another field of the team's, perhaps
		"customer.firstName.x":          "",
		"title":                         "",
		"":                              "",
	} {
		if got := names.Nearest(path); got != want {
			t.Errorf("%q: got %q, want %q", path, got, want)
		}
	}
}
