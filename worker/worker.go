// Package worker consumes the queue. Its handlers carry each recipient through four steps that stand in one
// function (deliver.go): claim → compose → send → record. What a failure means, try again, give up or hold,
// is decided in one place (outcome.go), and one adapter (mux.go) turns that into what Asynq understands.
//
// Any number of workers may run on one Redis. A worker may be killed at any time: what it had not recorded, another
// one takes up, by the rules of package ledger.
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
	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/cache"
	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/outbox"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/queue/recovery"
	"github.com/heraldsend/herald/worker/store/blob"
	"github.com/heraldsend/herald/worker/store/dead"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/store/rate"
	"github.com/heraldsend/herald/worker/store/suppress"
	"github.com/heraldsend/herald/worker/transcript"
)

// Sender is one channel's way out. Its errors are *send.Error.
type Sender interface {
	Send(ctx context.Context, m *message.Message) (send.Receipt, error)
}

// Limiter keeps the rates that all workers share: *rate.Limiter.
type Limiter interface {
	Wait(ctx context.Context, lane string, perSecond float64) error
	Slow(ctx context.Context, lane string)
	Lanes() []rate.Lane
	// Waiting is how many messages of this process wait for their turn on a lane.
	Waiting(lane string) int
}

// Suppressions are those who may not be written to: *suppress.Store.
type Suppressions interface {
	// Check returns for each address the entry that forbids it, or nil.
	Check(ctx context.Context, c message.Channel, addresses []string) ([]*suppress.Entry, error)
	// Suppress forbids an address from now on.
	Suppress(ctx context.Context, c message.Channel, address, reason, source string) error
}

// Options for New. All but Links, NoBulk, Rates, Events, Endpoint, Concurrency and DrainTimeout are required.
type Options struct {
	Redis        redis.UniversalClient
	Ledger       *ledger.Ledger
	Catalog      func() *render.Catalog // the current one, for jobs that bring no sources of their own
	Renderer     *render.Renderer
	Attachments  compose.Attachments
	Senders      map[message.Channel]Sender
	Limiter      Limiter
	Suppressions Suppressions              // asked before anyone is written to, and told who must not be again
	Links        compose.Links             // nil where there are none: messages that need one wait
	NoBulk       map[message.Channel]error // why a channel must not carry a bulk, where it must not
	Rates        map[string]float64        // messages a second by channel ("sms") or sender ("sms:+15550100"), all workers together; 0 is no limit
	Events       *outbox.Store             // what callers are to be told; nil records none
	Endpoint     Endpoint                  // who is told, where Events is set
	Log          *slog.Logger
	Metrics      prometheus.Registerer
	// Concurrency is how many bulk messages are sent at the same time; single messages have a quarter of that of
	// their own, so that no bulk can hold them up. 16 when zero.
	Concurrency int
	// DrainTimeout is how long Run waits for what is in flight after its context ended. 30 s when zero.
	DrainTimeout time.Duration
}

// chunksAtOnce is how many chunks one worker has open; their recipients share Concurrency. Two, so that one's last
// recipients don't hold up the next; no more, because marks of one chunk are stored together.
const chunksAtOnce = 2

// Worker consumes the queue.
type Worker struct {
	Options
	queue     *queue.Client
	bulks     *bulk.Store
	blobs     *blob.Store
	dead      *dead.Store
	composer  *compose.Composer
	forwarder *transcript.Forwarder
	forwards  *cache.Cache[forwardKey, *render.Prepared]
	// transcripts lets one transcript at a time be made: a long conversation takes memory.
	transcripts chan struct{}
	open        *cache.Cache[string, *openBulk]
	metrics     *metrics
	carefully   sync.Mutex // held while a careful task runs
	wishes      wishes
	crowd       crowd

	eventMetrics *eventMetrics // where Events is set

	draining context.Context // ends when no further recipient may be started
	drain    context.CancelFunc
}

