package email

import (
	"bufio"
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/message"
)

// Postfix as Debian ships it, run from a folder of its own: STARTTLS and AUTH are needed, mail to example.org is
// delivered to a Maildir. Its logins are answered by the test (Dovecot's auth protocol).
type postfix struct {
	addr    string
	dir     string
	maildir string
	roots   *x509.CertPool
}

const postfixMain = `compatibility_level = 3.6
queue_directory = {dir}/queue
data_directory = {dir}/data
maillog_file = {dir}/maillog
maillog_file_prefixes = {dir}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = postfix.invalid
mydestination =
alias_maps =
alias_database =
virtual_mailbox_domains = example.org
virtual_mailbox_base = {dir}/mail
virtual_mailbox_maps = static:box/
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
message_size_limit = 3000000
smtpd_tls_security_level = encrypt
smtpd_tls_cert_file = {dir}/cert.pem
smtpd_tls_key_file = {dir}/key.pem
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:{auth}
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = check_recipient_access texthash:{dir}/recipients, permit_sasl_authenticated, reject
`

const postfixMaster = `{addr} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
virtual unix - n n - - virtual
error unix - - n - - error
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
`

// startPostfix runs one, with more lines of master.cf.
func startPostfix(t *testing.T, more ...string) *postfix {
	t.Helper()
	command, err := exec.LookPath("postfix")
	if err != nil {
		t.Fatal("postfix is not installed: run `make deps` (Debian: apt-get install postfix)")
	}
	if os.Getuid() != 0 {
		t.Fatal("Postfix starts as root only: run the tests as root, as in a container")
	}
	owner, err := user.Lookup("postfix")
	if err != nil {
		t.Fatal(err)
	}
	uid, err := strconv.Atoi(owner.Uid)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "herald-postfix-") // not t.TempDir: Postfix's own user must get in
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	p := &postfix{addr: freeAddr(t), dir: dir, maildir: filepath.Join(dir, "mail", "box", "new")}
	config, roots := testCertificate(t)
	p.roots = roots
	key, err := x509.MarshalPKCS8PrivateKey(config.Certificates[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	fill := strings.NewReplacer("{dir}", dir, "{uid}", owner.Uid, "{gid}", owner.Gid, "{addr}", p.addr, "{auth}", answerLogins(t))
	for _, step := range []error{
		os.Chmod(dir, 0o755), os.Mkdir(filepath.Join(dir, "conf"), 0o755), os.Mkdir(filepath.Join(dir, "queue"), 0o755),
		os.Mkdir(filepath.Join(dir, "data"), 0o700), os.Mkdir(filepath.Join(dir, "mail"), 0o700),
		os.Chown(filepath.Join(dir, "data"), uid, -1), os.Chown(filepath.Join(dir, "mail"), uid, -1),
		os.WriteFile(filepath.Join(dir, "conf", "main.cf"), []byte(fill.Replace(postfixMain)), 0o644),
		os.WriteFile(filepath.Join(dir, "conf", "master.cf"), []byte(fill.Replace(postfixMaster+strings.Join(more, ""))), 0o644),
		os.WriteFile(filepath.Join(dir, "recipients"), []byte("gone@example.org 550 5.1.1 no such user\nlater@example.org 450 4.2.1 try later\n"), 0o644),
		os.WriteFile(filepath.Join(dir, "cert.pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: config.Certificates[0].Certificate[0]}), 0o644),
		os.WriteFile(filepath.Join(dir, "key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), 0o600),
	} {
		if step != nil {
			t.Fatal(step)
		}
	}
	run := func(verb string) *exec.Cmd { return exec.Command(command, "-c", filepath.Join(dir, "conf"), verb) }
	master := run("start-fg")
	if err := master.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- master.Wait() }()
	t.Cleanup(func() {
		_ = run("stop").Run()
		<-ended
	})
	awaitListener(t, p, p.addr)
	return p
}

// awaitListener waits until Postfix takes connections at an address.
func awaitListener(t *testing.T, p *postfix, addr string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			_ = c.Close()
			return
		}
		if time.Now().After(end) {
			log, _ := os.ReadFile(filepath.Join(p.dir, "maillog"))
			t.Fatalf("Postfix doesn't listen: %v\n%s", err, log)
		}
	}
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// answerLogins plays Dovecot's authentication server, as far as Postfix asks: PLAIN, user "herald", password "secret".
func answerLogins(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	good := "resp=" + base64.StdEncoding.EncodeToString([]byte("\x00herald\x00secret"))
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = c.Close() }()
				_, _ = fmt.Fprint(c, "VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t1\nCOOKIE\t00000000000000000000000000000000\nDONE\n")
				for lines := bufio.NewScanner(c); lines.Scan(); {
					fields := strings.Split(lines.Text(), "\t")
					switch {
					case fields[0] != "AUTH":
					case fields[len(fields)-1] == good:
						_, _ = fmt.Fprintf(c, "OK\t%s\tuser=herald\n", fields[1])
					default:
						_, _ = fmt.Fprintf(c, "FAIL\t%s\tuser=herald\n", fields[1])
					}
				}
			}()
		}
	}()
	return l.Addr().String()
}

