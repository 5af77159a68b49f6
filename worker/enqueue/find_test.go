package enqueue

import (
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/address/phone"
	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/scan"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

func each(rows []bulk.Recipient) iter.Seq2[bulk.Recipient, error] {
	return func(yield func(bulk.Recipient, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// Messages, forwards and bulks of two owners, to a few people in several spellings, at random: whoever is looked for, in pages of
// any size, each message is found once, and nothing else.
func TestFindAgainstAModel(t *testing.T) {
	c, _ := newClient(t)
	c.phones = phone.Parse
	ctx := t.Context()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	people := [][]string{
		{"ada@example.com", "ADA@example.COM", "Ada <ada@Example.com>"},
		{"bob@example.com", " Bob@example.com"},
		{"zoë@bücher.example", "zoë@xn--bcher-kva.example"},
	}
	numbers := [][]string{{"+447912345678", "07912 345678"}, {"+447800345678"}} // they end alike
	talks := [][]string{{"c77"}}
	want := map[string][]string{} // by whom, then OWNER kind ID
	pick := func(spellings [][]string) (who, spelling string) {
		of := spellings[r.IntN(len(spellings))]
		return of[0], of[r.IntN(len(of))]
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for i := range 60 {
		owner := []string{"", "shop"}[r.IntN(2)]
		id := task.Owned(owner, fmt.Sprintf("m%d", i))
		switch r.IntN(6) {
		case 0, 1:
			who, to := pick(people)
			copied, cc := pick(people)
			m := task.Message{ID: id, Channel: message.Email, From: "help@acme.example", To: to, Cc: []string{cc}, Content: task.Content{Text: "Hi"}}
			if r.IntN(4) == 0 {
				m.SendAt = time.Now().Add(time.Duration(r.IntN(50*24)) * time.Hour)
			}
			_, err := c.Message(ctx, m)
			must(err)
			_, err = c.Message(ctx, m) // repeated
			must(err)
			m.To = "stranger@example.com"
			if _, err = c.Message(ctx, m); !errors.Is(err, ErrConflict) {
				t.Fatal(err)
			}
			for _, w := range slices.Compact(slices.Sorted(slices.Values([]string{who, copied}))) {
				want[w] = append(want[w], id)
			}
		case 2:
			who, to := pick(numbers)
			_, err := c.Messages(ctx, []task.Message{{ID: id, Channel: message.SMS, To: to, Country: "GB", Content: task.Content{Text: "Hi"}}})
			must(err)
			want[who] = append(want[who], id)
		case 3:
			who, to := pick(talks)
			_, err := c.Message(ctx, task.Message{ID: id, Channel: message.Chat, To: to, Content: task.Content{Text: "Hi"}})
			must(err)
			want[who] = append(want[who], id)
		case 4:
			who, to := pick(people)
			_, err := c.Forward(ctx, task.Forward{ID: id, From: "robin@desk.example", To: "lawyer@example.com, " + strings.TrimSpace(to)}, []byte(`{"id":"c1","messages":[{"direction":"in","sentAt":"2026-02-03T09:15:00Z","body":"x"}]}`))
			must(err)
			want[who] = append(want[who], id)
		case 5:
			d := bulk.Definition{ID: id, Country: "GB", Messages: []bulk.Part{
				{Channel: message.Email, From: "a@acme.example", Content: task.Content{Text: "Hi"}}, {Channel: message.SMS, Content: task.Content{Text: "Hi"}},
			}}
			var rows []bulk.Recipient
			for n := range 1 + r.IntN(300) {
				row := bulk.Recipient{Email: fmt.Sprintf("r%d.%d@example.com", i, n)}
				switch r.IntN(40) {
				case 0:
					who, to := pick(people)
					row.Email = to
					want[who] = append(want[who], id)
				case 1:
					who, to := pick(numbers)
					row.Phone = to
					want[who] = append(want[who], id)
				}
				rows = append(rows, row)
			}
			_, err := c.Bulk(ctx, d, each(rows), BulkOptions{})
			must(err)
		}
	}
	// An older version stored no filters: the first search makes them.
	older := 0
	must(scan.Keys(ctx, c.rdb, "herald:bulk:*:filters:*", func(key string) error {
		if older++; older%3 == 0 {
			return c.rdb.Del(ctx, key).Err()
		}
		return nil
	}))
	for _, spellings := range slices.Concat(people, numbers, talks) {
		for _, owner := range []string{"", "shop"} {
			var expected []string
			for _, id := range want[spellings[0]] {
				if of, _ := task.SplitOwned(id); owner == "" || of == owner {
					expected = append(expected, id)
				}
			}
			slices.Sort(expected)
			for _, most := range []int{1, 7, 1000} {
				q := Search{Recipient: spellings[len(spellings)-1], Country: "GB", Owner: owner, Most: most}
				var got []string
				last := time.Now().AddDate(1, 0, 0)
				for {
					found, err := c.Find(ctx, q)
					must(err)
					for _, m := range found.Matches {
						id := m.Status.ID
						if m.Kind == ledger.Bulk {
							id = m.Bulk
						}
						got = append(got, id)
						if m.Time.After(last) {
							t.Errorf("%s stands behind an older one", m.Status.ID)
						}
						last = m.Time
					}
					if q.Cursor = found.Next; q.Cursor == "" {
						break
					}
				}
				if slices.Sort(got); !slices.Equal(got, expected) {
					t.Errorf("%s of %q, %d a page:\n got %q\nwant %q", spellings[0], owner, most, got, expected)
				}
			}
		}
	}
}

func TestFindNarrowed(t *testing.T) {
	c, _ := newClient(t)
	c.phones = phone.Parse
	ctx := t.Context()
	for _, id := range []string{"m1", "m2", "m3"} {
		if _, err := c.Message(ctx, task.Message{ID: id, Channel: message.Email, From: "a@acme.example", To: "ada@example.com", Content: task.Content{Text: "Hi"}}); err != nil {
			t.Fatal(err)
		}
	}
	d := bulk.Definition{ID: "news", Labels: message.Labels{Topic: "news", Tags: []string{"spring", "sale"}}, Messages: []bulk.Part{{Channel: message.Email, From: "a@acme.example", Content: task.Content{Text: "Hi"}}}}
	if _, err := c.Bulk(ctx, d, each([]bulk.Recipient{{Email: "ada@example.com"}, {Email: "bob@example.com"}, {Email: "Ada@example.com"}}), BulkOptions{}); err != nil {
		t.Fatal(err)
	}
	two := ledger.Owner{Kind: ledger.Message, ID: "m2"}.Chunk(0)
	if err := c.ledger.Mark(ctx, two, 0, ledger.Sent, ledger.Reason{}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.ledger.PutFeedback(ctx, two, 0, ledger.Feedback{State: ledger.Delivered, At: time.Now(), Source: "mail"}); err != nil {
		t.Fatal(err)
	}
	ada := Search{Recipient: "ada@example.com", Most: 10}
	for name, test := range map[string]struct {
		change func(*Search)
		want   string
	}{
		"all":          {func(*Search) {}, "news+0.0.email news+0.2.email m3 m2 m1"},
		"sent":         {func(s *Search) { s.State = "sent" }, "m2"},
		"pending":      {func(s *Search) { s.State = "pending" }, "news+0.0.email news+0.2.email m3 m1"},
		"delivered":    {func(s *Search) { s.Feedback = "delivered" }, "m2"},
		"one bulk":     {func(s *Search) { s.Bulk = "news" }, "news+0.0.email news+0.2.email"},
		"a topic":      {func(s *Search) { s.Topic = "news" }, "news+0.0.email news+0.2.email"},
		"a tag":        {func(s *Search) { s.Tag = "sale" }, "news+0.0.email news+0.2.email"},
		"no such tag":  {func(s *Search) { s.Tag = "winter" }, ""},
		"later":        {func(s *Search) { s.Since = time.Now().Add(time.Minute) }, ""},
		"nobody":       {func(s *Search) { s.Recipient = "eve@example.com" }, ""},
		"another one":  {func(s *Search) { s.Owner = "shop" }, ""},
		"conversation": {func(s *Search) { s.Recipient = "ada" }, ""},
	} {
		q := ada
		test.change(&q)
		found, err := c.Find(ctx, q)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var got []string
		for _, m := range found.Matches {
			got = append(got, m.Status.ID)
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s: %q, want %s", name, got, test.want)
		}
	}
	for _, bad := range []Search{{}, {Recipient: " "}, {Recipient: "+1"}, {Recipient: "a@b.example", Cursor: "x"}, {Recipient: "a@b.example", Cursor: "YSxiLGMsZCxl"}} {
		if _, err := c.Find(ctx, bad); fault.In(err) == nil {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if _, err := c.Find(ctx, Search{Recipient: "ada@example.com", Bulk: "none"}); !errors.Is(err, bulk.ErrNotFound) {
		t.Error(err)
	}
}
