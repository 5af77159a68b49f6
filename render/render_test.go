package render

import (
	"context"
	"strings"
	"testing"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/rendertest"
)

// load makes a catalog of files given as "path", "text", …
func load(t testing.TB, files ...string) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Load(rendertest.Folder(files...))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// open prepares one shortcut, by way of its encoded bundle as jobs do.
func open(t testing.TB, c *catalog.Catalog, shortcut string) *Prepared {
	t.Helper()
	b, err := c.Bundle(shortcut)
	if err != nil {
		t.Fatal(err)
	}
	b, err = catalog.DecodeBundle(b.Encode())
	if err != nil {
		t.Fatal(err)
	}
	r, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := r.Open(b)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func renderOne(t testing.TB, p *Prepared, channel catalog.Channel, data, locale string) *Content {
	t.Helper()
	content, err := p.Render(context.Background(), Request{Channel: channel, Context: []byte(data), Locale: locale})
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestRenderEveryChannel(t *testing.T) {
	c := load(t, "snippets/sn.greeting.yaml", rendertest.GreetingSnippet, "emails/default.hbs", rendertest.LayoutEmail,
		"defaults.yaml", "replyTemplate: default\n",
		"shortcuts/order.yaml", `
subject: "Order {{conversation.custom.orderStr}} for {{customer.name}}"
preheader: News of {{conversation.custom.orderStr}}
message: |
  [[sn.greeting]],

  your order **{{conversation.custom.orderStr}}** is [on its way](https://example.com/t?o={{conversation.custom.orderStr}}).

  - one
  - {{customer.name}}
`)
	p := open(t, c, "order")
	const data = `{"customer":{"firstName":"Ada","name":"Ada <b> & *Co*","email":"ada@example.com"},
		"conversation":{"custom":{"orderStr":"A 1&2"}},"currentUser":{"displayName":"Kim"}}`
	mail := renderOne(t, p, catalog.Email, data, "de-AT")
	if want := "Order A 1&2 for Ada <b> & *Co*"; mail.Subject != want {
		t.Errorf("subject %q, want %q", mail.Subject, want)
	}
	for _, want := range []string{
		`<p style="margin:0 0 16px">Hallo Ada,</p>`,
		`<strong>A 1&amp;2</strong> is <a href="https://example.com/t?o=A%201%262">on its way</a>`,
		`<li>Ada &lt;b&gt; &amp; *Co*</li>`,
		`<div style="display:none">News of A 1&amp;2</div>`,
		`Sent to ada@example.com by Kim`,
	} {
		if !strings.Contains(mail.HTML, want) {
			t.Errorf("HTML lacks %s:\n%s", want, mail.HTML)
		}
	}
	if want := "Hallo Ada,\n\nyour order A 1&2 is on its way (https://example.com/t?o=A%201%262).\n\n- one\n- Ada <b> & *Co*\n\nSent to ada@example.com by Kim\n"; mail.Text != want {
		t.Errorf("text\n%q, want\n%q", mail.Text, want)
	}
	if len(mail.Issues) > 0 {
		t.Errorf("issues: %+v", mail.Issues)
	}
	text := renderOne(t, p, catalog.SMS, data, "fr")
	if want := "Bonjour Ada,\n\nyour order A 1&2 is on its way (https://example.com/t?o=A%201%262).\n\n- one\n- Ada <b> & *Co*"; text.Text != want || text.SMS == nil || text.SMS.Segments != 1 {
		t.Errorf("sms %q, %+v", text.Text, text.SMS)
	}
	chat := renderOne(t, p, catalog.Chat, data, "ja")
	if want := "Hello Ada,\n\nyour order **A 1\\&2** is [on its way](https://example.com/t?o=A%201%262).\n\n- one\n- Ada \\<b\\> \\& \\*Co\\*"; chat.Text != want {
		t.Errorf("chat %q", chat.Text)
	}
	if len(chat.Issues) != 1 || chat.Issues[0].Code != IssueSnippetFallback {
		t.Errorf("chat issues: %+v", chat.Issues)
	}
}
