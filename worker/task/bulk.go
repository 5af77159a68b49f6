package task

import (
	"slices"

	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/message"
)

// BulkStart enqueues the chunks of a bulk that have pending messages. It is one small task: starting a bulk of any
// size is one atomic step, and it goes on if the process that asked for it dies.
type BulkStart struct {
	Bulk string `json:"bulk"`
	// Round counts the starts: 0 is the first one; each resume or reopening is another.
	Round  int `json:"round,omitempty"`
	Layout int `json:"layout,omitempty"` // see Layout
}

// Kind implements Payload.
func (BulkStart) Kind() string { return "bulk.start" }

// Validate implements Payload.
func (b BulkStart) Validate() error {
	return checkCount(b.Bulk, "/round", b.Round, b.Layout)
}

// BulkChunk sends one chunk of a bulk, about 200 recipients. It holds only ids: Asynq writes every active payload
// again every few seconds.
type BulkChunk struct {
	Bulk   string `json:"bulk"`
	Chunk  int    `json:"chunk"`
	Layout int    `json:"layout,omitempty"` // see Layout
	// Channel is the only channel of the bulk; "" if it has several, or is of a layout before LayoutLines.
	Channel message.Channel `json:"channel,omitempty"`
}

// Kind implements Payload.
func (BulkChunk) Kind() string { return "bulk.chunk" }

// Validate implements Payload.
func (b BulkChunk) Validate() error {
	var f fault.List
	f.Join("", checkCount(b.Bulk, "/chunk", b.Chunk, b.Layout))
	if b.Channel != "" && !slices.Contains(message.Channels, b.Channel) {
		f.Add("/channel", fault.NotOneOf, "%.100q is no channel", string(b.Channel))
	}
	return f.Err()
}

// checkCount checks a bulk's id and layout, and a number that counts from 0 on.
func checkCount(id, at string, n, layout int) error {
	var f fault.List
	f.Join("/bulk", CheckID(id))
	checkLayout(&f, layout)
	if n < 0 {
		f.Add(at, fault.OutOfRange, "negative")
	}
	return f.Err()
}
