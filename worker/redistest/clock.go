package redistest

import (
	_ "embed"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// clockSource is a library that replaces the clock of the server.
//
//go:embed testdata/clock.c
var clockSource []byte

// Stepping is a server whose clock can be set.
type Stepping struct {
	*Server
	clock string // file with the seconds that it is ahead
}

// StartStepping runs one. It needs gcc, as the race detector does.
func StartStepping(t testing.TB) *Stepping {
	t.Helper()
	dir := t.TempDir()
	source, library := filepath.Join(dir, "clock.c"), filepath.Join(dir, "clock.so")
	if err := os.WriteFile(source, clockSource, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("gcc", "-shared", "-fPIC", "-o", library, source).CombinedOutput(); err != nil {
		t.Fatalf("compile a clock: %v\n%s", err, out)
	}
	s := &Stepping{&Server{t: t, dir: t.TempDir()}, filepath.Join(dir, "ahead")}
	s.Step(0)
	s.env = []string{"LD_PRELOAD=" + library, "HERALD_CLOCK=" + s.clock}
	s.start()
	return s
}

// Step sets the server's clock so far ahead of the machine's, in whole seconds.
func (s *Stepping) Step(ahead time.Duration) {
	s.t.Helper()
	file, err := os.OpenFile(s.clock, os.O_CREATE|os.O_WRONLY, 0o600) // written in place: the server has it in memory
	if err == nil {
		_, err = file.WriteAt(binary.NativeEndian.AppendUint64(nil, uint64(ahead/time.Second)), 0)
	}
	if err == nil {
		err = file.Close()
	}
	if err != nil {
		s.t.Fatal(err)
	}
}
