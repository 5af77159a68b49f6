package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"runtime"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/queue/recovery"
	"github.com/heraldsend/herald/worker/seal"
	"github.com/heraldsend/herald/worker/store/dead"
	"github.com/heraldsend/herald/worker/store/fleet"
)

const (
	// topologyAge is how long a cluster's topology is trusted: after a failover the client may go on asking the dead node
	// for so long.
	topologyAge = time.Second
	// deadNode is how long a node of a cluster may take to accept a connection.
	deadNode = 2 * time.Second
	// mostConnections bounds the connections that messages which are sent at the same time share. Redis syncs together what
	// arrives together on different connections: a message that waits for a connection waits for a sync more.
	mostConnections = 200
)

// redisOptions reads HERALD_REDIS_URL as go-redis does: one server, a cluster (?addr=), or Sentinel (?master_name=).
// The deadline of a call includes its answer. Errors never show the URL, which may hold a password.
// A URL without pool_size gets so many connections for each node as atOnce messages need.
//
// connect takes the guard of the client, or nil.
func redisOptions(text string, atOnce int) (connect func(*fleet.Guard) redis.UniversalClient, err error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme == "" {
		return nil, errors.New("not a URL such as redis://user:secret@host:6379/0 (a password's special characters must be %-encoded)")
	}
	query := u.Query()
	connections := 0 // as many as go-redis takes, 10 a CPU
	if usual := 10 * runtime.GOMAXPROCS(0); !query.Has("pool_size") && atOnce > usual {
		connections = min(atOnce, mostConnections)
	}
	switch {
	case query.Has("master_name"):
		var o *redis.FailoverOptions
		if o, err = redis.ParseFailoverURL(text); err == nil {
			o.ContextTimeoutEnabled = true
			o.PoolSize = cmp.Or(connections, o.PoolSize)
			return func(g *fleet.Guard) redis.UniversalClient {
				if g == nil {
					return redis.NewFailoverClient(o)
				}
				guarded := *o
				guarded.OnConnect = g.OnConnect
				return hooked(redis.NewFailoverClient(&guarded), g)
			}, nil
		}
	case query.Has("addr"):
		var o *redis.ClusterOptions
		if o, err = redis.ParseClusterURL(text); err == nil {
			o.ContextTimeoutEnabled = true
			o.PoolSize = cmp.Or(connections, o.PoolSize)
			o.ClusterStateReloadInterval = topologyAge
			if !query.Has("dial_timeout") {
				o.DialTimeout = deadNode
			}
			return func(g *fleet.Guard) redis.UniversalClient {
				guarded := *o
				if g != nil {
					guarded.OnConnect = g.OnConnect
					guarded.NewClient = func(node *redis.Options) *redis.Client {
						client := redis.NewClient(node)
						client.AddHook(g.Hook(node.Addr))
						return client
					}
				}
				return redis.NewClusterClient(&guarded)
			}, nil
		}
	default:
		var o *redis.Options
		if o, err = redis.ParseURL(text); err == nil {
			o.ContextTimeoutEnabled = true
			o.PoolSize = cmp.Or(connections, o.PoolSize)
			return func(g *fleet.Guard) redis.UniversalClient {
				if g == nil {
					return redis.NewClient(o)
				}
				guarded := *o
				guarded.OnConnect = g.OnConnect
				return hooked(redis.NewClient(&guarded), g)
			}, nil
		}
	}
	return nil, errors.New(strings.TrimPrefix(err.Error(), "redis: "))
}

func hooked(c *redis.Client, g *fleet.Guard) *redis.Client {
	c.AddHook(g.Hook(""))
	return c
}

// RedisHost is the server for messages, without user and password.
func RedisHost(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return "Redis"
	}
	if u.Scheme == "unix" {
		return "Redis at " + u.Path
	}
	return "Redis at " + u.Host
}

