package recovery

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are the numbers of tasks that were lost.
type Metrics struct {
	recovered *prometheus.CounterVec
	unclaimed *prometheus.GaugeVec
	clock     prometheus.Gauge
}

// NewMetrics registers them.
func NewMetrics(r prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		recovered: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "herald_recovered_total",
			Help: "Tasks brought back, by how they were lost: lease (the worker died), orphan (an answer got lost), chunk, message or event (no task at all).",
		}, []string{"cause"}),
		unclaimed: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "herald_tasks_unclaimed",
			Help: "Active tasks that no worker seems to work on: silent (the lease was not renewed for 8 s), orphan (there is none). They come back within half a minute.",
		}, []string{"cause"}),
		clock: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "herald_clock_difference_seconds",
			Help: "By how much this machine's clock is ahead of that of Redis. Alert beyond 1 either way; from 5 on a worker refuses to start.",
		}),
	}
	return m, errors.Join(r.Register(m.recovered), r.Register(m.unclaimed), r.Register(m.clock))
}

// Recovered counts tasks that were brought back.
func (m *Metrics) Recovered(cause string, n int) { m.recovered.WithLabelValues(cause).Add(float64(n)) }
