package catalog

import (
	"slices"
	"strings"
	"testing"

	"github.com/heraldsend/herald/render/rendertest"
)

const ownFields = `customer:
  tierStr: {name: Membership tier, values: [Gold, Silver], sample: Gold}
  born: {type: date, optional: true, sample: "1990-05-01"}
conversation:
  urgentBool: {sample: false}
kobjects:
  order:
    description: An order
    fields:
      totalNum: {sample: 12.5}
      lines:
        items:
          name: {type: text, sample: Bike}
          price: {type: number, sample: 9}
other:
  shop.name: {type: text, sample: Fernhill}
  extra.*: {}
`

func TestOwnFields(t *testing.T) {
	c, err := Load(rendertest.Folder("fields.yaml", ownFields))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]FieldType{
		"customer.custom.tierStr": TypeText, "customer.custom.born": TypeDate, "conversation.custom.urgentBool": TypeBool,
		"kobjects.order.custom.totalNum": TypeNumber, "kobjects.order.custom.lines": TypeList, "kobjects.order.custom.lines.0.price": TypeNumber,
		"kobjects.order.title": TypeText, "shop.name": TypeText, "extra.a.bNum": TypeNumber, "customer.name": TypeText, "customer.custom": TypeObject,
	} {
		if got, ok := c.Fields().Find(strings.Split(path, ".")); !ok || got != want {
			t.Errorf("%s is %s, %v, want %s", path, got, ok, want)
		}
	}
	for _, path := range []string{"customer.custom.tier", "kobjects.invoice.title", "kobjects.order.custom.other", "conversation.custom.xStr", "shop.owner",
		"kobjects.order.custom.lines.0.colour"} {
		if c.Fields().Has(strings.Split(path, ".")) {
			t.Errorf("%s is a field", path)
		}
	}
	if got := c.Fields().Meant("membership tier"); got != "customer.custom.tierStr" {
		t.Errorf("Membership tier is %q", got)
	}
	if got := c.OwnKind("customer.custom.born"); got != "date" {
		t.Errorf("born is a %q", got)
	}
	got, err := c.SampleContext([]byte(`{"customer":{"name":"Ada","custom":{"tierStr":"Silver"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"conversation":{"custom":{"urgentBool":false}},"customer":{"custom":{"born":"1990-05-01","tierStr":"Silver"},"name":"Ada"},` +
		`"kobjects":{"order":{"custom":{"lines":[{"name":"Bike","price":9}],"totalNum":12.5}}},"shop":{"name":"Fernhill"}}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestOwnFieldFaults(t *testing.T) {
	_, findings := Read(rendertest.Folder("fields.yaml", `customer:
  a b: {}
  tierStr: {type: txt}
  visitsNum: {sample: many}
  goldBool: {sample: 1}
  bornAt: {optional: maybe}
  lines: {type: list, sample: x}
  oneStr: {type: text, items: {a: {}}}
  twoStr: {colour: red}
kobjects:
  an order: {}
`))
	var got []string
	for _, f := range findings {
		got = append(got, f.String())
	}
	want := []string{
		`fields.yaml:2:8: the name of a field has letters, digits, - and _: "a b"`,
		`fields.yaml:3:19: unknown type "txt"; did you mean "text"?: want text, number, boolean, date, list, object, any`,
		"fields.yaml:4:23: the sample of a number is many; a list takes those of its items",
		"fields.yaml:5:22: the sample of a boolean is 1; a list takes those of its items",
		"fields.yaml:6:22: customer.bornAt.optional: wants true or false",
		"fields.yaml:7:31: the sample of a list is x; a list takes those of its items",
		"fields.yaml:8:31: only a list has items",
		`fields.yaml:9:12: unknown key "colour"`,
		`fields.yaml:11:13: a klass has letters, digits, - and _: "an order"`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
