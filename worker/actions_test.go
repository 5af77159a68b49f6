package worker

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/heraldsend/herald/render/action"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/outbox"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/store/suppress"
	"github.com/heraldsend/herald/worker/task"
)

// withActions is a shortcut that changes its conversation.
const withActions = `name: solve
subject: Solved
message: Bye
emailTemplate: none
tags: [solved, from-shortcut]
queue: billing
status: done
priority: 2
conversationSubject: Solved it
customFields: {resolvedBool: true, countNum: 3}
`

func (s *site) actionsCatalog() func(*Options) {
	return func(o *Options) {
		files := catalogFiles().(fstest.MapFS)
		files["shortcuts/solve.yaml"] = &fstest.MapFile{Data: []byte(withActions)}
		loaded, err := catalog.Load(files)
		if err != nil {
			s.t.Fatal(err)
		}
		o.Catalog = func() *catalog.Catalog { return loaded }
		o.Senders[message.Note] = s.out
	}
}

func changed(e told) string {
	data, _ := json.Marshal(e.Data["changes"])
	var list []task.Change
	_ = json.Unmarshal(data, &list)
	var out []string
	for _, c := range list {
		value, _ := json.Marshal(c.Value)
		out = append(out, c.Field+" "+c.Op+" "+string(value))
	}
	return strings.Join(out, "; ")
}

// What a shortcut and a job do to a conversation follows the message, once, in one order.
func TestActionsFollowTheMessage(t *testing.T) {
	t.Parallel()
	s, r := newSite(t), newReceiver(t)
	s.out.answer = func(m *message.Message, _ int) error {
		if m.ID == "bad" {
			return &send.Error{Permanent: true, Code: "smtp_550"}
		}
		return nil
	}
	s.worker(r.on(s), s.actionsCatalog())
	solve := task.Content{Shortcut: "solve"}
	in := func(c string) json.RawMessage { return json.RawMessage(`{"conversation":{"id":"` + c + `"}}`) }
	s.message(task.Message{ID: "both", To: "a@example.com", Content: solve, Context: in("c1"),
		Actions: &task.Actions{Tags: []string{"solved", "from-job"}, Status: "open", AssignedUsers: []string{"u1"}}})
	s.message(task.Message{ID: "own", To: "a@example.com", Content: solve, Context: in("c2")})
	s.message(task.Message{ID: "nowhere", To: "a@example.com", Content: solve})
	s.message(task.Message{ID: "bad", To: "a@example.com", Content: solve, Context: in("c3")})
	s.message(task.Message{ID: "lost", To: "a@example.com", Actions: &task.Actions{Status: "done"}, Context: in(strings.Repeat("c", 201))})
	tags := make([]string, action.MaxTags)
	for i := range tags {
		tags[i] = fmt.Sprint("t", i)
	}
	s.message(task.Message{ID: "many", To: "a@example.com", Content: solve, Context: in("c4"), Actions: &task.Actions{Tags: tags}})
	s.await("all events", func() bool { return len(r.events()) == 8 })
	got := r.byMessage()
	for id, want := range map[string]string{
		"both": "message.sent conversation.updated", "own": "message.sent conversation.updated", "nowhere": "message.sent",
		"bad": "message.failed", "lost": "message.failed", "many": "message.failed",
	} {
		if types(got[id]) != want {
			t.Errorf("%s: %s, want %s", id, types(got[id]), want)
		}
	}
	if want := `subject set "Solved it"; tags add ["solved","from-shortcut","from-job"]; customFields add {"countNum":3,"resolvedBool":true}; queue set "billing"; ` +
		`assignedUsers set ["u1"]; assignedTeams set []; priority set 2; status set "open"`; changed(got["both"][1]) != want {
		t.Errorf("%s\nwant %s", changed(got["both"][1]), want)
	}
	if want := `subject set "Solved it"; tags add ["solved","from-shortcut"]; customFields add {"countNum":3,"resolvedBool":true}; queue set "billing"; ` +
		`assignedUsers set []; assignedTeams set []; priority set 2; status set "done"`; changed(got["own"][1]) != want {
		t.Errorf("%s\nwant %s", changed(got["own"][1]), want)
	}
	for id, code := range map[string]string{"lost": "no_conversation", "many": "invalid_actions"} {
		if got[id][0].Data["code"] != code {
			t.Errorf("%s: %+v", id, got[id][0])
		}
	}
	if s.out.count() != 3 {
		t.Errorf("%d messages went, want 3", s.out.count())
	}
}

