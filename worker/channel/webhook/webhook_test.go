package webhook

import (
	"context"
	"encoding/base64"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/channel/sendtest"
)

func TestSend(t *testing.T) {
	p := sendtest.NewPeer(t, sendtest.Accepts)
	secret := "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 32))
	endpoint, err := send.NewEndpoint(send.EndpointOptions{URL: p.URL, Secrets: []string{secret}, Client: p.Client})
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	e := Event{ID: "m1.sent", Type: "message.sent", Time: time.Date(2026, 11, 21, 6, 0, 0, 0, time.UTC), Data: map[string]string{"id": "m1"}}
	if _, err := s.Send(context.Background(), e); err != nil {
		t.Fatal(err)
	}
	req := p.Requests()[0]
	const want = `{"type":"message.sent","timestamp":"2026-11-21T06:00:00Z","data":{"id":"m1"}}`
	if string(req.Body) != want || req.Header.Get("webhook-id") != "m1.sent" || req.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%s\n%v", req.Body, req.Header)
	}
	if _, err := s.Send(context.Background(), Event{}); !send.AsError(err).Permanent {
		t.Errorf("an empty event: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := New(nil); err == nil {
		t.Error("no endpoint, no error")
	}
}
