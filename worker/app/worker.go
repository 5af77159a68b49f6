package app

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/worker"
	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/channel/email"
	"github.com/heraldsend/herald/worker/delivery"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/outbox"
	"github.com/heraldsend/herald/worker/store/blob"
	"github.com/heraldsend/herald/worker/store/caught"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/store/rate"
	"github.com/heraldsend/herald/worker/testmode"
)

// WorkerOptions for NewWorker. Settings, Log and Metrics are required.
type WorkerOptions struct {
	Settings *Settings
	Log      *slog.Logger
	Metrics  prometheus.Registerer
	Hangup   <-chan os.Signal                    // the templates are loaded again on each
	Senders  map[message.Channel]delivery.Sender // those of Settings when nil
	Endpoint worker.Endpoint                     // for events; that of Settings when nil
}

// Worker is a worker with all its parts. Close ends what Run used.
type Worker struct {
	*worker.Worker
	Redis        redis.UniversalClient
	settings     *Settings
	unconfigured map[message.Channel]string // the setting that would open each
	stack
}

// Troubles are the channels that can't send, and why: those that are not configured, and those whose last try failed for
// their account or a setting.
func (w *Worker) Troubles() map[message.Channel]delivery.Trouble {
	all := map[message.Channel]delivery.Trouble{}
	for channel, setting := range w.unconfigured {
		all[channel] = delivery.Trouble{Code: "no_sender", Detail: "no_sender: " + setting + " is not set"}
	}
	maps.Copy(all, w.Worker.Troubles())
	return all
}

// NewWorker makes a worker of the settings.
func NewWorker(ctx context.Context, o WorkerOptions) (_ *Worker, err error) {
	if o.Settings == nil || o.Log == nil || o.Metrics == nil {
		return nil, errors.New("app: Settings, Log and Metrics are required")
	}
	s, log := o.Settings, o.Log
	var open stack
	defer open.undo(&err)
	live, err := followTemplates(s, log, o.Hangup, &open)
	if err != nil {
		return nil, err
	}
	renderer, err := s.Renderer()
	if err != nil {
		return nil, err
	}
	unguarded, err := openRedis(ctx, s, log, &open)
	if err != nil {
		return nil, err
	}
	guard, rdb, err := guardRedis(s, &open)
	if err != nil {
		return nil, err
	}
	books, err := ledger.New(ledger.Options{Redis: rdb, Log: log, Retention: s.Retention, Replicas: s.RedisReplicas, ForgetContents: s.KeepContent == "no"})
	if err != nil {
		return nil, err
	}
	open.add(books.Close)
	downloads, err := s.downloads()
	if err != nil {
		return nil, err
	}
	files, err := attach.New(attach.Options{Root: s.Attachments, Blobs: blob.New(rdb), HTTP: downloads})
	if err != nil {
		return nil, err
	}
	open.add(files.Close)
	if o.Senders == nil {
		if o.Senders, err = openSenders(s, log, &open); err != nil {
			return nil, err
		}
	}
	limiter, err := rate.New(rate.Options{Redis: rdb, Log: log})
	if err != nil {
		return nil, err
	}
	suppressions, err := s.NewSuppressions(rdb, log)
	if err != nil {
		return nil, err
	}
	rules, err := s.rules(o.Senders)
	if err != nil {
		return nil, err
	}
	rates, err := s.rates()
	if err != nil {
		return nil, err
	}
	events, endpoint, err := newEvents(s, log, rdb, &open)
	if err == nil && o.Endpoint != nil {
		endpoint = o.Endpoint
		events, err = outbox.New(outbox.Options{Redis: rdb})
	}
	if err != nil {
		return nil, err
	}
	kept, err := caught.New(rdb)
	if err != nil {
		return nil, err
	}
	tests, err := testmode.NewSender(kept, email.Compose)
	if err != nil {
		return nil, err
	}
	comeback, err := s.newRecorder(rdb, log, prometheus.NewRegistry(), &open) // of tests: it is not counted with what comes back
	if err != nil {
		return nil, err
	}
	options := worker.Options{
		Redis: rdb, Unguarded: unguarded, Guard: guard, SafeAfter: s.SafeAfter, Ledger: books, Catalog: live.Catalog, Renderer: renderer, Attachments: files,
		Senders: o.Senders, Tests: tests, OfTest: comeback.OfTest, Rules: rules,
		Limiter: limiter, Suppressions: suppressions, Rates: rates, SharedSettings: s.shared(),
		Events: events, Endpoint: endpoint,
		Log: log, Metrics: o.Metrics, Concurrency: s.Concurrency, PauseAbove: s.PauseAbove, Approve: s.Approve, ApproveAbove: s.ApproveAbove, DrainTimeout: s.DrainTimeout,
	}
	w, err := worker.New(options)
	if err != nil {
		return nil, err
	}
	return &Worker{Worker: w, Redis: rdb, settings: s, unconfigured: rules.Unconfigured, stack: open}, nil
}

// Renderer renders with the locale and time zone of the settings for recipients without their own.
func (s *Settings) Renderer() (*render.Renderer, error) {
	return render.New(render.Options{Locale: cmp.Or(s.Locale, DefaultLocale), Timezone: cmp.Or(s.Timezone, DefaultTimezone)})
}

// shared are fingerprints of the settings that should be the same for all workers, by name. Secrets are not among them.
func (s *Settings) shared() map[string]string {
	all := map[string]string{}
	for flag, value := range map[string]any{
		"country": s.Country, "timezone": cmp.Or(s.Timezone, DefaultTimezone), "locale": cmp.Or(s.Locale, DefaultLocale), "retention": s.Retention,
		"pause-above": s.PauseAbove, "approve": s.Approve, "approve-above": s.ApproveAbove, "safe-after": s.SafeAfter, "redis-replicas": s.RedisReplicas, "sms-stop-words": s.SMSStopWords, "sms-start-words": s.SMSStartWords,
		"unconfigured": s.Unconfigured, "public-url": s.PublicURL, "list-id": s.ListID, "topics": s.topicsText(),
	} {
		sum := sha256.Sum256(fmt.Append(nil, value))
		all[EnvName(flag)] = hex.EncodeToString(sum[:4])
	}
	return all
}
