package chat

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/channel/sendtest"
	"github.com/heraldsend/herald/worker/message"
)

var secret = "whsec_" + base64.StdEncoding.EncodeToString([]byte(sendtest.Secret+"-----------------"))

func newSender(t *testing.T, p *sendtest.Peer, d Defaults) *Sender {
	t.Helper()
	endpoint, err := send.NewEndpoint(send.EndpointOptions{URL: p.URL + "/chats", Secrets: []string{secret}, Client: p.Client})
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(endpoint, d)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sample() *message.Message {
	return &message.Message{ID: "m1.chat", Channel: message.Chat, To: []message.Address{{Addr: "conversation-77"}}, Text: "Hello **Ada**"}
}

func TestSuite(t *testing.T) {
	sendtest.Run(t, func(t *testing.T, s sendtest.Situation) sendtest.Rig {
		p := sendtest.NewPeer(t, s)
		r := sendtest.Rig{Sender: newSender(t, p, Defaults{}), Message: sample(), Delivered: p.Delivered, Arrived: func() int { return len(p.Requests()) }}
		if s == sendtest.Throttles {
			r.Wait = sendtest.RetryAfter
		}
		return r
	})
}

func TestPayload(t *testing.T) {
	p := sendtest.NewPeer(t, sendtest.Accepts)
	s := newSender(t, p, Defaults{Brand: "acme", Assistant: "default"})
	m := sample()
	m.Chat = message.ChatFields{Assistant: "orders", Dialog: "start"}
	m.Attachments = []message.Attachment{
		{Name: "a.txt", Type: "text/plain", Data: []byte("hi"), SHA256: "ab"},
		{Name: "b.txt", Type: "text/plain", Data: []byte("hi"), URL: "https://example.com/b.txt"},
	}
	receipt, err := s.Send(context.Background(), m)
	if err != nil || receipt.ID != "peer-1" {
		t.Fatalf("%+v %v", receipt, err)
	}
	req := p.Requests()[0]
	const want = `{"id":"m1.chat","channel":"chat","conversation":"conversation-77","text":"Hello **Ada**","brand":"acme","assistant":"orders","dialog":"start",` +
		`"attachments":[{"name":"a.txt","contentType":"text/plain","contentLength":2,"sha256":"ab","data":"aGk="},` +
		`{"name":"b.txt","contentType":"text/plain","contentLength":2,"url":"https://example.com/b.txt"}]}`
	var compact bytes.Buffer
	if err := json.Compact(&compact, req.Body); err != nil || compact.String() != want || req.Path != "/chats" {
		t.Errorf("%s got\n%s, want\n%s", req.Path, req.Body, want)
	}
	key, err := send.ParseSecret(secret)
	if err != nil {
		t.Fatal(err)
	}
	v, err := send.NewVerifier(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Verify(req.Header, req.Body, time.Now()); err != nil || req.Header.Get("webhook-id") != "m1.chat" {
		t.Errorf("%v, id %q", err, req.Header.Get("webhook-id"))
	}
}

func TestNew(t *testing.T) {
	if _, err := New(nil, Defaults{}); err == nil {
		t.Error("no endpoint, no error")
	}
}
