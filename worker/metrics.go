package worker

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/heraldsend/herald/worker/store/ledger"
)

// metrics are the numbers of tasks and of the ledger. No label ever names a recipient, a bulk or a template. Numbers
// that only Redis knows are in scrape.go.
type metrics struct {
	tasks    *prometheus.CounterVec
	taskTime *prometheus.HistogramVec

	commitMarks  prometheus.Histogram
	commitTime   prometheus.Histogram
	commitFailed prometheus.Counter
}

func newMetrics(r prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		tasks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "herald_tasks_total", Help: "Runs of tasks, by outcome: done, again, interrupted, not_understood, dropped (now a dead letter).",
		}, []string{"kind", "outcome"}),
		taskTime: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "herald_task_seconds", Help: "Time of one run of a task.", Buckets: prometheus.ExponentialBuckets(0.001, 4, 10),
		}, []string{"kind"}),
		commitMarks: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "herald_commit_marks", Help: "Marks that one group commit of the ledger carried.", Buckets: prometheus.ExponentialBuckets(1, 2, 12),
		}),
		commitTime: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "herald_commit_seconds", Help: "Time of one group commit of the ledger.", Buckets: prometheus.ExponentialBuckets(0.0005, 2, 16),
		}),
		commitFailed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "herald_commit_failures_total", Help: "Group commits that Redis refused, at least in part, or that its replicas lacked at first. They are tried again, and sending waits.",
		}),
	}
	var errs []error
	for _, c := range []prometheus.Collector{m.tasks, m.taskTime, m.commitMarks, m.commitTime, m.commitFailed} {
		errs = append(errs, r.Register(c))
	}
	return m, errors.Join(errs...)
}

func (m *metrics) task(kind, outcome string, took time.Duration) {
	m.tasks.WithLabelValues(kind, outcome).Inc()
	m.taskTime.WithLabelValues(kind).Observe(took.Seconds())
}

func (m *metrics) commit(b ledger.Batch) {
	m.commitMarks.Observe(float64(b.Marks))
	m.commitTime.Observe(b.Took.Seconds())
	if b.Failed {
		m.commitFailed.Inc()
	}
}
