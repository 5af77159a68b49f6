package main

import (
	"context"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/heraldsend/herald/worker/redistest"
)

// cluster is a Redis Cluster of three masters with a replica each; the one that holds the fleet's entries dies.
func cluster() (start func(*chaos), happens func(*chaos, []*exec.Cmd)) {
	var nodes *redistest.Replicated
	start = func(c *chaos) {
		nodes = redistest.StartReplicated(c.t, 3)
		c.url = nodes.URL()
	}
	return start, func(c *chaos, _ []*exec.Cmd) {
		nodes.Masters[1].Kill()
		nodes.Promoted(1)
		await(c.t, "the cluster answers again", func() bool {
			p := &program{c.t, map[string]string{"HERALD_REDIS_URL": c.url}}
			code, _, _ := p.run(context.Background(), "bulk", "status", "chaos", "--json")
			return code == exitOK
		})
	}
}

// sentinel is a Redis whose replica Sentinel promotes when the master dies.
func sentinel() (start func(*chaos), happens func(*chaos, []*exec.Cmd)) {
	var nodes *redistest.Watched
	start = func(c *chaos) {
		nodes = redistest.StartSentinel(c.t)
		c.url = nodes.URL()
	}
	return start, func(*chaos, []*exec.Cmd) {
		nodes.Master.Kill()
		nodes.Promoted()
	}
}

// stepped is a Redis whose clock steps 20 s ahead, and back after 20 s.
func stepped() (start func(*chaos), happens func(*chaos, []*exec.Cmd)) {
	var server *redistest.Stepping
	start = func(c *chaos) {
		server = redistest.StartStepping(c.t)
		c.redis = server.Server
	}
	return start, func(*chaos, []*exec.Cmd) {
		server.Step(20 * time.Second)
		time.Sleep(20 * time.Second)
		server.Step(0)
	}
}

// redisFaults are those of Redis.
var redisFaults = func() []faulty {
	startStepped, steps := stepped()
	startCluster, masterDies := cluster()
	startSentinel, watchedDies := sentinel()
	return []faulty{
		{name: "Redis loses its last 2 s (file cut)", killed: 3, forgets: true, happens: func(c *chaos, _ []*exec.Cmd) {
			backup := c.redis.Backup()
			time.Sleep(2 * time.Second)
			c.redis.Rewind(backup)
		}},
		{name: "Sentinel: master killed, replica promoted", killed: 3, forgets: true, redis: startSentinel, happens: watchedDies},
		{name: "Cluster: a master killed, replica promoted", killed: 3, forgets: true, redis: startCluster, happens: masterDies},
		{name: "an old backup is started", killed: 3, forgets: true, happens: oldBackup},
		{name: "Redis away for 5 s", killed: 3, happens: func(c *chaos, _ []*exec.Cmd) {
			c.redis.Kill()
			time.Sleep(5 * time.Second)
			c.redis.Restart()
		}},
		{name: "Redis killed, started at once", killed: 3, happens: func(c *chaos, _ []*exec.Cmd) { c.redis.Restart() }},
		{name: "Redis refuses writes for 15 s (no replicas)", happens: config("min-replicas-to-write", "1", "0", 15*time.Second)},
		{name: "Redis refuses writes for 15 s (memory)", happens: config("maxmemory", "1", "0", 15*time.Second)},
		{name: "Redis's clock steps 20 s ahead, later back", redis: startStepped, happens: steps},
		{name: "Redis frozen for 20 s", killed: 3, happens: func(c *chaos, _ []*exec.Cmd) {
			c.redis.Pause()
			time.Sleep(20 * time.Second)
			c.redis.Resume()
		}},
	}
}()

// oldBackup starts a backup after all workers were gone for an hour: nothing goes out before an operator says from when.
func oldBackup(c *chaos, workers []*exec.Cmd) {
	backup := c.redis.Backup()
	time.Sleep(time.Second)
	for _, w := range workers {
		c.signal(w, syscall.SIGKILL)
		_ = w.Wait()
	}
	c.redis.Rewind(backup)
	before := c.mailbox.Count() // with what was in flight
	if err := c.redis.Client().Set(context.Background(), "herald:{fleet}:alive", time.Now().Add(-time.Hour).Unix(), 0).Err(); err != nil {
		c.t.Fatal(err)
	}
	for i := range workers {
		workers[i] = c.worker(chaosWorkers + i)
	}
	await(c.t, "the bulk says why it waits", func() bool { return strings.Contains(c.herald("bulk", "status", "chaos", "--json"), "safe_mode") })
	if now := c.mailbox.Count(); now != before {
		c.t.Errorf("%d went out in safe mode", now-before)
	}
	c.herald("resume", "--from", "now")
	c.doubted = true
}
