package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/feedback"
	"github.com/heraldsend/herald/worker/intake"
	"github.com/heraldsend/herald/worker/outbox"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/store/suppress"
)

// intakeFaults reports what is wrong with the settings of what comes back.
func (s *Settings) intakeFaults(fault func(setting, format string, args ...any)) {
	if _, err := s.softRule(); err != nil {
		fault("soft-bounces", "%w", err)
	}
	for setting, address := range map[string]string{"intake-smtp": s.IntakeSMTP, "intake-lmtp": s.IntakeLMTP} {
		if address == "" || setting == "intake-lmtp" && strings.HasPrefix(address, "/") {
			continue
		}
		if _, _, err := net.SplitHostPort(address); err != nil {
			fault(setting, "%.100q is not host:port", address)
		}
	}
	s.hooks(fault)
	if s.IntakeIMAPURL != "" {
		if err := intake.CheckIMAP(s.IntakeIMAPURL); err != nil {
			fault("intake-imap-url", "%w", err)
		}
	}
	if (s.IntakeCert == "") != (s.IntakeKey == "") {
		fault("intake-cert", "STARTTLS needs HERALD_INTAKE_CERT and HERALD_INTAKE_KEY together")
	} else if _, err := s.intakeTLS(); err != nil {
		fault("intake-cert", "%w", err)
	}
	if s.BounceDomain == "" && (s.IntakeSMTP != "" || s.IntakeLMTP != "" || s.IntakeMaildir != "" || s.IntakeIMAPURL != "") {
		fault("bounce-domain", "not set: without it nothing comes back that herald intake could take")
	}
}

// softRule reads the rule for soft bounces. Settings that nobody filled in have the default.
func (s *Settings) softRule() (suppress.SoftRule, error) {
	if s.SoftBounces == "" {
		return suppress.DefaultSoftRule, nil
	}
	return suppress.ParseSoftRule(s.SoftBounces)
}

// intakeTLS reads the certificate of the intake; nil where there is none.
func (s *Settings) intakeTLS() (*tls.Config, error) {
	if s.IntakeCert == "" || s.IntakeKey == "" {
		return nil, nil
	}
	load := func() (*tls.Certificate, error) {
		pair, err := tls.LoadX509KeyPair(s.IntakeCert, s.IntakeKey)
		return &pair, err
	}
	if _, err := load(); err != nil {
		return nil, err
	}
	// It is read again for each connection: a renewed one is used at once.
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return load() }}, nil
}

// newRecorder makes what takes feedback about messages.
func (s *Settings) newRecorder(rdb redis.UniversalClient, log *slog.Logger, metrics prometheus.Registerer, open *stack) (*feedback.Recorder, error) {
	books, err := ledger.New(ledger.Options{Redis: rdb, Log: log, Retention: s.Retention})
	if err != nil {
		return nil, err
	}
	open.add(books.Close)
	suppressions, err := s.NewSuppressions(rdb, log)
	if err != nil {
		return nil, err
	}
	rule, err := s.softRule()
	if err != nil {
		return nil, err
	}
	var events *outbox.Store
	if s.EventsURL != "" {
		if events, err = outbox.New(outbox.Options{Redis: rdb}); err != nil {
			return nil, err
		}
	}
	return feedback.New(feedback.Options{
		Ledger: books, Bulks: bulk.NewStore(rdb, books), Suppressions: suppressions, Events: events, Soft: rule, Metrics: metrics,
	})
}

// IntakeOptions for NewIntake. All are required.
type IntakeOptions struct {
	Settings *Settings
	Log      *slog.Logger
	Metrics  *prometheus.Registry
}

// Intake takes the mails that come back. Close ends what Run used.
type Intake struct {
	IntakeOptions
	redis     redis.UniversalClient
	servers   []*intake.Server
	listeners []net.Listener
	maildir   *intake.Maildir
	imap      *intake.IMAP
	stack
}

