package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/templates"
	"github.com/heraldsend/herald/worker"
	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/queue/recovery"
	"github.com/heraldsend/herald/worker/store/blob"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/store/link"
	"github.com/heraldsend/herald/worker/store/rate"
	"github.com/heraldsend/herald/worker/store/suppress"
)

// closers end what was started, in reverse order.
type closers []func() error

func (c *closers) add(f func() error) { *c = append(*c, f) }

func (c *closers) close() error {
	var errs []error
	for i := len(*c) - 1; i >= 0; i-- {
		errs = append(errs, (*c)[i]())
	}
	return errors.Join(errs...)
}

func templateFiles(c *config) fs.FS {
	if c.Templates != "" {
		return os.DirFS(c.Templates)
	}
	return templates.Catalog()
}

// loadCatalog reads the folder of templates, or the built-in one.
func loadCatalog(c *config) (*render.Catalog, error) {
	catalog, err := render.LoadCatalog(templateFiles(c))
	if err != nil {
		return nil, fmt.Errorf("templates: %w", err)
	}
	return catalog, nil
}

// newWorker joins a worker with everything that it works with. On hangup, which may be nil,
// the templates are loaded again. Without senders it opens those that are set up. Closing what it adds to stop ends all of it.
func newWorker(ctx context.Context, c *config, log *slog.Logger, metrics prometheus.Registerer, hangup <-chan os.Signal, senders map[message.Channel]worker.Sender, stop *closers) (*worker.Worker, redis.UniversalClient, error) {
	live, err := followTemplates(c, log, hangup, stop)
	if err != nil {
		return nil, nil, err
	}
	renderer, err := render.New(render.Options{Locale: first(c.Locale, defaultLocale), Timezone: first(c.Timezone, defaultTimezone)})
	if err != nil {
		return nil, nil, err
	}
	rdb, err := openRedis(ctx, c, log, stop)
	if err != nil {
		return nil, nil, err
	}
	books, err := ledger.New(ledger.Options{Redis: rdb, Log: log})
	if err != nil {
		return nil, nil, err
	}
	stop.add(books.Close)
	files, err := attach.New(attach.Options{Root: c.Attachments, Blobs: blob.New(rdb), HTTP: send.NewHTTPClient(send.HTTPOptions{})})
	if err != nil {
		return nil, nil, err
	}
	stop.add(files.Close)
	if senders == nil {
		if senders, err = newSenders(c, log, stop); err != nil {
			return nil, nil, err
		}
	}
	limiter, err := rate.New(rate.Options{Redis: rdb, Log: log})
	if err != nil {
		return nil, nil, err
	}
	suppressions, err := suppress.New(suppress.Options{Redis: rdb})
	if err != nil {
		return nil, nil, err
	}
	links, err := c.links()
	if err != nil {
		return nil, nil, err
	}
	rates, err := c.rates()
	if err != nil {
		return nil, nil, err
	}
	events, endpoint, err := newEvents(c, log, rdb, stop)
	if err != nil {
		return nil, nil, err
	}
	options := worker.Options{
		Redis: rdb, Ledger: books, Catalog: live.Catalog, Renderer: renderer, Attachments: files,
		Senders: senders, NoBulk: c.noBulk(),
		Limiter: limiter, Suppressions: suppressions, Rates: rates,
		Events: events, Endpoint: endpoint,
		Log: log, Metrics: metrics, Concurrency: c.Concurrency, DrainTimeout: c.DrainTimeout,
	}
	if links != nil {
		options.Links = links
	}
	w, err := worker.New(options)
	return w, rdb, err
}

// openRedis connects what serves, and checks the Redis first.
func openRedis(ctx context.Context, c *config, log *slog.Logger, stop *closers) (redis.UniversalClient, error) {
	rdb, err := connectRedis(ctx, c)
	if err != nil {
		return nil, err
	}
	stop.add(rdb.Close)
	return rdb, checkRedis(ctx, c, log, rdb)
}

// checkRedis refuses a Redis that is too old, whose clock is far from this machine's, or that could lose accepted work,
// unless the operator allowed that.
func checkRedis(ctx context.Context, c *config, log *slog.Logger, rdb redis.UniversalClient) error {
	ahead, err := recovery.CheckClock(ctx, rdb)
	if err = errors.Join(worker.CheckVersion(ctx, rdb), err); err != nil {
		return err
	}
	if ahead.Abs() > recovery.NoteClockDifference {
		log.Warn("this machine's clock and that of Redis differ; workers refuse to start beyond "+recovery.MaxClockDifference.String(), "ahead", ahead.Round(time.Millisecond))
	}
	if c.AllowVolatileRedis {
		log.Warn("a volatile Redis is allowed: a restart of it may lose jobs")
		return nil
	}
	if err := worker.CheckDurable(ctx, rdb); err != nil {
		return errors.Join(err, errors.New("or allow it for development with --allow-volatile-redis"))
	}
	return nil
}

// links makes the links that strangers get, nil where none are set up.
func (c *config) links() (*link.Links, error) {
	if c.PublicURL == "" {
		return nil, nil
	}
	return link.New(link.Options{PublicURL: c.PublicURL, Secrets: strings.FieldsFunc(c.LinkSecret, func(r rune) bool { return r == ',' || r == ' ' })})
}

// client is what the commands that enqueue work with.
type client struct {
	*enqueue.Client
	blobs *blob.Store
}

// newClient connects a command to the queue.
func newClient(ctx context.Context, c *config, log *slog.Logger, stop *closers) (*client, error) {
	rdb, err := connectRedis(ctx, c)
	if err != nil {
		return nil, err
	}
	stop.add(rdb.Close)
	queue, err := enqueue.New(enqueue.Options{Redis: rdb, Log: log})
	if err != nil {
		return nil, err
	}
	stop.add(queue.Close)
	return &client{Client: queue, blobs: blob.New(rdb)}, nil
}
