package suppress

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/redistest"
	"github.com/heraldsend/herald/worker/topic"
)

var someTopics = &topic.Set{Default: "news", Topics: []topic.Topic{
	{Name: "news", Kind: topic.Marketing}, {Name: "offers", Kind: topic.Marketing}, {Name: "receipts", Kind: topic.Transactional},
}}

func storeOf(t *testing.T, topics *topic.Set, keys ...string) *Store {
	t.Helper()
	s, err := New(Options{Redis: redistest.Start(t).Client(), Topics: topics, Keys: keys, Country: "GB"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// open are the topics about which an address may be written to.
func openTo(t *testing.T, s *Store, c message.Channel, address string) string {
	t.Helper()
	names := s.topics.Names()
	found, err := s.CheckTopics(context.Background(), c, address, names)
	if err != nil {
		t.Fatal(err)
	}
	var open []string
	for i, e := range found {
		alone, err := s.Check(context.Background(), c, names[i], []string{address})
		if err != nil || (alone[0] == nil) != (e == nil) {
			t.Fatalf("%s about %s: Check says %v, %v, CheckTopics %v", address, names[i], alone, err, e)
		}
		if e == nil {
			open = append(open, names[i])
		}
	}
	return strings.Join(open, " ")
}

// What an address may be told, by what stands on the lists.
func TestTopics(t *testing.T) {
	t.Parallel()
	ctx, s := context.Background(), storeOf(t, someTopics)
	own := func(name, reason string, allow bool) Entry { return Entry{Topic: name, Reason: reason, Allow: allow} }
	domain := func(name, reason string) Entry { return Entry{Address: "*@", Topic: name, Reason: reason} }
	for i, c := range []struct {
		entries   []Entry
		mail, sms string
	}{
		{nil, "news offers receipts", "news offers receipts"},
		{[]Entry{own("", Unsubscribed, false)}, "receipts", ""}, // STOP ends all
		{[]Entry{own("*", Unsubscribed, false)}, "receipts", ""},
		{[]Entry{own("news", Unsubscribed, false)}, "offers receipts", "offers receipts"},
		{[]Entry{own("receipts", Unsubscribed, false)}, "news offers receipts", "news offers receipts"},
		{[]Entry{own("receipts", Manual, false)}, "news offers", "news offers"}, // an operator's decision counts
		{[]Entry{own("*", Complaint, false)}, "", ""},
		{[]Entry{own("*", HardBounce, false)}, "", ""},
		{[]Entry{own("*", "rival", false), own("news", Resubscribed, true)}, "", ""},
		{[]Entry{own("*", Unsubscribed, false), own("news", Resubscribed, true)}, "news receipts", "news"},
		{[]Entry{own("*", Manual, true), own("news", Unsubscribed, false)}, "offers receipts", "offers receipts"},
		{[]Entry{domain("*", "rival")}, "", "news offers receipts"},
		{[]Entry{domain("*", "rival"), own("*", Manual, true)}, "news offers receipts", "news offers receipts"},
		{[]Entry{domain("*", "rival"), own("news", Manual, true)}, "news", "news offers receipts"},
		{[]Entry{domain("offers", "rival")}, "news receipts", "news offers receipts"},
		{[]Entry{domain("*", "rival"), own("*", Unsubscribed, false)}, "", ""}, // what doesn't count doesn't allow
	} {
		mail, number := fmt.Sprintf("ada@d%d.example", i), fmt.Sprintf("+4479123456%02d", i)
		for _, e := range c.entries {
			of := map[message.Channel]string{message.Email: mail, message.SMS: number}
			if e.Address != "" {
				of = map[message.Channel]string{message.Email: "*" + mail[3:]}
			}
			for channel, address := range of {
				e.Address = address
				if err := s.Add(ctx, channel, e); err != nil {
					t.Fatal(err)
				}
			}
		}
		if got := openTo(t, s, message.Email, mail); got != c.mail {
			t.Errorf("%+v: email %q, want %q", c.entries, got, c.mail)
		}
		if got := openTo(t, s, message.SMS, number); got != c.sms {
			t.Errorf("%+v: SMS %q, want %q", c.entries, got, c.sms)
		}
	}
	var unknown *topic.Unknown
	if _, err := s.Check(ctx, message.Email, "nwes", []string{"a@b.example"}); !errors.As(err, &unknown) || !strings.Contains(err.Error(), `did you mean "news"?`) {
		t.Errorf("an unknown topic: %v", err)
	}
	if err := s.Add(ctx, message.Email, Entry{Address: "a@b.example", Topic: "nwes"}); !errors.As(err, &unknown) {
		t.Errorf("an entry about an unknown topic: %v", err)
	}
}

// What recipients ask for, one after the other, and whom they may be told about after each. - unsubscribes, + resubscribes.
func TestWishes(t *testing.T) {
	t.Parallel()
	ctx, s := context.Background(), storeOf(t, someTopics)
	for i, steps := range [][]string{
		{"-news", "offers receipts", "-offers", "receipts", "+news", "news receipts", "+offers", "news offers receipts"},
		{"-news", "offers receipts", "-news", "offers receipts", "+news", "news offers receipts", "+news", "news offers receipts"},
		{"-*", "receipts", "+news", "news receipts", "-news", "receipts", "+offers", "offers receipts", "-*", "receipts", "+*", "offers receipts", "+news", "news offers receipts"},
		{"-", "offers receipts", "+", "news offers receipts"},                      // the default topic
		{"-receipts", "receipts", "+receipts", "news offers receipts"},             // a transactional one is no choice of its own
		{"-gone", "news offers receipts", "+gone", "news offers receipts"},         // a topic that the file had once
		{"!complaint", "", "-*", "", "+*", "", "+news", "", "-news", "", "+*", ""}, // nobody takes back more than their own wish
		{"-*", "receipts", "!complaint", "", "+*", ""},
	} {
		address := fmt.Sprintf("ada%d@example.org", i)
		for n := 0; n < len(steps); n += 2 {
			var err error
			switch name := steps[n][1:]; steps[n][0] {
			case '-':
				err = s.Unsubscribe(ctx, message.Email, name, address, "test")
			case '+':
				err = s.Resubscribe(ctx, message.Email, name, address, "test")
			default:
				err = s.Suppress(ctx, message.Email, address, name, "test")
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := openTo(t, s, message.Email, address); got != steps[n+1] {
				t.Errorf("%q: after step %d %q, want %q", steps, n/2+1, got, steps[n+1])
			}
		}
	}
	for _, text := range []string{"*@example.org", "no address", ""} {
		if err := s.Unsubscribe(ctx, message.Email, "news", text, "test"); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// An entry of an older version is about all topics, for versions that know topics as for those that don't.
func TestEntriesWithoutTopic(t *testing.T) {
	t.Parallel()
	ctx, s := context.Background(), storeOf(t, someTopics)
	const own = "ada@example.org"
	if err := s.rdb.HSet(ctx, hashKey(message.Email, own), own, "bt6zrls complaint bulk news").Err(); err != nil {
		t.Fatal(err)
	}
	if got := openTo(t, s, message.Email, own); got != "" {
		t.Errorf("it allows %q", got)
	}
	for e, err := range s.List(ctx, message.Email) {
		if err != nil || e.Topic != topic.All || e.Address != own || e.Reason != Complaint {
			t.Errorf("%+v, %v", e, err)
		}
	}
	if err := s.Add(ctx, message.Email, Entry{Address: "eve@example.org", Reason: Manual}); err != nil {
		t.Fatal(err)
	}
	if there, err := s.rdb.HExists(ctx, hashKey(message.Email, "eve@example.org"), "eve@example.org").Result(); err != nil || !there {
		t.Errorf("an older version would not find the entry: %v, %v", there, err)
	}
}

// Topics survive export and import, removing, erasing and a change of keys.
func TestTopicsAreKept(t *testing.T) {
	t.Parallel()
	ctx, s := context.Background(), storeOf(t, someTopics, keyA)
	if err := s.Add(ctx, message.Email, Entry{Address: "ada@example.org", Topic: "news", Reason: Unsubscribed}, Entry{Address: "eve@example.org"}, Entry{Address: "*@x.example", Topic: "offers"}); err != nil {
		t.Fatal(err)
	}
	var csv bytes.Buffer
	if n, err := s.Export(ctx, message.Email, &csv); n != 3 || err != nil {
		t.Fatal(n, err)
	}
	other := storeOf(t, someTopics)
	if n, err := other.Import(ctx, message.Email, bytes.NewReader(csv.Bytes()), Entry{}); n != 3 || err != nil {
		t.Fatal(n, err)
	}
	for _, s := range []*Store{s, other} {
		for address, want := range map[string]string{"ada@example.org": "offers receipts", "eve@example.org": "", "a@x.example": "news receipts"} {
			if got := openTo(t, s, message.Email, address); got != want {
				t.Errorf("%s: %q, want %q", address, got, want)
			}
		}
	}
	n, err := other.Import(ctx, message.Email, strings.NewReader("address,topic\nbob@example.org,nwes\njoe@example.org,news\n"), Entry{})
	if n != 1 || err == nil || !strings.Contains(err.Error(), `line 2: there is no topic "nwes"; did you mean "news"?`) {
		t.Errorf("%d, %v", n, err)
	}
	if n, err := other.Remove(ctx, message.Email, "offers", "ada@example.org", "*@x.example"); n != 1 || err != nil {
		t.Errorf("removed %d of one topic, %v", n, err)
	}
	if n, err := other.Remove(ctx, message.Email, "", "ada@example.org"); n != 1 || err != nil || openTo(t, other, message.Email, "ada@example.org") != "news offers receipts" {
		t.Errorf("removed %d, %v", n, err)
	}
	// A topic that is in no file any more is erased too.
	if err := s.Unsubscribe(ctx, message.Email, "gone", "ada@example.org", "test"); err != nil {
		t.Fatal(err)
	}
	if there, hashed, err := s.Erase(ctx, message.Email, "ada@example.org", false); !there || !hashed || err != nil {
		t.Fatal(there, hashed, err)
	}
	if got := openTo(t, s, message.Email, "Ada@Example.org"); got != "offers receipts" {
		t.Errorf("after erasing: %q", got)
	}
	var left []string
	for e, err := range s.List(ctx, message.Email) {
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(e.Address, "ada") {
			left = append(left, e.Address)
		}
	}
	if len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

// Entries about topics get the keys of a new form too.
func TestMigrateTopics(t *testing.T) {
	t.Parallel()
	ctx, s := context.Background(), storeOf(t, someTopics)
	const old = "07912345678"
	if err := s.rdb.HSet(ctx, hashKey(message.SMS, old), fieldOf(old, "news"), "bt6zrls unsubscribed").Err(); err != nil {
		t.Fatal(err)
	}
	if got := openTo(t, s, message.SMS, "+447912345678"); got != "offers receipts" {
		t.Errorf("%q", got)
	}
	var fields []string
	for shard := range shards {
		some, err := s.rdb.HKeys(ctx, shardKey(message.SMS, shard)).Result()
		if err != nil {
			t.Fatal(err)
		}
		fields = append(fields, some...)
	}
	if !slices.Equal(fields, []string{"+447912345678\tnews"}) {
		t.Errorf("%q", fields)
	}
}
