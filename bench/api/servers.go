package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
)

// servers are the processes that are measured.
type servers struct {
	dir   string
	redis *exec.Cmd
	addr  string
	api   *exec.Cmd // the one that runs now
}

// build builds herald and starts a Redis.
func (s *servers) build() error {
	var err error
	if s.dir, err = os.MkdirTemp("", "herald-bench-"); err != nil {
		return err
	}
	if out, err := exec.Command("go", "build", "-o", s.dir+"/herald", "./cmd/herald").CombinedOutput(); err != nil {
		return fmt.Errorf("build herald: %w\n%s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.addr = l.Addr().String()
	_, port, _ := net.SplitHostPort(s.addr)
	if err := l.Close(); err != nil {
		return err
	}
	s.redis = exec.Command("redis-server", "--bind", "127.0.0.1", "--port", port, "--dir", s.dir, "--save", "",
		"--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction")
	if err := s.redis.Start(); err != nil {
		return fmt.Errorf("start redis-server: %w", err)
	}
	client := redis.NewClient(&redis.Options{Addr: s.addr})
	defer func() { _ = client.Close() }()
	for deadline := time.Now().Add(5 * time.Second); client.Ping(context.Background()).Err() != nil; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			return errors.New("redis-server does not answer")
		}
	}
	return nil
}

var listening = regexp.MustCompile(`msg="API started".* url=(http://\S+)/`)

// serve starts a `herald serve`. stop ends it and returns the CPU time that it used.
func (s *servers) serve() (url string, stop func() (time.Duration, error), err error) {
	cmd := exec.Command(s.dir+"/herald", "serve")
	cmd.Env = append(os.Environ(), "HERALD_REDIS_URL=redis://"+s.addr+"/0", "HERALD_LISTEN=127.0.0.1:0", "HERALD_API_RATE=0")
	out, err := cmd.StderrPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	s.api = cmd
	lines := bufio.NewScanner(out)
	for url == "" && lines.Scan() {
		if m := listening.FindStringSubmatch(lines.Text()); m != nil {
			url = m[1]
		}
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	if url == "" {
		return "", nil, errors.New("herald serve does not start")
	}
	return url, func() (time.Duration, error) {
		s.api = nil
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			return 0, err
		}
		if err := cmd.Wait(); err != nil {
			return 0, fmt.Errorf("herald serve: %w", err)
		}
		return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), nil
	}, nil
}

var highWater = regexp.MustCompile(`VmHWM:\s*(\d+) kB`)

// peak is the most memory that the running API had, in bytes.
func (s *servers) peak() int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.api.Process.Pid))
	if err != nil {
		return 0
	}
	m := highWater.FindSubmatch(text)
	if m == nil {
		return 0
	}
	kilobytes, _ := strconv.ParseInt(string(m[1]), 10, 64)
	return kilobytes << 10
}

func (s *servers) close() error {
	for _, cmd := range []*exec.Cmd{s.api, s.redis} {
		if cmd != nil && cmd.Process != nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	}
	if s.dir == "" {
		return nil
	}
	return os.RemoveAll(s.dir)
}
