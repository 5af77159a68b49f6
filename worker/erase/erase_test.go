package erase

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/klauspost/compress/zstd"
	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/address/phone"
	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/outbox"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/redistest"
	"github.com/heraldsend/herald/worker/scan"
	"github.com/heraldsend/herald/worker/seal"
	"github.com/heraldsend/herald/worker/store/dead"
	"github.com/heraldsend/herald/worker/store/fingerprint"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/store/suppress"
	"github.com/heraldsend/herald/worker/task"
)

var audienceSize = flag.Int("erase.recipients", 300, "recipients of the bulk")

// The canary person: her mailbox, and words that stand nowhere else.
const (
	canary = "canary.person@bücher.example"
	name   = "Canaria Ledermaus"
)

// traces are what must be nowhere afterwards.
var traces = []string{"canary.person", "CANARY.PERSON", "Canaria", "Ledermaus"}

type world struct {
	t      *testing.T
	rdb    redis.UniversalClient
	raw    redis.UniversalClient // sees what is stored, sealed or not
	client *enqueue.Client
	books  *ledger.Ledger
	events *outbox.Store
	list   *suppress.Store
	eraser *Eraser
}

func newWorld(t *testing.T, keys ...string) *world {
	t.Helper()
	server := redistest.Start(t)
	return newWorldOn(t, server.Client(), server.Client(), keys...)
}

