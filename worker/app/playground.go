package app

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/heraldsend/herald/worker/api"
	"github.com/heraldsend/herald/worker/channel/catcher"
	"github.com/heraldsend/herald/worker/channel/email"
	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/channel/webhook"
	"github.com/heraldsend/herald/worker/delivery"
	"github.com/heraldsend/herald/worker/message"
)

// boxSize is how many messages a playground keeps.
const boxSize = 20_000

// Playground is a whole set-up in one process: embedded servers, a running worker, and a box that keeps the messages
// of all channels.
type Playground struct {
	Settings *Settings // they lead there
	Box      api.Box
	stack
}

// StartPlayground starts one, with the given settings except for those of servers.
func StartPlayground(ctx context.Context, s *Settings, log *slog.Logger, metrics prometheus.Registerer) (_ *Playground, err error) {
	var open stack
	defer open.undo(&err)
	box := catcher.NewBox(boxSize)
	servers, err := StartEmbedded(ctx, catcher.Options{OnMail: box.Keep, Forget: true})
	if err != nil {
		return nil, err
	}
	open.add(servers.Close)
	own := *s
	own.RedisURL, own.AllowVolatileRedis, own.SMTPURL = servers.Settings.RedisURL, true, servers.Settings.SMTPURL
	own.SMSURL, own.ChatURL, own.NoteURL, own.EventsURL = "", "", "", ""
	if own.Attachments == "" {
		own.Attachments = servers.Settings.Attachments
	}
	mail, err := email.NewAccounts(email.Options{URL: own.SMTPURL, MaxConns: own.mailConnections()})
	if err != nil {
		return nil, err
	}
	open.add(mail.Close)
	senders := map[message.Channel]delivery.Sender{}
	for _, channel := range message.Channels {
		senders[channel] = box
	}
	senders[message.Email] = mail // through the embedded server, which gives the box what it gets
	w, err := NewWorker(ctx, WorkerOptions{Settings: &own, Log: log, Metrics: metrics, Senders: senders, Endpoint: teller{box}})
	if err != nil {
		return nil, err
	}
	open.add(w.Close)
	open.add(w.Start(context.WithoutCancel(ctx), func(err error) { log.Error("the playground's worker ended", "error", err) }))
	return &Playground{Settings: &own, Box: box, stack: open}, nil
}

// teller keeps events in a box.
type teller struct{ box *catcher.Box }

// Send implements worker.Endpoint.
func (t teller) Send(_ context.Context, e webhook.Event) (send.Receipt, error) {
	data, err := json.Marshal(e.Data)
	if err != nil {
		return send.Receipt{}, send.Invalid(err)
	}
	t.box.Tell(&catcher.Told{EventID: e.ID, Type: e.Type, Stream: e.Stream, Sequence: e.Sequence, Data: data})
	return send.Receipt{ID: e.ID, Detail: "caught"}, nil
}

// Start runs the worker until stop, which returns its error. If the worker ends before, failed is called with the
// error.
func (w *Worker) Start(ctx context.Context, failed func(error)) (stop func() error) {
	working, halt := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() {
		err := w.Run(working)
		if err != nil && !errors.Is(err, context.Canceled) {
			failed(err)
		}
		done <- err
	}()
	return func() error { halt(); return <-done }
}
