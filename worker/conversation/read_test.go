package conversation

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestRead(t *testing.T) {
	c, err := Read([]byte("\ufeff" + `{"id":"c1","name":null,"unknown":{"a":[1,{}]},"customer":{"name":"Ada"},"messages":[
		{"direction":"in","sentAt":"2026-02-03T09:15:00+01:00","createdAt":1770109200000,"createdBy":"usr_1","body":"Hi"},
		{"direction":"out","sentAt":"2019-01-18T00:00Z","createdBy":{"id":"u","displayName":" Robin "}},
		{"channel":"NOTE","body":"x","sentAt":"whenever"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	m := c.Exchanged()
	if len(m) != 2 || !m[0].SentAt.At.Equal(time.Date(2026, 2, 3, 8, 15, 0, 0, time.UTC)) || m[0].CreatedBy.ID != "usr_1" || m[1].CreatedBy.Shown() != "Robin" {
		t.Errorf("%+v", m)
	}
	if !m[0].CreatedAt.At.Equal(time.UnixMilli(1770109200000)) || !m[1].SentAt.At.Equal(time.Date(2019, 1, 18, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("%v, %v", m[0].CreatedAt.At, m[1].SentAt.At)
	}
}

// Every mistake is told with its place.
func TestFaultyConversationsAreRefused(t *testing.T) {
	in := `{"direction":"in","body":"ab😀d"`
	for name, c := range map[string]struct{ data, want string }{
		"not JSON":              {`{"messages":`, "column 12: unexpected end of JSON input"},
		"torn":                  {`{"messages":]}`, "column 13: invalid character"},
		"a list":                {`[]`, "want an object, found a list"},
		"two":                   {`{"messages":[]} {}`, "column 17: invalid character"},
		"not UTF-8":             {"{\"name\":\"\xff\"}", "not UTF-8 at byte 10"},
		"said twice":            {`{"messages":[` + in + `,"redacted":true,"redacted":false}]}`, "/messages/0/redacted: the member stands twice"},
		"said twice, otherwise": {`{"messages":[` + in + `,"redacted":true,"Redacted":false}]}`, `/messages/0/Redacted: the member stands twice, once as "redacted"`},
		"with a long s":         {`{"messages":[` + in + `}],"meſſages":[]}`, `/meſſages: the member stands twice, once as "messages"`},
		"too deep":              {`{"a":` + strings.Repeat("[", 70) + strings.Repeat("]", 70) + `}`, "nested deeper than 64"},
		"a text as messages":    {`{"messages":"x"}`, "/messages: want a list, found a text"},
		"a text as flag":        {`{"messages":[` + in + `,"redacted":"no"}]}`, "/messages/0/redacted: want true or false, found a text"},
		"no direction":          {`{"messages":[{"body":"x"}]}`, "/messages/0/direction: want in or out"},
		"a date without offset": {`{"messages":[` + in + `,"sentAt":"2026-02-03T09:15:00"}]}`, "/messages/0/sentAt: want RFC 3339"},
		"a date of long ago":    {`{"messages":[` + in + `,"createdAt":"0001-01-01T00:00:00Z"}]}`, "/messages/0/createdAt: want RFC 3339"},
		"an empty redaction":    {`{"messages":[` + in + `,"redactions":[{}]}]}`, "/messages/0/redactions/0: give a text, or start and end"},
		"half a span":           {`{"messages":[` + in + `,"redactions":[{"start":1}]}]}`, "/messages/0/redactions/0/end: a span has a start and an end"},
		"a span that is none":   {`{"messages":[` + in + `,"redactions":[{"start":2,"end":2}]}]}`, "the span from 2 to 2 is not within the 5 characters"},
		"a span too long":       {`{"messages":[` + in + `,"redactions":[{"start":2,"end":6}]}]}`, "the span from 2 to 6 is not within the 5 characters"},
		"too many redactions":   {`{"messages":[` + in + `,"redactions":[` + strings.Repeat(`{"text":"x"},`, MaxRedactions) + `{"text":"x"}]}]}`, "/messages/0/redactions: more than 1000"},
		"an unknown field":      {`{"messages":[` + in + `,"redactions":[{"field":"bcc","text":"x"}]}]}`, `/messages/0/redactions/0/field: "bcc" is not body, htmlBody`},
		"merged, bad":           {`{"messages":[],"mergedConversations":[{"messages":[{"direction":"x"}]}]}`, `/mergedConversations/0/messages/0/direction: "x"`},
		"a span of nothing":     {`{"redactions":[{"start":1,"end":2}],"messages":[` + in + `}]}`, "/redactions/0: a conversation's redaction is a text"},
		"a customer's name":     {`{"customer":"Ada","messages":[` + in + `}]}`, "/customer: want an object, found a text"},
		"too many, merged":      {`{"messages":[` + strings.Repeat(in+"},", MaxMessages-1) + in + `}],"mergedConversations":[{"messages":[` + in + `}]}]}`, "10001 of them, with those of merged"},
		"all at once": {`{"messages":[{"direction":"up","sentAt":1},{"direction":"in","body":"x","redactions":[{"start":0,"end":9},{"end":1}]}]}`,
			`/messages/0/direction: "up" is not in or out; /messages/1/redactions/0: the span from 0 to 9 is not within the 1 characters of its field; /messages/1/redactions/1/start: a span`},
		"too many messages": {`{"messages":[` + strings.Repeat(in+"},", MaxMessages) + in + `}]}`, fmt.Sprintf("/messages: more than %d", MaxMessages)},
	} {
		_, err := Read([]byte(c.data))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	for _, data := range []string{`{}`, `{"messages":[]}`, `{"messages":[{"channel":"note","body":"x"}],"notes":[{"body":"y"}]}`, `{"messages":[{"direction":"in","private":true}]}`} {
		if _, err := Read([]byte(data)); !errors.Is(err, ErrEmpty) {
			t.Errorf("%s: %v", data, err)
		}
	}
}

// Whatever says that a message is private counts, and nothing else.
func TestNotes(t *testing.T) {
	for field, private := range map[string]bool{
		`"channel":"note"`: true, `"channel":" NOTE "`: true, `"type":"note"`: true, `"type":"internal"`: true, `"private":true`: true, `"internal":true`: true,
		`"isPrivate":true`: true, `"isInternal":true`: true, `"public":false`: true, `"visibility":"private"`: true, `"visibility":"Internal"`: true,
		`"channel":"email"`: false, `"type":"message"`: false, `"private":false`: false, `"public":true`: false, `"visibility":"public"`: false, `"visibility":{"a":1}`: false,
	} {
		c, err := Read([]byte(`{"messages":[{"direction":"in","body":"x"},{"direction":"in","body":"y",` + field + `}]}`))
		if err != nil {
			t.Fatal(err)
		}
		if n := len(c.Exchanged()); (n == 1) != private {
			t.Errorf("%s: %d messages were exchanged", field, n)
		}
	}
}

// Spans count as JavaScript does: a character beyond the basic plane is two.
func TestSpan(t *testing.T) {
	m := Message{Body: "ab😀d", Subject: "xyz"}
	at := func(n int) *int { return &n }
	for _, c := range []struct {
		r    Redaction
		want string
	}{
		{Redaction{Start: at(0), End: at(2)}, "ab"}, {Redaction{Start: at(2), End: at(4)}, "😀"}, {Redaction{Start: at(3), End: at(5)}, "😀d"},
		{Redaction{Start: at(2), End: at(3)}, "😀"}, {Redaction{Start: at(4), End: at(5)}, "d"}, {Redaction{Field: "subject", Start: at(1), End: at(2)}, "y"},
	} {
		m.Redactions = append(m.Redactions, c.r) // all of them, in one pass
		for field, spans := range m.Spans() {
			last := spans[len(spans)-1]
			if own, _ := m.field(c.r.Field); own == field && (*field)[last.Start:last.End] != c.want {
				t.Errorf("%d to %d: %q, want %q", *c.r.Start, *c.r.End, (*field)[last.Start:last.End], c.want)
			}
		}
	}
	if spans := m.Spans(); len(spans[&m.Body]) != 5 || len(spans[&m.Subject]) != 1 {
		t.Errorf("%v", spans)
	}
}

func TestChoose(t *testing.T) {
	c := &Conversation{
		Messages: []Message{
			{Direction: "in", Attachments: []Attachment{{ID: "a", Name: "one.pdf"}, {OtherID: "b", Name: "two.pdf"}, {ID: "c", Name: "three.pdf", Redacted: true}}},
			{Direction: "in", Attachments: []Attachment{{ID: "d", Name: "two.pdf"}, {Name: "five.pdf"}}},
			{Channel: "note", Attachments: []Attachment{{ID: "n", Name: "note.pdf"}}},
			{Direction: "in", Redacted: true, Attachments: []Attachment{{ID: "r", Name: "r.pdf"}}},
			{Direction: "in", Redactions: []Redaction{{Text: "x"}}, Attachments: []Attachment{{ID: "s", Name: "s.pdf"}}},
		},
		Merged: []Conversation{{Messages: []Message{{Direction: "out", Attachments: []Attachment{{ID: "m", Name: "merged.pdf"}}}}}},
	}
	for names, want := range map[string]string{
		"":                  "",
		"a,b,a":             "a b",
		"one.pdf,a":         "a",
		"five.pdf,m":        " m",
		"d,merged.pdf":      "d m",
		"two.pdf":           `error /0: 2 files are named "two.pdf": choose by id`,
		"a,c":               `error /1: "c" is no file that customer and team exchanged`,
		"n":                 "error /0: ",
		"note.pdf":          "error /0: ",
		"r":                 "error /0: ",
		"s":                 "error /0: ",
		"../../etc/passwd":  "error /0: ",
		"a,nowhere.pdf,b,n": "error /1: ",
	} {
		var list []string
		if names != "" {
			list = strings.Split(names, ",")
		}
		files, err := c.Choose(list)
		var keys []string
		for _, f := range files {
			keys = append(keys, f.Key())
		}
		got := strings.Join(keys, " ")
		if err != nil {
			got = "error " + err.Error()
		}
		if got != want && (err == nil || want == "" || !strings.HasPrefix(got, want)) {
			t.Errorf("%s: %q, want %q", names, got, want)
		}
	}
}

// A message that was merged into another conversation may stand in both. The more private copy counts.
func TestCopiesAreOne(t *testing.T) {
	c, err := Read([]byte(`{"messages":[
			{"id":"a","direction":"in","sentAt":1770109200000,"body":"a"},{"id":"b","direction":"in","sentAt":1770109200000,"body":"b"},
			{"id":"c","direction":"in","sentAt":1770109200000,"body":"c"},{"id":"d","direction":"in","sentAt":1770109200000,"body":"d"},{"direction":"in","body":"e"}],
		"mergedConversations":[{"messages":[
			{"id":"a","direction":"in","sentAt":1770109200000,"body":"a again"},{"id":"b","direction":"in","sentAt":1770109200000,"body":"b withheld","redacted":true},
			{"id":"c","direction":"in","sentAt":1770109200000,"body":"c","private":true},{"id":"d","direction":"in","sentAt":1770109260000,"body":"another d"},{"direction":"in","body":"e"}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range c.Exchanged() {
		if got = append(got, m.Body); m.Body == "b" && (!m.Withheld() || !strings.Contains(m.HTMLBody, "b withheld")) {
			t.Errorf("%+v", m)
		}
	}
	if want := "a,b,d,e,another d,e"; strings.Join(got, ",") != want {
		t.Errorf("%q, want %s", got, want)
	}
}

// All messages of an id are as private as the most private of them, whatever their times and texts are. Where ids begin anew
// in another conversation, none of these messages is lost.
func TestCopiesAreAsPrivateAsOne(t *testing.T) {
	const shown = `"id":"m","direction":"in","sentAt":"2026-02-03T08:01:00Z","body":"said"`
	for name, c := range map[string]struct{ first, copied, want string }{
		"half a second later":      {`"sentAt":"2026-02-03T08:01:00.500Z","body":"said","redacted":true`, shown, "said withheld"},
		"a second earlier":         {`"sentAt":"2026-02-03T08:00:59Z","body":"said","redacted":true`, shown, "said withheld"},
		"in another zone":          {`"sentAt":"2026-02-03T09:01:00+01:00","body":"x","redacted":true`, shown, "x withheld"},
		"by another author":        {`"sentAt":"2026-02-03T08:01:00Z","createdBy":"u","body":"x","redacted":true`, shown, "x withheld"},
		"without a time":           {`"body":"said","redacted":true`, shown, "said withheld"},
		"created, not sent":        {`"createdAt":"2026-02-03T08:01:00Z","body":"x","redacted":true`, shown, "x withheld"},
		"an hour later":            {`"sentAt":"2026-02-03T09:01:00Z","body":"x","redacted":true`, shown, "x withheld,said withheld"},
		"a note":                   {`"sentAt":"2026-02-03T09:01:00Z","body":"x","private":true`, shown, ""},
		"redacted in part":         {`"sentAt":"2026-02-03T08:01:00.5Z","body":"x","redactions":[{"text":"x"}]`, shown, "x x"},
		"redacted in part, later":  {`"sentAt":"2026-02-03T09:01:00Z","body":"x","redactions":[{"start":0,"end":1}]`, shown, "x 0-1,said x"},
		"redacted and withheld":    {`"sentAt":"2026-02-03T09:01:00Z","body":"x","redactions":[{"text":"x"}]`, shown + `,"redacted":true`, "x withheld,said withheld"},
		"another of the same text": {`"sentAt":"2026-02-03T09:01:00Z","body":"said"`, shown, "said"},
		"another message":          {`"sentAt":"2026-02-03T09:01:00Z","body":"x"`, shown, "x,said"},
		"an answer of the same id": {`"sentAt":"2026-02-03T08:01:00Z","body":"x","direction":"out"`, shown, "x,said"},
	} {
		if !strings.Contains(c.first, "direction") {
			c.first += `,"direction":"in"`
		}
		for _, merged := range []string{`{"messages":[{"id":"m",%s},{"id":"n","direction":"in","body":"-"}],"mergedConversations":[{"messages":[{%s}]}]}`, `{"messages":[{"id":"m",%s},{"id":"n","direction":"in","body":"-"},{%s}]}`} {
			read, err := Read(fmt.Appendf(nil, merged, c.first, c.copied))
			if err != nil {
				t.Fatal(name, err)
			}
			var got []string
			for _, m := range read.Exchanged() {
				switch {
				case m.ID == "n":
				case m.Withheld():
					got = append(got, m.Body+" withheld")
				case m.Touched():
					for _, r := range m.Redactions {
						if r.Start != nil {
							r.Text = fmt.Sprint(*r.Start, "-", *r.End)
						}
						got = append(got, m.Body+" "+r.Text)
					}
				default:
					got = append(got, m.Body)
				}
			}
			if strings.Join(got, ",") != c.want {
				t.Errorf("%s: %q, want %q", name, got, c.want)
			}
		}
	}
}

// What is kept of a conversation reads as the conversation did, and holds nothing private.
func TestEncode(t *testing.T) {
	const given = `{"notes":[{"body":"CANARY"}],"custom":{"n":9007199254740993},"secretField":"CANARY","redactions":[{"text":"x"}],"id":"c","name":"n","createdAt":1770109200000,
		"messages":[{"id":"n","channel":"note","body":"CANARY"},{"id":"m","private":true,"direction":"in","body":"CANARY"},
			{"direction":"in","sentAt":"2026-02-03T10:15:00+01:00","createdBy":"u","meta":"CANARY","body":"a <b> & c","auto":true,"redacted":true,
				"redactions":[{"field":"body","start":0,"end":1},{"text":"b"}],"attachments":[{"_id":"a","name":"f","contentLength":3,"inline":"eA==","thumbnail":"CANARY"}]}],
		"mergedConversations":[{"name":"o","messages":[{"id":"m","direction":"in","body":"CANARY: a copy"},{"direction":"out","createdBy":{"displayName":"R","email":"CANARY"}}]}]}`
	c, err := Read([]byte(given))
	if err != nil {
		t.Fatal(err)
	}
	kept, err := c.Encode()
	if err != nil || strings.Contains(string(kept), "CANARY") {
		t.Fatalf("%v: %s", err, kept)
	}
	const want = `{"id":"c","name":"n","createdAt":"2026-02-03T09:00:00Z","custom":{"n":9007199254740993},"messages":[` +
		`{"direction":"in","sentAt":"2026-02-03T09:15:00Z","body":"a <b> & c","auto":true,"createdBy":{"id":"u"},` +
		`"attachments":[{"_id":"a","name":"f","contentLength":3,"inline":"eA=="}],"redacted":true,"redactions":[{"field":"body","start":0,"end":1},{"text":"b"}]}],` +
		`"redactions":[{"text":"x"}],"mergedConversations":[{"name":"o","messages":[{"direction":"out","createdBy":{"displayName":"R"}}]}]}`
	if string(kept) != want {
		t.Errorf("%s, want %s", kept, want)
	}
	again, err := Read(kept)
	if err != nil {
		t.Fatal(err)
	}
	if twice, err := again.Encode(); err != nil || string(twice) != want {
		t.Errorf("%v: %s", err, twice)
	}
}

func TestPack(t *testing.T) {
	data := []byte(`{"messages":[` + strings.Repeat(" ", 1<<20) + `]}`)
	packed, err := Pack(data)
	if err != nil || len(packed) > 1000 {
		t.Fatalf("%d bytes, %v", len(packed), err)
	}
	again, err := Pack(data)
	if err != nil || string(again) != string(packed) {
		t.Error("packed differently")
	}
	if got, err := Unpack(packed); err != nil || string(got) != string(data) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	bomb, err := Pack(make([]byte, MaxBytes+1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Unpack(bomb); err == nil || !strings.Contains(err.Error(), "more than 67108864 bytes") {
		t.Errorf("a bomb: %v", err)
	}
	if _, err := Unpack([]byte("nonsense")); err == nil {
		t.Error("nonsense was unpacked")
	}
}

// What is read has something to forward, in order.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"id":"c1","messages":[{"direction":"in","sentAt":"2026-02-03T09:15:00Z","body":"Hi","redactions":[{"start":0,"end":1}]}]}`))
	f.Add([]byte(`{"mergedConversations":[{"messages":[{"direction":"out","createdBy":"x","attachments":[{"_id":"a"}]}]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Read(data)
		if err != nil {
			return
		}
		if len(c.Exchanged()) == 0 {
			t.Fatal("nothing to forward")
		}
		kept, err := c.Encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := Read(kept)
		if err != nil || len(again.Exchanged()) != len(c.Exchanged()) {
			t.Fatalf("%v: %s", err, kept)
		}
		for _, m := range c.Exchanged() {
			for field, spans := range m.Spans() {
				for _, s := range spans {
					if s.Start < 0 || s.End > len(*field) || s.Start >= s.End || !utf8.ValidString((*field)[s.Start:s.End]) {
						t.Fatalf("a span from %d to %d of %q", s.Start, s.End, *field)
					}
				}
			}
		}
	})
}
