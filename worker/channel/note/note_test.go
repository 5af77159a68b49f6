package note

import (
	"context"
	"encoding/base64"
	"testing"

	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/channel/sendtest"
	"github.com/heraldsend/herald/worker/message"
)

func newSender(t *testing.T, p *sendtest.Peer) *Sender {
	t.Helper()
	secret := "whsec_" + base64.StdEncoding.EncodeToString([]byte(sendtest.Secret+"-----------------"))
	endpoint, err := send.NewEndpoint(send.EndpointOptions{URL: p.URL, Secrets: []string{secret}, Client: p.Client})
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(endpoint, "open")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sample() *message.Message {
	return &message.Message{ID: "m1.note", Channel: message.Note, To: []message.Address{{Addr: "conversation-77"}}, Text: "Call **back**"}
}

func TestSuite(t *testing.T) {
	sendtest.Run(t, func(t *testing.T, s sendtest.Situation) sendtest.Rig {
		p := sendtest.NewPeer(t, s)
		r := sendtest.Rig{Sender: newSender(t, p), Message: sample(), Delivered: p.Delivered, Arrived: func() int { return len(p.Requests()) }}
		if s == sendtest.Throttles {
			r.Wait = sendtest.RetryAfter
		}
		return r
	})
}

func TestPayload(t *testing.T) {
	p := sendtest.NewPeer(t, sendtest.Accepts)
	s := newSender(t, p)
	m := sample()
	if _, err := s.Send(context.Background(), m); err != nil {
		t.Fatal(err)
	}
	m.Note = message.NoteFields{Mentions: []string{"u1", "u2"}, Status: "done"}
	if _, err := s.Send(context.Background(), m); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{
		`{"id":"m1.note","channel":"note","conversation":"conversation-77","text":"Call **back**","status":"open"}`,
		`{"id":"m1.note","channel":"note","conversation":"conversation-77","text":"Call **back**","mentions":["u1","u2"],"status":"done"}`,
	} {
		if got := string(p.Requests()[i].Body); got != want {
			t.Errorf("got\n%s, want\n%s", got, want)
		}
	}
	if m.Note.Status != "done" || len(m.Note.Mentions) != 2 {
		t.Error("the message was changed")
	}
}

func TestNew(t *testing.T) {
	if _, err := New(nil, ""); err == nil {
		t.Error("no endpoint, no error")
	}
}
