package bulkrun

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/heraldsend/herald/worker/bulk"
)

// A running bulk whose records don't change is told apart from one that is paused or goes on.
func TestStalledBulks(t *testing.T) {
	registry := prometheus.NewRegistry()
	m, err := NewMetrics(registry, nil)
	if err != nil {
		t.Fatal(err)
	}
	values := func() map[string]float64 {
		t.Helper()
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		all := map[string]float64{}
		for _, f := range families {
			for _, metric := range f.GetMetric() {
				name := f.GetName()
				for _, l := range metric.GetLabel() {
					name += " " + l.GetValue()
				}
				all[name] = metric.GetGauge().GetValue()
			}
		}
		return all
	}
	running := func(sent int) look {
		return look{status: bulk.Status{State: bulk.Running, Planned: 10, Pending: 10 - sent, Sent: sent}}
	}
	now := time.Now()
	round := func(wantStalled time.Duration, bulks map[string]look) {
		t.Helper()
		now = now.Add(10 * time.Second)
		m.bulks(bulks, now)
		if got := values()["herald_bulk_stalled_seconds"]; got != wantStalled.Seconds() {
			t.Errorf("stalled for %v s, want %s", got, wantStalled)
		}
	}
	want := func(running, paused, pending, sent float64) {
		t.Helper()
		got := values()
		for name, n := range map[string]float64{
			"herald_bulks running": running, "herald_bulks paused": paused, "herald_bulk_recipients pending": pending, "herald_bulk_recipients sent": sent,
		} {
			if got[name] != n {
				t.Errorf("%s: %v, want %v", name, got[name], n)
			}
		}
	}
	paused := running(3)
	paused.status.State = bulk.Pausing
	round(0, map[string]look{"a": running(1), "b": running(1), "c": paused})
	round(10*time.Second, map[string]look{"a": running(1), "b": running(2), "c": paused})
	round(20*time.Second, map[string]look{"a": running(1), "b": running(3), "c": paused})
	want(2, 1, 9+7+7, 7)
	round(0, map[string]look{"a": running(2), "b": running(4)})
	round(0, nil)
	want(0, 0, 0, 0)
}