// await gives the delivered files once there are n, by Message-ID.
func (p *postfix) await(t *testing.T, n int) map[string][]byte {
	t.Helper()
	for end := time.Now().Add(60 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		files, _ := filepath.Glob(filepath.Join(p.maildir, "*"))
		if len(files) >= n {
			mails := map[string][]byte{}
			for _, f := range files {
				raw, err := os.ReadFile(f)
				if err != nil {
					t.Fatal(err)
				}
				_, rest, _ := bytes.Cut(raw, []byte("Message-ID: "))
				id, _, _ := bytes.Cut(rest, []byte("\n"))
				mails[string(id)] = raw
			}
			return mails
		}
		if time.Now().After(end) {
			log, _ := os.ReadFile(filepath.Join(p.dir, "maillog"))
			t.Fatalf("%d of %d mails delivered\n%s", len(files), n, log)
		}
	}
}

func TestPostfix(t *testing.T) {
	p := startPostfix(t)
	all := messages(t)
	key := dkimKeys(t)["rsa"]
	record := dkimRecord(t, "rsa", key)
	n := 0
	for _, wire := range []string{"auto", "pipelining", "plain"} {
		s := newSender(t, Options{URL: "smtp://herald:secret@" + p.addr + "?wire=" + wire, TLS: clientTLS(p.roots), MaxConns: 2, DKIM: &Keyring{Any: &DKIM{"example.com", "herald", key}}})
		for name, m := range all {
			m.ID = fmt.Sprintf("%s.%d", wire, n)
			m.To, m.Cc, m.Bcc = []message.Address{{Name: "Ada", Addr: "ada@example.org"}}, nil, nil
			n++
			if receipt, err := s.Send(context.Background(), m); err != nil || !strings.Contains(receipt.Detail, "queued as") {
				t.Fatalf("%s %s: %+v %v", wire, name, receipt, err)
			}
		}
		mails := p.await(t, n)
		for name, m := range all {
			raw, ok := mails[messageID(m)]
			if !ok {
				t.Errorf("%s %s: not delivered", wire, name)
				continue
			}
			compare(t, wire+" "+name+": enmime", byEnmime(t, raw), want(m))
			if err := dkimFault(t, bytes.ReplaceAll(raw, []byte("\n"), []byte("\r\n")), record); err != nil {
				t.Errorf("%s %s: what was delivered doesn't verify: %v", wire, name, err)
			}
		}
		testPostfixRefusals(t, p, s, wire)
		_ = s.Close()
	}
	if mails := p.await(t, n); len(mails) != n {
		t.Errorf("%d mails delivered, want %d", len(mails), n)
	}
	log, err := os.ReadFile(filepath.Join(p.dir, "maillog"))
	if err != nil || !bytes.Contains(log, []byte("sasl_method=PLAIN, sasl_username=herald")) || !bytes.Contains(log, []byte(" bdat=")) || !bytes.Contains(log, []byte(" data=")) {
		t.Errorf("the log tells of no login, BDAT or DATA: %v\n%s", err, log)
	}
	if bytes.Contains(log, []byte("improper command pipelining")) {
		t.Error("Postfix found improper pipelining")
	}
}

