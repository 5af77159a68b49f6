package email

import (
	"bufio"
	"crypto/hmac"
	"crypto/md5"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/channel/sendtest"
)

// faultServer is an SMTP server that does one thing wrong at one point of the conversation.
type faultServer struct {
	caps  []string // what EHLO offers
	tls   *tls.Config
	smtps bool   // TLS from the first byte
	verb  string // CONNECT, EHLO, STARTTLS, AUTH, MAIL, RCPT, DATA, BODY, DOT, RSET, QUIT
	fault string
	rcpts []string // replies to successive RCPTs, "" or past the end for 250

	mailOnce string // the reply to the next MAIL alone

	listener net.Listener
	wg       sync.WaitGroup
	release  chan struct{} // closed when the test is over
	once     sync.Once

	mu        sync.Mutex
	delivered [][]byte // complete messages
	partial   int      // messages that were cut short
	arrived   int      // messages that came whole, whatever became of them
	commands  []string
	plain     strings.Builder // what came outside TLS
	conns     map[net.Conn]bool
	dialled   int
}

func startFaultServer(t testing.TB, s *faultServer) *faultServer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.listener, s.conns, s.release = listener, map[net.Conn]bool{}, make(chan struct{})
	s.wg.Add(1)
	go func() {
		defer s.wg.Done()
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			_ = c.(*net.TCPConn).SetReadBuffer(64 << 10) // what it doesn't read stays with the client
			s.mu.Lock()
			s.conns[c], s.dialled = true, s.dialled+1
			s.mu.Unlock()
			s.wg.Add(1)
			go func() {
				defer s.wg.Done()
				session := &faultSession{server: s, conn: c, r: bufio.NewReader(&tap{c, s})}
				session.run()
				_ = session.conn.Close()
				_ = c.Close()
				s.mu.Lock()
				delete(s.conns, c)
				s.mu.Unlock()
			}()
		}
	}()
	return s
}

// stop closes everything and waits. left is how many connections the client still held open.
func (s *faultServer) stop() (left int) {
	_ = s.listener.Close()
	s.once.Do(func() { close(s.release) })
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		s.mu.Lock()
		left = len(s.conns)
		s.mu.Unlock()
		if left == 0 {
			break
		}
	}
	s.mu.Lock()
	for c := range s.conns {
		_ = c.Close()
	}
	s.mu.Unlock()
	s.wg.Wait()
	return left
}

func (s *faultServer) count() (delivered, partial int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.delivered), s.partial
}

func (s *faultServer) arrivals() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.arrived
}

// tap keeps what is read in the clear.
type tap struct {
	net.Conn
	s *faultServer
}

func (t *tap) Read(p []byte) (int, error) {
	n, err := t.Conn.Read(p)
	t.s.mu.Lock()
	t.s.plain.Write(p[:n])
	t.s.mu.Unlock()
	return n, err
}

type faultSession struct {
	server *faultServer
	conn   net.Conn
	r      *bufio.Reader
	secure bool
	mailed bool
	rcpts  int
	good   int
	gone   bool
}

func (f *faultSession) say(line string) { _, _ = io.WriteString(f.conn, line) }

// answer gives the reply for a verb, or the fault where it is due. It reports whether the verb succeeded.
func (f *faultSession) answer(verb, good string) bool {
	if f.server.verb != verb {
		f.say(good)
		return true
	}
	return f.misbehave(good)
}

func (f *faultSession) misbehave(good string) bool {
	switch f.server.fault {
	case "421", "451", "550", "554":
		f.say(f.server.fault + " injected\r\n")
		f.gone = f.server.fault == "421"
		return false
	case "drop":
		f.gone = true
	case "hang":
		f.hang()
	case "slow1Bps": // at the speed of a test
		for i := range len(good) {
			f.say(good[i : i+1])
			time.Sleep(5 * time.Millisecond)
		}
		return true
	case "garbage":
		f.say("\x00\xff\xfegarbage\r\n")
	case "multi-line-bad-code":
		f.say("250-first\r\n550 last\r\n")
	case "partial-reply-no-crlf":
		f.say(strings.TrimRight(good, "\r\n"))
		f.hang()
	default:
		words, found := strings.CutPrefix(f.server.fault, "say:")
		if !found {
			panic("unknown fault " + f.server.fault)
		}
		f.say(words + "\r\n")
	}
	return false
}

// hang reads and says nothing more until the client goes away.
func (f *faultSession) hang() {
	_, _ = io.Copy(io.Discard, f.r)
	f.gone = true
}

