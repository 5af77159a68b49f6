// Package redistest starts real Redis servers for tests: one a test, on a free port of the loopback interface,
// durable as Herald wants it, gone when the test ends.
package redistest

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// Server is one running redis-server.
type Server struct {
	Addr string // host:port
	t    testing.TB
	dir  string
	args []string
	env  []string // besides this process's
	cmd  *exec.Cmd
}

// Start runs redis-server with AOF "always" and "noeviction", and extra configuration as command-line arguments,
// such as "--requirepass", "secret". A machine without redis-server fails the test: it never skips.
func Start(t testing.TB, extra ...string) *Server {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Fatal("redis-server is not installed: run `make deps` (Debian: apt-get install redis-server)")
	}
	s := &Server{t: t, dir: t.TempDir(), args: extra}
	s.start()
	return s
}

// start runs the server on a free port.
func (s *Server) start() {
	t := s.t
	t.Helper()
	for attempt := 0; ; attempt++ {
		s.Addr = freeAddr(t)
		err := s.run()
		if err == nil {
			break
		}
		if attempt == 3 {
			t.Fatalf("start redis-server: %v", err)
		}
	}
	t.Cleanup(s.Kill)
}

// URL is the server's address as HERALD_REDIS_URL takes it, without a password.
func (s *Server) URL() string { return "redis://" + s.Addr + "/0" }

// Client returns a client that is closed when the test ends.
func (s *Server) Client() *redis.Client {
	c := redis.NewClient(&redis.Options{Addr: s.Addr})
	s.t.Cleanup(func() { _ = c.Close() })
	return c
}

// Contains returns what stands around a text, as it is, in the server's files. The append-only file has every command since
// the start, or since it was rewritten.
func (s *Server) Contains(t testing.TB, text string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		for at := 0; len(found) < 20; at += len(text) {
			n := bytes.Index(data[at:], []byte(text))
			if n < 0 {
				break
			}
			at += n
			found = append(found, string(data[max(0, at-200):min(len(data), at+100)]))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// Kill ends the server as a crash would: SIGKILL, no last words. Its data stays for Restart.
func (s *Server) Kill() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
	s.cmd = nil
}

// Pause makes the server hang: it takes connections and answers nothing, until Resume.
func (s *Server) Pause() { s.signal(syscall.SIGSTOP) }

// Resume ends a Pause.
func (s *Server) Resume() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig syscall.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatalf("signal redis-server: %v", err)
	}
}

// Restart starts the server again on the same port and data.
func (s *Server) Restart() {
	s.t.Helper()
	s.Kill()
	if err := s.run(); err != nil {
		s.t.Fatalf("restart redis-server: %v", err)
	}
}

// Backup copies the server's data as they are now, and returns the folder.
func (s *Server) Backup() string {
	s.t.Helper()
	dir := s.t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, aofDir), os.DirFS(filepath.Join(s.dir, aofDir))); err != nil {
		s.t.Fatalf("back up redis-server: %v", err)
	}
	return dir
}

// Rewind kills the server and starts it with the data of a backup: all later writes are lost.
func (s *Server) Rewind(backup string) {
	s.t.Helper()
	s.Kill()
	for _, err := range []error{
		os.RemoveAll(filepath.Join(s.dir, aofDir)),
		os.CopyFS(filepath.Join(s.dir, aofDir), os.DirFS(filepath.Join(backup, aofDir))),
	} {
		if err != nil {
			s.t.Fatalf("rewind redis-server: %v", err)
		}
	}
	s.Restart()
}

// aofDir is where Redis keeps its append-only file.
const aofDir = "appendonlydir"

func (s *Server) run() error {
	host, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		return err
	}
	args := append([]string{
		"--bind", host, "--port", port, "--dir", s.dir, "--save", "",
		"--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction",
		"--logfile", filepath.Join(s.dir, "redis.log"),
	}, s.args...)
	cmd := exec.Command("redis-server", args...)
	cmd.Env = append(os.Environ(), s.env...)
	if err := cmd.Start(); err != nil {
		return err
	}
	s.cmd = cmd
	return s.ready()
}

// ready waits until the server answers, loaded data included.
func (s *Server) ready() error {
	probe := redis.NewClient(&redis.Options{Addr: s.Addr, MaxRetries: -1})
	defer func() { _ = probe.Close() }()
	deadline := time.Now().Add(10 * time.Second)
	for {
		err := probe.Ping(context.Background()).Err()
		if err == nil || redis.HasErrorPrefix(err, "NOAUTH") {
			return nil
		}
		if time.Now().After(deadline) {
			s.Kill()
			return fmt.Errorf("no answer on %s: %w", s.Addr, err)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func freeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
}
