package worker

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/outbox"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/store/suppress"
	"github.com/heraldsend/herald/worker/task"
)

// byMessage are the events that a receiver got, by the id in their data, in their order.
func (r *receiver) byMessage() map[string][]told {
	all := map[string][]told{}
	for _, e := range r.events() {
		id, _ := e.Data["id"].(string)
		if about, ok := e.Data["message"].(string); ok {
			id = about
		}
		all[id] = append(all[id], e)
	}
	return all
}

func types(events []told) string {
	var out []string
	for _, e := range events {
		out = append(out, e.Type)
	}
	return strings.Join(out, " ")
}

func (s *site) message(m task.Message) string {
	s.t.Helper()
	if m.Channel == "" {
		m.Channel = message.Email
	}
	if m.Channel == message.Email && m.From == "" {
		m.From = "help@acme.example"
	}
	if m.Content == (task.Content{}) {
		m.Content = task.Content{Text: "Hi", Subject: "Hi"}
	}
	id, err := s.client.Message(context.Background(), m)
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

// Whatever becomes of a message, its caller learns it, with the ids that they know and without the address.
func TestCallersLearnWhatBecameOfMessages(t *testing.T) {
	t.Parallel()
	s, r := newSite(t), newReceiver(t)
	s.out.answer = func(m *message.Message, _ int) error {
		switch m.ID {
		case "bad":
			return &send.Error{Permanent: true, Code: "smtp_550", Reply: "no such user gone@example.com"}
		case "odd":
			return &send.Error{Ambiguous: true, Code: "timeout"}
		}
		return nil
	}
	s.out.receipt = "provider-1"
	err := s.suppressions().Add(context.Background(), message.Email, suppress.Entry{Address: "no@example.com", Reason: suppress.Unsubscribed})
	if err != nil {
		t.Fatal(err)
	}
	s.worker(r.on(s), func(o *Options) { o.Senders[message.Note] = s.out })
	talk := json.RawMessage(`{"conversation":{"id":"c1","name":"x"},"customer":{"id":77,"email":"ada@example.com"}}`)
	s.message(task.Message{ID: "ok", To: "ada@example.com", Context: talk})
	s.message(task.Message{ID: "bad", To: "gone@example.com"})
	s.message(task.Message{ID: "odd", To: "odd@example.com", Policy: task.Hold})
	s.message(task.Message{ID: "no", To: "no@example.com"})
	s.message(task.Message{ID: "issue", To: "i@example.com", Content: task.Content{Text: "{{customer.firstName}}", Subject: "S"}, OnIssue: task.SkipOnIssue})
	s.message(task.Message{ID: "late", To: "l@example.com", SendBefore: time.Now().Add(-time.Hour)})
	s.message(task.Message{ID: "gone", To: "g@example.com", Content: task.Content{Shortcut: "nothing-of-that-name"}})
	s.message(task.Message{ID: "note", To: "c2", Channel: message.Note})
	want := map[string]string{
		"ok": "message.sent", "bad": "message.failed", "odd": "message.held", "no": "message.suppressed", "issue": "message.skipped",
		"late": "message.expired", "gone": "message.failed", "note": "message.sent note.created",
	}
	s.await("all events", func() bool { return len(r.events()) == 9 })
	got := r.byMessage()
	for id, kinds := range want {
		if types(got[id]) != kinds {
			t.Errorf("%s: %s, want %s", id, types(got[id]), kinds)
		}
	}
	ok := got["ok"][0]
	delete(ok.Data, "at")
	if fmt.Sprint(ok.Data) != "map[channel:email conversation:c1 customer:77 id:ok providerId:provider-1 state:sent]" || ok.Stream != "conversation:c1" {
		t.Errorf("%+v", ok)
	}
	if bad := got["bad"][0]; bad.Data["code"] != "smtp_550" || bad.Stream != "message:bad" || bad.Sequence != 1 {
		t.Errorf("%+v", bad)
	}
	if note := got["note"][1]; note.Data["conversation"] != "c2" || note.Data["providerId"] != "provider-1" || note.Stream != "conversation:c2" {
		t.Errorf("%+v", note)
	}
	for _, e := range r.events() {
		if data, _ := json.Marshal(e.Data); bytes.Contains(data, []byte("@example.com")) {
			t.Errorf("an address in %s", data)
		}
	}
}

// A bulk says how far it is, is completed once, and tells of each message only when it was asked to.
func TestCallersLearnHowABulkGoes(t *testing.T) {
	t.Parallel()
	s, r := newSite(t), newReceiver(t)
	s.out.answer = func(m *message.Message, _ int) error {
		if m.To[0].Addr == "u7@example.com" {
			return &send.Error{Permanent: true, Code: "smtp_550"}
		}
		return nil
	}
	s.worker(r.on(s))
	s.worker(r.on(s))
	d := bulk.Definition{ID: "loud", Events: true, Messages: []bulk.Part{{Content: task.Content{Shortcut: "hello"}}}}
	s.bulk(d, 650)
	d.ID, d.Events = "quiet", false
	s.bulk(d, 650)
	count := func(stream, kind string) (n int) {
		for _, e := range r.events() {
			if e.Stream == stream && e.Type == kind {
				n++
			}
		}
		return n
	}
	s.await("both bulks are told to be complete", func() bool {
		return count("bulk:loud", outbox.TypeCompleted) == 1 && count("bulk:quiet", outbox.TypeCompleted) == 1
	})
	if sent, failed := count("bulk:loud", outbox.TypeMessageSent), count("bulk:loud", outbox.TypeMessageFailed); sent != 649 || failed != 1 {
		t.Errorf("%d sent, %d failed", sent, failed)
	}
	var last told
	percents := map[string][]float64{}
	for _, e := range r.events() {
		if e.Stream == "bulk:quiet" && strings.HasPrefix(e.Type, "message.") {
			t.Fatalf("nobody asked for %+v", e)
		}
		if e.Type == outbox.TypeProgress {
			percents[e.Stream] = append(percents[e.Stream], e.Data["percent"].(float64))
		}
		if e.Stream == "bulk:loud" {
			last = e
		}
		if e.Type == outbox.TypeMessageFailed && (e.Data["to"] != "u7@example.com" || e.Data["bulk"] != "loud") {
			t.Errorf("%+v", e)
		}
	}
	if last.Type != outbox.TypeCompleted || last.Data["sent"] != 649.0 || last.Data["failed"] != 1.0 || last.Data["state"] != "completed" {
		t.Errorf("the last is %+v", last)
	}
	for stream, p := range percents {
		if !slices.IsSorted(p) || len(slices.Compact(slices.Clone(p))) != len(p) {
			t.Errorf("%s: progress %v", stream, p)
		}
	}
	// Sent again to those who failed, it is completed again: that is another round.
	s.out.mu.Lock()
	s.out.answer = nil
	s.out.mu.Unlock()
	if n, err := s.client.ResendBulk(context.Background(), "loud", ledger.Failed); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	s.await("it is complete again", func() bool { return count("bulk:loud", outbox.TypeCompleted) == 2 })
	if n := count("bulk:loud", outbox.TypeMessageSent); n != 650 {
		t.Errorf("%d sent", n)
	}
	for _, e := range r.events() {
		last = e
	}
	if last.Data["round"] != 1.0 || last.Data["sent"] != 650.0 {
		t.Errorf("%+v", last)
	}
}

// Whoever sent the last message may die before telling, and its task with it: the reconciler finds out, and the end of
// the bulk waits for what comes before it.
func TestWhatWasNotToldIsFound(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, r := newSite(t), newReceiver(t)
	d := bulk.Definition{ID: "b", Events: true, Messages: []bulk.Part{{Content: task.Content{Shortcut: "hello"}}}}
	s.bulk(d, 10)
	// A worker that died after its last mark.
	books, err := ledger.New(ledger.Options{Redis: s.rdb, Log: s.log})
	if err != nil {
		t.Fatal(err)
	}
	defer books.Close()
	if err := s.events().AddPending(ctx, "b", 0); err != nil {
		t.Fatal(err)
	}
	for slot := range 10 {
		if err := books.Mark(ctx, ledger.Owner{Kind: ledger.Bulk, ID: "b"}.Chunk(0), slot, ledger.Sent, ledger.Reason{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.client.Bulks().MarkStarted(ctx, "b", time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := s.rdb.Del(ctx, "asynq:{"+bulkStartQueue(t, "b")+"}:pending").Err(); err != nil {
		t.Fatal(err)
	}
	s.worker(r.on(s))
	s.await("all is told", func() bool { return len(r.events()) == 11 })
	if last := r.events()[10]; last.Type != outbox.TypeCompleted {
		t.Errorf("the last is %+v", last)
	}
	if s.out.count() != 0 {
		t.Errorf("%d sent again", s.out.count())
	}
	s.await("the bulk is finished", func() bool {
		running, err := s.client.Bulks().Running(ctx)
		return err == nil && len(running) == 0
	})
}

func bulkStartQueue(t *testing.T, id string) string {
	t.Helper()
	_, name, err := queue.Address(task.BulkStart{Bulk: id})
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// withActions is a shortcut that changes its conversation.
const withActions = `name: solve
subject: Solved
message: Bye
emailTemplate: none
tags: [solved, from-shortcut]
queue: billing
status: done
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
	tags := make([]string, task.MaxTags)
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
	if want := `tags add ["solved","from-shortcut","from-job"]; customFields add {"countNum":3,"resolvedBool":true}; queue set "billing"; ` +
		`assignedUsers set ["u1"]; assignedTeams set []; status set "open"`; changed(got["both"][1]) != want {
		t.Errorf("%s\nwant %s", changed(got["both"][1]), want)
	}
	if want := `tags add ["solved","from-shortcut"]; customFields add {"countNum":3,"resolvedBool":true}; queue set "billing"; ` +
		`assignedUsers set []; assignedTeams set []; status set "done"`; changed(got["own"][1]) != want {
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

// A dead endpoint slows nothing: messages go out as if it weren't there.
func TestADeadEndpointSlowsNoSending(t *testing.T) {
	t.Parallel()
	s, r := newSite(t), newReceiver(t)
	var hang atomic.Bool
	hang.Store(true)
	block := make(chan struct{})
	take := r.server.Config.Handler
	r.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if hang.Load() {
			<-block
			return
		}
		take.ServeHTTP(w, req)
	})
	t.Cleanup(func() { hang.Store(false); close(block) })
	s.worker(r.on(s))
	for i := range 200 {
		s.message(task.Message{ID: fmt.Sprint("m", i), To: fmt.Sprintf("u%d@example.com", i)})
	}
	began := time.Now()
	s.await("all are sent", func() bool { return s.out.count() == 200 })
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("200 messages took %s", took)
	}
	if n := len(r.events()); n != 0 {
		t.Errorf("%d events arrived at an endpoint that hangs", n)
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
