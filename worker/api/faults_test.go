package api

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// No address of ssrf_urls.json is taken as an attachment's. The API itself fetches nothing, ever; the
// worker's client refuses to connect (worker/channel/send and worker/attach test that).
func TestPrivateAddressesAreRefused(t *testing.T) {
	s := start(t, nil)
	data, err := os.ReadFile("testdata/ssrf_urls.json")
	if err != nil {
		t.Fatal(err)
	}
	var addresses []string
	if err := json.Unmarshal(data, &addresses); err != nil || len(addresses) < 30 {
		t.Fatalf("%d addresses, %v", len(addresses), err)
	}
	for i, address := range addresses {
		address, _, _ = strings.Cut(address, " ")
		id := fmt.Sprint("ssrf-", i)
		body, _ := json.Marshal(map[string]any{"id": id, "channel": "note", "to": "c1", "text": "x", "attachments": []any{map[string]any{"name": "a.pdf", "url": address}}})
		p := s.want(422, "POST", "/v1/messages", body).problem(t)
		if len(p.Errors) != 1 || p.Errors[0].Pointer != "/attachments/0/url" {
			t.Errorf("%s: %+v", address, p)
		}
		s.want(404, "GET", "/v1/messages/"+id, nil)
	}
}

// 9007199254740993 is passed on, and rendered, exactly.
func TestLargeNumbersStayExact(t *testing.T) {
	s := startPreview(t)
	const number = "9007199254740993"
	s.want(202, "POST", "/v1/messages", `{"id":"m1","channel":"note","to":"c1","text":"{{n}}","context":{"n":`+number+`}}`)
	task, err := s.redis.Client().HGet(t.Context(), "asynq:{message:note}:t:message:m1", "msg").Result()
	if err != nil || !strings.Contains(task, number) {
		t.Fatalf("task %.500q, %v", task, err)
	}
	if a := s.want(200, "POST", "/v1/render", `{"text":"{{n}}","context":{"n":`+number+`}}`); !strings.Contains(string(a.body), number) {
		t.Errorf("%s", a.body)
	}
}

// A canary in a payload or a token shows in no log, metric or error text.
func TestNothingPersonalShows(t *testing.T) {
	const canary = "CANARY-7f3a"
	secrets, tokens := newTokens(t, []Scope{ScopeAdmin})
	metrics := prometheus.NewRegistry()
	s := start(t, func(o *Options) { o.Tokens, o.Metrics = tokens, metrics })
	bearer := "Authorization: Bearer " + secrets[0]
	var said strings.Builder
	for _, r := range []struct{ method, path, body, header string }{
		{"POST", "/v1/messages", aMessage, "Authorization: Bearer " + canary},
		{"POST", "/v1/messages", strings.Replace(aMessage, "Ada", canary, 1), bearer},
		{"POST", "/v1/messages", `{"channel":"note","to":"c","text":"` + canary + `","context":{"a":"` + canary + `","a":1}}`, bearer},
		{"POST", "/v1/messages", `{"channel":"` + canary + `","to":"","text":"` + canary + `"}`, bearer},
		{"POST", "/v1/messages", `{"channel":"note","to":1,"context":"` + canary + `"}`, bearer},
		{"POST", "/v1/messages", canary, bearer},
		{"POST", "/v1/bulks", strings.Replace(aBulk, "Hello", canary, 1), bearer},
		{"PUT", "/v1/bulks/news/recipients", `{"to":"a@example.com","context":{"a":"` + canary, bearer},
		{"GET", "/v1/messages/" + canary, "", bearer},
		{"GET", "/" + canary, "", bearer},
		{"GET", "/v1/bulks?limit=" + canary, "", bearer},
	} {
		header := []string{r.header}
		if r.method == "PUT" {
			header = append(header, ndjson)
		}
		a := s.do(r.method, r.path, r.body, header...)
		said.Write(a.body)
	}
	s.redis.Kill()
	for _, body := range []string{strings.Replace(aMessage, "Ada", canary, 1), aMessage} {
		a := s.do("POST", "/v1/messages", body, bearer)
		said.Write(a.body)
	}
	families, err := metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for where, text := range map[string]string{"log": s.log.String(), "answers": said.String(), "metrics": fmt.Sprint(families)} {
		for _, secret := range []string{canary, secrets[0], "ada@example.com"} {
			if strings.Contains(text, secret) {
				t.Errorf("%s: %q shows", where, secret)
			}
		}
		if text == "" {
			t.Errorf("%s: nothing at all", where)
		}
	}
}

