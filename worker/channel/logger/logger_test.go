package logger

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/message"
)

func TestSendLogsNothingPersonal(t *testing.T) {
	var out bytes.Buffer
	s, err := New(slog.New(slog.NewTextHandler(&out, nil)), (*message.Message).Validate)
	if err != nil {
		t.Fatal(err)
	}
	m := &message.Message{ID: "m1.sms", Channel: message.SMS, To: []message.Address{{Addr: "+4915112345678"}}, Text: "canary"}
	receipt, err := s.Send(context.Background(), m)
	if err != nil || receipt.ID != "m1.sms" {
		t.Fatalf("%+v %v", receipt, err)
	}
	line := out.String()
	if !strings.Contains(line, "message_id=m1.sms channel=sms") || strings.Contains(line, "canary") || strings.Contains(line, "4915") {
		t.Errorf("logged %q", line)
	}
}

func TestSendRefuses(t *testing.T) {
	var out bytes.Buffer
	s, err := New(slog.New(slog.NewTextHandler(&out, nil)), (*message.Message).Validate)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Send(context.Background(), &message.Message{}); !send.AsError(err).Permanent {
		t.Errorf("invalid: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Send(ctx, &message.Message{}); !send.AsError(err).Temporary() {
		t.Errorf("canceled: %v", err)
	}
	if out.Len() > 0 {
		t.Errorf("logged %q", out.String())
	}
	if _, err := New(nil, (*message.Message).Validate); err == nil {
		t.Error("no logger, no error")
	}
	if _, err := New(slog.New(slog.DiscardHandler), nil); err == nil {
		t.Error("no check, no error")
	}
}
