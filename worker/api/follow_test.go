package api

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Streams about the same bulk share what is read; with many bulks each is looked at less often; what nobody follows is
// forgotten.
func TestFollowerShares(t *testing.T) {
	var reads atomic.Int32
	f := newFollower(func(_ context.Context, id string) (BulkStatus, error) {
		if id == "gone" {
			return BulkStatus{}, errors.New("no answer")
		}
		reads.Add(1)
		return BulkStatus{ID: id, Sent: int(reads.Load())}, nil
	})
	var streams sync.WaitGroup
	var ends []func()
	for range 100 {
		b, done := f.follow("news")
		ends = append(ends, done)
		streams.Go(func() {
			if s, err := f.status(t.Context(), "news", b); err != nil || s.ID != "news" {
				t.Errorf("%+v, %v", s, err)
			}
		})
	}
	streams.Wait()
	if n := reads.Load(); n < 1 || n > 20 { // one, unless this machine sleeps in between
		t.Errorf("%d reads for 100 streams", n)
	}
	if got := f.every(); got != followEvery {
		t.Errorf("one bulk: every %s", got)
	}
	gone, done := f.follow("gone")
	for range 2 {
		if _, err := f.status(t.Context(), "gone", gone); err == nil {
			t.Error("an error is kept as an answer")
		}
	}
	done()
	for i := range 199 {
		_, done := f.follow(strconv.Itoa(i))
		ends = append(ends, done)
	}
	if got := f.every(); got != 200*time.Second/followsASecond {
		t.Errorf("200 bulks: every %s", got)
	}
	for _, done := range ends {
		done()
	}
	if len(f.bulks) != 0 {
		t.Errorf("%d bulks are kept", len(f.bulks))
	}
}

var calls = regexp.MustCompile(`cmdstat_\S+:calls=(\d+)`)

// commands is how many Redis has answered so far.
func (s *service) commands() int {
	s.t.Helper()
	n := 0
	for _, m := range calls.FindAllStringSubmatch(s.redis.Client().Info(s.t.Context(), "commandstats").Val(), -1) {
		one, _ := strconv.Atoi(m[1])
		n += one
	}
	return n
}

// 100 streams about one bulk cost Redis what a few do.
func TestStreamsAreLightOnRedis(t *testing.T) {
	s := start(t, nil)
	s.want(201, "POST", "/v1/bulks", aBulk)
	s.want(200, "PUT", "/v1/bulks/news/recipients", audience(1), ndjson)
	ctx, cancel := context.WithCancel(t.Context())
	var streams, first sync.WaitGroup
	first.Add(100)
	for range 100 {
		streams.Go(func() {
			began := sync.OnceFunc(first.Done)
			defer began()
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/v1/bulks/news/events", nil)
			if err != nil {
				t.Error(err)
				return
			}
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
				if strings.HasPrefix(lines.Text(), "data:") {
					began()
				}
			}
		})
	}
	first.Wait()
	before, began := s.commands(), time.Now()
	s.await(func() bool { return time.Since(began) > 4*followEvery })
	rate := float64(s.commands()-before) / time.Since(began).Seconds()
	cancel()
	streams.Wait()
	t.Logf("%.0f commands a second", rate)
	if rate > 400 {
		t.Errorf("%.0f commands a second for 100 streams", rate)
	}
}

// await waits for a condition.
func (s *service) await(is func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(time.Minute); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatal("it does not come")
		}
	}
}

// A list of bulks with contexts of 1 MB is answered: each definition is read once.
func TestListOfLargeBulks(t *testing.T) {
	s := start(t, nil)
	large := strings.Repeat("x", 1<<20-100)
	const bulks = 20
	for i := range bulks {
		s.want(201, "POST", "/v1/bulks", strings.Replace(strings.Replace(aBulk, "news", fmt.Sprintf("b%d", i), 1), "{", `{"context":{"x":"`+large+`"},`, 1))
	}
	reads := func() int {
		m := regexp.MustCompile(`cmdstat_hgetall:calls=(\d+)`).FindStringSubmatch(s.redis.Client().Info(t.Context(), "commandstats").Val())
		if m == nil {
			return 0
		}
		n, _ := strconv.Atoi(m[1])
		return n
	}
	before := reads()
	var list bulkListOutput
	s.want(200, "GET", "/v1/bulks?limit=100", nil).decode(t, &list.Body)
	if len(list.Body.Items) != bulks {
		t.Errorf("%d bulks", len(list.Body.Items))
	}
	// A bulk's own hash, the counts of its 16 shards, and the workers.
	if n := reads() - before; n > bulks*18 {
		t.Errorf("%d hashes are read for %d bulks", n, bulks)
	}
}
