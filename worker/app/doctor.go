package app

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/lint"
	"github.com/heraldsend/herald/worker/queue/recovery"
)

// Level says how bad a finding is.
type Level string

// The levels of findings. A problem keeps messages from being sent, or loses them; a warning may. Unknown is what
// could not be examined, through no fault of the settings.
const (
	OK      Level = "ok"
	Unknown Level = "unknown"
	Warning Level = "warning"
	Problem Level = "problem"
)

// Finding is one result of the doctor. Nothing in it is secret.
type Finding struct {
	Part    string `json:"part"` // settings, redis, email, sms, chat, note, events, dns, templates
	Level   Level  `json:"level"`
	Found   string `json:"found"`
	Setting string `json:"setting,omitempty"` // the environment variable that it is about
	Advice  string `json:"advice,omitempty"`  // what to do
}

// Report has all findings.
type Report struct {
	OK       bool      `json:"ok"` // no problem; there may be warnings
	Findings []Finding `json:"findings"`
}

// Resolver asks the DNS; *net.Resolver is one.
type Resolver interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
}

// DoctorOptions for Diagnose. Settings are required; they may have faults.
type DoctorOptions struct {
	Settings *Settings
	From     string      // sender to try MAIL FROM with, and whose domain to look up; "" for one that the settings tell
	Resolver Resolver    // net.DefaultResolver where nil
	TLS      *tls.Config // roots for mail servers; the system's where nil
}

// partTime bounds the examination; its parts run at the same time.
const partTime = 20 * time.Second

// soon is how long before its end a certificate is a warning.
const soon = 14 * 24 * time.Hour

// doctor examines one set of settings.
type doctor struct {
	DoctorOptions
	s      *Settings
	broken map[string]bool // settings that are at fault by themselves
	report Report
}

// Diagnose tries everything that the settings name, as a worker would use it, and sends nothing.
func Diagnose(ctx context.Context, o DoctorOptions) Report {
	if o.Resolver == nil {
		o.Resolver = net.DefaultResolver
	}
	d := &doctor{DoctorOptions: o, s: o.Settings, broken: map[string]bool{}}
	d.settings()
	ctx, cancel := context.WithTimeout(ctx, partTime)
	defer cancel()
	parts := []func(*doctor, context.Context){
		(*doctor).redis, (*doctor).email, (*doctor).sms, (*doctor).endpoints, (*doctor).dns, (*doctor).templates,
	}
	found := make([]doctor, len(parts)) // each has a page of its own
	var all sync.WaitGroup
	for i, part := range parts {
		found[i] = doctor{DoctorOptions: d.DoctorOptions, s: d.s, broken: d.broken}
		all.Go(func() { part(&found[i], ctx) })
	}
	all.Wait()
	for _, f := range found {
		d.report.Findings = append(d.report.Findings, f.report.Findings...)
	}
	d.report.OK = !slices.ContainsFunc(d.report.Findings, func(f Finding) bool { return f.Level == Problem })
	return d.report
}

func (d *doctor) add(part string, level Level, setting, advice, format string, args ...any) {
	if setting != "" {
		setting = EnvName(setting)
	}
	d.report.Findings = append(d.report.Findings, Finding{part, level, fmt.Sprintf(format, args...), setting, advice})
}

// settings tells the faults that Check finds: a line each, which begins with the setting's name.
func (d *doctor) settings() {
	err := d.s.Check()
	if err == nil {
		d.add("settings", OK, "", "", "every setting can be read")
		return
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		name, words, _ := strings.Cut(line, ": ")
		d.broken[name] = true
		d.report.Findings = append(d.report.Findings, Finding{"settings", Problem, words, name, "correct the setting"})
	}
}

// usable reports a setting that has a value without a fault.
func (d *doctor) usable(setting, value string) bool {
	return value != "" && !d.broken[EnvName(setting)]
}

func (d *doctor) redis(ctx context.Context) {
	if !d.usable("redis-url", d.s.RedisURL) {
		return
	}
	rdb, err := ConnectRedis(ctx, d.s)
	if err != nil {
		d.add("redis", Problem, "redis-url", "start Redis, or correct the URL, its user and its password", "%v", err)
		return
	}
	defer func() { _ = rdb.Close() }()
	well := true
	trouble := func(level Level, advice string, err error) {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			d.add("redis", level, "redis-url", advice, "%s", line)
		}
		well = false
	}
	if err := checkVersion(ctx, rdb); err != nil {
		trouble(Problem, "upgrade the server", err)
	}
	if ahead, err := recovery.CheckClock(ctx, rdb); err != nil {
		trouble(Problem, "synchronize the clocks of both machines", err)
	} else if ahead.Abs() > recovery.NoteClockDifference {
		trouble(Warning, "synchronize the clocks of both machines", fmt.Errorf("this machine's clock is %s ahead of that of Redis", ahead.Round(time.Millisecond)))
	}
	untold := func() {
		d.add("redis", Unknown, "redis-url", "make sure that appendfsync is always", "Redis doesn't tell its appendfsync: CONFIG is not allowed")
	}
	if err := checkDurable(ctx, rdb, d.s.RedisFsync, untold); err != nil {
		level := Problem
		if d.s.AllowVolatileRedis {
			level = Warning
		}
		trouble(level, "set this in redis.conf; for development HERALD_ALLOW_VOLATILE_REDIS=true allows it", err)
	}
	if err := checkReplicas(ctx, rdb, d.s.RedisReplicas); err != nil {
		d.add("redis", Problem, "redis-replicas", "start them, or lower the setting", "%v", err)
	}
	if well {
		d.add("redis", OK, "redis-url", "", "%s answers, keeps an append-only file and evicts nothing", RedisHost(d.s.RedisURL))
	}
}

func (d *doctor) templates(context.Context) {
	if d.broken[EnvName("templates")] {
		return
	}
	report := lint.Folder(d.s.TemplateFiles(), lint.Options{Texts: true})
	faults := catalog.ErrorsOf(report.Findings)
	if len(faults) == 0 {
		d.add("templates", OK, "templates", "", "no errors, %d warnings in their texts (herald lint looks at mails too)", len(report.Findings))
		return
	}
	first := faults[0]
	d.add("templates", Problem, "templates", "herald lint lists them all", "%d errors; the first is in %s, line %d: %s",
		len(faults), cmp.Or(first.File, "a text"), first.Line, first.Message)
}

// expiry tells a certificate that ends soon.
func (d *doctor) expiry(part, setting string, expires time.Time) {
	if expires.IsZero() || time.Until(expires) > soon {
		return
	}
	d.add(part, Warning, setting, "renew the server's certificate", "the server's certificate ends on %s", expires.UTC().Format(time.DateOnly))
}

// notFound reports that the DNS knows no such record, and answered.
func notFound(err error) bool {
	var dns *net.DNSError
	return errors.As(err, &dns) && dns.IsNotFound
}
