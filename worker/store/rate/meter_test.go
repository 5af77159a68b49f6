package rate

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/redistest"
)

// Several workers count; everybody reads the sum.
func TestNumbersAreOfAllWorkers(t *testing.T) {
	s := redistest.Start(t)
	ctx := context.Background()
	a := NewMeter(s.Client(), func(string) (float64, float64) { return 50, 25 })
	b := NewMeter(s.Client(), func(string) (float64, float64) { return 50, 25 })
	for range 30 {
		a.Count("email", 1, 0)
		b.Count("email", 2, 1)
	}
	b.Count("sms", 0, 1)
	for _, m := range []*Meter{a, b, a} { // nothing is counted twice
		if err := m.Flush(ctx); err != nil {
			t.Fatal(err)
		}
	}
	all, err := NewMeter(s.Client(), nil).Numbers(ctx)
	if err != nil {
		t.Fatal(err)
	}
	email, sms := all["email"], all["sms"]
	if email.Sent != 90 || email.Failed != 30 || email.Limit != 50 || email.InForce != 25 || sms.Failed != 1 || len(all) != 2 {
		t.Errorf("%+v", all)
	}
	var sum Minute
	for _, m := range email.Minutes {
		sum.Sent += m.Sent
		sum.Failed += m.Failed
	}
	if len(email.Minutes) != 60 || sum != (Minute{90, 30}) {
		t.Errorf("minutes %+v", email.Minutes)
	}
}

func TestRateIsOfTheLastSeconds(t *testing.T) {
	const now = 1_700_000_059
	hash := map[string]string{
		fmt.Sprint("s", now): "1000", fmt.Sprint("s", now-1): "40", fmt.Sprint("s", now-10): "60", fmt.Sprint("s", now-11): "999",
		fmt.Sprint("m", now/60): "7", fmt.Sprint("m", now/60-59): "5", fmt.Sprint("m", now/60-60): "999", fmt.Sprint("f", now/60): "2",
	}
	n := numbers(hash, now)
	if n.PerSecond != 10 || n.Sent != 12 || n.Failed != 2 {
		t.Errorf("%+v", n)
	}
	if n.Minutes[0].Sent != 5 || n.Minutes[59] != (Minute{7, 2}) {
		t.Errorf("%+v", n.Minutes)
	}
}

// What Redis could not take is counted when it can; what is old goes.
func TestMeterWaitsForRedisAndPrunes(t *testing.T) {
	s := redistest.Start(t)
	rdb := s.Client()
	ctx := context.Background()
	m := NewMeter(rdb, nil)
	for i := range meterFields + 1 {
		if err := rdb.HSet(ctx, meterKey("email"), fmt.Sprint("m", i), 1).Err(); err != nil {
			t.Fatal(err)
		}
	}
	s.Kill()
	m.Count("email", 3, 0)
	short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	if err := m.Flush(short); err == nil {
		t.Fatal("stored without a Redis")
	}
	s.Restart()
	if err := m.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	all, err := m.Numbers(ctx)
	if err != nil || all["email"].Sent != 3 {
		t.Errorf("%+v, %v", all, err)
	}
	if n := rdb.HLen(ctx, meterKey("email")).Val(); n != 4 { // limit, inForce, a second, a minute
		t.Errorf("%d fields", n)
	}
}
