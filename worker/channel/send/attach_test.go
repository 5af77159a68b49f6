package send_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/message"
)

// Private addresses and endless bodies are refused, end to end: the resolver of attachments with the client that it is meant to have.
func TestAttachmentsOverHTTPS(t *testing.T) {
	pdf := "%PDF-1.7\n" + strings.Repeat("x", 1000)
	written := make(chan int64, 1)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/good.pdf":
			_, _ = io.WriteString(w, pdf)
		case "/endless.pdf":
			var n int64
			for n < 1<<30 {
				k, err := io.WriteString(w, pdf)
				n += int64(k)
				if err != nil {
					break
				}
			}
			written <- n
		case "/promises-more.pdf", "/promises-less.pdf":
			c, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			size := map[string]int{"/promises-more.pdf": 5000, "/promises-less.pdf": 100}[r.URL.Path]
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: "+strconv.Itoa(size)+"\r\n\r\n"+pdf)
			_ = c.Close()
		case "/bomb.pdf":
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = io.WriteString(w, "\x1f\x8b\x08")
		case "/moved.pdf":
			http.Redirect(w, r, "https://127.0.0.1:6379/", http.StatusFound)
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	o := send.HTTPOptions{
		TLS: server.Client().Transport.(*http.Transport).TLSClientConfig, Timeout: 20 * time.Second,
		LookupIP: func(context.Context, string) ([]netip.Addr, error) {
			return []netip.Addr{netip.MustParseAddr("93.184.216.34")}, nil
		},
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
		},
	}
	client := send.NewHTTPClient(o)
	defer client.CloseIdleConnections()
	r, err := attach.New(attach.Options{HTTP: client})
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		url, code string
		temporary bool
	}{
		{"https://example.com/good.pdf", "", false},
		{"https://example.com/endless.pdf", "attachment_too_large", false},
		{"https://example.com/promises-more.pdf", "attachment_missing", true},
		{"https://example.com/promises-less.pdf", "", false},       // cut at what was promised: HTTP's own rule
		{"https://example.com/bomb.pdf", "attachment_type", false}, // not unpacked, and no PDF
		{"https://example.com/moved.pdf", "attachment_missing", false},
		{"https://example.com/none.pdf", "attachment_missing", false},
		{"https://127.0.0.1/good.pdf", "attachment_source", false},
		{"https://[::ffff:10.0.0.1]/good.pdf", "attachment_source", false},
		{"https://example.com:25/good.pdf", "attachment_source", false},
	}
	for _, c := range cases {
		files, err := r.Resolve(context.Background(), attach.Bulk(message.Email), []message.Ref{{URL: c.url}})
		var e *attach.Error
		if errors.As(err, &e) && (e.Code != c.code || e.Temporary != c.temporary) || e == nil && (c.code != "" || err != nil) {
			t.Errorf("%s: %v", c.url, err)
		}
		if c.code == "" && (len(files) != 1 || files[0].URL != c.url || !strings.HasPrefix(pdf, string(files[0].Data))) {
			t.Errorf("%s: %d files", c.url, len(files))
		}
	}
	if n := <-written; n > 2*message.MaxFile+(16<<20) { // what the kernel and TLS hold comes on top
		t.Errorf("%d bytes of an endless body were taken", n)
	}
}
