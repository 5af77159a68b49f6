// Package seal encrypts what Herald stores about people in Redis, where the operator gives it keys (HERALD_DATA_KEYS).
//
// Whoever writes something personal marks it as Private in the arguments of its Redis command. Use gives a client a hook
// that seals what is marked on its way to Redis, and opens what is sealed in answers. So bytes are encrypted and decrypted
// in one place, for all stores; without keys a client writes them as they are. Asynq knows no marks: the messages of its
// tasks are sealed as a whole.
//
// A sealed value is AES-256-GCM: a magic number, the id of its key, 16 random bytes, and the content in segments of
// 64 KiB, each with its tag. Each value has a key of its own, HMAC-SHA256 of the 16 bytes under the key of that id, so the
// number of values has no limit; a segment's nonce is its number and whether it is the last one (the STREAM construction of
// Hoang, Reyhanitabar, Rogaway and Vizár). A segment can be read alone.
//
// Keys of Redis, ids, states, times, codes, counts and suppression lists are not sealed. Nor is the size of a value. A
// value is not bound to its place: who may write to Redis can put one in the place of another.
package seal
