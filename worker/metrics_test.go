package worker

import (
	"context"
	"strings"
	"testing"
	"time"

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

// A running bulk whose books don't change is told apart from one that is paused or goes on.
func TestStalledBulks(t *testing.T) {
	registry := prometheus.NewRegistry()
	m, err := newMetrics(registry)
	if err != nil {
		t.Fatal(err)
	}
	running := func(sent int) look {
		return look{status: bulk.Status{State: bulk.Running, Planned: 10, Pending: 10 - sent, Sent: sent}}
	}
	now := time.Now()
	round := func(wantStalled time.Duration, bulks map[string]look) map[string]float64 {
		t.Helper()
		now = now.Add(10 * time.Second)
		m.books(bulks, now)
		got := values(t, registry)
		if got["herald_bulk_stalled_seconds{}"] != wantStalled.Seconds() {
			t.Errorf("stalled for %v s, want %s", got["herald_bulk_stalled_seconds{}"], wantStalled)
		}
		return got
	}
	paused := running(3)
	paused.status.State = bulk.Pausing
	round(0, map[string]look{"a": running(1), "b": running(1), "c": paused})
	round(10*time.Second, map[string]look{"a": running(1), "b": running(2), "c": paused})
	got := round(20*time.Second, map[string]look{"a": running(1), "b": running(3), "c": paused})
	if got["herald_bulks{running}"] != 2 || got["herald_bulks{paused}"] != 1 || got["herald_bulk_recipients{pending}"] != 9+7+7 || got["herald_bulk_recipients{sent}"] != 7 {
		t.Errorf("%v", got)
	}
	round(0, map[string]look{"a": running(2), "b": running(4)})
	if got := round(0, nil); got["herald_bulks{running}"] != 0 || got["herald_bulk_recipients{sent}"] != 0 {
		t.Errorf("%v", got)
	}
}
