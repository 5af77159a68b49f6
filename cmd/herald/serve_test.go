package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/templates"
	"github.com/heraldsend/herald/worker/api"
	"github.com/heraldsend/herald/worker/logtest"
	"github.com/heraldsend/herald/worker/redistest"
)

// serving is `herald serve` in this process.
type serving struct {
	t    *testing.T
	url  string // without a slash at its end
	stop context.CancelFunc
	code chan int
	log  *logtest.Buffer

	secret string // of its token, where it has one
}

var startedAt = regexp.MustCompile(`msg="API started".* url=(http://\S+)/`)

// startServing runs `herald serve` until the test ends, and waits until it answers.
func startServing(t *testing.T, env map[string]string, args ...string) *serving {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	s := &serving{t: t, stop: stop, code: make(chan int, 1), log: &logtest.Buffer{}}
	go func() {
		s.code <- run(ctx, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...), func(name string) string { return env[name] }, stdio{strings.NewReader(""), s.log, s.log})
	}()
	t.Cleanup(func() {
		stop()
		select {
		case <-s.code:
		case <-time.After(time.Minute):
			t.Error("it does not stop")
		}
	})
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		if m := startedAt.FindStringSubmatch(s.log.String()); m != nil {
			s.url = m[1]
			return s
		}
		if time.Now().After(deadline) {
			t.Fatalf("it does not start: %s", s.log.String())
		}
	}
}

// request sends one and returns its status and body.
func (s *serving) request(method, path, token string, body io.Reader) (int, string) {
	s.t.Helper()
	r, err := http.NewRequest(method, s.url+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, string(data)
}

func apiToken(t *testing.T, scopes ...api.Scope) (secret, setting string) {
	t.Helper()
	secret, token, err := api.NewToken(api.Token{Name: "test", Scopes: scopes})
	if err != nil {
		t.Fatal(err)
	}
	return secret, token.String()
}

// Without tokens nobody from elsewhere may reach the API.
func TestServeNeedsTokens(t *testing.T) {
	var out bytes.Buffer
	env := map[string]string{"HERALD_LISTEN": "0.0.0.0:0"}
	code := run(context.Background(), []string{"serve", "--embedded"}, func(name string) string { return env[name] }, stdio{strings.NewReader(""), &out, &out})
	if code != exitUsage || !strings.Contains(out.String(), "HERALD_API_TOKENS is not set") {
		t.Errorf("exit code %d: %s", code, out.String())
	}
}

func TestServeHealth(t *testing.T) {
	secret, setting := apiToken(t, api.ScopeRead)
	redis := redistest.Start(t)
	s := startServing(t, map[string]string{"HERALD_REDIS_URL": redis.URL(), "HERALD_API_TOKENS": setting})
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/metrics": 401, "/v1/bulks": 401, "/docs": 200} {
		if status, body := s.request("GET", path, "", nil); status != want {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if _, body := s.request("GET", "/metrics", secret, nil); !strings.Contains(body, `herald_api_requests_total{route="GET /docs",status="200"} 1`) {
		t.Errorf("metrics %s", body)
	}
	redis.Kill()
	await(t, "it is not ready without a Redis", func() bool {
		status, _ := s.request("GET", "/readyz", "", nil)
		return status == 503
	})
	if status, _ := s.request("GET", "/v1/bulks", secret, nil); status != 503 {
		t.Errorf("/v1/bulks: %d without a Redis", status)
	}
	redis.Restart()
	if status, body := s.request("GET", "/v1/bulks", secret, nil); status != 200 {
		t.Errorf("/v1/bulks: %d %s with Redis back", status, body)
	}
	redis.Pause() // it takes connections and answers nothing
	hung := time.Now()
	if status, _ := s.request("GET", "/v1/bulks", secret, nil); status != 503 || time.Since(hung) > 30*time.Second {
		t.Errorf("/v1/bulks: %d after %s with a Redis that hangs", status, time.Since(hung))
	}
	redis.Resume()
	if status, body := s.request("GET", "/v1/bulks", secret, nil); status != 200 {
		t.Errorf("/v1/bulks: %d %s when it answers again", status, body)
	}
}

// Who tells it to stop gets a whole answer first: an upload goes on to its end, a stream of events ends.
func TestServeStopsGracefully(t *testing.T) {
	redis := redistest.Start(t)
	s := startServing(t, map[string]string{"HERALD_REDIS_URL": redis.URL()})
	if status, body := s.request("POST", "/v1/bulks", "", strings.NewReader(`{"id":"b","messages":[{"channel":"note","text":"x"}]}`)); status != 201 {
		t.Fatalf("%d %s", status, body)
	}
	events, err := http.Get(s.url + "/v1/bulks/b/events")
	if err != nil {
		t.Fatal(err)
	}
	defer events.Body.Close()
	rows, audience := io.Pipe()
	type result struct {
		status int
		body   string
	}
	answered := make(chan result, 1)
	go func() {
		r, _ := http.NewRequest(http.MethodPut, s.url+"/v1/bulks/b/recipients", rows)
		r.Header.Set("Content-Type", "application/x-ndjson")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			answered <- result{0, err.Error()}
			return
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		answered <- result{resp.StatusCode, string(body)}
	}()
	fmt.Fprintf(audience, "{\"to\":\"c1\"}\n%s", strings.Repeat(" ", 1<<17)+"\n")
	// The first rows have arrived when the bulk is being loaded.
	rdb := redis.Client()
	for deadline := time.Now().Add(time.Minute); rdb.Exists(context.Background(), "herald:bulk:{b}:loading").Val() == 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the upload doesn't begin")
		}
	}
	s.stop()
	if _, err := io.ReadAll(events.Body); !errors.Is(err, io.ErrUnexpectedEOF) { // they end before the bulk does, and that can be seen
		t.Errorf("the events end: %v", err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		resp, err := http.Get(s.url + "/healthz")
		if err != nil {
			break // no further connections
		}
		resp.Body.Close()
		http.DefaultClient.CloseIdleConnections()
		if time.Now().After(deadline) {
			t.Fatal("it still takes connections")
		}
	}
	fmt.Fprintln(audience, `{"to":"c2"}`)
	audience.Close()
	if got := <-answered; got.status != 200 || !strings.Contains(got.body, `"recipients":2`) {
		t.Errorf("the upload was answered with %d %s", got.status, got.body)
	}
	if code := <-s.code; code != exitOK {
		t.Errorf("exit code %d: %s", code, s.log.String())
	}
	s.code <- exitOK
}

// The examples of README.md and docs/api.md run as they stand there, against a playground, and what they send arrives.
func TestAPIExamples(t *testing.T) {
	secret, setting := apiToken(t, api.ScopeSend, api.ScopeRead, api.ScopePreview)
	s := startServing(t, map[string]string{"HERALD_API_TOKENS": setting}, "--embedded")
	s.secret = secret
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "audience.csv"), templates.DemoAudience(), 0o600); err != nil {
		t.Fatal(err)
	}
	programs := map[string][]string{"sh": {"sh", "-eu"}, "js": {"node", "--input-type=module"}, "python": {"python3", "-"}}
	ran := 0
	for _, page := range []string{"../../README.md", "../../docs/api.md"} {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile("(?s)<!-- run -->\n```(\\w+)\n(.*?)```").FindAllSubmatch(text, -1) {
			program := programs[string(m[1])]
			if program == nil {
				t.Fatalf("%s: no program for %s", page, m[1])
			}
			if _, err := exec.LookPath(program[0]); err != nil {
				t.Fatalf("%v: run `make deps`", err)
			}
			cmd := exec.Command(program[0], program[1:]...)
			cmd.Dir, cmd.Stdin = dir, bytes.NewReader(m[2])
			cmd.Env = append(os.Environ(), "HERALD_URL="+s.url, "HERALD_TOKEN="+secret)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%s: %s: %v: %s", page, m[2], err, out)
			}
			ran++
		}
	}
	if ran != 8 {
		t.Errorf("%d examples ran, want 8", ran)
	}
	s.caught("curl@example.com", "batch@example.com", "node@example.com", "python@example.com", "readme@example.com", "ada.lovelace@example.com")
	var status struct {
		State   string
		Planned int
		Sent    int
	}
	_, body := s.request("GET", "/v1/bulks/spring-news", secret, nil)
	if err := json.Unmarshal([]byte(body), &status); err != nil || status.State != "completed" || status.Planned != 1000 || status.Sent < 990 {
		t.Errorf("the bulk: %s, %v", body, err)
	}
	if failed, err := os.ReadFile(filepath.Join(dir, "failed.csv")); err != nil || !bytes.HasPrefix(failed, []byte("recipient,channel,state")) {
		t.Errorf("failed.csv: %.200q, %v", failed, err)
	}
}

