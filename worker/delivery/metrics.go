package delivery

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/ledger"
)

// Metrics are the numbers of messages. No label ever names a recipient, a bulk or a template.
type Metrics struct {
	sends       *prometheus.CounterVec
	sendTime    *prometheus.HistogramVec
	quarantined prometheus.Counter
	// Count, if set, is called with the messages that were sent or failed, for the numbers on the operations page.
	Count func(lane string, sent, failed int)
}

// NewMetrics registers them.
func NewMetrics(r prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		sends: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "herald_sends_total", Help: "Tries at recipients, by outcome (sent, failed, suppressed, skipped, unknown, again) and reason code.",
		}, []string{"channel", "outcome", "reason"}),
		sendTime: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "herald_send_seconds", Help: "Time that a channel took to accept or refuse one message.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 16),
		}, []string{"channel"}),
		quarantined: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "herald_quarantine_runs_total",
			Help: "Runs of tasks over which workers died three times. Such a run sends one message at a time, to find out which one it is.",
		}),
	}
	return m, errors.Join(r.Register(m.sends), r.Register(m.sendTime), r.Register(m.quarantined))
}

func (m *Metrics) sendTook(c message.Channel, took time.Duration) {
	m.sendTime.WithLabelValues(string(c)).Observe(took.Seconds())
}

func (m *Metrics) outcome(c message.Channel, out *Outcome) {
	name := out.State.String()
	if out.Again != nil {
		name = "again"
	}
	m.sends.WithLabelValues(string(c), name, out.Reason.Code).Inc()
	if m.Count == nil || out.Again != nil {
		return
	}
	switch out.State {
	case ledger.Sent:
		m.Count(string(c), 1, 0)
	case ledger.Failed:
		m.Count(string(c), 0, 1)
	default:
	}
}
