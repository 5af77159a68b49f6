package main

import (
	"fmt"
	"math"
	"time"
)

// sample is how many messages the sink had taken at a time.
type sample struct {
	at    time.Time
	taken int
}

// follow samples the sink until it has taken n more messages than when it began.
func (b *bench) follow(n int) ([]sample, error) {
	var samples []sample
	for tick := time.NewTicker(50 * time.Millisecond); ; <-tick.C {
		taken, err := b.count()
		if err != nil {
			return nil, err
		}
		samples = append(samples, sample{time.Now(), taken})
		if taken-samples[0].taken >= n {
			return samples, nil
		}
		if time.Since(samples[0].at) > 20*time.Minute {
			return nil, fmt.Errorf("%d of %d messages arrived in 20 minutes", taken-samples[0].taken, n)
		}
	}
}

// steady cuts off what came before a share of all messages and after another: start and end of a bulk.
func steady(samples []sample, from, to float64) []sample {
	first, all := samples[0].taken, float64(samples[len(samples)-1].taken-samples[0].taken)
	var out []sample
	for _, s := range samples {
		if share := float64(s.taken-first) / all; share >= from && share <= to {
			out = append(out, s)
		}
	}
	return out
}

func rate(a, b sample) float64 { return float64(b.taken-a.taken) / b.at.Sub(a.at).Seconds() }

// run1 sends a bulk with so many workers and returns what the sink saw.
func (b *bench) run1(id string, recipients, workers int) ([]sample, error) {
	if _, err := b.enqueue(id, recipients, -1); err != nil {
		return nil, err
	}
	if err := b.startWorkers(workers); err != nil {
		return nil, err
	}
	samples, err := b.follow(recipients)
	if err != nil {
		return nil, err
	}
	_, err = b.stopWorkers()
	return samples, err
}

// scaling measures how the rate grows with the workers. The sink's delay and 16 messages at a time bound each worker, so
// that eight of them fit on two cores.
func (b *bench) scaling() error {
	b.concurrency, b.delay = 16, 20*time.Millisecond
	if err := b.prepare(); err != nil {
		return err
	}
	fmt.Printf("replies after %s, %d messages at a time a worker\n\n", b.delay, b.concurrency)
	one := 0.0
	for _, workers := range []int{1, 2, 4, 8} {
		samples, err := b.run1(fmt.Sprint("scaling-", workers), 6000*workers, workers)
		if err != nil {
			return err
		}
		s := steady(samples, 0.1, 0.8)
		r := rate(s[0], s[len(s)-1])
		if workers == 1 {
			one = r
		}
		fmt.Printf("%d workers: %6.0f messages/s, efficiency %.2f\n", workers, r, r/one/float64(workers))
	}
	return nil
}

// limited measures a rate that eight workers keep together.
func (b *bench) limited(limit float64) error {
	b.concurrency, b.delay = 16, 5*time.Millisecond
	const workers = 8
	if err := b.prepare(); err != nil {
		return err
	}
	b.env = append(b.env, fmt.Sprintf("HERALD_RATES=email=%g", limit))
	samples, err := b.run1("limited", int(limit*30), workers)
	if err != nil {
		return err
	}
	s := steady(samples, 0.1, 0.95)
	r := rate(s[0], s[len(s)-1])
	worst := 0.0 // of any second
	for i, j := 0, 0; ; i++ {
		for j < len(s) && s[j].at.Sub(s[i].at) < time.Second {
			j++
		}
		if j == len(s) {
			break
		}
		if d := rate(s[i], s[j])/limit - 1; math.Abs(d) > math.Abs(worst) {
			worst = d
		}
	}
	off := r/limit - 1
	fmt.Printf("limit %.0f a second, %d workers × %d: %.1f a second over %s, %+.2f %%; the worst second %+.2f %%\n",
		limit, workers, b.concurrency, r, s[len(s)-1].at.Sub(s[0].at).Round(100*time.Millisecond), off*100, worst*100)
	if math.Abs(off) > 0.02 {
		return fmt.Errorf("the limit is missed by %.2f %%", off*100)
	}
	return nil
}
