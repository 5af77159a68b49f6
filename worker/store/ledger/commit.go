package ledger

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/seal"
	"github.com/heraldsend/herald/worker/store/fingerprint"
)

// markBytes is the size of one mark for markScript; maxSlot is the largest slot that fits.
const (
	markBytes = 9
	maxSlot   = 1<<24 - 1
)

// maxBatch bounds the marks of one pipeline, so that one reply never grows without limit.
const maxBatch = 2048

// Batch is one group commit, for metrics.
type Batch struct {
	Marks  int           // that it carried
	Took   time.Duration // the round trip
	Failed bool          // the call of at least one chunk was refused and is tried again, or replicas lacked it at first
}

// Watch calls f after every group commit. f must be quick: marks wait for it.
func (l *Ledger) Watch(f func(Batch)) { l.watch.Store(&f) }

// retryPause is how long the writer waits before it tries a refused pipeline again. Marks wait with it: so sending
// slows down when Redis is down.
const retryPause = 200 * time.Millisecond

// mark is one request to the writer.
type mark struct {
	chunk  Chunk
	index  int
	record Record
	from   string             // the states it may replace
	digest fingerprint.Digest // of what was sent; zero for none
	common bool               // the slots of this state have the reason in common
	ctx    context.Context
	result chan answer
}

func (m *mark) notFound() error {
	return fmt.Errorf("slot %d of chunk %d of %s: %w", m.index, m.chunk.Index, m.chunk.Owner, ErrNotFound)
}

// answer is the result of a mark: stored, not stored because the state of the slot forbids it, or unknown because of
// an error.
type answer struct {
	stored bool
	err    error
}

// mark gives a mark to the writer and waits for its answer.
func (l *Ledger) mark(ctx context.Context, c Chunk, index int, r Record, from string) (bool, error) {
	return l.post(ctx, &mark{chunk: c, index: index, record: r, from: from}).wait()
}

// Commit is a mark that is being stored.
type Commit struct{ m *mark }

// Wait returns when the mark is stored; the error says why that is not known. Wait of a nil Commit returns at once.
func (c *Commit) Wait() error {
	if c == nil {
		return nil
	}
	_, err := c.wait()
	return err
}

func (c *Commit) wait() (bool, error) {
	select {
	case a := <-c.m.result:
		c.m.result <- a // for whoever asks again
		return a.stored, a.err
	case <-c.m.ctx.Done():
		return false, fmt.Errorf("mark %s: %w", c.m.record.State, context.Cause(c.m.ctx))
	}
}

// post gives a mark to the writer.
func (l *Ledger) post(ctx context.Context, m *mark) *Commit {
	m.record.At, m.ctx, m.result = l.now(), ctx, make(chan answer, 1)
	if m.index < 0 || m.index > maxSlot {
		m.result <- answer{err: m.notFound()}
		return &Commit{m}
	}
	select {
	case l.pending <- m:
	case <-ctx.Done(): // wait says so
	}
	return &Commit{m}
}

// write is the one writer of the process. It takes all waiting marks, stores them in one pipeline, answers, and
// starts again.
func (l *Ledger) write() {
	for {
		select {
		case m := <-l.pending:
			l.commit(l.drain(m))
		case <-l.stop:
			for {
				select {
				case m := <-l.pending:
					l.commit(l.drain(m))
				default:
					return
				}
			}
		}
	}
}

func (l *Ledger) drain(first *mark) []*mark {
	batch := []*mark{first}
	for len(batch) < maxBatch {
		select {
		case m := <-l.pending:
			batch = append(batch, m)
		default:
			return batch
		}
	}
	return batch
}

// commit stores a batch. It tries a refused chunk again until nobody waits for it any more.
func (l *Ledger) commit(batch []*mark) {
	for {
		batch = l.try(batch)
		if len(batch) == 0 {
			return
		}
		pause := time.NewTimer(retryPause)
		select {
		case <-pause.C:
		case <-l.stop:
			pause.Stop()
			for _, m := range l.try(batch) {
				m.result <- answer{err: errors.New("ledger closed before the mark was stored")}
			}
			return
		}
	}
}

