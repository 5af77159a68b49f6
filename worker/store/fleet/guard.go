package fleet

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
)

// Guard keeps a process from working on a Redis that has become another one, until what it may have lost is put back. A
// running Redis loses nothing that it acknowledged. So writes can be lost only where another process answers (a restart, a
// promoted replica), or one with another history. The guard asks each new connection who answers, before anything else is
// sent on it. It lets nothing pass if that is somebody new, until Trust. It is safe for concurrent use.
//
// It says nothing about a server that doesn't tell who it is (INFO without run_id): such a one is always trusted.
type Guard struct {
	// Changed has one when somebody new answered.
	Changed chan struct{}

	mu      sync.Mutex
	trusted map[string]bool // identities; nil before the first Trust: everybody is trusted
	masters map[string]bool // addresses of the masters of a cluster
	shut    bool
}

// NewGuard returns a guard that trusts everybody until the first Trust.
func NewGuard() *Guard { return &Guard{Changed: make(chan struct{}, 1)} }

// ErrUntrusted is the error of every command while the guard is shut.
var ErrUntrusted = errors.New("another Redis answers than before; what it has lost is put back first")

// Identities are those that answer for a Redis, by address: of a cluster all masters, else one without an address. Each is
// the server's process and the history of its data; "" if it doesn't tell.
type Identities map[string]string

// Identify asks who answers.
func Identify(ctx context.Context, rdb redis.UniversalClient) (Identities, error) {
	all := Identities{}
	cluster, ok := rdb.(*redis.ClusterClient)
	if !ok {
		id, master, err := identify(ctx, rdb)
		if err == nil && !master {
			err = errors.New("a replica answers")
		}
		all[""] = id
		return all, err
	}
	var mu sync.Mutex
	err := cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error {
		id, master, err := identify(ctx, node)
		if err == nil && !master {
			err = fmt.Errorf("%s is no master any more", node.Options().Addr)
		}
		mu.Lock()
		defer mu.Unlock()
		all[node.Options().Addr] = id
		return err
	})
	return all, err
}

// identify asks one server.
func identify(ctx context.Context, rdb redis.Cmdable) (id string, master bool, err error) {
	var server, replication *redis.StringCmd
	_, err = rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		server, replication = p.Info(ctx, "server"), p.Info(ctx, "replication")
		return nil
	})
	var refused redis.Error
	if errors.As(err, &refused) {
		return "", true, nil // it is forbidden, or not known here
	}
	if err != nil {
		return "", false, fmt.Errorf("ask Redis who it is: %w", err)
	}
	run := field(server.Val(), "run_id")
	if run == "" || field(server.Val(), "redis_mode") == "sentinel" {
		return "", true, nil
	}
	return run + "/" + field(replication.Val(), "master_replid"), field(replication.Val(), "role") != "slave", nil
}

// field is one of the fields of INFO.
func field(info, name string) string {
	for line := range strings.Lines(info) {
		if value, is := strings.CutPrefix(line, name+":"); is {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// Epoch is a short name of these identities: the same for all who see the same.
func (i Identities) Epoch() string {
	h := fnv.New64a()
	for _, id := range slices.Sorted(maps.Values(i)) {
		_, _ = h.Write([]byte(id + "\n"))
	}
	return strconv.FormatUint(h.Sum64(), 36)
}

// Knows reports whether all of these are trusted. If not, the guard is shut.
func (g *Guard) Knows(now Identities) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, id := range now {
		if g.trusted != nil && id != "" && !g.trusted[id] {
			g.shut = true
		}
	}
	return !g.shut
}

// Shut lets nothing pass until Trust.
func (g *Guard) Shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut = true
}

// Trust opens the guard: these answer from now on, and nobody else.
func (g *Guard) Trust(now Identities) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.trusted, g.masters, g.shut = map[string]bool{}, map[string]bool{}, false
	for addr, id := range now {
		g.trusted[id], g.masters[addr] = true, true
	}
}

// close shuts the guard. The caller holds the lock.
func (g *Guard) close() error {
	g.shut = true
	select {
	case g.Changed <- struct{}{}:
	default: // it is known already
	}
	return ErrUntrusted
}

// OnConnect asks who answers on a new connection: see redis.Options.
func (g *Guard) OnConnect(ctx context.Context, cn *redis.Conn) error {
	id, master, err := identify(ctx, cn)
	if err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.trusted == nil || id == "" || !master || g.trusted[id] {
		return nil
	}
	return g.close()
}

// asks are the commands that the guard lets pass always: they ask the server about itself.
var asks = map[string]bool{"info": true, "cluster": true, "hello": true, "ping": true, "client": true, "command": true, "readonly": true, "asking": true, "auth": true, "select": true}

// allows reports whether a command may go to a server; addr is that of a node of a cluster, else "".
func (g *Guard) allows(addr string, c redis.Cmder) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case asks[c.Name()]:
		return nil
	case g.shut:
		return ErrUntrusted
	case addr != "" && g.trusted != nil && !g.masters[addr]: // a replica that was promoted: connections to it may be older
		return g.close()
	}
	return nil
}

// Hook watches a client of one server; addr is that of a node of a cluster, else "".
func (g *Guard) Hook(addr string) redis.Hook { return hook{g, addr} }

type hook struct {
	*Guard
	addr string
}

// DialHook implements redis.Hook.
func (hook) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessHook implements redis.Hook.
func (h hook) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, c redis.Cmder) error {
		if err := h.allows(h.addr, c); err != nil {
			c.SetErr(err)
			return err
		}
		return next(ctx, c)
	}
}

// ProcessPipelineHook implements redis.Hook.
func (h hook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, all []redis.Cmder) error {
		for _, c := range all {
			if err := h.allows(h.addr, c); err != nil {
				for _, c := range all {
					c.SetErr(err)
				}
				return err
			}
		}
		return next(ctx, all)
	}
}
