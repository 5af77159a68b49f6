package suppress

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/redistest"
	"github.com/heraldsend/herald/worker/topic"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func newStore(t testing.TB) *Store {
	t.Helper()
	s, err := New(Options{Redis: redistest.Start(t).Client(), Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *Store) mustAdd(t testing.TB, c message.Channel, entries ...Entry) {
	t.Helper()
	if err := s.Add(context.Background(), c, entries...); err != nil {
		t.Fatal(err)
	}
}

// check returns the reason why an address may not be written to, "" when it may.
func (s *Store) check(t testing.TB, c message.Channel, address string) string {
	t.Helper()
	found, err := s.Check(context.Background(), c, "", []string{address})
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	if found[0] == nil {
		return ""
	}
	return found[0].Reason
}

func (s *Store) all(t testing.TB, c message.Channel) map[string]Entry {
	t.Helper()
	all := map[string]Entry{}
	for e, err := range s.List(context.Background(), c) {
		if err != nil {
			t.Fatal(err)
		}
		all[e.Address] = e
	}
	return all
}

func TestPrecedence(t *testing.T) {
	t.Parallel()
	const (
		ada  = "ada@acme.example"
		acme = "*@acme.example"
	)
	blocked := func(pattern, reason string) Entry { return Entry{Address: pattern, Reason: reason} }
	allowed := func(pattern string) Entry { return Entry{Address: pattern, Allow: true} }
	cases := []struct {
		name    string
		entries []Entry
		want    string // for ada
	}{
		{"nothing", nil, ""},
		{"address blocked", []Entry{blocked(ada, HardBounce)}, HardBounce},
		{"address allowed", []Entry{allowed(ada)}, ""},
		{"wildcard blocked", []Entry{blocked(acme, "competitor")}, "competitor"},
		{"wildcard allowed", []Entry{allowed(acme)}, ""},
		{"address allowed, wildcard blocked", []Entry{allowed(ada), blocked(acme, "competitor")}, ""},
		{"address blocked, wildcard allowed", []Entry{blocked(ada, Complaint), allowed(acme)}, Complaint},
		{"both blocked: the address's reason", []Entry{blocked(acme, "competitor"), blocked(ada, Complaint)}, Complaint},
		{"both allowed", []Entry{allowed(acme), allowed(ada)}, ""},
		{"a later block replaces an allow", []Entry{allowed(ada), blocked(ada, Unsubscribed)}, Unsubscribed},
		{"a later allow replaces a block", []Entry{blocked(ada, HardBounce), allowed(ada)}, ""},
		{"within one call too", []Entry{blocked(acme, "competitor"), allowed(acme)}, ""},
		{"others", []Entry{blocked("bob@acme.example", HardBounce), blocked("*@example.org", "competitor"), blocked("*@mail.acme.example", "competitor")}, ""},
		{"no reason", []Entry{{Address: ada}}, Manual},
	}
	s := newStore(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s.mustAdd(t, message.Email, c.entries...)
			if got := s.check(t, message.Email, ada); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			patterns := slices.Collect(maps.Keys(s.all(t, message.Email)))
			if n, err := s.Remove(context.Background(), message.Email, "", patterns...); n != len(patterns) || err != nil {
				t.Errorf("%d of %d removed, %v", n, len(patterns), err)
			}
			if got := s.check(t, message.Email, ada); got != "" {
				t.Errorf("%q after everything was removed", got)
			}
		})
	}
}

