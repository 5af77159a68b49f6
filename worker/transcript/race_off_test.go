//go:build !race

package transcript

// raceFactor is how much less the large tests do where the race detector slows them down.
const raceFactor = 1
