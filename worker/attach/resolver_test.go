package attach

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/heraldsend/herald/worker/message"
)

type mapBlobs map[string][]byte

func (m mapBlobs) Blob(_ context.Context, sum string) ([]byte, error) {
	if sum == strings.Repeat("f", 64) {
		return nil, errors.New("store is away")
	}
	if data, ok := m[sum]; ok {
		return data, nil
	}
	return nil, fs.ErrNotExist
}

func (m mapBlobs) put(data []byte) string {
	sum := sha256.Sum256(data)
	key := hex.EncodeToString(sum[:])
	m[key] = data
	return key
}

// endless answers with a body that never ends and counts what was read of it.
type endless struct {
	status   int
	declared int64
	read     int64
	closed   bool
}

func (e *endless) Do(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: e.status, ContentLength: e.declared, Body: e}, nil
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, pdf(len(p)))
	e.read += int64(n)
	return n, nil
}

func (e *endless) Close() error { e.closed = true; return nil }

// pdf makes n bytes that sniff as a PDF.
func pdf(n int) []byte {
	data := bytes.Repeat([]byte{'x'}, n)
	copy(data, "%PDF-1.7\n")
	return data
}

func resolver(t *testing.T, o Options) *Resolver {
	t.Helper()
	r, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func code(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	if err != nil {
		return "not an *Error: " + err.Error()
	}
	return ""
}

func TestLimits(t *testing.T) {
	blobs := mapBlobs{}
	r := resolver(t, Options{Blobs: blobs})
	file := func(n int) message.Ref { return message.Ref{Name: "a.pdf", Blob: blobs.put(pdf(n))} }
	inline := func(n int) message.Ref {
		return message.Ref{Name: "a.pdf", Inline: base64.StdEncoding.EncodeToString(pdf(n))}
	}
	cases := []struct {
		name   string
		policy Policy
		refs   []message.Ref
		code   string
	}{
		{"5 MiB", Bulk(message.Email), []message.Ref{file(5_242_880)}, ""},
		{"5 MiB + 1", Bulk(message.Email), []message.Ref{file(5_242_881)}, "attachment_too_large"},
		{"inline 5 MiB", Bulk(message.Email), []message.Ref{inline(5_242_880)}, ""},
		{"inline 5 MiB + 1", Bulk(message.Email), []message.Ref{inline(5_242_881)}, "attachment_too_large"},
		{"total", Bulk(message.Email), []message.Ref{file(5_242_880), file(4_718_592)}, ""},
		{"total - 1", Bulk(message.Email), []message.Ref{file(5_242_880), file(4_718_591)}, ""},
		{"total + 1", Bulk(message.Email), []message.Ref{file(5_242_880), file(4_718_593)}, "attachments_too_large"},
		{"one forward file may fill it", Forward(), []message.Ref{file(9_961_472)}, ""},
		{"forward total + 1", Forward(), []message.Ref{file(9_961_473)}, "attachments_too_large"},
		{"note total", Single(message.Note), []message.Ref{file(9_961_472)}, ""},
		{"note total + 1", Single(message.Note), []message.Ref{inline(9_961_473)}, "attachments_too_large"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := r.Resolve(context.Background(), c.policy, c.refs)
			if code(err) != c.code {
				t.Fatalf("got %v, want code %q", err, c.code)
			}
			if err == nil && len(got) != len(c.refs) {
				t.Errorf("%d files for %d references", len(got), len(c.refs))
			}
		})
	}
}

