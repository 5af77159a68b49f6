// Package cputest measures work in CPU time, so that a busy machine fails no test.
package cputest

import (
	"runtime"
	"time"
)

// Spent is the CPU time of f, user and system, without what f leaves to other goroutines.
func Spent(f func()) time.Duration {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := thread()
	f()
	return thread() - before
}
