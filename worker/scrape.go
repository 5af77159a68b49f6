package worker

import (
	"context"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/heraldsend/herald/worker/delivery"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/queue/recovery"
	"github.com/heraldsend/herald/worker/store/dead"
	"github.com/heraldsend/herald/worker/store/rate"
	"github.com/heraldsend/herald/worker/task"
)

// scrape asks Redis and the limiter for their numbers at every scrape.
type scrape struct {
	queue *queue.Client
	dead  *dead.Store
	lanes func() []rate.Lane
	store *recovery.Writable
}

// scrapeTimeout bounds the questions of one scrape to Redis. Asynq's own can't be bounded.
const scrapeTimeout = 5 * time.Second

var (
	depthDesc = prometheus.NewDesc("herald_queue_tasks", "Tasks in a queue, by state.", []string{"queue", "state"}, nil)
	ageDesc   = prometheus.NewDesc("herald_queue_latency_seconds", "Age of the oldest task that waits in a queue.", []string{"queue"}, nil)
	deadDesc  = prometheus.NewDesc("herald_dead_letters", "Dead letters, by kind of task: `herald dead list`.", []string{"kind"}, nil)
	upDesc    = prometheus.NewDesc("herald_redis_up", "1 when Redis answered this scrape and takes writes, else 0.", nil, nil)
	limitDesc = prometheus.NewDesc("herald_lane_limit", "Messages a second that a channel may start, all workers together, as configured; 0 is no limit.",
		[]string{"channel"}, nil)
	forceDesc = prometheus.NewDesc("herald_lane_limit_in_force", "That limit after the provider pushed back; below herald_lane_limit, or other than 0 where there is none: the channel is slowed.",
		[]string{"channel"}, nil)
	waitDesc = prometheus.NewDesc("herald_lane_waiting", "Messages of this worker that wait for their turn: for the channel's rate, or (bulk) for that of their bulk.",
		[]string{"lane"}, nil)
)

// Describe implements prometheus.Collector.
func (s scrape) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{depthDesc, ageDesc, deadDesc, upDesc, limitDesc, forceDesc, waitDesc} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (s scrape) Collect(ch chan<- prometheus.Metric) {
	s.collectLanes(ch)
	up := 1.0
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	if s.store.Check(ctx) != nil || s.collectQueues(ch) != nil || s.collectDead(ch) != nil {
		up = 0
	}
	ch <- value(upDesc, up)
}

func value(d *prometheus.Desc, value float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
}

func (s scrape) collectQueues(ch chan<- prometheus.Metric) error {
	queues, err := s.queue.Stats()
	if err != nil {
		return err
	}
	for _, q := range queues {
		for state, n := range map[string]int{
			"pending": q.Pending, "active": q.Active, "scheduled": q.Scheduled, "retry": q.Retried, "archived": q.Archived,
		} {
			ch <- value(depthDesc, float64(n), q.Queue, state)
		}
		ch <- value(ageDesc, q.Latency.Seconds(), q.Queue)
	}
	return nil
}

func (s scrape) collectDead(ch chan<- prometheus.Metric) error {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	counts, err := s.dead.Count(ctx)
	if err != nil {
		return err
	}
	byLabel := map[string]int{}
	for _, kind := range task.Kinds() {
		byLabel[kind] = 0 // so that a rise from zero is seen
	}
	for kind, n := range counts {
		byLabel[kindLabel(kind)] += n
	}
	for label, n := range byLabel {
		ch <- value(deadDesc, float64(n), label)
	}
	return nil
}

func (s scrape) collectLanes(ch chan<- prometheus.Metric) {
	waiting := map[string]int{}
	for _, l := range s.lanes() {
		channel, ok := strings.CutPrefix(l.Name, delivery.ChannelLane(""))
		if !ok {
			waiting["bulk"] += l.Waiting
			continue
		}
		waiting[channel] += l.Waiting
		ch <- value(limitDesc, l.PerSecond, channel)
		ch <- value(forceDesc, l.InForce, channel)
	}
	for name, n := range waiting {
		ch <- value(waitDesc, float64(n), name)
	}
}
