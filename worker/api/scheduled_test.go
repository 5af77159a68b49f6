package api

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

func at(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// list reads all pages of a list and returns the ids on them.
func (s *service) list(path string) (ids []string) {
	s.t.Helper()
	cursor := ""
	for range 200 {
		var page struct {
			Items []struct{ ID string }
			Next  string
		}
		s.want(200, "GET", path+cursor, nil).decode(s.t, &page)
		for _, item := range page.Items {
			ids = append(ids, item.ID)
		}
		if page.Next == "" {
			return ids
		}
		cursor = "&cursor=" + url.QueryEscape(page.Next)
	}
	s.t.Fatal("the list has no end")
	return nil
}

// What waits for its time is listed once, in the order of the times, page by page, though many have the same second and some
// are cancelled meanwhile.
func TestScheduledIsListed(t *testing.T) {
	all, tokens := callers(t)
	s := start(t, func(o *Options) { o.Tokens = tokens })
	shop, other := s.as(all["shop"]), s.as(all["other"])
	base := time.Now().Add(time.Hour).Truncate(time.Second)
	var want []string
	var messages []string
	for i := range 420 {
		id := fmt.Sprintf("m%03d", i)
		want = append(want, id)
		messages = append(messages, withID(id, `{"sendAt":"`+at(base.Add(time.Duration(i/150)*time.Second))+`",`+aMessage[1:]))
	}
	shop.want(200, "POST", "/v1/messages:batch", batchOf(messages...))
	shop.want(202, "POST", "/v1/messages", withID("sms", `{"sendAt":"`+at(base.Add(time.Hour))+`","channel":"sms","to":"+447700900123","text":"Hi"}`))
	shop.want(202, "POST", "/v1/forwards", withID("f", `{"sendAt":"`+at(base.Add(2*time.Hour))+`",`+aForward[1:]))
	shop.want(202, "POST", "/v1/messages", withID("now", aMessage))
	other.want(202, "POST", "/v1/messages", withID("theirs", `{"sendAt":"`+at(base)+`",`+aMessage[1:]))
	want = append(want, "sms", "f")
	for _, limit := range []int{7, 200} {
		if got := shop.list(fmt.Sprint("/v1/scheduled?limit=", limit)); !slices.Equal(got, want) {
			t.Errorf("limit %d: %d ids, want %d: %v", limit, len(got), len(want), got)
		}
	}
	if got := other.list("/v1/scheduled?limit=1"); !slices.Equal(got, []string{"theirs"}) {
		t.Errorf("another owner sees %v", got)
	}
	if got := s.as(all["admin"]).list("/v1/scheduled?limit=200"); len(got) != len(want)+1 || got[0] != "other~theirs" {
		t.Errorf("an admin sees %d: %v", len(got), got[:2])
	}
	// What is behind the reader goes away: nothing before it is missed.
	var first ScheduledPage
	shop.want(200, "GET", "/v1/scheduled?limit=100", nil).decode(t, &first)
	for _, item := range first.Items[:50] {
		shop.want(204, "DELETE", "/v1/messages/"+item.ID, nil)
	}
	var second ScheduledPage
	shop.want(200, "GET", "/v1/scheduled?limit=100&cursor="+first.Next, nil).decode(t, &second)
	if second.Items[0].ID != "m100" || second.Items[0].To != "ada@example.com" || second.Items[0].Channel != "email" || second.Items[0].Kind != "message" || second.Items[0].SendAt.Before(base) {
		t.Errorf("the second page begins with %+v", second.Items[0])
	}
	s.as(all["shop"]).want(422, "GET", "/v1/scheduled?cursor=x", nil)
}

// A pending message gets another time: its task moves, and stays the only one.
func TestReschedule(t *testing.T) {
	s := start(t, nil)
	soon, later := time.Now().Add(time.Hour).Truncate(time.Second), time.Now().Add(48*time.Hour).Truncate(time.Second)
	body := withID("m", `{"sendAt":"`+at(soon)+`","sendBefore":"`+at(later.Add(time.Hour))+`",`+aMessage[1:])
	s.want(202, "POST", "/v1/messages", body)
	patch := func(status int, to time.Time) answer {
		t.Helper()
		return s.want(status, "PATCH", "/v1/messages/m", `{"sendAt":"`+at(to)+`"}`)
	}
	var state MessageState
	patch(200, later).decode(t, &state)
	if state.Waiting == nil || state.Waiting.Code != "scheduled" || !strings.Contains(state.Waiting.Text, at(later)) {
		t.Errorf("%+v", state.Waiting)
	}
	if got := s.taskTime(t, "m"); !got.Equal(later) || s.tasks(t) != 1 {
		t.Errorf("its task is for %v, want %v; %d tasks", got, later, s.tasks(t))
	}
	s.want(202, "POST", "/v1/messages", body) // the first request again changes nothing
	if got := s.taskTime(t, "m"); !got.Equal(later) || s.tasks(t) != 1 {
		t.Errorf("after a repeat: %v, %d tasks", got, s.tasks(t))
	}
	if p := patch(422, later.Add(2*time.Hour)).problem(t); p.Errors[0].Pointer != "/sendBefore" {
		t.Errorf("%+v", p)
	}
	if p := patch(422, time.Now().Add(61*24*time.Hour)).problem(t); len(p.Errors) == 0 {
		t.Errorf("%+v", p)
	}
	patch(200, time.Now().Add(-time.Hour))
	if got := s.taskTime(t, "m"); !got.IsZero() || s.tasks(t) != 1 {
		t.Errorf("now: it waits until %v, %d tasks", got, s.tasks(t))
	}
	patch(200, soon)
	s.want(204, "DELETE", "/v1/messages/m", nil)
	if p := patch(409, later).problem(t); p.Code != "too_late" {
		t.Errorf("%+v", p)
	}
	s.want(404, "PATCH", "/v1/messages/none", `{"sendAt":"`+at(soon)+`"}`)
	s.want(422, "PATCH", "/v1/messages/m", `{}`)
}

// taskTime is the time until which the task of a message waits; zero if it is due.
func (s *service) taskTime(t *testing.T, id string) time.Time {
	t.Helper()
	found, err := queue.New(s.redis.Client()).Scheduled(t.Context(), queue.Waiting{}, 100, func(o ledger.Owner) bool { return o.ID == id })
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		return time.Time{}
	}
	return found[0].At
}

