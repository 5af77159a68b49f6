package api

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/heraldsend/herald/worker/address/phone"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/erase"
	"github.com/heraldsend/herald/worker/logtest"
	"github.com/heraldsend/herald/worker/redistest"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/store/suppress"
)

// service is an API under test: a real Redis and a real HTTP server.
type service struct {
	t      testing.TB
	redis  *redistest.Server
	client *enqueue.Client
	api    *Server
	url    string
	log    *logtest.Buffer
	token  string // sent with every request, where not empty
}

// start runs an API; configure, which may be nil, changes its options.
func start(t testing.TB, configure func(*Options)) *service {
	t.Helper()
	s := &service{t: t, redis: redistest.Start(t), log: &logtest.Buffer{}}
	rdb := s.redis.Client()
	var err error
	log := slog.New(slog.NewTextHandler(s.log, nil))
	if s.client, err = enqueue.New(enqueue.Options{Redis: rdb, Log: log, Phones: phone.Parse}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.client.Close() })
	suppressions, err := suppress.New(suppress.Options{Redis: rdb})
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Redis: rdb, Client: s.client, Suppressions: suppressions, Log: log, Metrics: prometheus.NewRegistry(), Version: "1.2.3"}
	books, err := ledger.New(ledger.Options{Redis: rdb, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = books.Close() })
	if o.Eraser, err = erase.New(erase.Options{Redis: rdb, Ledger: books, Suppressions: suppressions, Log: log}); err != nil {
		t.Fatal(err)
	}
	if configure != nil {
		configure(&o)
	}
	if s.api, err = New(o); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.api)
	t.Cleanup(server.Close)
	t.Cleanup(s.api.Drain)
	s.url = server.URL
	return s
}

// answer is one response, read to its end.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) decode(t testing.TB, v any) {
	t.Helper()
	if err := json.Unmarshal(a.body, v); err != nil {
		t.Fatalf("decode %.300s: %v", a.body, err)
	}
}

// problem decodes an error and checks its form.
func (a answer) problem(t testing.TB) Problem {
	t.Helper()
	var p Problem
	a.decode(t, &p)
	if got := a.header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("Content-Type is %q", got)
	}
	if p.Status != a.status || p.Code == "" || p.Type != errorsPath+p.Code || p.Title == "" || p.Detail == "" {
		t.Errorf("not a whole problem: status %d, body %s", a.status, a.body)
	}
	return p
}

// in is the same service in another test.
func (s *service) in(t testing.TB) *service {
	other := *s
	other.t = t
	return &other
}

// do sends a request: header lines as "Name: value".
func (s *service) do(method, path string, body any, header ...string) answer {
	s.t.Helper()
	var in io.Reader
	switch body := body.(type) {
	case nil:
	case string:
		in = strings.NewReader(body)
	case []byte:
		in = bytes.NewReader(body)
	case io.Reader:
		in = body
	default:
		data, err := json.Marshal(body)
		if err != nil {
			s.t.Fatal(err)
		}
		in = bytes.NewReader(data)
	}
	r, err := http.NewRequestWithContext(context.Background(), method, s.url+path, in)
	if err != nil {
		s.t.Fatal(err)
	}
	if in != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if s.token != "" {
		r.Header.Set("Authorization", "Bearer "+s.token)
	}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		if name == "Host" {
			r.Host = value
		}
		r.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, data}
}

// want sends a request and checks the status.
func (s *service) want(status int, method, path string, body any, header ...string) answer {
	s.t.Helper()
	a := s.do(method, path, body, header...)
	if a.status != status {
		s.t.Fatalf("%s %s: status %d, want %d: %.500s", method, path, a.status, status, a.body)
	}
	return a
}

// onlyReader hides how much there is to read.
type onlyReader struct{ r io.Reader }

func (o *onlyReader) Read(p []byte) (int, error) { return o.r.Read(p) }
