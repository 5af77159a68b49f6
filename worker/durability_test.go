package worker

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/redistest"
)

// impostor answers as a Redis of some version whose clock is off.
func impostor(t *testing.T, version string, ahead time.Duration) *redis.Client {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	serve := func(c net.Conn) {
		defer c.Close()
		for in := bufio.NewScanner(c); in.Scan(); {
			var answer string
			switch strings.ToLower(in.Text()) {
			case "hello", "client":
				answer = "-ERR unknown command"
			case "info":
				text := "# Server\r\nredis_version:" + version + "\r\n"
				answer = fmt.Sprintf("$%d\r\n%s", len(text), text)
			case "time":
				now := time.Now().Add(ahead)
				second, micro := fmt.Sprint(now.Unix()), fmt.Sprint(now.Nanosecond()/1000)
				answer = fmt.Sprintf("*2\r\n$%d\r\n%s\r\n$%d\r\n%s", len(second), second, len(micro), micro)
			default:
				continue // lengths and arguments
			}
			if _, err := fmt.Fprint(c, answer+"\r\n"); err != nil {
				return
			}
		}
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go serve(c)
		}
	}()
	rdb := redis.NewClient(&redis.Options{Addr: l.Addr().String(), MaxRetries: -1, DisableIdentity: true, Protocol: 2})
	t.Cleanup(func() { _ = rdb.Close() })
	return rdb
}

func TestCheckVersion(t *testing.T) {
	ctx := context.Background()
	for version, good := range map[string]bool{
		"5.0.14": false, "6.0.20": false, "6.2.0": true, "7.0.15": true, "8.2.1": true, "10.0.0": true, "unstable": true,
	} {
		if err := CheckVersion(ctx, impostor(t, version, 0)); (err == nil) != good {
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

func TestCheckClock(t *testing.T) {
	ctx := context.Background()
	for off, want := range map[time.Duration]string{
		0: "", 4 * time.Second: "", -4 * time.Second: "", 20 * time.Second: "s behind that of Redis", -20 * time.Second: "s ahead of that of Redis",
	} {
		ahead, err := CheckClock(ctx, impostor(t, "7.0.0", off))
		if d := ahead + off; d.Abs() > 500*time.Millisecond {
			t.Errorf("Redis is %s ahead, found %s", off, -ahead)
		}
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", off, err, want)
		}
	}
}
