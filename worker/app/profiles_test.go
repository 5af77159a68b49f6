package app

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestProfiles(t *testing.T) {
	t.Parallel()
	inner := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "the API") })
	off, on := httptest.NewServer((&Settings{}).withProfiles(inner)), httptest.NewServer((&Settings{Profiles: true}).withProfiles(inner))
	defer off.Close()
	defer on.Close()
	for _, c := range []struct {
		url, host string
		status    int
		holds     string
	}{
		{off.URL + "/debug/pprof/", "", 200, "the API"},
		{on.URL + "/v1/x", "", 200, "the API"},
		{on.URL + "/debug/pprof/", "", 200, "goroutine"},
		{on.URL + "/debug/pprof/heap?debug=1", "", 200, "heap profile"},
		{on.URL + "/debug/pprof/profile?seconds=1", "", 200, ""},
		{on.URL + "/debug/pprof/cmdline", "", 404, ""},
		{on.URL + "/debug/pprof/heap", "herald.example", 403, "this machine alone"},
	} {
		r, err := http.NewRequest(http.MethodGet, c.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = c.host
		a, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(a.Body)
		_ = a.Body.Close()
		if err != nil || a.StatusCode != c.status || !strings.Contains(string(text), c.holds) {
			t.Errorf("%s as %q: %d %.60q %v", c.url, c.host, a.StatusCode, text, err)
		}
	}
	direct := httptest.NewRecorder()
	(&Settings{Profiles: true}).withProfiles(inner).ServeHTTP(direct, httptest.NewRequest(http.MethodGet, "http://127.0.0.1/debug/pprof/", nil))
	if direct.Code != http.StatusForbidden {
		t.Errorf("not over the loopback interface: %d", direct.Code)
	}
}