// A playground catches events as it catches messages: whatever asks for actions works there.
func TestPlaygroundCatchesEvents(t *testing.T) {
	s := startServing(t, nil, "--embedded")
	status, body := s.request("POST", "/v1/bulks", "", strings.NewReader(`{"id":"acts","messages":[{"channel":"email","from":"help@acme.example","subject":"Hi","text":"Hi"}],"actions":{"status":"done"},"events":true}`))
	if status != 201 {
		t.Fatalf("%d %s", status, body)
	}
	status, body = s.request("PUT", "/v1/bulks/acts/recipients", "", strings.NewReader("customer.email,conversation.id\nada@example.com,c-1\nbob@example.com,c-2\n"))
	if status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	if status, body = s.request("POST", "/v1/bulks/acts/start", "", nil); status != 200 && status != 202 {
		t.Fatalf("%d %s", status, body)
	}
	want := map[string]int{"message.sent": 2, "conversation.updated": 2, "bulk.completed": 1}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		var page api.CaughtEventPage
		_, body := s.request("GET", "/v1/caught/events?limit=1000", "", nil)
		if err := json.Unmarshal([]byte(body), &page); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		got := map[string]int{}
		for _, e := range page.Items {
			if got[e.Type]++; e.Event == "" || e.At.IsZero() || len(e.Data) == 0 {
				t.Errorf("%+v", e)
			}
		}
		if got["message.sent"] == 2 && got["conversation.updated"] == 2 && got["bulk.completed"] == 1 {
			return
		}
		if time.Now().After(deadline) {
			_, account := s.request("GET", "/v1/bulks/acts", "", nil)
			t.Fatalf("%v, want %v; %s", got, want, account)
		}
	}
}

// caught waits until the playground has caught a message to each of these.
func (s *serving) caught(addresses ...string) {
	s.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		var missing []string
		all := s.allCaught()
		for _, address := range addresses {
			if !slices.Contains(all, address) {
				missing = append(missing, address)
			}
		}
		if len(missing) == 0 {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("nothing for %s", missing)
		}
	}
}

func (s *serving) allCaught() (addresses []string) {
	s.t.Helper()
	for cursor := ""; ; {
		var page api.CaughtPage
		_, body := s.request("GET", "/v1/caught?limit=1000&cursor="+cursor, s.secret, nil)
		if err := json.Unmarshal([]byte(body), &page); err != nil {
			s.t.Fatalf("%s: %v", body, err)
		}
		for _, m := range page.Items {
			addresses = append(addresses, m.To...)
		}
		if cursor = page.Next; cursor == "" {
			return addresses
		}
	}
}
