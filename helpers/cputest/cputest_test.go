package cputest

import (
	"runtime"
	"testing"
	"time"
)

// Waiting costs nothing; work does.
func TestSpent(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("other systems tell the time on the clock")
	}
	if d := Spent(func() { time.Sleep(300 * time.Millisecond) }); d > 200*time.Millisecond {
		t.Errorf("waiting cost %v", d)
	}
	n := 0
	if d := Spent(func() {
		for i := range 200_000_000 {
			n += i * n
		}
	}); d < 10*time.Millisecond {
		t.Errorf("work cost %v", d)
	}
}
