package fleet

import (
	"maps"
	"slices"
	"testing"
)

func TestRates(t *testing.T) {
	t.Parallel()
	type rates = map[string]float64
	for name, c := range map[string]struct {
		own    rates
		others []rates
		want   rates
	}{
		"nobody limits":             {nil, []rates{nil, {}}, rates{}},
		"I do":                      {rates{"email": 9}, []rates{nil}, rates{"email": 9}},
		"another does":              {nil, []rates{{"email": 100}}, rates{"email": 100}},
		"another is slower":         {rates{"email": 200}, []rates{{"email": 100}, {"email": 150}}, rates{"email": 100}},
		"another is faster":         {rates{"email": 50}, []rates{{"email": 100}}, rates{"email": 50}},
		"0 is no limit":             {rates{"email": 0}, []rates{{"email": 100}, {"email": 0}}, rates{"email": 100}},
		"each lane by itself":       {rates{"email": 1, "sms": 9}, []rates{{"email": 2, "sms": 8, "sms:+1555": 7}}, rates{"email": 1, "sms": 8, "sms:+1555": 7}},
		"of an older worker, which": {rates{"email": 5}, nil, rates{"email": 5}},
	} {
		t.Run(name, func(t *testing.T) {
			var workers []Worker
			for _, r := range c.others {
				workers = append(workers, Worker{Rates: r})
			}
			if got := Rates(Agreed{}, c.own, workers); !maps.Equal(got, c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

func TestDiffering(t *testing.T) {
	t.Parallel()
	self := Worker{Settings: map[string]string{"HERALD_COUNTRY": "a", "HERALD_LOCALE": "b"}, Rates: map[string]float64{"email": 1}}
	other := func(change func(*Worker)) []Worker {
		w := Worker{Settings: maps.Clone(self.Settings), Rates: maps.Clone(self.Rates)}
		change(&w)
		return []Worker{self, w}
	}
	for name, c := range map[string]struct {
		workers []Worker
		want    []string
	}{
		"alone":            {[]Worker{self}, nil},
		"the same":         {other(func(*Worker) {}), nil},
		"another value":    {other(func(w *Worker) { w.Settings["HERALD_LOCALE"] = "c" }), []string{"HERALD_LOCALE"}},
		"other rates":      {other(func(w *Worker) { w.Rates["email"] = 2 }), []string{"HERALD_RATES"}},
		"a newer one":      {other(func(w *Worker) { w.Settings["HERALD_NEW"] = "c" }), nil},
		"one that is mute": {other(func(w *Worker) { w.Settings, w.Rates = nil, nil }), nil},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Differing(Agreed{}, self, c.workers); !slices.Equal(got, c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}