func newWorldOn(t *testing.T, rdb, raw redis.UniversalClient, keys ...string) *world {
	t.Helper()
	w := &world{t: t, rdb: rdb, raw: raw}
	var err error
	check := func() {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	w.client, err = enqueue.New(enqueue.Options{Redis: w.rdb, Phones: phone.Parse})
	check()
	t.Cleanup(func() { _ = w.client.Close() })
	w.books, err = ledger.New(ledger.Options{Redis: w.rdb, Log: slog.New(slog.DiscardHandler)})
	check()
	t.Cleanup(func() { _ = w.books.Close() })
	w.events, err = outbox.New(outbox.Options{Redis: w.rdb})
	check()
	w.list, err = suppress.New(suppress.Options{Redis: w.rdb, Keys: keys, Country: "GB"})
	check()
	w.eraser, err = New(Options{Redis: w.rdb, Ledger: w.books, Suppressions: w.list, Country: "GB", Patience: 30 * time.Second})
	check()
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// message enqueues one to Ada, or to somebody else about her.
func (w *world) message(id, to, context string, change func(*task.Message)) {
	w.t.Helper()
	m := task.Message{ID: id, Channel: message.Email, From: "help@acme.example", To: to, Content: task.Content{Text: "Hi", Subject: "Hello"}, Context: json.RawMessage(context)}
	if change != nil {
		change(&m)
	}
	_, err := w.client.Message(w.t.Context(), m)
	w.must(err)
}

// bulk stores one in which the canary has three rows, in three spellings.
func (w *world) bulk(id string, n int) bulk.Definition {
	w.t.Helper()
	d := bulk.Definition{
		ID: id, Context: json.RawMessage(`{"note":"thanks to Canary.Person@xn--bcher-kva.example"}`),
		Messages: []bulk.Part{{Channel: message.Email, From: "help@acme.example", Content: task.Content{Text: "Hi {{customer.name}}", Subject: "x"}}, {Channel: message.SMS, Content: task.Content{Text: "Hi"}}},
	}
	_, err := w.client.Bulk(w.t.Context(), d, func(yield func(bulk.Recipient, error) bool) {
		for i := range n {
			r := bulk.Recipient{Email: fmt.Sprintf("r%d@example.com", i), Context: json.RawMessage(fmt.Sprintf(`{"customer":{"name":"R%d"}}`, i))}
			switch i {
			case 3:
				r.Email, r.Context = canary, json.RawMessage(`{"customer":{"name":"`+name+`"}}`)
			case n / 2:
				r.Email, r.Context = "CANARY.PERSON@BÜCHER.example", json.RawMessage(`{"customer":{"name":"`+name+`"}}`)
			case n - 1:
				r.Context = json.RawMessage(`{"customer":{"name":"Canaria","email":"canary.person\u0040bücher.example"}}`)
			}
			if !yield(r, nil) {
				return
			}
		}
	}, enqueue.BulkOptions{})
	w.must(err)
	b, err := w.client.Bulks().Bulk(w.t.Context(), id)
	w.must(err)
	return b.Definition
}

// learn is what a worker writes after it sent to the canary.
func (w *world) learn(d bulk.Definition, recipient int) {
	w.t.Helper()
	books, ctx := d.Owner().Chunk(0), w.t.Context()
	w.must(w.books.Mark(ctx, books, 2*recipient, ledger.Failed, ledger.Reason{Code: "smtp_550", Text: "550 <" + canary + ">: unknown"}))
	w.must(w.books.PutDetails(ctx, books, map[int]ledger.Details{2 * recipient: {Subject: "Dear " + name, Words: "550 " + canary, Attempts: 2}}))
}

// everywhere puts the canary wherever a person may be: in single messages, a bulk, one that is loading, events, dead letters,
// forwards, the suppression list.
func (w *world) everywhere() bulk.Definition {
	w.t.Helper()
	ctx := w.t.Context()
	d := w.bulk("news", *audienceSize)
	w.learn(d, 3)
	loading := d
	loading.ID = "loading"
	_, err := w.client.CreateBulk(ctx, loading)
	w.must(err)
	about := `{"customer":{"name":"` + name + `"}}`
	w.message("to", "Canaria <"+canary+">", about, nil)
	w.message("later", canary, about, func(m *task.Message) { m.SendAt = time.Now().Add(time.Hour) })
	w.message("copy", "bob@example.com", about, func(m *task.Message) { m.Cc = []string{canary} })
	w.message("about", "bob@example.com", `{"customer":{"name":"Canaria","email":"canary.person\u0040bücher.example"}}`, nil)
	w.message("other", "bob@example.com", `{"customer":{"name":"Bob"}}`, nil)
	w.message("sent", canary, about, nil)
	sent := ledger.Owner{Kind: ledger.Message, ID: "sent"}
	w.must(w.books.Mark(ctx, sent.Chunk(0), 0, ledger.Sent, ledger.Reason{}))
	w.must(w.books.Conclude(ctx, sent, sent.Chunk(0), ledger.Sent, &ledger.Details{Channel: "email", To: canary, Subject: "Dear " + name, Words: "250 ok " + canary, Attempts: 1},
		&ledger.Request{Kind: task.Message{}.Kind(), Payload: []byte(`{"id":"sent","to":"` + canary + `","context":` + about + `}`)}))
	w.message("kept", "bob@example.com", `{}`, nil)
	only := ledger.Owner{Kind: ledger.Message, ID: "kept"}
	w.must(w.books.Mark(ctx, only.Chunk(0), 0, ledger.Sent, ledger.Reason{}))
	w.must(w.books.Conclude(ctx, only, only.Chunk(0), ledger.Sent, &ledger.Details{Channel: "email", To: "bob@example.com", Attempts: 1},
		&ledger.Request{Kind: task.Message{}.Kind(), Payload: []byte(`{"id":"kept","to":"bob@example.com","context":{"customer":{"name":"` + name + `","email":"` + canary + `"}}}`)}))
	talk := `{"id":"c1","customer":{"name":"` + name + `","email":"` + canary + `"},"messages":[{"channel":"email","direction":"in","sentAt":"2026-02-03T09:15:00Z","body":"` + name + ` here"}]}`
	_, err = w.client.Forward(ctx, task.Forward{ID: "f", From: "robin@desk.example", To: "lawyer@example.com"}, []byte(talk))
	w.must(err)
	_, err = w.client.Forward(ctx, task.Forward{ID: "g", From: "robin@desk.example", To: "lawyer@example.com, " + canary}, []byte(strings.ReplaceAll(talk, canary, "x@example.com")))
	w.must(err)
	w.must(w.events.Append(ctx,
		outbox.Message{ID: "news+0.3.email", Bulk: "news", Channel: message.Email, State: "sent", To: canary, At: time.Now()},
		outbox.Message{ID: "news+0.4.email", Bulk: "news", Channel: message.Email, State: "sent", To: "r4@example.com", At: time.Now()},
		outbox.Forwarded{ID: "f", Conversation: "c1", From: "robin@desk.example", To: []string{"lawyer@example.com", canary}, Subject: "Fwd: " + name, Text: "About " + name, At: time.Now()},
	))
	payload, err := json.Marshal(map[string]string{"id": "x", "to": canary, "text": name})
	w.must(err)
	w.must(w.client.Dead().Put(ctx, dead.Letter{ID: "letter", Kind: "message.send", Payload: payload, Reason: "x"}))
	w.must(w.client.Dead().Put(ctx, dead.Letter{ID: "bytes", Kind: "no.such", Payload: []byte("not JSON: " + canary + " " + name), Reason: "x"}))
	w.must(w.client.Dead().Put(ctx, dead.Letter{ID: "stays", Kind: "no.such", Payload: []byte(`{"to":"bob@example.com"}`), Reason: "x"}))
	w.must(w.list.Add(ctx, message.Email, suppress.Entry{Address: canary, Reason: suppress.Complaint}))
	if found := w.traces(w.rdb); len(found) < 10 {
		w.t.Fatalf("the canary is in too few places for this test: %q", found)
	}
	return d
}

// found are the messages to an address.
func (w *world) found(text string) []enqueue.Match {
	w.t.Helper()
	found, err := w.client.Find(w.t.Context(), enqueue.Search{Recipient: text, Most: 100})
	w.must(err)
	return found.Matches
}

// noFingerprint looks for the fingerprint of an address in the index and in the filters.
func (w *world) noFingerprint(text string) {
	w.t.Helper()
	ctx := w.t.Context()
	key, err := w.books.Fingerprints().Key(ctx)
	w.must(err)
	print, _ := key.Address(address.Mailbox, text)
	w.must(scan.Keys(ctx, w.rdb, "herald:{to:*", func(key string) error {
		members, err := w.rdb.ZRange(ctx, key, 0, -1).Result()
		for _, m := range members {
			if strings.HasPrefix(m, string(binary.BigEndian.AppendUint64(nil, print))) {
				w.t.Errorf("in the index: %s", key)
			}
		}
		return err
	}))
	held, err := w.client.Bulks().Holding(ctx, []string{"news"}, []uint64{print})
	w.must(err)
	b, err := w.client.Bulks().Bulk(ctx, "news")
	w.must(err)
	for _, h := range held[0] { // one in a hundred is a chance hit: then the filter is that of the addresses that are left
		recipients, err := w.client.Bulks().Recipients(ctx, b.Definition, h.Chunk)
		w.must(err)
		var prints []uint64
		for _, r := range recipients {
			if p, ok := key.Address(address.Mailbox, r.Email); ok {
				prints = append(prints, p)
			}
		}
		if !fingerprint.NewFilter(prints).MayHold([]uint64{print}) {
			w.t.Errorf("in the filter of chunk %d", h.Chunk)
		}
	}
}

// The canary is on one server, on a cluster, and where everything is encrypted: after Run no key and no file of Redis has
// her, and the books balance.
func TestNothingOfThePersonIsLeft(t *testing.T) {
	secret := strings.Repeat("k", 32)
	t.Run("clear", func(t *testing.T) { erasePerson(t, newWorld(t, secret)) })
	t.Run("sealed", func(t *testing.T) {
		w := newSealed(t, secret)
		erasePerson(t, w)
	})
	t.Run("cluster", func(t *testing.T) {
		cluster := redistest.StartCluster(t, 3)
		erasePerson(t, newWorldOn(t, cluster, cluster, secret))
	})
}

// newSealed is a world in which everything is encrypted.
func newSealed(t *testing.T, keys ...string) *world {
	t.Helper()
	server := redistest.Start(t)
	rdb := server.Client()
	ring, err := seal.Parse("k1:" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("s", 32))))
	if err != nil {
		t.Fatal(err)
	}
	seal.Use(rdb, ring)
	return newWorldOn(t, rdb, server.Client(), keys...)
}

