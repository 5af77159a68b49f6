package api

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/strictjson"
)

const (
	// maxMessageLine is the largest line of a stream of messages, in bytes. Larger files are stored first: POST
	// /v1/attachments.
	maxMessageLine = 1 << 20
	// streamStep is how many bytes of lines are stored together, at most; maxBatch is how many lines.
	streamStep = 4 << 20
	// refusedShown is how many refused lines an answer lists.
	refusedShown = 1000
)

// StreamResult says what became of a stream of messages.
type StreamResult struct {
	Accepted int          `json:"accepted" doc:"Messages that are stored, now or before."`
	Replayed int          `json:"replayed" doc:"Of these, those that were stored before."`
	Refused  int          `json:"refused"`
	Items    []LineResult `json:"items" nullable:"false" doc:"The first 1,000 that were refused."`
}

// LineResult is a line that was refused.
type LineResult struct {
	Line    int      `json:"line" doc:"Counted from 1."`
	ID      string   `json:"id,omitempty" doc:"That the line has."`
	Problem *Problem `json:"problem" doc:"Pointers lead into the line."`
}

func (s *Server) registerMessageStream(api huma.API) {
	Handle(api, ScopeSend, huma.Operation{
		OperationID: "stream-messages", Method: http.MethodPost, Path: "/v1/messages:stream", Tags: []string{"Messages"},
		Summary:     "Send any number of messages",
		Description: "Reads one message a line, as POST /v1/messages takes it, perhaps packed by gzip or Zstandard, and stores them while they come. Each line needs an id of its own, so that a stream that breaks off can be sent again from its beginning: what was stored is stored once. Lines that are refused leave the others alone.",
		RequestBody: binary("One message a line, each of at most 1 MB.", "application/x-ndjson"),
	}, s.streamMessages)
}

type streamMessagesInput struct{ Stream }

type streamOutput struct{ Body StreamResult }

func (s *Server) streamMessages(ctx context.Context, in *streamMessagesInput) (*streamOutput, error) {
	if err := checkMediaType(in.request, "application/x-ndjson", "application/gzip", "application/zstd", "application/octet-stream"); err != nil {
		return nil, err
	}
	held := s.room.enter(ctx)
	defer held.leave()
	if err := held.take(2 * streamStep); err != nil { // one that is read while another is stored
		return nil, err
	}
	body := in.body()
	result, err := s.readMessages(ctx, body)
	// The answer may take as long as any other.
	_ = http.NewResponseController(in.writer).SetWriteDeadline(time.Now().Add(maxRequest))
	switch {
	case body.err != nil:
		return nil, unreadable(body.err)
	case errors.Is(err, bulk.ErrBomb):
		return nil, problem(http.StatusRequestEntityTooLarge, "compression_bomb", "the stream: %s", bulk.ErrBomb)
	case err != nil:
		return nil, err
	}
	return &streamOutput{result}, nil
}

// lineBatch is the messages of some lines.
type lineBatch struct {
	*batch
	lines []int // of its items
	bytes int
}

// readMessages stores the messages of a stream: some of them while the next ones are read.
func (s *Server) readMessages(ctx context.Context, body io.Reader) (StreamResult, error) {
	out := StreamResult{Items: []LineResult{}}
	in, err := bulk.Unpack(body)
	if err != nil {
		return out, problem(http.StatusBadRequest, "invalid_request", "the body can't be unpacked")
	}
	full, stored := make(chan *lineBatch), make(chan error, 1)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		var failed error
		for b := range full {
			if failed != nil {
				continue
			}
			if failed = b.store(); failed != nil {
				cancel()
				continue
			}
			out.count(b)
		}
		stored <- failed
	}()
	err = s.readLines(ctx, in, full)
	close(full)
	if failed := <-stored; failed != nil {
		return out, failed
	}
	return out, err
}

// readLines reads messages, one a line, into batches.
func (s *Server) readLines(ctx context.Context, in *bufio.Reader, full chan<- *lineBatch) error {
	b := &lineBatch{batch: s.newBatch(ctx)}
	send := func() error {
		select {
		case full <- b:
			b = &lineBatch{batch: s.newBatch(ctx)}
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for number := 1; ; number++ {
		line, long, err := readLine(in, maxMessageLine)
		last := errors.Is(err, io.EOF)
		if err != nil && !last {
			return err
		}
		if line = bytes.Trim(line, " \t\r\n"); len(line) > 0 || long {
			b.addLine(number, line, long)
		}
		if len(b.items) == maxBatch || b.bytes > streamStep || last && len(b.items) > 0 {
			if err := send(); err != nil {
				return err
			}
		}
		if last {
			return nil
		}
	}
}

func (b *lineBatch) addLine(number int, line []byte, long bool) {
	b.lines, b.bytes = append(b.lines, number), b.bytes+len(line)
	err := strictjson.Check(line, strictjson.Limits{})
	switch {
	case long:
		b.items = append(b.items, refusedItem(problem(http.StatusRequestEntityTooLarge, "body_too_large", "the line is longer than %d bytes", maxMessageLine), ""))
	case err != nil:
		b.items = append(b.items, refusedItem(withFaults(problem(http.StatusBadRequest, "invalid_json", "the line is not the JSON that Herald takes"), err), ""))
	case strictjson.Is(line) == "an object" && lineID(line) == "":
		b.items = append(b.items, refusedItem(invalid("/id", fault.Missing, "each line needs an id of its own, so that the stream can be sent again"), ""))
	default:
		b.add(line, IdempotencyKey{}, "", "")
	}
	last := &b.items[len(b.items)-1]
	if last.ID == "" && err == nil && !long {
		last.ID = clip(lineID(line))
	}
}

// lineID is the id in a line that passed strictjson.Check, "" where there is none.
func lineID(line []byte) string {
	value, found := strictjson.Find(line, "/id")
	if !found || len(value) == 0 || value[0] != '"' {
		return ""
	}
	return strictjson.Text(value)
}

// count adds the results of a batch that was stored.
func (r *StreamResult) count(b *lineBatch) {
	for i, item := range b.items {
		switch {
		case item.Problem == nil:
			if r.Accepted++; item.Replayed {
				r.Replayed++
			}
		default:
			if r.Refused++; len(r.Items) < refusedShown {
				r.Items = append(r.Items, LineResult{b.lines[i], item.ID, item.Problem})
			}
		}
	}
}

// readLine reads one line of at most so many bytes, in memory of its own. Of a longer one it keeps nothing.
func readLine(in *bufio.Reader, most int) (line []byte, long bool, err error) {
	for {
		part, err := in.ReadSlice('\n')
		if long = long || len(line)+len(part) > most+1; long {
			line = nil
		} else {
			line = append(line, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, long, err
		}
	}
}
