package enqueue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/redistest"
	"github.com/heraldsend/herald/worker/task"
)

// What Messages does to several messages is what Message does to each, one after the other: the same ids, the same errors,
// the same tasks.
func TestMessagesAreThoseOneByOne(t *testing.T) {
	list := []task.Message{}
	add := func(id string, change func(*task.Message)) {
		m := letter()
		m.ID = id
		change(&m)
		list = append(list, m)
	}
	add("a", func(*task.Message) {})
	add("later", func(m *task.Message) { m.SendAt = time.Now().Add(time.Hour) })
	add("sms", func(m *task.Message) { m.Channel, m.To, m.From = message.SMS, "+4930123456", "" })
	add("wrong", func(m *task.Message) { m.From, m.To = "", "" })
	add("too far", func(m *task.Message) { m.SendAt = time.Now().Add(9000 * time.Hour) })
	add("file", func(m *task.Message) { m.Attachments = []message.Ref{{Name: "a.txt", Blob: strings.Repeat("0a", 32)}} })
	add("a", func(*task.Message) {})
	add("a", func(m *task.Message) { m.Text = "Bye" })
	for i := range 20 {
		add(fmt.Sprint("more-", i), func(m *task.Message) { m.Context = json.RawMessage(fmt.Sprintf(`{"customer":{"numberNum":%d}}`, i)) })
	}
	ctx := context.Background()
	one, _ := newClient(t)
	together, _ := newClient(t)
	receipts, err := together.Messages(ctx, list)
	if err == nil || fault.In(err) == nil || !strings.Contains(err.Error(), "4 of 28") {
		t.Errorf("error %v", err)
	}
	for i, m := range list {
		want, err := one.Enqueue(ctx, m)
		got := receipts[i]
		if (got.Err == nil) != (err == nil) || errors.Is(got.Err, ErrConflict) != errors.Is(err, ErrConflict) || fmt.Sprint(fault.Of(got.Err)) != fmt.Sprint(fault.Of(err)) {
			t.Errorf("%s: error %v, want %v", m.ID, got.Err, err)
		}
		if err == nil && (got.ID != want.ID || got.Already != want.Already) {
			t.Errorf("%s: %+v, want %+v", m.ID, got, want)
		}
	}
	if got, want := tasksOf(t, together), tasksOf(t, one); fmt.Sprint(got) != fmt.Sprint(want) || len(got) != 23 {
		t.Errorf("%d tasks %v, want %d %v", len(got), got, len(want), want)
	}
	again, err := together.Messages(ctx, list[:3])
	if err != nil || !again[0].Already || !again[1].Already || !again[2].Already {
		t.Errorf("again: %+v, %v", again, err)
	}
	if none, err := together.Messages(ctx, nil); len(none) != 0 || err != nil {
		t.Errorf("none: %v, %v", none, err)
	}
}

// tasksOf are the tasks in the queues, without the time at which they were enqueued.
func tasksOf(t *testing.T, c *Client) map[string]string {
	t.Helper()
	found := map[string]string{}
	if err := queue.New(c.rdb).Each(t.Context(), func(s queue.Stored) error {
		p, err := task.Parse(s.Kind, s.Payload)
		if err != nil {
			return err
		}
		m := p.(task.Message)
		m.EnqueuedAt, m.SendAt = time.Time{}, m.SendAt.Truncate(time.Hour)
		data, err := json.Marshal(m)
		found[s.Queue+" "+s.ID] = string(data)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return found
}

// A Redis that takes no more says so for each message, and what was not stored is stored by the next call.
func TestMessagesOfAFullRedis(t *testing.T) {
	s := redistest.Start(t)
	rdb := s.Client()
	c, err := New(Options{Redis: rdb})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	list := []task.Message{letter(), letter()}
	list[1].ID = "another"
	for _, limit := range []string{"1", "0"} {
		if err := rdb.ConfigSet(t.Context(), "maxmemory", limit).Err(); err != nil {
			t.Fatal(err)
		}
		receipts, err := c.Messages(t.Context(), list)
		if (err != nil) != (limit == "1") || (receipts[1].Err != nil) != (limit == "1") {
			t.Fatalf("maxmemory %s: %v, %+v", limit, err, receipts)
		}
	}
	if err := rdb.ScriptFlush(t.Context()).Err(); err != nil { // as after a restart
		t.Fatal(err)
	}
	for i := range list {
		list[i].ID += "-2"
	}
	if receipts, err := c.Messages(t.Context(), list); err != nil || len(tasksOf(t, c)) != 4 {
		t.Errorf("%+v, %v", receipts, err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Messages(gone, list); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller who is gone: %v", err)
	}
}

// On a cluster the messages of one call are in many slots.
func TestMessagesOnACluster(t *testing.T) {
	rdb := redistest.StartCluster(t, 3)
	c, err := New(Options{Redis: rdb})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	var list []task.Message
	for i := range 50 {
		m := letter()
		m.ID = fmt.Sprint("m", i)
		list = append(list, m)
	}
	for _, already := range []bool{false, true} {
		receipts, err := c.Messages(t.Context(), list)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range receipts {
			if r.Already != already {
				t.Errorf("%+v", r)
			}
		}
	}
	if n := len(tasksOf(t, c)); n != len(list) {
		t.Errorf("%d tasks of %d messages", n, len(list))
	}
}
