package main

import (
	"context"
	"errors"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/heraldsend/herald/worker"
	"github.com/heraldsend/herald/worker/api"
	"github.com/heraldsend/herald/worker/channel/catcher"
	"github.com/heraldsend/herald/worker/channel/email"
	"github.com/heraldsend/herald/worker/message"
)

// boxSize is how many messages a playground keeps.
const boxSize = 20_000

// playground starts what a real set-up has elsewhere, a Redis, a worker and somebody who takes the messages, and returns
// the settings that lead there.
func playground(ctx context.Context, c *config, log *slog.Logger, metrics prometheus.Registerer, stop *closers) (*config, api.Box, error) {
	box := catcher.NewBox(boxSize)
	servers, _, err := demoServers(ctx, catcher.Options{OnMail: box.Keep, Forget: true}, stop)
	if err != nil {
		return nil, nil, err
	}
	own := *c
	own.RedisURL, own.AllowVolatileRedis, own.SMTPURL = servers.RedisURL, true, servers.SMTPURL
	own.SMSURL, own.ChatURL, own.NoteURL = "", "", ""
	if own.Attachments == "" {
		own.Attachments = servers.Attachments
	}
	mail, err := email.NewAccounts(email.Options{URL: own.SMTPURL, MaxConns: own.Concurrency + max(1, own.Concurrency/4)})
	if err != nil {
		return nil, nil, err
	}
	stop.add(mail.Close)
	senders := map[message.Channel]worker.Sender{message.Email: mail, message.SMS: box, message.Chat: box, message.Note: box}
	w, _, err := newWorker(ctx, &own, log, metrics, nil, senders, stop)
	if err != nil {
		return nil, nil, err
	}
	working, halt := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan error, 1)
	go func() {
		err := w.Run(working)
		if err != nil && !errors.Is(err, context.Canceled) {
			log.Error("the playground's worker ended", "error", err)
		}
		done <- err
	}()
	stop.add(func() error { halt(); return <-done })
	return &own, box, nil
}