// A bulk that has not begun gets another time, is deleted, and starts by its plan only.
func TestBulksBeforeTheyBegin(t *testing.T) {
	s := start(t, nil)
	soon, later := time.Now().Add(time.Hour).Truncate(time.Second), time.Now().Add(48*time.Hour).Truncate(time.Second)
	body := `{"sendAt":"` + at(soon) + `",` + aBulk[1:]
	s.want(201, "POST", "/v1/bulks", body)
	var stored Audience
	s.want(200, "PUT", "/v1/bulks/news/recipients?plan=true", audience(30), ndjson).decode(t, &stored)
	if len(stored.Plan) != 64 {
		t.Fatalf("%+v", stored)
	}
	if p := s.want(409, "POST", "/v1/bulks/news/start?plan="+strings.Repeat("0", 64), nil).problem(t); p.Code != "plan_changed" || s.tasks(t) != 0 {
		t.Errorf("%+v", p)
	}
	s.want(202, "POST", "/v1/bulks/news/start?plan="+stored.Plan, nil)
	var status BulkStatus
	s.want(200, "PATCH", "/v1/bulks/news", `{"sendAt":"`+at(later)+`"}`).decode(t, &status)
	if status.State != "scheduled" || status.Cause == nil || !strings.Contains(status.Cause.Text, at(later)) || s.tasks(t) != 1 {
		t.Errorf("%+v, %+v, %d tasks", status, status.Cause, s.tasks(t))
	}
	s.want(201, "POST", "/v1/bulks", body) // the first definition again
	s.want(422, "PATCH", "/v1/bulks/news", `{"sendAt":"`+at(time.Now().Add(100*24*time.Hour))+`"}`)
	s.want(204, "DELETE", "/v1/bulks/news", nil)
	s.want(404, "GET", "/v1/bulks/news", nil)
	if n := s.tasks(t); n != 0 {
		t.Errorf("%d tasks of a bulk that is deleted", n)
	}
	if keys := s.redis.Client().Keys(t.Context(), "*news*").Val(); len(keys) != 0 {
		t.Errorf("left: %v", keys)
	}
	if ids := s.list("/v1/bulks?limit=1"); len(ids) != 0 {
		t.Errorf("listed: %v", ids)
	}
	s.want(404, "DELETE", "/v1/bulks/news", nil)
	s.want(201, "POST", "/v1/bulks", `{"sendAtLocal":"`+later.Format("2006-01-02T15:04")+`",`+aBulk[1:])
	if p := s.want(409, "PATCH", "/v1/bulks/news", `{"sendAt":"`+at(later)+`"}`).problem(t); p.Code != "local_times" {
		t.Errorf("%+v", p)
	}
}

