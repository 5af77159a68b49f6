package caught

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/redistest"
)

// Each owner's tests have a list of their own: the newest first, page by page, for a day, and no more than it may hold.
func TestStore(t *testing.T) {
	ctx := t.Context()
	rdb := redistest.Start(t).Client()
	s, err := New(rdb)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	s.now = func() time.Time { return now }
	shop, other := "shop~", "other~"
	put := func(owner, id, text string) {
		t.Helper()
		m := Message{Message: owner + "~" + id, Channel: message.Email, To: []string{id + "@example.com"}, Text: text, Source: []byte(text), Attachments: []File{{"a.txt", "text/plain", 3}}}
		if err := s.Put(ctx, owner, m); err != nil {
			t.Fatal(err)
		}
	}
	page := func(owner, before string, most int) (texts, next string) {
		t.Helper()
		list, next, err := s.List(ctx, owner, before, most)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range list {
			texts += m.Text + " "
		}
		return strings.TrimSpace(texts), next
	}
	for i := range 12 {
		put(shop, fmt.Sprintf("m%d", i), fmt.Sprint(i))
	}
	put(other, "x", "others")
	got, next := page(shop, "", 5)
	if got != "11 10 9 8 7" || next == "" {
		t.Errorf("first page %q, next %q", got, next)
	}
	put(shop, "m12", "12") // moves nothing
	if got, next = page(shop, next, 5); got != "6 5 4 3 2" || next == "" {
		t.Errorf("second page %q, next %q", got, next)
	}
	if got, next = page(shop, next, 5); got != "1 0" || next != "" {
		t.Errorf("last page %q, next %q", got, next)
	}
	if got, _ = page(other, "", 5); got != "others" {
		t.Errorf("another owner's: %q", got)
	}
	list, _, err := s.List(ctx, shop, "", 1)
	if err != nil {
		t.Fatal(err)
	}
	m, err := s.Get(ctx, shop, list[0].ID)
	if err != nil || m.Message != "shop~~m12" || string(m.Source) != "12" || m.At.IsZero() || len(m.Attachments) != 1 {
		t.Errorf("%+v, %v", m, err)
	}
	for _, id := range []string{"0", "99", "x", "", "-1", "1 "} {
		if _, err := s.Get(ctx, shop, id); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: %v", id, err)
		}
	}
	if n, err := s.Erase(ctx, func(text string) bool { return text == "m3@example.com" || text == "x@example.com" }); n != 2 || err != nil {
		t.Errorf("erased %d, %v", n, err)
	}
	if got, _ = page(shop, "", 50); strings.Contains(got, " 3 ") || !strings.Contains(got, " 4 ") {
		t.Errorf("after erasing: %q", got)
	}
	now = now.Add(Retention + time.Second)
	if got, next = page(shop, "", 50); got != "" || next != "" {
		t.Errorf("a day later: %q", got)
	}
	if _, err := s.Get(ctx, shop, list[0].ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("a day later: %v", err)
	}
	put(shop, "new", "new")
	for key, want := range map[string]int64{"list": 1, "items": 1, "sizes": 1} {
		n := rdb.HLen(ctx, "herald:{caught:shop~}:"+key).Val() + rdb.ZCard(ctx, "herald:{caught:shop~}:"+key).Val()
		if n != want {
			t.Errorf("%s has %d, want %d: what is old stays", key, n, want)
		}
	}
}

// A list is bounded by number and by bytes, and knows how many bytes it has.
func TestBounds(t *testing.T) {
	ctx := t.Context()
	rdb := redistest.Start(t).Client()
	s, err := New(rdb)
	if err != nil {
		t.Fatal(err)
	}
	s.most, s.bytes = 100, 64<<10
	for i := range s.most + 20 {
		if err := s.Put(ctx, "shop~", Message{Message: "shop~~m", Text: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if n := rdb.ZCard(ctx, "herald:{caught:shop~}:list").Val(); n != int64(s.most) {
		t.Errorf("%d messages", n)
	}
	noise := make([]byte, 20<<10)
	seed := uint32(1)
	for i := range noise {
		seed = seed*1664525 + 1013904223
		noise[i] = byte(seed >> 24)
	}
	for range 5 {
		if err := s.Put(ctx, "shop~", Message{Message: "shop~~m", Source: noise}); err != nil {
			t.Fatal(err)
		}
	}
	state := rdb.HGetAll(ctx, "herald:{caught:shop~}:state").Val()
	var sum, bytes int
	for _, v := range rdb.HGetAll(ctx, "herald:{caught:shop~}:items").Val() {
		sum += len(v)
	}
	if _, err := fmt.Sscan(state["bytes"], &bytes); err != nil || bytes != sum || sum > s.bytes {
		t.Errorf("%s bytes are written down, there are %d", state["bytes"], sum)
	}
}
