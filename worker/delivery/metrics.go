package delivery

import (
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/store/suppress"
)

// Metrics are the numbers of messages. No label ever names a recipient, a bulk or a template.
type Metrics struct {
	sends       *prometheus.CounterVec
	sendTime    *prometheus.HistogramVec
	quarantined prometheus.Counter
	reasons     reasonLabels
	// Count, if set, is called with the messages that were sent or failed, for the numbers on the operations page.
	Count func(lane string, sent, failed int)
}

// NewMetrics registers them.
func NewMetrics(r prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		sends: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "herald_sends_total", Help: "Tries at recipients, by outcome (sent, failed, suppressed, skipped, unknown, again) and reason code; other: an operator's own reason on the suppression list, or a code beyond 200.",
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

// reasonLabels keeps the values of the label "reason" few: people choose the reasons of the suppression list, and other
// sides the numbers in their answers.
type reasonLabels struct {
	mu   sync.Mutex
	seen map[string]bool
}

const (
	mostReasons = 200
	otherReason = "other"
)

func (l *reasonLabels) label(out *Outcome) string {
	code := out.Reason.Code
	if out.State == ledger.Suppressed && !slices.Contains(suppress.OwnReasons, code) {
		return otherReason
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.seen[code] {
		if len(l.seen) >= mostReasons {
			return otherReason
		}
		if l.seen == nil {
			l.seen = map[string]bool{}
		}
		l.seen[code] = true
	}
	return code
}

func (m *Metrics) sendTook(c message.Channel, took time.Duration) {
	m.sendTime.WithLabelValues(string(c)).Observe(took.Seconds())
}

func (m *Metrics) outcome(c message.Channel, out *Outcome) {
	name := out.State.String()
	if out.Again != nil {
		name = "again"
	}
	m.sends.WithLabelValues(string(c), name, m.reasons.label(out)).Inc()
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
