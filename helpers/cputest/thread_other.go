//go:build !linux

package cputest

import "time"

var start = time.Now()

// thread is the time on the clock: other systems don't tell that of one thread.
func thread() time.Duration { return time.Since(start) }
