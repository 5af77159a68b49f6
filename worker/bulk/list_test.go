package bulk

import (
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/redistest"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// Bulks are listed by topic and tag, of all and of an owner, page by page; who is deleted is in no list.
func TestListByLabels(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.Start(t).Client()
	books, err := ledger.New(ledger.Options{Redis: rdb, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = books.Close() })
	s := NewStore(rdb, books)
	begin := time.Now().Add(-time.Hour).UTC().Truncate(time.Millisecond)
	for i := range 12 {
		d := Definition{ID: fmt.Sprintf("b%02d", i), CreatedAt: begin.Add(time.Duration(i) * time.Minute)}
		d.Messages = []Part{{Channel: message.SMS, Content: task.Content{Text: "Hi"}}}
		if i%4 == 0 {
			d.ID = task.Owned("shop", d.ID)
		}
		d.Topic = []string{"news", "offers"}[i%2]
		if d.Tags = []string{"all"}; i%3 == 0 {
			d.Tags = append(d.Tags, "Größe 3")
		}
		if err := s.Create(ctx, d); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		owner, topic, tag string
		want              []string
	}{
		{"", "offers", "", []string{"b11", "b09", "b07", "b05", "b03", "b01"}},
		{"", "", "Größe 3", []string{"b09", "b06", "b03", "shop~b00"}},
		{"", "news", "Größe 3", []string{"b06", "shop~b00"}},
		{"shop", "news", "all", []string{"shop~b08", "shop~b04", "shop~b00"}},
		{"shop", "offers", "all", nil}, {"", "nwes", "", nil}, {"", "news", "größe 3", nil},
	} {
		for _, most := range []int{1, 2, 100} {
			r := Range{Owner: c.owner, Topic: c.topic, Tag: c.tag, Most: most}
			var got []string
			for {
				page, err := s.Page(ctx, r)
				if err != nil {
					t.Fatal(err)
				}
				for _, l := range page {
					got = append(got, l.ID)
				}
				if len(page) < most {
					break
				}
				r.After = page[len(page)-1]
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%+v, %d a page: %q", c, most, got)
			}
		}
	}
	if err := s.Delete(ctx, "b11"); err != nil {
		t.Fatal(err)
	}
	for _, r := range []Range{{Topic: "offers", Most: 1}, {Tag: "all", Most: 1}, {Most: 1}} {
		if page, err := s.Page(ctx, r); err != nil || len(page) != 1 || page[0].ID == "b11" {
			t.Errorf("%+v: %v, %v", r, page, err)
		}
	}
}
