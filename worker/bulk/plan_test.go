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

func sum(t *testing.T, d Definition, sources string, audience ...Recipient) string {
	t.Helper()
	p, err := NewPlan(d, sources)
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
	d := Definition{ID: "a", Channel: message.Email, From: "a@b.com", Content: task.Content{Shortcut: "x", Sources: "pinned"}, Context: json.RawMessage(`{"a":1}`)}
	ada, bob := Recipient{To: "ada@b.com", Context: json.RawMessage(`{"n":1}`)}, Recipient{To: "bob@b.com", Locale: "de"}
	base := sum(t, d, "s", ada, bob)
	same := d
	same.ID, same.CreatedAt, same.Sources = "b", time.Now(), ""
	read := ada
	read.checked = true
	if got := sum(t, same, "s", read, bob); got != base {
		t.Error("id, time, pinning or the way the audience was read make another plan")
	}
	for name, change := range map[string]func(*Definition){
		"from":       func(d *Definition) { d.From = "c@b.com" },
		"shortcut":   func(d *Definition) { d.Shortcut = "y" },
		"context":    func(d *Definition) { d.Context = json.RawMessage(`{"a":2}`) },
		"policy":     func(d *Definition) { d.Policy = task.Hold },
		"attachment": func(d *Definition) { d.Attachments = []message.Ref{{File: "a.pdf"}} },
	} {
		other := d
		change(&other)
		if sum(t, other, "s", ada, bob) == base {
			t.Errorf("%s: the same plan", name)
		}
	}
	file := ada
	file.Attachments = []message.Ref{{File: "a.pdf"}}
	for name, other := range map[string]string{
		"sources":      sum(t, d, "t", ada, bob),
		"order":        sum(t, d, "s", bob, ada),
		"one less":     sum(t, d, "s", ada),
		"one more":     sum(t, d, "s", ada, bob, bob),
		"attachment":   sum(t, d, "s", file, bob),
		"field moved":  sum(t, d, "s", ada, Recipient{To: "bob@b.comde"}),
		"member moved": sum(t, d, "s", ada, Recipient{To: "bob@b.com", Timezone: "de"}),
	} {
		if other == base {
			t.Errorf("%s: the same plan", name)
		}
	}
}

func TestPlanRequire(t *testing.T) {
	const in = "to\na@b.com\nb@b.com,too many\nc@b.com\n"
	required := func(in, want string) (int, int, error) {
		p, err := NewPlan(Definition{}, "s")
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
	want := sum(t, Definition{}, "s", Recipient{To: "a@b.com", Context: json.RawMessage(`{}`)}, Recipient{To: "c@b.com", Context: json.RawMessage(`{}`)})
	if good, bad, err := required(in, want); good != 2 || bad != 1 || err != nil {
		t.Errorf("as planned: %d recipients, %d bad rows, %v", good, bad, err)
	}
	if good, _, err := required(in+"d@b.com\n", want); good != 3 || !errors.Is(err, ErrPlan) {
		t.Errorf("one more: %d recipients, %v", good, err)
	}
}
