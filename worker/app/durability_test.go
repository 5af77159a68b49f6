package app

import (
	"context"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/redistest"
)

func TestCheckVersion(t *testing.T) {
	ctx := context.Background()
	for version, good := range map[string]bool{
		"5.0.14": false, "6.0.20": false, "6.2.0": true, "7.0.15": true, "8.2.1": true, "10.0.0": true, "unstable": true,
	} {
		if err := checkVersion(ctx, redistest.Impostor(t, version, 0)); (err == nil) != good {
			t.Errorf("%s: %v", version, err)
		}
	}
	if err := checkVersion(ctx, redistest.Start(t).Client()); err != nil {
		t.Error(err)
	}
	nowhere := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1})
	defer nowhere.Close()
	if err := checkVersion(ctx, nowhere); err == nil {
		t.Error("no server passed")
	}
}

func TestVolatileRedisIsRefused(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	if err := checkDurable(ctx, redistest.Start(t).Client()); err != nil {
		t.Errorf("a durable Redis: %v", err)
	}
	err := checkDurable(ctx, redistest.Start(t, "--appendonly", "no", "--maxmemory-policy", "allkeys-lru").Client())
	if err == nil || !strings.Contains(err.Error(), "appendonly yes") || !strings.Contains(err.Error(), "noeviction") {
		t.Errorf("got %v", err)
	}
}
