package api

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/store/ledger"
)

const (
	aBulk  = `{"id":"news","messages":[{"channel":"email","from":"Fernhill <stay@fernhill.example>","text":"Hi {{customer.firstName}}","subject":"Hello"}]}`
	ndjson = "Content-Type: application/x-ndjson"
	asCSV  = "Content-Type: text/csv"
)

func audience(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"to":"r%d@example.com","context":{"customer":{"firstName":"R%d"}}}`+"\n", i, i)
	}
	return b.String()
}

func (s *service) bulk(id string) BulkStatus {
	s.t.Helper()
	var status BulkStatus
	s.want(200, "GET", "/v1/bulks/"+id, nil).decode(s.t, &status)
	return status
}

func TestBulk(t *testing.T) {
	s := start(t, nil)
	a := s.want(201, "POST", "/v1/bulks", aBulk)
	if a.header.Get("Location") != "/v1/bulks/news" {
		t.Errorf("Location %q", a.header.Get("Location"))
	}
	if p := s.want(409, "POST", "/v1/bulks/news/start", nil).problem(t); p.Code != "no_audience" {
		t.Errorf("code %s", p.Code)
	}
	if got := s.bulk("news"); got.State != "loading" || got.Planned != 0 || got.Channels[0] != "email" {
		t.Errorf("%+v", got)
	}
	var stored Audience
	s.want(200, "PUT", "/v1/bulks/news/recipients", audience(450), ndjson).decode(t, &stored)
	if stored.Recipients != 450 || stored.Skipped != 0 {
		t.Errorf("%+v", stored)
	}
	if p := s.want(409, "PUT", "/v1/bulks/news/recipients", audience(1), ndjson).problem(t); p.Code != "audience_complete" {
		t.Errorf("code %s", p.Code)
	}
	var status BulkStatus
	s.want(200, "PATCH", "/v1/bulks/news/rate", `{"perSecond":12.5}`).decode(t, &status)
	if status.Rate != 12.5 || status.State != "ready" || status.Planned != 450 || status.Pending != 450 {
		t.Errorf("%+v", status)
	}
	s.want(202, "POST", "/v1/bulks/news/start", nil)
	s.want(202, "POST", "/v1/bulks/news/start", nil)
	s.want(202, "POST", "/v1/bulks/news/pause", nil).decode(t, &status)
	if status.State != "paused" {
		t.Errorf("%+v", status)
	}
	s.want(202, "POST", "/v1/bulks/news/resume", nil)
	s.want(202, "POST", "/v1/bulks/news/cancel", nil)
	if p := s.want(409, "POST", "/v1/bulks/news/resume", nil).problem(t); p.Code != "bulk_cancelled" {
		t.Errorf("code %s", p.Code)
	}
	var list struct{ Items []BulkStatus }
	s.want(200, "GET", "/v1/bulks", nil).decode(t, &list)
	if len(list.Items) != 1 || list.Items[0].ID != "news" {
		t.Errorf("%+v", list)
	}
	for _, path := range []string{"", "/recipients", "/recipients.csv", "/events"} {
		s.want(404, "GET", "/v1/bulks/unheard-of"+path, nil).problem(t)
		s.want(404, "GET", "/v1/bulks/-"+path, nil).problem(t)
	}
	s.want(404, "PUT", "/v1/bulks/unheard-of/recipients", audience(1), ndjson).problem(t)
	s.want(404, "POST", "/v1/bulks/unheard-of/start", nil).problem(t)
}

func TestBulkAgain(t *testing.T) {
	s := start(t, nil)
	s.want(201, "POST", "/v1/bulks", aBulk)
	s.want(201, "POST", "/v1/bulks", aBulk)
	if p := s.want(409, "POST", "/v1/bulks", strings.Replace(aBulk, "Hello", "Bye", 1)).problem(t); p.Code != "conflict" {
		t.Errorf("code %s", p.Code)
	}
	fresh := strings.Replace(aBulk, `"id":"news",`, "", 1)
	first := s.want(201, "POST", "/v1/bulks", fresh, "Idempotency-Key: k")
	if again := s.want(201, "POST", "/v1/bulks", fresh, "Idempotency-Key: k"); string(again.body) != string(first.body) {
		t.Errorf("%s, then %s", first.body, again.body)
	}
	s.want(409, "POST", "/v1/bulks", aBulk, "Idempotency-Key: k").problem(t)
	p := s.want(422, "POST", "/v1/bulks", `{"messages":[{"channel":"email","text":"x"},{"channel":"email","from":"a@b.example","text":"x"}],"canary":{"percent":0,"maxFailurePercent":1}}`).problem(t)
	if len(p.Errors) == 0 || p.Errors[0].Pointer != "/canary/percent" {
		t.Errorf("%+v", p.Errors)
	}
	p = s.want(422, "POST", "/v1/bulks", `{"messages":[{"channel":"email","text":"x"},{"channel":"email","from":"a@b.example","text":"x"}],"actions":{"status":"done","tags":[""]}}`).problem(t)
	if len(p.Errors) < 3 {
		t.Errorf("%+v", p.Errors)
	}
}

func packed(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestAudience(t *testing.T) {
	s := start(t, nil)
	n := 0
	put := func(status int, body any, query string, header ...string) answer {
		t.Helper()
		n++
		id := fmt.Sprint("b", n)
		s.want(201, "POST", "/v1/bulks", strings.Replace(aBulk, "news", id, 1))
		a := s.want(status, "PUT", "/v1/bulks/"+id+"/recipients"+query, body, header...)
		want := 0
		if status == 200 {
			want = 3
		}
		if got := s.bulk(id).Planned; got != want {
			t.Errorf("planned %d, want %d", got, want)
		}
		return a
	}
	rows := audience(3)
	table := "customer.email,customer.firstName\na@example.com,A\nb@example.com,B\nc@example.com,C\n"
	put(200, rows, "", ndjson)
	put(200, table, "", asCSV)
	put(200, packed(t, rows), "", ndjson, "Content-Encoding: gzip")
	put(200, packed(t, table), "", asCSV)
	put(200, packed(t, rows), "", "Content-Type: application/gzip")
	put(415, rows, "", "Content-Type: text/html").problem(t)
	put(422, "", "", ndjson).problem(t)
	put(422, "{", "", ndjson).problem(t)
	put(422, "nothing,of,use\n1,2,3\n", "", asCSV).problem(t)
	p := put(422, rows+`{"to":"x@example.com","color":1}`+"\n", "", ndjson).problem(t)
	if p.Code != "invalid_row" || len(p.Errors) != 1 || p.Errors[0].Line != 4 {
		t.Errorf("%+v", p)
	}
	var stored Audience
	put(200, `{"to":1}`+"\n"+rows+"no JSON\n", "?onBadRow=skip", ndjson).decode(t, &stored)
	if stored.Recipients != 3 || stored.Skipped != 2 || len(stored.Errors) != 2 || stored.Errors[1].Line != 5 {
		t.Errorf("%+v", stored)
	}
}

// A gzip bomb is a 413, and the bulk can be loaded again.
func TestPackedBombIsRefused(t *testing.T) {
	s := start(t, nil)
	s.want(201, "POST", "/v1/bulks", aBulk)
	var bomb bytes.Buffer
	z, _ := gzip.NewWriterLevel(&bomb, gzip.BestCompression)
	line := []byte(strings.Repeat(" ", 1<<20))
	for range 100 {
		if _, err := z.Write(line); err != nil {
			t.Fatal(err)
		}
	}
	z.Close()
	if p := s.want(413, "PUT", "/v1/bulks/news/recipients", bomb.Bytes(), ndjson).problem(t); p.Code != "compression_bomb" {
		t.Errorf("code %s", p.Code)
	}
	s.want(200, "PUT", "/v1/bulks/news/recipients", audience(3), ndjson)
}

// mark records what became of the n-th recipient as a worker would.
func (s *service) mark(id string, n int, state ledger.State, r ledger.Reason) {
	s.t.Helper()
	var page RecipientPage
	s.want(200, "GET", "/v1/bulks/"+id+"/recipients?limit=1000", nil).decode(s.t, &page)
	var chunk, slot int
	if _, err := fmt.Sscanf(page.Items[n].ID, id+"+%d.%d", &chunk, &slot); err != nil {
		s.t.Fatalf("%q: %v", page.Items[n].ID, err)
	}
	s.settle(ledger.Owner{Kind: ledger.Bulk, ID: id}.Chunk(chunk), slot, state, r)
}

// settle records what became of a message as a worker would.
func (s *service) settle(c ledger.Chunk, slot int, state ledger.State, r ledger.Reason) {
	s.t.Helper()
	books, err := ledger.New(ledger.Options{Redis: s.redis.Client(), Log: s.api.Log})
	if err != nil {
		s.t.Fatal(err)
	}
	defer books.Close()
	if err := books.Mark(s.t.Context(), c, slot, state, r); err != nil {
		s.t.Fatal(err)
	}
}

func TestRecipients(t *testing.T) {
	s := start(t, nil)
	s.want(201, "POST", "/v1/bulks", aBulk)
	s.want(200, "PUT", "/v1/bulks/news/recipients", audience(450), ndjson)
	s.mark("news", 3, ledger.Failed, ledger.Reason{Code: "smtp_550", Text: "no such mailbox"})
	s.mark("news", 449, ledger.Failed, ledger.Reason{Code: "smtp_550", Text: "no such mailbox"})
	s.mark("news", 200, ledger.Sent, ledger.Reason{})
	all := func(query string) []RecipientState {
		t.Helper()
		var items []RecipientState
		for cursor := ""; ; {
			var page RecipientPage
			s.want(200, "GET", "/v1/bulks/news/recipients?limit=100"+query+"&cursor="+cursor, nil).decode(t, &page)
			items = append(items, page.Items...)
			if cursor = page.Next; cursor == "" {
				return items
			}
		}
	}
	if got := all(""); len(got) != 450 || got[0].To != "r0@example.com" || got[449].To != "r449@example.com" || got[0].State != "pending" {
		t.Fatalf("%d items", len(got))
	}
	failed := all("&state=failed")
	if len(failed) != 2 || failed[0].To != "r3@example.com" || failed[1].To != "r449@example.com" || failed[0].Reason.Code != "smtp_550" || failed[0].At == nil {
		t.Fatalf("%+v", failed)
	}
	if got := all("&state=sent"); len(got) != 1 || got[0].To != "r200@example.com" || got[0].Reason != nil {
		t.Errorf("%+v", got)
	}
	s.want(422, "GET", "/v1/bulks/news/recipients?cursor=x", nil).problem(t)
	s.want(422, "GET", "/v1/bulks/news/recipients?state=lost", nil).problem(t)
	s.want(200, "GET", "/v1/bulks/news/recipients?cursor=99.0", nil)
}

// A CSV export prefixes cells that begin with = + - @ tab; log lines carry no CR, LF or ANSI escapes.
func TestExportHoldsNoFormulas(t *testing.T) {
	s := start(t, nil)
	s.want(201, "POST", "/v1/bulks", `{"id":"texts","messages":[{"channel":"sms","text":"Hi"}]}`)
	evil := []string{"=HYPERLINK(1)", "+15005550006", "-1", "@SUM(1)", "plain"}
	var rows strings.Builder
	for _, to := range evil {
		fmt.Fprintf(&rows, "{\"to\":%q}\n", to)
	}
	s.want(200, "PUT", "/v1/bulks/texts/recipients", rows.String(), ndjson)
	s.mark("texts", 0, ledger.Failed, ledger.Reason{Code: "sms_1", Text: "\t=1+1"})
	a := s.want(200, "GET", "/v1/bulks/texts/recipients.csv", nil)
	table, err := csv.NewReader(bytes.NewReader(a.body)).ReadAll()
	if err != nil || len(table) != 6 || a.header.Get("Content-Type") != "text/csv; charset=utf-8" {
		t.Fatalf("%q, %v", table, err)
	}
	for i, row := range table[1:] {
		want := "'" + evil[i]
		if evil[i] == "plain" {
			want = "plain"
		}
		if row[0] != want {
			t.Errorf("cell %q, want %q", row[0], want)
		}
		for _, cell := range row {
			if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
				t.Errorf("cell %q", cell)
			}
		}
	}
	if table[1][4] != "'\t=1+1" {
		t.Errorf("reason %q", table[1][4])
	}
	only := s.want(200, "GET", "/v1/bulks/texts/recipients.csv?state=failed", nil)
	if n := bytes.Count(only.body, []byte("\n")); n != 2 {
		t.Errorf("%d lines: %s", n, only.body)
	}
	// What a caller sends reaches the log nowhere but by its route.
	s.redis.Kill()
	s.want(404, "GET", "/v1/messages/a%0d%0a%1b%5b31mlevel=ERROR", nil)
	s.want(503, "GET", "/v1/bulks/x", nil)
	logged := s.log.String()
	if strings.ContainsAny(logged, "\r\x1b") || strings.Contains(logged, "31m") || !strings.Contains(logged, "request failed") {
		t.Errorf("log %q", logged)
	}
}

func TestFollow(t *testing.T) {
	s := start(t, nil)
	s.want(201, "POST", "/v1/bulks", aBulk)
	s.want(200, "PUT", "/v1/bulks/news/recipients", audience(2), ndjson)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, _ := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/v1/bulks/news/events", nil)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got := resp.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Fatalf("Content-Type %q", got)
	}
	lines := bufio.NewScanner(resp.Body)
	next := func() string {
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				return data
			}
		}
		return ""
	}
	if got := next(); !strings.Contains(got, `"pending":2`) {
		t.Fatalf("first %s", got)
	}
	s.mark("news", 0, ledger.Sent, ledger.Reason{})
	if got := next(); !strings.Contains(got, `"sent":1`) {
		t.Fatalf("second %s", got)
	}
	s.mark("news", 1, ledger.Sent, ledger.Reason{})
	if got := next(); !strings.Contains(got, string(bulk.Completed)) {
		t.Fatalf("third %s", got)
	}
	if got := next(); got != "" {
		t.Fatalf("after its end %s", got)
	}
	// A stream of a bulk that goes on ends when the server drains, and its reader sees that it broke off.
	s.want(201, "POST", "/v1/bulks", strings.Replace(aBulk, "news", "other", 1))
	open, err := http.Get(s.url + "/v1/bulks/other/events")
	if err != nil {
		t.Fatal(err)
	}
	defer open.Body.Close()
	s.api.Drain()
	for lines = bufio.NewScanner(open.Body); lines.Scan(); {
	}
	if !errors.Is(lines.Err(), io.ErrUnexpectedEOF) {
		t.Errorf("a stream that broke off ends like a whole one: %v", lines.Err())
	}
}

// Streams last beyond the time of a request, as long as they move.
func TestStreamsOutlastRequests(t *testing.T) {
	s := start(t, nil)
	s.want(201, "POST", "/v1/bulks", aBulk)
	s.want(200, "PUT", "/v1/bulks/news/recipients", audience(2), ndjson)
	s.api.maxRequest = 250 * time.Millisecond
	resp, err := http.Get(s.url + "/v1/bulks/news/events")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	time.Sleep(5 * s.api.maxRequest) // that nothing happens by then can't be awaited
	s.mark("news", 0, ledger.Sent, ledger.Reason{})
	s.mark("news", 1, ledger.Sent, ledger.Reason{})
	all, err := io.ReadAll(resp.Body)
	if err != nil || !strings.Contains(string(all), string(bulk.Completed)) {
		t.Errorf("%v: %s", err, all)
	}
}

// A file that breaks off ends like no whole one, whatever was sent of it.
func TestBrokenExport(t *testing.T) {
	s := start(t, nil)
	s.want(201, "POST", "/v1/bulks", aBulk)
	s.want(200, "PUT", "/v1/bulks/news/recipients", audience(5000), ndjson)
	whole := s.want(200, "GET", "/v1/bulks/news/recipients.csv", nil)
	if n := bytes.Count(whole.body, []byte("\n")); n != 5001 {
		t.Fatalf("%d lines", n)
	}
	// The last part is gone: what came before is sent, and not taken for all.
	b, err := s.client.Bulks().Bulk(t.Context(), "news")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := s.redis.Client().Del(t.Context(), b.Owner().Chunk(b.Chunks-1).Key("recipients")).Result(); n != 1 || err != nil {
		t.Fatalf("%d keys, %v", n, err)
	}
	resp, err := http.Get(s.url + "/v1/bulks/news/recipients.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if !errors.Is(err, io.ErrUnexpectedEOF) || len(got) == 0 || len(got) >= len(whole.body) {
		t.Errorf("%d bytes of %d, then %v", len(got), len(whole.body), err)
	}
}
