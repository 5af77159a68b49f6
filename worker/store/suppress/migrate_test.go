package suppress

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/redistest"
)

// old writes entries as they were stored before addresses had one key: under the spelling without punctuation.
func old(t *testing.T, rdb redis.UniversalClient, c message.Channel, entries map[string]string) {
	t.Helper()
	for field, value := range entries {
		if err := rdb.HSet(t.Context(), hashKey(c, field), field, value).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

func open(t *testing.T, rdb redis.UniversalClient, country string, log *slog.Logger) *Store {
	t.Helper()
	s, err := New(Options{Redis: rdb, Country: country, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var oldNumbers = map[string]string{
	"+4407912345678":    "bt6zrls unsubscribed a", // was +44 (0)7912 345678
	"00447912345679":    "bt6zrls unsubscribed b",
	"＋447912345670":     "bt6zrls unsubscribed c",
	"tel:+447912345671": "bt6zrls unsubscribed d",
	"+447912345672":     "bt6zrls unsubscribed e",
	"07912345673":       "bt6zrls unsubscribed f",
	"4.47912E+11":       "bt6zrls manual g",
	// One person under three keys, allowed under two of them: whoever blocks wins.
	"+4407912345674": "at6zrls manual h", "+447912345674": "at6zrls manual i", "0044791234‑5674": "bt6zrls complaint j",
}

// newNumbers are oldNumbers under the keys of today, with Great Britain as the default country.
var newNumbers = map[string]string{
	"+447912345678": "a", "+447912345679": "b", "+447912345670": "c", "+447912345671": "d", "+447912345672": "e", "+447912345673": "f",
	"4.47912E+11": "g", "+447912345674": "j",
}

func sources(entries map[string]Entry) map[string]string {
	all := map[string]string{}
	for address, e := range entries {
		all[address] = e.Source
	}
	return all
}

func TestOldEntries(t *testing.T) {
	t.Parallel()
	rdb := redistest.Start(t).Client()
	old(t, rdb, message.SMS, oldNumbers)
	old(t, rdb, message.Email, map[string]string{"οδος@example.com": "bt6zrls complaint a", "*@acme.example": "bt6zrls competitor b", "ada@example.com": "bt6zrls manual c"})
	var log strings.Builder
	s := open(t, rdb, "GB", slog.New(slog.NewTextHandler(&log, nil)))
	if got := sources(s.all(t, message.SMS)); !maps.Equal(got, newNumbers) {
		t.Errorf("got %v, want %v", got, newNumbers)
	}
	if got, want := sources(s.all(t, message.Email)), map[string]string{"οδοσ@example.com": "a", "*@acme.example": "b", "ada@example.com": "c"}; !maps.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	if e := s.all(t, message.SMS)["+447912345674"]; e.Allow || e.Reason != Complaint {
		t.Errorf("%+v", e)
	}
	if !strings.Contains(log.String(), "entries=1") || strings.Count(log.String(), "\n") != 1 {
		t.Errorf("log %q", log.String())
	}
	for _, spelling := range []string{"+44 (0)7912 345678", "07912345678", "tel:+447912345670", "+447912345674"} {
		if s.check(t, message.SMS, spelling) == "" {
			t.Errorf("%s may be written to", spelling)
		}
	}
	// What can't be read can still be taken off.
	if n, err := s.Remove(t.Context(), message.SMS, "", "4.47912E+11"); n != 1 || err != nil {
		t.Error(n, err)
	}
}

// The first method that is called migrates, whichever it is.
func TestEveryMethodMigrates(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, use := range map[string]func(s *Store) error{
		"Check":  func(s *Store) error { _, err := s.Check(ctx, message.SMS, "", nil); return err },
		"Add":    func(s *Store) error { return s.Add(ctx, message.SMS, Entry{Address: "+447912000000"}) },
		"Remove": func(s *Store) error { _, err := s.Remove(ctx, message.SMS, "", "+447912000000"); return err },
		"Count":  func(s *Store) error { _, err := s.Count(ctx, message.SMS); return err },
		"Page":   func(s *Store) error { _, _, err := s.Page(ctx, message.SMS, "", 10); return err },
		"Export": func(s *Store) error { _, err := s.Export(ctx, message.SMS, &strings.Builder{}); return err },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rdb := redistest.Start(t).Client()
			old(t, rdb, message.SMS, map[string]string{"00447912345678": "bt6zrls unsubscribed a"})
			if err := use(open(t, rdb, "", nil)); err != nil {
				t.Fatal(err)
			}
			if n := rdb.HExists(ctx, hashKey(message.SMS, "+447912345678"), "+447912345678").Val(); !n {
				t.Error("not migrated")
			}
		})
	}
}

// Without a default country a national number waits for one.
func TestCountryComesLater(t *testing.T) {
	t.Parallel()
	rdb := redistest.Start(t).Client()
	old(t, rdb, message.SMS, map[string]string{"07912345673": "bt6zrls unsubscribed f"})
	quiet := slog.New(slog.DiscardHandler)
	if got := sources(open(t, rdb, "", quiet).all(t, message.SMS)); got["07912345673"] != "f" {
		t.Errorf("got %v", got)
	}
	if got := open(t, rdb, "GB", quiet).check(t, message.SMS, "+447912345673"); got != Unsubscribed {
		t.Errorf("got %q", got)
	}
	if _, err := New(Options{Redis: rdb, Country: "XX"}); err == nil {
		t.Error("a store for a country that isn't")
	}
}

// Workers that start at once, on a Redis and on a cluster, leave every entry once.
func TestMigrateTogether(t *testing.T) {
	t.Parallel()
	for name, rdb := range map[string]redis.UniversalClient{"one Redis": redistest.Start(t).Client(), "cluster": redistest.StartCluster(t, 3)} {
		entries, want := maps.Clone(oldNumbers), maps.Clone(newNumbers)
		for i := range 600 {
			source := fmt.Sprint("n", i)
			entries[fmt.Sprintf("004479110%05d", i)] = "bt6zrls unsubscribed " + source
			want[fmt.Sprintf("+4479110%05d", i)] = source
		}
		old(t, rdb, message.SMS, entries)
		var workers sync.WaitGroup
		for range 4 {
			workers.Go(func() {
				s := open(t, rdb, "GB", slog.New(slog.DiscardHandler))
				found, err := s.Check(context.Background(), message.SMS, "", []string{"07911 000599", "+44 (0)7912 345678", "+447912345699"})
				if err != nil || found[0] == nil || found[1] == nil || found[2] != nil {
					t.Error(name, found, err)
				}
			})
		}
		workers.Wait()
		if got := sources(open(t, rdb, "GB", nil).all(t, message.SMS)); !maps.Equal(got, want) {
			t.Errorf("%s: %d entries, want %d", name, len(got), len(want))
		}
	}
}
