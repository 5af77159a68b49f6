package email

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/message"
)

// The outcomes of a Send.
const (
	ok        = "sent"
	permanent = "permanent"
	temporary = "temporary"
	ambiguous = "ambiguous"
	unsent    = "temporary or ambiguous" // what the client can know depends on how much the kernel buffered
)

func outcome(err error) string {
	switch e := send.AsError(err); {
	case e == nil:
		return ok
	case e.Permanent:
		return permanent
	case e.Ambiguous:
		return ambiguous
	default:
		return temporary
	}
}

// expect is the rule of classification, spelled out for each point of the conversation.
func expect(mode, verb, fault string) string {
	refused := map[string]string{"421": temporary, "451": temporary, "550": permanent, "554": permanent}[fault]
	switch verb {
	case "CONNECT", "EHLO", "STARTTLS", "AUTH": // no message is involved yet: whatever happens, it may go better later
		if fault == "slow1Bps" {
			return ok
		}
		return temporary
	case "RSET", "QUIT": // before the next and after the last message: a fresh connection, or nobody cares
		return ok
	}
	switch {
	case fault == "slow1Bps":
		return ok
	case refused != "":
		return refused
	case fault == "rst-at-99%":
		return unsent
	case verb == "DOT":
		return ambiguous
	case verb == "BODY" && (fault == "drop" || fault == "hang" || fault == "drop-at-50%"):
		return temporary
	case verb == "BODY": // a reply that can't be read, to a message that was sent to its end
		return ambiguous
	case mode == "chunking": // MAIL, RCPT and the whole message went out together
		return ambiguous
	default:
		return temporary
	}
}

var capsOf = map[string][]string{
	"plain":      {"SIZE 50000000", "8BITMIME"},
	"pipelining": {"SIZE 50000000", "8BITMIME", "PIPELINING"},
	"chunking":   {"SIZE 50000000", "8BITMIME", "PIPELINING", "CHUNKING"},
}

// faultCase is one cell of the matrix.
type faultCase struct{ mode, verb, fault string }

func (c faultCase) String() string { return c.mode + " " + c.verb + ":" + c.fault }

func faultCases(t *testing.T) []faultCase {
	t.Helper()
	raw, err := os.ReadFile("testdata/smtp_faults.json")
	if err != nil {
		t.Fatal(err)
	}
	var matrix struct{ Verbs, Faults, Extra []string }
	if err := json.Unmarshal(raw, &matrix); err != nil {
		t.Fatal(err)
	}
	var list []faultCase
	for mode := range capsOf {
		for _, verb := range matrix.Verbs {
			if mode == "chunking" && verb == "DATA" {
				continue // BDAT takes its place: BODY and DOT
			}
			for _, fault := range matrix.Faults {
				list = append(list, faultCase{mode, verb, fault})
			}
		}
		for _, extra := range matrix.Extra {
			if verb, fault, _ := strings.Cut(extra, ":"); verb == "DOT" || verb == "BODY" {
				list = append(list, faultCase{mode, verb, fault})
			}
		}
	}
	return list
}

// testTimeouts are long, for busy machines: nothing that goes well runs into them.
var testTimeouts = Timeouts{Dial: 2 * time.Minute, Command: 2 * time.Minute, Final: 2 * time.Minute, Message: 4 * time.Minute}

// isDialed reports whether go-mail reads the replies to a command: it does until the login.
func isDialed(verb string) bool {
	return verb == "CONNECT" || verb == "EHLO" || verb == "STARTTLS" || verb == "AUTH"
}

// endless reports whether a fault ends by a timeout alone.
func endless(verb, fault string) bool {
	// A multi-line reply that changes its code is one without an end for go-mail.
	return strings.Contains(fault, "hang") || strings.Contains(fault, "partial") || isDialed(verb) && strings.Contains(fault, "multi-line")
}

