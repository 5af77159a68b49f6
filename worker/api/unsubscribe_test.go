package api

import (
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/link"
	"github.com/heraldsend/herald/worker/store/suppress"
	"github.com/heraldsend/herald/worker/topic"
)

var someTopics = &topic.Set{Default: "news", Topics: []topic.Topic{
	{Name: "news", Kind: topic.Marketing, Title: topic.Texts{"en": "News & offers", "de": "Neuigkeiten"}},
	{Name: "tips", Kind: topic.Marketing, Title: topic.Texts{"en": "Tips"}, Description: topic.Texts{"en": "Once a month"}},
	{Name: "receipts", Kind: topic.Transactional, Title: topic.Texts{"en": "Receipts"}},
}}

// withTopics starts an API whose recipients may choose.
func withTopics(t *testing.T) (*service, *link.Links) {
	t.Helper()
	links, err := link.New(link.Options{PublicURL: "https://messages.example", Secrets: []string{linkSecret}})
	if err != nil {
		t.Fatal(err)
	}
	return start(t, func(o *Options) {
		o.Links, o.Topics = links, someTopics
		if o.Suppressions, err = suppress.New(suppress.Options{Redis: o.Redis, Topics: someTopics}); err != nil {
			t.Fatal(err)
		}
	}), links
}

// open are the topics about which an address may be written to.
func (s *service) open(address string) string {
	s.t.Helper()
	names := someTopics.Names()
	found, err := s.api.Suppressions.CheckTopics(s.t.Context(), message.Email, address, names)
	if err != nil {
		s.t.Fatal(err)
	}
	var open []string
	for i, e := range found {
		if e == nil {
			open = append(open, names[i])
		}
	}
	return strings.Join(open, " ")
}

// What recipients press, one after the other, what they may be told about after that, and what the page says.
func TestWishes(t *testing.T) {
	s, links := withTopics(t)
	const form = "Content-Type: application/x-www-form-urlencoded"
	at := func(about string) string {
		return path(t, links.Unsubscribe(link.Subscriber{Channel: message.Email, Address: "ada@example.org", Owner: "m1", Topic: about, Locale: "de-AT", Sender: "Fernhill <b>"}))
	}
	news := at("news")
	for i, step := range []struct {
		at, body, open string
		says           []string
	}{
		{news, "", "tips receipts", []string{"Sie sind abgemeldet", "Wieder anmelden", "Neuigkeiten", "Fernhill &lt;b&gt;", `lang="de"`}}, // no body at all
		{news, "do=resubscribe", "news tips receipts", []string{"Sie sind wieder angemeldet"}},
		{news, "List-Unsubscribe=One-Click", "tips receipts", nil},
		{news, "do=choose&topic=news&topic=tips", "news tips receipts", []string{"Ihre Auswahl ist gespeichert", `value="news" checked`, `value="tips" checked`}},
		{news, "do=choose&topic=tips&topic=receipts&topic=none", "tips receipts", []string{`value="news">`, `value="tips" checked`}},
		{news, "do=choose", "receipts", nil},
		{news, "do=all", "receipts", nil},
		{news, "do=resubscribe", "news receipts", nil},
		{at("tips"), "do=choose&topic=tips", "tips receipts", nil},
		{at("*"), "", "receipts", []string{"Alle Nachrichten"}},
		{at("*"), "do=resubscribe", "tips receipts", nil}, // news was refused by itself, too
		{at("receipts"), "", "receipts", []string{"Alle Nachrichten"}},
		{at("gone"), "", "receipts", []string{">gone<"}},
		{news, "do=%zz", "receipts", nil},
	} {
		page := string(s.want(200, "POST", step.at, step.body, form).body)
		if got := s.open("ada@example.org"); got != step.open {
			t.Errorf("step %d: open are %q, want %q", i, got, step.open)
		}
		for _, text := range step.says {
			if !strings.Contains(page, text) {
				t.Errorf("step %d: the page lacks %q:\n%s", i, text, page)
			}
		}
	}
	for path, says := range map[string][]string{
		news:             {"Sie sind abgemeldet", "Wieder anmelden", `href="?choose"`, "Quittung"},
		news + "?choose": {"Auswählen", `type="checkbox"`, "Once a month"},
	} {
		a := s.want(200, "GET", path, nil)
		for _, text := range says {
			if !strings.Contains(string(a.body), text) {
				t.Errorf("%s lacks %q:\n%s", path, text, a.body)
			}
		}
		policy := a.header.Get("Content-Security-Policy")
		if strings.Contains(policy, "unsafe") || strings.Contains(string(a.body), "<script") || strings.Contains(string(a.body), "ZgotmplZ") || a.header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: policy %q\n%s", path, policy, a.body)
		}
	}
	// Other bodies than the page's forms unsubscribe: multipart is RFC 8058's other form.
	s.want(200, "POST", news, "do=resubscribe", form)
	s.want(200, "POST", news, "--x\r\nContent-Disposition: form-data; name=\"do\"\r\n\r\nresubscribe\r\n--x--", "Content-Type: multipart/form-data; boundary=x")
	if got := s.open("ada@example.org"); got != "receipts" {
		t.Errorf("after multipart: %q", got)
	}
	// Nobody undoes more than their own wish.
	if err := s.api.Suppressions.Suppress(t.Context(), message.Email, "ada@example.org", suppress.Complaint, "test"); err != nil {
		t.Fatal(err)
	}
	blocked := s.want(200, "POST", news, "do=resubscribe", form)
	s.want(200, "POST", news, "do=choose&topic=news&topic=tips", form)
	if got := s.open("ada@example.org"); got != "" || !strings.Contains(string(blocked.body), "lässt sich hier nicht anmelden") {
		t.Errorf("after a complaint: %q\n%s", got, blocked.body)
	}
}

