package main

import (
	"context"
	"errors"

	"github.com/heraldsend/herald/worker/app"
)

type intakeCmd struct{}

// Run takes mails until ctx ends.
func (intakeCmd) Run(ctx context.Context, c *app.Settings, std stdio) (err error) {
	log, metrics := c.Logger(std.err), app.NewMetrics()
	in, err := app.NewIntake(ctx, app.IntakeOptions{Settings: c, Log: log, Metrics: metrics})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	listener, err := app.Listen(c, log)
	if err != nil {
		return err
	}
	in.ServeHealth(ctx, listener)
	log.Info("intake started", "version", versionText(), "domain", c.BounceDomain, "health", "http://"+listener.Addr().String()+"/healthz")
	return in.Run(ctx)
}