// testPostfixRefusals meets a real server's refusals, and sends on over the same connection.
func testPostfixRefusals(t *testing.T, p *postfix, s *Sender, wire string) {
	t.Helper()
	for to, check := range map[string]func(*send.Error) bool{
		"gone@example.org": func(e *send.Error) bool {
			return e.Permanent && e.Suppress && e.Enhanced == "5.1.1" && e.Code == "smtp_550"
		},
		"later@example.org": func(e *send.Error) bool { return e.Temporary() && e.Enhanced == "4.2.1" && !e.Account },
	} {
		m := sample()
		m.To[0].Addr = to
		if _, err := s.Send(context.Background(), m); err == nil || !check(send.AsError(err)) {
			t.Errorf("%s %s: %+v", wire, to, err)
		}
		m.To = append([]message.Address{{Addr: "ada@example.org"}}, m.To...) // nobody gets it
		if _, err := s.Send(context.Background(), m); err == nil || !check(send.AsError(err)) {
			t.Errorf("%s %s with another: %+v", wire, to, err)
		}
	}
	big := sample()
	big.Attachments = []message.Attachment{{Name: "a.bin", Type: "application/octet-stream", Data: make([]byte, 2_900_000)}}
	if _, err := s.Send(context.Background(), big); err == nil || send.AsError(err).Code != "smtp_too_large" {
		t.Errorf("%s: over SIZE: %v", wire, err)
	}
	wrong := newSender(t, Options{URL: "smtp://herald:wrong@" + p.addr, TLS: clientTLS(p.roots)})
	if _, err := wrong.Send(context.Background(), sample()); err == nil || !send.AsError(err).Account || send.AsError(err).Step != "AUTH" {
		t.Errorf("%s: wrong password: %+v", wire, err)
	}
}

// What a real Postfix refuses of the account, nobody fails for; its checks of names take the name that we greet with.
func TestPostfixRefusesTheAccount(t *testing.T) {
	const open = " -o smtpd_tls_security_level=none -o smtpd_sasl_auth_enable=no -o smtpd_relay_restrictions=permit_mynetworks,reject_unauth_destination -o smtpd_recipient_restrictions=permit_mynetworks,reject -o mynetworks=127.0.0.0/8"
	services := map[string]struct {
		options string // besides open
		hello   string
		want    string // whose trouble, and the words; "" for sent
	}{
		"relaying":          {" -o smtpd_relay_restrictions=reject_unauth_destination -o smtpd_recipient_restrictions=reject_unauth_destination", "", "account: Relay access denied"},
		"our name":          {" -o { smtpd_helo_restrictions=check_helo_access static:{REJECT You are not me}, permit }", "", "account: Helo command rejected"},
		"a name in the DNS": {" -o smtpd_helo_restrictions=reject_invalid_helo_hostname,reject_non_fqdn_helo_hostname -o smtpd_helo_required=yes", "[127.0.0.1]", ""},
		"our address":       {" -o { smtpd_client_restrictions=check_client_access static:{REJECT Access denied}, permit }", "", "account: Client host rejected"},
		"another's From":    {" -o { smtpd_sender_restrictions=check_sender_access static:{553 5.7.1 not owned by user herald}, permit }", "", "sender: not owned by user"},
		"no login":          {" -o { smtpd_sender_restrictions=check_sender_access static:{530 5.7.0 Authentication required}, permit }", "", "account: Authentication required"},
		"a limit":           {" -o { smtpd_sender_restrictions=check_sender_access static:{550 5.7.0 Hourly limit exceeded}, permit }", "", "sender: Hourly limit exceeded"},
	}
	addrs, more := map[string]string{}, []string{}
	for name, s := range services {
		addrs[name] = freeAddr(t)
		more = append(more, addrs[name]+" inet n - n - - smtpd"+open+s.options+"\n")
	}
	p := startPostfix(t, more...)
	for _, addr := range addrs {
		awaitListener(t, p, addr)
	}
	for name, service := range services {
		s := newSender(t, Options{URL: "smtp://" + addrs[name] + "?tls=none", Hello: service.hello, Timeouts: testTimeouts})
		m := sample()
		m.To[0].Addr = "ada@elsewhere.example"
		if service.want == "" {
			m.To[0].Addr = "ada@example.org"
		}
		_, err := s.Send(context.Background(), m)
		e := send.AsError(err)
		if e == nil {
			if service.want != "" {
				t.Errorf("%s: sent", name)
			}
			continue
		}
		whose, words, _ := strings.Cut(service.want, ": ")
		if !e.Account || !e.Temporary() || e.Sender != (whose == "sender") || !strings.Contains(e.Reply, words) || service.want == "" {
			t.Errorf("%s: %+v %q, want %q", name, e, e.Reply, service.want)
		}
	}
	p.await(t, 1)
}