// NewIntake makes an intake of the settings, and opens its addresses.
func NewIntake(ctx context.Context, o IntakeOptions) (_ *Intake, err error) {
	if o.Settings == nil || o.Log == nil || o.Metrics == nil {
		return nil, errors.New("app: Settings, Log and Metrics are required")
	}
	s, log := o.Settings, o.Log
	out := &Intake{IntakeOptions: o}
	defer out.undo(&err)
	seals, err := s.seals()
	if err != nil {
		return nil, err
	}
	if seals == nil {
		return nil, errors.New("HERALD_BOUNCE_DOMAIN: not set: without it nothing comes back that herald intake could take")
	}
	secured, err := s.intakeTLS()
	if err != nil {
		return nil, fmt.Errorf("HERALD_INTAKE_CERT: %w", err)
	}
	if out.redis, err = openRedis(ctx, s, log, &out.stack); err != nil {
		return nil, err
	}
	recorder, err := s.newRecorder(out.redis, log, o.Metrics, &out.stack)
	if err != nil {
		return nil, err
	}
	in, err := intake.New(intake.Options{Seals: seals, Recorder: recorder, Log: log, Metrics: o.Metrics})
	if err != nil {
		return nil, err
	}
	if err := out.listen("HERALD_INTAKE_SMTP", s.IntakeSMTP, in.NewServer(intake.ServerOptions{Domain: seals.Domain(), TLS: secured})); err != nil {
		return nil, err
	}
	if err := out.listen("HERALD_INTAKE_LMTP", s.IntakeLMTP, in.NewServer(intake.ServerOptions{Domain: seals.Domain(), TLS: secured, LMTP: true})); err != nil {
		return nil, err
	}
	if s.IntakeMaildir != "" {
		if out.maildir, err = in.NewMaildir(s.IntakeMaildir); err != nil {
			return nil, fmt.Errorf("HERALD_INTAKE_MAILDIR: %w", err)
		}
	}
	if s.IntakeIMAPURL != "" {
		if out.imap, err = in.NewIMAP(s.IntakeIMAPURL); err != nil {
			return nil, fmt.Errorf("HERALD_INTAKE_IMAP_URL: %w", err)
		}
	}
	if len(out.servers) == 0 && out.maildir == nil && out.imap == nil {
		return nil, errors.New("HERALD_INTAKE_SMTP, HERALD_INTAKE_LMTP, HERALD_INTAKE_MAILDIR, HERALD_INTAKE_IMAP_URL: none is set: say where the mails come from")
	}
	return out, nil
}

// listen opens the address of a server, if there is one.
func (in *Intake) listen(setting, address string, server *intake.Server) error {
	if address == "" {
		return nil
	}
	network := "tcp"
	if strings.HasPrefix(address, "/") {
		network = "unix"
		// One that a killed process left is in the way.
		if info, err := os.Lstat(address); err == nil && info.Mode().Type() == os.ModeSocket {
			if err := os.Remove(address); err != nil {
				return fmt.Errorf("%s: %w", setting, err)
			}
		}
	}
	l, err := net.Listen(network, address)
	if err != nil {
		return fmt.Errorf("%s: %w", setting, err)
	}
	in.servers, in.listeners = append(in.servers, server), append(in.listeners, l)
	in.add(func() error {
		if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	})
	in.Log.Info("mails that come back are taken", "address", l.Addr().String(), "setting", setting)
	return nil
}

// Addresses are where its servers listen, SMTP before LMTP.
func (in *Intake) Addresses() []string {
	var all []string
	for _, l := range in.listeners {
		all = append(all, l.Addr().String())
	}
	return all
}

// ServeHealth answers /healthz, /readyz and /metrics until ctx ends.
func (in *Intake) ServeHealth(ctx context.Context, l net.Listener) {
	in.add(serveHealth(l, health(ctx, in.redis, 0, in.Metrics, nil), in.Log))
}

// Run takes mails until ctx ends. Then it lets those that are being taken finish.
func (in *Intake) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for i, server := range in.servers {
		group.Go(func() error { return server.Serve(in.listeners[i]) })
	}
	if in.maildir != nil {
		group.Go(func() error { return in.maildir.Watch(ctx) })
	}
	if in.imap != nil {
		group.Go(func() error { return in.imap.Watch(ctx) })
	}
	group.Go(func() error {
		<-ctx.Done()
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), in.Settings.DrainTimeout)
		defer cancel()
		for _, server := range in.servers {
			if err := server.Shutdown(stopping); err != nil {
				in.Log.Warn("connections were cut; their senders try again", "error", err)
			}
		}
		return nil
	})
	return group.Wait()
}
