package task

import (
	"errors"
)

// BulkStart asks for those chunks of a bulk to be enqueued in which someone is pending. It is one small task, so that
// starting a bulk of any size is one atomic step that survives whoever asked for it.
type BulkStart struct {
	Bulk string `json:"bulk"`
	// Round counts the starts: 0 is the first, each resume or reopening is another.
	Round int `json:"round,omitempty"`
}

// Kind implements Payload.
func (BulkStart) Kind() string { return "bulk.start" }

// Validate implements Payload.
func (b BulkStart) Validate() error {
	if b.Round < 0 {
		return errors.Join(CheckID(b.Bulk), errors.New("round: negative"))
	}
	return CheckID(b.Bulk)
}

// BulkChunk asks for one chunk of a bulk, about 200 recipients, to be sent. It holds ids only: Asynq writes
// every active payload again every few seconds.
type BulkChunk struct {
	Bulk  string `json:"bulk"`
	Chunk int    `json:"chunk"`
}

// Kind implements Payload.
func (BulkChunk) Kind() string { return "bulk.chunk" }

// Validate implements Payload.
func (b BulkChunk) Validate() error {
	if b.Chunk < 0 {
		return errors.Join(CheckID(b.Bulk), errors.New("chunk: negative"))
	}
	return CheckID(b.Bulk)
}
