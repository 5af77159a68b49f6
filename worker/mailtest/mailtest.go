// Package mailtest makes mails as recipients get them: every layout that Herald brings along, with all that Markdown has, in
// several languages, with the usual values, with very long ones and with none. Its tests look at them in Chromium and hand
// them to other programs that read mails.
package mailtest

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/templates"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/task"
	"github.com/heraldsend/herald/worker/transcript"
)

//go:embed testdata/all-*.yaml
var texts embed.FS

// Locales are those of Mails.
var Locales = []string{"en", "de", "ar", "ja"}

// Layouts are those of Mails; "none" is a mail without one, "transcript" a forwarded conversation.
var Layouts = []string{"reply", "notice", "receipt", "announcement", "none", "transcript"}

// Contexts are the values that Mails print.
var Contexts = []string{"usual", "long", "empty"}

// Mail is one of them.
type Mail struct {
	Layout, Context, Locale string
	Message                 *message.Message
}

// Name tells a mail from the others.
func (m *Mail) Name() string { return m.Layout + "-" + m.Context + "-" + m.Locale }

// at is when all of them are made.
var at = time.Date(2026, 3, 6, 9, 30, 0, 0, time.UTC)

// Word is a word of 210 letters.
var Word = strings.Repeat("Donaudampfschiff", 13) + "en"

