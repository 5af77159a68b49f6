package main

import (
	"fmt"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/heraldsend/herald/worker/bulk"
)

// progress shows a bulk's way on a terminal, and nothing elsewhere.
type progress struct {
	std     stdio
	bar     *progressbar.ProgressBar
	started time.Time
	before  int // done when it started
}

func newProgress(std stdio) *progress { return &progress{std: std} }

// stored shows how many recipients of an audience are in Redis.
func (p *progress) stored(recipients int) {
	if p.std.terminal() {
		fmt.Fprintf(p.std.err, "\r%d recipients stored ", recipients)
	}
}

// storedAll clears what stored showed.
func (p *progress) storedAll() {
	if p.std.terminal() {
		fmt.Fprint(p.std.err, "\r\x1b[K")
	}
}

func (p *progress) update(s bulk.Status) {
	if !p.std.terminal() || s.Planned == 0 {
		return
	}
	if p.bar == nil {
		p.started, p.before = time.Now(), s.Settled()
		p.bar = progressbar.NewOptions(s.Planned,
			progressbar.OptionSetWriter(p.std.err), progressbar.OptionSetWidth(30), progressbar.OptionShowCount(),
			progressbar.OptionSetElapsedTime(false), progressbar.OptionSetPredictTime(true), progressbar.OptionClearOnFinish())
	}
	p.bar.Describe(fmt.Sprintf("%d sent, %d failed, %.0f/s", s.Sent, s.Failed, float64(s.Settled()-p.before)/time.Since(p.started).Seconds()))
	_ = p.bar.Set(s.Settled())
}

func (p *progress) finish() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}
