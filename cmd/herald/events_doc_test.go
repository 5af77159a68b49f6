package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/channel/sms"
	"github.com/heraldsend/herald/worker/channel/webhook"
	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/outbox"
	"github.com/heraldsend/herald/worker/task"
)

// eventExamples is one body of each type, as it is posted.
func eventExamples(t *testing.T) string {
	t.Helper()
	at := time.Date(2026, 12, 1, 8, 0, 5, 0, time.UTC)
	single := outbox.Message{ID: "order-10027", Channel: message.Email, State: "sent", Conversation: "c42", Customer: "u7", ProviderID: "order-10027@acme.example", At: at}
	with := func(state, code string) outbox.Message {
		m := single
		m.State, m.Code, m.ProviderID = state, code, ""
		return m
	}
	wave := outbox.Message{ID: "wave2+0.17.sms", Bulk: "wave2", Channel: message.SMS, State: "failed", Code: notMobile(t), To: "+15550117", At: at}
	actions := &task.Actions{
		Tags: []string{"delayed"}, CustomFields: map[string]json.RawMessage{"waveNum": json.RawMessage("2"), "noteStr": json.RawMessage("null")},
		Queue: "billing", Priority: 4, SnoozeUntil: "3d",
	}
	bulk := outbox.Bulk{ID: "wave2", State: "running", Percent: 30, Planned: 1000, Pending: 680, Sent: 311, Failed: 5, Suppressed: 3, Skipped: 1, At: at}
	over := bulk
	over.State, over.Percent, over.Pending, over.Sent, over.Over = "completed", 100, 0, 991, true
	facts := []outbox.Fact{
		single, with("done", ""), wave, with("suppressed", message.Email.Spec().Refused), with("skipped", "cancelled"),
		with("skipped", compose.Expired(task.Message{SendBefore: at}, at).Code), with("unknown", "smtp_timeout"),
		outbox.Note{ID: "note-3", Conversation: "c42", ProviderID: "n981", At: at},
		outbox.Updated{Conversation: "c42", Customer: "u7", Message: "order-10027", Changes: actions.Changes(at), At: at, Cause: "order-10027"},
		outbox.Forwarded{
			ID: "fwd-5", Conversation: "c42", By: "u3", From: "Robin <robin@desk.example>", To: []string{"parts@supplier.example"},
			Subject: "Fwd: Broken hinge", Text: "Could you send a new one?", Attachments: []string{"hinge.jpg"}, At: at,
		},
		bulk, over,
		outbox.Feedback{
			ID: "wave2+0.18.email", Bulk: "wave2", Channel: message.Email, Feedback: "bounced_hard", Source: "mail", Status: "5.1.1",
			Words: "550 5.1.1 user unknown", To: "ada@example.com", Suppressed: "hard_bounce", At: at,
		},
	}
	var b strings.Builder
	for i, f := range facts {
		e := f.Event()
		number := int64(i + 1)
		if strings.HasPrefix(e.Stream, "conversation:") {
			number += at.Unix() - 100
		}
		var body bytes.Buffer
		enc := json.NewEncoder(&body)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(webhook.Event{ID: e.ID, Type: e.Type, Time: e.Time, Stream: e.Stream, Sequence: number, Data: f}); err != nil {
			t.Fatal(err)
		}
		// Two lines each, which are one on the way.
		fmt.Fprintf(&b, "%s\n\n", strings.Replace(strings.TrimSpace(body.String()), `,"data":`, ",\n \"data\":", 1))
	}
	return "```json\n" + strings.TrimSpace(b.String()) + "\n```"
}

// notMobile is the code of a number that takes no SMS, as the sender gives it for what Twilio answers.
func notMobile(t *testing.T) string {
	t.Helper()
	twilio := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"code": 21614, "message": "'To' number is not a valid mobile number", "status": 400}`)
	}))
	defer twilio.Close()
	sender, err := sms.New(sms.Options{AccountSID: "AC1", AuthToken: "x", From: "+15550100", BaseURL: twilio.URL, Client: twilio.Client()})
	if err != nil {
		t.Fatal(err)
	}
	m, err := compose.Address(task.Message{ID: "wave2+0.17.sms", Channel: message.SMS, To: "+15550117"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	m.Text = "Snow"
	var refused *send.Error
	if _, err := sender.Send(context.Background(), m); !errors.As(err, &refused) {
		t.Fatal(err)
	}
	return refused.Code
}
