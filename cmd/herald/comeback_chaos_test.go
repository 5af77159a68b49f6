package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/channel/catcher"
	"github.com/heraldsend/herald/worker/logtest"
	"github.com/heraldsend/herald/worker/redistest"
)

// `make chaos` raises these to 20,000 recipients, 20 kills and a minute.
var (
	comebackRecipients = flag.Int("comeback.recipients", 480, "recipients of the test of what comes back")
	comebackKills      = flag.Int("comeback.kills", 3, "workers and intakes that it kills")
	comebackWithin     = flag.Duration("comeback.within", 2*time.Second, "how long answers take at most")
)

// scripted is what the world does with a recipient's message, and what must be known of it in the end.
type scripted struct {
	name       string
	state      string // of the message
	feedback   string
	suppressed string // the reason on the list
	answers    func(w *comeback, m *catcher.Mail) []returned
}

// returned is a mail that the world sends.
type returned struct {
	to, text string
	refused  bool // the intake must not take it
}

// script is the world, a kind of recipient after the other.
var script = []scripted{
	{name: "silence", state: "sent"},
	{name: "refused", state: "failed", suppressed: "hard_bounce"}, // 550 at RCPT
	{name: "gone", state: "sent", feedback: "bounced_hard", suppressed: "hard_bounce", answers: func(_ *comeback, m *catcher.Mail) []returned {
		return []returned{{to: m.From, text: report(m, "failed", "5.1.1", "550 5.1.1 user unknown")}}
	}},
	{name: "gone, told twice", state: "sent", feedback: "bounced_hard", suppressed: "hard_bounce", answers: func(_ *comeback, m *catcher.Mail) []returned {
		text := report(m, "failed", "5.1.1", "550 5.1.1 user unknown")
		return []returned{{to: m.From, text: text}, {to: m.From, text: text}}
	}},
	{name: "gone, told by Exim", state: "sent", feedback: "bounced_hard", suppressed: "hard_bounce", answers: func(_ *comeback, m *catcher.Mail) []returned {
		return []returned{{to: m.From, text: "From: Mail Delivery System <Mailer-Daemon@relay.example>\r\nTo: " + m.From + "\r\nX-Failed-Recipients: " + m.To[0] +
			"\r\nSubject: Mail delivery failed: returning message to sender\r\n\r\nThe following address(es) failed:\r\n\r\n  " + m.To[0] + "\r\n    Unrouteable address\r\n"}}
	}},
	{name: "full", state: "sent", feedback: "bounced_soft", answers: func(_ *comeback, m *catcher.Mail) []returned {
		return []returned{{to: m.From, text: report(m, "failed", "5.2.2", "552 5.2.2 over quota")}}
	}},
	{name: "complaint", state: "sent", feedback: "complained", suppressed: "complaint", answers: func(_ *comeback, m *catcher.Mail) []returned {
		return []returned{{to: "complaints@" + bounceDomain, text: "From: fbl@isp.example\r\nSubject: complaint\r\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n--b\r\n" +
			"Content-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nVersion: 1\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n" + string(m.Raw) + "\r\n--b--\r\n"}}
	}},
	{name: "out of office", state: "sent", answers: func(_ *comeback, m *catcher.Mail) []returned {
		return []returned{{to: m.From, text: "From: " + m.To[0] + "\r\nTo: " + m.From + "\r\nSubject: Automatic reply: Hi\r\nAuto-Submitted: auto-replied\r\n\r\nThis mailbox does not exist any more. 550 5.1.1 user unknown\r\n"}}
	}},
	{name: "greylisted", state: "sent"}, // 451 at first
	{name: "forged", state: "sent", answers: func(_ *comeback, m *catcher.Mail) []returned {
		other := m.From[:10] + string('a'+(m.From[10]-'a'+1)%26) + m.From[11:]
		return []returned{{to: other, text: report(m, "failed", "5.1.1", "550 5.1.1 user unknown"), refused: true}, {to: "bounces@" + bounceDomain, text: report(m, "failed", "5.1.1", ""), refused: true}}
	}},
	{name: "delivered", state: "sent", feedback: "delivered", answers: func(_ *comeback, m *catcher.Mail) []returned {
		return []returned{{to: m.From, text: report(m, "delivered", "2.0.0", "250 2.0.0 Ok")}}
	}},
	{name: "unsubscribed", state: "sent", feedback: "unsubscribed", suppressed: "unsubscribed", answers: func(w *comeback, m *catcher.Mail) []returned {
		found := mailto.FindStringSubmatch(string(m.Raw))
		if found == nil {
			w.t.Errorf("no address to unsubscribe in the mail to %s", m.To[0])
			return nil
		}
		return []returned{{to: found[1], text: "From: " + m.To[0] + "\r\nTo: " + found[1] + "\r\nSubject: unsubscribe\r\n\r\n"}}
	}},
	{name: "delayed, then gone", state: "sent", feedback: "bounced_hard", suppressed: "hard_bounce", answers: func(_ *comeback, m *catcher.Mail) []returned {
		return []returned{{to: m.From, text: report(m, "delayed", "4.4.1", "connection refused")}, {to: m.From, text: report(m, "failed", "5.1.1", "550 5.1.1 user unknown")}}
	}},
}

