// Package bulk keeps bulks in Redis: the definition, stored once; the recipients, in compressed chunks of about 200;
// and the progress. The ledger keeps the state of each message. A bulk is stored completely before its first task
// exists. So a fault in the last row of the audience can still stop it, and the process that enqueues may die at any
// time without half a bulk being sent.
package bulk