// Mails are all layouts × contexts × locales, each with a link to unsubscribe.
func Mails(t testing.TB) []Mail {
	t.Helper()
	r, err := render.New(render.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := catalog.Load(templates.Catalog())
	if err != nil {
		t.Fatal(err)
	}
	var out []Mail
	for _, layout := range Layouts {
		for _, locale := range Locales {
			for _, kind := range Contexts {
				m := Mail{Layout: layout, Context: kind, Locale: locale}
				if layout == "transcript" {
					m.Message = forwarded(t, r, c, kind, locale)
				} else {
					m.Message = written(t, r, c, layout, kind, locale)
				}
				m.Message.ID = "mailtest." + m.Name()
				out = append(out, m)
			}
		}
	}
	return out
}

func sender() message.Address {
	return message.Address{Name: "Fernhill Cabins", Addr: "stay@fernhill.example"}
}

// unsubscribe is the link of all mails.
const unsubscribe = "https://mail.fernhill.example/unsubscribe/abcdefghijklmnopqrstuvwxyz0123456789"

// written is a mail of a layout.
func written(t testing.TB, r *render.Renderer, c *catalog.Catalog, layout, kind, locale string) *message.Message {
	t.Helper()
	data, err := texts.ReadFile("testdata/all-" + locale + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	s := catalog.Shortcut{Name: "all", EmailTemplate: layout}
	var source struct{ Subject, Preheader, Message string }
	if err := yaml.Unmarshal(data, &source); err != nil {
		t.Fatal(err)
	}
	s.Subject, s.Preheader, s.Message = source.Subject, source.Preheader, source.Message
	b, err := c.InlineBundle(s)
	if err != nil {
		t.Fatal(err)
	}
	p, err := r.Open(b)
	if err != nil {
		t.Fatal(err)
	}
	content, err := p.Render(context.Background(), render.Request{Channel: catalog.Email, Context: valuesOf(t, kind, locale), Locale: locale, Now: at})
	if err != nil {
		t.Fatal(err)
	}
	return &message.Message{
		Channel: message.Email, From: sender(), To: []message.Address{{Name: "Ada Berger", Addr: "ada@example.org"}},
		Subject: content.Subject, HTML: content.HTML, Text: content.Text, Unsubscribe: unsubscribe, Automatic: true,
	}
}

// valuesOf is the context of a kind.
func valuesOf(t testing.TB, kind, locale string) []byte {
	t.Helper()
	root := map[string]any{"unsubscribe": map[string]any{"url": unsubscribe}}
	green := map[string]string{"en": "green", "de": "grün", "ar": "خضراء", "ja": "緑"}[locale]
	custom := map[string]any{"deliveryDateAt": "2026-03-06T00:00:00Z", "totalNum": 1284.5, "orderNumberStr": "1002788", "noteTxt": green}
	customer := map[string]any{"firstName": "Ada", "name": "Ada Berger", "custom": custom}
	user := map[string]any{"displayName": "Robin Hale", "emailSignature": "<p><b>Robin Hale</b><br>Guest services, Fernhill Cabins</p>"}
	switch kind {
	case "long":
		custom["orderNumberStr"], custom["noteTxt"], custom["totalNum"] = Word, Word, 123456789012.34
		customer["firstName"], customer["name"] = Word, Word+" "+Word
		user["emailSignature"] = "<p><b>" + Word + "</b></p>"
	case "empty":
		customer = map[string]any{}
	}
	root["customer"] = customer
	if kind != "empty" {
		root["currentUser"] = user
		root["view"] = map[string]any{"url": "https://fernhill.example/mails/10027"}
	}
	data, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// forwarded is a transcript.
func forwarded(t testing.TB, r *render.Renderer, c *catalog.Catalog, kind, locale string) *message.Message {
	t.Helper()
	w, err := transcript.New(r)
	if err != nil {
		t.Fatal(err)
	}
	f := task.Forward{
		ID: "mailtest", From: "Robin <robin@fernhill.example>", To: "partner@example.org", Locale: locale,
		Introduction: map[string]string{"en": "Please see what **Ada** asks for.", "de": "Bitte sehen Sie, was **Ada** fragt.", "ar": "انظر من فضلك إلى ما تسأل عنه **Ada**.", "ja": "**Ada** 様からのご質問をご確認ください。"}[locale],
		Timezone:     map[string]string{"en": "America/New_York", "de": "Europe/Berlin", "ar": "Asia/Riyadh", "ja": "Asia/Tokyo"}[locale],
	}
	if kind == "empty" {
		f.Introduction = ""
	}
	b, err := w.Bundle(c, f)
	if err != nil {
		t.Fatal(err)
	}
	p, err := w.Open(b)
	if err != nil {
		t.Fatal(err)
	}
	made, err := w.Make(context.Background(), p, f, conversation(t, kind, locale))
	if err != nil {
		t.Fatal(err)
	}
	return made.Message
}

// conversation is what is forwarded.
func conversation(t testing.TB, kind, locale string) []byte {
	t.Helper()
	said := map[string]string{"en": "Is the cabin free in May?", "de": "Ist die Hütte im Mai frei?", "ar": "هل الكوخ متاح في مايو؟", "ja": "五月にキャビンは空いていますか。"}[locale]
	words := map[string][]string{
		"en": {"Two beds", "A stove", "Nights", "Book"}, "de": {"Zwei Betten", "Ein Ofen", "Nächte", "Buchen"}, "ar": {"سريران", "مدفأة", "الليالي", "احجز"}, "ja": {"ベッド二台", "薪ストーブ", "宿泊数", "予約する"},
	}[locale]
	if kind == "long" {
		said += " " + Word
	}
	name := "Ada Berger"
	if kind == "long" {
		name = Word
	}
	messages := []any{
		map[string]any{"direction": "in", "channel": "email", "sentAt": 1770109200000, "subject": said, "body": said},
		map[string]any{"direction": "out", "channel": "email", "sentAt": 1770119200000, "htmlBody": fmt.Sprintf(
			"<p>%s</p><ul><li>%s</li><li>%s</li></ul><blockquote>%s</blockquote><table><tr><td>%s</td><td>%s</td></tr></table><p><a href=\"https://fernhill.example\">%s</a></p>",
			said, words[0], words[1], said, words[2], said, words[3])},
		map[string]any{"direction": "in", "channel": "sms", "sentAt": 1770129200000, "body": "OK, danke! تمام 了解"},
	}
	talk := map[string]any{"id": "c1", "messages": messages}
	if kind == "empty" {
		talk["messages"] = []any{map[string]any{"direction": "in", "sentAt": 1770109200000, "body": ""}}
	} else {
		talk["name"] = said
		talk["customer"] = map[string]any{"name": name}
	}
	data, err := json.Marshal(talk)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
