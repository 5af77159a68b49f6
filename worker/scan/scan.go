// Package scan looks through the keys of a Redis, or of all masters of a cluster.
package scan

import (
	"context"
	"fmt"
	"sync"

	"github.com/redis/go-redis/v9"
)

// Keys calls f for every key that matches a glob pattern, in no order; for some it may be called twice.
func Keys(ctx context.Context, rdb redis.UniversalClient, match string, f func(key string) error) error {
	one := func(ctx context.Context, node *redis.Client) error {
		keys := node.Scan(ctx, 0, match, 500).Iterator()
		for keys.Next(ctx) {
			if err := f(keys.Val()); err != nil {
				return err
			}
		}
		return keys.Err()
	}
	switch rdb := rdb.(type) {
	case *redis.ClusterClient:
		var alone sync.Mutex
		return rdb.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error {
			alone.Lock() // f is not called by several at once
			defer alone.Unlock()
			return one(ctx, node)
		})
	case *redis.Client:
		return one(ctx, rdb)
	}
	return fmt.Errorf("%T can't be scanned", rdb)
}
