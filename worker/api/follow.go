package api

import (
	"context"
	"sync"
	"time"
)

// Streams that follow the same bulk share what is read about it, and all streams of this process together read so many
// accounts a second and no more: with many bulks each is looked at less often.
const (
	followEvery    = 500 * time.Millisecond // how often one bulk is looked at, at most
	followsASecond = 40
)

// follower reads the accounts of bulks for streams.
type follower struct {
	read  func(ctx context.Context, id string) (BulkStatus, error)
	mu    sync.Mutex
	bulks map[string]*followed
}

// followed is one bulk that streams follow.
type followed struct {
	streams int // guarded by follower.mu

	mu     sync.Mutex
	status BulkStatus
	at     time.Time // when it was read
}

func newFollower(read func(ctx context.Context, id string) (BulkStatus, error)) *follower {
	return &follower{read: read, bulks: map[string]*followed{}}
}

// follow begins a stream about a bulk. The stream calls done at its end.
func (f *follower) follow(id string) (b *followed, done func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	b = f.bulks[id]
	if b == nil {
		b = &followed{}
		f.bulks[id] = b
	}
	b.streams++
	return b, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		if b.streams--; b.streams == 0 {
			delete(f.bulks, id)
		}
	}
}

// every is how old an account may be.
func (f *follower) every() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return max(followEvery, time.Duration(len(f.bulks))*time.Second/followsASecond)
}

// status is the account of a bulk, read now or, for another stream, a moment ago.
func (f *follower) status(ctx context.Context, id string, b *followed) (BulkStatus, error) {
	every := f.every()
	b.mu.Lock()
	defer b.mu.Unlock()
	if time.Since(b.at) < every-followEvery/10 { // ticks come a little early, too
		return b.status, nil
	}
	status, err := f.read(ctx, id)
	if err == nil {
		b.status, b.at = status, time.Now()
	}
	return status, err
}
