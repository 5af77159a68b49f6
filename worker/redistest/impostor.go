package redistest

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// Impostor answers as a Redis of some version whose clock is off.
func Impostor(t *testing.T, version string, ahead time.Duration) *redis.Client {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	serve := func(c net.Conn) {
		defer func() { _ = c.Close() }()
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
