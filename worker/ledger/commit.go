package ledger

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// markScript stores marks of one chunk and keeps the counters of its shard in step.
//
// KEYS[1] states string, KEYS[2] counts hash, KEYS[3] reasons hash; one hash tag.
// ARGV[1] retention in seconds. Then for each mark four values: slot index, record (5 bytes: state and Unix time),
// reason as JSON or "", letters of the states that it may replace.
// Returns an array with, for each mark: 1 stored, 2 the slot was in that state already, 0 refused, -1 no such slot.
//
// The counters are summed up first and written once: with an append-only file every write of a script is logged.
var markScript = redis.NewScript(`
local size = redis.call('STRLEN', KEYS[1])
local result, delta = {}, {}
for i = 2, #ARGV, 4 do
  local record, reason = ARGV[i + 1], ARGV[i + 2]
  local new = string.sub(record, 1, 1)
  local at = ARGV[i] * 5
  local done = 0
  if at + 5 > size then
    done = -1
  else
    local old = redis.call('GETRANGE', KEYS[1], at, at)
    if old == new then
      done = 2
    elseif string.find(ARGV[i + 3], old, 1, true) then
      redis.call('SETRANGE', KEYS[1], at, record)
      if old ~= '\0' then delta[old] = (delta[old] or 0) - 1 end
      if new ~= '\0' then delta[new] = (delta[new] or 0) + 1 end
      if reason ~= '' then
        redis.call('HSET', KEYS[3], ARGV[i], reason)
        redis.call('EXPIRE', KEYS[3], ARGV[1])
      end
      done = 1
    end
  end
  result[#result + 1] = done
end
for state, n in pairs(delta) do
  if n ~= 0 and redis.call('HINCRBY', KEYS[2], state, n) == n then
    redis.call('EXPIRE', KEYS[2], ARGV[1])
  end
end
return result
`)

// maxBatch bounds the marks of one pipeline, so that one reply never grows without limit.
const maxBatch = 2048

// Batch is one group commit, for metrics.
type Batch struct {
	Marks  int           // that it carried
	Took   time.Duration // the round trip
	Failed bool          // at least one chunk's call was refused; its marks are tried again
}

// Watch calls f after every group commit. f must be quick: marks wait for it.
func (l *Ledger) Watch(f func(Batch)) { l.watch.Store(&f) }

// retryPause is how long the writer waits before it tries a refused pipeline again. Marks wait with it: that is
// the back-pressure a Redis that is down puts on sending.
const retryPause = 200 * time.Millisecond

// mark is one request to the writer.
type mark struct {
	chunk  Chunk
	index  int
	record Record
	from   string // the states it may replace
	ctx    context.Context
	result chan answer
}

// answer is what became of a mark: stored, or not because the slot's state forbids it, or why it can't be known.
type answer struct {
	stored bool
	err    error
}

// mark hands a mark to the writer and waits for its answer.
func (l *Ledger) mark(ctx context.Context, c Chunk, index int, r Record, from string) (bool, error) {
	return l.post(ctx, c, index, r, from).wait()
}

// Commit is a mark on its way into the books.
type Commit struct{ m *mark }

// Wait returns when the mark is stored, or with the reason why that is not known. Waiting for no commit is done at once.
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

// post hands a mark to the writer.
func (l *Ledger) post(ctx context.Context, c Chunk, index int, r Record, from string) *Commit {
	r.At = l.now()
	m := &mark{chunk: c, index: index, record: r, from: from, ctx: ctx, result: make(chan answer, 1)}
	select {
	case l.pending <- m:
	case <-ctx.Done(): // wait says so
	}
	return &Commit{m}
}

// write is the one writer of the process. It takes everything that waits, stores it in one pipeline, answers,
// and starts over.
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

// commit stores a batch. A chunk whose call failed is tried again until every one who waits for it has gone.
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
		keys := []string{c.statesKey(), c.countsKey(), c.reasonsKey()}
		calls[i] = markScript.EvalSha(ctx, pipe, keys, l.args(groups[c])...)
	}
	started := time.Now()
	_, _ = pipe.Exec(ctx) // each call's own error is looked at below
	took := time.Since(started)

	var again []*mark
	var failed error
	for i, c := range order {
		marks := groups[c]
		results, err := calls[i].Int64Slice()
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
			if results[j] < 0 {
				m.result <- answer{err: fmt.Errorf("slot %d of chunk %d of %s: %w", m.index, c.Index, c.Owner, ErrNotFound)}
				continue
			}
			m.result <- answer{stored: results[j] == 1}
		}
	}
	switch {
	case failed != nil && !l.failing:
		l.log.Warn("ledger cannot store marks, trying on", "error", failed)
	case failed == nil && l.failing:
		l.log.Info("ledger stores marks again")
	}
	l.failing = failed != nil
	if watch := l.watch.Load(); watch != nil {
		(*watch)(Batch{Marks: len(batch), Took: took, Failed: failed != nil})
	}
	return again
}

// loadScript puts the script on every master, once. What fails here shows again as a call's error.
func (l *Ledger) loadScript(ctx context.Context) {
	if l.loaded {
		return
	}
	load := func(ctx context.Context, node redis.Scripter) error { return markScript.Load(ctx, node).Err() }
	var err error
	if cluster, ok := l.rdb.(*redis.ClusterClient); ok {
		err = cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error { return load(ctx, node) })
	} else {
		err = load(ctx, l.rdb)
	}
	l.loaded = err == nil
}

func (l *Ledger) args(marks []*mark) []any {
	args := make([]any, 0, 1+4*len(marks))
	args = append(args, int64(l.retention/time.Second))
	for _, m := range marks {
		args = append(args, m.index, encode(m.record), reason(m.record), m.from)
	}
	return args
}

func encode(r Record) []byte {
	return binary.BigEndian.AppendUint32([]byte{byte(r.State)}, uint32(r.At.Unix())) // good until 2106
}

// maxReasonText bounds what a provider's answer may put into the books.
const maxReasonText = 500

func reason(r Record) string {
	if r.Reason.Code == "" {
		return ""
	}
	if len(r.Reason.Text) > maxReasonText {
		r.Reason.Text = strings.ToValidUTF8(r.Reason.Text[:maxReasonText], "") + "…"
	}
	data, _ := json.Marshal(r.Reason) // two strings: can't fail
	return string(data)
}
