package fleet

import (
	"maps"
	"slices"
)

// Rates are the limits that hold for all workers: those that were set for all or, where none were, of each channel and sender the
// lowest that a living worker was started with. So the account is safe however the workers differ.
func Rates(agreed Agreed, own map[string]float64, workers []Worker) map[string]float64 {
	if agreed.Set {
		return agreed.Rates
	}
	lowest := map[string]float64{}
	note := func(rates map[string]float64) {
		for lane, rate := range rates {
			if rate > 0 && (lowest[lane] == 0 || rate < lowest[lane]) {
				lowest[lane] = rate
			}
		}
	}
	note(own)
	for _, w := range workers {
		note(w.Rates)
	}
	return lowest
}

// Differing are the settings in which a worker differs from others, sorted. What an older worker doesn't tell is left out, and so
// are rates where they were set for all.
func Differing(agreed Agreed, self Worker, workers []Worker) []string {
	differ := map[string]bool{}
	for _, w := range workers {
		for name, value := range w.Settings {
			if own, known := self.Settings[name]; known && own != value {
				differ[name] = true
			}
		}
		if !agreed.Set && w.Settings != nil && self.Settings != nil && !maps.Equal(w.Rates, self.Rates) {
			differ["HERALD_RATES"] = true
		}
	}
	return slices.Sorted(maps.Keys(differ))
}
