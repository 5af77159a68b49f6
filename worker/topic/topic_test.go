package topic

import (
	"slices"
	"strings"
	"testing"

	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/message"
)

const file = `{"default": "news", "topics": [
	{"name": "news", "kind": "marketing", "title": {"en": "News", "de": "Neues", "pt-BR": "Novidades"}, "listId": "Fernhill <news.fernhill.example>"},
	{"name": "receipts", "kind": "transactional", "title": {"fr": "Reçus"}, "description": {"fr": "Ce que vous avez payé"}}]}`

func TestRead(t *testing.T) {
	s, err := Read([]byte(file))
	if err != nil || !slices.Equal(s.Names(), []string{"news", "receipts"}) {
		t.Fatal(s, err)
	}
	for name, want := range map[string]string{"": "news", "news": "news", "receipts": "receipts"} {
		if got, err := s.Find(name); err != nil || got.Name != want {
			t.Errorf("%q: %+v, %v", name, got, err)
		}
	}
	news, receipts := s.Topics[0], s.Topics[1]
	for language, want := range map[string]string{"de": "Neues", "DE_at": "Neues", "pt-br": "Novidades", "pt": "News", "ja": "News", "": "News"} {
		if got := news.Title.In(language); got != want {
			t.Errorf("%q: %q, want %q", language, got, want)
		}
	}
	if got := receipts.Title.In("de"); got != "Reçus" {
		t.Errorf("the only language: %q", got)
	}
	for _, c := range []struct {
		t          Topic
		base, want string
	}{
		{news, "Acme <acme.example>", "Fernhill <news.fernhill.example>"}, {receipts, "Acme <acme.example>", "<receipts.acme.example>"},
		{receipts, "", ""}, {Topic{}, "Acme <acme.example>", "Acme <acme.example>"},
	} {
		if got := c.t.ListIDWithin(c.base); got != c.want {
			t.Errorf("%s in %s: %s, want %s", c.t.Name, c.base, got, c.want)
		}
	}
}

func TestWrongFiles(t *testing.T) {
	topics := func(list string) string { return `{"topics": [` + list + `]}` }
	const good = `{"name": "news", "kind": "marketing", "title": {"en": "News"}}`
	for text, want := range map[string]string{
		``:                        " invalid_json",
		`[]`:                      " wrong_type",
		`{"topics": []}`:          "/topics out_of_range",
		`{"topcis": []}`:          "/topcis unknown_member",
		topics(good + "," + good): "/topics/1/name duplicate",
		topics(`{"name": "*", "kind": "marketing", "title": {"en": "All"}}`):                    "/topics/0/name malformed",
		topics(`{"name": "", "kind": "marketing", "title": {"en": "All"}}`):                     "/topics/0/name missing",
		topics(`{"name": "news", "kind": "spam", "title": {"en": "News"}}`):                     "/topics/0/kind not_one_of",
		topics(`{"name": "news", "title": {"en": "News"}}`):                                     "/topics/0/kind missing",
		topics(`{"name": "news", "kind": "marketing"}`):                                         "/topics/0/title missing",
		topics(`{"name": "news", "kind": "marketing", "title": {"en": " "}}`):                   "/topics/0/title/en missing",
		topics(`{"name": "news", "kind": "marketing", "title": {"en": 1}}`):                     "/topics/0/title/en wrong_type",
		topics(`{"name": "news", "kind": "marketing", "title": {"english!": "News"}}`):          "/topics/0/title/english! invalid_locale",
		topics(`{"name": "news", "kind": "marketing", "title": {"en": "a\u2028b"}}`):            "/topics/0/title/en bad_character",
		topics(`{"name": "news", "kind": "marketing", "title": {"en": "x"}, "listId": "news"}`): "/topics/0/listId malformed",
		`{"default": "nwes", "topics": [` + good + `]}`:                                         "/default not_one_of",
	} {
		_, err := Read([]byte(text))
		if f := fault.In(err); len(f) != 1 || f[0].Pointer+" "+f[0].Code != want {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

func TestCheck(t *testing.T) {
	s, err := Read([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		set         *Set
		name        string
		unsubscribe bool
		want        string
	}{
		{s, "", true, ""}, {s, "news", true, ""}, {s, "receipts", false, ""},
		{s, "receipts", true, "/unsubscribe: nobody can unsubscribe from the topic receipts: it is transactional"},
		{s, "reciepts", false, `/topic: there is no topic "reciepts"; did you mean "receipts"?`},
		{s, "xyz", true, `/topic: there is no topic "xyz"; there are news, receipts`},
		{nil, "", true, ""},
		{nil, "news", true, `/topic: there is no topic "news"; there are no topics: define them in the file of HERALD_TOPICS`},
		{&Set{}, "news", true, `/topic: there is no topic "news"; there are no topics: define them in the file of HERALD_TOPICS`},
	} {
		got := ""
		if err := c.set.Check(message.Labels{Topic: c.name}, c.unsubscribe); err != nil {
			got = err.Error()
		}
		if !strings.HasPrefix(got, c.want) || got != "" && c.want == "" {
			t.Errorf("%q: %s, want %s", c.name, got, c.want)
		}
	}
}
