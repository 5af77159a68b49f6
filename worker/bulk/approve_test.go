package bulk

import (
	"testing"
	"time"
)

func TestLacks(t *testing.T) {
	ada, bob := Approval{"token:ada", time.Now()}, Approval{"token:bob", time.Now()}
	for name, test := range map[string]struct {
		b           Bulk
		need, above int
		want        int
	}{
		"nobody has to":           {Bulk{Planned: 100}, 0, 0, 0},
		"none":                    {Bulk{Planned: 100}, 2, 0, 2},
		"one of two":              {Bulk{Planned: 100, Approvals: []Approval{ada}}, 2, 0, 1},
		"both":                    {Bulk{Planned: 100, Approvals: []Approval{ada, bob}}, 2, 0, 0},
		"more than needed":        {Bulk{Planned: 100, Approvals: []Approval{ada, bob}}, 1, 0, 0},
		"small":                   {Bulk{Planned: 100}, 2, 100, 0},
		"just too large":          {Bulk{Planned: 101}, 2, 100, 2},
		"cancelled: it only ends": {Bulk{Planned: 100, Control: Cancelled}, 2, 0, 0},
	} {
		if got := test.b.Lacks(test.need, test.above); got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
}
