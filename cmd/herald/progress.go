package main

import (
	"fmt"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/heraldsend/herald/worker/bulk"
)

// progress shows a bulk's way on a terminal, and nothing elsewhere.
type progress struct {
	std stdio
	bar *progressbar.ProgressBar
}

func newProgress(std stdio) *progress { return &progress{std: std} }

func (p *progress) update(s bulk.Status) {
	if !p.std.terminal() || s.Planned == 0 {
		return
	}
	if p.bar == nil {
		p.bar = progressbar.NewOptions(s.Planned,
			progressbar.OptionSetWriter(p.std.err), progressbar.OptionSetWidth(30), progressbar.OptionShowCount(),
			progressbar.OptionShowIts(), progressbar.OptionSetItsString("msg"), progressbar.OptionThrottle(50*time.Millisecond),
			progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(true))
	}
	p.bar.Describe(fmt.Sprintf("%d sent, %d failed", s.Sent, s.Failed))
	_ = p.bar.Set(s.Done())
}

func (p *progress) finish() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}
