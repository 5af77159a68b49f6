package send

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

// misbehave plays one entry of http_faults.json.
func misbehave(fault string, closing <-chan struct{}) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		hijack := func(raw string) net.Conn {
			c, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				panic(err)
			}
			_, _ = c.Write([]byte(raw))
			return c
		}
		switch fault {
		case "429 Retry-After: 2":
			w.Header().Set("Retry-After", "2")
			w.WriteHeader(http.StatusTooManyRequests)
		case "429 Retry-After: 999999999":
			w.Header().Set("Retry-After", "999999999")
			w.WriteHeader(http.StatusTooManyRequests)
		case "429 Retry-After: HTTP-date past":
			w.Header().Set("Retry-After", "Sat, 01 Jan 2000 00:00:00 GMT")
			w.WriteHeader(http.StatusTooManyRequests)
		case "502 html body":
			w.WriteHeader(http.StatusBadGateway)
			_, _ = w.Write([]byte("<html>"))
		case "200 then drop mid-body":
			_ = hijack("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"sid\":").Close()
		case "accept-then-hang (ambiguous)":
			select {
			case <-closing:
			case <-r.Context().Done():
			}
		case "301 to 127.0.0.1":
			http.Redirect(w, r, "http://127.0.0.1:6379/", http.StatusMovedPermanently)
		case "200 with 1 GB body":
			w.Header().Set("Content-Length", "1073741824")
			chunk := bytes.Repeat([]byte("x"), 1<<16)
			for range 1 << 14 {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		case "200 invalid JSON", "200 error in body":
			_, _ = w.Write([]byte(`{"error":`))
		case "gzip bomb 1000:1":
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write([]byte("\x1f\x8b"))
		case "headers 1 MB":
			w.Header().Set("X-Big", strings.Repeat("x", 1<<20))
		case "slow 1 B/s": // at the speed of a test: slower than the client waits
			c := hijack("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
			<-closing
			_ = c.Close()
		case "404 unsubscribed number 21610":
			w.WriteHeader(http.StatusNotFound)
		default:
			var status int
			if _, err := fmt.Sscanf(fault, "%d", &status); err != nil {
				panic("unknown fault " + fault)
			}
			w.WriteHeader(status)
		}
	}
}

// wantHTTP is the class of each fault, and of the retry that the other side asks for.
var wantHTTP = map[string]struct {
	class string
	retry time.Duration
}{
	"429 Retry-After: 2":              {"temporary", 2 * time.Second},
	"429 Retry-After: 999999999":      {"temporary", time.Hour},
	"429 Retry-After: HTTP-date past": {"temporary", 0},
	"500":                             {"temporary", 0},
	"502 html body":                   {"temporary", 0},
	"503":                             {"temporary", 0},
	"200 then drop mid-body":          {"sent", 0},
	"accept-then-hang (ambiguous)":    {"ambiguous", 0},
	"301 to 127.0.0.1":                {"permanent", 0},
	"200 with 1 GB body":              {"sent", 0},
	"200 invalid JSON":                {"sent", 0},
	"200 error in body":               {"sent", 0},
	"gzip bomb 1000:1":                {"sent", 0},
	"headers 1 MB":                    {"ambiguous", 0},
	"TLS bad cert":                    {"temporary", 0},
	"DNS NXDOMAIN":                    {"temporary", 0},
	"slow 1 B/s":                      {"sent", 0},
	"connection refused":              {"temporary", 0},
	"400":                             {"permanent", 0},
	"401":                             {"temporary", 0},
	"404 unsubscribed number 21610":   {"permanent", 0},
}

// What each faulty answer of a server means.
func TestHTTPFaults(t *testing.T) {
	raw, err := os.ReadFile("testdata/http_faults.json")
	if err != nil {
		t.Fatal(err)
	}
	var faults []string
	if err := json.Unmarshal(raw, &faults); err != nil || len(faults) < 20 {
		t.Fatalf("%d faults, %v", len(faults), err)
	}
	before := runtime.NumGoroutine()
	for _, fault := range faults {
		t.Run(fault, func(t *testing.T) {
			want, known := wantHTTP[fault]
			if !known {
				t.Fatal("no expectation")
			}
			closing := make(chan struct{})
			server := httptest.NewServer(misbehave(fault, closing))
			o := HTTPOptions{AllowHTTP: true, AllowPrivate: loopback}
			address := server.URL
			switch fault {
			case "accept-then-hang (ambiguous)", "slow 1 B/s":
				o.Timeout = time.Second
			case "TLS bad cert":
				server.Close()
				server = httptest.NewTLSServer(http.NotFoundHandler())
				server.Config.ErrorLog = nil
				address = server.URL
			case "DNS NXDOMAIN":
				o.LookupIP = func(_ context.Context, host string) ([]netip.Addr, error) {
					return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
				}
				address = "http://nowhere.test/?token=c4nary"
			case "connection refused":
				server.Close()
			}
			client := NewHTTPClient(o)
			req, err := http.NewRequest(http.MethodPost, address, strings.NewReader("body"))
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			resp, failed := Do(client, req, start)
			if failed == nil {
				failed = StatusError(resp)
				if len(resp.Body) > maxBody {
					t.Errorf("read %d bytes", len(resp.Body))
				}
			}
			close(closing)
			client.CloseIdleConnections()
			server.Close()
			if got := class(failed); got != want.class {
				t.Errorf("%s (%v), want %s", got, failed, want.class)
			}
			if failed != nil && failed.RetryAfter != want.retry {
				t.Errorf("retry after %v, want %v", failed.RetryAfter, want.retry)
			}
			if failed != nil && strings.Contains(failed.Error(), "c4nary") {
				t.Errorf("the error shows the URL: %v", failed)
			}
			if d := time.Since(start); d > 30*time.Second {
				t.Errorf("took %v", d)
			}
		})
	}
	for end := time.Now().Add(3 * time.Second); runtime.NumGoroutine() > before; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d goroutines before, %d after", before, runtime.NumGoroutine())
		}
	}
}

func class(e *Error) string {
	switch {
	case e == nil:
		return "sent"
	case e.Permanent:
		return "permanent"
	case e.Ambiguous:
		return "ambiguous"
	}
	return "temporary"
}
