// Package worker consumes the queue. It is a server with one handler for each kind of task. Package delivery sends a
// message; package bulkrun runs a bulk. One adapter (mux.go) decodes tasks, measures, logs, and turns the result of a
// run into what the queue understands.
//
// Any number of workers may run on one Redis. A worker may be killed at any time: another one takes up what it had
// not recorded, by the rules of package ledger.
package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/bulkrun"
	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/delivery"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/outbox"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/queue/recovery"
	"github.com/heraldsend/herald/worker/store/blob"
	"github.com/heraldsend/herald/worker/store/dead"
	"github.com/heraldsend/herald/worker/store/fleet"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/store/rate"
)

// Limiter keeps the rates that all workers share: *rate.Limiter.
type Limiter interface {
	delivery.Limiter
	// Waiting is how many messages of this process wait for their turn on a lane.
	Waiting(lane string) int
}

// Options for New. Rules, Rates, Tests, OfTest, Events, Endpoint, Concurrency, PauseAbove, Guard, Unguarded, SafeAfter and DrainTimeout
// may be left out.
type Options struct {
	Redis         redis.UniversalClient
	Ledger        *ledger.Ledger
	Catalog       func() *catalog.Catalog // the current one, for messages without sources of their own
	Renderer      *render.Renderer
	Attachments   compose.Attachments
	compose.Rules // the rules of messages; Rules.Events follows from Events below
	Senders       map[message.Channel]delivery.Sender
	Tests         delivery.Tests // stands in for all of them where a message is a test; nil: tests wait for another worker
	// OfTest records what comes back about a message of a test that was sent to an address; nothing does when nil.
	OfTest       func(ctx context.Context, id, to string) error
	Limiter      Limiter
	Suppressions delivery.Suppressions // asked before each message; takes those who must not be written to again
	Rates        map[string]float64    // messages a second by channel ("sms") or sender ("sms:+15550100"), all workers together; 0 is no limit. The lowest of all living workers holds
	// SharedSettings are fingerprints of the settings that should be the same for all workers, by name: who differs is told.
	SharedSettings map[string]string
	Events         *outbox.Store // stores events for callers; nil: there are none
	Endpoint       Endpoint      // takes the events; needed with Events
	Log            *slog.Logger
	Metrics        prometheus.Registerer
	// Concurrency is how many bulk messages are sent at the same time. Single messages have a quarter of that
	// besides, so that no bulk can hold them up. 16 when zero.
	Concurrency int
	// PauseAbove is how many percent of a bulk's last 500 messages may fail. Above it the bulk pauses by itself. Never when 0.
	PauseAbove float64
	// Approve is how many persons must have approved a bulk of more than ApproveAbove messages before it is sent.
	Approve, ApproveAbove int
	// Guard watches Redis, and Unguarded is a client of the same Redis that it does not watch; both or none. With them a worker
	// notices before it sends that another Redis answers, and puts back what that has lost.
	Guard     *fleet.Guard
	Unguarded redis.UniversalClient
	// SafeAfter is how old the last sign of life of a worker in Redis may be. Data that are older are those of a backup: the fleet
	// enters safe mode. Never when 0.
	SafeAfter time.Duration
	// DrainTimeout is how long Run waits for messages in flight after its context ended. 30 s when zero.
	DrainTimeout time.Duration
}

// check reports all required options that are missing, and sets the defaults.
func (o *Options) check() error {
	var errs []error
	for name, missing := range map[string]bool{
		"Redis": o.Redis == nil, "Ledger": o.Ledger == nil, "Catalog": o.Catalog == nil, "Renderer": o.Renderer == nil,
		"Attachments": o.Attachments == nil, "Senders": len(o.Senders) == 0, "Limiter": o.Limiter == nil,
		"Suppressions": o.Suppressions == nil, "Log": o.Log == nil, "Metrics": o.Metrics == nil,
	} {
		if missing {
			errs = append(errs, fmt.Errorf("worker: %s is required", name))
		}
	}
	if (o.Guard == nil) != (o.Unguarded == nil) {
		errs = append(errs, errors.New("worker: Guard and Unguarded go together"))
	}
	if (o.Events == nil) != (o.Endpoint == nil) {
		errs = append(errs, errors.New("worker: Events and Endpoint go together"))
	}
	o.Rules.Events = o.Events != nil
	if o.Concurrency <= 0 {
		o.Concurrency = 16
	}
	if o.DrainTimeout <= 0 {
		o.DrainTimeout = 30 * time.Second
	}
	return errors.Join(errs...)
}

