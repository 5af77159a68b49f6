package bulk

import (
	"encoding/json"
	"errors"
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

func TestPlanRequire(t *testing.T) {
	const in = "to\na@b.com\nb@b.com,too many\nc@b.com\n"
	required := func(in, want string) (int, int, error) {
		p, err := NewPlan(Definition{})
		if err != nil {
			t.Fatal(err)
		}
		audience, err := OpenAudience(strings.NewReader(in), "", message.Email)
		if err != nil {
			t.Fatal(err)
		}
		all, bad, err := collect(p.Require(want, audience))
		return len(all), len(bad), err
	}
	want := sum(t, Definition{}, Recipient{Email: "a@b.com", Context: json.RawMessage(`{}`)}, Recipient{Email: "c@b.com", Context: json.RawMessage(`{}`)})
	if good, bad, err := required(in, want); good != 2 || bad != 1 || err != nil {
		t.Errorf("as planned: %d recipients, %d bad rows, %v", good, bad, err)
	}
	if good, _, err := required(in+"d@b.com\n", want); good != 3 || !errors.Is(err, ErrPlan) {
		t.Errorf("one more: %d recipients, %v", good, err)
	}
}
