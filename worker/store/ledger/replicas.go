package ledger

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// replicaWait is how long one question to Redis waits for its replicas. It is asked again.
const replicaWait = 500 * time.Millisecond

// replicated returns when as many replicas as the options ask for have what was written for these chunks: nil, or why not,
// after replicaWait. The stream from a master to its replicas is in order. So a write after the marks that has arrived says that they
// have arrived, too, on whichever connection they were written.
// Source: https://redis.io/docs/latest/commands/wait/.
func (l *Ledger) replicated(ctx context.Context, chunks []Chunk) error {
	masters := map[*redis.Client]string{} // with a key that each holds
	for _, c := range chunks {
		key := c.statesKey() + ":replicated"
		master, err := l.master(ctx, key)
		if err != nil {
			return fmt.Errorf("wait for replicas: %w", err)
		}
		masters[master] = key
	}
	var wait sync.WaitGroup
	errs := make(chan error, len(masters))
	for master, key := range masters {
		wait.Go(func() { errs <- l.arrived(ctx, master, key) })
	}
	wait.Wait()
	close(errs)
	var all []error
	for err := range errs {
		all = append(all, err)
	}
	return errors.Join(all...)
}

// master is the client of the server that holds a key.
func (l *Ledger) master(ctx context.Context, key string) (*redis.Client, error) {
	switch rdb := l.rdb.(type) {
	case *redis.Client:
		return rdb, nil
	case *redis.ClusterClient:
		return rdb.MasterForKey(ctx, key)
	}
	return nil, fmt.Errorf("%T has no replicas that are known of", l.rdb)
}

// arrived reports whether enough replicas of one master have what it holds now.
func (l *Ledger) arrived(ctx context.Context, master *redis.Client, key string) error {
	var have *redis.Cmd
	_, err := master.Pipelined(ctx, func(p redis.Pipeliner) error {
		p.Set(ctx, key, "", time.Minute)
		have = p.Do(ctx, "WAIT", l.replicas, replicaWait.Milliseconds())
		return nil
	})
	if err != nil {
		return fmt.Errorf("wait for replicas: %w", err)
	}
	n, err := have.Int()
	if err != nil {
		return fmt.Errorf("wait for replicas: %w", err)
	}
	if n < l.replicas {
		return fmt.Errorf("%d of the %d replicas that must have it have what was recorded", n, l.replicas)
	}
	return nil
}

// confirm answers marks that are stored once enough replicas have them. Until then nothing goes on, as where Redis refuses
// writes. A ledger that closes answers with the error. confirm reports whether they had it when it asked first.
func (l *Ledger) confirm(stored []settled) bool {
	if l.replicas == 0 || len(stored) == 0 {
		answerAll(stored, nil)
		return true
	}
	var chunks []Chunk
	seen := map[Chunk]bool{}
	for _, s := range stored {
		if !seen[s.mark.chunk] {
			seen[s.mark.chunk] = true
			chunks = append(chunks, s.mark.chunk)
		}
	}
	told := false
	for {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		err := l.replicated(ctx, chunks)
		cancel()
		if err == nil {
			if told {
				l.log.Info("replicas of Redis have what is recorded again")
			}
			answerAll(stored, nil)
			return !told
		}
		if !told {
			told = true
			l.log.Warn("replicas of Redis lack what was recorded: nothing more is sent until they have it", "error", err)
		}
		select {
		case <-l.stop:
			answerAll(stored, fmt.Errorf("ledger closed before its replicas had the mark: %w", err))
			return false
		case <-time.After(retryPause):
		}
	}
}

// settled is a mark with what Redis answered.
type settled struct {
	mark   *mark
	stored bool
}

func answerAll(all []settled, err error) {
	for _, s := range all {
		s.mark.result <- answer{stored: s.stored && err == nil, err: err}
	}
}
