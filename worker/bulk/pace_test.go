package bulk

import (
	"fmt"
	"testing"
	"time"
)

// The pace of a bulk is that of the last seconds, and none where nobody looked.
func TestPace(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(1_800_000_000_000)
	ago := func(d time.Duration) int64 { return now.Add(-d).UnixMilli() }
	for name, c := range map[string]struct {
		text    string
		started time.Time
		settled int
		want    float64
	}{
		"two looks":              {fmt.Sprint(ago(2*time.Second), 900, ago(10*time.Second), 100), now.Add(-time.Hour), 1100, 100},
		"one look":               {fmt.Sprint(ago(4*time.Second), 900), now.Add(-time.Hour), 1100, 50},
		"none, just started":     {"", now.Add(-10 * time.Second), 1000, 100},
		"none, started long ago": {"", now.Add(-time.Hour), 1000, 0},
		"none, not started":      {"", time.Time{}, 0, 0},
		"nobody looks":           {fmt.Sprint(ago(2*time.Hour), 900, ago(3*time.Hour), 100), now.Add(-4 * time.Hour), 1100, 0},
		"it stands":              {fmt.Sprint(ago(2*time.Second), 900, ago(10*time.Second), 900), now.Add(-time.Hour), 900, 0},
		"opened again":           {fmt.Sprint(ago(2*time.Second), 900, ago(10*time.Second), 900), now.Add(-time.Hour), 10, 0},
		"foreign":                {"soon", now.Add(-time.Second), 900, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got := paceOf(c.text, c.started, now, c.settled); got != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}
