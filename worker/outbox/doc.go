// Package outbox keeps what callers are to be told: lists of events, one a stream, each in the order in which it came
// about. It stores and hands out; how an event travels is package worker's business.
//
// The rules it holds, whatever is killed at whatever time:
//
//   - An event is named for what happened (event.ID), so appending it again is harmless: the second does nothing. That
//     holds for Retention after the stream's last event, a single message's for a week.
//   - Events of a stream are numbered without a gap, and handed out in that order. Messages and bulks begin with 1, a
//     conversation with the time in seconds, so that its numbers grow even if it is forgotten in between. Events that
//     may travel beside each other (messages of one bulk) say so; nothing overtakes or is overtaken by any other.
//   - A stream in which something waits has one run in charge of it, whose task is in the queue. What Append stored
//     before its caller died without a task is found by Neglected.
//   - An event leaves its list only by Turn, when it was told or given up.
//
// Layout. Streams are spread over shards, each with a hash tag of its own, so that one script may append to many streams
// and keep the shard's indexes in step with them; no script touches two tags.
package outbox