func (f *faultSession) run() {
	if f.server.smtps {
		f.encrypt()
		if f.gone {
			return
		}
	}
	if !f.answer("CONNECT", "220 fault.invalid ESMTP\r\n") {
		return
	}
	for !f.gone {
		line, err := f.r.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		f.server.mu.Lock()
		f.server.commands = append(f.server.commands, line)
		f.server.mu.Unlock()
		verb, _, _ := strings.Cut(strings.ToUpper(line), " ")
		f.command(verb, line)
	}
}

func (f *faultSession) command(verb, line string) {
	switch verb {
	case "EHLO", "HELO":
		var b strings.Builder
		b.WriteString("250-fault.invalid\r\n")
		for _, c := range f.server.caps {
			if c != "STARTTLS" || !f.secure {
				b.WriteString("250-" + c + "\r\n")
			}
		}
		f.answer("EHLO", b.String()+"250 HELP\r\n")
	case "STARTTLS":
		f.startTLS()
	case "AUTH":
		if f.server.verb == "AUTH" || f.login(strings.Fields(line)) {
			f.answer("AUTH", "235 in\r\n")
		} else {
			f.say("535 5.7.8 no\r\n")
		}
	case "MAIL":
		f.server.mu.Lock()
		once := f.server.mailOnce
		f.server.mailOnce = ""
		f.server.mu.Unlock()
		if once != "" {
			f.say(once + "\r\n")
			f.gone = true
			return
		}
		f.mailed = f.answer("MAIL", "250 ok\r\n")
		f.rcpts, f.good = 0, 0
	case "RCPT":
		f.rcpt()
	case "DATA":
		switch {
		case f.good == 0:
			f.say("503 no recipients\r\n")
		case f.answer("DATA", "354 go\r\n"):
			f.content(&dotReader{r: f.r})
		}
	case "BDAT":
		size, _ := strconv.ParseInt(strings.Fields(line)[1], 10, 64)
		f.content(&io.LimitedReader{R: f.r, N: size})
	case "RSET":
		f.mailed, f.good = false, 0
		f.answer("RSET", "250 ok\r\n")
	case "NOOP":
		f.say("250 ok\r\n")
	case "QUIT":
		f.answer("QUIT", "221 bye\r\n")
		f.gone = true
	default:
		f.say("500 what?\r\n")
	}
}

// login checks user "user" and password "c4nary", or sendtest's secret, by the mechanism that the client chose.
func (f *faultSession) login(auth []string) bool {
	b64 := base64.StdEncoding.EncodeToString
	ask := func(challenge string) string {
		f.say("334 " + b64([]byte(challenge)) + "\r\n")
		line, _ := f.r.ReadString('\n')
		answer, _ := base64.StdEncoding.DecodeString(strings.TrimRight(line, "\r\n"))
		return string(answer)
	}
	for _, password := range []string{"c4nary", sendtest.Secret} {
		switch {
		case len(auth) == 3 && auth[1] == "PLAIN" && auth[2] == b64([]byte("\x00user\x00"+password)),
			len(auth) == 3 && auth[1] == "XOAUTH2" && auth[2] == b64([]byte("user=user\x01auth=Bearer "+password+"\x01\x01")):
			return true
		}
	}
	switch {
	case len(auth) == 2 && auth[1] == "LOGIN":
		return ask("Username:") == "user" && ask("Password:") == "c4nary"
	case len(auth) == 2 && auth[1] == "CRAM-MD5":
		const challenge = "<1.1@fault.invalid>"
		sum := hmac.New(md5.New, []byte("c4nary"))
		_, _ = sum.Write([]byte(challenge))
		return ask(challenge) == "user "+hex.EncodeToString(sum.Sum(nil))
	}
	return false
}

func (f *faultSession) rcpt() {
	f.rcpts++
	if !f.mailed {
		f.say("503 no MAIL\r\n")
		return
	}
	if n := f.rcpts - 1; n < len(f.server.rcpts) && f.server.rcpts[n] != "" {
		f.say(f.server.rcpts[n] + "\r\n")
		return
	}
	if f.answer("RCPT", "250 ok\r\n") {
		f.good++
	}
}

func (f *faultSession) startTLS() {
	if f.server.verb == "STARTTLS" {
		switch f.server.fault {
		case "inject":
			f.say("220 go\r\n250-evil\r\n250-AUTH PLAIN\r\n250 HELP\r\n")
		default:
			if !f.misbehave("220 go\r\n") {
				return
			}
		}
	} else {
		f.say("220 go\r\n")
	}
	f.encrypt()
}

func (f *faultSession) encrypt() {
	secure := tls.Server(&tap{f.conn, f.server}, f.server.tls)
	if err := secure.Handshake(); err != nil {
		f.gone = true
		return
	}
	f.conn, f.r, f.secure = secure, bufio.NewReader(secure), true
}
