package task

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/message"
)

func goodMessage() Message {
	return Message{
		ID: "order-1", Channel: message.Email, From: "Acme <help@acme.example>", To: "ada@example.com", Content: Content{Text: "Hi"},
	}
}

// Each mistake is told at its place, with its code, and nothing else is.
func TestFaultyMessages(t *testing.T) {
	many := func(n int) []string { return strings.Split(strings.Repeat("a@example.com ", n-1)+"a@example.com", " ") }
	long := strings.Repeat("é", 10_001)
	cases := map[string]struct {
		change func(*Message)
		want   map[string]string
	}{
		"nothing": {func(m *Message) { *m = Message{} }, map[string]string{
			"/id": fault.Malformed, "/channel": fault.Missing, "/to": fault.Missing, "/shortcut": fault.Missing}},
		"channel":         {func(m *Message) { m.Channel = "fax"; m.Cc = many(1) }, map[string]string{"/channel": fault.NotOneOf}},
		"sender":          {func(m *Message) { m.From = "" }, map[string]string{"/from": fault.Missing}},
		"bad senders":     {func(m *Message) { m.From, m.ReplyTo = "help", "a@b@c" }, map[string]string{"/from": fault.BadAddress, "/replyTo": fault.BadAddress}},
		"no mailbox":      {func(m *Message) { m.To = "hello" }, map[string]string{"/to": fault.BadAddress}},
		"no number":       {func(m *Message) { m.Channel, m.To = message.SMS, "hello" }, map[string]string{"/to": fault.BadAddress}},
		"no conversation": {func(m *Message) { m.Channel, m.To = message.Chat, "a\r\nb" }, map[string]string{"/to": fault.BadAddress}},
		"long recipient":  {func(m *Message) { m.To = long }, map[string]string{"/to": fault.TooLong}},
		"copies": {func(m *Message) { m.Cc, m.Bcc = []string{"a@example.com", "x", ""}, many(51) }, map[string]string{
			"/cc/1": fault.BadAddress, "/cc/2": fault.BadAddress, "/bcc": fault.TooMany}},
		"email only": {func(m *Message) {
			m.Channel, m.To, m.Cc, m.Bcc, m.Unsubscribe, m.Headers = message.Note, "c1", many(1), many(1), true, []message.Header{{Name: "X-A", Value: "b"}}
		}, map[string]string{"/cc": fault.NotAllowed, "/bcc": fault.NotAllowed, "/unsubscribe": fault.NotAllowed, "/headers": fault.NotAllowed}},
		"headers": {func(m *Message) {
			m.Headers = []message.Header{{Name: "X-Good", Value: "a"}, {Name: "Bcc", Value: "x"}, {Name: "X-A: b", Value: "a\r\nBcc: c"}, {}}
		}, map[string]string{"/headers/1/name": fault.BadHeader, "/headers/2/name": fault.BadHeader, "/headers/2/value": fault.BadHeader, "/headers/3/name": fault.Missing}},
		"two contents": {func(m *Message) { m.Shortcut, m.Format, m.Subject = "x", "pdf", long }, map[string]string{
			"/text": fault.NotAllowed, "/format": fault.NotOneOf, "/subject": fault.TooLong}},
		"place":            {func(m *Message) { m.Timezone, m.Locale = "Mars/Phobos", "!!" }, map[string]string{"/timezone": fault.BadTimezone, "/locale": fault.BadLocale}},
		"policies":         {func(m *Message) { m.Policy, m.OnIssue = "maybe", "perhaps" }, map[string]string{"/policy": fault.NotOneOf, "/onIssue": fault.NotOneOf}},
		"note":             {func(m *Message) { m.Note = message.NoteFields{Status: "banana", Mentions: []string{"u", ""}} }, map[string]string{"/note/status": fault.NotOneOf, "/note/mentions/1": fault.Missing}},
		"chat":             {func(m *Message) { m.Chat.Brand = "a\nb"; m.Chat.Dialog = long }, map[string]string{"/chat/brand": fault.BadCharacter, "/chat/dialog": fault.TooLong}},
		"times":            {func(m *Message) { m.SendAt = time.Unix(9, 0); m.SendBefore = time.Unix(9, 0) }, map[string]string{"/sendBefore": fault.OutOfRange}},
		"context list":     {func(m *Message) { m.Context = json.RawMessage(` [1]`) }, map[string]string{"/context": fault.WrongType}},
		"context torn":     {func(m *Message) { m.Context = json.RawMessage(`{"a":`) }, map[string]string{"/context": fault.BadJSON}},
		"context twice":    {func(m *Message) { m.Context = json.RawMessage(`{"a.b":{"c/d":1,"C/d":2}}`) }, map[string]string{"/context/a.b/C~1d": fault.Duplicate}},
		"context too long": {func(m *Message) { m.Context = json.RawMessage(`"` + strings.Repeat("x", MaxContextBytes) + `"`) }, map[string]string{"/context": fault.TooLong}},
		"actions":          {func(m *Message) { m.Actions = &Actions{Status: "gone", Tags: []string{""}} }, map[string]string{"/actions/status": fault.NotOneOf, "/actions/tags/0": fault.Missing}},
		"files": {func(m *Message) {
			m.Attachments = []message.Ref{{}, {Inline: "%%", URL: "http://a.example/"}, {Blob: "x"}, {File: "a\x00.pdf"}, {URL: "https://u:p@a.example/x"}, {Inline: "YQ==", Name: long}}
		}, map[string]string{
			"/attachments/0": fault.Missing, "/attachments/1": fault.NotAllowed, "/attachments/1/inline": fault.Malformed, "/attachments/1/url": fault.Malformed,
			"/attachments/2/blob": fault.Malformed, "/attachments/3/file": fault.BadCharacter, "/attachments/4/url": fault.Malformed, "/attachments/5/name": fault.TooLong}},
	}
	all := map[string]string{}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			m := goodMessage()
			if err := m.Validate(); err != nil {
				t.Fatal(err)
			}
			c.change(&m)
			checkFaults(t, m.Validate(), c.want)
		})
		maps.Copy(all, c.want)
	}
	for _, pointer := range []string{"/from", "/to", "/cc", "/headers", "/note/status", "/timezone"} {
		if all[pointer] == "" {
			t.Errorf("%s is never told", pointer)
		}
	}
}