// timeoutsFor is short for the one wait that a fault makes endless. What goes well before it has as long: a busy machine
// needs that.
func timeoutsFor(verb, fault string) Timeouts {
	t := testTimeouts
	switch {
	case !endless(verb, fault):
	case isDialed(verb):
		t.Dial = 6 * time.Second
	case verb == "BODY": // a large message is on its way before it hangs
		t.Command, t.Final = 15*time.Second, 15*time.Second
	default:
		t.Command, t.Final = 6*time.Second, 6*time.Second
	}
	return t
}

func TestFaultMatrix(t *testing.T) {
	serverTLS, roots := testCertificate(t)
	before := runtime.NumGoroutine()
	cases := faultCases(t)
	if len(cases) < 300 {
		t.Fatalf("only %d cases", len(cases))
	}
	// Those that wait for a timeout wait together: they cost time, not work.
	light, heavy, waiting, stuck := make(chan struct{}, 24), make(chan struct{}, 2), make(chan struct{}, 100), make(chan struct{}, 8)
	var wg sync.WaitGroup
	for _, c := range cases {
		limit := light
		switch {
		case endless(c.verb, c.fault) && c.verb == "BODY":
			limit = stuck
		case endless(c.verb, c.fault):
			limit = waiting
		case c.verb == "BODY": // large messages
			limit = heavy
		}
		wg.Add(1)
		go func() {
			defer wg.Done()
			limit <- struct{}{}
			defer func() { <-limit }()
			runFault(t, c, serverTLS, clientTLS(roots))
		}()
	}
	wg.Wait()
	noGoroutinesLeft(t, before)
}

// largeFile, in lines of base64, is more than what the sockets between a client and a server that doesn't read can hold.
const (
	largeFile   = 6 << 20
	encodedFile = largeFile / 3 * 4 / 76 * 78
)

func runFault(t *testing.T, c faultCase, serverTLS, client *tls.Config) {
	server := &faultServer{caps: capsOf[c.mode], tls: serverTLS, verb: c.verb, fault: c.fault}
	url := "smtp://%s?tls=none"
	if c.verb == "STARTTLS" || c.verb == "AUTH" {
		server.caps = append(slices.Clone(server.caps), "STARTTLS", "AUTH PLAIN")
		url = "smtp://user:c4nary@%s"
	}
	if c.verb == "RSET" {
		server.rcpts = []string{"", "550 5.1.1 no such user"}
	}
	startFaultServer(t, server)
	sender, err := New(Options{URL: fmt.Sprintf(url, server.listener.Addr()), Timeouts: timeoutsFor(c.verb, c.fault), TLS: client})
	if err != nil {
		t.Error(err)
		return
	}
	m := sample()
	if c.verb == "BODY" {
		m.Attachments = []message.Attachment{{Name: "a.bin", Type: "application/octet-stream", Data: make([]byte, largeFile)}}
	}
	if c.verb == "RSET" { // a refused message leaves the transaction open
		two := sample()
		two.Cc = []message.Address{{Addr: "nobody@example.org"}}
		if _, err := sender.Send(context.Background(), two); outcome(err) != permanent {
			t.Errorf("%v: the message before: %v", c, err)
		}
	}
	receipt, err := sender.Send(context.Background(), m)
	_ = sender.Close()
	left := server.stop()

	got, want := outcome(err), expect(c.mode, c.verb, c.fault)
	if got != want && (want != unsent || got != temporary && got != ambiguous) {
		t.Errorf("%v: %s (%v), want %s", c, got, err, want)
	}
	delivered, _ := server.count()
	switch {
	case got == ok && delivered != 1, got != ok && got != ambiguous && delivered != 0, delivered > 1:
		t.Errorf("%v: %s, but the server has %d messages", c, got, delivered)
	case got == ok && receipt.ID == "":
		t.Errorf("%v: no Message-ID in the receipt", c)
	case left != 0:
		t.Errorf("%v: %d connections left open", c, left)
	}
	if err != nil && (strings.Contains(err.Error(), "c4nary") || send.AsError(err).Code == "" || send.AsError(err).Step == "") {
		t.Errorf("%v: error %+v", c, err)
	}
}

