package api

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/channel/catcher"
)

var (
	apiRequests = flag.Int("api.requests", 60, "random requests for each operation")
	apiSeed     = flag.Uint64("api.seed", 0, "where their randomness begins; another one each time when 0")
)

// description reads /openapi.json with a reader that shares no code with what wrote it.
func description(t *testing.T, s *service) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(s.want(200, "GET", "/openapi.json", nil).body)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// everything starts an API with all that it can have.
func everything(t *testing.T) *service {
	t.Helper()
	box, preview := newBox(t), newPreview(t)
	return start(t, func(o *Options) { o.Caught, o.Preview = box, preview })
}

func newBox(t *testing.T) *catcher.Box {
	t.Helper()
	box := catcher.NewBox(10)
	if err := box.Keep(&catcher.Mail{From: "a@example.com", To: []string{"b@example.com"}, Raw: []byte("Subject: x\r\n\r\nhello")}); err != nil {
		t.Fatal(err)
	}
	return box
}

// The description is valid by a validator of others, and says of every operation who may call it.
func TestDescription(t *testing.T) {
	s := everything(t)
	doc := description(t, s)
	if err := doc.Validate(t.Context(), openapi3.EnableExamplesValidation()); err != nil {
		t.Fatal(err)
	}
	if doc.OpenAPI != "3.1.0" || doc.Info.Version != "1.2.3" {
		t.Errorf("OpenAPI %s, version %s", doc.OpenAPI, doc.Info.Version)
	}
	ids := map[string]bool{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			if op.OperationID == "" || ids[op.OperationID] || op.Summary == "" || op.Security == nil || len(*op.Security) != 1 || op.Responses.Status(503) == nil {
				t.Errorf("%s %s: id %q, summary %q, security %v", method, path, op.OperationID, op.Summary, op.Security)
			}
			ids[op.OperationID] = true
		}
	}
	for _, want := range []string{
		"POST /v1/messages", "GET /v1/messages/{id}", "POST /v1/forwards", "POST /v1/bulks", "PUT /v1/bulks/{id}/recipients", "POST /v1/bulks/{id}/start",
		"PATCH /v1/bulks/{id}/rate", "GET /v1/bulks/{id}/events", "POST /v1/render", "GET /v1/shortcuts", "POST /v1/attachments", "DELETE /v1/suppressions",
	} {
		method, path, _ := strings.Cut(want, " ")
		if item := doc.Paths.Value(path); item == nil || item.GetOperation(method) == nil {
			t.Errorf("no %s", want)
		}
	}
	page := string(s.want(200, "GET", "/docs", nil).body)
	for id := range ids {
		if !strings.Contains(page, `id="`+id+`"`) {
			t.Errorf("/docs lacks %s", id)
		}
	}
	if strings.Contains(page, "<script") || strings.Contains(page, "src=") || strings.Contains(page, "https://") {
		t.Error("/docs loads something")
	}
}

// Requests made at random from the description, whole ones and broken ones: none is answered with a 5xx, every answer is
// one that the description has, in the form that it says.
func TestRandomRequests(t *testing.T) {
	s := everything(t)
	doc := description(t, s)
	seed := *apiSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("-api.seed %d", seed)
	s.want(202, "POST", "/v1/messages", strings.Replace(aMessage, "{", `{"id":"known",`, 1))
	restore := func() { // what an operation before may have deleted
		for _, id := range []string{"known", "loaded"} {
			s.do("POST", "/v1/bulks", strings.Replace(aBulk, "news", id, 1))
		}
		s.do("PUT", "/v1/bulks/loaded/recipients", audience(30), ndjson)
	}
	g := &generator{r: rand.New(rand.NewPCG(seed, 1))}
	statuses := map[int]int{}
	for _, path := range slices.Sorted(maps.Keys(doc.Paths.Map())) {
		item := doc.Paths.Value(path)
		for _, method := range slices.Sorted(maps.Keys(item.Operations())) {
			route := &routers.Route{Spec: doc, Path: path, PathItem: item, Method: method, Operation: item.GetOperation(method)}
			t.Run(method+" "+path, func(t *testing.T) {
				restore()
				for range *apiRequests {
					g.broken = g.r.IntN(2) == 0
					statuses[s.try(t, g, route)]++
					if t.Failed() {
						return
					}
				}
			})
		}
	}
	t.Logf("answers by status: %v", statuses)
	if statuses[200] == 0 || statuses[202] == 0 || statuses[422] == 0 || statuses[404] == 0 {
		t.Errorf("the requests reach little: %v", statuses)
	}
	s.want(202, "POST", "/v1/messages", aMessage)
}

// try sends one request and checks its answer against the description.
func (s *service) try(t *testing.T, g *generator, route *routers.Route) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if route.Operation.OperationID == "follow-bulk" {
		ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond) // it goes on for as long as the bulk
		defer cancel()
	}
	r, body := g.request(t, ctx, s.url, route)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		if ctx.Err() == nil {
			t.Errorf("%s %s: %v", r.Method, r.URL, err)
		}
		return 0
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	show := func() string {
		return fmt.Sprintf("%s %s %.2000q: %d %.500s", r.Method, r.URL, body, resp.StatusCode, data)
	}
	if err != nil && ctx.Err() == nil {
		t.Errorf("%v: %s", err, show())
	}
	if resp.StatusCode >= 500 {
		t.Errorf("server error: %s", show())
	}
	if ctx.Err() != nil {
		return resp.StatusCode
	}
	in := &openapi3filter.RequestValidationInput{Request: r, Route: route}
	out := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: resp.StatusCode, Header: resp.Header, Body: io.NopCloser(bytes.NewReader(data)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	}
	switch mediaType, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";"); {
	case resp.StatusCode == http.StatusMethodNotAllowed, resp.StatusCode == http.StatusNotFound && route.Operation.Responses.Status(404) == nil:
		return resp.StatusCode // a path parameter that leads elsewhere
	case mediaType == "text/csv" || mediaType == "text/event-stream" || mediaType == "message/rfc822":
		out.Options.ExcludeResponseBody = true
	}
	if err := openapi3filter.ValidateResponse(ctx, out); err != nil {
		t.Errorf("the answer is not as described: %v: %s", err, show())
	}
	return resp.StatusCode
}

func TestMain(m *testing.M) {
	openapi3filter.RegisterBodyDecoder("application/problem+json", openapi3filter.RegisteredBodyDecoder("application/json"))
	redis.SetLogger(silent{}) // tests end its servers
	os.Exit(m.Run())
}

type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

// target fills a path's parameters.
func target(base string, route *routers.Route, params map[string]string, query url.Values) string {
	path := route.Path
	for name, value := range params {
		path = strings.ReplaceAll(path, "{"+name+"}", url.PathEscape(value))
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return base + path
}
