package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/api/hooks"
	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/channel/sms"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/feedback"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/blob"
	"github.com/heraldsend/herald/worker/store/caught"
	"github.com/heraldsend/herald/worker/store/link"
	"github.com/heraldsend/herald/worker/store/suppress"
	"github.com/heraldsend/herald/worker/task"
	"github.com/heraldsend/herald/worker/topic"
)

// Options for New. Redis, Client, Suppressions, Log and Metrics are required.
type Options struct {
	Redis        redis.UniversalClient // stays the caller's to close
	Client       *enqueue.Client
	Suppressions *suppress.Store
	Topics       *topic.Set // that recipients may choose from; nil: there are none
	Log          *slog.Logger
	Metrics      prometheus.Registerer

	// Tokens are those of the callers; SetTokens replaces them. Without any, everyone may call, under a name of the
	// loopback interface: such a server must listen only there. Closed is for a server that has tokens later.
	Tokens []Token
	Closed bool
	Rate   float64 // requests a second of one token; 0 is no limit

	Bodies int64 // bytes of all bodies that are held at the same time; DefaultBodies when 0

	Country string // ISO 3166 code for messages and bulks without one; empty for none

	Links       *link.Links // opens the links of messages; there are none when nil
	SMSWords    sms.Words   // the texts by which people opt out and in again; the built-in ones when nil
	TwilioToken string      // the account's, by which its callbacks are checked; none are answered when empty

	// Feedback keeps what others say of messages that were sent: *feedback.Recorder. Nobody does when nil.
	Feedback interface {
		Record(ctx context.Context, r feedback.Report) (feedback.Result, error)
	}
	Hooks []hooks.Adapter // the webhooks of mail providers; none are answered without Feedback

	Eraser Eraser // removes people; nobody does when nil

	Remaker Remaker // makes messages again that were sent; nobody does when nil

	Caught Box // the messages of a playground; none when nil

	// Judge finds what is wrong with content when it is enqueued, as a fault.List with pointers into the content:
	// *compose.Judge. If it is nil, only the workers check content.
	Judge interface {
		Check(content task.Content) error
		// DefaultShortcut is what a message says on a channel that names no shortcut and has no text; "" for nothing.
		DefaultShortcut(channel message.Channel) string
	}

	// FieldKind is the type of a field that the templates declare, "" for another field. It decides what a column of
	// a CSV becomes; without it, the name of the column does.
	FieldKind func(path string) string

	Preview Registrar    // adds the operations of the preview; none when nil
	Page    http.Handler // answers GET / and everything below /ui/; it sets a Content-Security-Policy of its own
	Version string       // of Herald, for the description

	Now func() time.Time // time.Now when nil
}

// maxRequest is how long a request may take that isn't a stream.
const maxRequest = 30 * time.Second

// Server is the API. It is an http.Handler, safe for concurrent use.
type Server struct {
	Options
	mux        *http.ServeMux
	packed     http.Handler // mux, with answers packed
	guard      *guard
	follower   *follower
	blobs      *blob.Store
	tests      *caught.Store    // what tests would have sent
	inline     *attach.Resolver // of files whose bytes come with a request, and of no others
	room       *room            // for the bodies of requests
	metrics    *metrics
	openAPI    *huma.OpenAPI
	shapes     sync.Map        // *huma.Schema → *strictjson.Shape, of bodies
	maxRequest time.Duration   // maxRequest, but for tests
	draining   context.Context // ends the streams that would not end by themselves
	drain      context.CancelFunc
}

// humaOnce sets the one switch of huma that holds for the whole process: our form of errors.
var humaOnce = sync.OnceFunc(func() { huma.NewError = fromHuma })