// The language is the link's, or else the browser's, or else English.
func TestWishLanguages(t *testing.T) {
	for _, c := range []struct{ locale, accepted, want string }{
		{"", "", "en"}, {"de", "fr", "de"}, {"pt-BR", "", "pt"}, {"ja_JP", "", "ja"}, {"sv", "nl;q=0.5, it", "it"}, {"", "eo, ar-EG;q=0.9, en;q=0.1", "ar"},
		{"tlh", "", "en"}, {"", "!!, ;;", "en"}, {"en-GB", "de", "en"},
	} {
		if got := wishTextsFor(c.locale, c.accepted); got.tag.String() != c.want {
			t.Errorf("%q, %q: %s, want %s", c.locale, c.accepted, got.tag, c.want)
		}
	}
	seen := map[string]bool{}
	for _, texts := range wishLanguages {
		v := reflect.ValueOf(texts)
		for i := range v.NumField() {
			if name := v.Type().Field(i).Name; v.Field(i).Kind() == reflect.String && name != "direction" && strings.TrimSpace(v.Field(i).String()) == "" {
				t.Errorf("%s lacks %s", texts.tag, name)
			}
		}
		seen[texts.tag.String()] = true
	}
	for _, want := range []string{"en", "de", "fr", "es", "pt", "it", "nl", "ja", "ar"} {
		if !seen[want] {
			t.Errorf("no texts in %s", want)
		}
	}
	if i := slices.IndexFunc(wishLanguages, func(w wishTexts) bool { return wishTextsFor(w.tag.String(), "").direction == "" }); i >= 0 {
		t.Errorf("%s has no direction", wishLanguages[i].tag)
	}
}

// The API of the suppression list knows topics.
func TestSuppressionTopics(t *testing.T) {
	s, _ := withTopics(t)
	const json = "Content-Type: application/json"
	s.want(204, "POST", "/v1/suppressions", `{"channel":"email","entries":[{"address":"ada@example.org","topic":"news","reason":"unsubscribed"},{"address":"eve@example.org"}]}`, json)
	wrong := s.want(422, "POST", "/v1/suppressions", `{"channel":"email","entries":[{"address":"ada@example.org","topic":"nwes"}]}`, json)
	if !strings.Contains(string(wrong.body), `did you mean \"news\"?`) {
		t.Errorf("%s", wrong.body)
	}
	for query, want := range map[string]string{
		"address=ada@example.org": `"topic":"news"`, "address=ada@example.org&topic=tips": `"items":[]`, "address=ada@example.org&topic=" + url.QueryEscape("*"): `"items":[]`,
		"topic=" + url.QueryEscape("*"): `"address":"eve@example.org","topic":"*"`, "topic=news": `"address":"ada@example.org","topic":"news"`,
	} {
		if a := s.want(200, "GET", "/v1/suppressions?"+query, nil); !strings.Contains(string(a.body), want) {
			t.Errorf("%s: %s, want %s", query, a.body, want)
		}
	}
	s.want(422, "GET", "/v1/suppressions?address=ada@example.org&topic=nwes", nil)
	s.want(404, "DELETE", "/v1/suppressions?address=ada@example.org&topic=tips", nil)
	s.want(204, "DELETE", "/v1/suppressions?address=ada@example.org", nil)
	if got := s.open("ada@example.org"); got != "news tips receipts" {
		t.Errorf("open are %q", got)
	}
}
