package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/api"
	"github.com/heraldsend/herald/worker/channel/sms"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/store/suppress"
)

type serveCmd struct {
	Embedded bool `help:"A playground in one process: with a Redis, a worker and something that catches the messages of all channels. Nothing leaves it, nothing is kept."`
}

// Run answers the API until ctx ends, then lets requests finish.
func (s *serveCmd) Run(ctx context.Context, c *config, std stdio) (err error) {
	log := c.logger(std)
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	var stop closers
	defer func() { err = errors.Join(err, stop.close()) }()
	listener, err := listen(c, log)
	if err != nil {
		return err
	}
	stop.add(func() error { _ = listener.Close(); return nil }) // again, where serving began
	if err := checkReach(listener, c); err != nil {
		return usageError{err}
	}
	var box api.Box
	if s.Embedded {
		if c, box, err = playground(ctx, c, log, metrics, &stop); err != nil {
			return err
		}
	}
	service, rdb, err := newAPI(ctx, c, log, metrics, box, &stop)
	if err != nil {
		return err
	}
	url := "http://" + listener.Addr().String() + "/"
	log.Info("API started", "version", versionText(), "redis", redisHost(c.RedisURL), "url", url)
	if s.Embedded {
		fmt.Fprintf(std.out, "Herald's playground: %s\nThe API is described at %sdocs. Nothing leaves this process; Ctrl+C ends it and all that it keeps.\n", url, url)
	}
	return serveAPI(ctx, c, listener, withHealth(ctx, service, rdb, metrics), service.Drain, log)
}

// checkReach refuses to let others in than this machine's own programs where no token is asked for.
func checkReach(l net.Listener, c *config) error {
	if c.APITokens != "" {
		return nil
	}
	if tcp, ok := l.Addr().(*net.TCPAddr); ok && tcp.IP.IsLoopback() {
		return nil
	}
	return fmt.Errorf("HERALD_LISTEN: %.100q can be reached from other machines, and HERALD_API_TOKENS is not set: make a token with `herald token`, or listen on 127.0.0.1:8080", c.Listen)
}

// newAPI joins the API with what it works with.
func newAPI(ctx context.Context, c *config, log *slog.Logger, metrics prometheus.Registerer, box api.Box, stop *closers) (*api.Server, redis.UniversalClient, error) {
	rdb, err := openRedis(ctx, c, log, stop)
	if err != nil {
		return nil, nil, err
	}
	client, err := enqueue.New(enqueue.Options{Redis: rdb, Log: log})
	if err != nil {
		return nil, nil, err
	}
	stop.add(client.Close)
	suppressions, err := suppress.New(suppress.Options{Redis: rdb})
	if err != nil {
		return nil, nil, err
	}
	tokens, err := api.ParseTokens(c.APITokens)
	if err != nil {
		return nil, nil, err
	}
	links, err := c.links()
	if err != nil {
		return nil, nil, err
	}
	options := api.Options{
		Redis: rdb, Client: client, Suppressions: suppressions, Log: log, Metrics: metrics,
		Tokens: tokens, Rate: c.APIRate, Links: links, Caught: box, Version: versionText(),
	}
	if c.SMSURL != "" {
		account, err := sms.ParseURL(c.SMSURL)
		if err != nil {
			return nil, nil, err
		}
		options.TwilioToken = account.AuthToken
	}
	if err := addPages(c, log, &options, stop); err != nil {
		return nil, nil, err
	}
	service, err := api.New(options)
	return service, rdb, err
}

// withHealth puts /healthz, /readyz and /metrics beside the API.
func withHealth(ctx context.Context, service *api.Server, rdb redis.UniversalClient, metrics *prometheus.Registry) http.Handler {
	checks := health(ctx, rdb, metrics)
	mux := http.NewServeMux()
	mux.Handle("GET /healthz", checks)
	mux.Handle("GET /readyz", checks)
	mux.Handle("GET /metrics", service.Protect(api.ScopeRead, promhttp.HandlerFor(metrics, promhttp.HandlerOpts{})))
	mux.Handle("/", service)
	return mux
}

// serveAPI answers until ctx ends. Then it takes no further connections, ends the streams by drain, and lets requests
// finish.
func serveAPI(ctx context.Context, c *config, l net.Listener, h http.Handler, drain func(), log *slog.Logger) error {
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	select {
	case err := <-done:
		return fmt.Errorf("serve the API: %w", err)
	case <-ctx.Done():
	}
	log.Info("stopping: finishing requests", "timeout", c.DrainTimeout)
	drain()
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.DrainTimeout)
	defer cancel()
	if err := server.Shutdown(stopping); err != nil {
		_ = server.Close()
		return fmt.Errorf("stop the API: %w", err)
	}
	if err := <-done; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
