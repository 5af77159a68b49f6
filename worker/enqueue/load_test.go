package enqueue

import (
	"context"
	"errors"
	"io"
	"iter"
	"strings"
	"testing"

	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/address/phone"
	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/redistest"
	"github.com/heraldsend/herald/worker/task"
)

// An audience that broke off can be loaded again from its beginning, whatever its size was; a complete one can't.
func TestLoadAgain(t *testing.T) {
	c, _ := newClient(t)
	ctx := context.Background()
	id, err := c.CreateBulk(ctx, definition())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.StartBulk(ctx, id); !errors.Is(err, ErrNoAudience) {
		t.Errorf("start without an audience: %v", err)
	}
	if _, err := c.LoadBulk(ctx, id, audience(450, io.ErrUnexpectedEOF), BulkOptions{}); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatal(err)
	}
	n, err := c.LoadBulk(ctx, id, audience(30, nil), BulkOptions{})
	if err != nil || n != 30 {
		t.Fatal(n, err)
	}
	status, err := c.Bulks().Status(ctx, id)
	if err != nil || status.Planned != 30 || status.State != bulk.Ready {
		t.Errorf("%+v, %v", status, err)
	}
	results := 0
	for _, err := range c.Bulks().Results(ctx, id) {
		if err != nil {
			t.Fatal(err)
		}
		results++
	}
	if results != 30 {
		t.Errorf("%d results", results)
	}
	if _, err := c.LoadBulk(ctx, id, audience(1, nil), BulkOptions{}); !errors.Is(err, bulk.ErrSealed) {
		t.Errorf("a second audience: %v", err)
	}
	if again, err := c.CreateBulk(ctx, definition()); err != nil || again != id {
		t.Errorf("the same definition: %q, %v", again, err)
	}
	other := definition()
	other.Rate = 7
	if _, err := c.CreateBulk(ctx, other); !errors.Is(err, ErrConflict) {
		t.Errorf("another definition under the same id: %v", err)
	}
}

// Two loads at once can't mix their recipients.
func TestTwoLoads(t *testing.T) {
	c, _ := newClient(t)
	ctx := context.Background()
	id, err := c.CreateBulk(ctx, definition())
	if err != nil {
		t.Fatal(err)
	}
	var other error
	first := iter.Seq2[bulk.Recipient, error](func(yield func(bulk.Recipient, error) bool) {
		_, other = c.LoadBulk(ctx, id, audience(5, nil), BulkOptions{})
		audience(10, nil)(yield)
	})
	if n, err := c.LoadBulk(ctx, id, first, BulkOptions{}); n != 10 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if !errors.Is(other, bulk.ErrLoading) {
		t.Errorf("the other load: %v", other)
	}
}

func TestFaultyDefinitions(t *testing.T) {
	c, _ := newClient(t)
	for name, spoil := range map[string]func(*bulk.Definition){
		"nothing to do":        func(d *bulk.Definition) { d.Messages = nil },
		"a channel twice":      func(d *bulk.Definition) { d.Messages = append(d.Messages, d.Messages[0]) },
		"negative rate":        func(d *bulk.Definition) { d.Rate = -1 },
		"no local time":        func(d *bulk.Definition) { d.SendAtLocal = "9 o'clock" },
		"two times":            func(d *bulk.Definition) { d.SendAtLocal, d.SendAt = "2030-12-01T09:00", now() },
		"over before it began": func(d *bulk.Definition) { d.SendAt, d.SendBefore = now().AddDate(0, 0, 2), now().AddDate(0, 0, 1) },
		"far ahead":            func(d *bulk.Definition) { d.SendAt = now().AddDate(1, 0, 0) },
		"canary of everyone":   func(d *bulk.Definition) { d.Canary = &bulk.Canary{Percent: 100} },
		"canary by local time": func(d *bulk.Definition) { d.SendAtLocal, d.Canary = "2026-12-01T09:00", &bulk.Canary{Percent: 1} },
		"faulty part":          func(d *bulk.Definition) { d.Messages[0].From = "" },
	} {
		d := definition()
		spoil(&d)
		if _, err := c.CreateBulk(context.Background(), d); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// Only whoever reads phone numbers can tell which are the same.
func TestDeduplicatingNumbersNeedsPhones(t *testing.T) {
	t.Parallel()
	rdb := redistest.Start(t).Client()
	d := bulk.Definition{
		Messages:    []bulk.Part{{Channel: message.SMS, Content: task.Content{Text: "Hi"}}},
		Deduplicate: true, Country: "GB",
	}
	for _, phones := range []address.PhoneParser{nil, phone.Parse} {
		c, err := New(Options{Redis: rdb, Phones: phones})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		audience := func(yield func(bulk.Recipient, error) bool) {
			_ = yield(bulk.Recipient{Phone: "+44 (0)7912 345678"}, nil) && yield(bulk.Recipient{Phone: "07912\u200b 345678"}, nil)
		}
		id, err := c.Bulk(t.Context(), d, audience, BulkOptions{})
		if phones == nil {
			if err == nil || !strings.Contains(err.Error(), "Options.Phones") {
				t.Error(err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		recipients, err := c.Bulks().Recipients(t.Context(), definitionOf(t, c, id), 0)
		if err != nil || len(recipients) != 2 || recipients[0].Duplicate(0) || !recipients[1].Duplicate(0) {
			t.Errorf("%+v, %v", recipients, err)
		}
	}
}

func definitionOf(t *testing.T, c *Client, id string) bulk.Definition {
	t.Helper()
	b, err := c.Bulks().Bulk(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	return b.Definition
}

// A call that broke off in its audience is repeated whole, as often as it takes; then it is done, and stays as it is.
func TestBulkCanBeRepeated(t *testing.T) {
	c, _ := newClient(t)
	ctx := context.Background()
	d := definition()
	for range 2 {
		if _, err := c.Bulk(ctx, d, audience(450, io.ErrUnexpectedEOF), BulkOptions{}); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatal(err)
		}
		if status, err := c.Bulks().Status(ctx, d.ID); err != nil || status.State != bulk.Loading {
			t.Fatalf("%+v, %v", status, err)
		}
	}
	other := d
	other.Rate = 7
	if _, err := c.Bulk(ctx, other, audience(30, nil), BulkOptions{}); !errors.Is(err, ErrConflict) {
		t.Errorf("another definition: %v", err)
	}
	id, err := c.Bulk(ctx, d, audience(30, nil), BulkOptions{})
	if err != nil || id != d.ID {
		t.Fatal(id, err)
	}
	if status, err := c.Bulks().Status(ctx, id); err != nil || status.Planned != 30 || status.State != bulk.Ready {
		t.Errorf("%+v, %v", status, err)
	}
	if again, err := c.Bulk(ctx, d, audience(30, nil), BulkOptions{}); again != id || err != nil {
		t.Errorf("once more: %q, %v", again, err)
	}
	if _, err := c.Bulk(ctx, d, audience(31, nil), BulkOptions{}); !errors.Is(err, ErrConflict) {
		t.Errorf("another audience: %v", err)
	}
	if status, err := c.Bulks().Status(ctx, id); err != nil || status.Planned != 30 {
		t.Errorf("once more: %+v, %v", status, err)
	}
}
