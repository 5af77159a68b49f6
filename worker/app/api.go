package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/render/edit"
	"github.com/heraldsend/herald/worker/address/phone"
	"github.com/heraldsend/herald/worker/api"
	pages "github.com/heraldsend/herald/worker/api/page"
	"github.com/heraldsend/herald/worker/channel/sms"
	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/store/blob"
)

// APIOptions for NewAPI. All but Box are required.
type APIOptions struct {
	Settings *Settings
	Log      *slog.Logger
	Metrics  *prometheus.Registry
	Version  string
	Box      api.Box // of a playground
}

// API is the HTTP API with all its parts. Close ends what Serve used.
type API struct {
	APIOptions
	server *api.Server
	redis  redis.UniversalClient
	stack
}

// NewAPI makes an API of the settings.
func NewAPI(ctx context.Context, o APIOptions) (_ *API, err error) {
	if o.Settings == nil || o.Log == nil || o.Metrics == nil || o.Version == "" {
		return nil, errors.New("app: Settings, Log, Metrics and Version are required")
	}
	s, log := o.Settings, o.Log
	var open stack
	defer open.undo(&err)
	rdb, err := openRedis(ctx, s, log, &open)
	if err != nil {
		return nil, err
	}
	topics, err := s.topics()
	if err != nil {
		return nil, err
	}
	client, err := enqueue.New(enqueue.Options{Redis: rdb, Log: log, Phones: phone.Parse, Retention: s.Retention, Topics: topics})
	if err != nil {
		return nil, err
	}
	open.add(client.Close)
	suppressions, err := s.NewSuppressions(rdb, log)
	if err != nil {
		return nil, err
	}
	tokens, err := api.ParseTokens(s.APITokens)
	if err != nil {
		return nil, err
	}
	links, err := s.links()
	if err != nil {
		return nil, err
	}
	options := api.Options{
		Redis: rdb, Client: client, Suppressions: suppressions, Topics: topics, Log: log, Metrics: o.Metrics,
		Tokens: tokens, Closed: s.needsToken(), Rate: s.APIRate, Bodies: int64(s.APIBodies) << 20, Country: s.Country, Links: links, Caught: o.Box, Version: o.Version,
	}
	if options.Feedback, err = s.newRecorder(rdb, log, o.Metrics, &open); err != nil {
		return nil, err
	}
	options.Hooks = s.hooks(func(setting, format string, args ...any) {
		err = errors.Join(err, fmt.Errorf("%s: %w", EnvName(setting), fmt.Errorf(format, args...)))
	})
	if err != nil {
		return nil, err
	}
	if s.SMSURL != "" {
		account, err := sms.ParseURL(s.SMSURL)
		if err != nil {
			return nil, err
		}
		options.TwilioToken = account.AuthToken
		if options.SMSWords, err = sms.NewWords(s.SMSStopWords, s.SMSStartWords); err != nil {
			return nil, err
		}
	}
	if options.Remaker, err = s.newMaker(rdb, log, &open); err != nil {
		return nil, err
	}
	if options.Eraser, err = s.newEraser(rdb, suppressions, log, &open); err != nil {
		return nil, err
	}
	if err := addPages(s, log, &options, &open); err != nil {
		return nil, err
	}
	server, err := api.New(options)
	if err != nil {
		return nil, err
	}
	s.followTokens(log, server, &open)
	return &API{APIOptions: o, server: server, redis: rdb, stack: open}, nil
}

// addPages gives the API its preview, which follows the templates' folder as a worker does, and its pages.
func addPages(s *Settings, log *slog.Logger, o *api.Options, open *stack) error {
	live, err := followTemplates(s, log, nil, open)
	if err != nil {
		return err
	}
	renderer, err := s.Renderer()
	if err != nil {
		return err
	}
	looks, err := s.NewLooks(log, blob.New(o.Redis))
	if err != nil {
		return err
	}
	open.add(looks.Close)
	if o.Caught != nil {
		looks.AllConfigured()
	}
	var folder *edit.Folder
	if s.Editable {
		if folder, err = edit.Open(s.Templates); err != nil {
			return fmt.Errorf("HERALD_EDITABLE: %w", err)
		}
		open.add(folder.Close)
	}
	o.Preview, err = api.NewPreview(api.PreviewOptions{
		Folder: folder, Saved: func() error { _, err := live.Reload(); return err },
		Catalog: live.Catalog, Renderer: renderer, Composer: looks.Composer,
		Locale: cmp.Or(s.Locale, DefaultLocale), Timezone: cmp.Or(s.Timezone, DefaultTimezone), Country: s.Country, Files: s.TemplateFiles(),
	})
	if err != nil {
		return err
	}
	hint := ""
	if s.Templates == "" {
		hint = "; this server has the built-in templates: set HERALD_TEMPLATES to the folder that the workers have"
	}
	o.FieldKind = func(path string) string { return live.Catalog().OwnKind(path) }
	o.Judge = compose.NewJudge(live.Catalog, hint)
	o.Page, err = pages.Handler()
	return err
}

// CheckReach refuses an address that other machines can reach if no token is needed.
func (s *Settings) CheckReach(l net.Listener) error {
	if s.needsToken() {
		return nil
	}
	if tcp, ok := l.Addr().(*net.TCPAddr); ok && tcp.IP.IsLoopback() {
		return nil
	}
	return fmt.Errorf("HERALD_LISTEN: %.100q can be reached from other machines, and HERALD_API_TOKENS is not set: make a token with `herald token create`, or listen on 127.0.0.1:8080", s.Listen)
}

// Serve answers until ctx ends. Then it takes no further connections, ends the streams, and lets requests finish.
func (a *API) Serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{
		Handler: a.withHealth(ctx), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
		ErrorLog: slog.NewLogLogger(a.Log.Handler(), slog.LevelDebug),
	}
	server.Protocols = new(http.Protocols)
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetUnencryptedHTTP2(true) // by a proxy that terminates TLS
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	select {
	case err := <-done:
		return fmt.Errorf("serve the API: %w", err)
	case <-ctx.Done():
	}
	timeout := a.Settings.DrainTimeout
	a.Log.Info("stopping: finishing requests", "timeout", timeout)
	a.server.Drain()
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
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

// withHealth puts /healthz, /readyz and /metrics beside the API.
func (a *API) withHealth(ctx context.Context) http.Handler {
	checks := health(ctx, a.redis, 0, a.Metrics, nil)
	mux := http.NewServeMux()
	mux.Handle("GET /healthz", checks)
	mux.Handle("GET /readyz", checks)
	mux.Handle("GET /metrics", a.server.Protect(api.ScopeRead, promhttp.HandlerFor(a.Metrics, promhttp.HandlerOpts{})))
	mux.Handle("/", a.server)
	return a.Settings.withProfiles(mux)
}
