package message

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/heraldsend/herald/worker/fault"
)

func TestThread(t *testing.T) {
	var many []string
	for i := range 60 {
		many = append(many, fmt.Sprintf("<m%d@example.com>", i))
	}
	for _, c := range []struct {
		thread     Thread
		inReplyTo  string
		references string
	}{
		{Thread{}, "", ""},
		{Thread{InReplyTo: "a@b.example"}, "<a@b.example>", "<a@b.example>"},
		{Thread{InReplyTo: " <a@b.example> "}, "<a@b.example>", "<a@b.example>"},
		{Thread{References: []string{"<x@b.example>", "<y@b.example>"}}, "<y@b.example>", "<x@b.example> <y@b.example>"},
		{Thread{InReplyTo: "<y@b.example>", References: []string{"x@b.example", "<y@b.example>"}}, "<y@b.example>", "<x@b.example> <y@b.example>"},
		{Thread{InReplyTo: "<z@b.example>", References: []string{"<x@b.example>", "<x@b.example>"}}, "<z@b.example>", "<x@b.example> <z@b.example>"},
		{Thread{References: many}, "<m59@example.com>", "<m0@example.com> " + strings.Join(many[41:], " ")},
	} {
		if err := c.thread.Validate(); err != nil {
			t.Errorf("%+v: %v", c.thread, err)
		}
		in, references := c.thread.Fields()
		if in != c.inReplyTo || strings.Join(references, " ") != c.references {
			t.Errorf("%+v: %q, %q", c.thread, in, references)
		}
	}
	for _, bad := range []string{"a", "@", "a@", "@b", "<a@b", "a b@c", "a@b\r\nBcc: x@y", "<a@b><c@d>", "ä@b.example", strings.Repeat("a", 250) + "@b", "a@b,c@d"} {
		if got := fault.In(Thread{InReplyTo: bad, References: []string{"a@b", bad}}.Validate()); len(got) != 2 || got[0].Pointer != "/inReplyTo" || got[1].Pointer != "/references/1" {
			t.Errorf("%q: %v", bad, got)
		}
	}
	if got := fault.In(Thread{References: make([]string, 101)}.Validate()); len(got) != 1 || got[0].Code != fault.TooMany {
		t.Errorf("%v", got)
	}
}

func TestHeaderForms(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"X-Campaign", "Frühling", ""},
		{"References", "<a@b.example> <c@d.example>", ""},
		{"References", "a@b.example", "/0/value"},
		{"In-Reply-To", "", "/0/value"},
		{"In-Reply-To", "<ä@b.example>", "/0/value"},
		{"List-Id", "News <news.example.com>", ""},
		{"List-Id", "<news.example.com>", ""},
		{"List-Id", "news", "/0/value"},
		{"List-Id", "Neuigkeiten für alle <news.example.com>", "/0/value"},
		{"List-Help", "<mailto:help@example.com>", ""},
		{"List-Help", "https://example.com", "/0/value"},
		{"Precedence", "bulk", ""},
		{"Subject", "x", "/0/name"}, {"dkim-signature", "x", "/0/name"}, {"Authentication-Results", "x", "/0/name"}, {"ARC-Seal", "x", "/0/name"},
		{"arc-message-signature", "x", "/0/name"}, {"Received-SPF", "x", "/0/name"}, {"Delivered-To", "x", "/0/name"}, {"Resent-From", "x", "/0/name"},
		{"Content-Type", "x", "/0/name"}, {"Return-Path", "x", "/0/name"}, {"Bcc", "x", "/0/name"}, {"Message-Id", "x", "/0/name"},
	} {
		var got []string
		for _, f := range fault.In(CheckHeaders([]Header{{c.name, c.value}})) {
			got = append(got, f.Pointer)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %s: %q, want %q", c.name, c.value, got, c.want)
		}
	}
	twice := fault.In(CheckHeaders([]Header{{"List-Id", "<a.b>"}, {"X-A", "1"}, {"list-id", "<c.d>"}, {"X-A", "2"}}))
	if len(twice) != 1 || twice[0].Pointer != "/2/name" || !slices.Contains([]string{fault.Duplicate}, twice[0].Code) {
		t.Errorf("%v", twice)
	}
}
