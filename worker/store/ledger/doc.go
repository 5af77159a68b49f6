// Package ledger keeps the books: what became of every recipient of every message, in Redis.
//
// The rules it holds, whatever is killed at whatever time:
//
//   - A recipient is in exactly one state: pending, claimed, sent, done, failed, suppressed, skipped or unknown.
//   - planned = sent + done + failed + suppressed + skipped + unknown + claimed + pending. The counters of a bulk change
//     in the same script as the states that they count. Callers show claimed as pending.
//   - sent is final. No later mark undoes it. The other outcomes can be reopened, by a person.
//   - A claim succeeds at most once, and only on a pending recipient. It may be given back.
//   - A mark that Mark reported as stored is stored; one that it reported as an error may be.
//   - Every state other than pending, claimed and sent carries a reason.
//
// Two policies build on it. Under "resend" the worker marks after it sent: a crash in between sends again what
// was in flight, with the same Message-ID. Under "hold" it claims first and marks after: what a crash leaves
// claimed becomes unknown and is never sent again on its own.
//
// Marks from all goroutines of a process are stored by one writer, which puts everything that waits into one
// pipeline (group commit): one round trip and, with appendfsync always, one fsync carry hundreds of marks.
//
// Books belong to a kind and an id: a message, a forward and a bulk of one id share nothing.
//
// Layout. A chunk is a group of up to some hundreds of recipients; a single message is a chunk of one. A recipient
// is a slot of five bytes in one string: the state's letter and the time it was reached. Chunks are spread over
// Shards hash tags, so that a bulk uses a whole Redis Cluster and no script touches two of its slots.
package ledger