func TestTypes(t *testing.T) {
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	zip := []byte("PK\x03\x04\x14\x00\x00\x00\x00\x00aaaaaaaaaaaaaaaaaaaaaaaa")
	cases := []struct {
		name string
		data []byte
		ok   bool
	}{
		{"a.pdf", pdf(100), true},
		{"A.PDF", pdf(100), true},
		{"a.pdf", read("really_html.pdf"), false},
		{"a.jpg", read("really_mz.jpg"), false},
		{"a.svg", read("svg_script.svg"), false},
		{"a.png", read("svg_script.svg"), false},
		{"a.txt", read("svg_script.svg"), false},
		{"a.html", read("polyglot_gif.html"), false},
		{"a.txt", read("really_html.pdf"), false},
		{"a.txt", []byte("plain words\n"), true},
		{"a.txt", []byte("a,b\n1,2\n3,4\n"), true},
		{"a.txt", []byte(`{"a":1}`), true},
		{"a.txt", pdf(100), false},
		{"a.gif", []byte("GIF89a\x01\x00\x01\x00"), true},
		{"a.png", []byte("\x89PNG\r\n\x1a\n0000"), true},
		{"a.jpg", []byte("\xff\xd8\xff\xe0aaaa"), true},
		{"a.jpeg", []byte("\xff\xd8\xff\xe0aaaa"), true},
		{"a.zip", zip, true},
		{"a.docx", zip, true},
		{"a.pdf", zip, false},
		{"a.mp4", []byte("\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"), true},
		{"a.mov", []byte("\x00\x00\x00\x14ftypqt  \x00\x00\x00\x00qt  "), true},
		{"a.doc", append([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), make([]byte, 1024)...), true},
		{"a.pdf.exe", pdf(100), false},
		{"a", pdf(100), false},
		{"a.pdf", nil, false},
	}
	for _, c := range cases {
		err := Bulk(message.Email).Check([]File{{Name: c.name, Size: int64(len(c.data)), Head: c.data}})
		if c.ok != (err == nil) || err != nil && code(err) != "attachment_type" {
			t.Errorf("%s with %.20q: %v", c.name, c.data, err)
		}
	}
}

