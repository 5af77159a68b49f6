package api

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/strictjson"
	"github.com/heraldsend/herald/worker/task"
)

// maxBatch is how many messages one call may have.
const maxBatch = 500

// BatchItem is one message of a batch, not yet checked: what is wrong with one is no fault of the others.
type BatchItem []byte

// Schema describes it.
func (BatchItem) Schema(r huma.Registry) *huma.Schema { return messageSchema(r) }

// UnmarshalJSON keeps the bytes.
func (b *BatchItem) UnmarshalJSON(data []byte) error {
	*b = append((*b)[:0], data...)
	return nil
}

// MarshalJSON gives the bytes.
func (b BatchItem) MarshalJSON() ([]byte, error) { return b, nil }

// BatchBody is several messages, each with its own content.
type BatchBody struct {
	Messages []BatchItem `json:"messages" minItems:"1" maxItems:"500" nullable:"false" doc:"Each is checked and stored by itself. With an id of its own it can be sent again, whatever came between."`
}

// BatchResult says what became of each message of a batch.
type BatchResult struct {
	Accepted int          `json:"accepted" doc:"Messages that are stored, now or before."`
	Refused  int          `json:"refused"`
	Items    []ItemResult `json:"items" nullable:"false" doc:"One for each message, in their order."`
}

// ItemResult says what became of one message.
type ItemResult struct {
	Status   int      `json:"status" doc:"202, or the status of its problem." example:"202"`
	ID       string   `json:"id,omitempty" doc:"Of the message that is stored."`
	Replayed bool     `json:"replayed,omitempty" doc:"It was stored before, by a call with the same id or key."`
	Problem  *Problem `json:"problem,omitempty" doc:"Why it was refused. Pointers lead into the whole body, as /messages/3/from."`
}

func (s *Server) registerBatch(api huma.API) {
	op := huma.Operation{
		OperationID: "send-messages", Method: http.MethodPost, Path: "/v1/messages:batch", Tags: []string{"Messages"},
		Summary: "Send several messages", MaxBodyBytes: maxMessage,
		Description: "Stores up to 500 messages, each with its own content. The answer has a result for each, in their order: one that is refused leaves the others alone. Repeating the call with the same ids or the same Idempotency-Key is harmless. For more messages: POST /v1/messages:stream.",
		Errors:      []int{http.StatusConflict},
	}
	itemsApart(&op, "messages")
	Handle(api, ScopeSend, op, s.sendMessages)
	s.registerMessageStream(api)
}

type sendMessagesInput struct {
	IdempotencyKey
	Body BatchBody
}

type batchOutput struct{ Body BatchResult }

func (s *Server) sendMessages(ctx context.Context, in *sendMessagesInput) (*batchOutput, error) {
	const operation = "messages:batch"
	b := s.newBatch(ctx)
	for i, item := range in.Body.Messages {
		b.add(item, in.item(i), operation, fault.Pointer("messages", i))
	}
	if len(b.tasks) > 0 {
		if err := s.bind(ctx, in.IdempotencyKey, operation, in.Body, b.store); err != nil {
			return nil, err
		}
	}
	out := BatchResult{Items: b.items}
	for _, r := range b.items {
		if r.Problem == nil {
			out.Accepted++
		} else {
			out.Refused++
		}
	}
	return &batchOutput{out}, nil
}

// item is the key of one message of a batch: it follows from that of the call.
func (k IdempotencyKey) item(i int) IdempotencyKey {
	if k.Key != "" {
		k.Key += "\x00" + strconv.Itoa(i)
	}
	return k
}

// batch is messages that are checked one by one and stored together.
type batch struct {
	s     *Server
	ctx   context.Context //nolint:containedctx // of one call
	by    caller
	shape *strictjson.Shape
	items []ItemResult
	tasks []task.Message
	at    []int    // the item of each task
	bases []string // the pointer to the item of each task
}

func (s *Server) newBatch(ctx context.Context) *batch {
	return &batch{s: s, ctx: ctx, by: callerOf(ctx), shape: s.shapeOf(messageSchema(s.openAPI.Components.Schemas)), items: []ItemResult{}}
}

// add checks a message and, if it is good, keeps it for store. base is the pointer to it.
func (b *batch) add(data []byte, k IdempotencyKey, operation, base string) {
	m, err := b.read(data, k, operation)
	if err != nil {
		b.items = append(b.items, refusedItem(err, base))
		return
	}
	b.tasks, b.at, b.bases = append(b.tasks, m), append(b.at, len(b.items)), append(b.bases, base)
	b.items = append(b.items, ItemResult{Status: http.StatusAccepted, ID: b.by.shown(m.ID)})
}

// read is the task of a message. data is JSON that passed strictjson.Check.
func (b *batch) read(data []byte, k IdempotencyKey, operation string) (task.Message, error) {
	var body MessageBody
	if found := conform(data, b.shape, func(data []byte) error { return ownFaults(data, &body) }); len(found) > 0 {
		return task.Message{}, faults(found)
	}
	if err := json.Unmarshal(data, &body); err != nil {
		return task.Message{}, faults(fault.At("", fault.Malformed, "it can't be read"))
	}
	if err := b.by.checkSending(body.Channel, body.From, cmp.Or(body.Country, b.s.Country)); err != nil {
		return task.Message{}, err
	}
	return b.s.message(b.ctx, body, k.identity(b.by, operation, body.ID))
}

// store stores what was added. The error is one for all of them: then nothing was stored.
func (b *batch) store() error {
	if len(b.tasks) == 0 {
		return nil
	}
	receipts, err := b.s.Client.Messages(b.ctx, b.tasks)
	stored := 0
	for i, r := range receipts {
		item := &b.items[b.at[i]]
		switch {
		case r.Err != nil:
			*item = refusedItem(r.Err, b.bases[i])
		case r.ID != "":
			item.Replayed = r.Already
			stored++
		}
	}
	if err != nil && stored == 0 && (unavailable(err) || receipts[0].ID == "") {
		return err
	}
	b.tasks, b.at, b.bases = nil, nil, nil
	return nil
}

// refusedItem is a message that was not stored.
func refusedItem(err error, base string) ItemResult {
	p := *asProblem(err)
	p.Errors = append([]Fault(nil), p.Errors...)
	for i, f := range p.Errors {
		if f.Parameter == "" {
			p.Errors[i].Pointer = base + f.Pointer
		}
	}
	return ItemResult{Status: p.Status, Problem: &p}
}

// messageSchema is the schema of one message, where it is part of something else.
func messageSchema(r huma.Registry) *huma.Schema {
	return r.Schema(reflect.TypeFor[MessageBody](), true, "MessageBody")
}
