package handlebars

import (
	"syscall"
	"time"
)

// cpuTime is the processor time that this process has used: what a test measures
// where other work on the machine mustn't count.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
