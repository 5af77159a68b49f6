// Package fingerprint makes fingerprints: short keyed hashes, so that whoever has one without the key learns nothing from it.
// By those of addresses the messages to a person are found without a list of addresses; those of contents say whether a message
// that is made again is the one that was sent.
//
// The key is random and stands in Redis, sealed where the operator gives keys for stored data (package seal).
package fingerprint

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/seal"
)

const keyBytes = 32

// Key makes fingerprints. It is safe for concurrent use.
type Key [keyBytes]byte

// What a fingerprint is of; none has those of another.
const (
	ofAddress = 1 + iota
	ofContent
)

// Address is the fingerprint of an address, the same for all its spellings. Phone numbers that end in the same digits share it:
// see address.Kind.Loose. It is false for what is no address.
func (k *Key) Address(kind address.Kind, text string) (uint64, bool) {
	loose := kind.Loose(text)
	if loose == "" {
		return 0, false
	}
	var room [keyBytes + 2 + address.MaxLength]byte
	data := append(room[:0], k[:]...)
	data = append(data, ofAddress, kindLetters[kind])
	sum := sha256.Sum256(append(data, loose...))
	return binary.BigEndian.Uint64(sum[:]), true
}

// DigestBytes is the size of a Digest.
const DigestBytes = 8

// Digest is the fingerprint of what was sent.
type Digest [DigestBytes]byte

// Content is the digest of a message that left, by the SHA-256 of all but its Date, and that; the zero time is none.
func (k *Key) Content(sum [sha256.Size]byte, date time.Time) Digest {
	var room [keyBytes + 1 + sha256.Size + 8]byte
	data := append(room[:0], k[:]...)
	data = append(append(data, ofContent), sum[:]...)
	if !date.IsZero() {
		data = binary.BigEndian.AppendUint64(data, uint64(date.Unix()))
	}
	whole := sha256.Sum256(data)
	return Digest(whole[:DigestBytes])
}

var kindLetters = map[address.Kind]byte{address.Mailbox: 'm', address.Phone: 'p', address.Conversation: 'c'}

const redisKey = "herald:{fingerprint}:key"

// fresh is how long a key is used before it is read again: a Redis that was emptied gets another one.
const fresh = time.Minute

// renewed is how often a process stores the key again, so that it is sealed with the key of today: those of before may go.
const renewed = 24 * time.Hour

// Keys reads the key of a Redis. It is safe for concurrent use.
type Keys struct {
	rdb redis.UniversalClient

	mu     sync.Mutex
	key    *Key
	read   time.Time
	stored time.Time // again, by this process
}

// New returns the keys of a Redis, which stays the caller's to close.
func New(rdb redis.UniversalClient) *Keys { return &Keys{rdb: rdb} }

// Key is the key that all processes on this Redis use. The first who asks makes it.
func (k *Keys) Key(ctx context.Context) (*Key, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.key != nil && time.Since(k.read) < fresh {
		return k.key, nil
	}
	stored, err := k.rdb.Get(ctx, redisKey).Bytes()
	if errors.Is(err, redis.Nil) {
		random := make([]byte, keyBytes)
		_, _ = rand.Read(random) // never fails
		if err = k.rdb.SetNX(ctx, redisKey, seal.Private(random), 0).Err(); err == nil {
			stored, err = k.rdb.Get(ctx, redisKey).Bytes() // perhaps another one was faster
		}
	}
	if err == nil && len(stored) != keyBytes {
		err = fmt.Errorf("%s holds %d bytes, not %d", redisKey, len(stored), keyBytes)
	}
	if err != nil {
		return nil, fmt.Errorf("read the key of fingerprints: %w", err)
	}
	if time.Since(k.stored) >= renewed {
		again := redis.SetArgs{Mode: "XX", KeepTTL: true}
		if err := k.rdb.SetArgs(ctx, redisKey, seal.Private(stored), again).Err(); err != nil && !errors.Is(err, redis.Nil) {
			return nil, fmt.Errorf("store the key of fingerprints again: %w", err)
		}
		k.stored = time.Now()
	}
	k.key, k.read = (*Key)(stored), time.Now()
	return k.key, nil
}
