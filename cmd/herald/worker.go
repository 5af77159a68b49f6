package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/heraldsend/herald/worker/app"
)

type workerCmd struct{}

// Run consumes until ctx ends, then drains.
func (workerCmd) Run(ctx context.Context, c *app.Settings, std stdio) (err error) {
	if c.SMTPURL == "" {
		return usageError{errors.New("HERALD_SMTP_URL: not set; the worker needs a mail server, such as smtp://user:secret@mail.example.com:587")}
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400) // a worker's heap is small: a seventh of its CPU is worth 50 MB
	}
	log, metrics := c.Logger(std.err), app.NewMetrics()
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	w, err := app.NewWorker(ctx, app.WorkerOptions{Settings: c, Log: log, Metrics: metrics, Hangup: hangup})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	listener, err := app.Listen(c, log)
	if err != nil {
		return err
	}
	w.ServeHealth(ctx, listener, metrics, log)
	log.Info("worker started", "version", versionText(), "redis", app.RedisHost(c.RedisURL), "health", "http://"+listener.Addr().String()+"/healthz")
	return w.Run(ctx)
}