// try runs one pipeline and returns the marks to try again.
func (l *Ledger) try(batch []*mark) []*mark {
	var order []Chunk
	groups := map[Chunk][]*mark{}
	for _, m := range batch {
		if m.ctx.Err() != nil {
			m.result <- answer{err: context.Cause(m.ctx)}
			continue
		}
		if groups[m.chunk] == nil {
			order = append(order, m.chunk)
		}
		groups[m.chunk] = append(groups[m.chunk], m)
	}
	if len(order) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	l.loadScript(ctx)
	pipe := l.rdb.Pipeline()
	calls := make([]*redis.Cmd, len(order))
	for i, c := range order {
		calls[i] = l.call(ctx, pipe, c, groups[c])
	}
	started := time.Now()
	_, _ = pipe.Exec(ctx) // each call's own error is looked at below
	took := time.Since(started)

	var again []*mark
	var known []settled
	var failed error
	for i, c := range order {
		marks := groups[c]
		results, err := calls[i].Text()
		if err == nil && len(results) != len(marks) {
			err = fmt.Errorf("%d results for %d marks", len(results), len(marks))
		}
		if err != nil {
			if redis.HasErrorPrefix(err, "NOSCRIPT") {
				l.loaded = false
			}
			failed, again = err, append(again, marks...)
			continue
		}
		for j, m := range marks {
			if results[j] == 'n' {
				m.result <- answer{err: m.notFound()}
				continue
			}
			if results[j] == 's' || results[j] == 'k' && m.record.State.Final() {
				l.memory.keep(started, m)
			}
			known = append(known, settled{m, results[j] == 's'})
		}
	}
	inTime := l.confirm(known)
	switch {
	case failed != nil && !l.failing:
		l.log.Warn("ledger cannot store marks, trying on", "error", failed)
	case failed == nil && l.failing:
		l.log.Info("ledger stores marks again")
	}
	l.failing = failed != nil
	if watch := l.watch.Load(); watch != nil {
		(*watch)(Batch{Marks: len(batch), Took: took, Failed: failed != nil || !inTime})
	}
	return again
}

// call adds the call of markScript for the marks of a chunk to a pipeline.
func (l *Ledger) call(ctx context.Context, pipe redis.Pipeliner, c Chunk, marks []*mark) *redis.Cmd {
	keys := []string{c.statesKey(), c.reasonsKey(), c.commonKey(), c.digestsKey()}
	if c.counted() {
		keys = append(keys, c.countsKey())
	}
	return markScript.EvalSha(ctx, pipe, keys, l.args(marks)...)
}

// loadScript puts the script on every master, once. If that fails, the calls report an error.
func (l *Ledger) loadScript(ctx context.Context) {
	if !l.loaded {
		l.loaded = load(ctx, l.rdb) == nil
	}
}

// load puts markScript on every master.
func load(ctx context.Context, rdb redis.UniversalClient) error {
	if cluster, ok := rdb.(*redis.ClusterClient); ok {
		return cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error { return markScript.Load(ctx, node).Err() })
	}
	return markScript.Load(ctx, rdb).Err()
}

// args are the arguments of markScript. They sort the marks by slot.
func (l *Ledger) args(marks []*mark) []any {
	slices.SortStableFunc(marks, func(a, b *mark) int { return cmp.Compare(a.index, b.index) })
	packed := make([]byte, 0, markBytes*len(marks))
	args := make([]any, 4, 4+2)
	var sets []string
	var digests []byte
	for i, m := range marks {
		set := slices.Index(sets, m.from)
		if set < 0 {
			set = len(sets)
			sets = append(sets, m.from)
		}
		packed = append(packed, byte(m.index>>16), byte(m.index>>8), byte(m.index), byte(m.record.State))
		packed = binary.BigEndian.AppendUint32(packed, uint32(m.record.At.Unix())) // good until 2106
		packed = append(packed, byte('1'+set))
		if m.digest != (fingerprint.Digest{}) && digests == nil {
			digests = make([]byte, len(marks)*fingerprint.DigestBytes)
		}
		if digests != nil {
			copy(digests[i*fingerprint.DigestBytes:], m.digest[:])
		}
		if text := reason(m.record); text != nil {
			of := ""
			if m.common {
				of = "="
			}
			args = append(args, i+1, seal.Behind{Clear: of, Private: text})
		}
	}
	args[0], args[1], args[2], args[3] = int64(l.retention/time.Second), packed, strings.Join(sets, ","), digests
	return args
}

// maxReasonText bounds the text of a reason, which may hold a provider's answer.
const maxReasonText = 500

func reason(r Record) []byte {
	if r.Reason.Code == "" {
		return nil
	}
	r.Reason.Text = cut(r.Reason.Text)
	data, _ := json.Marshal(r.Reason) // two strings: can't fail
	return data
}

// cut shortens a text to maxReasonText.
func cut(text string) string {
	if len(text) > maxReasonText {
		text = strings.ToValidUTF8(text[:maxReasonText], "") + "…"
	}
	return text
}