// ConnectRedis connects and makes sure that Redis answers; the error says what to do.
func ConnectRedis(ctx context.Context, s *Settings) (redis.UniversalClient, error) {
	connect, err := redisOptions(s.RedisURL, s.Concurrency)
	if err != nil {
		return nil, err
	}
	keys, err := seal.Parse(s.DataKeys)
	if err != nil {
		return nil, fmt.Errorf("HERALD_DATA_KEYS: %w", err)
	}
	rdb := connect(nil)
	seal.Use(rdb, keys)
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	err = rdb.Ping(ctx).Err()
	if err == nil {
		err = keys.Enter(ctx, rdb, s.Retention+bulk.MaxAhead+dead.Retention)
	}
	if err != nil {
		_ = rdb.Close()
		return nil, explainRedis(s, err)
	}
	return rdb, nil
}

func explainRedis(s *Settings, err error) error {
	where := RedisHost(s.RedisURL)
	var network net.Error
	var key *seal.KeyError
	switch {
	case errors.As(err, &key):
		return fmt.Errorf("%s: %w", where, err)
	case redis.HasErrorPrefix(err, "WRONGPASS"), redis.HasErrorPrefix(err, "NOAUTH"),
		strings.Contains(err.Error(), "WRONGPASS"), strings.Contains(err.Error(), "NOAUTH"):
		return fmt.Errorf("%s refused the login: check user and password in HERALD_REDIS_URL", where)
	case errors.As(err, &network), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s does not answer (%w): start it, for instance with `docker compose up -d redis`, or set HERALD_REDIS_URL", where, err)
	default:
		return fmt.Errorf("%s: %w", where, err)
	}
}

// openRedis connects a process that serves, and checks the Redis first.
func openRedis(ctx context.Context, s *Settings, log *slog.Logger, open *stack) (redis.UniversalClient, error) {
	rdb, err := ConnectRedis(ctx, s)
	if err != nil {
		return nil, err
	}
	open.add(rdb.Close)
	return rdb, checkRedis(ctx, s, log, rdb)
}

// guardRedis is a second client of the same Redis, on which nothing is done with a Redis that has become another one before
// the worker has looked at it.
func guardRedis(s *Settings, open *stack) (*fleet.Guard, redis.UniversalClient, error) {
	connect, err := redisOptions(s.RedisURL, s.Concurrency)
	if err != nil {
		return nil, nil, err
	}
	keys, err := seal.Parse(s.DataKeys)
	if err != nil {
		return nil, nil, fmt.Errorf("HERALD_DATA_KEYS: %w", err)
	}
	guard := fleet.NewGuard()
	rdb := connect(guard)
	seal.Use(rdb, keys)
	open.add(rdb.Close)
	return guard, rdb, nil
}

// checkRedis refuses a Redis that is too old, whose clock is far from this machine's, or that could lose accepted work,
// unless the operator allowed that.
func checkRedis(ctx context.Context, s *Settings, log *slog.Logger, rdb redis.UniversalClient) error {
	ahead, err := recovery.CheckClock(ctx, rdb)
	if err = errors.Join(checkVersion(ctx, rdb), err); err != nil {
		return err
	}
	if ahead.Abs() > recovery.NoteClockDifference {
		log.Warn("this machine's clock and that of Redis differ; workers refuse to start beyond "+recovery.MaxClockDifference.String(), "ahead", ahead.Round(time.Millisecond))
	}
	if err := checkReplicas(ctx, rdb, s.RedisReplicas); err != nil {
		log.Warn("too few replicas of Redis", "error", err) // they may come back, and /readyz tells
	}
	if s.AllowVolatileRedis {
		log.Warn("a volatile Redis is allowed: a restart of it may lose jobs")
		return nil
	}
	untold := func() {
		log.Warn("Redis doesn't tell its appendfsync (CONFIG is not allowed): make sure that it is always, or what was accepted may be lost when it crashes")
	}
	if err := checkDurable(ctx, rdb, s.RedisFsync, untold); err != nil {
		return errors.Join(err, errors.New("or allow it for development with --allow-volatile-redis"))
	}
	return nil
}