// With keys, Redis has the canary in no key and no file, as long as she is on no suppression list, whose addresses are
// looked up.
func TestSealedInRedis(t *testing.T) {
	w := newSealed(t)
	w.everywhere()
	if _, err := w.list.Remove(t.Context(), message.Email, "", canary); err != nil {
		t.Fatal(err)
	}
	if found := w.traces(w.raw); len(found) > 0 {
		t.Errorf("in clear in %q", found)
	}
	w.scanAOF()
}

func erasePerson(t *testing.T, w *world) {
	ctx := t.Context()
	w.everywhere()
	if n := len(w.found(canary)); n != 5+2 {
		t.Errorf("%d messages to her are found", n)
	}
	before, err := w.client.Bulks().Status(ctx, "news")
	w.must(err)
	report, err := w.eraser.Run(ctx, "Canary.Person@xn--bcher-kva.example", false)
	w.must(err)
	t.Logf("%+v", report)
	if !report.Complete() || report.Messages != 6 || report.Forwards != 2 || report.Recipients != 3 || report.Bulks != 2 || report.Events != 2 || report.DeadLetters != 1+1 || report.Suppressions != 1 || report.Hashed != 1 || len(report.Kept) > 0 {
		t.Errorf("%+v", report)
	}
	if found := w.traces(w.rdb); len(found) > 0 {
		t.Errorf("left in %q", found)
	}
	w.scanAOF()
	if found := w.found(canary); len(found) > 0 {
		t.Errorf("found: %+v", found)
	}
	if len(w.found("r4@example.com")) != 1 || len(w.found("bob@example.com")) != 1 {
		t.Error("others are not found any more")
	}
	w.noFingerprint(canary)
	for _, id := range []string{"sent", "kept"} {
		if _, err := w.books.Content(ctx, ledger.Owner{Kind: ledger.Message, ID: id}.Chunk(0)); !errors.Is(err, ledger.ErrNotFound) {
			t.Errorf("the content of %s is still there: %v", id, err)
		}
	}

	after, err := w.client.Bulks().Status(ctx, "news")
	w.must(err)
	if after.Planned != before.Planned || after.Failed != before.Failed || after.Pending != before.Pending-5 || after.Skipped != before.Skipped+5 ||
		after.Planned != after.Pending+after.Sent+after.Failed+after.Suppressed+after.Skipped+after.Unknown+after.Done {
		t.Errorf("before %+v, after %+v", before, after)
	}
	rows := 0
	for r, err := range w.client.Bulks().Results(ctx, "news") {
		w.must(err)
		rows++
		if r.State == ledger.Failed && (r.Reason.Code != "smtp_550" || r.Attempts != 2) {
			t.Errorf("%+v", r)
		}
	}
	if rows != after.Planned {
		t.Errorf("%d rows of %d", rows, after.Planned)
	}
	for id, want := range map[string]ledger.State{"to": ledger.Skipped, "later": ledger.Skipped, "copy": ledger.Skipped, "about": ledger.Skipped, "other": ledger.Pending, "sent": ledger.Sent} {
		if s, err := w.client.MessageStatus(ctx, id); err != nil || s.State != want || want == ledger.Skipped && s.Reason.Code != ledger.CodeErased {
			t.Errorf("%s: %+v, %v", id, s, err)
		}
	}
	if found, err := w.list.Check(ctx, message.Email, "", []string{canary}); err != nil || found[0] == nil {
		t.Errorf("she can be written to again: %v", err)
	}
	if _, err := w.client.Dead().Get(ctx, "stays"); err != nil {
		t.Error(err)
	}
	// The hash of what was asked could be compared with a guess; its id stays taken, so repeating it sends nothing.
	if hash, err := w.raw.Get(ctx, "herald:message:{to}").Result(); err != nil || hash != "1 erased" {
		t.Errorf("the request's hash: %q, %v", hash, err)
	}
	if _, err := w.client.Message(ctx, task.Message{ID: "to", Channel: message.Email, From: "help@acme.example", To: "Canaria <" + canary + ">", Content: task.Content{Text: "Hi", Subject: "Hello"}, Context: json.RawMessage(`{"customer":{"name":"` + name + `"}}`)}); err == nil {
		t.Error("a repeated request is taken")
	}
	w.noFingerprint(canary)
	again, err := w.eraser.Run(ctx, canary, false)
	if err != nil || again.Messages+again.Forwards+again.Recipients+again.Events+again.DeadLetters+again.Tasks+again.Files != 0 {
		t.Errorf("once more: %+v, %v", again, err)
	}
}

