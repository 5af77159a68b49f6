package attach

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/heraldsend/herald/worker/message"
)

// Blobs returns stored bytes by the lower-case hex of their SHA-256. An unknown hash is fs.ErrNotExist; any other
// error is temporary.
type Blobs interface {
	Blob(ctx context.Context, sha256 string) ([]byte, error)
}

// Doer sends one HTTP request. It must refuse private addresses, with an error that is fs.ErrPermission, and follow no
// redirects: send.NewHTTPClient does.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// Options are a Resolver's sources; one that is nil or empty is closed.
type Options struct {
	Root  string // folder that Ref.File paths lie below; symbolic links can't leave it
	Blobs Blobs  // for Ref.Blob
	HTTP  Doer   // for Ref.URL
}

// Resolver finds attachments. It is safe for concurrent use.
type Resolver struct {
	root  *os.Root
	blobs Blobs
	http  Doer
}

// New opens the sources. Close gives the folder back.
func New(o Options) (*Resolver, error) {
	r := &Resolver{blobs: o.Blobs, http: o.HTTP}
	if o.Root != "" {
		root, err := os.OpenRoot(o.Root)
		if err != nil {
			return nil, fmt.Errorf("open the attachments' folder: %w", err)
		}
		r.root = root
	}
	return r, nil
}

// With is the same resolver over other blobs. It needs no Close of its own.
func (r *Resolver) With(b Blobs) *Resolver { return &Resolver{root: r.root, blobs: b, http: r.http} }

// Close releases the root folder.
func (r *Resolver) Close() error {
	if r.root == nil {
		return nil
	}
	return r.root.Close()
}

// Resolve finds every file of a message and checks them against the policy, in order. It reads no more than the limits
// allow. The error is an *Error; nothing is given back with it.
func (r *Resolver) Resolve(ctx context.Context, p Policy, refs []message.Ref) ([]message.Attachment, error) {
	var out []message.Attachment
	left := p.MaxTotal
	for i, ref := range refs {
		name := CleanName(nameOf(ref), i+1)
		limit := p.limit(left)
		data, err := r.read(ctx, ref, limit)
		if err != nil {
			return nil, p.explain(err, name, limit)
		}
		if err := p.checkType(File{Name: name, Size: int64(len(data)), Head: data, Picture: ref.ContentID != ""}); err != nil {
			return nil, err
		}
		left -= int64(len(data))
		att, err := attachment(ref, name, data)
		if err != nil {
			return nil, err
		}
		out = append(out, att)
	}
	return out, nil
}

// explain adds to the error of a source the name of the file, and to a cut its limit.
func (p Policy) explain(err error, name string, limit int64) error {
	if errors.Is(err, errTooLarge) {
		return p.over(name, limit)
	}
	var known *Error
	if errors.As(err, &known) {
		known.Name = name
		return known
	}
	return &Error{Code: "attachment_missing", Name: name, Reason: "could not be read", Temporary: true, Err: err}
}

func attachment(ref message.Ref, name string, data []byte) (message.Attachment, error) {
	kind := mediaType(name, data)
	if ref.Type != "" && ref.Type != kind && ref.Type != "application/octet-stream" && contents[extension(name)] != nil {
		return message.Attachment{}, &Error{Code: "attachment_type", Name: name, Reason: "is declared as another type than its name and content show"}
	}
	sum := sha256.Sum256(data)
	return message.Attachment{
		Name: name, Type: kind, Data: data, SHA256: hex.EncodeToString(sum[:]),
		Inline: ref.ContentID != "", ContentID: ref.ContentID, URL: ref.URL,
	}, nil
}

// nameOf is the name given, else the last part of where the file is.
func nameOf(ref message.Ref) string {
	switch {
	case ref.Name != "":
		return ref.Name
	case ref.File != "":
		return path.Base(ref.File)
	case ref.URL != "":
		if u, err := url.Parse(ref.URL); err == nil {
			return path.Base(u.Path)
		}
	}
	return ""
}

var errTooLarge = errors.New("too large")

// read gives the bytes of the one source that is set: at most limit, else errTooLarge.
func (r *Resolver) read(ctx context.Context, ref message.Ref, limit int64) ([]byte, error) {
	if n := sources(ref); n != 1 {
		return nil, &Error{Code: "attachment_source", Reason: fmt.Sprintf("has %d sources, it needs one of inline, blob, file, url", n)}
	}
	switch {
	case ref.Inline != "":
		return decode(ref.Inline, limit)
	case ref.Blob != "":
		return r.readBlob(ctx, ref.Blob, limit)
	case ref.File != "":
		return r.readFile(ref.File, limit)
	default:
		return r.fetch(ctx, ref.URL, limit)
	}
}