// A bulk that has begun keeps its time, is deleted only when it is over, and sends again to those who got nothing.
func TestBulksThatHaveBegun(t *testing.T) {
	s := start(t, nil)
	s.want(201, "POST", "/v1/bulks", aBulk)
	s.want(200, "PUT", "/v1/bulks/news/recipients", audience(3), ndjson)
	s.want(202, "POST", "/v1/bulks/news/start", nil)
	bulks := s.client.Bulks()
	if err := bulks.MarkStarted(t.Context(), "news", time.Now()); err != nil {
		t.Fatal(err)
	}
	if p := s.want(409, "PATCH", "/v1/bulks/news", `{"sendAt":"`+tomorrow+`"}`).problem(t); p.Code != "too_late" {
		t.Errorf("%+v", p)
	}
	if p := s.want(409, "DELETE", "/v1/bulks/news", nil).problem(t); p.Code != "bulk_busy" {
		t.Errorf("%+v", p)
	}
	b, err := bulks.Bulk(t.Context(), "news")
	if err != nil {
		t.Fatal(err)
	}
	for slot, state := range []ledger.State{ledger.Sent, ledger.Failed, ledger.Failed} {
		if err := s.books().Mark(t.Context(), b.Owner().Chunk(0), slot, state, ledger.Reason{Code: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	var resent Resent
	s.want(202, "POST", "/v1/bulks/news/resend", `{"from":"failed"}`).decode(t, &resent)
	if resent.Resent != 2 || resent.Bulk.Pending != 2 || resent.Bulk.Sent != 1 {
		t.Errorf("%+v", resent)
	}
	s.want(422, "POST", "/v1/bulks/news/resend", `{"from":"sent"}`)
	for slot := 1; slot < 3; slot++ {
		if err := s.books().Mark(t.Context(), b.Owner().Chunk(0), slot, ledger.Sent, ledger.Reason{}); err != nil {
			t.Fatal(err)
		}
	}
	s.want(409, "DELETE", "/v1/bulks/news", nil) // its end is not published
	if err := bulks.Finished(t.Context(), "news"); err != nil {
		t.Fatal(err)
	}
	s.want(204, "DELETE", "/v1/bulks/news", nil)
	if keys := s.redis.Client().Keys(t.Context(), "*bulk:{news*").Val(); len(keys) != 0 {
		t.Errorf("left: %v", keys)
	}
}

// Bulks are listed beyond 100, by state and time, and an owner sees its own.
func TestBulksAreListed(t *testing.T) {
	all, tokens := callers(t)
	s := start(t, func(o *Options) { o.Tokens = tokens })
	shop := s.as(all["shop"])
	var want, ready []string
	for i := range 130 {
		id := fmt.Sprintf("b%03d", i)
		shop.want(201, "POST", "/v1/bulks", strings.Replace(aBulk, "news", id, 1))
		want = append(want, id)
		if i%40 == 0 {
			shop.want(200, "PUT", "/v1/bulks/"+id+"/recipients", audience(1), ndjson)
			ready = append(ready, id)
		}
	}
	s.as(all["other"]).want(201, "POST", "/v1/bulks", aBulk)
	slices.Reverse(want)
	slices.Reverse(ready)
	for path, ids := range map[string][]string{
		"/v1/bulks?limit=100": want, "/v1/bulks?limit=7": want, "/v1/bulks?state=ready&limit=1": ready, "/v1/bulks?state=ready": ready, "/v1/bulks?state=running": nil,
		"/v1/bulks?createdBefore=" + at(time.Now().Add(-time.Hour)): nil, "/v1/bulks?createdSince=" + at(time.Now().Add(-time.Hour)): want,
	} {
		if got := shop.list(path); !slices.Equal(got, ids) {
			t.Errorf("%s: %d ids, want %d", path, len(got), len(ids))
		}
	}
	if got := s.as(all["admin"]).list("/v1/bulks?limit=50"); len(got) != 131 || !slices.Contains(got, task.Owned("other", "news")) {
		t.Errorf("an admin sees %d", len(got))
	}
}
