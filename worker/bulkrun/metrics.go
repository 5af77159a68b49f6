package bulkrun

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/heraldsend/herald/worker/bulk"
)

// Metrics are the numbers of bulks that are not over.
type Metrics struct {
	states     *prometheus.GaugeVec
	recipients *prometheus.GaugeVec
	stalled    prometheus.Gauge
	progress   map[string]progress // the reconciler's own, by bulk
	// Recovered counts tasks that were brought back.
	Recovered func(cause string, n int)
}

// progress is the state of a bulk when it last changed.
type progress struct {
	bulk.Status
	since time.Time
}

// NewMetrics registers them. recovered counts tasks that were brought back.
func NewMetrics(r prometheus.Registerer, recovered func(cause string, n int)) (*Metrics, error) {
	m := &Metrics{
		states: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "herald_bulks", Help: "Bulks that are not over, by state. Every worker knows all: take the maximum.",
		}, []string{"state"}),
		recipients: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "herald_bulk_recipients", Help: "Recipients of these bulks, by state. Every worker knows all: take the maximum.",
		}, []string{"state"}),
		stalled: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "herald_bulk_stalled_seconds",
			Help: "How long the most stuck of the running bulks has made no progress. Alert beyond what your rates, local send times and pauses between tries explain.",
		}),
		progress: map[string]progress{}, Recovered: recovered,
	}
	return m, errors.Join(r.Register(m.states), r.Register(m.recipients), r.Register(m.stalled))
}

// bulks updates the numbers from what the reconciler saw.
func (m *Metrics) bulks(seen map[string]look, now time.Time) {
	m.states.Reset()
	stalled := time.Duration(0)
	states := map[string]int{}
	for id, l := range seen {
		s := l.status
		m.states.WithLabelValues(string(s.State)).Inc()
		states["pending"] += s.Pending
		states["sent"] += s.Sent
		states["done"] += s.Done
		states["failed"] += s.Failed
		states["suppressed"] += s.Suppressed
		states["skipped"] += s.Skipped
		states["unknown"] += s.Unknown
		if p, known := m.progress[id]; !known || p.Status != s || s.State != bulk.Running {
			m.progress[id] = progress{s, now}
		}
		stalled = max(stalled, now.Sub(m.progress[id].since))
	}
	for id := range m.progress {
		if _, ok := seen[id]; !ok {
			delete(m.progress, id)
		}
	}
	m.recipients.Reset()
	for state, n := range states {
		m.recipients.WithLabelValues(state).Set(float64(n))
	}
	m.stalled.Set(stalled.Seconds())
}
