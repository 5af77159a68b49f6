package send

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/heraldsend/herald/worker/message"
)

// EndpointOptions say where JSON goes and how it is signed.
type EndpointOptions struct {
	URL     string   // https; its errors never show it, since it may hold a token
	Secrets []string // "whsec_…", one at least; the first few are valid at once while they are changed
	Client  Doer     // NewHTTPClient(HTTPOptions{}) where nil
	Now     func() time.Time
}

// Endpoint is a place that takes signed JSON: a chat or note service, or a receiver of events. It is safe for
// concurrent use.
type Endpoint struct {
	url     string
	secrets []Secret
	client  Doer
	now     func() time.Time
}

// NewEndpoint checks the options.
func NewEndpoint(o EndpointOptions) (*Endpoint, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		return nil, errors.New("an endpoint's URL must be an https URL without user and password")
	}
	e := &Endpoint{url: u.String(), client: o.Client, now: o.Now}
	if len(o.Secrets) == 0 {
		return nil, errors.New("an endpoint needs a webhook secret")
	}
	for _, s := range o.Secrets {
		secret, err := ParseSecret(s)
		if err != nil {
			return nil, err
		}
		e.secrets = append(e.secrets, secret)
	}
	if e.client == nil {
		e.client = NewHTTPClient(HTTPOptions{})
	}
	if e.now == nil {
		e.now = time.Now
	}
	return e, nil
}

// Post sends payload as JSON, signed, under an id that is the same for every try. The Receipt's ID is the "id" of the
// answer where there is one, else the id given. The error is a *Error.
func (e *Endpoint) Post(ctx context.Context, id string, payload any) (Receipt, error) {
	body, err := json.Marshal(payload)
	if err != nil {
		return Receipt{}, Invalid(err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, bytes.NewReader(body))
	if err != nil {
		return Receipt{}, Invalid(errors.New("the endpoint's URL can't be requested"))
	}
	now := e.now()
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "herald")
	Sign(req.Header, e.secrets, id, now, body)
	resp, failed := Do(e.client, req, now)
	if failed == nil {
		failed = StatusError(resp)
		if failed != nil {
			failed.Reply = Words(string(resp.Body))
		}
	}
	if failed != nil {
		failed.Where = req.URL.Host
		return Receipt{}, failed
	}
	var answer struct{ ID string }
	_ = json.Unmarshal(resp.Body, &answer) // an answer of any other shape is fine: the status said yes
	if answer.ID = Words(answer.ID); answer.ID == "" {
		answer.ID = id
	}
	return Receipt{ID: answer.ID, Detail: http.StatusText(resp.Status), Sum: sha256.Sum256(body)}, nil
}

// WrittenJSON is what Post sends.
func WrittenJSON(payload any) []Written {
	body, err := json.Marshal(payload)
	if err != nil {
		return nil
	}
	return []Written{{Type: "application/json", Bytes: body, Sum: sha256.Sum256(body)}}
}

// Try asks the endpoint by GET, which sends nothing: whether it is there, with which status it answers, and until when its
// certificate is good (the zero time without TLS). Any status is an answer. The error is a *Error.
func (e *Endpoint) Try(ctx context.Context) (status int, expires time.Time, failed *Error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, e.url, nil)
	if err != nil {
		return 0, time.Time{}, Invalid(errors.New("the endpoint's URL can't be requested"))
	}
	req.Header.Set("User-Agent", "herald")
	resp, err := e.client.Do(req)
	if err != nil {
		failed = requestError(err, false)
		failed.Step = "GET"
		return 0, time.Time{}, failed
	}
	_ = resp.Body.Close()
	if resp.TLS != nil && len(resp.TLS.PeerCertificates) > 0 {
		expires = resp.TLS.PeerCertificates[0].NotAfter
	}
	return resp.StatusCode, expires, nil
}

// Probe reports whether the endpoint can be reached; any status is an answer. The error is a *Error.
func (e *Endpoint) Probe(ctx context.Context) error {
	if _, _, failed := e.Try(ctx); failed != nil {
		return failed
	}
	return nil
}

// Close gives back idle connections.
func (e *Endpoint) Close() error {
	if c, ok := e.client.(*http.Client); ok {
		c.CloseIdleConnections()
	}
	return nil
}

// File is an attachment in the JSON of a chat or note: by its address where it has one, else with its bytes.
type File struct {
	Name   string `json:"name"`
	Type   string `json:"contentType"`
	Size   int    `json:"contentLength"`
	SHA256 string `json:"sha256,omitempty"`
	URL    string `json:"url,omitempty"`
	Data   []byte `json:"data,omitempty"` // base64
}

// Files gives a message's attachments as Files.
func Files(list []message.Attachment) []File {
	var out []File
	for _, a := range list {
		f := File{Name: a.Name, Type: a.Type, Size: len(a.Data), SHA256: a.SHA256, URL: a.URL}
		if f.URL == "" {
			f.Data = a.Data
		}
		out = append(out, f)
	}
	return out
}