const bounceDomain = "bounce.acme.example"

var mailto = regexp.MustCompile(`<mailto:([^?>]+)`)

// report is a delivery report about a mail.
func report(m *catcher.Mail, action, status, words string) string {
	header, _, _ := bytes.Cut(m.Raw, []byte("\r\n\r\n"))
	return "From: MAILER-DAEMON@relay.example\r\nTo: " + m.From + "\r\nSubject: Delivery report\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n" +
		"Content-Type: text/plain\r\n\r\nSee below.\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; relay.example\r\n\r\nFinal-Recipient: rfc822; " + m.To[0] +
		"\r\nAction: " + action + "\r\nStatus: " + status + "\r\nDiagnostic-Code: smtp; " + words + "\r\n\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\n" + string(header) + "\r\n\r\n--b--\r\n"
}

// In a world of which the script knows what becomes of everyone, all end in that state, whatever is killed: workers and
// intakes die in the middle. No forgery is taken, no machine's answer counts, nobody is lost.
func TestComeback(t *testing.T) {
	if testing.Short() {
		t.Skip("-short")
	}
	t.Parallel() // it waits more than it works
	// Below the ports of outgoing connections: one of those that try again while the intake is away would connect to itself.
	port, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 20_000+rand.N(10_000)))
	for tries := 0; err != nil && tries < 50; tries++ {
		port, err = net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 20_000+rand.N(10_000)))
	}
	if err != nil {
		t.Fatal(err)
	}
	w := &comeback{t: t, binary: builtProgram(t), redis: redistest.Start(t), intake: port.Addr().String(), seen: map[string]bool{}}
	_ = port.Close()
	w.run()
}

type comeback struct {
	t       *testing.T
	binary  string
	redis   *redistest.Server
	mailbox *catcher.Catcher
	intake  string // its address
	log     logtest.Buffer

	mu      sync.Mutex
	seen    map[string]bool // greylisted, once
	waiting atomic.Int64    // answers that are still to be taken
	taken   atomic.Int64    // forgeries that were taken
}

func kindOf(to string) (s scripted, i int) {
	_, _ = fmt.Sscanf(to, "user%d@", &i)
	return script[i%len(script)], i
}

func (w *comeback) env() map[string]string {
	return map[string]string{
		"HERALD_REDIS_URL": w.redis.URL(), "HERALD_SMTP_URL": w.mailbox.URL(), "HERALD_LISTEN": "127.0.0.1:0", "HERALD_BOUNCE_DOMAIN": bounceDomain,
		"HERALD_LINK_SECRET": strings.Repeat("s", 40), "HERALD_PUBLIC_URL": "https://acme.example", "HERALD_INTAKE_SMTP": w.intake,
	}
}

