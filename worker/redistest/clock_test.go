package redistest

import (
	"testing"
	"time"
)

func TestStep(t *testing.T) {
	t.Parallel()
	s := StartStepping(t)
	rdb := s.Client()
	for _, ahead := range []time.Duration{0, 20 * time.Second, 0, -time.Hour, time.Hour} {
		s.Step(ahead)
		// The server reads its clock before it looks whether anything came: its first answer may be of before.
		_ = rdb.Ping(t.Context())
		now, err := rdb.Time(t.Context()).Result()
		if err != nil {
			t.Fatal(err)
		}
		if off := time.Until(now) - ahead; off.Abs() > 10*time.Second {
			t.Errorf("%s ahead: it is off by %s", ahead, off)
		}
	}
}
