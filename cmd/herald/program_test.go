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

// shortCommands is a folder whose "herald" is the test binary for the commands that run long, and else the program as it is
// built: looking for races makes each start four times as slow, and most commands of the stories do one thing after another.
func shortCommands(t *testing.T) string {
	t.Helper()
	binary := builtProgram(t)
	races, err := exec.LookPath("herald") // testscript has put it in the way
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	script := "#!/bin/sh\ncase $1 in\nworker | serve | demo) exec " + races + " \"$@\" ;;\n*) exec " + binary + " \"$@\" ;;\nesac\n"
	if err := os.WriteFile(filepath.Join(dir, "herald"), []byte(script), 0o700); err != nil { //nolint:gosec // it is run
		t.Fatal(err)
	}
	return dir
}
