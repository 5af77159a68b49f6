//go:build race

package rendertest

// RaceFactor is how much slower the race detector may make a test.
const RaceFactor = 10
