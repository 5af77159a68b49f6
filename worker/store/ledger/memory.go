package ledger

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// MemorySpan is for how long at least the marks of this process are remembered, so that they can be put back if Redis
// loses them. It takes five bytes a message.
const MemorySpan = 2 * time.Minute

// memory holds what this process recorded of late, by chunk, as the slots of its string in Redis. The zero value is ready.
type memory struct {
	mu         sync.Mutex
	young, old map[Chunk][]byte
	turned     time.Time // when young was begun
}

// keep remembers a mark that Redis acknowledged.
func (m *memory) keep(now time.Time, k *mark) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.young == nil || now.Sub(m.turned) >= MemorySpan {
		m.old, m.young, m.turned = m.young, map[Chunk][]byte{}, now
	}
	slots := m.young[k.chunk]
	if slots == nil {
		slots = m.old[k.chunk] // it goes on
		delete(m.old, k.chunk)
	}
	if missing := (k.index+1)*slotBytes - len(slots); missing > 0 {
		slots = append(slots, make([]byte, missing)...)
	}
	slot := slots[k.index*slotBytes:]
	slot[0] = byte(k.record.State)
	binary.BigEndian.PutUint32(slot[1:], uint32(k.record.At.Unix())) // good until 2106
	m.young[k.chunk] = slots
}

// marks are those that matter if they are lost, by chunk: without them a message would go out again.
func (m *memory) marks() map[Chunk][]*mark {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := map[Chunk][]*mark{}
	for _, generation := range []map[Chunk][]byte{m.old, m.young} {
		for c, slots := range generation {
			for i := range len(slots) / slotBytes {
				slot := slots[i*slotBytes:]
				k := &mark{chunk: c, index: i, record: Record{
					State: State(slot[0]), At: time.Unix(int64(binary.BigEndian.Uint32(slot[1:slotBytes])), 0),
				}}
				switch k.record.State {
				case Claimed:
					k.from = letters(Pending)
				case Unknown:
					k.from, k.record.Reason = letters(Pending, Claimed), Reason{Code: LostWrites, Text: "Redis lost what was known of it; it may have arrived"}
				case Sent, Done:
					k.from = notSent
				default: // pending, failed, suppressed, skipped: nothing went out
					continue
				}
				all[c] = append(all[c], k)
			}
		}
	}
	return all
}

// LostWrites is the reason code of messages of which Redis has lost what was recorded.
const LostWrites = "lost_writes"

// putBackAtOnce bounds the chunks of one pipeline.
const putBackAtOnce = 200

// PutBack records again, through rdb, what this process recorded in the last MemorySpan and knows to have gone out or to be
// on its way. It returns how many of these marks had been lost. Doing it twice is harmless.
func (l *Ledger) PutBack(ctx context.Context, rdb redis.UniversalClient) (lost int, err error) {
	all := l.memory.marks()
	if len(all) == 0 {
		return 0, nil
	}
	if err := load(ctx, rdb); err != nil {
		return 0, fmt.Errorf("put back what was recorded: %w", err)
	}
	order := make([]Chunk, 0, len(all))
	for c := range all {
		order = append(order, c)
	}
	for some := range slices.Chunk(order, putBackAtOnce) {
		pipe := rdb.Pipeline()
		calls := make([]*redis.Cmd, len(some))
		for i, c := range some {
			calls[i] = l.call(ctx, pipe, c, all[c])
		}
		_, _ = pipe.Exec(ctx) // each call's own error is looked at
		for _, call := range calls {
			results, err := call.Text()
			if err != nil {
				return lost, fmt.Errorf("put back what was recorded: %w", err)
			}
			for _, r := range results {
				if r == 's' {
					lost++
				}
			}
		}
	}
	return lost, nil
}
