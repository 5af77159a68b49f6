package email

import (
	"bytes"
	"fmt"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/message"
)

// Ids and other structured values arrive as they were given, however long they are: folded between words, never encoded.
func TestStructuredFieldsAreNotTouched(t *testing.T) {
	var references []string
	for i := range 60 {
		references = append(references, fmt.Sprintf("<%s=?utf-8?q?%d?=@mail.example.com>", strings.Repeat("x", i*3), i))
	}
	m := &message.Message{
		ID: "m1", Channel: message.Email, From: address.Address{Addr: "help@example.com"}, To: []address.Address{{Addr: "ada@example.com"}}, Subject: "s", Text: "t",
		Thread: message.Thread{InReplyTo: references[59], References: references[:59]},
		Headers: []message.Header{
			{Name: "List-Id", Value: "=?odd?= words " + strings.Repeat("and more ", 20) + "<news.example.com>"}, {Name: "X-Campaign", Value: "Frühling"},
			{Name: "Feedback-ID", Value: "a:b:c:d"},
		},
	}
	if err := Check(m); err != nil {
		t.Fatal(err)
	}
	raw, err := Compose(m, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(raw) {
		if len(line) > 1000 {
			t.Errorf("a line of %d bytes", len(line))
		}
	}
	got, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	kept := append(append([]string{}, references[0]), references[41:]...)
	for name, want := range map[string]string{
		"In-Reply-To": references[59], "References": strings.Join(kept, " "), "List-Id": m.Headers[0].Value, "X-Campaign": "=?utf-8?b?RnLDvGhsaW5n?=", "Feedback-Id": "a:b:c:d",
	} {
		if value := got.Header[name]; len(value) != 1 || value[0] != want {
			t.Errorf("%s: %q, want %q", name, value, want)
		}
	}
}
