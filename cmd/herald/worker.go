package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/redis/go-redis/v9"
)

// defaultListen is where a worker's health and metrics are when nothing else is set.
const defaultListen = "127.0.0.1:8080"

type workerCmd struct{}

// Run consumes until ctx ends, then drains.
func (workerCmd) Run(ctx context.Context, c *config, std stdio) (err error) {
	if c.SMTPURL == "" {
		return usageError{errors.New("HERALD_SMTP_URL: not set; the worker needs a mail server, such as smtp://user:secret@mail.example.com:587")}
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400) // a worker's heap is small: a seventh of its CPU is worth 50 MB
	}
	log := c.logger(std)
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	var stop closers
	defer func() { err = errors.Join(err, stop.close()) }()
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	w, rdb, err := newWorker(ctx, c, log, metrics, hangup, nil, &stop)
	if err != nil {
		return err
	}
	listener, err := listen(c, log)
	if err != nil {
		return err
	}
	stop.add(serve(listener, health(ctx, rdb, metrics), log))
	log.Info("worker started", "version", versionText(), "redis", redisHost(c.RedisURL), "health", "http://"+listener.Addr().String()+"/healthz")
	return w.Run(ctx)
}

// listen takes the configured address. Without one it takes the default, or any free port of this machine when another
// worker has that.
func listen(c *config, log *slog.Logger) (net.Listener, error) {
	if c.Listen != "" {
		l, err := net.Listen("tcp", c.Listen)
		if err != nil {
			return nil, fmt.Errorf("HERALD_LISTEN: %w", err)
		}
		return l, nil
	}
	l, err := net.Listen("tcp", defaultListen)
	if errors.Is(err, syscall.EADDRINUSE) {
		if l, err = net.Listen("tcp", "127.0.0.1:0"); err == nil {
			log.Warn(defaultListen+" is taken, health and metrics are elsewhere; set HERALD_LISTEN to choose", "address", l.Addr().String())
		}
	}
	return l, err
}

// health answers /healthz (the process lives), /readyz (it consumes, and Redis answers) and /metrics.
func health(ctx context.Context, rdb redis.UniversalClient, metrics *prometheus.Registry) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if ctx.Err() != nil {
			http.Error(w, "draining", http.StatusServiceUnavailable)
			return
		}
		ping, cancel := context.WithTimeout(r.Context(), time.Second)
		defer cancel()
		if err := rdb.Ping(ping).Err(); err != nil {
			http.Error(w, "Redis does not answer", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ready")
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{}))
	return mux
}

// serve answers on l until the returned function is called.
func serve(l net.Listener, h http.Handler, log *slog.Logger) (stop func() error) {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn)}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	return func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			return fmt.Errorf("stop the health server: %w", err)
		}
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	}
}
