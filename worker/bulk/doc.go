// Package bulk keeps what one bulk is made of, in Redis: its definition, stored once; its recipients, in compressed
// chunks of about 200; and how far it is. What became of each recipient is the ledger's to know. A bulk is stored
// whole before its first task exists, so that a fault in the audience's last row can still stop it, and whoever
// enqueues may die at any time without half a bulk going out.
package bulk
