// Command api measures the HTTP API in front of a Redis that syncs every write: single messages a second over many
// connections, with the time that the slowest of a hundred takes; messages a second in batches and in a stream; and the
// recipients a second of a streamed audience, with the memory that it takes.
//
//	go run ./bench/api [-connections 64] [-seconds 10] [-messages 200000] [-recipients 1000000] [-check]
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// The bars.
const (
	leastRecipients = 100_000 // a second
	leastMessages   = 20_000  // a second, in batches
	mostGrowth      = 1.5     // of the peak memory, when the audience is ten times larger
)

func main() {
	connections := flag.Int("connections", 64, "connections that send single messages")
	seconds := flag.Int("seconds", 10, "how long they do")
	messages := flag.Int("messages", 200_000, "messages that are sent in batches, and again in a stream")
	recipients := flag.Int("recipients", 1_000_000, "size of the larger audience; the smaller one is a tenth of it")
	check := flag.Bool("check", false, "fail below the bars")
	flag.Parse()
	b := &bench{connections: *connections, during: time.Duration(*seconds) * time.Second, many: *messages, recipients: *recipients, check: *check}
	if err := errors.Join(b.run(), b.close()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

type bench struct {
	connections, many, recipients int
	during                        time.Duration
	check                         bool

	servers servers
	client  *http.Client
}

func (b *bench) run() error {
	if err := b.servers.build(); err != nil {
		return err
	}
	b.client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: b.connections, MaxConnsPerHost: b.connections}}
	fmt.Printf("%d CPUs, shared by the API, Redis (appendfsync always) and this client\n\n", runtime.NumCPU())
	if err := b.messages(); err != nil {
		return err
	}
	batched, err := b.batches()
	if err != nil {
		return err
	}
	if err := b.stream(); err != nil {
		return err
	}
	small, err := b.audience(b.recipients / 10)
	if err != nil {
		return err
	}
	large, err := b.audience(b.recipients)
	if err != nil {
		return err
	}
	if b.check && batched < leastMessages {
		return fmt.Errorf("%.0f messages a second in batches; the bar is %d", batched, leastMessages)
	}
	if b.check && large.rate < leastRecipients {
		return fmt.Errorf("%.0f recipients a second; the bar is %d", large.rate, leastRecipients)
	}
	if b.check && float64(large.peak) > mostGrowth*float64(small.peak) {
		return fmt.Errorf("the peak grows from %d to %d MB with ten times the audience", small.peak>>20, large.peak>>20)
	}
	return nil
}

func (b *bench) close() error { return b.servers.close() }

const message = `{"channel":"email","from":"Fernhill <stay@fernhill.example>","to":"ada@example.com","shortcut":"order-issue-before-arrival",` +
	`"locale":"fr-CA","context":{"customer":{"firstName":"Ada","lastName":"Lovelace","custom":{"orderNumberStr":"A-10027","tierStr":"Diamond"}}}}`

// messages sends single messages over all connections for a while.
func (b *bench) messages() error {
	url, stop, err := b.servers.serve()
	if err != nil {
		return err
	}
	var (
		all    sync.WaitGroup
		failed atomic.Int64
		took   = make([][]time.Duration, b.connections)
	)
	started := time.Now()
	for i := range b.connections {
		all.Go(func() {
			for time.Since(started) < b.during {
				begun := time.Now()
				status, _ := b.post(url+"/v1/messages", message)
				if status != http.StatusAccepted {
					failed.Add(1)
				}
				took[i] = append(took[i], time.Since(begun))
			}
		})
	}
	all.Wait()
	elapsed := time.Since(started)
	every := slices.Concat(took...)
	slices.Sort(every)
	at := func(share float64) time.Duration {
		return every[int(share*float64(len(every)-1))].Round(10 * time.Microsecond)
	}
	cpu, err := stop()
	if err != nil {
		return err
	}
	if failed.Load() > 0 {
		return fmt.Errorf("%d of %d messages were not accepted", failed.Load(), len(every))
	}
	fmt.Printf("single messages, %d connections: %.0f a second; p50 %s, p99 %s, slowest %s; %.2f ms of the API's CPU each\n",
		b.connections, float64(len(every))/elapsed.Seconds(), at(.5), at(.99), at(1), cpu.Seconds()*1000/float64(len(every)))
	return nil
}

func (b *bench) post(url, body string) (int, string) {
	resp, err := b.client.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err.Error()
	}
	return resp.StatusCode, string(answer)
}

// upload is what storing an audience took.
type upload struct {
	rate float64 // recipients a second
	peak int64   // memory of the API, in bytes
}

// audience stores one of n recipients in a bulk, through an API that has done nothing else.
func (b *bench) audience(n int) (upload, error) {
	url, stop, err := b.servers.serve()
	if err != nil {
		return upload{}, err
	}
	id := fmt.Sprint("bench-", n)
	if status, answer := b.post(url+"/v1/bulks", `{"id":"`+id+`","messages":[{"channel":"email","from":"stay@fernhill.example","shortcut":"order-issue-before-arrival"}]}`); status != http.StatusCreated {
		return upload{}, fmt.Errorf("create the bulk: %d %s", status, answer)
	}
	r, err := http.NewRequest(http.MethodPut, url+"/v1/bulks/"+id+"/recipients", &rows{left: n, block: block()})
	if err != nil {
		return upload{}, err
	}
	r.Header.Set("Content-Type", "application/x-ndjson")
	started := time.Now()
	resp, err := b.client.Do(r)
	if err != nil {
		return upload{}, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || !bytes.Contains(answer, fmt.Appendf(nil, `"recipients":%d,`, n)) {
		return upload{}, fmt.Errorf("store the audience: %d %s %w", resp.StatusCode, answer, err)
	}
	took := time.Since(started)
	u := upload{rate: float64(n) / took.Seconds(), peak: b.servers.peak()}
	cpu, err := stop()
	fmt.Printf("audience of %d: %.0f recipients a second, %.1f MB a second; peak memory of the API %d MB; %.2f s of its CPU\n",
		n, u.rate, float64(n)*float64(len(block()))/blockRows/took.Seconds()/1e6, u.peak>>20, cpu.Seconds())
	return u, err
}

// rows is an audience of so many recipients: a block of rows, again and again.
type rows struct {
	left  int // recipients
	block []byte
	rest  []byte // of the block that is being read
}

const blockRows = 1000

func block() []byte {
	var b bytes.Buffer
	for i := range blockRows {
		fmt.Fprintf(&b, `{"to":"guest-%d@example.com","locale":"fr-CA","timezone":"America/Toronto","context":{"customer":{"firstName":"Guest %d","lastName":"Lovelace","custom":{"orderNumberStr":"A-%05d","tierStr":"Diamond","cityStr":"Toronto"}}}}`+"\n", i, i, i)
	}
	return b.Bytes()
}

func (r *rows) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		if r.left <= 0 {
			return 0, io.EOF
		}
		r.rest = r.block
		r.left -= blockRows
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}
