package app

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/delivery"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/redistest"
)

// Over the loopback interface a web page whose name was made to mean 127.0.0.1 doesn't read the metrics; elsewhere every
// name is fine.
func TestMetricsCheckTheHost(t *testing.T) {
	handler := health(t.Context(), nil, 0, NewMetrics(), nil)
	for _, c := range []struct {
		local, host string
		want        int
	}{
		{"127.0.0.1", "127.0.0.1:8080", 200}, {"127.0.0.1", "localhost", 200}, {"::1", "[::1]:8080", 200}, {"127.0.0.1", "evil.example", 403}, {"::1", "evil.example", 403},
		{"10.0.0.5", "worker-3.herald.internal:8080", 200},
	} {
		r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		r.Host = c.host
		r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, &net.TCPAddr{IP: net.ParseIP(c.local), Port: 8080}))
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("%+v: %d", c, w.Code)
		}
	}
}

// Readiness says which channels can't send, and why; it is no reason to be taken out.
func TestReadyTellsTroubles(t *testing.T) {
	connect, err := redisOptions(redistest.Start(t).URL(), 16)
	if err != nil {
		t.Fatal(err)
	}
	rdb := connect(nil)
	defer func() { _ = rdb.Close() }()
	since := time.Date(2026, 11, 30, 10, 0, 0, 0, time.UTC)
	troubles := map[message.Channel]delivery.Trouble{}
	handler := health(context.Background(), rdb, 0, NewMetrics(), func() map[message.Channel]delivery.Trouble { return troubles })
	ask := func() (int, string) {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/readyz", nil))
		return w.Code, w.Body.String()
	}
	if code, body := ask(); code != 200 || body != "ready\n" {
		t.Errorf("%d %q", code, body)
	}
	troubles[message.SMS] = delivery.Trouble{Code: "no_sender", Since: since}
	troubles[message.Chat] = delivery.Trouble{Detail: "no_sender: HERALD_CHAT_URL is not set"}
	troubles[message.Email] = delivery.Trouble{Code: "smtp_auth", Detail: "smtp_auth 5.7.8 at AUTH: 535 no", Since: since}
	want := strings.Join([]string{
		"ready", "chat can't send: no_sender: HERALD_CHAT_URL is not set", "email can't send since 2026-11-30T10:00:00Z: smtp_auth 5.7.8 at AUTH: 535 no", "sms can't send since 2026-11-30T10:00:00Z: no_sender", "",
	}, "\n")
	if code, body := ask(); code != 200 || body != want {
		t.Errorf("%d %q, want %q", code, body, want)
	}
}

// A Redis that answers and takes no writes is not ready to work on.
func TestNotReadyWhileRedisRefusesWrites(t *testing.T) {
	rdb := redistest.Start(t).Client()
	ask := func() (int, string) {
		w := httptest.NewRecorder()
		health(t.Context(), rdb, 0, NewMetrics(), nil).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/readyz", nil))
		return w.Code, w.Body.String()
	}
	if code, body := ask(); code != 200 {
		t.Fatal(code, body)
	}
	if err := rdb.ConfigSet(t.Context(), "min-replicas-to-write", "1").Err(); err != nil {
		t.Fatal(err)
	}
	if code, body := ask(); code != 503 || body != "Redis refuses writes: NOREPLICAS\n" {
		t.Errorf("%d %q", code, body)
	}
}
