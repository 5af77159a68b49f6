package render_test

import (
	"context"
	"strings"
	"testing"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/rendertest"
)

// Dates and messages that no helper formats are printed as Kustomer prints them; which fields are dates travels with the bundle.
func TestBareFields(t *testing.T) {
	c, err := catalog.Load(rendertest.Folder(
		"fields.yaml", "customer:\n  born: {type: date}\n  bornAt: {}\n  code: {type: text}\n",
		"snippets/sn.a.yaml", "source: en\ntexts: {en: \"{{customer.custom.born}}\"}\n",
		"shortcuts/s.yaml", `subject: x
format: text
message: |
  1 {{customer.custom.bornAt}}
  2 [[sn.a]]
  3 {{customer.custom.code}}
  4 {{conversation.firstMessageIn}}
  5 {{#with conversation}}{{firstMessageIn}}{{firstMessageIn.sentAt}}{{/with}}
  6 {{#each messages as |m|}}{{m.sentAt}};{{../customer.custom.born}};{{/each}}
  7 {{conversation.lastMessageOut}}
  8 {{dateFormat customer.custom.bornAt}} {{#if (eq customer.custom.bornAt "2019-01-18T00:00:00Z")}}same{{/if}}
`))
	if err != nil {
		t.Fatal(err)
	}
	b, err := c.Bundle("s")
	if err != nil {
		t.Fatal(err)
	}
	if b, err = catalog.DecodeBundle(b.Encode()); err != nil {
		t.Fatal(err)
	}
	r, err := render.New(render.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := r.Open(b)
	if err != nil {
		t.Fatal(err)
	}
	got, err := p.Render(context.Background(), render.Request{Channel: catalog.SMS, Context: []byte(`{
		"customer": {"custom": {"born": "2019-01-18T00:00:00Z", "bornAt": "2019-01-18T00:00:00Z", "code": "2019-01-18"}},
		"conversation": {"firstMessageIn": {"preview": "Where is my bike?", "sentAt": "2019-01-18T10:00:00Z"}, "lastMessageOut": "as text"},
		"messages": [{"sentAt": "2019-01-19T00:00:00Z"}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	want := `1 January 18, 2019 12:00 AM
2 January 18, 2019 12:00 AM
3 2019-01-18
4 Where is my bike?
5 Where is my bike?January 18, 2019 10:00 AM
6 January 19, 2019 12:00 AM;January 18, 2019 12:00 AM;
7 as text
8 January 18, 2019 same`
	if strings.TrimSpace(got.Text) != want {
		t.Errorf("got\n%s\nwant\n%s", got.Text, want)
	}
}
