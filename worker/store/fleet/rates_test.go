package fleet

import (
	"errors"
	"maps"
	"testing"

	"github.com/heraldsend/herald/worker/redistest"
)

func TestRatesForAll(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.Start(t).Client()
	s := New(rdb)
	own, others := map[string]float64{"email": 100}, []Worker{{Rates: map[string]float64{"email": 50, "sms": 1}, Settings: map[string]string{}}}
	self := Worker{Rates: own, Settings: map[string]string{}}
	holds := func(what string, version int64, set bool, want map[string]float64, differ int) {
		t.Helper()
		a, err := s.Rates(ctx)
		if err != nil || a.Version != version || a.Set != set || a.At.IsZero() != (version == 0) {
			t.Fatalf("%s: %+v, %v", what, a, err)
		}
		if got := Rates(a, own, others); !maps.Equal(got, want) {
			t.Errorf("%s: %v hold, want %v", what, got, want)
		}
		if got := Differing(a, self, others); len(got) != differ {
			t.Errorf("%s: %v differ", what, got)
		}
	}
	set := func(rates map[string]float64, replaces int64) {
		t.Helper()
		if err := s.SetRates(ctx, rates, replaces); err != nil {
			t.Fatal(err)
		}
	}
	lowest := map[string]float64{"email": 50, "sms": 1}
	holds("nothing set", 0, false, lowest, 1)
	set(map[string]float64{"email": 200, "sms:+15550100": 0.5}, 0)
	holds("higher than all workers'", 1, true, map[string]float64{"email": 200, "sms:+15550100": 0.5}, 0)
	for _, stale := range []int64{0, 2, 99} {
		if err := s.SetRates(ctx, nil, stale); !errors.Is(err, ErrChanged) {
			t.Errorf("version %d: %v", stale, err)
		}
	}
	set(map[string]float64{}, 1)
	holds("no limits", 2, true, map[string]float64{}, 0)
	set(nil, -1)
	holds("taken back", 3, false, lowest, 1)

	// Rates that can't be read are an error, never "no limit".
	for field, value := range map[string]string{"rates": "[1]", "version": "x"} {
		if err := rdb.HSet(ctx, ratesKey, field, value).Err(); err != nil {
			t.Fatal(err)
		}
		if a, err := s.Rates(ctx); err == nil {
			t.Errorf("%s %s: %+v", field, value, a)
		}
	}
}