// A bulk over two channels changes each conversation once; one of actions alone sends nothing.
func TestActionsOfBulks(t *testing.T) {
	t.Parallel()
	s, r := newSite(t), newReceiver(t)
	s.worker(r.on(s), s.actionsCatalog())
	rows := func(yield func(bulk.Recipient, error) bool) {
		for i := range 300 {
			row := bulk.Recipient{Email: fmt.Sprintf("u%d@example.com", i), Conversation: fmt.Sprintf("c%d", i)}
			if i == 299 {
				row.Conversation = ""
			}
			if !yield(row, nil) {
				return
			}
		}
	}
	content := task.Content{Text: "Hi", Subject: "Hi"}
	for id, d := range map[string]bulk.Definition{
		"two":   {Messages: []bulk.Part{{Channel: message.Email, From: "help@acme.example", Content: content}, {Channel: message.Note, Content: content}}},
		"alone": {},
	} {
		d.ID, d.Actions = id, &task.Actions{CustomFields: map[string]json.RawMessage{"waveNum": json.RawMessage("2")}}
		if _, err := s.client.Bulk(context.Background(), d, rows, enqueue.BulkOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	// Whoever has no conversation gets no email whose actions could not follow.
	if status := s.complete("two"); status.Sent != 598 || status.Failed+status.Skipped != 2 {
		t.Errorf("%+v", status)
	}
	if status := s.complete("alone"); status.Done != 299 || status.Sent != 0 || status.Failed+status.Skipped != 1 {
		t.Errorf("%+v", status)
	}
	updates := func(id string) map[string]int {
		n := map[string]int{}
		for _, e := range r.events() {
			if e.Type == outbox.TypeUpdated && e.Data["bulk"] == id {
				n[e.Stream]++
			}
		}
		return n
	}
	s.await("all conversations are updated", func() bool { return len(updates("two")) == 299 && len(updates("alone")) == 299 })
	for id := range map[string]bool{"two": true, "alone": true} {
		for stream, n := range updates(id) {
			if n != 1 {
				t.Errorf("%s: %s was updated %d times", id, stream, n)
			}
		}
	}
	if s.out.count() != 598 {
		t.Errorf("%d messages", s.out.count())
	}
}

// A conversation is done after the last of its recipient's messages, also where one of them waits for its second try, and
// where the last one fails.
func TestActionsFollowTheLastMessage(t *testing.T) {
	t.Parallel()
	s, r := newSite(t), newReceiver(t)
	s.out.answer = func(m *message.Message, try int) error {
		switch who := m.To[0].Addr; {
		case m.Channel == message.Note && who == "slow" && try == 1:
			return &send.Error{Code: "http_503"}
		case m.Channel == message.Note && who == "failing":
			return &send.Error{Code: "http_400", Permanent: true}
		case who == "nobody" || who == "nobody@example.com":
			return &send.Error{Code: "gone", Permanent: true}
		}
		return nil
	}
	s.worker(r.on(s), func(o *Options) {
		o.Senders[message.Note], o.Senders[message.Chat] = s.out, s.out
	})
	content := task.Content{Text: "Hi", Subject: "Hi"}
	d := bulk.Definition{
		ID: "three", Actions: &task.Actions{Status: "done"}, Events: true,
		Messages: []bulk.Part{{Channel: message.Email, From: "help@acme.example", Content: content}, {Channel: message.Note, Content: content}, {Channel: message.Chat, Content: content}},
	}
	names := []string{"quick", "slow", "failing", "nobody"}
	if _, err := s.client.Bulk(context.Background(), d, func(yield func(bulk.Recipient, error) bool) {
		for _, name := range names {
			if !yield(bulk.Recipient{Email: name + "@example.com", Conversation: name}, nil) {
				return
			}
		}
	}, enqueue.BulkOptions{}); err != nil {
		t.Fatal(err)
	}
	s.complete("three")
	s.await("all of it is told", func() bool { // streams come side by side: the bulk's end may be told before the last update
		told := map[string]int{}
		for _, e := range r.events() {
			told[e.Type]++
		}
		return told[outbox.TypeCompleted] == 1 && told[outbox.TypeUpdated] == 3
	})
	of := map[string][]string{}
	for _, e := range r.events() {
		of[e.Stream] = append(of[e.Stream], e.Type)
	}
	for _, name := range names {
		all := of["conversation:"+name]
		updates := 0
		for _, kind := range all {
			if kind == outbox.TypeUpdated {
				updates++
			}
		}
		switch last := all[len(all)-1]; {
		case name == "nobody" && updates != 0:
			t.Errorf("%s, to whom nothing went: %v", name, all)
		case name != "nobody" && (updates != 1 || last != outbox.TypeUpdated):
			t.Errorf("%s: %v", name, all)
		}
	}
}

// Without anyone to tell, actions that were asked for fail visibly and nothing is sent; a shortcut's own are no reason
// to keep its message.
func TestActionsNeedAnEndpoint(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.worker(s.actionsCatalog())
	s.message(task.Message{ID: "asked", To: "a@example.com", Context: json.RawMessage(`{"conversation":{"id":"c1"}}`), Actions: &task.Actions{Status: "done"}})
	s.message(task.Message{ID: "own", To: "a@example.com", Content: task.Content{Shortcut: "solve"}})
	id, err := s.client.Bulk(context.Background(), bulk.Definition{Actions: &task.Actions{Status: "done"}}, func(yield func(bulk.Recipient, error) bool) {
		yield(bulk.Recipient{Conversation: "c1"}, nil)
	}, enqueue.BulkOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s.complete(id)
	s.want(id, map[string]int{"failed no_events_url": 1})
	var asked, own ledger.Record
	s.await("both are settled", func() bool {
		asked, own = s.fate("asked").Record, s.fate("own").Record
		return asked.State.Final() && own.State.Final()
	})
	if asked.State != ledger.Failed || asked.Reason.Code != "no_events_url" || own.State != ledger.Sent || s.out.count() != 1 {
		t.Errorf("%+v, %+v, %d sent", asked, own, s.out.count())
	}
	if keys, err := s.rdb.Keys(context.Background(), "herald:{events*").Result(); err != nil || len(keys) != 0 {
		t.Errorf("recorded for nobody: %v, %v", keys, err)
	}
}

// A shortcut that says nothing and changes a conversation sends nothing: its actions are done, and that is what everybody is
// told. One that would say something, and has nothing to fill it with, fails.
func TestAShortcutOfActionsAlone(t *testing.T) {
	t.Parallel()
	s, r := newSite(t), newReceiver(t)
	s.worker(r.on(s), func(o *Options) {
		files := catalogFiles().(fstest.MapFS)
		files["shortcuts/close.yaml"] = &fstest.MapFile{Data: []byte("subject: closed\ntags: [spam]\nqueue: archive\nstatus: done\n")}
		files["shortcuts/blank.yaml"] = &fstest.MapFile{Data: []byte("subject: x\nmessage: '{{customer.custom.noneStr}}'\ntags: [spam]\n")}
		loaded, err := catalog.Load(files)
		if err != nil {
			t.Fatal(err)
		}
		o.Catalog = func() *catalog.Catalog { return loaded }
		o.Senders[message.Note] = s.out
	})
	about := json.RawMessage(`{"conversation":{"id":"c1"}}`)
	for id, m := range map[string]task.Message{
		"email":   {Channel: message.Email, To: "a@example.com", Content: task.Content{Shortcut: "close"}, Context: about},
		"note":    {Channel: message.Note, To: "c1", Content: task.Content{Shortcut: "close"}},
		"nowhere": {Channel: message.Email, To: "a@example.com", Content: task.Content{Shortcut: "close"}},
		"blank":   {Channel: message.Email, To: "a@example.com", Content: task.Content{Shortcut: "blank"}, Context: about},
	} {
		m.ID = id
		s.message(m)
	}
	want := map[string]string{"email": "done ", "note": "done ", "nowhere": "failed no_conversation", "blank": "failed empty_message"}
	for id, want := range want {
		s.await(id+" is settled", func() bool { return s.fate(id).State.Final() })
		if got := s.fate(id).State.String() + " " + s.fate(id).Reason.Code; got != want {
			t.Errorf("%s: %s, want %s", id, got, want)
		}
	}
	count := func(kind string) (n int) {
		for _, e := range r.events() {
			if e.Type == kind {
				n++
			}
		}
		return n
	}
	s.await("it is told", func() bool {
		return count(outbox.TypeMessageDone) == 2 && count(outbox.TypeUpdated) == 2 && count(outbox.TypeMessageFailed) == 2
	})
	if n := count(outbox.TypeMessageSent) + count(outbox.TypeNote); n != 0 || s.out.count() != 0 {
		t.Errorf("%d messages went out, %d were told as sent", s.out.count(), n)
	}
}

// A conversation that becomes spam is done, and its customer is written to no more, whatever the channel was.
func TestSpamBlocksTheCustomer(t *testing.T) {
	t.Parallel()
	s, r := newSite(t), newReceiver(t)
	s.worker(r.on(s), s.actionsCatalog())
	ctx, list, yes := context.Background(), s.suppressions(), true
	s.message(task.Message{ID: "marks", To: "spam@example.com", Actions: &task.Actions{Spam: &yes},
		Context: json.RawMessage(`{"conversation":{"id":"c1"},"customer":{"email":"Other@Example.com","phone":"+447912345678"}}`)})
	rows := func(yield func(bulk.Recipient, error) bool) {
		yield(bulk.Recipient{Email: "row@example.com", Phone: "+447912345679", Conversation: "c2"}, nil)
	}
	if _, err := s.client.Bulk(ctx, bulk.Definition{ID: "b", Actions: &task.Actions{Spam: &yes, Status: "open"}}, rows, enqueue.BulkOptions{}); err != nil {
		t.Fatal(err)
	}
	s.await("both changes", func() bool {
		n := 0
		for _, e := range r.events() {
			if e.Type == "conversation.updated" {
				n++
			}
		}
		return n == 2
	})
	changes := map[string]string{}
	for _, e := range r.events() {
		if e.Type == "conversation.updated" {
			changes[fmt.Sprint(e.Data["conversation"])] = changed(e)
		}
	}
	if changes["c1"] != `spam set true; status set "done"` || changes["c2"] != `spam set true; status set "open"` {
		t.Errorf("%v", changes)
	}
	for channel, addresses := range map[message.Channel][]string{
		message.Email: {"spam@example.com", "other@example.com", "row@example.com"}, message.SMS: {"+447912345678", "+447912345679"},
	} {
		entries, err := list.Check(ctx, channel, "", addresses)
		if err != nil {
			t.Fatal(err)
		}
		for i, e := range entries {
			if e == nil || e.Reason != suppress.Spam {
				t.Errorf("%s: %+v", addresses[i], e)
			}
		}
	}
	s.message(task.Message{ID: "after", To: "other@example.com"})
	s.await("it is suppressed", func() bool { return types(r.byMessage()["after"]) == "message.suppressed" })
}
