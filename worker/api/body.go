package api

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/strictjson"
)

// How long a JSON body may take: a fixed time, and as long as the largest body takes at a slow pace.
const (
	bodyTimeout = 15 * time.Second
	bodyPace    = 256 << 10 // bytes a second
)

// readJSON is the middleware that reads the body of an operation that takes JSON, within its limit. Before the body
// is decoded, it checks the text, then the form that the description shows.
func (s *Server) readJSON(ctx huma.Context, next func(huma.Context)) {
	op := ctx.Operation()
	if op.RequestBody == nil || op.RequestBody.Content["application/json"] == nil {
		next(ctx)
		return
	}
	r, w := humago.Unwrap(ctx)
	held := s.room.enter(r.Context())
	defer held.leave()
	body, err := s.jsonBody(r, w, held, op.MaxBodyBytes-1)
	if err == nil && len(body) > 0 {
		err = s.checkBody(op, body)
	}
	if err != nil {
		s.refuse(w, r, asProblem(err))
		return
	}
	next(&withBody{ctx, bytes.NewReader(body)})
}

// checkBody checks a body against the description of its operation. The error is a *Problem.
func (s *Server) checkBody(op *huma.Operation, body []byte) error {
	if err := strictjson.Check(body, strictjson.Limits{}); err != nil {
		return withFaults(problem(http.StatusBadRequest, "invalid_json", "the body is not the JSON that Herald takes"), err)
	}
	own, _ := op.Metadata[checkOwn].(func([]byte) error)
	if found := conform(body, s.shape(op), own); len(found) > 0 {
		return faults(found)
	}
	return nil
}

// conform finds every fault of a body's form; where there is one, those by its own rules too, if it can be decoded.
func conform(body []byte, shape *strictjson.Shape, own func([]byte) error) fault.List {
	found := strictjson.Conform(body, shape)
	if len(found) > 0 && own != nil && decodable(found) {
		found = found.Merge(fault.In(own(body)))
	}
	return found
}

// shape is the form that the body of an operation must have. It is made once.
func (s *Server) shape(op *huma.Operation) *strictjson.Shape {
	var lists []string
	if list, ok := op.Metadata[apart].(string); ok {
		lists = append(lists, list)
	}
	return s.shapeOf(op.RequestBody.Content["application/json"].Schema, lists...)
}

// shapeOf is the form that a schema describes; the items of the lists that are named are left alone. It is made once.
func (s *Server) shapeOf(schema *huma.Schema, lists ...string) *strictjson.Shape {
	if schema.Ref != "" {
		schema = s.openAPI.Components.Schemas.SchemaFromRef(schema.Ref)
	}
	if known, ok := s.shapes.Load(schema); ok {
		return known.(*strictjson.Shape)
	}
	made := shapes{s.openAPI.Components.Schemas, map[*huma.Schema]*strictjson.Shape{}}.of(schema)
	for _, name := range lists {
		if list := made.Members[name]; list != nil {
			list.Items = nil // any
		}
	}
	s.shapes.Store(schema, made)
	return made
}

// apart is the key, in the metadata of an operation, of the list in its body whose items its handler checks, each by itself.
const apart = "apart"

// itemsApart lets the handler of an operation check the items of a list.
func itemsApart(op *huma.Operation, list string) { op.Metadata = map[string]any{apart: list} }

// decodable reports whether a body with these faults can be decoded, so that its own rules can be checked too. A list
// that is too long is not decoded.
func decodable(found fault.List) bool {
	return !slices.ContainsFunc(found, func(f fault.Fault) bool {
		return f.Code == fault.WrongType || f.Code == fault.TooMany || f.Code == fault.OutOfRange
	}) && len(found) < fault.Most
}

// checkOwn is the key, in the metadata of an operation, of the function that checks a body's own rules; there is none
// if the body can't be decoded.
const checkOwn = "checkOwn"

// ownRules are the rules of a body beyond its form; faults returns a fault.List.
type ownRules interface{ faults() error }

// ownFaults decodes a body and finds what is wrong by its own rules; nil if it can't be decoded.
func ownFaults(body []byte, into ownRules) error {
	if err := json.Unmarshal(body, into); err != nil {
		return nil //nolint:nilerr // the faults of its form are told by whoever checks that
	}
	return into.faults()
}

