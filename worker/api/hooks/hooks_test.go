package hooks

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/feedback"
	"github.com/heraldsend/herald/worker/intake/verp"
)

// told is what reports say, one after the other.
func told(reports []feedback.Report) string {
	var all []string
	for _, r := range reports {
		if !r.Several {
			all = append(all, "!")
		}
		all = append(all, strings.Join(strings.Fields(fmt.Sprintf("%s %s %s %s", r.ID, r.State, r.Recipient, r.Status)), " "))
	}
	return strings.Join(all, ", ")
}

// sendgridExample is the request with key and signature that SendGrid's own libraries are tested with.
const (
	sendgridKey       = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g=="
	sendgridSignature = "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM="
	sendgridTimestamp = "1600112502"
	sendgridBody      = `[{"email":"hello@world.com","event":"dropped","reason":"Bounced Address","sg_event_id":"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA","sg_message_id":"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0","smtp-id":"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>","timestamp":1600112492}]` + "\r\n"
)

func sendgridHeader(timestamp, signature string) http.Header {
	h := http.Header{}
	h.Set("X-Twilio-Email-Event-Webhook-Timestamp", timestamp)
	h.Set("X-Twilio-Email-Event-Webhook-Signature", signature)
	return h
}

func TestSendGrid(t *testing.T) {
	ctx := context.Background()
	s, err := NewSendGrid(sendgridKey, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Read(ctx, sendgridHeader(sendgridTimestamp, sendgridSignature), []byte(sendgridBody))
	if err != nil || told(got) != "LRzXl_NHStOGhQ4kofSm_A bounced_hard hello@world.com" {
		t.Errorf("their example: %q, %v", told(got), err)
	}
	for name, c := range map[string][3]string{
		"another body": {sendgridTimestamp, sendgridSignature, strings.Replace(sendgridBody, "hello", "ada", 1)}, "another time": {"1600112503", sendgridSignature, sendgridBody},
		"no signature": {sendgridTimestamp, "", sendgridBody}, "half a signature": {sendgridTimestamp, sendgridSignature[:40], sendgridBody},
	} {
		if _, err := s.Read(ctx, sendgridHeader(c[0], c[1]), []byte(c[2])); !errors.Is(err, ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	if s, err = NewSendGrid(base64.StdEncoding.EncodeToString(der), nil); err != nil {
		t.Fatal(err)
	}
	// The events of SendGrid's documentation, with our ids.
	body := `[
{"email":"example@test.com","timestamp":1513299569,"smtp-id":"<a+0.1.email@acme.example>","event":"processed","category":["cat facts"],"sg_event_id":"x","sg_message_id":"y"},
{"email":"example@test.com","timestamp":1513299569,"smtp-id":"<a+0.1.email@acme.example>","event":"deferred","response":"400 try again later","attempt":"5"},
{"email":"example@test.com","timestamp":1513299569,"smtp-id":"<a+0.1.email@acme.example>","event":"delivered","response":"250 OK"},
{"email":"example@test.com","timestamp":1513299569,"smtp-id":"<a+0.2.email@acme.example>","event":"bounce","reason":"500 unknown recipient","status":"5.0.0","type":"bounce"},
{"email":"example@test.com","timestamp":1513299569,"smtp-id":"<a+0.3.email@acme.example>","event":"bounce","reason":"550 5.7.1 spam","status":"5.7.1","type":"blocked"},
{"email":"example@test.com","timestamp":1513299569,"smtp-id":"<a+0.4.email@acme.example>","event":"dropped","reason":"Unsubscribed Address","status":"5.0.0"},
{"email":"example@test.com","timestamp":1513299569,"smtp-id":"<a+0.5.email@acme.example>","event":"spamreport","new":{"field":[1]}},
{"email":"example@test.com","timestamp":1513299569,"smtp-id":"<a+0.6.email@acme.example>","event":"unsubscribe"},
{"email":"example@test.com","timestamp":1513299569,"event":"open","useragent":"Mozilla"},
{"email":"example@test.com","timestamp":1513299569,"event":"delivered"}]`
	digest := sha256.Sum256([]byte("1" + body))
	signature, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	got, err = s.Read(ctx, sendgridHeader("1", base64.StdEncoding.EncodeToString(signature)), []byte(body))
	const want = "a+0.1.email delivered example@test.com, a+0.2.email bounced_hard example@test.com 5.0.0, a+0.3.email bounced_soft example@test.com 5.7.1, " +
		"a+0.4.email bounced_soft example@test.com 5.0.0, a+0.5.email complained example@test.com, a+0.6.email unsubscribed example@test.com"
	if err != nil || told(got) != want {
		t.Errorf("%q, %v; want %q", told(got), err, want)
	}
	for _, bad := range []string{"", "x", "MFkw", base64.StdEncoding.EncodeToString([]byte("hello"))} {
		if _, err := NewSendGrid(bad, nil); err == nil {
			t.Errorf("%q is a key", bad)
		}
	}
}

func TestMailgun(t *testing.T) {
	ctx := context.Background()
	now := time.Unix(1529006854, 0)
	const key = "key-0123456789abcdef"
	m, err := NewMailgun(key, nil, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	sign := func(timestamp, token string) string {
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write([]byte(timestamp + token))
		return hex.EncodeToString(mac.Sum(nil))
	}
	const token = "a8ce0edb2dd8301dee6c2405235584e45aa91d1e9f979f3de0"
	body := func(timestamp, signature, event string) []byte {
		return []byte(`{"signature":{"token":"` + token + `","timestamp":"` + timestamp + `","signature":"` + signature + `"},"event-data":{"id":"CPgfbmQMTCKtHW6uIWtuVe","timestamp":1521472262.9,"log-level":"info",` + event + `}}`)
	}
	const of = `"recipient":"alice@example.com","envelope":{"sender":"bob@acme.example","transport":"smtp"},"message":{"headers":{"to":"Alice <alice@example.com>","message-id":"m1@acme.example","from":"Bob <bob@acme.example>","subject":"x"},"size":111},"flags":{"is-test-mode":false}`
	// The events of Mailgun's documentation, with our ids.
	for event, want := range map[string]string{
		`"event":"delivered","delivery-status":{"code":250,"message":"OK","tls":true},` + of: "m1 delivered alice@example.com",
		`"event":"failed","severity":"permanent","reason":"bounce","delivery-status":{"code":550,"enhanced-code":"5.1.1","message":"5.1.1 The email account that you tried to reach does not exist","attempt-no":1},` + of: "m1 bounced_hard alice@example.com 5.1.1",
		`"event":"failed","severity":"permanent","reason":"suppress-bounce","delivery-status":{"code":605,"message":"","description":"Not delivering to previously bounced address"},` + of:                                "m1 bounced_soft alice@example.com",
		`"event":"failed","severity":"temporary","delivery-status":{"code":452,"message":"4.2.2 over quota","retry-seconds":600},` + of:                                                                                    "",
		`"event":"complained",` + of:                          "m1 complained alice@example.com",
		`"event":"unsubscribed",` + of:                        "m1 unsubscribed alice@example.com",
		`"event":"opened",` + of:                              "",
		`"event":"delivered","recipient":"alice@example.com"`: "",
	} {
		got, err := m.Read(ctx, nil, body("1529006854", sign("1529006854", token), event))
		if err != nil || told(got) != want {
			t.Errorf("%s: %q, %v; want %q", event[:30], told(got), err, want)
		}
	}
	for name, b := range map[string][]byte{
		"no signature": body("1529006854", "", `"event":"complained",`+of), "another": body("1529006854", sign("1529006855", token), `"event":"complained",`+of),
		"old": body("1528000000", sign("1528000000", token), `"event":"complained",`+of), "not yet": body("1539006854", sign("1539006854", token), `"event":"complained",`+of),
	} {
		if _, err := m.Read(ctx, nil, b); !errors.Is(err, ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := m.Read(ctx, nil, []byte("[]")); !errors.Is(err, ErrForm) {
		t.Errorf("no object: %v", err)
	}
}

func TestPostmark(t *testing.T) {
	ctx := context.Background()
	const secret = "a password of the webhook"
	p, err := NewPostmark(secret, nil)
	if err != nil {
		t.Fatal(err)
	}
	with := func(password string) http.Header {
		r, _ := http.NewRequest(http.MethodPost, "/", nil)
		r.SetBasicAuth("herald", password)
		return r.Header
	}
	const meta = `"Metadata":{"herald-id":"m1"}`
	// The events of Postmark's documentation, with our metadata.
	for body, want := range map[string]string{
		`{"MessageID":"883953f4-6105-42a2-a16a-77a8eac79483","Recipient":"john@example.com","DeliveredAt":"2014-08-01T13:28:10.2735393-04:00","Details":"Test delivery webhook details","Tag":"welcome-email","ServerID":23,"RecordType":"Delivery",` + meta + `}`:                                                                        "m1 delivered john@example.com",
		`{"RecordType":"Bounce","ID":4323372036854775807,"Type":"HardBounce","TypeCode":1,"Name":"Hard bounce","Description":"The server was unable to deliver your message (ex: unknown user, mailbox not found).","Details":"Test bounce details","Email":"john@example.com","From":"sender@example.com","Inactive":true,` + meta + `}`: "m1 bounced_hard john@example.com",
		`{"RecordType":"Bounce","Type":"SoftBounce","Details":"x","Email":"john@example.com",` + meta + `}`:                                              "m1 bounced_soft john@example.com",
		`{"RecordType":"Bounce","Type":"AutoResponder","Email":"john@example.com",` + meta + `}`:                                                         "",
		`{"RecordType":"SpamComplaint","Type":"SpamComplaint","TypeCode":100001,"Email":"john@example.com","Subject":"x",` + meta + `}`:                  "m1 complained john@example.com",
		`{"RecordType":"SubscriptionChange","Recipient":"john@example.com","SuppressSending":true,"SuppressionReason":"ManualSuppression",` + meta + `}`: "m1 unsubscribed john@example.com",
		`{"RecordType":"SubscriptionChange","Recipient":"john@example.com","SuppressSending":true,"SuppressionReason":"HardBounce",` + meta + `}`:        "",
		`{"RecordType":"Open","Recipient":"john@example.com",` + meta + `}`:                                                                              "",
		`{"RecordType":"Delivery","Recipient":"john@example.com","Metadata":{}}`:                                                                         "",
	} {
		got, err := p.Read(ctx, with(secret), []byte(body))
		if err != nil || told(got) != want {
			t.Errorf("%s: %q, %v; want %q", body[:60], told(got), err, want)
		}
		for _, h := range []http.Header{{}, with(""), with("another password here")} {
			if _, err := p.Read(ctx, h, []byte(body)); !errors.Is(err, ErrSignature) {
				t.Errorf("without the password: %v", err)
			}
		}
	}
}

// sns signs as SNS does.
type sns struct {
	key  *rsa.PrivateKey
	cert []byte
}

func newSNS(t *testing.T) *sns {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sns.amazonaws.com"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return &sns{key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
}

func (s *sns) sign(t *testing.T, m snsMessage) []byte {
	t.Helper()
	hash, sum := crypto.SHA256, sha256.Sum256([]byte(m.signed()))
	digest := sum[:]
	if m.SignatureVersion == "1" {
		old := sha1.Sum([]byte(m.signed()))
		hash, digest = crypto.SHA1, old[:]
	}
	signature, err := rsa.SignPKCS1v15(rand.Reader, s.key, hash, digest)
	if err != nil {
		t.Fatal(err)
	}
	m.Signature = base64.StdEncoding.EncodeToString(signature)
	body, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

const topic = "arn:aws:sns:eu-west-1:123456789012:bounces"

func TestSES(t *testing.T) {
	ctx := context.Background()
	amazon := newSNS(t)
	var fetched []string
	seals, err := verp.New("bounce.acme.example", []string{strings.Repeat("s", 32)})
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSES([]string{topic}, func(_ context.Context, url string) ([]byte, error) {
		fetched = append(fetched, url)
		return amazon.cert, nil
	}, seals)
	if err != nil {
		t.Fatal(err)
	}
	message := func(text string) snsMessage {
		return snsMessage{
			Type: "Notification", MessageID: "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324", TopicArn: topic, Message: text, Timestamp: "2026-12-01T10:00:00.000Z",
			SignatureVersion: "2", SigningCertURL: "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem",
		}
	}
	sealed := seals.Sender("m2", false)
	const mail = `"mail":{"timestamp":"2016-01-27T14:59:38.237Z","messageId":"00000138111222aa-33322211-cccc-cccc-cccc-ddddaaaa0680-000000","source":"john@example.com","sourceArn":"arn:aws:ses:us-east-1:888888888888:identity/example.com","headers":[{"name":"Message-ID","value":"<m1@acme.example>"},{"name":"X-New","value":"x"}],"commonHeaders":{"from":["John Doe <john@example.com>"],"messageId":"custom@example.com"}}`
	// The notifications and events of Amazon's documentation, with our ids.
	for text, want := range map[string]string{
		`{"notificationType":"Bounce","bounce":{"bounceType":"Permanent","reportingMTA":"dns; email.example.com","bouncedRecipients":[{"emailAddress":"jane@example.com","status":"5.1.1","action":"failed","diagnosticCode":"smtp; 550 5.1.1 <jane@example.com>... User"}],"bounceSubType":"General","timestamp":"2016-01-27T14:59:38.237Z"},` + mail + `}`: "m1 bounced_hard jane@example.com 5.1.1",
		`{"notificationType":"Bounce","bounce":{"bounceType":"Transient","bounceSubType":"MailboxFull","bouncedRecipients":[{"emailAddress":"jane@example.com"},{"emailAddress":"richard@example.com"}]},` + mail + `}`:                                                                                                                                      "m1 bounced_soft jane@example.com, m1 bounced_soft richard@example.com",
		`{"notificationType":"Bounce","bounce":{"bounceType":"Permanent","bounceSubType":"Suppressed","bouncedRecipients":[{"emailAddress":"jane@example.com","status":"5.1.1"}]},` + mail + `}`:                                                                                                                                                             "m1 bounced_soft jane@example.com 5.1.1",
		`{"notificationType":"Complaint","complaint":{"userAgent":"AnyCompany Feedback Loop (V0.01)","complainedRecipients":[{"emailAddress":"richard@example.com"}],"complaintFeedbackType":"abuse"},` + mail + `}`:                                                                                                                                         "m1 complained richard@example.com",
		`{"eventType":"Delivery","delivery":{"timestamp":"2016-01-27T14:59:38.237Z","recipients":["jane@example.com"],"processingTimeMillis":546,"reportingMTA":"a8-70.smtp-out.amazonses.com","smtpResponse":"250 ok:  Message 64111812 accepted"},` + mail + `}`:                                                                                           "m1 delivered jane@example.com",
		`{"eventType":"Send","send":{},` + mail + `}`:                                                                "",
		`{"eventType":"Delivery","delivery":{"recipients":["jane@example.com"]},"mail":{"source":"` + sealed + `"}}`: "m2 delivered jane@example.com",
		`Successfully validated SNS topic for Amazon SES event publishing.`:                                          "",
	} {
		for _, version := range []string{"1", "2"} {
			m := message(text)
			m.SignatureVersion = version
			got, err := s.Read(ctx, nil, amazon.sign(t, m))
			if err != nil || told(got) != want {
				t.Errorf("version %s, %.60s: %q, %v; want %q", version, text, told(got), err, want)
			}
		}
	}
	if len(fetched) != 1 {
		t.Errorf("%d times the certificate was read", len(fetched))
	}
	forge := func(change func(*snsMessage)) []byte {
		var m snsMessage
		if err := json.Unmarshal(amazon.sign(t, message("{}")), &m); err != nil {
			t.Fatal(err)
		}
		change(&m)
		body, _ := json.Marshal(m)
		return body
	}
	for name, body := range map[string][]byte{
		"another text":    forge(func(m *snsMessage) { m.Message = `{"x":1}` }),
		"another topic":   forge(func(m *snsMessage) { m.TopicArn += "2" }),
		"a host like it":  forge(func(m *snsMessage) { m.SigningCertURL = "https://sns.eu-west-1.amazonaws.com.evil.example/x.pem" }),
		"by http":         forge(func(m *snsMessage) { m.SigningCertURL = "http://sns.eu-west-1.amazonaws.com/x.pem" }),
		"a user":          forge(func(m *snsMessage) { m.SigningCertURL = "https://sns.eu-west-1.amazonaws.com@evil.example/x.pem" }),
		"another service": forge(func(m *snsMessage) { m.SigningCertURL = "https://s3.eu-west-1.amazonaws.com/x.pem" }),
		"version 3":       forge(func(m *snsMessage) { m.SignatureVersion = "3" }),
		"no signature":    forge(func(m *snsMessage) { m.Signature = "" }),
	} {
		if _, err := s.Read(ctx, nil, body); !errors.Is(err, ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
	fetched = nil
	confirm := message("You have chosen to subscribe")
	confirm.Type, confirm.Token, confirm.SubscribeURL = "SubscriptionConfirmation", "t", "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=t"
	if _, err := s.Read(ctx, nil, amazon.sign(t, confirm)); err != nil || len(fetched) != 1 || fetched[0] != confirm.SubscribeURL {
		t.Errorf("a subscription: %v, %q", err, fetched)
	}
	confirm.SubscribeURL = "https://evil.example/"
	if _, err := s.Read(ctx, nil, amazon.sign(t, confirm)); !errors.Is(err, ErrSignature) {
		t.Errorf("a subscription elsewhere: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	s, err := NewSendGrid(sendgridKey, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(sendgridBody))
	f.Fuzz(func(t *testing.T, body []byte) {
		if got, err := s.Read(context.Background(), sendgridHeader(sendgridTimestamp, sendgridSignature), body); err == nil && string(body) != sendgridBody {
			t.Fatalf("passes: %v", got)
		}
	})
}
