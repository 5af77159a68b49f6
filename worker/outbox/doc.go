// Package outbox keeps the events for callers: one list for each stream, in the order in which they happened. It stores
// events and hands them out; package worker sends them.
//
// These rules hold, whatever is killed at whatever time:
//
//   - The id of an event follows from what happened (event.ID), so appending it again does nothing. That holds for
//     Retention after the stream's last event; for a single message, for a week.
//   - Events of a stream are numbered without a gap, and handed out in that order. Messages and bulks begin with 1, a
//     conversation with the time in seconds, so that its numbers grow even if it is forgotten in between. Events that
//     may be sent at the same time (messages of one bulk) are marked as such; all others keep their order.
//   - A stream with waiting events has exactly one run that works on it, whose task is in the queue. If the caller of
//     Append dies before it enqueues that task, Neglected finds the stream.
//   - Only Turn removes an event from its list, when it was delivered or given up.
//
// Layout. Streams are spread over shards, each with a hash tag of its own, so that one script may append to many streams
// and keep the shard's indexes in step with them; no script touches two tags.
package outbox
