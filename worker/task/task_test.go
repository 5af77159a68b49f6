package task

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/heraldsend/herald/worker/message"
)

// Asynq's mux takes the longest pattern that is a prefix of a task's type: no kind may be one of another's.
func TestNoKindIsAPrefixOfAnother(t *testing.T) {
	kinds := []string{Message{}.Kind(), Forward{}.Kind(), BulkStart{}.Kind(), BulkChunk{}.Kind(), EventDeliver{}.Kind()}
	for i, a := range kinds {
		for j, b := range kinds {
			if i != j && strings.HasPrefix(a, b) {
				t.Errorf("%s begins with %s", a, b)
			}
		}
	}
}

func TestPayloadsRoundTrip(t *testing.T) {
	m := Message{
		ID: "order-1", Channel: message.Email, From: "Acme <help@acme.example>", To: "ada@example.com", ReplyTo: "desk@acme.example",
		Content: Content{Shortcut: "late", Subject: "S", Template: "reply", Sources: strings.Repeat("a", 64)},
		Context: json.RawMessage(`{"customer":{"custom":{"orderNum":9007199254740993}}}`), Locale: "fr-CA", Timezone: "Europe/Paris",
		Attachments: []message.Ref{{Name: "a.pdf", Blob: strings.Repeat("b", 64)}}, Policy: Hold, OnIssue: SkipOnIssue,
	}
	data, err := Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Decode[Message](data)
	if err != nil || !reflect.DeepEqual(got, m) {
		t.Errorf("%+v, %v; want %+v", got, err, m)
	}
	for _, want := range []Payload{m, BulkStart{Bulk: "b", Round: 2}, BulkChunk{Bulk: "b", Chunk: 7}} {
		data, err := Encode(want)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Parse(want.Kind(), data); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%+v, %v; want %+v", got, err, want)
		}
	}
}

func TestFaultyPayloadsAreRefused(t *testing.T) {
	if _, err := Parse("bulk.fly", []byte(`{}`)); !errors.Is(err, ErrKind) {
		t.Errorf("an unknown kind: %v", err)
	}
	for name, data := range map[string]string{
		"not JSON":       `{`,
		"unknown field":  `{"bulk":"b","chunk":1,"color":"red"}`,
		"data after it":  `{"bulk":"b","chunk":1}{}`,
		"twice":          `{"bulk":"b","chunk":1,"Chunk":2}`,
		"negative chunk": `{"bulk":"b","chunk":-1}`,
		"no bulk":        `{"chunk":1}`,
		"bad id":         `{"bulk":"a}{b","chunk":1}`,
	} {
		if _, err := Decode[BulkChunk]([]byte(data)); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if _, err := Encode(BulkStart{Bulk: "b", Round: -1}); err == nil {
		t.Error("a negative round was taken")
	}
}

func TestOwned(t *testing.T) {
	for _, c := range []struct{ owner, id, stored string }{{"shop", "a.b", "shop~a.b"}, {"", "a", "a"}, {"a.b", "c", "a.b~c"}, {"a", "b+0.1.email", "a~b+0.1.email"},
		{TestOwner("shop"), "a", "shop~~a"}, {TestOwner("a.b"), "c+forward", "a.b~~c+forward"}} {
		owner, id := SplitOwned(c.stored)
		if got := Owned(c.owner, c.id); got != c.stored || owner != c.owner || id != c.id {
			t.Errorf("%q, split in %q and %q; want %+v", got, owner, id, c)
		}
	}
}

func TestIsTest(t *testing.T) {
	for id, want := range map[string]bool{
		"shop~~a": true, "shop~~a+forward": true, "shop~~b+0.17.email": true, Owned(TestOwner("shop"), "a"): true, Derive("shop~~b", "0"): true,
		"shop~a": false, "a": false, "": false, "shop~a+forward": false, "test_a": false, "shop~test": false,
	} {
		if got := IsTest(id); got != want {
			t.Errorf("%q: %v", id, got)
		}
	}
	if live, test := LiveOwner(TestOwner("shop")); live != "shop" || !test {
		t.Error(live, test)
	}
	if live, test := LiveOwner("shop"); live != "shop" || test {
		t.Error(live, test)
	}
}

func TestCheckID(t *testing.T) {
	for id, good := range map[string]bool{
		"a": true, "order-10027_x.1": true, "01a1fcb6-869a-7557-90c9-030bc04b019f": true, strings.Repeat("a", 100): true,
		"": false, "-a": false, ".a": false, "a.": false, "a..b": false, "a b": false, "a{b}": false, "a:b": false, "ä": false,
		strings.Repeat("a", 101): false,
		"shop~a":                 true, strings.Repeat("o", 40) + "~" + strings.Repeat("a", 100): true, strings.Repeat("o", 41) + "~a": false,
		"~a": false, "shop~": false, "shop~~a": true, "shop~~": false, "shop~~~a": false, "~~a": false, "shop~~a~b": false, strings.Repeat("o", 41) + "~~a": false, "a~b~c": false, "-~a": false, "a..b~c": false,
	} {
		if err := CheckID(id); (err == nil) != good {
			t.Errorf("%.20q: %v", id, err)
		}
	}
}
