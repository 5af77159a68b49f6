package api

import (
	"context"
	"net/http"
	"testing"

	"github.com/heraldsend/herald/worker/store/rate"
)

func TestLanes(t *testing.T) {
	s := start(t, nil)
	meter := rate.NewMeter(s.redis.Client(), func(string) (limit, inForce float64) { return 50, 12.5 })
	meter.Count("sms", 30, 2)
	if err := meter.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	var got struct{ Items []ChannelLane }
	s.want(http.StatusOK, "GET", "/v1/lanes", nil).decode(t, &got)
	if len(got.Items) != 4 || got.Items[0].Channel != "email" || got.Items[0].Sent != 0 {
		t.Fatalf("%+v", got)
	}
	sms := got.Items[1]
	if sms.Sent != 30 || sms.Failed != 2 || sms.Limit != 50 || sms.InForce != 12.5 || len(sms.Minutes) == 0 {
		t.Errorf("%+v", sms)
	}
}
