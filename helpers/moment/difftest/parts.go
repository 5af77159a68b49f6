package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/heraldsend/herald/helpers/moment"
	"github.com/heraldsend/herald/helpers/moment/momenttest"
	"github.com/heraldsend/herald/helpers/oracle"
)

type formatsRequest struct {
	Kind     string   `json:"kind"`
	Locale   string   `json:"locale"`
	Formats  []string `json:"formats"`
	Instants [][2]any `json:"instants"`
}

func pairs(instants []momenttest.Instant) [][2]any {
	out := make([][2]any, len(instants))
	for i, at := range instants {
		out[i] = [2]any{at.At, at.Zone}
	}
	return out
}

// compare asks Moment for every format at every instant in one locale.
func (c *comparison) compare(locale string, formats []string, instants []momenttest.Instant) error {
	var want []string
	if err := c.oracle.Ask(formatsRequest{"formats", locale, formats, pairs(instants)}, &want); err != nil {
		return err
	}
	for i, format := range formats {
		for j, at := range instants {
			got, err := text(locale, format, at)
			if err != nil {
				return err
			}
			c.check(locale, format, at, got, want[i*len(instants)+j])
		}
	}
	return nil
}

// product compares the corpus's cases, at further instants.
func (c *comparison) product() error {
	instants := momenttest.Instants()
	r := momenttest.NewRandom(7)
	for len(instants) < 200 {
		instants = append(instants, r.Instant())
	}
	for _, locale := range moment.LocaleNames() {
		if err := c.compare(locale, momenttest.Formats(), instants); err != nil {
			return err
		}
	}
	return nil
}

// days goes through every day and hour, for what Moment computes with functions.
func (c *comparison) days() error {
	var instants []momenttest.Instant
	at := time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range 731 {
		t := at.AddDate(0, 0, i).Add(time.Duration(i%24)*time.Hour + time.Duration(i*7%60)*time.Minute)
		instants = append(instants, momenttest.Instant{At: t.UnixMilli()})
	}
	formats := []string{"Mo Qo Do DDDo do wo Wo yo", "dd ddd dddd MMM MMMM D MMMM [x] MMM", "gggg ww e E GGGG WW", "A a LT LTS"}
	for _, locale := range moment.LocaleNames() {
		if err := c.compare(locale, formats, instants); err != nil {
			return err
		}
	}
	return nil
}

type casesRequest struct {
	Kind  string   `json:"kind"`
	Cases [][4]any `json:"cases"`
}

func (c *comparison) random(count int, seed uint64) error {
	r := momenttest.NewRandom(seed)
	for count > 0 {
		n := min(count, 5000)
		count -= n
		cases := momenttest.RandomCases(r, n)
		want, err := askCases(c.oracle, cases)
		if err != nil {
			return err
		}
		for i, one := range cases {
			got, err := text(one.Locale, one.Format, one.At)
			if err != nil {
				return err
			}
			c.check(one.Locale, one.Format, one.At, got, want[i])
		}
	}
	return nil
}

func askCases(o *oracle.Oracle, cases []momenttest.Case) ([]string, error) {
	request := casesRequest{Kind: "cases"}
	for _, one := range cases {
		request.Cases = append(request.Cases, [4]any{one.Locale, one.Format, one.At.At, one.At.Zone})
	}
	var want []string
	err := o.Ask(request, &want)
	if err == nil && len(want) != len(cases) {
		err = fmt.Errorf("%d answers for %d cases", len(want), len(cases))
	}
	return want, err
}

type zonesRequest struct {
	Kind     string  `json:"kind"`
	Zone     string  `json:"zone"`
	Instants []int64 `json:"instants,omitempty"`
}

// askZone gives the changes of a zone as Moment has them, the instants to compare, and Moment's answers.
func askZone(o *oracle.Oracle, name string) (changes, instants []int64, answers []momenttest.ZoneAnswer, err error) {
	if err = o.Ask(zonesRequest{Kind: "changes", Zone: name}, &changes); err != nil {
		return nil, nil, nil, err
	}
	instants = momenttest.ZoneInstants(changes)
	err = o.Ask(zonesRequest{"zones", name, instants}, &answers)
	return changes, instants, answers, err
}

// zones compares offsets and abbreviations of every zone name, weekly and around each change of 1970 to 2037.
func (c *comparison) zones() error {
	for _, name := range moment.ZoneNames() {
		z, err := findZone(name)
		if err != nil {
			return err
		}
		changes, instants, want, err := askZone(c.oracle, name)
		if err != nil {
			return err
		}
		if !slices.Equal(changes, z.Changes()) {
			c.mismatch("%s: changes differ", name)
		}
		for i, at := range instants {
			c.cases++
			if got := momenttest.NewZoneAnswer(z.Offset(at), z.Abbr(at)); got != want[i] {
				c.mismatch("%s at %d: got %v, Moment %v", name, at, got, want[i])
			}
		}
	}
	return nil
}

// zoneDays compares what depends on where a zone's days and years begin.
func (c *comparison) zoneDays() error {
	for _, name := range moment.ZoneNames() {
		z, err := findZone(name)
		if err != nil {
			return err
		}
		var instants []momenttest.Instant
		for i, at := range z.Changes() {
			if i%3 == 0 || at < 0 {
				for _, d := range []int64{-1, 0, 1, 86_400_000, 30 * 86_400_000} {
					instants = append(instants, momenttest.Instant{At: at + d, Zone: name})
				}
			}
		}
		for year := 1840; year < 2030; year += 7 {
			for _, h := range []int{-14, -1, 0, 5, 12} {
				t := time.Date(year, 1, 1, h, 30, 0, 0, time.UTC)
				instants = append(instants, momenttest.Instant{At: t.UnixMilli(), Zone: name})
			}
		}
		if err := c.compare("ja", []string{"YYYY-MM-DDTHH:mm:ssZ DDD w gggg W GGGG NN y x X"}, instants); err != nil {
			return err
		}
	}
	return nil
}

type parseRequest struct {
	Kind   string      `json:"kind"`
	Inputs [][2]string `json:"inputs"`
}

func (c *comparison) inputs(count int, seed uint64) error {
	inputs := momenttest.RandomInputs(seed, count)
	for len(inputs) > 0 {
		n := min(len(inputs), 5000)
		var want []*int64
		if err := c.oracle.Ask(parseRequest{"parse", inputs[:n]}, &want); err != nil {
			return err
		}
		for i, in := range inputs[:n] {
			c.cases++
			z, err := findZone(in[1])
			if err != nil {
				return err
			}
			if got, want := momenttest.InputAnswer(moment.Parse(in[0], z)), momentAnswer(want[i]); got != want {
				c.mismatch("input %q in %q: got %s, Moment %s", in[0], in[1], got, want)
			}
		}
		inputs = inputs[n:]
	}
	return nil
}

func momentAnswer(at *int64) string {
	if at == nil {
		return momenttest.InputAnswer(0, false)
	}
	return momenttest.InputAnswer(*at, true)
}

func (c *comparison) lookups() error {
	names := momenttest.LocaleQueries()
	var want []string
	if err := c.oracle.Ask(map[string]any{"kind": "lookup", "names": names}, &want); err != nil {
		return err
	}
	for i, name := range names {
		c.cases++
		if l, _ := moment.FindLocale(name); l.Name() != want[i] {
			c.mismatch("locale %q: got %s, Moment %s", name, l.Name(), want[i])
		}
	}
	return nil
}
