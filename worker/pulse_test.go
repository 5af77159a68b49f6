package worker

import (
	"testing"
	"time"
)

// A process that stood still knows it at once, whoever looks first, and once.
func TestPulse(t *testing.T) {
	t.Parallel()
	var p pulse
	now := time.Now()
	if p.count(now) != 0 {
		t.Error("it stood still before it began")
	}
	for range 5 {
		p.beat(now)
		now = now.Add(pulseEvery)
	}
	if got := p.count(now.Add(frozenAfter / 2)); got != 0 {
		t.Errorf("%d, and all is well", got)
	}
	now = now.Add(frozenAfter + time.Second)
	if got := p.count(now); got != 1 {
		t.Errorf("a run that looks first sees %d", got)
	}
	p.beat(now)
	if got := p.count(now); got != 1 {
		t.Errorf("after the next beat it is %d", got)
	}
	now = now.Add(2 * frozenAfter)
	if got := p.count(now); got != 2 {
		t.Errorf("the second time it is %d", got)
	}
}
