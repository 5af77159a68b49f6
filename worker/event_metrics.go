package worker

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/heraldsend/herald/worker/outbox"
)

// eventMetrics show whether the endpoint takes its events.
type eventMetrics struct {
	tries  *prometheus.CounterVec
	warned atomic.Int64 // when the log last called for an operator, Unix seconds
}

// warnEvery is how often the log says that the endpoint is dead. Without it, thousands of streams would each say so.
const warnEvery = time.Minute

// mayWarn reports true at most once in warnEvery.
func (m *eventMetrics) mayWarn() bool {
	last, now := m.warned.Load(), time.Now().Unix()
	return now-last >= int64(warnEvery.Seconds()) && m.warned.CompareAndSwap(last, now)
}

func newEventMetrics(r prometheus.Registerer, s *outbox.Store) (*eventMetrics, error) {
	m := &eventMetrics{tries: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "herald_events_total", Help: "Events that the endpoint took (delivered), tries that failed (again), events given up after a day (dead).",
	}, []string{"outcome"})}
	for _, outcome := range []string{"delivered", "again", "dead"} {
		m.tries.WithLabelValues(outcome) // an alert needs a zero where nothing has happened yet
	}
	return m, errors.Join(r.Register(m.tries), r.Register(eventAge{s}))
}

func (m *eventMetrics) count(outcome string) { m.tries.WithLabelValues(outcome).Inc() }

// eventAge asks Redis at every scrape how long events wait.
type eventAge struct{ store *outbox.Store }

var (
	eventStreamsDesc = prometheus.NewDesc("herald_event_streams", "Streams (conversations, bulks, messages) in which events wait for the endpoint.", nil, nil)
	eventOldestDesc  = prometheus.NewDesc("herald_event_oldest_seconds", "Age of the oldest event that the endpoint has not taken. Over 900: the endpoint is dead.", nil, nil)
)

// Describe implements prometheus.Collector.
func (e eventAge) Describe(ch chan<- *prometheus.Desc) {
	ch <- eventStreamsDesc
	ch <- eventOldestDesc
}

// Collect implements prometheus.Collector. If Redis is away, herald_redis_up says so.
func (e eventAge) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	stats, err := e.store.Stats(ctx)
	if err != nil {
		return
	}
	age := 0.0
	if !stats.Oldest.IsZero() {
		age = max(0, time.Since(stats.Oldest).Seconds())
	}
	ch <- prometheus.MustNewConstMetric(eventStreamsDesc, prometheus.GaugeValue, float64(stats.Streams))
	ch <- prometheus.MustNewConstMetric(eventOldestDesc, prometheus.GaugeValue, age)
}