func (s *Server) jsonBody(r *http.Request, w http.ResponseWriter, held *share, limit int64) ([]byte, error) {
	if err := checkMediaType(r, "application/json"); err != nil {
		return nil, err
	}
	encoding := strings.ToLower(r.Header.Get("Content-Encoding"))
	if encoding != "" && !slices.Contains(encodings, encoding) {
		return nil, problem(http.StatusUnsupportedMediaType, "unsupported_encoding", "the Content-Encoding must be %s", strings.Join(encodings, " or "))
	}
	control := http.NewResponseController(w)
	deadline := time.Now().Add(bodyTimeout + time.Duration(limit/bodyPace)*time.Second)
	_ = control.SetReadDeadline(deadline)
	_ = control.SetWriteDeadline(deadline.Add(maxRequest))
	if encoding == "" || encoding == "identity" {
		return readLimited(r, held, limit)
	}
	return readPacked(r, held, limit)
}

// encodings are the values of Content-Encoding that a JSON body may have.
var encodings = []string{"identity", "gzip", "zstd"}

// beginnings are the first bytes of what is packed (RFC 1952 section 2.3.1, RFC 8878 section 3.1.1).
var beginnings = map[string][]byte{"gzip": {0x1f, 0x8b}, "zstd": {0x28, 0xb5}}

// readPacked is readLimited for a body that is packed; its bytes count as they are unpacked.
func readPacked(r *http.Request, held *share, limit int64) ([]byte, error) {
	begun := bufio.NewReader(r.Body)
	if head, err := begun.Peek(2); err != nil || !bytes.Equal(head, beginnings[strings.ToLower(r.Header.Get("Content-Encoding"))]) {
		return nil, unpackable(err)
	}
	in, err := bulk.Unpack(begun)
	if err != nil {
		return nil, unpackable(err)
	}
	var buffer bytes.Buffer
	n, err := buffer.ReadFrom(io.LimitReader(held.reader(in), limit+1))
	switch {
	case n > limit:
		return nil, tooLargeBody(limit)
	case errors.Is(err, bulk.ErrBomb):
		return nil, problem(http.StatusRequestEntityTooLarge, "compression_bomb", "the body: %s", bulk.ErrBomb)
	case err != nil:
		return nil, unpackable(err)
	}
	return buffer.Bytes(), nil
}

// unpackable is a body that can't be read, or unpacked.
func unpackable(err error) *Problem {
	p := unreadable(err)
	if p.Code == "invalid_request" {
		p.Detail = "the body breaks off, or is not packed as its Content-Encoding says"
	}
	return p
}

// announced bounds the memory that a body gets before its bytes have come.
const announced = 64 << 10

// readLimited reads a whole body of at most limit bytes into what the request holds of the room. A longer one is refused as early as possible. The error is a
// *Problem.
func readLimited(r *http.Request, held *share, limit int64) ([]byte, error) {
	tooLarge := tooLargeBody(limit)
	if r.ContentLength > limit {
		return nil, tooLarge
	}
	buffer := bytes.NewBuffer(make([]byte, 0, min(max(0, r.ContentLength), announced)+bytes.MinRead))
	n, err := buffer.ReadFrom(io.LimitReader(held.reader(r.Body), limit+1))
	switch {
	case n > limit:
		return nil, tooLarge
	case err != nil:
		return nil, unreadable(err)
	}
	return buffer.Bytes(), nil
}

func tooLargeBody(limit int64) *Problem {
	return problem(http.StatusRequestEntityTooLarge, "body_too_large", "the body is larger than %d bytes", limit)
}

// unreadable is a body that breaks off, doesn't arrive, or has no room.
func unreadable(err error) *Problem {
	if p, ok := refused(err); ok {
		return p
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return problem(http.StatusRequestTimeout, "request_timeout", "the body did not arrive in time")
	}
	return problem(http.StatusBadRequest, "invalid_request", "the body breaks off or is not sent as HTTP wants it")
}

// withBody is a request whose body was read already.
type withBody struct {
	inner
	body io.Reader
}

// inner is huma.Context under a name with which its method Context is promoted.
type inner huma.Context

func (w *withBody) BodyReader() io.Reader { return w.body }

// Unwrap is what humago looks for.
func (w *withBody) Unwrap() huma.Context { return w.inner }

// checkMediaType refuses a body of another declared type. A body without one passes.
func checkMediaType(r *http.Request, allowed ...string) error {
	said := r.Header.Get("Content-Type")
	if said == "" {
		return nil
	}
	mediaType, _, err := mime.ParseMediaType(said)
	if err == nil && slices.Contains(allowed, mediaType) {
		return nil
	}
	return problem(http.StatusUnsupportedMediaType, "unsupported_media_type", "the Content-Type must be %s", strings.Join(allowed, " or "))
}