// Redis down: 503 with Retry-After, and no false 202: whatever was accepted is there when Redis is back. Then it all
// works again, without a restart.
func TestRedisDown(t *testing.T) {
	s := start(t, nil)
	var (
		senders  sync.WaitGroup
		accepted sync.Map
		stop     atomic.Bool
		refused  = make(chan answer, 1)
		yes      atomic.Int64
	)
	for worker := range 8 {
		senders.Go(func() {
			for i := 0; !stop.Load(); i++ {
				id := fmt.Sprintf("m-%d-%d", worker, i)
				a := s.do("POST", "/v1/messages", `{"id":"`+id+`","channel":"note","to":"c1","text":"x"}`)
				switch a.status {
				case 202:
					accepted.Store(id, true)
					yes.Add(1)
				case 503:
					select {
					case refused <- a:
					default:
					}
				default:
					t.Errorf("status %d: %s", a.status, a.body)
				}
			}
		})
	}
	await(t, func() bool { return yes.Load() > 200 })
	s.redis.Kill()
	a := <-refused
	if p := a.problem(t); p.Code != "unavailable" || a.header.Get("Retry-After") == "" {
		t.Errorf("%+v, Retry-After %q", p, a.header.Get("Retry-After"))
	}
	for _, r := range []struct{ method, path string }{
		{"GET", "/v1/messages/m-0-0"}, {"GET", "/v1/bulks"}, {"GET", "/v1/suppressions"}, {"GET", "/v1/dead"}, {"GET", "/v1/lanes"},
	} {
		if a := s.want(503, r.method, r.path, nil); a.header.Get("Retry-After") == "" {
			t.Errorf("%s: no Retry-After", r.path)
		}
	}
	s.want(503, "POST", "/v1/bulks", aBulk)
	before := yes.Load()
	s.redis.Restart()
	await(t, func() bool { return yes.Load() > before+50 })
	stop.Store(true)
	senders.Wait()
	n := 0
	accepted.Range(func(id, _ any) bool {
		s.want(200, "GET", "/v1/messages/"+id.(string), nil)
		n++
		return n < 3000
	})
	t.Logf("%d accepted, all there", yes.Load())
}

// Redis out of memory or read-only is an error to the caller, never a false 202.
func TestFullRedisIsNeverAccepted(t *testing.T) {
	s := start(t, nil)
	rdb := s.redis.Client()
	s.want(202, "POST", "/v1/messages", aMessage)
	if err := rdb.ConfigSet(t.Context(), "maxmemory", "1").Err(); err != nil {
		t.Fatal(err)
	}
	a := s.want(503, "POST", "/v1/messages", aMessage)
	if p := a.problem(t); p.Code != "unavailable" || a.header.Get("Retry-After") == "" {
		t.Errorf("%+v", p)
	}
	s.want(503, "POST", "/v1/bulks", aBulk)
	s.want(503, "POST", "/v1/attachments?name=a.txt", "x", "Content-Type: application/octet-stream")
	if err := rdb.ConfigSet(t.Context(), "maxmemory", "0").Err(); err != nil {
		t.Fatal(err)
	}
	s.want(202, "POST", "/v1/messages", aMessage)
	if err := rdb.ReplicaOf(t.Context(), "127.0.0.1", "1").Err(); err != nil {
		t.Fatal(err)
	}
	s.want(503, "POST", "/v1/messages", aMessage)
	if err := rdb.ReplicaOf(t.Context(), "NO", "ONE").Err(); err != nil {
		t.Fatal(err)
	}
	s.want(202, "POST", "/v1/messages", aMessage)
}

func await(t *testing.T, until func() bool) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); !until(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not happen")
		}
	}
}

// Whatever comes as a message's body, it is answered, and never with a 5xx.
func FuzzMessageBody(f *testing.F) {
	f.Add([]byte(aMessage))
	f.Add([]byte(`{"channel":"note","to":"c1","text":"x","attachments":[{"name":"a.txt","inline":"aGVsbG8="}],"actions":{"customFields":{"aNum":1}}}`))
	f.Add([]byte(`{"id":"m","channel":"sms","to":"+1","sendAt":"2026-01-01T00:00:00Z"}`))
	s := start(f, nil)
	f.Fuzz(func(t *testing.T, body []byte) {
		if a := s.in(t).do("POST", "/v1/messages", body); a.status >= 500 {
			t.Fatalf("%q: %d %s", body, a.status, a.body)
		}
	})
}

// Whatever comes as an audience, it is answered, and never with a 5xx.
func FuzzAudienceBody(f *testing.F) {
	f.Add([]byte(audience(2)))
	f.Add([]byte("customer.email,customer.firstName\na@example.com,A\n"))
	f.Add([]byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"))
	f.Add([]byte("\x28\xb5\x2f\xfd\x00"))
	s := start(f, nil)
	var n atomic.Int64
	f.Fuzz(func(t *testing.T, body []byte) {
		id := fmt.Sprint("b", n.Add(1))
		s.in(t).want(201, "POST", "/v1/bulks", strings.Replace(aBulk, "news", id, 1))
		if a := s.in(t).do("PUT", "/v1/bulks/"+id+"/recipients?onBadRow=skip", body, ndjson); a.status >= 500 {
			t.Fatalf("%q: %d %s", body, a.status, a.body)
		}
	})
}
