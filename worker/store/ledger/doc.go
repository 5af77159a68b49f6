// Package ledger keeps the state of every message in Redis. In a bulk that is one for each recipient and channel.
//
// These rules hold, whatever is killed at whatever time:
//
//   - A recipient is in exactly one state: pending, claimed, sent, done, failed, suppressed, skipped or unknown.
//   - planned = sent + done + failed + suppressed + skipped + unknown + claimed + pending. The counters of a bulk change
//     in the same script as the states that they count. Callers show claimed as pending.
//   - sent is final. No later mark changes it. A person can make the other outcomes pending again.
//   - A claim succeeds at most once, and only on a pending recipient. It can be given back.
//   - A mark that Mark reported as stored is stored; one that it reported as an error may be.
//   - Every state other than pending, claimed and sent carries a reason.
//
// There are two policies. Under "resend" the worker marks a message after sending it: after a crash in between, it is
// sent again, with the same Message-ID. Under "hold" the worker claims first and marks later: a message that a crash
// leaves claimed becomes unknown, and is not sent again unless a person says so.
//
// One writer stores the marks of all goroutines of a process. It puts all waiting marks into one pipeline (group
// commit): one round trip and, with appendfsync always, one fsync store hundreds of marks.
//
// Records belong to a kind and an id: a message, a forward and a bulk with the same id share nothing.
//
// Layout. A chunk is a group of up to some hundreds of recipients; a single message is a chunk of one. A recipient
// is a slot of five bytes in one string: the state's letter and the time it was reached. Chunks are spread over
// Shards hash tags, so that a bulk uses a whole Redis Cluster and no script touches two of its slots.
package ledger
