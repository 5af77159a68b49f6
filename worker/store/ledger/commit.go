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

// markScript stores marks of one chunk and keeps the counters of its shard in step.
//
// KEYS[1] states string, KEYS[2] reasons hash, KEYS[3] hash of reasons in common, by state, KEYS[4] digests string, KEYS[5]
// counts hash, where the owner has one; one hash tag.
// ARGV[1] retention in seconds. ARGV[2] the marks, nine bytes each, by slot: slot (3 bytes, big endian), record (5 bytes:
// state and Unix time), and which of the sets of states that follow it may replace (a digit, from 1). ARGV[3] those
// sets, separated by commas. ARGV[4] eight bytes of digest for each mark, zeros for one without, or nothing if none has one. Then for each mark that has a reason its number, from 1, and the reason as JSON, after "=" if
// the slots of its state have it in common.
// Returns a string with a letter for each mark: s stored, k the slot was in that state already, r refused, n no such
// slot.
//
// What lies between the first and the last slot is read and written once, and so are the counters: every command of a
// script costs more than the work on a mark, and with an append-only file every write is logged.
var markScript = redis.NewScript(`
local marks, size = ARGV[2], redis.call('STRLEN', KEYS[1])
local function slot(at)
  local a, b, c = string.byte(marks, at, at + 2)
  return (a * 256 + b) * 256 + c
end
local n = #marks / 9
local first, last = slot(1) * 5, slot(n * 9 - 8) * 5
local span = redis.call('GETRANGE', KEYS[1], first, last + 4)
local may = {}
for set in string.gmatch(ARGV[3], '[^,]+') do may[#may + 1] = set end

local result, out, delta, copied, before, state = {}, {}, {}, 1, -1, ''
for i = 1, n do
  local p = i * 9 - 8
  local at = slot(p) * 5
  local from = at - first + 1
  local record = string.sub(marks, p + 3, p + 7)
  local new = string.sub(record, 1, 1)
  if at ~= before then state = string.sub(span, from, from) end
  if at + 5 > size then
    result[i] = 'n'
  elseif state == new then
    result[i] = 'k'
  elseif string.find(may[tonumber(string.sub(marks, p + 8, p + 8))], state, 1, true) then
    if copied == from + 5 then
      out[#out] = record -- once more in this batch
    else
      out[#out + 1] = string.sub(span, copied, from - 1)
      out[#out + 1] = record
      copied = from + 5
    end
    if state ~= '\0' then delta[state] = (delta[state] or 0) - 1 end
    if new ~= '\0' then delta[new] = (delta[new] or 0) + 1 end
    state = new
    result[i] = 's'
  else
    result[i] = 'r'
  end
  before = at
end
if copied > 1 then
  redis.call('SETRANGE', KEYS[1], first, table.concat(out))
end
if ARGV[4] ~= '' then
  local from, past = slot(1) * 8, slot(n * 9 - 8) * 8 + 8
  local old, none, parts, copied = redis.call('GETRANGE', KEYS[4], from, past - 1), string.rep('\0', 8), {}, 1
  if #old < past - from then -- a string that grows piece by piece takes twice its size
    redis.call('SET', KEYS[4], string.rep('\0', size / 5 * 8))
    old = string.rep('\0', past - from)
  end
  for i = 1, n do
    local digest, at = string.sub(ARGV[4], i * 8 - 7, i * 8), slot(i * 9 - 8) * 8 - from + 1
    if result[i] == 's' and digest ~= none and at >= copied then
      parts[#parts + 1] = string.sub(old, copied, at - 1)
      parts[#parts + 1] = digest
      copied = at + 8
    end
  end
  if copied > 1 then
    redis.call('SETRANGE', KEYS[4], from, table.concat(parts) .. string.sub(old, copied))
    local left = redis.call('PTTL', KEYS[1])
    if left > 0 then redis.call('PEXPIRE', KEYS[4], left) end
  end
end
local common, own = {}, {}
for i = 5, #ARGV, 2 do
  local i, reason = tonumber(ARGV[i]), ARGV[i + 1]
  if result[i] == 's' and string.sub(reason, 1, 1) == '=' then
    local of = string.sub(marks, i * 9 - 5, i * 9 - 5)
    if not common[of] then
      common[of] = true
      redis.call('HSET', KEYS[3], of, string.sub(reason, 2))
      redis.call('EXPIRE', KEYS[3], ARGV[1])
    end
    own[#own + 1] = slot(i * 9 - 8)
  elseif result[i] == 's' then
    redis.call('HSET', KEYS[2], slot(i * 9 - 8), reason)
    redis.call('EXPIRE', KEYS[2], ARGV[1])
  end
end
if #own > 0 then redis.call('HDEL', KEYS[2], unpack(own)) end
if not KEYS[5] then delta = {} end
for state, n in pairs(delta) do
  if n ~= 0 and redis.call('HINCRBY', KEYS[5], state, n) == n then
    redis.call('EXPIRE', KEYS[5], ARGV[1])
  end
end
return table.concat(result)
`)

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
