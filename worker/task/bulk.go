package task

import (
	"errors"
)

// BulkStart asks for a bulk's chunks to be enqueued. It is one small task, so that starting a bulk of any
// size is one atomic step that survives whoever asked for it.
type BulkStart struct {
	Bulk string `json:"bulk"`
}

// Kind implements Payload.
func (BulkStart) Kind() string { return "bulk.start" }

// Validate implements Payload.
func (b BulkStart) Validate() error { return CheckID(b.Bulk) }

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
