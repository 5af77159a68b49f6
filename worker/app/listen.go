package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/api"
	"github.com/heraldsend/herald/worker/delivery"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/queue/recovery"
	"github.com/heraldsend/herald/worker/store/fleet"
)

// defaultListen is the address of health, metrics and API if none is set.
const defaultListen = "127.0.0.1:8080"

// NewMetrics returns a registry with the metrics of the process.
func NewMetrics() *prometheus.Registry {
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return metrics
}

// Listen listens at the configured address. Without one it uses the default, or a free port of this machine if
// another process uses that.
func Listen(s *Settings, log *slog.Logger) (net.Listener, error) {
	if s.Listen != "" {
		l, err := net.Listen("tcp", s.Listen)
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

// health answers /healthz (the process lives), /readyz (it consumes, and Redis answers and takes writes) and /metrics. /readyz also
// tells of safe mode, in which a worker is not ready, and lists the channels that can't send, and why. The process is ready all the same, since other channels go on and
// messages wait. troubles is nil if nothing is sent. replicas is how many each master must have.
func health(ctx context.Context, rdb redis.UniversalClient, replicas int, metrics *prometheus.Registry, troubles func() map[message.Channel]delivery.Trouble) http.Handler {
	mux, store := http.NewServeMux(), recovery.NewWritable(rdb, queue.All())
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if ctx.Err() != nil {
			http.Error(w, "draining", http.StatusServiceUnavailable)
			return
		}
		check, cancel := context.WithTimeout(r.Context(), time.Second)
		defer cancel()
		if err := cmp.Or(store.Check(check), checkReplicas(check, rdb, replicas)); err != nil {
			http.Error(w, whyNotReady(err), http.StatusServiceUnavailable)
			return
		}
		if troubles == nil {
			fmt.Fprintln(w, "ready")
			return
		}
		safe, err := fleet.New(rdb).Safe(check)
		if err != nil {
			http.Error(w, whyNotReady(err), http.StatusServiceUnavailable)
			return
		}
		if safe.On() && !safe.OnlyHold {
			http.Error(w, safe.Words(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ready")
		if safe.On() {
			fmt.Fprintln(w, safe.Words())
		}
		list := troubles()
		for _, c := range slices.Sorted(maps.Keys(list)) {
			t := list[c]
			since := ""
			if !t.Since.IsZero() {
				since = " since " + t.Since.UTC().Format(time.RFC3339)
			}
			where := ""
			if t.Where != "" {
				where = " by " + t.Where
			}
			fmt.Fprintf(w, "%s can't send%s%s: %s\n", c, where, since, cmp.Or(t.Detail, t.Code))
		}
	})
	mux.Handle("GET /metrics", onlyHere(promhttp.HandlerFor(metrics, promhttp.HandlerOpts{})))
	return mux
}

// whyNotReady says what is wrong with Redis, without its address.
func whyNotReady(err error) string {
	if errors.Is(err, fleet.ErrUntrusted) {
		return fleet.ErrUntrusted.Error()
	}
	var few *tooFewReplicas
	if errors.As(err, &few) {
		return few.Error()
	}
	var refused redis.Error
	if errors.As(err, &refused) {
		word, _, _ := strings.Cut(refused.Error(), " ") // such as NOREPLICAS, MISCONF, READONLY, OOM
		return "Redis refuses writes: " + word
	}
	return "Redis does not answer"
}

// onlyHere refuses a request over the loopback interface that names another host: a web page whose name was made to mean
// 127.0.0.1.
func onlyHere(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if tcp, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr); ok && tcp.IP.IsLoopback() && !api.IsLoopback(r.Host) {
			http.Error(w, "over the loopback interface Herald answers only as 127.0.0.1 or localhost", http.StatusForbidden)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// ServeHealth answers for the worker on l until Close.
func (w *Worker) ServeHealth(ctx context.Context, l net.Listener, metrics *prometheus.Registry, log *slog.Logger) {
	w.add(serveHealth(l, w.settings.withProfiles(health(ctx, w.Redis, w.settings.RedisReplicas, metrics, w.Troubles)), log))
}

// serveHealth serves until the function that it returns is called.
func serveHealth(l net.Listener, handler http.Handler, log *slog.Logger) (end func() error) {
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: 5 * time.Second, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
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
