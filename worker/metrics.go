package worker

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/queue/recovery"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/store/rate"
)

// metrics are what operators watch. No label ever names a recipient, a bulk or a template. What is only known by asking
// Redis is in scrape.go.
type metrics struct {
	tasks    *prometheus.CounterVec
	taskTime *prometheus.HistogramVec
	sends    *prometheus.CounterVec
	sendTime *prometheus.HistogramVec

	commitMarks  prometheus.Histogram
	commitTime   prometheus.Histogram
	commitFailed prometheus.Counter

	recovery *recovery.Metrics
	careful  prometheus.Counter

	bulks      *prometheus.GaugeVec
	recipients *prometheus.GaugeVec
	stalled    prometheus.Gauge
	progress   map[string]progress // the reconciler's own, by bulk

	meter *rate.Meter // numbers for people; nil in tests
}

// progress is how a bulk stood when it last changed.
type progress struct {
	bulk.Status
	since time.Time
}

func newMetrics(r prometheus.Registerer) (*metrics, error) {
	counters := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	gauges := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
	}
	histogram := func(name, help string, buckets []float64) prometheus.HistogramOpts {
		return prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}
	}
	seconds := prometheus.ExponentialBuckets(0.0005, 2, 16)
	m := &metrics{
		tasks: counters("herald_tasks_total", "Runs of tasks, by outcome: done, again, interrupted, not_understood, dropped (now a dead letter).",
			"kind", "outcome"),
		taskTime: prometheus.NewHistogramVec(histogram("herald_task_seconds", "Time of one run of a task.",
			prometheus.ExponentialBuckets(0.001, 4, 10)), []string{"kind"}),
		sends: counters("herald_sends_total", "Tries at recipients, by outcome (sent, failed, suppressed, skipped, unknown, again) and reason code.",
			"channel", "outcome", "reason"),
		sendTime: prometheus.NewHistogramVec(histogram("herald_send_seconds", "Time that a channel took to accept or refuse one message.", seconds),
			[]string{"channel"}),
		commitMarks: prometheus.NewHistogram(histogram("herald_commit_marks", "Marks that one group commit of the ledger carried.",
			prometheus.ExponentialBuckets(1, 2, 12))),
		commitTime: prometheus.NewHistogram(histogram("herald_commit_seconds", "Time of one group commit of the ledger.", seconds)),
		commitFailed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "herald_commit_failures_total", Help: "Group commits that Redis refused, at least in part. They are tried again, and sending waits.",
		}),
		careful: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "herald_careful_runs_total", Help: "Runs of tasks over which workers died three times: one recipient at a time, to find out whose message it is.",
		}),
		bulks:      gauges("herald_bulks", "Bulks that are not over, by state. Every worker knows all: take the maximum.", "state"),
		recipients: gauges("herald_bulk_recipients", "Recipients of these bulks, by state. Every worker knows all: take the maximum.", "state"),
		stalled: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "herald_bulk_stalled_seconds", Help: "For how long the books of a running bulk have not changed, of the one that is stuck longest. Alert beyond what your rates, local send times and pauses between tries explain.",
		}),
		progress: map[string]progress{},
	}
	var err error
	m.recovery, err = recovery.NewMetrics(r)
	errs := []error{err}
	for _, c := range []prometheus.Collector{
		m.tasks, m.taskTime, m.sends, m.sendTime, m.commitMarks, m.commitTime, m.commitFailed, m.careful,
		m.bulks, m.recipients, m.stalled,
	} {
		errs = append(errs, r.Register(c))
	}
	return m, errors.Join(errs...)
}

func (m *metrics) task(kind, outcome string, took time.Duration) {
	m.tasks.WithLabelValues(kind, outcome).Inc()
	m.taskTime.WithLabelValues(kind).Observe(took.Seconds())
}

func (m *metrics) sendTook(c message.Channel, took time.Duration) {
	m.sendTime.WithLabelValues(string(c)).Observe(took.Seconds())
}

func (m *metrics) sent(c message.Channel, out *outcome) {
	name := out.state.String()
	if out.again != nil {
		name = "again"
	}
	m.sends.WithLabelValues(string(c), name, out.reason.Code).Inc()
	if m.meter == nil || out.again != nil {
		return
	}
	switch out.state {
	case ledger.Sent:
		m.meter.Count(string(c), 1, 0)
	case ledger.Failed:
		m.meter.Count(string(c), 0, 1)
	default:
	}
}

func (m *metrics) commit(b ledger.Batch) {
	m.commitMarks.Observe(float64(b.Marks))
	m.commitTime.Observe(b.Took.Seconds())
	if b.Failed {
		m.commitFailed.Inc()
	}
}

// books takes in how the bulks stand that are not over.
func (m *metrics) books(bulks map[string]look, now time.Time) {
	m.bulks.Reset()
	stalled := time.Duration(0)
	states := map[string]int{}
	for id, l := range bulks {
		s := l.status
		m.bulks.WithLabelValues(string(s.State)).Inc()
		states["pending"] += s.Pending
		states["sent"] += s.Sent
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
		if _, ok := bulks[id]; !ok {
			delete(m.progress, id)
		}
	}
	m.recipients.Reset()
	for state, n := range states {
		m.recipients.WithLabelValues(state).Set(float64(n))
	}
	m.stalled.Set(stalled.Seconds())
}