// A run of a chunk that began before writes what it learns afterwards; Run waits for it, and removes that too.
func TestRunsInFlight(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	d := w.bulk("news", 40)
	b, err := w.client.Bulks().Bulk(ctx, "news")
	w.must(err)
	_, err = queue.New(w.rdb).Enqueue(ctx, b.ChunkTask(0))
	w.must(err)
	_, name, err := queue.Address(b.ChunkTask(0))
	w.must(err)
	started, release := make(chan struct{}), make(chan struct{})
	server := asynq.NewServerFromRedisClient(w.rdb, asynq.Config{Concurrency: 1, Queues: map[string]int{name: 1}, LogLevel: asynq.FatalLevel})
	w.must(server.Start(asynq.HandlerFunc(func(context.Context, *asynq.Task) error {
		close(started)
		<-release
		w.learn(d, 3)
		return nil
	})))
	defer server.Shutdown()
	<-started
	done := make(chan Report, 1)
	go func() {
		report, err := w.eraser.Run(ctx, canary, false)
		if err != nil {
			t.Error(err)
		}
		done <- report
	}()
	// Its first pass is over when the row is empty.
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		rows, err := w.client.Bulks().Recipients(ctx, b.Definition, 0)
		w.must(err)
		if rows[3].Email == "" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("it erases nothing")
		}
	}
	select {
	case r := <-done:
		t.Fatalf("it did not wait: %+v", r)
	default:
	}
	close(release)
	if r := <-done; !r.Complete() {
		t.Errorf("%+v", r)
	}
	if found := w.traces(w.rdb); len(found) > 0 {
		t.Errorf("left in %q", found)
	}
	status, err := w.client.Bulks().Status(ctx, "news")
	if err != nil || status.Failed != 1 { // it was sent, and what came of it counts
		t.Errorf("%+v, %v", status, err)
	}
}