func (w *comeback) start(command string) *exec.Cmd {
	cmd := exec.Command(w.binary, command)
	cmd.Env, cmd.Stderr = os.Environ(), &w.log
	for name, value := range w.env() {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	return cmd
}

func (w *comeback) herald(args ...string) string {
	p := &program{w.t, w.env()}
	code, out, log := p.run(context.Background(), args...)
	if code != exitOK {
		w.t.Fatalf("herald %s: code %d, %s", strings.Join(args, " "), code, log)
	}
	return out
}

// onRcpt refuses whom the script says, and greylists.
func (w *comeback) onRcpt(to string) error {
	switch s, _ := kindOf(to); s.name {
	case "refused":
		return &catcher.Reply{Code: 550, Enhanced: [3]int{5, 1, 1}, Text: "user unknown"}
	case "greylisted":
		w.mu.Lock()
		defer w.mu.Unlock()
		if !w.seen[to] {
			w.seen[to] = true
			return &catcher.Reply{Code: 450, Enhanced: [3]int{4, 2, 0}, Text: "greylisted"}
		}
	}
	return nil
}

// onMail answers later, as the script says.
func (w *comeback) onMail(m *catcher.Mail) error {
	s, _ := kindOf(m.To[0])
	if s.answers == nil {
		return nil
	}
	mails := s.answers(w, m)
	w.waiting.Add(int64(len(mails)))
	pause := rand.N(*comebackWithin)
	go func() {
		time.Sleep(pause)
		for _, one := range mails {
			w.giveBack(one)
			w.waiting.Add(-1)
		}
	}()
	return nil
}

// send sends a mail to the intake.
func (w *comeback) send(m returned) error {
	c, err := smtp.Dial(w.intake)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	return c.SendMail("", []string{m.to}, strings.NewReader(m.text))
}

// giveBack sends a mail to the intake, again and again until it has an answer that is final.
func (w *comeback) giveBack(m returned) {
	for {
		err := w.send(m)
		var refused *smtp.SMTPError
		switch {
		case err == nil && m.refused:
			w.taken.Add(1)
			return
		case err == nil, errors.As(err, &refused) && refused.Code/100 == 5 && m.refused:
			return
		case refused != nil && refused.Code/100 == 5:
			w.t.Errorf("the intake refused: %v", err)
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func (w *comeback) run() {
	t, n := w.t, *comebackRecipients
	pace := max(time.Millisecond, time.Duration(*comebackKills)*500*time.Millisecond*2*chaosConnections/time.Duration(n))
	mailbox, err := catcher.Start(catcher.Options{OnRcpt: w.onRcpt, OnMail: func(m *catcher.Mail) error {
		time.Sleep(pace)
		return w.onMail(m)
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = mailbox.Close() }()
	w.mailbox = mailbox
	var rows bytes.Buffer
	rows.WriteString("customer.email\n")
	for i := range n {
		fmt.Fprintf(&rows, "user%d@example.com\n", i)
	}
	audience := filepath.Join(t.TempDir(), "audience.csv")
	if err := os.WriteFile(audience, rows.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	running := []*exec.Cmd{w.start("worker"), w.start("worker"), w.start("intake")}
	defer func() {
		for _, cmd := range running {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	}()
	w.herald("bulk", "send", "--from", "help@acme.example", "--subject", "Hi", "--text", "Hi", "--unsubscribe", "--audience", audience, "--id", "world")
	await(t, "the first mails", func() bool { return mailbox.Count() > 0 })
	for range *comebackKills {
		time.Sleep(100*time.Millisecond + rand.N(500*time.Millisecond))
		i := rand.N(len(running))
		_ = running[i].Process.Kill()
		_ = running[i].Wait()
		running[i] = w.start([]string{"worker", "worker", "intake"}[i])
	}
	var status bulk.Status
	for deadline := time.Now().Add(90*time.Second + *comebackWithin + time.Duration(n)*10*time.Millisecond); ; time.Sleep(100 * time.Millisecond) {
		if err := json.Unmarshal([]byte(w.herald("bulk", "status", "world", "--json")), &status); err != nil {
			t.Fatal(err)
		}
		if status.State == bulk.Completed && w.waiting.Load() == 0 {
			break
		}
		if time.Now().After(deadline) {
			text := w.log.String()
			t.Fatalf("%+v, %d answers wait\n%s", status, w.waiting.Load(), text[max(0, len(text)-4000):])
		}
	}
	w.judge(status)
}

// judge compares all with the script.
func (w *comeback) judge(status bulk.Status) {
	t, n := w.t, *comebackRecipients
	rows, err := csv.NewReader(strings.NewReader(w.herald("bulk", "export", "world"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	entries, err := csv.NewReader(strings.NewReader(w.herald("suppress", "export"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	reasons := map[string]string{}
	for _, e := range entries {
		reasons[e[0]] = strings.Join(e, ",")
	}
	wrong := 0
	for _, row := range rows[1:] {
		s, _ := kindOf(row[0])
		blocked := reasons[row[0]]
		if row[2] == "suppressed" && s.name == "refused" {
			row[2] = s.state // the worker died after it had put them on the list
		}
		if row[2] != s.state || row[11] != s.feedback || (blocked != "") != (s.suppressed != "") || !strings.Contains(blocked, s.suppressed) {
			if wrong++; wrong < 20 {
				t.Errorf("%s (%s): %s %q, listed as %q; want %s %q %q", row[0], s.name, row[2], row[11], blocked, s.state, s.feedback, s.suppressed)
			}
		}
	}
	if len(rows) != n+1 {
		t.Errorf("%d rows for %d recipients", len(rows)-1, n)
	}
	if f := status.Feedback; f == nil || f.Delivered+f.BouncedSoft+f.BouncedHard+f.OptedOut+f.Unsubscribed+f.Complained+f.Unconfirmed != status.Sent {
		t.Errorf("the books don't balance: %+v, %+v", status, f)
	}
	if w.taken.Load() > 0 {
		t.Errorf("%d forgeries were taken", w.taken.Load())
	}
	t.Logf("%d recipients, %d kills: %d wrong, %d forgeries taken; %+v", n, *comebackKills, wrong, w.taken.Load(), *status.Feedback)
}
