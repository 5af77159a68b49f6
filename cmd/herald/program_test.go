package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// tests removes the program that they made when they have ended.
type tests struct{ *testing.M }

func (m tests) Run() int {
	defer func() {
		if programDir != "" {
			_ = os.RemoveAll(programDir)
		}
	}()
	return m.M.Run()
}

var programDir string // made by the first who asks for the program

var build = sync.OnceValues(func() (out []byte, err error) {
	if programDir, err = os.MkdirTemp("", "herald-test-"); err != nil {
		return nil, err
	}
	return exec.Command("go", "build", "-o", filepath.Join(programDir, "herald"), ".").CombinedOutput()
})

// builtProgram is herald as people run it, which doesn't look for races as the test binary may.
func builtProgram(t testing.TB) string {
	t.Helper()
	if out, err := build(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return filepath.Join(programDir, "herald")
}
