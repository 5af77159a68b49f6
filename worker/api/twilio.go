package api

import (
	"context"
	"io"
	"net/http"
	"net/url"

	"github.com/heraldsend/herald/worker/channel/sms"
	"github.com/heraldsend/herald/worker/feedback"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/topic"
)

// serveTwilio answers Twilio's callbacks: states of SMS, and incoming SMS.
func (s *Server) serveTwilio() {
	if s.TwilioToken == "" || s.Links == nil {
		return
	}
	s.mux.HandleFunc("POST /twilio/status", s.fromTwilio(func(ctx context.Context, form url.Values) error {
		if err := s.follow(ctx, sms.ReadStatus(form), form.Get("To"), "twilio status"); err != nil {
			return err
		}
		return s.keepStatus(ctx, form)
	}))
	s.mux.HandleFunc("POST /twilio/inbound", s.fromTwilio(func(ctx context.Context, form url.Values) error {
		return s.follow(ctx, s.SMSWords.Read(form), form.Get("From"), "twilio inbound")
	}))
}

// fromTwilio lets requests through that Twilio signed, and answers them with an empty instruction.
func (s *Server) fromTwilio(do func(context.Context, url.Values) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		held := s.room.enter(r.Context())
		defer held.leave()
		body, err := readLimited(r, held, maxForm)
		if err != nil {
			s.refuse(w, r, asProblem(err))
			return
		}
		form, err := url.ParseQuery(string(body))
		if err != nil {
			s.refuse(w, r, problem(http.StatusBadRequest, "invalid_request", "the body is not a form"))
			return
		}
		if !sms.Verify(s.TwilioToken, s.Links.Base()+r.URL.RequestURI(), form, r.Header.Get("X-Twilio-Signature")) {
			s.refuse(w, r, problem(http.StatusForbidden, "bad_signature", "the request is not signed by our Twilio account for this URL"))
			return
		}
		form.Set(messageField, r.URL.Query().Get("message"))
		if err := do(r.Context(), form); err != nil {
			s.refuse(w, r, asProblem(err))
			return
		}
		w.Header().Set("Content-Type", "text/xml; charset=utf-8")
		_, _ = io.WriteString(w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response/>\n")
	}
}

// messageField is the message that a callback is about, by its signed URL: no field of Twilio's has a colon.
const messageField = "herald:message"

// keepStatus keeps what a status callback says of its message.
func (s *Server) keepStatus(ctx context.Context, form url.Values) error {
	state, code := sms.ReadFeedback(form)
	id := form.Get(messageField)
	if state == ledger.Unconfirmed || id == "" || s.Feedback == nil {
		return nil
	}
	_, err := s.Feedback.Record(ctx, feedback.Report{ID: id, State: state, Source: "twilio", Status: code, Recipient: form.Get("To")})
	return err
}

// follow obeys the owner of a number. Opting in again removes an opt-out, but not an operator's entry.
func (s *Server) follow(ctx context.Context, w sms.Wish, number, source string) error {
	switch w {
	case sms.OptOut:
		return s.Suppressions.Unsubscribe(ctx, message.SMS, topic.All, number, source)
	case sms.OptIn:
		return s.Suppressions.Resubscribe(ctx, message.SMS, topic.All, number, source)
	default:
		return nil
	}
}