// New checks the options and builds the routes.
func New(o Options) (*Server, error) {
	humaOnce()
	var errs []error
	for name, missing := range map[string]bool{
		"Redis": o.Redis == nil, "Client": o.Client == nil, "Suppressions": o.Suppressions == nil, "Log": o.Log == nil, "Metrics": o.Metrics == nil,
	} {
		if missing {
			errs = append(errs, fmt.Errorf("api: %s is required", name))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if o.Bodies == 0 {
		o.Bodies = DefaultBodies
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.SMSWords == nil {
		words, err := sms.NewWords("", "")
		if err != nil {
			return nil, err
		}
		o.SMSWords = words
	}
	if o.Version == "" {
		o.Version = "0"
	}
	m, err := newMetrics(o.Metrics)
	if err != nil {
		return nil, err
	}
	inline, err := attach.New(attach.Options{})
	if err != nil {
		return nil, err
	}
	tests, err := caught.New(o.Redis)
	if err != nil {
		return nil, err
	}
	s := &Server{Options: o, tests: tests, inline: inline, room: newRoom(o.Bodies), maxRequest: maxRequest, mux: http.NewServeMux(), guard: newGuard(o.Tokens, o.Closed, o.Rate), blobs: blob.New(o.Redis), metrics: m}
	s.follower = newFollower(func(ctx context.Context, id string) (BulkStatus, error) {
		return s.bulkStatus(ctx, caller{admin: true}, id)
	})
	if s.packed, err = pack(http.HandlerFunc(s.route)); err != nil {
		return nil, err
	}
	s.draining, s.drain = context.WithCancel(context.Background())
	return s, s.routes()
}

func (s *Server) routes() error {
	config := describe(s.Version)
	config.Transformers = []huma.Transformer{s.logCause}
	api := humago.New(s.mux, config)
	s.openAPI = api.OpenAPI()
	api.UseMiddleware(s.authorize, s.readJSON)
	s.registerMessages(api)
	s.registerFind(api)
	s.registerSent(api)
	s.registerBatch(api)
	s.registerScheduled(api)
	s.registerForwards(api)
	s.registerBulks(api)
	s.registerAttachments(api)
	s.registerSuppressions(api)
	s.registerErase(api)
	s.registerLanes(api)
	s.registerDead(api)
	s.registerPause(api)
	s.registerRates(api)
	s.registerCaught(api)
	if s.Preview != nil {
		s.Preview.Register(api)
	}
	complete(api.OpenAPI())
	if err := s.serveErrors(); err != nil {
		return err
	}
	if err := s.serveReference(api.OpenAPI()); err != nil {
		return err
	}
	if err := s.serveLinks(); err != nil {
		return err
	}
	s.serveTwilio()
	s.serveHooks()
	if s.Page != nil {
		s.mux.Handle("GET /{$}", s.Page)
		s.mux.Handle("GET /ui/", s.Page)
	}
	return nil
}

func (s *Server) now() time.Time { return s.Now() }

// Drain ends the streams that go on as long as their readers like, so that stopping need not wait for them.
func (s *Server) Drain() { s.drain() }

// ServeHTTP answers one request: it sets the common headers, then calls the route.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	started := time.Now()
	out := &response{ResponseWriter: w}
	defer s.metrics.answered(r, out, started)
	defer s.survive(out, r)
	h := out.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	h.Set(requestID, nameRequest(r))
	// Streams set deadlines of their own.
	control := http.NewResponseController(out)
	_ = control.SetReadDeadline(started.Add(s.maxRequest))
	_ = control.SetWriteDeadline(started.Add(s.maxRequest))
	if p := s.guard.checkOrigin(r); p != nil {
		s.refuse(out, r, p)
		return
	}
	s.packed.ServeHTTP(out, r)
}

// route calls the route of a request.
func (s *Server) route(w http.ResponseWriter, r *http.Request) {
	if _, pattern := s.mux.Handler(r); pattern == "" {
		s.noRoute(w, r)
		return
	}
	if !known(r) {
		s.mux.ServeHTTP(w, r)
		return
	}
	held := &withTag{ResponseWriter: w}
	s.mux.ServeHTTP(held, r)
	held.send(r)
}

// noRoute answers in our form if the mux has no handler.
func (s *Server) noRoute(w http.ResponseWriter, r *http.Request) {
	words := &discard{header: http.Header{}}
	s.mux.ServeHTTP(words, r)
	if words.status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", words.header.Get("Allow"))
		s.refuse(w, r, problem(words.status, "method_not_allowed", "this path takes %s", words.header.Get("Allow")))
		return
	}
	s.refuse(w, r, problem(http.StatusNotFound, "not_found", "there is nothing at this path; /docs lists what there is"))
}

// refuse answers with a problem outside of huma.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, p *Problem) {
	p.RequestID = w.Header().Get(requestID)
	s.logProblem(r.Method, r.Pattern, p)
	for name, values := range p.GetHeaders() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p)
}

// logCause logs what lies beneath a problem that huma is about to write.
func (s *Server) logCause(ctx huma.Context, _ string, v any) (any, error) {
	if p, ok := v.(*Problem); ok {
		_, w := humago.Unwrap(ctx)
		p.RequestID = w.Header().Get(requestID)
		s.logProblem(ctx.Method(), ctx.Operation().Path, p)
	}
	return v, nil
}

// logProblem logs trouble of the server, once. Faults of the caller are only answered.
func (s *Server) logProblem(method, route string, p *Problem) {
	if p.Status >= 500 && p.cause != nil && !errors.Is(p.cause, context.Canceled) {
		s.Log.Error("request failed", "method", method, "route", route, "status", p.Status, "request", p.RequestID, "error", p.cause)
	}
}

// survive turns a panic into an answer, if none was begun.
func (s *Server) survive(w *response, r *http.Request) {
	broken := recover()
	if broken == nil {
		return
	}
	if broken == http.ErrAbortHandler { //nolint:errorlint // a sentinel, as net/http compares it
		panic(broken)
	}
	s.Log.Error("panic", "method", r.Method, "route", r.Pattern, "request", w.Header().Get(requestID), "type", fmt.Sprintf("%T", broken), "stack", string(debug.Stack()))
	if w.status == 0 {
		s.refuse(w, r, asProblem(errors.New("panic")))
	}
}

// response notes the status that is written.
type response struct {
	http.ResponseWriter
	status int
}

func (w *response) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *response) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(p)
}

// Flush is what the writer that packs answers looks for.
func (w *response) Flush() { _ = http.NewResponseController(w.ResponseWriter).Flush() }

// FlushError is Flush for http.ResponseController.
func (w *response) FlushError() error { return http.NewResponseController(w.ResponseWriter).Flush() }

// Unwrap is what http.ResponseController looks for.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// discard takes a response for its status and header.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(status int)      { d.status = status }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }

// serveBytes answers with the same bytes always.
func serveBytes(mediaType string, body []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", mediaType)
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = io.Copy(w, bytes.NewReader(body))
	})
}
