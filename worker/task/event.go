package task

import "github.com/heraldsend/herald/worker/fault"

// EventDeliver sends the waiting events of one stream to the endpoint, in order.
type EventDeliver struct {
	Stream string `json:"stream"`
	// Run tells this task from earlier ones of the stream: only one run at a time works on a stream.
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
