package api

import (
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// Stream is the input of an operation that reads its body, or writes its answer, piece by piece.
type Stream struct {
	request *http.Request
	writer  http.ResponseWriter
}

// Resolve is what huma calls before the handler.
func (s *Stream) Resolve(ctx huma.Context) []error {
	s.request, s.writer = humago.Unwrap(ctx)
	return nil
}

// streamPause is how long a stream may stand still.
const streamPause = 30 * time.Second

// body is the request's body. It may take as long as it likes while bytes come.
func (s *Stream) body() *pacedReader {
	control := http.NewResponseController(s.writer)
	_ = control.SetWriteDeadline(time.Time{})
	return &pacedReader{r: s.request.Body, control: control}
}

// pacedReader moves the deadline while bytes come.
type pacedReader struct {
	r       io.Reader
	control *http.ResponseController
	until   time.Time
	err     error // of reading, but for the end: what the connection's trouble was
}

func (p *pacedReader) Read(b []byte) (int, error) {
	if now := time.Now(); p.until.Sub(now) < streamPause/2 {
		p.until = now.Add(streamPause)
		_ = p.control.SetReadDeadline(p.until)
	}
	n, err := p.r.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		p.err = err
	}
	return n, err
}

// streamTo begins an answer that may last as long as it makes progress: nothing more is read, and each write has its
// own deadline.
func streamTo(w http.ResponseWriter) *pacedWriter {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Time{}) // or the server takes a reader that only waits for one that left
	return &pacedWriter{w: w, control: control}
}

// pacedWriter moves the deadline while bytes go.
type pacedWriter struct {
	w       io.Writer
	control *http.ResponseController
}

func (p *pacedWriter) Write(b []byte) (int, error) {
	_ = p.control.SetWriteDeadline(time.Now().Add(streamPause))
	return p.w.Write(b)
}

// Flush sends what was written.
func (p *pacedWriter) Flush() error {
	_ = p.control.SetWriteDeadline(time.Now().Add(streamPause))
	return p.control.Flush()
}

// breakOff ends a streamed answer so that its reader sees that it is incomplete: the connection closes without an
// end.
func breakOff() { panic(http.ErrAbortHandler) }

// binary describes bodies that are read piece by piece.
func binary(description string, mediaTypes ...string) *huma.RequestBody {
	body := &huma.RequestBody{Description: description, Required: true, Content: map[string]*huma.MediaType{}}
	for _, mediaType := range mediaTypes {
		body.Content[mediaType] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	}
	return body
}
