package suppress

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/redistest"
)

// Messages that bounce softly block an address by the rule; the same one counts once, old ones and those before an arrival
// don't.
func TestSoft(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, err := New(Options{Redis: redistest.Start(t).Client()})
	if err != nil {
		t.Fatal(err)
	}
	day := time.Unix(1_800_000_000, 0)
	rule := SoftRule{3, 10 * 24 * time.Hour}
	type step struct {
		id      string
		day     int
		arrived bool
		blocked bool
	}
	for name, steps := range map[string][]step{
		"three":       {{"a", 0, false, false}, {"b", 1, false, false}, {"c", 2, false, true}, {"c", 2, false, true}, {"d", 3, false, true}},
		"the same":    {{"a", 0, false, false}, {"a", 1, false, false}, {"a", 2, false, false}, {"a", 3, false, false}},
		"too slow":    {{"a", 0, false, false}, {"b", 6, false, false}, {"c", 12, false, false}, {"d", 13, false, true}},
		"one arrived": {{"a", 0, false, false}, {"b", 1, false, false}, {"x", 1, true, false}, {"c", 2, false, false}, {"d", 3, false, false}, {"e", 4, false, true}},
	} {
		address := strings.ReplaceAll(name, " ", ".") + "@example.org"
		for i, one := range steps {
			if one.arrived {
				if err := s.Arrived(ctx, message.Email, address); err != nil {
					t.Fatal(err)
				}
				continue
			}
			got, err := s.Soft(ctx, message.Email, address, one.id, rule, day.Add(time.Duration(one.day)*24*time.Hour))
			if err != nil || got != one.blocked {
				t.Errorf("%s, step %d: %t, %v", name, i, got, err)
			}
		}
		found, err := s.Check(ctx, message.Email, "", []string{address})
		if err != nil || (found[0] != nil) != steps[len(steps)-1].blocked {
			t.Errorf("%s: %+v, %v", name, found[0], err)
		}
	}
	for _, text := range []string{"not an address", ""} {
		if got, err := s.Soft(ctx, message.Email, text, "a", SoftRule{1, time.Hour}, day); got || err != nil {
			t.Errorf("%q: %t, %v", text, got, err)
		}
	}
	if got, err := s.Soft(ctx, message.Email, "never@example.org", "a", SoftRule{}, day); got || err != nil {
		t.Errorf("without a rule: %t, %v", got, err)
	}
}

func TestParseSoftRule(t *testing.T) {
	for text, want := range map[string]SoftRule{"5/30d": DefaultSoftRule, "1/1d": {1, 24 * time.Hour}, "0": {}} {
		if got, err := ParseSoftRule(text); err != nil || got != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "5", "5/30", "5/d", "0/30d", "-1/3d", "5/367d", "101/3d", "x/3d", "5/30dd", "5/30h"} {
		if _, err := ParseSoftRule(text); err == nil {
			t.Errorf("%q passes", text)
		}
	}
}