// New checks the options and returns a worker that Run starts.
func New(o Options) (*Worker, error) {
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
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if (o.Events == nil) != (o.Endpoint == nil) {
		return nil, errors.New("worker: Events and Endpoint go together")
	}
	if o.Concurrency <= 0 {
		o.Concurrency = 16
	}
	if o.DrainTimeout <= 0 {
		o.DrainTimeout = 30 * time.Second
	}
	m, err := newMetrics(o.Metrics)
	if err != nil {
		return nil, err
	}
	forwarder, err := transcript.New(o.Renderer)
	if err != nil {
		return nil, err
	}
	w := &Worker{
		forwarder: forwarder, forwards: cache.New[forwardKey, *render.Prepared](16), transcripts: make(chan struct{}, 1),
		Options: o, queue: queue.New(o.Redis), bulks: bulk.NewStore(o.Redis, o.Ledger), blobs: blob.New(o.Redis), dead: dead.New(o.Redis),
		open:    cache.New[string, *openBulk](64),
		metrics: m, wishes: wishes{known: map[string]knownWish{}},
	}
	w.composer, err = compose.New(compose.Options{
		Catalog: o.Catalog, Renderer: o.Renderer, Attachments: o.Attachments, Blobs: w.blobs, Links: o.Links,
		Events: o.Events != nil, NoBulk: o.NoBulk, Log: o.Log,
	})
	if err != nil {
		return nil, err
	}
	m.meter = rate.NewMeter(o.Redis, w.limits)
	w.Ledger.Watch(m.commit)
	if err := o.Metrics.Register(scrape{w.queue, w.dead, o.Limiter.Lanes}); err != nil {
		return nil, err
	}
	if o.Events != nil {
		if w.eventMetrics, err = newEventMetrics(o.Metrics, o.Events); err != nil {
			return nil, err
		}
	}
	w.draining, w.drain = context.WithCancel(context.Background())
	return w, nil
}

// Run consumes until ctx ends, then lets what is in flight finish, hands the rest back to the queue and returns. It
// can be called once.
func (w *Worker) Run(ctx context.Context) error {
	// Single messages have a server of their own: Asynq's strict priorities starve the lower queue, and weighted
	// ones would still have a message wait for a chunk's slot.
	messages, err := w.server(max(1, w.Concurrency/4), []string{queue.Messages})
	bulks, err2 := w.server(min(chunksAtOnce, w.Concurrency), queue.Bulks())
	servers := []*queue.Server{messages, bulks}
	err = errors.Join(err, err2)
	if w.Endpoint != nil { // so that an endpoint that hangs holds up no message
		events, err3 := w.server(streamsAtOnce, []string{queue.Events})
		servers, err = append(servers, events), errors.Join(err, err3)
	}
	reaper, err4 := recovery.New(recovery.Options{
		Redis: w.Redis, Queues: append(queue.Bulks(), queue.Messages, queue.Events), Log: w.Log.With("part", "reaper"), Metrics: w.metrics.recovery,
	})
	if err := errors.Join(err, err4); err != nil {
		return err
	}
	for _, s := range servers {
		if err := s.Start(); err != nil {
			return fmt.Errorf("start the worker: %w", err)
		}
	}
	// Whoever died is looked after by everyone else.
	var keepers sync.WaitGroup
	keepers.Go(func() { reaper.Run(ctx) })
	keepers.Go(func() { w.reconciler().run(ctx) })
	if w.Events != nil {
		keepers.Go(func() { w.watchEvents(ctx) })
	}
	counting, stopCounting := context.WithCancel(context.WithoutCancel(ctx))
	var counters sync.WaitGroup
	counters.Go(func() { w.metrics.meter.Run(counting) })
	<-ctx.Done()
	keepers.Wait()
	w.Log.Info("draining: finishing what is in flight", "timeout", w.DrainTimeout)
	for _, s := range servers {
		s.Stop()
	}
	w.drain()
	var all sync.WaitGroup
	for _, s := range servers {
		all.Go(s.Shutdown)
	}
	all.Wait()
	stopCounting()
	counters.Wait()
	w.Log.Info("drained")
	return nil
}

func (w *Worker) reconciler() *reconciler {
	return &reconciler{restorer: w.restorer(), log: w.Log.With("part", "reconciler"), metrics: w.metrics, tell: w.tellBulk}
}

func (w *Worker) restorer() restorer {
	return restorer{bulks: w.bulks, ledger: w.Ledger, queue: w.queue}
}

func (w *Worker) server(concurrency int, queues []string) (*queue.Server, error) {
	return queue.NewServer(queue.ServerOptions{
		Redis: w.Redis, Queues: queues, Concurrency: concurrency, DrainTimeout: w.DrainTimeout, Handler: w.mux(), Log: w.Log,
		Crashes: func(ctx context.Context, queue, id string) (int, error) {
			return recovery.Crashes(ctx, w.Redis, queue, id)
		},
	})
}

// stopping reports whether the worker drains.
func (w *Worker) stopping() bool { return w.draining.Err() != nil }
