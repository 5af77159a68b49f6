package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	batchSize    = 500
	batchWriters = 4
)

// batches sends messages in batches, over a few connections, and returns how many a second were accepted.
func (b *bench) batches() (float64, error) {
	url, stop, err := b.servers.serve()
	if err != nil {
		return 0, err
	}
	body := `{"messages":[` + message + strings.Repeat(","+message, batchSize-1) + `]}`
	want := `"accepted":` + strconv.Itoa(batchSize) + ","
	var (
		all     sync.WaitGroup
		left    atomic.Int64
		refused atomic.Pointer[string]
	)
	left.Store(int64(b.many / batchSize))
	started := time.Now()
	for range batchWriters {
		all.Go(func() {
			for left.Add(-1) >= 0 {
				if status, answer := b.post(url+"/v1/messages:batch", body); status != http.StatusOK || !strings.Contains(answer, want) {
					refused.Store(&answer)
				}
			}
		})
	}
	all.Wait()
	took := time.Since(started)
	cpu, err := stop()
	if r := refused.Load(); r != nil {
		return 0, fmt.Errorf("a batch was refused: %.300s", *r)
	}
	n := b.many / batchSize * batchSize
	rate := float64(n) / took.Seconds()
	fmt.Printf("batches of %d, %d connections: %.0f messages a second; %.3f ms of the API's CPU each\n", batchSize, batchWriters, rate, cpu.Seconds()*1000/float64(n))
	return rate, err
}

// stream sends messages as lines of one request.
func (b *bench) stream() error {
	url, stop, err := b.servers.serve()
	if err != nil {
		return err
	}
	r, err := http.NewRequest(http.MethodPost, url+"/v1/messages:stream", &lines{left: b.many})
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-ndjson")
	started := time.Now()
	resp, err := b.client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	took := time.Since(started)
	cpu, stopped := stop()
	if err := errors.Join(err, stopped); err != nil {
		return err
	}
	if !bytes.Contains(answer, fmt.Appendf(nil, `"accepted":%d,`, b.many)) {
		return fmt.Errorf("the stream was refused: %d %.300s", resp.StatusCode, answer)
	}
	fmt.Printf("one stream: %.0f messages a second; %.3f ms of the API's CPU each\n", float64(b.many)/took.Seconds(), cpu.Seconds()*1000/float64(b.many))
	return nil
}

// lines are so many messages, a line each, with an id of its own.
type lines struct {
	left int
	rest []byte
}

func (l *lines) Read(p []byte) (int, error) {
	if len(l.rest) == 0 {
		if l.left == 0 {
			return 0, io.EOF
		}
		l.rest = append(fmt.Appendf(l.rest, `{"id":"line-%d",`, l.left), message[1:]+"\n"...)
		l.left--
	}
	n := copy(p, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}
