package worker

import (
	"context"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/redistest"
)

func TestCheckVersion(t *testing.T) {
	ctx := context.Background()
	for version, good := range map[string]bool{
		"5.0.14": false, "6.0.20": false, "6.2.0": true, "7.0.15": true, "8.2.1": true, "10.0.0": true, "unstable": true,
	} {
		if err := CheckVersion(ctx, redistest.Impostor(t, version, 0)); (err == nil) != good {
			t.Errorf("%s: %v", version, err)
		}
	}
	if err := CheckVersion(ctx, redistest.Start(t).Client()); err != nil {
		t.Error(err)
	}
	nowhere := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1})
	defer nowhere.Close()
	if err := CheckVersion(ctx, nowhere); err == nil {
		t.Error("no server passed")
	}
}