// Phone numbers go in any spelling; without a key nothing is touched of who is suppressed; what is no address is told.
func TestPhonesAndFaults(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	_, err := w.client.Message(ctx, task.Message{ID: "sms", Channel: message.SMS, To: "07700 900123", Country: "GB", Content: task.Content{Text: "Hi"}})
	w.must(err)
	w.must(w.list.Add(ctx, message.SMS, suppress.Entry{Address: "+447700900123"}))
	if r, err := w.eraser.Run(ctx, "+44 7700 900123", false); !errors.Is(err, suppress.ErrNoKey) || r.Messages != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := w.list.Remove(ctx, message.SMS, "", "+447700900123"); err != nil {
		t.Fatal(err)
	}
	if r, err := w.eraser.Run(ctx, "+44 7700 900123", false); err != nil || r.Messages != 1 || r.Skipped != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	var wrong *AddressError
	for _, bad := range []string{"", "ada", "a@", "@", "12"} {
		if _, err := w.eraser.Run(ctx, bad, false); !errors.As(err, &wrong) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// traces are the keys that hold the canary, whatever their type, packed or not.
func (w *world) traces(rdb redis.UniversalClient) []string {
	w.t.Helper()
	ctx := w.t.Context()
	dec, err := zstd.NewReader(nil)
	w.must(err)
	defer dec.Close()
	var found []string
	w.must(scan.Keys(ctx, rdb, "*", func(key string) error {
		values := []string{key}
		switch kind := rdb.Type(ctx, key).Val(); kind {
		case "string":
			values = append(values, rdb.Get(ctx, key).Val())
		case "hash":
			for field, value := range rdb.HGetAll(ctx, key).Val() {
				values = append(values, field, value)
			}
		case "list":
			values = append(values, rdb.LRange(ctx, key, 0, -1).Val()...)
		case "set":
			values = append(values, rdb.SMembers(ctx, key).Val()...)
		case "zset":
			values = append(values, rdb.ZRange(ctx, key, 0, -1).Val()...)
		default:
			w.t.Errorf("%s is a %s: this test can't look into it", key, kind)
		}
		for _, v := range values {
			if plain, err := dec.DecodeAll([]byte(v), nil); err == nil {
				v += string(plain)
			}
			for _, trace := range traces {
				if strings.Contains(v, trace) {
					found = append(found, key+": "+trace)
				}
			}
		}
		return nil
	}))
	return found
}

// scanAOF looks into the files of Redis, written anew and unpacked.
func (w *world) scanAOF() {
	w.t.Helper()
	if cluster, ok := w.raw.(*redis.ClusterClient); ok {
		w.must(cluster.ForEachMaster(w.t.Context(), func(_ context.Context, node *redis.Client) error {
			w.scanFiles(node)
			return nil
		}))
		return
	}
	w.scanFiles(w.raw)
}

func (w *world) scanFiles(rdb redis.UniversalClient) {
	w.t.Helper()
	ctx := w.t.Context()
	w.must(rdb.ConfigSet(ctx, "aof-use-rdb-preamble", "no").Err())
	w.must(rdb.ConfigSet(ctx, "appendonly", "yes").Err())
	for i := 0; ; i++ {
		info := rdb.Info(ctx, "persistence").Val()
		idle := strings.Contains(info, "aof_rewrite_in_progress:0") && strings.Contains(info, "aof_rewrite_scheduled:0")
		if idle && i > 0 && rdb.BgRewriteAOF(ctx).Err() == nil {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	for !strings.Contains(rdb.Info(ctx, "persistence").Val(), "aof_rewrite_in_progress:0") || !strings.Contains(rdb.Info(ctx, "persistence").Val(), "aof_rewrite_scheduled:0") {
		time.Sleep(20 * time.Millisecond)
	}
	dir := rdb.ConfigGet(ctx, "dir").Val()["dir"]
	files := 0
	w.must(filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.Contains(path, ".aof") {
			return err
		}
		data, err := os.ReadFile(path)
		files++
		for _, trace := range traces {
			if bytes.Contains(data, []byte(trace)) {
				w.t.Errorf("%s holds %s", path, trace)
			}
		}
		return err
	}))
	if files == 0 {
		w.t.Error("Redis has no append-only file")
	}
}
