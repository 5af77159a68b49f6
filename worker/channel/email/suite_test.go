package email

import (
	"net/url"
	"testing"

	"github.com/heraldsend/herald/worker/channel/sendtest"
	"github.com/heraldsend/herald/worker/message"
)

func TestSuite(t *testing.T) {
	serverTLS, roots := testCertificate(t)
	for mode, caps := range capsOf {
		t.Run(mode, func(t *testing.T) {
			sendtest.Run(t, func(t *testing.T, s sendtest.Situation) sendtest.Rig {
				server := &faultServer{caps: append([]string{"STARTTLS", "AUTH PLAIN"}, caps...), tls: serverTLS}
				m := sample()
				o := Options{Timeouts: testTimeouts}
				switch s {
				case sendtest.Refuses:
					server.verb, server.fault = "RCPT", "550"
				case sendtest.Fails, sendtest.Throttles: // SMTP has no way to say how long
					server.verb, server.fault = "RCPT", "451"
				case sendtest.Silent:
					server.verb, server.fault = "DOT", "hang"
					o.Timeouts = timeoutsFor("DOT", "hang")
				case sendtest.LoginFails:
					server.verb, server.fault = "AUTH", "554"
				case sendtest.TooLarge:
					server.caps[2] = "SIZE 100000"
					m.Attachments = []message.Attachment{{Name: "a.bin", Type: "application/octet-stream", Data: make([]byte, 100_000)}}
				}
				startFaultServer(t, server)
				t.Cleanup(func() { server.stop() })
				o.URL = "smtp://" + url.UserPassword("user", sendtest.Secret).String() + "@" + server.listener.Addr().String()
				o.TLS = clientTLS(roots)
				return sendtest.Rig{Sender: newSender(t, o), Message: m, Delivered: func() int { n, _ := server.count(); return n }, Arrived: server.arrivals}
			})
		})
	}
}
