package sms

import (
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/message"
)

// startPrism serves Twilio's published description, and refuses requests that break it.
func startPrism(t *testing.T) string {
	t.Helper()
	prism, err := filepath.Abs("testdata/prism/node_modules/.bin/prism")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(prism); err != nil {
		t.Fatal("Prism is not installed: run `make deps` (npm ci --ignore-scripts --prefix worker/channel/sms/testdata/prism)")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	_, port, _ := net.SplitHostPort(addr)
	cmd := exec.Command(prism, "mock", "--errors", "--host", "127.0.0.1", "--port", port, "testdata/twilio_messages.json")
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
	})
	for end := time.Now().Add(60 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			_ = c.Close()
			return "http://" + addr
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("Prism ended: %v\n%s", err, said.String())
		default:
		}
		if time.Now().After(end) {
			t.Fatal("Prism doesn't listen")
		}
	}
}

func TestTwilioDescriptionAccepts(t *testing.T) {
	base := startPrism(t)
	full := sample()
	full.Attachments = []message.Attachment{{Name: "a.jpg", Type: "image/jpeg", URL: "https://example.com/a.jpg"}}
	for name, c := range map[string]struct {
		o Options
		m *message.Message
	}{
		"from a number": {Options{}, sample()},
		"everything": {Options{
			MessagingServiceSID: "MG0123456789abcdef0123456789abcdef", StatusCallback: "https://example.com/status",
		}, full},
	} {
		c.o.BaseURL, c.o.Client = base, loopbackClient()
		receipt, err := newSender(t, c.o).Send(context.Background(), c.m)
		if err != nil || !strings.HasPrefix(receipt.ID, "SM") {
			t.Errorf("%s: %+v %v", name, receipt, err)
		}
	}
	// The description has teeth: what breaks it is refused.
	bad := map[string]Options{"a service's SID of another kind": {MessagingServiceSID: "XX1"}}
	for name, o := range bad {
		o.BaseURL, o.Client = base, loopbackClient()
		if _, err := newSender(t, o).Send(context.Background(), sample()); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	resp, err := http.Post(base+"/2010-04-01/Accounts/"+sid+"/Messages.json", "application/x-www-form-urlencoded", strings.NewReader("To=%2B1"))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a login: %d", resp.StatusCode)
	}
}
