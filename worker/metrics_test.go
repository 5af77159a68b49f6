package worker

import (
	"context"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/rate"
	"github.com/heraldsend/herald/worker/task"
)

// values are the values of counters and gauges, and of histograms their counts and sums, by name{labels}.
func values(t *testing.T, r *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetValue())
			}
			name := f.GetName() + "{" + strings.Join(labels, ",") + "}"
			switch {
			case m.GetCounter() != nil:
				out[name] = m.GetCounter().GetValue()
			case m.GetGauge() != nil:
				out[name] = m.GetGauge().GetValue()
			default:
				out[name+"count"] = float64(m.GetHistogram().GetSampleCount())
				out[name+"sum"] = m.GetHistogram().GetSampleSum()
			}
		}
	}
	return out
}

// What an operator sees of a bulk of which one recipient in ten is refused, beside a task that nobody can read.
func TestMetricsTellWhatHappened(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.out.answer = func(m *message.Message, _ int) error {
		if strings.HasSuffix(m.To[0].Addr, "7@example.com") {
			return &send.Error{Permanent: true, Code: "smtp_550"}
		}
		return nil
	}
	s.raw("poem.write", "broken", "{")
	registry := prometheus.NewRegistry()
	stop := s.worker(func(o *Options) {
		o.Metrics = registry
		o.Rates = map[string]float64{"email": 5000}
	})
	s.complete(s.bulk(bulk.Definition{Messages: []bulk.Part{{Content: task.Content{Shortcut: "hello"}}}}, 100))
	s.deadLetter("poem.write/broken")
	stop()
	got := values(t, registry)
	for name, want := range map[string]float64{
		"herald_sends_total{email,sent,}":           90,
		"herald_sends_total{email,failed,smtp_550}": 10,
		"herald_send_seconds{email}count":           100,
		"herald_commit_marks{}sum":                  100,
		"herald_commit_failures_total{}":            0,
		"herald_dead_letters{unknown}":              1,
		"herald_dead_letters{bulk.chunk}":           0,
		"herald_tasks_total{bulk.start,done}":       1,
		"herald_tasks_total{unknown,dropped}":       1,
		"herald_lane_limit{email}":                  5000,
		"herald_lane_limit_in_force{email}":         5000,
		"herald_lane_waiting{email}":                0,
		"herald_tasks_unclaimed{silent}":            0,
		"herald_redis_up{}":                         1,
	} {
		if value, ok := got[name]; !ok || value != want {
			t.Errorf("%s is %v (%t), want %v", name, value, ok, want)
		}
	}
	if d := got["herald_clock_difference_seconds{}"]; d == 0 || d < -1 || d > 1 {
		t.Errorf("clock difference %v", d)
	}
	// People see the same, of all workers.
	numbers, err := rate.NewMeter(s.rdb, nil).Numbers(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if n := numbers["email"]; n.Sent != 90 || n.Failed != 10 || n.Limit != 5000 || n.InForce != 5000 {
		t.Errorf("%+v", n)
	}
}
