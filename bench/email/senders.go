package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"

	gomail "github.com/wneessen/go-mail"

	"github.com/heraldsend/herald/worker/channel/email"
	"github.com/heraldsend/herald/worker/message"
)

// load makes the i-th message of a scenario.
type load func(i int) *message.Message

// sender is one way to send. open connects; its send is called by as many goroutines as there are connections.
type sender struct {
	name  string
	share float64 // of the scenario's messages, so that slow ones don't take for ever
	open  func(addr string, sc scenario) (send func(worker, i int) error, done func(), err error)
}

var everySender = []sender{
	{"bare sender of ready bytes (floor)", 1, openBare},
	{"herald", 1, openHerald("auto")},
	{"herald, no BDAT", 1, openHerald("pipelining")},
	{"go-mail, connection kept", .25, openGoMail},
	{"go-mail, connection a message", .1, openGoMailDialling},
}

const paragraph = "Your reservation at the harbour is confirmed, and we look forward to your visit. Please bring the booking number. "

// mailOf is about 3 KB of HTML and text that differ from message to message, with an attachment of the given size.
func mailOf(attachment int, umlauts bool) load {
	body := strings.Repeat(paragraph+"\n", 10)
	if umlauts {
		body = strings.NewReplacer("harbour", "Hafen in Lübeck", "visit", "Überfahrt").Replace(body)
	}
	html := "<html><body><h1>Hello, %s</h1>\n<p>" + strings.ReplaceAll(body, "\n", "</p>\n<p>") + "</p></body></html>\n"
	text := "Hello, %s\n\n" + body
	var files []message.Attachment
	if attachment > 0 {
		data := make([]byte, attachment)
		random := rand.NewChaCha8([32]byte{1})
		_, _ = random.Read(data)
		files = []message.Attachment{{Name: "brochure.pdf", Type: "application/pdf", Data: data, SHA256: strings.Repeat("ab", 32)}}
	}
	return func(i int) *message.Message {
		name := fmt.Sprintf("Customer %d", i)
		return &message.Message{
			ID: fmt.Sprintf("bench.%d.email", i), Channel: message.Email, From: message.Address{Name: "Herald", Addr: "news@example.com"},
			To: []message.Address{{Name: name, Addr: fmt.Sprintf("customer%d@example.org", i)}}, Subject: "Your reservation, " + name,
			Text: strings.Replace(text, "%s", name, 1), HTML: strings.Replace(html, "%s", name, 1), Attachments: files,
		}
	}
}

func openHerald(wire string) func(string, scenario) (func(int, int) error, func(), error) {
	return func(addr string, sc scenario) (func(int, int) error, func(), error) {
		s, err := email.New(email.Options{URL: "smtp://" + addr + "?tls=none&wire=" + wire, MaxConns: sc.conns, MaxMessages: 1 << 30})
		if err != nil {
			return nil, nil, err
		}
		send := func(_, i int) error {
			_, err := s.Send(context.Background(), sc.load(i))
			return err
		}
		return send, func() { _ = s.Close() }, nil
	}
}

// openBare sends the same bytes every time, made beforehand, one command after the other.
func openBare(addr string, sc scenario) (func(int, int) error, func(), error) {
	raw, err := composed(sc.load(0))
	if err != nil {
		return nil, nil, err
	}
	raw = append(raw, ".\r\n"...)
	conns, readers := make([]net.Conn, sc.conns), make([]*bufio.Reader, sc.conns)
	done := func() {
		for _, c := range conns {
			if c != nil {
				_ = c.Close()
			}
		}
	}
	step := func(w int, line []byte) error {
		if _, err := conns[w].Write(line); err != nil {
			return err
		}
		for {
			reply, err := readers[w].ReadSlice('\n')
			if err != nil || reply[0] > '3' {
				return fmt.Errorf("reply %q: %w", reply, err)
			}
			if reply[3] == ' ' {
				return nil
			}
		}
	}
	for w := range conns {
		if conns[w], err = net.Dial("tcp", addr); err != nil {
			done()
			return nil, nil, err
		}
		readers[w] = bufio.NewReader(conns[w])
		if err := step(w, nil); err != nil {
			return nil, done, err
		}
		if err := step(w, []byte("EHLO bench\r\n")); err != nil {
			return nil, done, err
		}
	}
	mail, data := []byte("MAIL FROM:<news@example.com>\r\n"), []byte("DATA\r\n")
	send := func(w, i int) error {
		rcpt := fmt.Appendf(nil, "RCPT TO:<customer%d@example.org>\r\n", i)
		for _, line := range [][]byte{mail, rcpt, data, raw} {
			if err := step(w, line); err != nil {
				return err
			}
		}
		return nil
	}
	return send, done, nil
}

// composed is a message as go-mail writes it: the floor's ready bytes.
func composed(m *message.Message) ([]byte, error) {
	g, err := goMailMsg(m)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	_, err = g.WriteTo(&b)
	raw := bytes.TrimRight(b.Bytes(), "\r\n")
	return append(raw, "\r\n"...), err
}

func goMailMsg(m *message.Message) (*gomail.Msg, error) {
	g := gomail.NewMsg()
	if err := g.FromFormat(m.From.Name, m.From.Addr); err != nil {
		return nil, err
	}
	if err := g.AddToFormat(m.To[0].Name, m.To[0].Addr); err != nil {
		return nil, err
	}
	g.Subject(m.Subject)
	g.SetBodyString(gomail.TypeTextPlain, m.Text)
	g.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	for _, a := range m.Attachments {
		if err := g.AttachReader(a.Name, bytes.NewReader(a.Data)); err != nil {
			return nil, err
		}
	}
	return g, nil
}

func goMailClient(addr string) (*gomail.Client, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	var n int
	if _, err := fmt.Sscan(port, &n); err != nil {
		return nil, err
	}
	return gomail.NewClient(host, gomail.WithPort(n), gomail.WithTLSPolicy(gomail.NoTLS), gomail.WithHELO("bench"))
}

func openGoMail(addr string, sc scenario) (func(int, int) error, func(), error) {
	clients := make([]*gomail.Client, sc.conns)
	for w := range clients {
		c, err := goMailClient(addr)
		if err != nil {
			return nil, nil, err
		}
		if err := c.DialWithContext(context.Background()); err != nil {
			return nil, nil, err
		}
		clients[w] = c
	}
	send := func(w, i int) error {
		m, err := goMailMsg(sc.load(i))
		if err != nil {
			return err
		}
		return clients[w].Send(m)
	}
	return send, func() {
		for _, c := range clients {
			_ = c.Close()
		}
	}, nil
}

func openGoMailDialling(addr string, sc scenario) (func(int, int) error, func(), error) {
	send := func(_, i int) error {
		c, err := goMailClient(addr)
		if err != nil {
			return err
		}
		m, err := goMailMsg(sc.load(i))
		if err != nil {
			return err
		}
		return c.DialAndSend(m)
	}
	return send, func() {}, nil
}
