package fleet

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/redistest"
)

// Living workers are known, and no others.
func TestWorkers(t *testing.T) {
	t.Parallel()
	rdb, ctx := redistest.Start(t).Client(), context.Background()
	s := New(rdb)
	old := time.Now().Add(-Silent - 2*time.Second).Unix()
	rdb.HSet(ctx, workersKey, "silent", fmt.Sprintf(`%d {"id":"silent"}`, old), "foreign", fmt.Sprintf("%d ?", time.Now().Unix()), "ancient", `1 {"id":"ancient"}`)
	for _, id := range []string{"b", "a"} {
		w := Worker{ID: id, Host: id, PID: 7, Lines: map[message.Channel]Line{message.SMS: {Code: NoSender}}}
		for want := range int64(3) {
			if writes, err := s.Put(ctx, w); err != nil || writes != want+1 {
				t.Fatal(writes, err)
			}
		}
	}
	workers, err := s.Workers(ctx)
	if err != nil || len(workers) != 2 || workers[0].Name() != "a:7" || workers[1].Lines[message.SMS].Code != NoSender {
		t.Errorf("%+v, %v", workers, err)
	}
	if n := rdb.HLen(ctx, workersKey).Val(); n != 4 {
		t.Errorf("%d entries are kept: the ancient one should be gone", n)
	}
	if err := s.Remove(ctx, "a"); err != nil {
		t.Fatal(err)
	}
	if workers, err = s.Workers(ctx); err != nil || len(workers) != 1 {
		t.Errorf("%+v, %v", workers, err)
	}
	if n := rdb.HLen(ctx, writesKey).Val(); n != 1 {
		t.Errorf("%d counters are kept", n)
	}
}

func TestWhyNobody(t *testing.T) {
	t.Parallel()
	can, none := Line{}, Line{Code: NoSender, Detail: "HERALD_SMS_URL is not set"}
	down := Line{Code: "http_connect", Detail: "http_connect at POST: refused", Where: "AC1 at api.twilio.com"}
	on := func(l Line) Worker {
		return Worker{Host: "h", PID: 1, Lines: map[message.Channel]Line{message.SMS: l}}
	}
	for name, c := range map[string]struct {
		workers  []Worker
		code     string
		words    string
		troubles int
	}{
		"no worker":                {nil, NoWorker, "herald worker", 0},
		"one can":                  {[]Worker{on(none), on(can)}, "", "", 0},
		"one can, one is sick":     {[]Worker{on(down), on(can)}, "", "", 1},
		"none has a sender":        {[]Worker{on(none), on(none)}, NoSender, "HERALD_SMS_URL is not set", 2},
		"who has a sender is sick": {[]Worker{on(none), on(down)}, "http_connect", "h:1 by AC1 at api.twilio.com: http_connect (http_connect at POST: refused)", 2},
		"of another version":       {[]Worker{{}}, NoSender, "sms", 0},
	} {
		t.Run(name, func(t *testing.T) {
			why := WhyNobody(c.workers, message.SMS)
			if (why == nil) != (c.code == "") || why != nil && (why.Code != c.code || !strings.Contains(why.Text, c.words)) {
				t.Errorf("%+v, want %s %s", why, c.code, c.words)
			}
			if got := Troubles(c.workers, []message.Channel{message.SMS}); len(got) != c.troubles {
				t.Errorf("%+v, want %d", got, c.troubles)
			}
		})
	}
}
