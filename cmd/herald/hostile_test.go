package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/logtest"
)

// What one request may cost, whatever it holds: it ends by itself, with a result or with a typed error. And when its caller
// leaves, it ends before long.
const (
	hostileCPU    = 2 * time.Second
	hostileMemory = 256 << 20
	hostileAfter  = 200 * time.Millisecond // of CPU, after the caller left: 100 ms of the work and of the collector beside it
)

// hostileInput is the body of a request.
type hostileInput struct {
	path, body string
}

func hostileInputs(t *testing.T) map[string]hostileInput {
	t.Helper()
	encoded := func(v any) string {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	render := func(text, format string, context any) hostileInput {
		return hostileInput{"/v1/render", encoded(map[string]any{"text": text, "format": format, "context": context})}
	}
	forward := func(html string, more ...any) hostileInput {
		messages := append([]any{map[string]any{"id": "m1", "channel": "email", "direction": "in", "sentAt": "2026-02-03T08:00:00Z", "htmlBody": html}}, more...)
		return hostileInput{"/v1/render/forward", encoded(map[string]any{
			"from": "Robin <robin@fernhill.example>", "to": "ops@heat.example", "conversation": map[string]any{"id": "c", "messages": messages},
		})}
	}
	x := func(value string) any { return map[string]any{"x": value} }
	list := func(n int) any { return map[string]any{"l": make([]int, n)} }
	lists := strings.Repeat("<ol start=9223372036854775806><li>", 99) + strings.Repeat("<br>x", 60_000)
	quotes := strings.Repeat("<blockquote>", 99) + strings.Repeat("<br>x", 60_000)
	tangles := make([]string, 200)
	for i := range tangles {
		tangles[i] = strings.Repeat("[a](", 1000)
	}
	columns := "customer.email"
	for i := range 80_000 {
		columns += fmt.Sprintf(",customer.custom.f%dStr", i)
	}
	return map[string]hostileInput{
		"prefixes of lists, forwarded":   forward(lists),
		"prefixes of lists, as a value":  render("{{{x}}}", "html", x(lists)),
		"prefixes of lists, of its own":  render(lists[:240_000], "html", x("")),
		"prefixes of quotes, forwarded":  forward(quotes),
		"prefixes of quotes, as a value": render("{{{x}}}", "html", x(quotes)),
		"a million messages":             {"/v1/render/forward", `{"from":"r@x.example","to":"o@y.example","conversation":{"id":"c","messages":[` + strings.TrimSuffix(strings.Repeat("{},", 1_000_000), ",") + `]}}`},
		"a million members":              {"/v1/render", `{"text":"x","context":{"a":[` + strings.TrimSuffix(strings.Repeat("{},", 1_000_000), ",") + `]}}`},
		"columns":                        {"/v1/bulks/B/recipients", columns + "\na@example.com\n"},
		"many values":                    render("{{#each l}}{{this}}{{/each}}", "markdown", list(40_000)),
		"many raw values":                render("{{#each l}}{{{this}}}{{/each}}", "markdown", list(40_000)),
		"links of Markdown":              render(strings.Repeat("[a](", 32_768), "markdown", x("")),
		"quotes of Markdown":             render(strings.Repeat("> ", 65_536), "markdown", x("")),
		"a path in brackets":             render("{{[a]"+strings.Repeat("/[a]", 62_000)+"}}", "markdown", x("")),
		"a big number": {"/v1/render", `{"text":"{{#each l}}{{#if ../n}}x{{/if}}{{/each}}","channel":"sms","context":{"n":` + strings.Repeat("9", 200_000) +
			`,"l":[` + strings.TrimSuffix(strings.Repeat("1,", 10_000), ",") + `]}}`},
		"a long date":               render("{{dateFormat x}}", "markdown", x("2019-01-18T00:00:00"+strings.Repeat("0", 500_000))),
		"values of Markdown":        {"/v1/render", encoded(map[string]any{"text": "{{#each l}}{{{this}}}\n\n{{/each}}", "channel": "email", "context": map[string]any{"l": tangles}})},
		"missing fields":            {"/v1/render", encoded(map[string]any{"text": strings.Repeat("a", 200_000) + "{{#each l}}{{#each ../l}}{{y}}{{/each}}{{/each}}", "channel": "email", "context": list(1000)})},
		"formatting, never closed":  forward(strings.Repeat("<p><b></p>", 500) + strings.Repeat("<p>x", 60_000)),
		"long words, many messages": forward("x", longMessages(500)...),
		"redaction over many tags": {"/v1/render/forward", encoded(map[string]any{"from": "r@x.example", "to": "o@y.example", "conversation": map[string]any{"id": "c",
			"messages": []any{map[string]any{"id": "m1", "direction": "in", "htmlBody": strings.Repeat("<b>a</b>", 40_000), "redactions": []any{map[string]any{"text": strings.Repeat("a", 39) + "b"}}}}}})},
	}
}

func longMessages(n int) (out []any) {
	for i := range n {
		out = append(out, map[string]any{"id": strconv.Itoa(i), "channel": "email", "direction": "in", "sentAt": "2026-02-03T08:00:00Z", "body": strings.Repeat("word and another\n> quoted\n", 100)})
	}
	return out
}

// served is `herald serve --embedded` in a process of its own, so that what it costs can be told.
type served struct {
	t       *testing.T
	process *os.Process
	host    string
}

func startServed(t *testing.T, binary string) *served {
	t.Helper()
	cmd := exec.Command(binary, "serve", "--embedded", "--listen", "127.0.0.1:0")
	log := &logtest.Buffer{}
	cmd.Stdout, cmd.Stderr, cmd.Dir = log, log, t.TempDir()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		if _, rest, ok := strings.Cut(log.String(), "playground: "); ok && strings.Contains(rest, "\n") {
			at, err := url.Parse(strings.Fields(rest)[0])
			if err != nil {
				t.Fatal(err)
			}
			return &served{t, cmd.Process, at.Host}
		}
		if time.Now().After(deadline) {
			t.Fatalf("it does not start: %s", log.String())
		}
	}
}

