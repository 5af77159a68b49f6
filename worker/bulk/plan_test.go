package bulk

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/task"
)

func sum(t *testing.T, d Definition, audience ...Recipient) string {
	t.Helper()
	p, err := NewPlan(d)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range audience {
		if err := p.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	return p.Sum()
}

// A plan is the same for the same thing, whenever and under whatever id, and another for whatever a recipient or an
// operator could notice.
func TestPlan(t *testing.T) {
	part := Part{Channel: message.Email, From: "a@b.com", Content: task.Content{Shortcut: "x", Sources: "s"}}
	d := Definition{ID: "a", Messages: []Part{part}, Context: json.RawMessage(`{"a":1}`)}
	ada, bob := Recipient{Email: "ada@b.com", Context: json.RawMessage(`{"n":1}`)}, Recipient{Email: "bob@b.com", Locale: "de"}
	base := sum(t, d, ada, bob)
	same := d
	same.ID, same.CreatedAt = "b", time.Now()
	read := ada
	read.checked = true
	if got := sum(t, same, read, bob); got != base {
		t.Error("id, time or the way the audience was read make another plan")
	}
	for name, change := range map[string]func(*Definition){
		"from":       func(d *Definition) { d.Messages[0].From = "c@b.com" },
		"shortcut":   func(d *Definition) { d.Messages[0].Shortcut = "y" },
		"sources":    func(d *Definition) { d.Messages[0].Sources = "t" },
		"context":    func(d *Definition) { d.Context = json.RawMessage(`{"a":2}`) },
		"policy":     func(d *Definition) { d.Messages[0].Policy = task.Hold },
		"attachment": func(d *Definition) { d.Messages[0].Attachments = []message.Ref{{File: "a.pdf"}} },
		"channel":    func(d *Definition) { d.Messages = append(d.Messages, Part{Channel: message.SMS}) },
		"time":       func(d *Definition) { d.SendAtLocal = "2026-12-01T09:00" },
	} {
		other := d
		other.Messages = []Part{part}
		change(&other)
		if sum(t, other, ada, bob) == base {
			t.Errorf("%s: the same plan", name)
		}
	}
	file := ada
	file.Attachments = []message.Ref{{File: "a.pdf"}}
	for name, other := range map[string]string{
		"order":         sum(t, d, bob, ada),
		"one less":      sum(t, d, ada),
		"one more":      sum(t, d, ada, bob, bob),
		"attachment":    sum(t, d, file, bob),
		"field moved":   sum(t, d, ada, Recipient{Email: "bob@b.comde"}),
		"member moved":  sum(t, d, ada, Recipient{Email: "bob@b.com", Timezone: "de"}),
		"address moved": sum(t, d, ada, Recipient{Phone: "bob@b.com", Locale: "de"}),
	} {
		if other == base {
			t.Errorf("%s: the same plan", name)
		}
	}
}

// Rows that can't be read don't count, and one more that can makes another plan.
func TestPlanOfAnAudience(t *testing.T) {
	const in = "to\na@b.com\nb@b.com,too many\nc@b.com\n"
	planned := func(in string) (good, bad int, plan string) {
		audience, err := OpenAudience(strings.NewReader(in), "", message.Email)
		if err != nil {
			t.Fatal(err)
		}
		all, faults, err := collect(audience.All())
		if err != nil {
			t.Fatal(err)
		}
		return len(all), len(faults), sum(t, Definition{}, all...)
	}
	want := sum(t, Definition{}, Recipient{Email: "a@b.com", Context: json.RawMessage(`{}`)}, Recipient{Email: "c@b.com", Context: json.RawMessage(`{}`)})
	if good, bad, plan := planned(in); good != 2 || bad != 1 || plan != want {
		t.Errorf("as planned: %d recipients, %d bad rows, %s", good, bad, plan)
	}
	if good, _, plan := planned(in + "d@b.com\n"); good != 3 || plan == want {
		t.Errorf("one more: %d recipients, %s", good, plan)
	}
}
