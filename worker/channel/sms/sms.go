// Package sms sends text messages through Twilio's Messages API (version 2010-04-01).
package sms

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/heraldsend/herald/worker/address/phone"
	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/message"
)

// Twilio's limits.
const (
	maxText  = 1600 // UTF-16 units
	maxMedia = 10
)

// Options are an account at Twilio. AccountSID, AuthToken and one of From and MessagingServiceSID are needed. The
// From of a message wins over both.
type Options struct {
	AccountSID          string
	AuthToken           string
	From                string // a number of the account in E.164, a short code or a sender's name
	MessagingServiceSID string
	StatusCallback      string // https URL that Twilio tells of deliveries; empty for none

	BaseURL string    // https://api.twilio.com where empty
	Client  send.Doer // send.NewHTTPClient(send.HTTPOptions{}) where nil
	Now     func() time.Time
}

// Sender sends through one account. It is safe for concurrent use.
type Sender struct {
	o   Options
	url string
}

// New checks the options; it asks nothing of Twilio.
func New(o Options) (*Sender, error) {
	switch {
	case o.AccountSID == "" || o.AuthToken == "":
		return nil, errors.New("sms: the account's SID and token are needed")
	case url.PathEscape(o.AccountSID) != o.AccountSID:
		return nil, errors.New("sms: the account's SID must be letters and digits")
	case (o.From == "") == (o.MessagingServiceSID == ""):
		return nil, errors.New("sms: either a From number or a messaging service's SID is needed")
	case o.StatusCallback != "" && !strings.HasPrefix(o.StatusCallback, "https://"):
		return nil, errors.New("sms: the status callback must be an https URL")
	}
	if o.From != "" {
		from, err := phone.ParseSender(o.From, "")
		if err != nil {
			return nil, fmt.Errorf("sms: from: %w", err)
		}
		o.From = from
	}
	if o.BaseURL == "" {
		o.BaseURL = "https://api.twilio.com"
	}
	if o.Client == nil {
		o.Client = send.NewHTTPClient(send.HTTPOptions{})
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Sender{o, strings.TrimSuffix(o.BaseURL, "/") + "/2010-04-01/Accounts/" + o.AccountSID + "/Messages.json"}, nil
}

// ParseURL reads an account from one setting: twilio://SID:TOKEN@api.twilio.com?from=+15557122661, or service= with a
// messaging service's SID, and optionally callback=. Its errors don't show the URL, which holds the token.
func ParseURL(raw string) (Options, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "twilio" || u.Host == "" || u.Path != "" && u.Path != "/" {
		return Options{}, errors.New("the SMS URL must look like twilio://SID:TOKEN@api.twilio.com?from=+15557122661")
	}
	o := Options{AccountSID: u.User.Username(), BaseURL: "https://" + u.Host}
	o.AuthToken, _ = u.User.Password()
	query, err := url.ParseQuery(strings.ReplaceAll(u.RawQuery, "+", "%2B")) // a + in a number is a +
	if err != nil {
		return Options{}, errors.New("the SMS URL's query can't be read")
	}
	for key, values := range query {
		field := map[string]*string{"from": &o.From, "service": &o.MessagingServiceSID, "callback": &o.StatusCallback}[key]
		if key == "country" {
			return Options{}, errors.New("the SMS URL says country=: HERALD_COUNTRY is the setting for that")
		}
		if field == nil {
			return Options{}, fmt.Errorf("the SMS URL has an unknown setting %.20q: want from, service or callback", key)
		}
		*field = values[len(values)-1]
	}
	_, err = New(o)
	return o, err
}

// Check says what is wrong with a message for this channel; nil if Send takes it.
func Check(m *message.Message) error {
	if m.Channel != message.SMS {
		return errors.New("not an SMS")
	}
	var f fault.List
	f.Join("", m.Validate())
	if len(f) == 0 {
		if err := phone.Check(m.To[0].Addr); err != nil {
			f.Add("/to", fault.BadAddress, "%v", err)
		}
	}
	if n := len(utf16.Encode([]rune(m.Text))); n > maxText {
		f.Add("/text", fault.TooLong, "%d characters, at most %d", n, maxText)
	}
	if n := len(m.Attachments); n > maxMedia {
		f.Add("/attachments", fault.TooMany, "%d files, at most %d", n, maxMedia)
	}
	for i, a := range m.Attachments {
		if a.URL == "" {
			f.Add(fault.Pointer("attachments", i), fault.Missing, "%q has no https address, and an SMS can't carry its bytes: HERALD_PUBLIC_URL is not set", a.Name)
		}
	}
	return f.Err()
}

// Send sends one text. The error is a *send.Error. Twilio knows no idempotency key: don't retry blindly after an
// ambiguous error. The ID of the Receipt is the message's SID.
func (s *Sender) Send(ctx context.Context, m *message.Message) (send.Receipt, error) {
	if err := Check(m); err != nil {
		return send.Receipt{}, send.Invalid(err)
	}
	form := s.form(m).Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, strings.NewReader(form))
	if err != nil {
		return send.Receipt{}, send.Invalid(errors.New("the API's URL can't be requested"))
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "herald")
	req.SetBasicAuth(s.o.AccountSID, s.o.AuthToken)
	resp, failed := send.Do(s.o.Client, req, s.o.Now())
	if failed != nil {
		failed.Where = s.where(req)
		return send.Receipt{}, failed
	}
	sent, err := receipt(resp)
	if e := send.AsError(err); e != nil {
		e.Where = s.where(req)
		return send.Receipt{}, e
	}
	sent.Sum = sha256.Sum256([]byte(form))
	return sent, nil
}

