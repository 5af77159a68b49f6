package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/heraldsend/herald/worker/app"
)

type serveCmd struct {
	Embedded bool `help:"A playground in one process: with a Redis, a worker, and a box that catches the messages of all channels and the events. Nothing leaves the process, nothing is kept."`
}

// Run answers the API until ctx ends, then lets requests finish.
func (s *serveCmd) Run(ctx context.Context, c *app.Settings, std stdio) (err error) {
	log := c.Logger(std.err)
	listener, err := app.Listen(c, log)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }() // again, where serving began
	if err := c.CheckReach(listener); err != nil {
		return usageError{err}
	}
	o := app.APIOptions{Settings: c, Log: log, Metrics: app.NewMetrics(), Version: versionText()}
	if s.Embedded {
		playground, err2 := app.StartPlayground(ctx, c, log, o.Metrics)
		if err2 != nil {
			return err2
		}
		defer func() { err = errors.Join(err, playground.Close()) }()
		o.Settings, o.Box = playground.Settings, playground.Box
	}
	service, err := app.NewAPI(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, service.Close()) }()
	url := "http://" + listener.Addr().String() + "/"
	log.Info("API started", "version", versionText(), "redis", app.RedisHost(o.Settings.RedisURL), "url", url)
	if s.Embedded {
		fmt.Fprintf(std.out, "Herald's playground: %s\nThe API is described at %sdocs. Nothing leaves this process; Ctrl+C ends it and all that it keeps.\n", url, url)
	}
	return service.Serve(ctx, listener)
}
