package transcript

import (
	"encoding/json"
	"errors"
	"html"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/heraldsend/herald/render/content"
	"github.com/heraldsend/herald/worker/conversation"
	"github.com/heraldsend/herald/worker/redact"
	"github.com/heraldsend/herald/worker/task"
)

// Whatever stands around a redacted text, in text or in HTML, it is in nothing that templates get.
func FuzzRedaction(f *testing.F) {
	f.Add("4111 1111 1111", "my card is ", ", thanks", "<p>hi</p>", 3)
	f.Add("p@ss-w0rd!", "> ", "\n> more", "<a href=\"https://x.example/?q=p%40ss\">", 1)
	f.Add("Geheimnis", "<b>", "</b>", "<div style=display:none>", 0)
	f.Add("山田太郎", "\u202e", "&amp;", "<table><tr><td>", 2)
	s := content.NewSanitizer()
	f.Fuzz(func(t *testing.T, secret, before, after, markup string, at int) {
		folded := redact.Fold(secret)
		if redact.Weight(folded) < redact.FreeWeight || len(secret) > 1000 || strings.Contains(secret, "█") || !utf8.ValidString(secret+before+after+markup) {
			t.Skip()
		}
		at = min(max(at, 0), len(secret))
		for !utf8.RuneStart((secret + "a")[at]) {
			at--
		}
		said := before + secret + after
		split := html.EscapeString(before) + "<b>" + html.EscapeString(secret[:at]) + "</b>" + html.EscapeString(secret[at:]) + html.EscapeString(after)
		c := &conversation.Conversation{
			Name: said,
			Messages: []conversation.Message{
				{Channel: "email", Direction: "in", Subject: said, Preview: said, Body: said, HTMLBody: markup + split, Redactions: []conversation.Redaction{{Text: secret}}},
				{Channel: "email", Direction: "out", Subject: said, Preview: said, Body: said},
				{Channel: "email", Direction: "in", HTMLBody: markup + split, Attachments: []conversation.Attachment{{Name: said}}},
				{Channel: "email", Direction: "in", HTMLBody: split + markup},
			},
		}
		custom, err := json.Marshal(map[string]string{"a": said})
		if err != nil {
			t.Fatal(err)
		}
		c.Custom = custom
		transcript, err := NewTranscript(t.Context(), c, nil, task.Forward{}, s)
		if err != nil {
			t.Fatal(err)
		}
		look := func(what, text string) {
			if strings.Contains(redact.Fold(text), folded) {
				t.Errorf("%s holds %q: %q", what, secret, text)
			}
		}
		look("the name", transcript.Conversation.Name)
		var fields map[string]string
		if err := json.Unmarshal(transcript.Conversation.Custom, &fields); err != nil {
			t.Fatal(err)
		}
		look("a custom field", fields["a"])
		for _, e := range transcript.Messages {
			said, err := s.Text(t.Context(), []byte(e.HTMLBody), MaxOutput)
			if err != nil {
				t.Fatal(err)
			}
			for _, text := range []string{e.Subject, e.Preview, e.Body, said, html.UnescapeString(e.HTMLBody)} {
				look("message", text)
			}
			for _, file := range e.Files {
				look("a file's name", file.Name)
			}
		}
	})
}

// No conversation makes trouble: it is read or refused.
func FuzzTranscript(f *testing.F) {
	f.Add([]byte(`{"name":"x","customer":{"name":"Ada"},"messages":[{"channel":"email","direction":"in","sentAt":1,"body":"Hi","htmlBody":"<p>Hi</p>","redactions":[{"start":0,"end":1}]}]}`))
	f.Add([]byte(`{"messages":[{"channel":"sms","direction":"out","redacted":true,"body":"> a\n>> b","attachments":[{"name":"a"}]}],"mergedConversations":[{"messages":[]}]}`))
	s := content.NewSanitizer()
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := conversation.Read(data)
		if err != nil {
			return
		}
		transcript, err := NewTranscript(t.Context(), c, nil, task.Forward{}, s)
		if errors.Is(err, redact.ErrTooMany) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		context, err := transcript.Context()
		if err != nil || !json.Valid(context) {
			t.Fatalf("%v: %q", err, context)
		}
	})
}