// where names the account for people.
func (s *Sender) where(req *http.Request) string { return s.o.AccountSID + " at " + req.URL.Host }

// Probe reports whether the account can be reached and used. The error is a *send.Error.
func (s *Sender) Probe(ctx context.Context) error {
	status, failed := s.Account(ctx)
	if failed == nil && status != "active" && status != "trial" {
		failed = &send.Error{Account: true, Code: "sms_account", Step: "GET", Err: fmt.Errorf("the account is %s", status)}
	}
	if failed != nil {
		return failed
	}
	return nil
}

// Account asks Twilio for the account and returns its status: "active", "suspended" or "closed", and "trial" for one that may
// only write to its own numbers. Nothing is sent. The error is a *send.Error.
func (s *Sender) Account(ctx context.Context) (string, *send.Error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(s.url, "/Messages.json")+".json", nil)
	if err != nil {
		return "", send.Invalid(errors.New("the API's URL can't be requested"))
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "herald")
	req.SetBasicAuth(s.o.AccountSID, s.o.AuthToken)
	resp, failed := send.Do(s.o.Client, req, s.o.Now())
	if failed == nil {
		if failed = send.StatusError(resp); failed != nil {
			failed = refusal(failed, resp.Body)
		}
	}
	if failed != nil {
		failed.Step = "GET"
		return "", failed
	}
	var answer struct{ Status, Type string }
	if err := json.Unmarshal(resp.Body, &answer); err != nil || answer.Status == "" {
		return "", &send.Error{Account: true, Code: "sms_unclear", Status: resp.Status, Step: "GET", Err: errors.New("the answer is not Twilio's")}
	}
	if answer.Status == "active" && strings.EqualFold(answer.Type, "trial") {
		return "trial", nil
	}
	return send.Words(answer.Status), nil
}

// Close gives back idle connections.
func (s *Sender) Close() error {
	if c, ok := s.o.Client.(*http.Client); ok {
		c.CloseIdleConnections()
	}
	return nil
}

// Written returns a message as Send posts it: a form.
func (s *Sender) Written(m *message.Message, _ time.Time) []send.Written {
	form := []byte(s.form(m).Encode())
	return []send.Written{{Type: "application/x-www-form-urlencoded", Bytes: form, Sum: sha256.Sum256(form)}}
}

func (s *Sender) form(m *message.Message) url.Values {
	form := url.Values{"To": {m.To[0].Addr}}
	if m.Text != "" {
		form.Set("Body", m.Text)
	}
	for _, a := range m.Attachments {
		form.Add("MediaUrl", a.URL)
	}
	from, service := s.o.From, s.o.MessagingServiceSID
	if m.From.Addr != "" {
		from, service = m.From.Addr, ""
	}
	for name, value := range map[string]string{"From": from, "MessagingServiceSid": service, "StatusCallback": s.callback(m.ID)} {
		if value != "" {
			form.Set(name, value)
		}
	}
	return form
}

// callback is the URL of the status callbacks about a message: it names the message, and Twilio signs it.
func (s *Sender) callback(id string) string {
	u, err := url.Parse(s.o.StatusCallback)
	if err != nil || s.o.StatusCallback == "" {
		return ""
	}
	query := u.Query()
	query.Set("message", id)
	u.RawQuery = query.Encode()
	return u.String()
}

// receipt reads Twilio's answer: 201 with a SID means sent; after any other 2xx it is unknown whether the message was
// sent.
func receipt(resp *send.Response) (send.Receipt, error) {
	if e := send.StatusError(resp); e != nil {
		return send.Receipt{}, refusal(e, resp.Body)
	}
	var answer struct{ SID, Status string }
	if err := json.Unmarshal(resp.Body, &answer); err != nil || answer.SID == "" || resp.Status != http.StatusCreated {
		return send.Receipt{}, &send.Error{Ambiguous: true, Code: "sms_unclear", Status: resp.Status, Step: "POST", Err: errors.New("the answer is not Twilio's")}
	}
	return send.Receipt{ID: send.Words(answer.SID), Detail: send.Words(answer.Status)}, nil
}

// refusal adds the meaning of Twilio's own code (twilio.com/docs/api/errors).
func refusal(e *send.Error, body []byte) *send.Error {
	var answer struct {
		Code    int
		Message string
	}
	if json.Unmarshal(body, &answer) != nil || answer.Code == 0 {
		return e
	}
	e.Code, e.Reply = "twilio_"+strconv.Itoa(answer.Code), send.Words(answer.Message)
	switch answer.Code {
	case 21610: // the recipient has unsubscribed
		e.Permanent, e.Suppress, e.Account = true, true, false
	case 21211, 21408, 21606, 21612, 21614: // not a number, region not permitted, not our number, no route, not a mobile
		e.Permanent, e.Account = true, false
	case 20429: // too many requests
		e.Permanent = false
	case 20003, 20005, 20403, 20404, // login, account not active, forbidden, no such account
		21603, 21659, 21660, 21661, // no From, one that is not Twilio's, not the account's, not for SMS
		21701, 21703, 21704, // no such messaging service, or one without numbers
		63038: // the account's messages of a day are used up
		e.Permanent, e.Account = false, true
	}
	return e
}