func sources(ref message.Ref) int {
	n := 0
	for _, s := range []string{ref.Inline, ref.Blob, ref.File, ref.URL} {
		if s != "" {
			n++
		}
	}
	return n
}

// decode reads standard base64 strictly; line breaks are allowed. What is surely too large is not decoded at all.
func decode(s string, limit int64) ([]byte, error) {
	breaks := int64(strings.Count(s, "\n") + strings.Count(s, "\r"))
	if int64(len(s))-breaks > (limit+2)/3*4 {
		return nil, errTooLarge
	}
	data, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil {
		return nil, &Error{Code: "attachment_encoding", Reason: "is not standard base64", Err: err}
	}
	if int64(len(data)) > limit {
		return nil, errTooLarge
	}
	return data, nil
}

func (r *Resolver) readBlob(ctx context.Context, sum string, limit int64) ([]byte, error) {
	if raw, err := hex.DecodeString(sum); err != nil || len(raw) != sha256.Size || sum != strings.ToLower(sum) {
		return nil, &Error{Code: "attachment_source", Reason: "has a blob that is no lower-case SHA-256"}
	}
	if r.blobs == nil {
		return nil, closed("blob")
	}
	data, err := r.blobs.Blob(ctx, sum)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &Error{Code: "attachment_missing", Reason: "is not stored", Err: err}
	case err != nil:
		return nil, err
	case int64(len(data)) > limit:
		return nil, errTooLarge
	}
	if got := sha256.Sum256(data); hex.EncodeToString(got[:]) != sum {
		return nil, &Error{Code: "attachment_missing", Reason: "is stored with other bytes than its hash says"}
	}
	return data, nil
}

func (r *Resolver) readFile(name string, limit int64) ([]byte, error) {
	if !fs.ValidPath(name) || strings.Contains(name, `\`) {
		return nil, &Error{Code: "attachment_path", Reason: "has a path that leaves the attachments' folder"}
	}
	if r.root == nil {
		return nil, closed("file")
	}
	info, name, err := r.stat(name)
	if err != nil {
		return nil, &Error{Code: "attachment_missing", Reason: "is not in the attachments' folder", Err: err}
	}
	if !info.Mode().IsRegular() {
		return nil, &Error{Code: "attachment_missing", Reason: "is not a regular file"}
	}
	f, err := r.root.Open(name)
	if err != nil {
		return nil, &Error{Code: "attachment_missing", Reason: "can't be opened", Err: err}
	}
	defer func() { _ = f.Close() }()
	return readAll(f, info.Size(), limit)
}

// stat finds a file by its name, however its accents are written: file systems and archives decompose them.
func (r *Resolver) stat(name string) (fs.FileInfo, string, error) {
	info, err := r.root.Stat(name)
	for _, form := range []norm.Form{norm.NFC, norm.NFD} {
		if !errors.Is(err, fs.ErrNotExist) {
			break
		}
		if other := form.String(name); other != name {
			if info, err = r.root.Stat(other); err == nil {
				name = other
			}
		}
	}
	return info, name, err
}

// readAll reads to the end, or to one byte over the limit. The size is a hint that may lie.
func readAll(r io.Reader, size, limit int64) ([]byte, error) {
	if size > limit {
		return nil, errTooLarge
	}
	buf := make([]byte, 0, max(size, 0)+512)
	for {
		if int64(len(buf)) > limit {
			return nil, errTooLarge
		}
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		room := min(int64(cap(buf)), limit+1)
		n, err := r.Read(buf[len(buf):room])
		buf = buf[:len(buf)+n]
		if err == io.EOF && int64(len(buf)) <= limit {
			return buf, nil
		}
		if err != nil && err != io.EOF {
			return nil, err
		}
	}
}

func (r *Resolver) fetch(ctx context.Context, address string, limit int64) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return nil, &Error{Code: "attachment_source", Reason: "has a URL that is not plain https"}
	}
	if r.http == nil {
		return nil, closed("url")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, &Error{Code: "attachment_source", Reason: "has a URL that can't be requested"}
	}
	resp, err := r.http.Do(req)
	if errors.Is(err, fs.ErrPermission) {
		return nil, &Error{Code: "attachment_source", Reason: "has a URL at an address that is not allowed", Err: err}
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	switch {
	case resp.StatusCode == http.StatusOK:
		return readAll(resp.Body, resp.ContentLength, limit)
	case resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= 500:
		return nil, &Error{Code: "attachment_missing", Reason: fmt.Sprintf("was answered with HTTP %d", resp.StatusCode), Temporary: true}
	default:
		return nil, &Error{Code: "attachment_missing", Reason: fmt.Sprintf("was answered with HTTP %d", resp.StatusCode)}
	}
}

func closed(source string) *Error {
	return &Error{Code: "attachment_source", Reason: "comes from a source that is not configured here: " + source}
}
