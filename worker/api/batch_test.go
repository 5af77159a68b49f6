package api

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/rendertest"
	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/queue"
)

func batchOf(messages ...string) string { return `{"messages":[` + strings.Join(messages, ",") + `]}` }

// Each message of a batch has a result of its own, and what is wrong with one is no fault of the others.
func TestBatch(t *testing.T) {
	loaded, err := catalog.Load(rendertest.Folder("shortcuts/hello.yaml", "subject: Hi\nmessage: Hi\n"))
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, func(o *Options) { o.Judge = compose.NewJudge(func() *catalog.Catalog { return loaded }, "") })
	var out BatchResult
	s.want(200, "POST", "/v1/messages:batch", batchOf(
		withID("one", aMessage),
		aMessage,
		`{"id":"wrong","channel":"email","to":"hello","text":"x","subject":"x","colour":1}`,
		`7`,
		`{"channel":"note","to":"c1","text":"{{#if x}}"}`,
		`{"channel":"note","to":"c1","text":"x","attachments":[{"name":"a.txt","inline":"!"}]}`,
		withID("one", aMessage),
		strings.Replace(withID("one", aMessage), "Hello", "Bye", 1),
	)).decode(t, &out)
	if out.Accepted != 3 || out.Refused != 5 || len(out.Items) != 8 {
		t.Fatalf("%+v", out)
	}
	wanted := []string{"202", "202", "422 /messages/2/colour /messages/2/from /messages/2/to", "422 /messages/3", "422 /messages/4/text", "422 /messages/5/attachments/0/inline", "202 again", "409"}
	for i, item := range out.Items {
		got := fmt.Sprint(item.Status)
		if item.Replayed {
			got += " again"
		}
		if item.Problem != nil {
			for _, at := range pointers(*item.Problem) {
				got += " " + at
			}
		}
		if got != wanted[i] {
			t.Errorf("item %d: %s, want %s: %+v", i, got, wanted[i], item.Problem)
		}
		if item.Problem == nil {
			s.want(200, "GET", "/v1/messages/"+item.ID, nil)
		}
	}
	s.want(404, "GET", "/v1/messages/wrong", nil)
	s.want(422, "POST", "/v1/messages:batch", batchOf())
	if p := s.want(422, "POST", "/v1/messages:batch", batchOf(slices.Repeat([]string{aMessage}, 501)...)).problem(t); p.Errors[0].Pointer != "/messages" {
		t.Errorf("%+v", p)
	}
	s.want(422, "POST", "/v1/messages:batch", `{"messages":[],"more":1}`)
	s.want(400, "POST", "/v1/messages:batch", `{"messages":[{"a":1,"a":2}]}`)
}

// Every one of a full batch is in the queue once, however often the batch is sent.
func TestBatchIsRepeated(t *testing.T) {
	s := start(t, nil)
	body := batchOf(slices.Repeat([]string{aMessage}, maxBatch)...)
	var first, second BatchResult
	s.want(200, "POST", "/v1/messages:batch", body, "Idempotency-Key: k").decode(t, &first)
	s.want(200, "POST", "/v1/messages:batch", body, "Idempotency-Key: k").decode(t, &second)
	if first.Accepted != maxBatch || second.Accepted != maxBatch || first.Items[0].Replayed || !second.Items[maxBatch-1].Replayed {
		t.Fatalf("%d, then %d accepted; %+v, then %+v", first.Accepted, second.Accepted, first.Items[0], second.Items[maxBatch-1])
	}
	for i := range first.Items {
		if first.Items[i].ID != second.Items[i].ID {
			t.Fatalf("item %d: id %s, then %s", i, first.Items[i].ID, second.Items[i].ID)
		}
	}
	if n := s.tasks(t); n != maxBatch {
		t.Errorf("%d tasks of %d messages", n, maxBatch)
	}
	if p := s.want(409, "POST", "/v1/messages:batch", batchOf(aMessage), "Idempotency-Key: k").problem(t); p.Code != "idempotency_key_reused" {
		t.Errorf("%+v", p)
	}
	s.want(200, "POST", "/v1/messages:batch", batchOf(`{}`), "Idempotency-Key: refused")
	s.want(200, "POST", "/v1/messages:batch", batchOf(aMessage), "Idempotency-Key: refused") // nothing was stored under it
}

// tasks counts the tasks that are stored.
func (s *service) tasks(t *testing.T) int {
	t.Helper()
	n := 0
	if err := queue.New(s.redis.Client()).Each(t.Context(), func(queue.Stored) error { n++; return nil }); err != nil {
		t.Fatal(err)
	}
	return n
}

