package render

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/heraldsend/herald/render/catalog"
)

// Lines 12 and 28, and JSON that is not one.
func TestContexts(t *testing.T) {
	proto, _ := json.Marshal(hostile(t, "proto.hbs"))
	p := open(t, load(t, "shortcuts/s.yaml", "format: text\nmessage: "+string(proto)+"\n",
		"shortcuts/n.yaml", "message: \"order {{orderId}}\"\n"), "s")
	if got := renderOne(t, p, catalog.SMS, `{"u":{"name":"x"},"f":null}`, "").Text; got != "" {
		t.Errorf("prototype names print %q", got)
	}
	n := open(t, load(t, "shortcuts/n.yaml", "subject: \"{{orderId}}\"\nmessage: \"order {{orderId}}\"\n"), "n")
	for _, channel := range catalog.Channels() {
		got := renderOne(t, n, channel, hostile(t, "bigint.json"), "")
		if !strings.Contains(got.Text, "order 9007199254740993") || channel == catalog.Email && got.Subject != "9007199254740993" {
			t.Errorf("%s: %q", channel, got.Text)
		}
	}
	for _, bad := range []string{"", "[]", "null", `"x"`, "{", `{"a":1}{}`, `{"a":1,}`} {
		_, err := n.Render(context.Background(), Request{Channel: catalog.Email, Context: []byte(bad)})
		var fault *ContextError
		if !errors.As(err, &fault) {
			t.Errorf("context %q: error %v, want a *ContextError", bad, err)
		}
	}
	if got := renderOne(t, n, catalog.SMS, `{"orderId":"\ud800x"}`, "").Text; !strings.Contains(got, "x") || strings.ContainsRune(got, '\u0000') {
		t.Errorf("lone surrogate: %q", got)
	}
	if c, err := n.Render(context.Background(), Request{Channel: catalog.Email, Context: []byte(strings.Replace(hostile(t, "invalid_utf8.json"), "name", "orderId", 1))}); err == nil && !utf8.ValidString(c.HTML+c.Text+c.Subject) {
		t.Errorf("invalid UTF-8 goes through: %q", c.Text)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := n.Render(ctx, Request{Channel: catalog.Email, Context: []byte(`{}`)}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// Line 25: names with paths reach no file.
func TestPathsAsNames(t *testing.T) {
	const evil = "../../etc/passwd"
	c := load(t, "shortcuts/s.yaml", "message: x\n")
	var unknown *catalog.UnknownError
	if _, err := c.Bundle(evil); !errors.As(err, &unknown) || unknown.Kind != "shortcut" {
		t.Errorf("shortcut: %v", err)
	}
	if _, err := c.InlineBundle(catalog.Shortcut{Message: "x", EmailTemplate: evil}); !errors.As(err, &unknown) || unknown.Kind != "email template" {
		t.Errorf("email template: %v", err)
	}
	if _, err := c.InlineBundle(catalog.Shortcut{Message: "x", Attachments: []string{evil}}); err == nil || !strings.Contains(err.Error(), "must be the name of a file") {
		t.Errorf("attachment: %v", err)
	}
	if _, err := c.InlineBundle(catalog.Shortcut{Message: "[[sn." + evil + "]]"}); err == nil {
		t.Error("snippet: no error")
	}
	if _, err := c.InlineBundle(catalog.Shortcut{Message: "{{> " + evil + "}}"}); err == nil {
		t.Error("partial: no error")
	}
	if _, err := c.InlineBundle(catalog.Shortcut{Name: evil, Message: "x"}); err == nil {
		t.Error("shortcut's own name: no error")
	}
	if _, err := c.Attachment(evil); !errors.As(err, &unknown) {
		t.Errorf("attachment by hash: %v", err)
	}
}
