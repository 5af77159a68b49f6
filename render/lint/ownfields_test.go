package lint

import (
	"slices"
	"testing"

	"github.com/heraldsend/herald/render/rendertest"
)

// Once fields.yaml declares fields, a custom field that it doesn't is unknown; what may be missing is asked for before.
func TestOwnFields(t *testing.T) {
	report := Folder(rendertest.Folder(
		"fields.yaml", "customer:\n  tierStr: {values: [Gold, Silver]}\n  nick: {type: text, optional: true}\nkobjects:\n  order:\n    fields:\n      lines: {items: {name: {type: text}, at: {type: date}}}\n",
		"shortcuts/s.yaml", `subject: x
message: |
  {{customer.custom.tierStr}} {{customer.custom.tirStr}} {{customer.custom.otherStr}}
  {{kobjects.order.title}} {{kobjects.ordr.title}} {{kobjects.order.custom.lnes}}
  {{#each kobjects.order.custom.lines}}{{name}} {{nme}} {{dateFormat at}} {{dateFormat name}}{{/each}}
  {{#ifCond customer.custom.tierStr "==" "gold"}}x{{/ifCond}}
  {{customer.custom.nick}}
  {{#if customer.custom.nick}}{{customer.custom.nick}}{{else}}{{customer.custom.nick}}{{/if}} {{default customer.custom.nick "you"}}
  {{#if (and customer.custom.nick customer.name)}}{{customer.custom.nick}}{{/if}}
`), Options{})
	want := []string{
		"shortcuts/s.yaml:3:33 error unknown_field", "shortcuts/s.yaml:3:60 error unknown_field",
		"shortcuts/s.yaml:4:30 error unknown_field", "shortcuts/s.yaml:4:54 error unknown_field",
		"shortcuts/s.yaml:5:51 error unknown_field", "shortcuts/s.yaml:5:88 warning date_type",
		"shortcuts/s.yaml:6:42 warning comparison", "shortcuts/s.yaml:7:5 warning may_be_missing",
	}
	if got := codes(report.Findings); !slices.Equal(got, want) {
		t.Errorf("got\n%q\nwant\n%q\n%v", got, want, report.Findings)
	}
}
