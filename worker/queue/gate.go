package queue

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// Gate says from which queues this process takes tasks. Asynq can pause a queue for all processes only. The zero value
// is open for all. It is safe for concurrent use.
type Gate struct {
	mu   sync.Mutex
	shut map[string]map[string]bool // by queue: the reasons for which it is shut
}

// Set opens or shuts queues for a reason. A queue is open if it is shut for none. What was taken from it goes on.
func (g *Gate) Set(reason string, open bool, queues ...string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut == nil {
		g.shut = map[string]map[string]bool{}
	}
	for _, name := range queues {
		switch {
		case open:
			delete(g.shut[name], reason)
		case g.shut[name] == nil:
			g.shut[name] = map[string]bool{reason: true}
		default:
			g.shut[name][reason] = true
		}
	}
}

// Open reports whether tasks are taken from a queue.
func (g *Gate) Open(queue string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.shut[queue]) == 0
}

// gated is the Redis client of an Asynq server. It answers two of Asynq's questions itself, and Redis all others:
//
//	Is there a task in this queue? Not if the gate is shut, or if the queue was empty a moment ago. A server with many
//	queues looks at all of them in one round trip, where Asynq needs one each.
//	Which leases have run out? None. Asynq compares the clocks of two machines there; package recovery doesn't.
//
// Asynq's scripts are known by their keys: TestGateKnowsAsynqsScripts fails when these change.
type gated struct {
	redis.UniversalClient
	gate   *Gate
	queues []string

	mu     sync.Mutex
	filled map[string]bool // as of looked
	looked time.Time
	busy   time.Time // when a queue was last seen with tasks
}

// askEvery is about how often a server asks for a task while there is none. Most of these questions don't reach Redis:
// a look at all queues counts for lookBusy if there was a task within the last second, for lookIdle otherwise.
const (
	askEvery = 10 * time.Millisecond
	lookBusy = 5 * time.Millisecond
	lookIdle = 200 * time.Millisecond
)

// EvalSha implements redis.Scripter.
func (g *gated) EvalSha(ctx context.Context, sha string, keys []string, args ...any) *redis.Cmd {
	if answer := g.answer(ctx, keys); answer != nil {
		return answer
	}
	return g.UniversalClient.EvalSha(ctx, sha, keys, args...)
}

// Eval implements redis.Scripter.
func (g *gated) Eval(ctx context.Context, script string, keys []string, args ...any) *redis.Cmd {
	if answer := g.answer(ctx, keys); answer != nil {
		return answer
	}
	return g.UniversalClient.Eval(ctx, script, keys, args...)
}

// answer is what Redis needn't be asked for; nil if it must.
func (g *gated) answer(ctx context.Context, keys []string) *redis.Cmd {
	const prefix, pending, lease = "asynq:{", "}:pending", "}:lease"
	if len(keys) == 1 && strings.HasPrefix(keys[0], prefix) && strings.HasSuffix(keys[0], lease) {
		none := redis.NewCmd(ctx)
		none.SetVal([]any{})
		return none
	}
	if len(keys) != 4 {
		return nil
	}
	name, found := strings.CutPrefix(keys[0], prefix)
	name, is := strings.CutSuffix(name, pending)
	if !found || !is || keys[1] != prefix+name+"}:paused" || g.gate.Open(name) && g.maybeFilled(ctx, name) {
		return nil
	}
	empty := redis.NewCmd(ctx)
	empty.SetErr(redis.Nil)
	return empty
}

// maybeFilled reports false if a queue was empty a moment ago.
func (g *gated) maybeFilled(ctx context.Context, queue string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	now, age := time.Now(), lookIdle
	if now.Sub(g.busy) < time.Second {
		age = lookBusy
	}
	if now.Sub(g.looked) >= age {
		lengths := map[string]*redis.IntCmd{}
		_, err := g.Pipelined(ctx, func(p redis.Pipeliner) error {
			for _, name := range g.queues {
				if g.gate.Open(name) {
					lengths[name] = p.LLen(ctx, "asynq:{"+name+"}:pending")
				}
			}
			return nil
		})
		if err != nil {
			return true // asking for a task meets the same error, and tells it
		}
		g.filled, g.looked = map[string]bool{}, time.Now()
		for name, n := range lengths {
			if g.filled[name] = n.Val() > 0; g.filled[name] {
				g.busy = g.looked
			}
		}
	}
	filled, known := g.filled[queue]
	return filled || !known
}
