package ledger

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/heraldsend/herald/worker/store/fingerprint"
)

// A digest of what was sent is stored with its mark: eight bytes a slot, in a string of the chunk. It is a keyed hash, so whoever
// can write to Redis and lacks the key can't make one that fits another content.

// Proof is what left: the SHA-256 of all but its Date, and that, to the second. The zero Sum is not known.
type Proof struct {
	Sum  [sha256.Size]byte
	Date time.Time // zero where what left has none
}

// digest is that of a proof; zero where there is none. A mark does not wait for the key: if Redis doesn't give it, nothing can be
// proven later.
func (l *Ledger) digest(ctx context.Context, p Proof) fingerprint.Digest {
	if p.Sum == [sha256.Size]byte{} {
		return fingerprint.Digest{}
	}
	key, err := l.keys.Key(ctx)
	if err != nil {
		l.log.Warn("what is sent can't be proven later", "error", err)
		return fingerprint.Digest{}
	}
	return key.Content(p.Sum, p.Date)
}

// longestSend is how long before its mark a message may have got its Date.
const longestSend = time.Hour

// CheckProof compares content that was made again with what was sent, according to the digest of the slot, which was marked at a
// time. dated: it has a Date, which is looked for and returned. known is false if there is no digest.
func (l *Ledger) CheckProof(ctx context.Context, c Chunk, slot int, at time.Time, sums [][sha256.Size]byte, dated bool) (same int, date time.Time, known bool, err error) {
	const size = fingerprint.DigestBytes
	stored, err := l.rdb.GetRange(ctx, c.digestsKey(), int64(slot*size), int64(slot*size+size-1)).Bytes()
	if err != nil {
		return -1, date, false, fmt.Errorf("read the digest of slot %d of chunk %d of %s: %w", slot, c.Index, c.Owner, err)
	}
	if len(stored) != size || fingerprint.Digest(stored) == (fingerprint.Digest{}) {
		return -1, date, false, nil
	}
	key, err := l.keys.Key(ctx)
	if err != nil {
		return -1, date, true, err
	}
	want := fingerprint.Digest(stored)
	for i, sum := range sums {
		if !dated {
			if key.Content(sum, time.Time{}) == want {
				return i, date, true, nil
			}
			continue
		}
		for d := at.Truncate(time.Second).Add(time.Second); d.After(at.Add(-longestSend)); d = d.Add(-time.Second) {
			if key.Content(sum, d) == want {
				return i, d.UTC(), true, nil
			}
		}
	}
	return -1, date, true, nil
}

// eraseDigests removes the digests of some slots: a guess at the content could be compared with them. Without any it removes all.
func (l *Ledger) eraseDigests(ctx context.Context, c Chunk, slots ...int) error {
	if len(slots) == 0 {
		return l.rdb.Del(ctx, c.digestsKey()).Err()
	}
	const size = fingerprint.DigestBytes
	length, err := l.rdb.StrLen(ctx, c.digestsKey()).Result()
	if err != nil {
		return err
	}
	pipe := l.rdb.Pipeline()
	for _, slot := range slots {
		if int64(slot+1)*size <= length {
			pipe.SetRange(ctx, c.digestsKey(), int64(slot*size), string(make([]byte, size)))
		}
	}
	if pipe.Len() == 0 {
		return nil
	}
	_, err = pipe.Exec(ctx)
	return err
}
