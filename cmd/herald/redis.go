package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// redisOptions reads HERALD_REDIS_URL as go-redis parses it: one server, a cluster (?addr=), or Sentinel
// (?master_name=). A call's deadline holds for its answer too. Errors never echo the URL, which may hold a password.
func redisOptions(text string) (connect func() redis.UniversalClient, err error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme == "" {
		return nil, errors.New("not a URL such as redis://user:secret@host:6379/0 (a password's special characters must be %-encoded)")
	}
	query := u.Query()
	switch {
	case query.Has("master_name"):
		var o *redis.FailoverOptions
		if o, err = redis.ParseFailoverURL(text); err == nil {
			o.ContextTimeoutEnabled = true
			return func() redis.UniversalClient { return redis.NewFailoverClient(o) }, nil
		}
	case query.Has("addr"):
		var o *redis.ClusterOptions
		if o, err = redis.ParseClusterURL(text); err == nil {
			o.ContextTimeoutEnabled = true
			return func() redis.UniversalClient { return redis.NewClusterClient(o) }, nil
		}
	default:
		var o *redis.Options
		if o, err = redis.ParseURL(text); err == nil {
			o.ContextTimeoutEnabled = true
			return func() redis.UniversalClient { return redis.NewClient(o) }, nil
		}
	}
	return nil, errors.New(strings.TrimPrefix(err.Error(), "redis: "))
}

// redisHost names the server in messages, without user and password.
func redisHost(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return "Redis"
	}
	if u.Scheme == "unix" {
		return "Redis at " + u.Path
	}
	return "Redis at " + u.Host
}

// connectRedis connects and makes sure that Redis answers; the error says what to do.
func connectRedis(ctx context.Context, c *config) (redis.UniversalClient, error) {
	connect, err := redisOptions(c.RedisURL)
	if err != nil {
		return nil, err
	}
	rdb := connect()
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := rdb.Ping(ctx).Err(); err != nil {
		_ = rdb.Close()
		return nil, explainRedis(c, err)
	}
	return rdb, nil
}

func explainRedis(c *config, err error) error {
	where := redisHost(c.RedisURL)
	var network net.Error
	switch {
	case redis.HasErrorPrefix(err, "WRONGPASS"), redis.HasErrorPrefix(err, "NOAUTH"),
		strings.Contains(err.Error(), "WRONGPASS"), strings.Contains(err.Error(), "NOAUTH"):
		return fmt.Errorf("%s refused the login: check user and password in HERALD_REDIS_URL", where)
	case errors.As(err, &network), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s does not answer (%w): start it, for instance with `docker compose up -d redis`, or set HERALD_REDIS_URL", where, err)
	default:
		return fmt.Errorf("%s: %w", where, err)
	}
}