// Worker consumes the queue.
type Worker struct {
	log          *slog.Logger
	drainTimeout time.Duration
	servers      []*queue.Server
	keepers      []func(ctx context.Context) // run beside the servers until their context ends
	meter        *rate.Meter
	delivery     *delivery.Delivery
	drain        context.CancelFunc // no further message may be started
	gate         *queue.Gate
	pauser       *pauser
	reporter     *reporter
	pulse        pulse
}

// New checks the options and returns a worker that Run starts.
func New(o Options) (*Worker, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	draining, drain := context.WithCancel(context.Background())
	w := &Worker{log: o.Log, drainTimeout: o.DrainTimeout, drain: drain, gate: &queue.Gate{}}
	if o.Unguarded == nil {
		o.Unguarded, o.Guard = o.Redis, fleet.NewGuard()
	}
	w.pauser = &pauser{store: fleet.New(o.Unguarded), gate: w.gate, log: o.Log}
	recovered, err := recovery.NewMetrics(o.Metrics)
	if err != nil {
		return nil, err
	}
	deadLetters, client := dead.New(o.Redis), queue.New(o.Redis)
	tasks, err := newMetrics(o.Metrics)
	if err != nil {
		return nil, err
	}
	o.Ledger.Watch(tasks.commit)
	if err := o.Metrics.Register(scrape{client, deadLetters, o.Limiter.Lanes, recovery.NewWritable(o.Redis, queue.All())}); err != nil {
		return nil, err
	}
	m := &mux{
		dead: deadLetters, metrics: tasks, log: o.Log, routes: map[string]queue.Handler{}, closeBooks: (&abandoned{o.Ledger, o.Events}).close,
		watch: bulk.NewStore(o.Redis, o.Ledger).Watch,
	}
	if err := w.addSending(o, m, client, draining, recovered); err != nil {
		return nil, err
	}
	if o.Events != nil {
		p, err := newPublisher(o, deadLetters, draining, recovered)
		if err != nil {
			return nil, err
		}
		handle(m, p.handle)
		w.keepers = append(w.keepers, p.watch)
	} else {
		handle(m, noPublisher)
	}
	if err := w.addServers(o, m, recovered); err != nil {
		return nil, err
	}
	return w, nil
}

// Troubles are the channels whose last try failed at this worker for trouble of the account or a setting, and why.
func (w *Worker) Troubles() map[message.Channel]delivery.Trouble { return w.delivery.Troubles() }

// addSending adds the handlers of messages, forwards and bulks.
func (w *Worker) addSending(o Options, m *mux, client *queue.Client, draining context.Context, recovered *recovery.Metrics) error {
	blobs, bulks := blob.New(o.Redis), bulk.NewStore(o.Redis, o.Ledger)
	composer, err := compose.New(compose.Options{
		Catalog: o.Catalog, Renderer: o.Renderer, Attachments: o.Attachments, Blobs: blobs, Keep: bulk.SourceRetention(o.Ledger.Retention()), Rules: o.Rules, Log: o.Log,
	})
	if err != nil {
		return err
	}
	outcomes, err := delivery.NewMetrics(o.Metrics)
	if err != nil {
		return err
	}
	l := newLines(w.gate, o.Senders, o.Log, draining)
	d, err := delivery.New(delivery.Options{
		Ledger: o.Ledger, Composer: composer, Senders: o.Senders, Tests: o.Tests, Limiter: o.Limiter, Suppressions: o.Suppressions, Rates: o.Rates,
		Metrics: outcomes, Draining: draining, Answered: l.answered, Halted: w.pauser.halted, Era: func() int64 { return w.reporter.era.Load() + w.pulse.count(time.Now()) },
	})
	if err != nil {
		return err
	}
	w.delivery, l.told = d, d.Unreachable
	if err := o.Metrics.Register(w.pauser); err != nil {
		return err
	}
	if w.reporter, err = newReporter(o, w.gate, l, d.Troubles, w.pauser, d.SetRates); err != nil {
		return err
	}
	w.keepers = append(w.keepers, w.pauser.run, w.reporter.run, w.pulse.run)
	if err := o.Metrics.Register(d); err != nil {
		return err
	}
	w.meter = rate.NewMeter(o.Redis, d.Limits)
	outcomes.Count = w.meter.Count
	progress, err := bulkrun.NewMetrics(o.Metrics, recovered.Recovered)
	if err != nil {
		return err
	}
	runner, err := bulkrun.New(bulkrun.Options{
		Bulks: bulks, Ledger: o.Ledger, Queue: client, Composer: composer, Delivery: d, Waiting: o.Limiter.Waiting, Events: o.Events, OfTest: o.OfTest,
		Concurrency: o.Concurrency, PauseAbove: o.PauseAbove, Approve: o.Approve, ApproveAbove: o.ApproveAbove, Log: o.Log, Metrics: progress,
	})
	if err != nil {
		return err
	}
	forwards, err := newForwards(o, composer, d, blobs)
	if err != nil {
		return err
	}
	handle(m, (&messages{composer, d, o.Ledger, o.Events, o.OfTest}).handle)
	handle(m, forwards.handle)
	handle(m, runner.Start)
	handle(m, runner.Chunk)
	singles := &singles{o.Ledger, client, &abandoned{o.Ledger, o.Events}, o.Log.With("part", "reconciler"), recovered.Recovered}
	w.keepers = append(w.keepers, runner.Reconcile, singles.watch, singles.adoptAll)
	return nil
}

