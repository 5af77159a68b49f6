package worker

import (
	"errors"
	"time"

	"github.com/hibiken/asynq"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/heraldsend/herald/worker/message"
)

// metrics are what operators watch. No label ever names a recipient, a bulk or a template.
type metrics struct {
	tasks    *prometheus.CounterVec
	taskTime *prometheus.HistogramVec
	sends    *prometheus.CounterVec
	sendTime *prometheus.HistogramVec
	// recovered counts what the reaper (lease, orphan) and the reconciler (chunk) brought back.
	recovered *prometheus.CounterVec
}

func newMetrics(r prometheus.Registerer, i *asynq.Inspector) (*metrics, error) {
	m := &metrics{
		tasks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "herald_tasks_total", Help: "Runs of tasks, by kind and outcome (done, again, interrupted, not_understood, dropped).",
		}, []string{"kind", "outcome"}),
		taskTime: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "herald_task_seconds", Help: "Time of one run of a task.",
			Buckets: prometheus.ExponentialBuckets(0.001, 4, 10),
		}, []string{"kind"}),
		sends: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "herald_sends_total", Help: "Tries at recipients, by channel, outcome (sent, failed, again, …) and reason code.",
		}, []string{"channel", "outcome", "reason"}),
		sendTime: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "herald_send_seconds", Help: "Time that a channel took to accept or refuse one message.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 16),
		}, []string{"channel"}),
		recovered: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "herald_recovered_total", Help: "Tasks brought back, by how they were lost: lease (the worker died), orphan (an answer got lost), chunk (no task at all).",
		}, []string{"cause"}),
	}
	var errs []error
	for _, c := range []prometheus.Collector{m.tasks, m.taskTime, m.sends, m.sendTime, m.recovered, queueDepth{i}} {
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
}

// queueDepth asks Redis at every scrape how many tasks wait.
type queueDepth struct{ inspector *asynq.Inspector }

var (
	depthDesc = prometheus.NewDesc("herald_queue_tasks", "Tasks in a queue, by state.", []string{"queue", "state"}, nil)
	ageDesc   = prometheus.NewDesc("herald_queue_latency_seconds", "Age of the oldest task that waits in a queue.", []string{"queue"}, nil)
	upDesc    = prometheus.NewDesc("herald_redis_up", "1 when Redis answered this scrape, else 0.", nil, nil)
)

// Describe implements prometheus.Collector.
func (q queueDepth) Describe(ch chan<- *prometheus.Desc) {
	ch <- depthDesc
	ch <- ageDesc
	ch <- upDesc
}

// Collect implements prometheus.Collector.
func (q queueDepth) Collect(ch chan<- prometheus.Metric) {
	names, err := q.inspector.Queues()
	up := 1.0
	for _, name := range names {
		var info *asynq.QueueInfo
		if info, err = q.inspector.GetQueueInfo(name); err != nil {
			break
		}
		for state, n := range map[string]int{
			"pending": info.Pending, "active": info.Active, "scheduled": info.Scheduled, "retry": info.Retry, "archived": info.Archived,
		} {
			ch <- prometheus.MustNewConstMetric(depthDesc, prometheus.GaugeValue, float64(n), name, state)
		}
		ch <- prometheus.MustNewConstMetric(ageDesc, prometheus.GaugeValue, info.Latency.Seconds(), name)
	}
	if err != nil {
		up = 0
	}
	ch <- prometheus.MustNewConstMetric(upDesc, prometheus.GaugeValue, up)
}
