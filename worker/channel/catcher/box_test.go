package catcher

import (
	"context"
	"fmt"
	"strconv"
	"testing"

	"github.com/heraldsend/herald/worker/message"
)

func TestBox(t *testing.T) {
	b := NewBox(16)
	for i := range 40 {
		m := &message.Message{ID: fmt.Sprint("m", i), Channel: message.Chat, To: []message.Address{{Addr: fmt.Sprint("c", i)}}, Text: "hello"}
		if _, err := b.Send(context.Background(), m); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Keep(&Mail{From: "bounce@a.example", To: []string{"ada@b.example"}, Raw: []byte("From: Ann <ann@a.example>\r\nSubject: =?utf-8?q?gr=C3=BCn?=\r\n\r\nhello")}); err != nil {
		t.Fatal(err)
	}
	first, next := b.List("", 3)
	if len(first) != 3 || first[0].Subject != "grün" || first[0].From != "Ann <ann@a.example>" || first[1].To[0] != "c39" || next != first[2].ID {
		t.Fatalf("%+v, next %q", first, next)
	}
	seen := len(first)
	for next != "" {
		var list []*Caught
		list, next = b.List(next, 3)
		seen += len(list)
	}
	if seen < 8 || seen > 16 {
		t.Errorf("%d messages are kept", seen)
	}
	if got := b.Get(first[1].ID); got != first[1] {
		t.Errorf("got %+v", got)
	}
	for _, id := range []string{"1", "0", "99", "x", ""} {
		if got := b.Get(id); got != nil {
			t.Errorf("%q: %+v", id, got)
		}
	}
	if _, err := b.Send(context.Background(), &message.Message{Channel: message.Chat}); err == nil {
		t.Error("a message without a recipient passes")
	}
}

// Events have a list of their own, which the same rules keep.
func TestBoxEvents(t *testing.T) {
	b := NewBox(8)
	for i := range 20 {
		b.Tell(&Told{EventID: strconv.Itoa(i), Type: "message.sent"})
	}
	first, next := b.Events("", 3)
	if len(first) != 3 || first[0].EventID != "19" || first[0].At.IsZero() || next != first[2].ID {
		t.Errorf("%+v, next %q", first, next)
	}
	rest, next := b.Events(next, 100)
	if len(rest) == 0 || len(rest) > 5 || rest[0].EventID != "16" || next != "" {
		t.Errorf("%+v, next %q", rest, next)
	}
	if messages, _ := b.List("", 100); len(messages) != 0 {
		t.Errorf("%d messages", len(messages))
	}
}