// addServers adds the servers that take tasks from the queues, and the keepers that bring back lost ones.
func (w *Worker) addServers(o Options, m *mux, recovered *recovery.Metrics) error {
	// Single messages have a server of their own. Asynq's strict priorities would starve the lower queue; with
	// weights, a message would still wait for the slot of a chunk.
	shares := []struct {
		queues      []string
		concurrency int
	}{
		{queue.Singles(), max(1, o.Concurrency/4)},
		{queue.Bulks(), min(bulkrun.ChunksAtOnce, o.Concurrency)},
	}
	if o.Endpoint != nil { // so that an endpoint that hangs holds up no message
		shares = append(shares, struct {
			queues      []string
			concurrency int
		}{[]string{queue.Events}, streamsAtOnce})
	}
	for _, share := range shares {
		s, err := queue.NewServer(queue.ServerOptions{
			Redis: o.Redis, Queues: share.queues, Concurrency: share.concurrency, DrainTimeout: o.DrainTimeout, Handler: m.serve, Gate: w.gate, Log: o.Log,
			Crashes: func(ctx context.Context, queue, id string) (int, error) {
				return recovery.Crashes(ctx, o.Redis, queue, id)
			},
		})
		if err != nil {
			return err
		}
		w.servers = append(w.servers, s)
	}
	reaper, err := recovery.New(recovery.Options{
		Redis: o.Redis, Queues: queue.All(), Log: o.Log.With("part", "reaper"), Metrics: recovered, Park: m.park,
	})
	if err != nil {
		return err
	}
	w.keepers = append(w.keepers, reaper.Run)
	return nil
}

// Run consumes until ctx ends. Then it lets messages in flight finish, hands the rest back to the queue and returns.
// It can be called once.
func (w *Worker) Run(ctx context.Context) error {
	if err := w.reporter.round(ctx); err != nil {
		return fmt.Errorf("start the worker: %w", err)
	}
	for _, s := range w.servers {
		if err := s.Start(); err != nil {
			return fmt.Errorf("start the worker: %w", err)
		}
	}
	// All workers look after those that died.
	var keepers sync.WaitGroup
	for _, keep := range w.keepers {
		keepers.Go(func() { keep(ctx) })
	}
	counting, stopCounting := context.WithCancel(context.WithoutCancel(ctx))
	var counters sync.WaitGroup
	counters.Go(func() { w.meter.Run(counting) })
	<-ctx.Done()
	keepers.Wait()
	w.log.Info("draining: finishing what is in flight", "timeout", w.drainTimeout)
	for _, s := range w.servers {
		s.Stop()
	}
	w.drain()
	var all sync.WaitGroup
	for _, s := range w.servers {
		all.Go(s.Shutdown)
	}
	all.Wait()
	stopCounting()
	counters.Wait()
	w.log.Info("drained")
	return nil
}