// proc is a file about the process that Linux keeps.
func (s *served) proc(name string) string {
	s.t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", s.process.Pid, name))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(data)
}

// cpu is the processor time that it has used.
func (s *served) cpu() time.Duration {
	s.t.Helper()
	stat := s.proc("stat")
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	ticks := 0
	for _, field := range fields[11:13] { // utime and stime, in hundredths of a second
		n, err := strconv.Atoi(field)
		if err != nil {
			s.t.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// memory is VmRSS, what it holds, or VmHWM, the most that it has held, in bytes.
func (s *served) memory(which string) int64 {
	s.t.Helper()
	_, rest, _ := strings.Cut(s.proc("status"), which+":")
	n, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	if err != nil {
		s.t.Fatal(err)
	}
	return n << 10
}

// idle waits until it does next to nothing, and returns the processor time that it had used by then.
func (s *served) idle() time.Duration {
	s.t.Helper()
	for {
		before := s.cpu()
		time.Sleep(100 * time.Millisecond)
		if s.cpu()-before <= 10*time.Millisecond { // a playground looks at its queues all the time
			return before
		}
	}
}

// post sends an input whole.
func (s *served) post(in hostileInput) (status int, body string) {
	s.t.Helper()
	method, mediaType := http.MethodPost, "application/json"
	if strings.HasSuffix(in.path, "/recipients") {
		method, mediaType = http.MethodPut, "text/csv"
		in.path = "/v1/bulks/" + s.newBulk() + "/recipients"
	}
	r, err := http.NewRequest(method, "http://"+s.host+in.path, strings.NewReader(in.body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", mediaType)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer.StatusCode, string(data)
}

// newBulk makes one that waits for its audience.
func (s *served) newBulk() string {
	s.t.Helper()
	body := `{"messages":[{"channel":"note","text":"Hello"}]}`
	answer, err := http.Post("http://"+s.host+"/v1/bulks", "application/json", strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	var made struct {
		ID string `json:"id"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&made); err != nil || made.ID == "" {
		s.t.Fatalf("a bulk: %d, %v", answer.StatusCode, err)
	}
	return made.ID
}

// Whatever a request holds, it costs no more than a bound, measured in a process of its own.
func TestHostileInputsHaveABound(t *testing.T) {
	t.Parallel()
	binary := builtProgram(t)
	s := startServed(t, binary)
	s.idle()
	idle := s.memory("VmRSS")
	for name, in := range hostileInputs(t) {
		t.Run("cost/"+name, func(t *testing.T) {
			s := &served{t, s.process, s.host}
			took, most := s.cost(in, idle)
			if took > hostileCPU || most > hostileMemory { // what was before it may still be in memory
				s = startServed(t, binary)
				s.idle()
				took, most = s.cost(in, s.memory("VmRSS"))
			}
			if took > hostileCPU {
				t.Errorf("it took %v", took)
			}
			if most > hostileMemory {
				t.Errorf("it took %d MB above idle", most>>20)
			}
		})
		t.Run("leave/"+name, func(t *testing.T) { testLeaving(&served{t, s.process, s.host}, in) })
	}
	rows := strings.Repeat("c1,Ada,"+strings.Repeat("x", 200)+"\n", 100_000)
	audience := hostileInput{"/v1/bulks/B/recipients", "to,customer.firstName,customer.custom.aStr\n" + rows}
	t.Run("leave/audience", func(t *testing.T) { testLeaving(&served{t, s.process, s.host}, audience) })
}

// cost sends an input, and returns the processor time that it took and the most memory above idle.
func (s *served) cost(in hostileInput, idle int64) (took time.Duration, most int64) {
	s.t.Helper()
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", s.process.Pid), []byte("5"), 0); err != nil { // VmHWM begins anew
		s.t.Fatal(err)
	}
	before := s.idle()
	status, body := s.post(in)
	took, most = s.idle()-before, s.memory("VmHWM")-idle
	s.t.Logf("%d, %v, %d MB: %.100s", status, took, most>>20, body)
	if status >= 500 || status >= 400 && !strings.Contains(body, `"code"`) {
		s.t.Errorf("got %d: %.300s", status, body)
	}
	return took, most
}

// testLeaving sends an input and leaves in the middle: the work ends, and what is used afterwards is next to nothing.
func testLeaving(s *served, in hostileInput) {
	s.t.Helper()
	method, mediaType := "POST", "application/json"
	if strings.HasSuffix(in.path, "/recipients") {
		method, mediaType = "PUT", "text/csv"
		in.path = "/v1/bulks/" + s.newBulk() + "/recipients"
	}
	before := s.idle()
	conn, err := net.Dial("tcp", s.host)
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	request := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", method, in.path, s.host, mediaType, len(in.body), in.body)
	go func() { _, _ = io.WriteString(conn, request) }() // ends with the connection
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		_, _ = conn.Read(make([]byte, 1))
	}()
	for s.cpu()-before < 100*time.Millisecond { // it is in the middle of its work
		select {
		case <-answered:
			return // it is quicker than that
		case <-time.After(time.Millisecond):
		}
	}
	_ = conn.Close()
	left := s.cpu()
	after := s.idle() - left
	s.t.Logf("%v of CPU after the caller left", after)
	if after > hostileAfter {
		s.t.Errorf("%v of CPU after the caller left", after)
	}
}