// One person is one entry, however the address is written.
func TestNormalised(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	for _, c := range []struct {
		channel       message.Channel
		entry, stored string
		found         []string
		not           []string
	}{
		{
			message.Email, " Ada@Acme.Example ", "ada@acme.example",
			[]string{"ADA@ACME.EXAMPLE", "Ada Lovelace <ada@acme.example>"}, []string{"ada@acme.example.org", "ad@acme.example", "", "ada"},
		},
		{message.Email, "jürgen@bücher.example", "jürgen@xn--bcher-kva.example", []string{"JÜRGEN@xn--bcher-kva.example", "Jürgen@Bücher.example"}, nil},
		{message.Email, "*@Bücher.example", "*@xn--bcher-kva.example", []string{"anyone@bücher.example"}, []string{"anyone@sub.bücher.example"}},
		{message.SMS, "+49 (151) 123-456.78", "+4915112345678", []string{"+4915112345678", "+49 151 12345678"}, []string{"+4915112345679", "4915112345678", "+4415112345678", "15112345678"}},
		{message.Chat, "Conv_8f", "Conv_8f", []string{"Conv_8f"}, []string{"conv_8f"}},
	} {
		s.mustAdd(t, c.channel, Entry{Address: c.entry, Source: "a test"})
		if got, want := s.all(t, c.channel)[c.stored], (Entry{Address: c.stored, Topic: topic.All, Reason: Manual, Source: "a test", At: noon}); got != want {
			t.Errorf("%s is stored as %+v", c.entry, got)
		}
		for _, address := range c.found {
			if s.check(t, c.channel, address) == "" {
				t.Errorf("%s: %s may be written to", c.entry, address)
			}
		}
		for _, address := range c.not {
			if s.check(t, c.channel, address) != "" {
				t.Errorf("%s: %s may not be written to", c.entry, address)
			}
		}
	}
	if s.check(t, message.Note, "Conv_8f") != "" {
		t.Error("an entry for chat holds for notes")
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	good := map[message.Channel]Entry{message.Email: {Address: "good@example.com"}, message.SMS: {Address: "+4915112345678"}, message.Chat: {Address: "good"}}
	for name, c := range map[string]struct {
		channel message.Channel
		entry   Entry
		want    string
	}{
		"no address":            {message.Email, Entry{}, "empty"},
		"half an address":       {message.Email, Entry{Address: "ada"}, "no @"},
		"wildcard without dot":  {message.Email, Entry{Address: "*@com"}, "no dot"},
		"wildcard of names":     {message.Email, Entry{Address: "ada*@acme.example"}, "a wildcard is *@"},
		"wildcard of domains":   {message.Email, Entry{Address: "*@*.example"}, "domain holds"},
		"everyone":              {message.Email, Entry{Address: "*"}, "a wildcard is *@"},
		"wildcard of numbers":   {message.SMS, Entry{Address: "+49*"}, "emails only"},
		"no number":             {message.SMS, Entry{Address: " - "}, "not a phone number"},
		"long id":               {message.Chat, Entry{Address: strings.Repeat("x", 256)}, "at most 254"},
		"id with a line's end":  {message.Chat, Entry{Address: "a\nb"}, "holds the character"},
		"reason with spaces":    {message.Email, Entry{Address: "ada@example.com", Reason: "hard bounce"}, "reason"},
		"reason too long":       {message.Email, Entry{Address: "ada@example.com", Reason: strings.Repeat("x", 41)}, "reason"},
		"source with a newline": {message.Email, Entry{Address: "ada@example.com", Source: "a\nb"}, "source"},
	} {
		err := s.Add(context.Background(), c.channel, good[c.channel], c.entry)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "entry 2: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if all := s.all(t, message.Email); len(all) > 0 {
		t.Errorf("stored beside a wrong entry: %v", all)
	}
	if _, err := s.Remove(context.Background(), message.Email, "", "ada"); err == nil {
		t.Error("removed what is no address")
	}
	if _, err := New(Options{}); err == nil {
		t.Error("a store without Redis")
	}
}

// *@acme.example is an address that somebody may put into an audience. Its bounce blocks nobody else.
func TestBounceIsNoWildcard(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	ctx := context.Background()
	for _, address := range []string{"*@acme.example", "Everyone <*@acme.example>", "a*@acme.example", "no address", "gone@acme.example"} {
		if err := s.Suppress(ctx, message.Email, address, HardBounce, "news.0.1"); err != nil {
			t.Error(err)
		}
	}
	if all := s.all(t, message.Email); len(all) != 1 || all["gone@acme.example"] != (Entry{"gone@acme.example", topic.All, false, HardBounce, "news.0.1", noon}) {
		t.Errorf("entries %+v", all)
	}
}

// Ten thousand addresses are one round trip, and each answer is its own.
func TestCheckMany(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	const many = 10_000
	addresses := make([]string, many)
	var entries []Entry
	for i := range addresses {
		addresses[i] = fmt.Sprintf("u%d@d%d.example", i, i%100)
		if i%7 == 0 {
			entries = append(entries, Entry{Address: addresses[i], Reason: fmt.Sprintf("r%d", i)})
		}
	}
	entries = append(entries, Entry{Address: "*@d3.example", Reason: "wild"})
	s.mustAdd(t, message.Email, entries...)
	if n, err := s.Count(context.Background(), message.Email); n != len(entries) || err != nil {
		t.Errorf("%d entries, %v; want %d", n, err, len(entries))
	}
	if all := s.all(t, message.Email); len(all) != len(entries) {
		t.Errorf("%d entries listed, want %d", len(all), len(entries))
	}
	found, err := s.Check(context.Background(), message.Email, "", append(addresses, addresses[0], "no address"))
	if err != nil || len(found) != many+2 || found[many+1] != nil {
		t.Fatal(len(found), err)
	}
	for i, e := range found[:many] {
		var got, want string
		if e != nil {
			got = e.Reason
		}
		switch {
		case i%7 == 0:
			want = fmt.Sprintf("r%d", i)
		case i%100 == 3:
			want = "wild"
		}
		if got != want {
			t.Fatalf("%s: %q, want %q", addresses[i], got, want)
		}
	}
	if found[many] == nil || found[many].Reason != "r0" {
		t.Errorf("asked twice, answered %+v", found[many])
	}
	if none, err := s.Check(context.Background(), message.Email, "", nil); len(none) != 0 || err != nil {
		t.Error(none, err)
	}
}

func TestCSV(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	ctx := context.Background()
	rows := "\ufeffada@example.com,complaint\nBob@Example.com\n\nnobody\n\"*@acme.example\",competitor\neve@example.com,not a code\n" +
		"un\"quoted@example.com,x\n'=cmd@example.com,\"hard_bounce\"\n"
	n, err := s.Import(ctx, message.Email, strings.NewReader(rows), Entry{Reason: "imported", Source: "old list"})
	if n != 4 {
		t.Errorf("%d imported", n)
	}
	if want := []string{`line 4: address "nobody": no @`, `line 6: reason "not a code"`, "line 7: "}; err == nil || !slices.EqualFunc(strings.Split(err.Error(), "\n"), want, strings.HasPrefix) {
		t.Errorf("faults %v", err)
	}
	later := noon.Add(time.Hour)
	s.mustAdd(t, message.Email, Entry{Address: "boss@acme.example", Allow: true, Reason: "ours", Source: "=1+1", At: later})
	var first bytes.Buffer
	if n, err := s.Export(ctx, message.Email, &first); n != 5 || err != nil {
		t.Fatal(n, err)
	}
	lines := strings.Split(strings.TrimSpace(first.String()), "\n")
	slices.Sort(lines[1:])
	want := []string{
		"address,list,reason,source,time,topic",
		"'=cmd@example.com,block,hard_bounce,old list,2026-11-21T12:00:00Z,*",
		"*@acme.example,block,competitor,old list,2026-11-21T12:00:00Z,*",
		"ada@example.com,block,complaint,old list,2026-11-21T12:00:00Z,*",
		"bob@example.com,block,imported,old list,2026-11-21T12:00:00Z,*",
		"boss@acme.example,allow,ours,'=1+1,2026-11-21T13:00:00Z,*",
	}
	if !slices.Equal(lines, want) {
		t.Errorf("exported\n%s", first.String())
	}
	// What was exported is what can be imported.
	other := newStore(t)
	if n, err := other.Import(ctx, message.Email, &first, Entry{}); n != 5 || err != nil {
		t.Fatal(n, err)
	}
	if !maps.Equal(s.all(t, message.Email), other.all(t, message.Email)) {
		t.Errorf("came back as %v", other.all(t, message.Email))
	}
}

func TestImportReportsFewOfManyFaults(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	rows := "Reason,Address,list,time\n" + strings.Repeat("x,nobody,,\n", 100) + ",ada@example.com,maybe,\n,ada@example.com,,yesterday\n" +
		strings.Repeat("x,ada@example.com,allow,\n", 2500)
	n, err := s.Import(context.Background(), message.Email, strings.NewReader(rows), Entry{})
	if n != 2500 || err == nil || strings.Count(err.Error(), "\n") != mostFaults || !strings.HasSuffix(err.Error(), "and 82 more lines") {
		t.Errorf("%d imported, %v", n, err)
	}
	if all := s.all(t, message.Email); len(all) != 1 || !all["ada@example.com"].Allow {
		t.Errorf("entries %v", all)
	}
}

// Whatever the bytes, every row is an entry or an error; and what was read is what comes back from an export and from
// Redis.
func FuzzCSV(f *testing.F) {
	f.Add([]byte("address,list,reason,source,time\n'=1@example.com,allow,x,'' a,2026-11-21T07:30:00+01:00\n"))
	f.Add([]byte("\ufeffada@example.com,complaint\n*@Bücher.example\n\"half\n"))
	f.Add([]byte("'=a@example.com\n''@example.com,,\n-1@example.com\r\n+1@example.com"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := New(Options{Redis: redis.NewClient(&redis.Options{}), Country: "GB"}) // it is not asked
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range message.Channels {
			var entries []Entry
			var out bytes.Buffer
			w := csv.NewWriter(&out)
			if err := w.Write(header); err != nil {
				t.Fatal(err)
			}
			for e, err := range s.read(c, bytes.NewReader(data), Entry{Reason: Manual}) {
				if err != nil {
					continue
				}
				entries = append(entries, e)
				if err := w.Write(row(e)); err != nil {
					t.Fatal(err)
				}
				if e.At.IsZero() {
					e.At = noon
				}
				if back := decode(e.Address, e.encode()); back != e {
					t.Fatalf("%+v came back from Redis as %+v", e, back)
				}
			}
			w.Flush()
			for e, err := range s.read(c, &out, Entry{}) {
				if err != nil || e != entries[0] {
					t.Fatalf("%+v came back as %+v, %v", entries[0], e, err)
				}
				entries = entries[1:]
			}
			if len(entries) > 0 {
				t.Fatalf("lost %+v", entries)
			}
		}
	})
}

// Values of a newer version block: that is the safe side.
func TestUnknownValuesBlock(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]Entry{
		"":                        {Reason: Manual},
		"zzz":                     {Reason: Manual, At: time.Unix(35*36+35, 0).UTC()},
		"b!! complaint":           {Reason: Complaint},
		"at6zrls":                 {Allow: true, Reason: Manual, At: time.Unix(1765265536, 0).UTC()},
		"b0 manual from a b c":    {Reason: Manual, Source: "from a b c", At: time.Unix(0, 0).UTC()},
		"b0 hard_bounce news.0.1": {Reason: HardBounce, Source: "news.0.1", At: time.Unix(0, 0).UTC()},
	} {
		if got, want := decode("", value), about(want); got != want {
			t.Errorf("%q: %+v, want %+v", value, got, want)
		}
	}
}

// BenchmarkCheck asks for a chunk's recipients, none of whom is on a list of a hundred thousand.
func BenchmarkCheck(b *testing.B) {
	s := newStore(b)
	ctx := context.Background()
	entries := make([]Entry, 100_000)
	for i := range entries {
		entries[i] = Entry{Address: fmt.Sprintf("some.person%d@example%d.com", i, i%1000), Reason: HardBounce, Source: "newsletter.17.121"}
	}
	for some := range slices.Chunk(entries, batch) {
		s.mustAdd(b, message.Email, some...)
	}
	var bytes int64
	for shard := range shards {
		bytes += s.rdb.MemoryUsage(ctx, shardKey(message.Email, shard), 0).Val()
	}
	addresses := make([]string, 200)
	for i := range addresses {
		addresses[i] = fmt.Sprintf("another.person%d@example%d.com", i, i%1000)
	}
	for b.Loop() {
		if _, err := s.Check(ctx, message.Email, "", addresses); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(bytes)/float64(len(entries)), "bytes/entry")
}

// about is an entry about all topics.
func about(e Entry) Entry {
	e.Topic = topic.All
	return e
}