func TestInlineBase64(t *testing.T) {
	raw, err := os.ReadFile("testdata/b64_cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases map[string]string
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	r := resolver(t, Options{})
	for name, text := range cases {
		if strings.HasPrefix(name, "valid") {
			continue // sizes: TestLimits
		}
		got, err := r.Resolve(context.Background(), Bulk(message.Email), []message.Ref{{Name: "a.txt", Inline: text}})
		if name == "b64_with_newlines" {
			if err != nil || string(got[0].Data) != "hello" {
				t.Errorf("%s: %v", name, err)
			}
		} else if code(err) != "attachment_encoding" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBodiesAreCut(t *testing.T) {
	for _, declared := range []int64{-1, 10, 5 << 20} {
		body := &endless{status: 200, declared: declared}
		r := resolver(t, Options{HTTP: body})
		_, err := r.Resolve(context.Background(), Bulk(message.Email), []message.Ref{{URL: "https://example.com/a.pdf"}})
		if code(err) != "attachment_too_large" || body.read > message.MaxFile+1 || !body.closed {
			t.Errorf("declared %d: %v after %d bytes, closed %v", declared, err, body.read, body.closed)
		}
	}
	body := &endless{status: 200, declared: message.MaxFile + 1}
	r := resolver(t, Options{HTTP: body})
	_, err := r.Resolve(context.Background(), Bulk(message.Email), []message.Ref{{URL: "https://example.com/a.pdf"}})
	if code(err) != "attachment_too_large" || body.read != 0 {
		t.Errorf("a declared size over the limit was read: %v, %d bytes", err, body.read)
	}
}

func TestHTTPStatus(t *testing.T) {
	for status, temporary := range map[int]bool{404: false, 403: false, 302: false, 429: true, 503: true} {
		r := resolver(t, Options{HTTP: &endless{status: status}})
		_, err := r.Resolve(context.Background(), Bulk(message.Email), []message.Ref{{URL: "https://example.com/a.pdf"}})
		var e *Error
		if !errors.As(err, &e) || e.Code != "attachment_missing" || e.Temporary != temporary {
			t.Errorf("%d: %+v", status, err)
		}
	}
}

// failing answers every request with its error.
type failing struct{ error }

func (f failing) Do(*http.Request) (*http.Response, error) { return nil, f.error }

func TestFetchErrors(t *testing.T) {
	for _, c := range []struct {
		err       error
		code      string
		temporary bool
	}{
		{&url.Error{Op: "Get", Err: fmt.Errorf("refused: %w", fs.ErrPermission)}, "attachment_source", false},
		{errors.New("connection reset"), "attachment_missing", true},
	} {
		r := resolver(t, Options{HTTP: failing{c.err}})
		_, err := r.Resolve(context.Background(), Bulk(message.Email), []message.Ref{{URL: "https://10.0.0.1/a.pdf"}})
		var e *Error
		if !errors.As(err, &e) || e.Code != c.code || e.Temporary != c.temporary {
			t.Errorf("%v: %+v", c.err, err)
		}
	}
}

func TestFilesStayBelowTheRoot(t *testing.T) {
	dir := t.TempDir()
	outside := filepath.Join(dir, "secret.txt")
	root := filepath.Join(dir, "root")
	if err := errors.Join(os.WriteFile(outside, []byte("canary"), 0o600), os.MkdirAll(filepath.Join(root, "sub"), 0o700),
		os.WriteFile(filepath.Join(root, "sub", "a.txt"), []byte("hello"), 0o600), os.Symlink(outside, filepath.Join(root, "link.txt"))); err != nil {
		t.Fatal(err)
	}
	r := resolver(t, Options{Root: root})
	got, err := r.Resolve(context.Background(), Bulk(message.Email), []message.Ref{{File: "sub/a.txt"}})
	if err != nil || string(got[0].Data) != "hello" || got[0].Name != "a.txt" || got[0].Type != "text/plain" {
		t.Fatalf("%+v %v", got, err)
	}
	for _, name := range []string{"../secret.txt", "../../etc/passwd", "/etc/passwd", "sub/../../secret.txt", `..\secret.txt`, "link.txt", "sub", "none.txt", "./sub/a.txt"} {
		got, err := r.Resolve(context.Background(), Forward(), []message.Ref{{File: name}})
		if c := code(err); c != "attachment_path" && c != "attachment_missing" || got != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestSources(t *testing.T) {
	blobs := mapBlobs{}
	good := blobs.put([]byte("hello"))
	lying := strings.Repeat("0", 64)
	blobs[lying] = []byte("hello")
	r := resolver(t, Options{Blobs: blobs})
	cases := []struct {
		name      string
		ref       message.Ref
		code      string
		temporary bool
	}{
		{"blob", message.Ref{Name: "a.txt", Blob: good}, "", false},
		{"none", message.Ref{Name: "a.txt"}, "attachment_source", false},
		{"two", message.Ref{Name: "a.txt", Blob: good, Inline: "aGk="}, "attachment_source", false},
		{"blob is no hash", message.Ref{Name: "a.txt", Blob: "../x"}, "attachment_source", false},
		{"blob missing", message.Ref{Name: "a.txt", Blob: strings.Repeat("1", 64)}, "attachment_missing", false},
		{"blob with other bytes", message.Ref{Name: "a.txt", Blob: lying}, "attachment_missing", false},
		{"store away", message.Ref{Name: "a.txt", Blob: strings.Repeat("f", 64)}, "attachment_missing", true},
		{"file without root", message.Ref{File: "a.txt"}, "attachment_source", false},
		{"url without client", message.Ref{URL: "https://example.com/a.txt"}, "attachment_source", false},
		{"http", message.Ref{URL: "http://example.com/a.txt"}, "attachment_source", false},
		{"url with password", message.Ref{URL: "https://u:p@example.com/a.txt"}, "attachment_source", false},
		{"declared otherwise", message.Ref{Name: "a.txt", Blob: good, Type: "image/png"}, "attachment_type", false},
	}
	for _, c := range cases {
		_, err := r.Resolve(context.Background(), Bulk(message.Email), []message.Ref{c.ref})
		var e *Error
		if code(err) != c.code || errors.As(err, &e) && e.Temporary != c.temporary {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	got, err := r.Resolve(context.Background(), Bulk(message.Email), []message.Ref{{Name: "x/logo.txt", Blob: good, ContentID: "logo"}})
	if err != nil || !got[0].Inline || got[0].ContentID != "logo" || got[0].SHA256 != good || got[0].Name != "logo.txt" {
		t.Errorf("%+v %v", got, err)
	}
}
