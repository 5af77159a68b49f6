package task

import "github.com/heraldsend/herald/worker/fault"

// EventDeliver asks for the events of one stream that wait to be told to the caller's endpoint, in their order.
type EventDeliver struct {
	Stream string `json:"stream"`
	// Run tells this task from earlier ones of the stream: at any time one run is in charge of it.
	Run int64 `json:"run"`
}

// Kind implements Payload.
func (EventDeliver) Kind() string { return "event.deliver" }

// Validate implements Payload.
func (e EventDeliver) Validate() error {
	var f fault.List
	if e.Stream == "" || len(e.Stream) > 300 {
		f.Add("/stream", fault.Malformed, "want 1 to 300 bytes")
	}
	if e.Run < 1 {
		f.Add("/run", fault.OutOfRange, "want 1 or more")
	}
	return f.Err()
}
