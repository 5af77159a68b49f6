package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/heraldsend/herald/worker/app"
	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/channel/catcher"
	"github.com/heraldsend/herald/worker/feedback"
	"github.com/heraldsend/herald/worker/intake"
	"github.com/heraldsend/herald/worker/intake/verp"
	"github.com/heraldsend/herald/worker/store/ledger"
)

// addIntake registers the metrics of herald intake.
func addIntake(t *testing.T, c *app.Settings, r *recorder) {
	t.Helper()
	rdb, err := app.ConnectRedis(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rdb.Close() })
	log := slog.New(slog.DiscardHandler)
	books, err := ledger.New(ledger.Options{Redis: rdb, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = books.Close() })
	suppressions, err := c.NewSuppressions(rdb, log)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := feedback.New(feedback.Options{Ledger: books, Bulks: bulk.NewStore(rdb, books), Suppressions: suppressions, Metrics: r})
	if err != nil {
		t.Fatal(err)
	}
	seals, err := verp.New("bounce.example.com", []string{strings.Repeat("s", 32)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := intake.New(intake.Options{Seals: seals, Recorder: kept, Log: log, Metrics: r}); err != nil {
		t.Fatal(err)
	}
}

// recorder is a registry that keeps what can be known of a metric before it has a value.
type recorder struct {
	*prometheus.Registry
	rows []metricRow
}

type metricRow struct{ name, kind, labels, help string }

var descPattern = regexp.MustCompile(`^Desc\{fqName: ("(?:[^"\\]|\\.)*"), help: ("(?:[^"\\]|\\.)*"), .*variableLabels: \{([^}]*)\}\}$`)

// Register implements prometheus.Registerer.
func (r *recorder) Register(c prometheus.Collector) error {
	kind := "gauge"
	switch c.(type) {
	case prometheus.Gauge: // has all that a counter has
	case *prometheus.CounterVec, prometheus.Counter:
		kind = "counter"
	case *prometheus.HistogramVec, prometheus.Histogram:
		kind = "histogram"
	}
	descs := make(chan *prometheus.Desc, 100)
	c.Describe(descs)
	close(descs)
	for d := range descs {
		m := descPattern.FindStringSubmatch(d.String())
		if m == nil {
			return fmt.Errorf("%s: how is this described?", d)
		}
		row := metricRow{kind: kind, labels: m[3]}
		var err error
		if row.name, err = strconv.Unquote(m[1]); err != nil {
			return err
		}
		if row.help, err = strconv.Unquote(m[2]); err != nil {
			return err
		}
		r.rows = append(r.rows, row)
	}
	return r.Registry.Register(c)
}

// metricsTable describes every metric that a worker registers.
func metricsTable(t *testing.T) string {
	t.Helper()
	servers, err := app.StartEmbedded(context.Background(), catcher.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer servers.Close()
	c := servers.Settings
	c.EventsURL, c.WebhookSecrets = "http://127.0.0.1:1/events", "whsec_"+strings.Repeat("A", 44) // nothing is sent there
	r := &recorder{Registry: prometheus.NewRegistry()}
	w, err := app.NewWorker(context.Background(), app.WorkerOptions{Settings: c, Log: slog.New(slog.DiscardHandler), Metrics: r})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	addIntake(t, c, r)
	slices.SortFunc(r.rows, func(a, b metricRow) int { return cmp.Compare(a.name, b.name) })
	var b strings.Builder
	b.WriteString("| metric | type | labels | meaning |\n|---|---|---|---|\n")
	for _, row := range r.rows {
		labels := ""
		if row.labels != "" {
			labels = "`" + strings.ReplaceAll(row.labels, ",", "`, `") + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", row.name, row.kind, labels, strings.ReplaceAll(row.help, "|", `\|`))
	}
	return b.String()
}