func noGoroutinesLeft(t *testing.T, before int) {
	t.Helper()
	for end := time.Now().Add(time.Minute); runtime.NumGoroutine() > before; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			buf := make([]byte, 1<<20)
			t.Fatalf("%d goroutines before, %d after:\n%s", before, runtime.NumGoroutine(), buf[:runtime.Stack(buf, true)])
		}
	}
}

// One recipient that is refused takes the others with it: nobody gets the message, and a retry repeats nothing.
func TestFaultMixedRecipients(t *testing.T) {
	cases := []struct {
		name    string
		replies []string
		want    string
	}{
		{"mixed", []string{"250 ok", "550 5.1.1 no", "450 later"}, permanent},
		{"temporary first", []string{"450 later", "550 5.1.1 no", "250 ok"}, permanent},
		{"temporary", []string{"250 ok", "450 later", "250 ok"}, temporary},
		{"good", nil, ok},
	}
	for mode, caps := range capsOf {
		for _, c := range cases {
			t.Run(mode+" "+c.name, func(t *testing.T) {
				server := startFaultServer(t, &faultServer{caps: caps, rcpts: c.replies})
				t.Cleanup(func() { server.stop() })
				sender := newSender(t, Options{URL: "smtp://" + server.listener.Addr().String() + "?tls=none", Timeouts: testTimeouts})
				m := sample()
				m.Cc, m.Bcc = []message.Address{{Addr: "b@example.org"}}, []message.Address{{Addr: "c@example.org"}}
				_, err := sender.Send(context.Background(), m)
				want := c.want
				if mode == "plain" && c.name == "temporary first" {
					want = temporary // one command at a time: the second recipient is not tried
				}
				if got := outcome(err); got != want {
					t.Errorf("%s (%v), want %s", got, err, want)
				}
				if delivered, _ := server.count(); delivered != 0 && c.want != ok {
					t.Errorf("%d delivered", delivered)
				}
			})
		}
	}
}

// The server takes the message and then fails: it is sent, once, and nothing sends it again.
func TestFaultDeliveredIsNeverSentAgain(t *testing.T) {
	for mode, caps := range capsOf {
		for _, verb := range []string{"RSET", "QUIT"} {
			server := startFaultServer(t, &faultServer{caps: caps, verb: verb, fault: "drop"})
			sender := newSender(t, Options{URL: "smtp://" + server.listener.Addr().String() + "?tls=none", Timeouts: testTimeouts, MaxMessages: 1})
			if _, err := sender.Send(context.Background(), sample()); err != nil {
				t.Errorf("%s %s: %v", mode, verb, err)
			}
			_ = sender.Close()
			server.stop()
			if delivered, partial := server.count(); delivered != 1 || partial != 0 {
				t.Errorf("%s %s: %d delivered, %d cut short", mode, verb, delivered, partial)
			}
		}
	}
}

func TestFaultSize(t *testing.T) {
	server := startFaultServer(t, &faultServer{caps: []string{"PIPELINING", "SIZE 1000000"}})
	sender := newSender(t, Options{URL: "smtp://" + server.listener.Addr().String() + "?tls=none", Timeouts: testTimeouts})
	m := sample()
	m.Attachments = []message.Attachment{{Name: "a.bin", Type: "application/octet-stream", Data: make([]byte, 800_000)}}
	_, err := sender.Send(context.Background(), m)
	if e := send.AsError(err); e == nil || !e.Permanent || e.Code != "smtp_too_large" {
		t.Errorf("got %v", err)
	}
	if _, err := sender.Send(context.Background(), sample()); err != nil {
		t.Errorf("the connection is of no use afterwards: %v", err)
	}
	_ = sender.Close()
	server.stop()
	mails := 0
	for _, line := range server.commands {
		if strings.HasPrefix(line, "MAIL") {
			mails++
			if !strings.Contains(line, " SIZE=") {
				t.Errorf("no SIZE in %q", line)
			}
		}
	}
	if mails != 1 || server.dialled != 1 {
		t.Errorf("%d MAILs on %d connections, want 1 on 1", mails, server.dialled)
	}
}