// Owners don't meet in a batch, and its tokens' limits hold for each message.
func TestBatchOfOwners(t *testing.T) {
	var tokens []Token
	secrets := map[string]string{}
	for _, token := range []Token{{Name: "shop", Scopes: []Scope{ScopeSend}, From: []string{"*@fernhill.example"}}, {Name: "desk", Scopes: []Scope{ScopeSend}, Channels: []message.Channel{"email"}}} {
		secret, made, err := NewToken(token)
		if err != nil {
			t.Fatal(err)
		}
		secrets[token.Name], tokens = secret, append(tokens, made)
	}
	s := start(t, func(o *Options) { o.Tokens = tokens })
	for owner, secret := range secrets {
		s.token = secret
		var out BatchResult
		s.want(200, "POST", "/v1/messages:batch", batchOf(withID("x", aMessage), strings.Replace(withID("y", aMessage), "fernhill.example", "other.example", 1))).decode(t, &out)
		if out.Items[0].Status != 202 || out.Items[0].ID != "x" || out.Items[0].Replayed {
			t.Errorf("%s: %+v", owner, out.Items[0])
		}
		if want := map[string]int{"shop": 403, "desk": 202}[owner]; out.Items[1].Status != want {
			t.Errorf("%s: %+v, want %d", owner, out.Items[1], want)
		}
	}
}

// A stream has as many messages as it likes. It needs ids, and can be sent again.
func TestMessageStream(t *testing.T) {
	s := start(t, nil)
	var lines strings.Builder
	const n = 1203
	for i := range n {
		fmt.Fprintln(&lines, withID(fmt.Sprint("m", i), aMessage))
	}
	lines.WriteString("\n" + aMessage + "\nnonsense\n" + `{"id":"long","channel":"note","to":"c1","text":"` + strings.Repeat("x", maxMessageLine) + "\"}\r\n" + `{"id":"last","channel":"note","to":"c1","text":"x","attachments":7}`)
	for name, pack := range map[string]func(io.Writer) io.WriteCloser{
		"plain": func(w io.Writer) io.WriteCloser { return keepOpen{w} },
		"gzip":  func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },
		"zstd":  func(w io.Writer) io.WriteCloser { z, _ := zstd.NewWriter(w); return z },
	} {
		var body strings.Builder
		w := pack(&body)
		_, _ = io.WriteString(w, lines.String())
		_ = w.Close()
		var out StreamResult
		s.want(200, "POST", "/v1/messages:stream", &onlyReader{strings.NewReader(body.String())}, "Content-Type: application/x-ndjson").decode(t, &out)
		if out.Accepted != n || out.Refused != 4 || len(out.Items) != 4 {
			t.Fatalf("%s: %+v", name, out)
		}
		for i, want := range []string{"1205  422 /id", "1206  400 ", "1207  413", "1208 last 422 /attachments"} {
			item := out.Items[i]
			got := fmt.Sprintln(item.Line, item.ID, item.Problem.Status, strings.Join(pointers(*item.Problem), " "))
			if strings.TrimSpace(got) != strings.TrimSpace(want) {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
	}
	if got := s.tasks(t); got != n {
		t.Errorf("%d tasks of %d messages", got, n)
	}
	s.want(415, "POST", "/v1/messages:stream", "x", "Content-Type: text/csv")
	s.want(200, "POST", "/v1/messages:stream", "", "Content-Type: application/x-ndjson")
}

type keepOpen struct{ io.Writer }

func (keepOpen) Close() error { return nil }

// A stream that breaks off has stored what came before, and is refused.
func TestMessageStreamBreaksOff(t *testing.T) {
	s := start(t, nil)
	body := io.MultiReader(strings.NewReader(strings.Repeat(withID("m", aMessage)+"\n", 3*maxBatch)), brokenReader{})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/v1/messages:stream", body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-ndjson")
	if resp, err := http.DefaultClient.Do(r); err == nil {
		resp.Body.Close()
		t.Fatalf("status %d", resp.StatusCode)
	}
	await(t, func() bool { return s.tasks(t) == 1 })
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }

func BenchmarkBatch(b *testing.B) {
	s := start(b, nil)
	body := batchOf(slices.Repeat([]string{aMessage}, maxBatch)...)
	for b.Loop() {
		s.want(200, "POST", "/v1/messages:batch", body)
	}
	b.ReportMetric(float64(b.N*maxBatch)/b.Elapsed().Seconds(), "messages/s")
}
