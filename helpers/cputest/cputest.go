// Package cputest measures work in CPU time, so that a busy machine fails no test.
package cputest

import (
	"runtime"
	"syscall"
	"time"
)

// Used is the CPU time of this process so far, user and system, that of all goroutines and of the collector with them.
func Used() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // it knows of no other error than a wrong argument
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Spent is the CPU time of f, user and system, without what f leaves to other goroutines.
func Spent(f func()) time.Duration {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := thread()
	f()
	return thread() - before
}
